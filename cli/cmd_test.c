/* accesspolicy test - what the policy decides over a login, and why. */
#include "../lib/make/timestamp.h"
#include "batch.h"
#include "inquiry.h"
#include "matrix.h"
#include "options.h"
#include "report.h"

#include <string.h>
#include <time.h>

typedef struct {
	ap_texts users;
	ap_texts ips;
	ap_texts clients;
	ap_texts services;
	const char *tty;
	const char *ruser;
	ap_texts env;
	const char *at;
	const char *policy;
	const char *draft;
	const char *batch;
	bool files;
	int64_t now;
} test_options;

enum { N_OPTIONS = 12 };

static void make_options(test_options *given, ap_option options[N_OPTIONS])
{
	size_t n = 0;

	options[n++] = (ap_option){ .name = "user",
				    .value = "NAME",
				    .help = "the login name, as the service gives it; several: a table",
				    .texts = &given->users,
				    .may_be_empty = true };
	options[n++] = (ap_option){ .name = "ip",
				    .value = "ADDRESS",
				    .help = "where the login comes from (PAM_RHOST), or \"local\"; several: a table",
				    .texts = &given->ips,
				    .may_be_empty = true };
	options[n++] = (ap_option){ .name = "client",
				    .value = "TYPE",
				    .help = "the client type, as client= on the module's line; several: a table",
				    .texts = &given->clients };
	options[n++] = (ap_option){ .name = "service",
				    .value = "NAME",
				    .help = "the PAM service, from which the client type is found; several: a table",
				    .texts = &given->services,
				    .may_be_empty = true };
	options[n++] = (ap_option){ .name = "tty",
				    .value = "NAME",
				    .help = "the terminal (PAM_TTY)",
				    .text = &given->tty,
				    .may_be_empty = true };
	options[n++] = (ap_option){ .name = "ruser",
				    .value = "NAME",
				    .help = "the remote user (PAM_RUSER)",
				    .text = &given->ruser,
				    .may_be_empty = true };
	options[n++] = (ap_option){ .name = "env",
				    .value = "NAME=VALUE",
				    .help = "a variable of the PAM environment; may stand more than once",
				    .texts = &given->env };
	options[n++] = (ap_option){ .name = "at",
				    .value = "TIME",
				    .help = "the time of the login: \"2026-12-01 18:00\", local time (default: now)",
				    .text = &given->at };
	options[n++] = (ap_option){ .name = "files",
				    .help = "ask the files as they are, not what is in force",
				    .flag = &given->files };
	options[n++] = (ap_option){ .name = "policy",
				    .value = "NAME",
				    .help = "what this policy alone decides; a disabled one is not evaluated",
				    .text = &given->policy };
	options[n++] = (ap_option){ .name = "draft",
				    .value = "FILE",
				    .help = "what the policy in this file decides, alone and beside the rest",
				    .text = &given->draft };
	options[n++] = (ap_option){ .name = "batch",
				    .value = "FILE",
				    .help = "a JSON object a line in this file (\"-\": standard input)",
				    .text = &given->batch };
}

static ap_usage usage_of(const ap_option options[N_OPTIONS])
{
	return (ap_usage){
		.command = "test",
		.synopsis = "--user NAME... [--ip ADDRESS]... [OPTION]...\n--batch FILE [--at TIME] [--files]",
		.description = "Says what the policy decides over a login, and why; over several, each user from each "
			       "address with each client type and service, in a table. "
			       "What is in force is asked; with --config, "
			       "--files or --draft, the files. "
			       "The status is 0 if each login is allowed, 1 for deny or not evaluated, 2 for a "
			       "wrong command line, 3 where the policy cannot be read.",
		.options = options,
		.n_options = N_OPTIONS,
	};
}

static bool describes_a_login(const test_options *given)
{
	return given->users.n + given->ips.n + given->clients.n + given->services.n > 0 || given->tty != NULL ||
	       given->ruser != NULL || given->env.n > 0;
}

/* What is not given stands once, as absent. */
static size_t times(const ap_texts *texts)
{
	return texts->n > 0 ? texts->n : 1;
}

static const char *nth(const ap_texts *texts, size_t i)
{
	return texts->n > 0 ? texts->items[i] : NULL;
}

static bool is_table(const test_options *given)
{
	return given->users.n > 1 || given->ips.n > 1 || given->clients.n > 1 || given->services.n > 1;
}

/* A table that nobody could read is not made; what asks that much reads lines. */
static int check_size(ap_context *context, const ap_usage *usage, const test_options *given)
{
	const ap_texts *const axes[] = { &given->users, &given->ips, &given->clients, &given->services };
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
		return AP_EXIT_YES;
	return ap_usage_error(
		usage, "%s: these are more logins than the %d that a table is made of; --batch answers any number",
		factors, AP_MATRIX_MOST_LOGINS);
}

static int check_env(ap_context *context, const ap_usage *usage, const ap_texts *env)
{
	for (size_t i = 0; i < env->n; i++)
		if (strchr(env->items[i], '=') == NULL || env->items[i][0] == '=')
			return ap_usage_error(usage, "--env is \"%s\"; expected NAME=VALUE",
					      ap_printable(context->arena, env->items[i]));
	return AP_EXIT_YES;
}

