#include "testing.h"

#include "inquiry.h"
#include "matrix.h"
#include "report.h"

#include <string.h>

/*
 * Which logins
 */

static size_t times(const ap_texts *texts)
{
	return texts->n > 0 ? texts->n : 1;
}

static const char *nth(const ap_texts *texts, size_t i)
{
	return texts->n > 0 ? texts->items[i] : NULL;
}

/* A table that nobody could read is not made; what asks that much reads lines. */
const char *ap_logins_excess(ap_context *context, const ap_logins *logins)
{
	const ap_texts *const axes[] = { &logins->users, &logins->ips, &logins->clients, &logins->services };
	static const char *const names[][2] = {
		{ "user", "users" },
		{ "address", "addresses" },
		{ "client type", "client types" },
		{ "service", "services" },
	};
	const char *factors = "";
	size_t product = 1;

	for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++) {
		if (axes[i]->n > 0)
			factors = ap_format(context->arena, "%s%s%s", factors, factors[0] != '\0' ? ", " : "",
					    ap_count_text(context->arena, axes[i]->n, names[i][0], names[i][1]));
		if (product <= AP_MATRIX_MOST_LOGINS)
			product *= times(axes[i]);
	}
	if (product <= AP_MATRIX_MOST_LOGINS)
		return NULL;
	return ap_format(context->arena,
			 "%s: these are more logins than the %d that a table is made of; --batch answers any number",
			 factors, AP_MATRIX_MOST_LOGINS);
}

static const char *listed(ap_arena *arena, const char *const *names, size_t n)
{
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = ap_format(arena, "%s%s%s", text, i > 0 ? ", " : "", ap_printable(arena, names[i]));
	return text;
}

const char *ap_logins_unknown_client(ap_context *context, const ap_logins *logins, const ap_subject *subject)
{
	ap_view view = ap_view_of(subject->image);

	for (size_t i = 0; i < logins->clients.n; i++) {
		const char *client = logins->clients.items[i], **names;
		size_t n;

		if (ap_view_find_client(&view, client) != AP_NONE)
			continue;
		names = ap_subject_clients(context->arena, subject, &n);
		return ap_format(context->arena, "unknown client type \"%s\"%s\nThere are: %s.",
				 ap_printable(context->arena, client), ap_did_you_mean(context, client, names, n),
				 listed(context->arena, names, n));
	}
	return NULL;
}

ap_facts *ap_logins_facts(ap_context *context, const ap_logins *logins, const ap_facts *common, size_t *ret_n)
{
	size_t n_ips = times(&logins->ips), n_clients = times(&logins->clients), n_services = times(&logins->services);
	size_t n = times(&logins->users) * n_ips * n_clients * n_services;
	ap_facts *facts = ap_arena_alloc(context->arena, n * sizeof(*facts));

	for (size_t i = 0; i < n; i++) {
		size_t column = i % (n_clients * n_services), row = i / (n_clients * n_services);

		facts[i] = *common;
		facts[i].user = nth(&logins->users, row / n_ips);
		facts[i].client = nth(&logins->clients, column / n_services);
		facts[i].service = nth(&logins->services, column % n_services);
		ap_facts_set_ip(&facts[i], nth(&logins->ips, row % n_ips));
	}
	*ret_n = n;
	return facts;
}

/*
 * Deciding
 */

static int show(ap_context *context, const ap_test_report *report)
{
	if (context->json)
		ap_test_report_json(context, report);
	else
		ap_test_report_text(context, report);
	return report->inquiry->evaluated && report->inquiry->decision.verdict == AP_ALLOW ? AP_EXIT_YES : AP_EXIT_NO;
}

static int test_request(ap_context *context, const ap_subject *subject, ap_request *request, uint32_t only,
			bool with_rest)
{
	ap_test_report report = { .subject = subject, .request = request };
	ap_inquiry inquiry = { 0 }, rest = { 0 };
	int result = AP_EXIT_POLICY;

	if (ap_inquiry_run(context, subject, request, only, &inquiry) &&
	    (!with_rest || ap_inquiry_run(context, subject, request, AP_NONE, &rest))) {
		report.inquiry = &inquiry;
		report.with_rest = with_rest ? &rest : NULL;
		result = show(context, &report);
	}
	ap_inquiry_clear(&inquiry);
	ap_inquiry_clear(&rest);
	return result;
}

static int test_login(ap_context *context, const ap_subject *subject, const ap_facts *facts, uint32_t only,
		      bool with_rest)
{
	ap_error error = { 0 };
	ap_request request;
	int result;

	if (ap_request_init(&request, subject->image, facts, &error) != AP_OK)
		return ap_report_error(context, &error);
	result = test_request(context, subject, &request, only, with_rest);
	ap_request_clear(&request);
	return result;
}

static int test_table(ap_context *context, const ap_matrix_question *question, const ap_facts *logins, size_t n)
{
	ap_matrix matrix;
	int result;

	if (!ap_matrix_decide(context, question, logins, n, &matrix))
		return AP_EXIT_POLICY;
	if (context->json)
		ap_matrix_json(context, &matrix);
	else
		ap_matrix_text(context, &matrix);
	result = ap_matrix_allows_all(&matrix) ? AP_EXIT_YES : AP_EXIT_NO;
	ap_matrix_clear(&matrix);
	return result;
}

/* A draft's decisions are held against those of what decides until it is saved. */
static int test_logins(ap_context *context, const ap_subject *subject, const ap_facts *logins, size_t n, uint32_t only,
		       bool is_draft)
{
	ap_matrix_question question = { .subject = subject, .only = only, .with_rest = is_draft };
	ap_subject before = { 0 };
	int result;

	if (is_draft && ap_subject_open_before(context, subject, &before, &question.before_fault))
		question.before = &before;
	result = test_table(context, &question, logins, n);
	ap_subject_close(&before);
	return result;
}

int ap_testing_run(ap_context *context, const ap_subject *subject, const ap_facts *logins, size_t n, uint32_t only,
		   bool is_draft)
{
	return n > 1 ? test_logins(context, subject, logins, n, only, is_draft)
		     : test_login(context, subject, logins, only, is_draft);
}
