/* The decision tables through the library: files, policy set, image, request, decision. */
#include "../../lib/login/evaluate.h"
#include "../../lib/make/compile.h"
#include "../../lib/make/load.h"
#include "../../lib/make/timestamp.h"
#include "rows.h"
#include "scratch.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static ap_image *image;

static void show_diagnostics(const ap_diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->n; i++)
		print_error("%s:%u: %s\n", diagnostics->items[i].file, diagnostics->items[i].line,
			    diagnostics->items[i].message);
}

static void load_policies(ap_table *table)
{
	char *config = ap_scratch_path(table->folder, "accesspolicy.conf");
	const ap_load_options options = { .config = config };
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	ap_error error = { .status = AP_OK };

	image = NULL;
	if (ap_load(&options, &set, &diagnostics) != AP_OK)
		show_diagnostics(&diagnostics);
	else if (ap_compile_image(set, 0, &image, &error) != AP_OK)
		print_error("%s\n", error.message);
	ap_diagnostics_clear(&diagnostics);
	ap_policy_set_free(set);
	free(config);
	assert_non_null(image);
}

static void free_policies(ap_table *table)
{
	(void)table;
	ap_image_free(image);
}

static ap_facts facts_of(const ap_row *row)
{
	ap_facts facts = { .user = row->user,
			   .rhost = row->at_machine ? NULL : row->address,
			   .at_machine = row->at_machine,
			   .service = row->service,
			   .tty = row->tty,
			   .ruser = row->ruser,
			   .env = (const char *const *)row->env,
			   .client = row->client,
			   .now = time(NULL) };

	if (row->at != NULL)
		assert_true(ap_timestamp_parse(row->at, &facts.now));
	return facts;
}

static void append_would(ap_view *view, const ap_would *would, char *text, size_t size)
{
	size_t used = strlen(text);

	(void)snprintf(text + used, size - used, "%s%s: %s %s", used > 0 ? "; " : "",
		       ap_view_string(view, ap_view_policy(view, would->policy).name), ap_verdict_name(would->verdict),
		       ap_reason_name(would->reason));
}

static char *verdict_of(const ap_decision *decision)
{
	ap_view view = ap_view_of(image);
	char would[1024] = "";
	const char *policy = NULL;

	if (decision->policy != AP_NONE)
		policy = ap_view_string(&view, ap_view_policy(&view, decision->policy).name);
	for (size_t i = 0; i < decision->n_would; i++)
		append_would(&view, &decision->would[i], would, sizeof(would));
	assert_true(view.sound);
	return ap_row_verdict(ap_verdict_name(decision->verdict), ap_reason_name(decision->reason), policy, would);
}

static void count_answer(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	(void)policy;
	assert_int_equal(answer->policy, *(uint32_t *)context);
	(*(uint32_t *)context)++;
}

/* With and without a listener, for whom more is asked: the decision is the same. */
static bool ask(const ap_row *row, const ap_facts *facts, bool with_hook)
{
	uint32_t n_answers = 0;
	const ap_evaluate_options options = { .only = AP_NONE, .hook = count_answer, .hook_context = &n_answers };
	ap_decision decision;
	ap_request request;
	char *verdict;
	bool agrees;

	assert_int_equal(ap_request_init(&request, image, facts, NULL), AP_OK);
	assert_int_equal(ap_evaluate(image, &request, with_hook ? &options : NULL, &decision, NULL), AP_OK);
	assert_int_equal(n_answers, with_hook ? ap_image_count(image, AP_TABLE_POLICIES) : 0);
	verdict = verdict_of(&decision);
	agrees = ap_row_agrees(row, with_hook ? "the library, traced," : "the library", verdict);
	free(verdict);
	ap_decision_clear(&decision);
	ap_request_clear(&request);
	return agrees;
}

static bool check(const ap_table *table, const ap_row *row)
{
	const ap_facts facts = facts_of(row);

	(void)table;
	return ask(row, &facts, false) && ask(row, &facts, true);
}

int main(int argc, char **argv)
{
	static const ap_route route = { "decisions by the library", load_policies, check, free_policies };

	return ap_route_run(&route, argc, argv);
}