static int check_options(ap_context *context, const ap_usage *usage, test_options *given)
{
	if (given->batch != NULL && (describes_a_login(given) || given->policy != NULL || given->draft != NULL))
		return ap_usage_error(usage, "--batch takes each login from its file: no other option describes one, "
					     "and neither --policy nor --draft can stand beside it");
	if (given->batch == NULL && given->users.n == 0)
		return ap_usage_error(usage, "--user is missing: whose login is it?");
	if (given->policy != NULL && given->draft != NULL)
		return ap_usage_error(usage,
				      "--policy and --draft exclude each other: a draft is tested alone already");
	given->now = (int64_t)time(NULL);
	if (given->at != NULL && !ap_timestamp_parse_local(given->at, &given->now))
		return ap_usage_error(usage,
				      "--at is \"%s\"; expected a time such as "
				      "\"2026-12-01 18:00\" or \"2026-12-01T18:00:00+01:00\"",
				      ap_printable(context->arena, given->at));
	if (check_env(context, usage, &given->env) != AP_EXIT_YES)
		return AP_EXIT_USAGE;
	return check_size(context, usage, given);
}

static const char *listed(ap_arena *arena, const char *const *names, size_t n)
{
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = ap_format(arena, "%s%s%s", text, i > 0 ? ", " : "", ap_printable(arena, names[i]));
	return text;
}

static int check_clients(ap_context *context, const ap_usage *usage, const ap_subject *subject, const ap_texts *clients)
{
	ap_view view = ap_view_of(subject->image);

	for (size_t i = 0; i < clients->n; i++) {
		const char *client = clients->items[i], **names;
		size_t n;

		if (ap_view_find_client(&view, client) != AP_NONE)
			continue;
		names = ap_subject_clients(context->arena, subject, &n);
		return ap_usage_error(usage, "unknown client type \"%s\"%s\nThere are: %s.",
				      ap_printable(context->arena, client), ap_did_you_mean(context, client, names, n),
				      listed(context->arena, names, n));
	}
	return AP_EXIT_YES;
}

static int find_policy(ap_context *context, const ap_usage *usage, const ap_subject *subject, const char *name,
		       uint32_t *ret_number)
{
	ap_view view = ap_view_of(subject->image);
	const char **names;
	size_t n;

	*ret_number = AP_NONE;
	if (name == NULL)
		return AP_EXIT_YES;
	*ret_number = ap_view_find_policy(&view, name);
	if (*ret_number != AP_NONE)
		return AP_EXIT_YES;
	names = ap_subject_policies(context->arena, subject, &n);
	return ap_usage_error(usage, "unknown policy \"%s\"%s", ap_printable(context->arena, name),
			      ap_did_you_mean(context, name, names, n));
}

/* The draft's one policy. A file with more than one has no answer of its own. */
static int find_draft(ap_context *context, const ap_subject *subject, const char *draft, uint32_t *ret_number)
{
	size_t n = ap_subject_draft_policies(subject, ret_number);
	ap_error error = { 0 };

	if (n == 1)
		return AP_EXIT_YES;
	ap_error_set(&error, AP_ERR_POLICY, draft, 0, "a draft holds one policy; found %zu", n);
	return ap_report_error(context, &error);
}

/* Each user from each address with each client type and service. */
static ap_facts *logins_of(ap_context *context, const test_options *given, size_t *ret_n)
{
	size_t n_ips = times(&given->ips), n_clients = times(&given->clients), n_services = times(&given->services);
	size_t n = times(&given->users) * n_ips * n_clients * n_services;
	ap_facts *logins = ap_arena_alloc(context->arena, n * sizeof(*logins));
	const char **env = ap_arena_alloc(context->arena, (given->env.n + 1) * sizeof(*env));

	for (size_t i = 0; i < given->env.n; i++)
		env[i] = given->env.items[i];
	for (size_t i = 0; i < n; i++) {
		size_t column = i % (n_clients * n_services), row = i / (n_clients * n_services);

		logins[i] = (ap_facts){ .user = nth(&given->users, row / n_ips),
					.service = nth(&given->services, column % n_services),
					.tty = given->tty,
					.ruser = given->ruser,
					.env = env,
					.client = nth(&given->clients, column / n_services),
					.now = given->now };
		ap_facts_set_ip(&logins[i], nth(&given->ips, row % n_ips));
	}
	*ret_n = n;
	return logins;
}

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

static int test(ap_context *context, const ap_usage *usage, const test_options *given, const ap_subject *subject)
{
	uint32_t only = AP_NONE;
	bool is_draft = given->draft != NULL;
	int result = check_clients(context, usage, subject, &given->clients);
	const ap_facts *logins;
	size_t n;

	if (result == AP_EXIT_YES)
		result = is_draft ? find_draft(context, subject, given->draft, &only)
				  : find_policy(context, usage, subject, given->policy, &only);
	if (result != AP_EXIT_YES)
		return result;
	logins = logins_of(context, given, &n);
	return is_table(given) ? test_logins(context, subject, logins, n, only, is_draft)
			       : test_login(context, subject, logins, only, is_draft);
}

static int open_subject(ap_context *context, const test_options *given, ap_subject *ret_subject)
{
	if (given->files || given->draft != NULL || context->config != NULL)
		return ap_subject_open_files(context, given->draft, NULL, ret_subject);
	return ap_subject_open_in_force(context, ret_subject);
}

int ap_cmd_test(ap_context *context, int argc, char **argv)
{
	test_options given = { 0 };
	ap_option options[N_OPTIONS];
	ap_subject subject;
	ap_usage usage;
	int first, result;

	make_options(&given, options);
	usage = usage_of(options);
	if (!ap_options_parse(context, &usage, argc, argv, &first, &result))
		return result;
	if (first < argc)
		return ap_usage_error(&usage, "unexpected \"%s\"", ap_printable(context->arena, argv[first]));
	result = check_options(context, &usage, &given);
	if (result == AP_EXIT_YES)
		result = open_subject(context, &given, &subject);
	if (result != AP_EXIT_YES)
		return result;
	if (given.batch != NULL)
		result = ap_batch_run(context, &subject, given.batch, given.now);
	else
		result = test(context, &usage, &given, &subject);
	ap_subject_close(&subject);
	return result;
}
