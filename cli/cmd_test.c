/* accesspolicy test - what the policy decides over a login, and why. */
#include "../lib/make/timestamp.h"
#include "batch.h"
#include "options.h"
#include "report.h"
#include "trial.h"

#include <string.h>
#include <time.h>

typedef struct {
	const char *user;
	const char *ip;
	const char *client;
	const char *service;
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
				    .help = "the login name, as the service gives it",
				    .text = &given->user,
				    .may_be_empty = true };
	options[n++] = (ap_option){ .name = "ip",
				    .value = "ADDRESS",
				    .help = "where the login comes from (PAM_RHOST), or \"local\"",
				    .text = &given->ip,
				    .may_be_empty = true };
	options[n++] = (ap_option){ .name = "client",
				    .value = "TYPE",
				    .help = "the client type, as client= on the module's line",
				    .text = &given->client };
	options[n++] = (ap_option){ .name = "service",
				    .value = "NAME",
				    .help = "the PAM service, from which the client type is found",
				    .text = &given->service,
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
		.synopsis = "--user NAME [--ip ADDRESS] [OPTION]...\n--batch FILE [--at TIME] [--files]",
		.description = "Says what the policy decides over a login, and why. "
			       "What is in force is asked; with --config, "
			       "--files or --draft, the files. "
			       "The status is 0 for allow, 1 for deny or not evaluated, 2 for a "
			       "wrong command line, 3 where the policy cannot be read.",
		.options = options,
		.n_options = N_OPTIONS,
	};
}

static bool describes_a_login(const test_options *given)
{
	return given->user != NULL || given->ip != NULL || given->client != NULL || given->service != NULL ||
	       given->tty != NULL || given->ruser != NULL || given->env.n > 0;
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
	if (given->batch == NULL && given->user == NULL)
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
	return check_env(context, usage, &given->env);
}

static const char *listed(ap_arena *arena, const char *const *names, size_t n)
{
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = ap_format(arena, "%s%s%s", text, i > 0 ? ", " : "", ap_printable(arena, names[i]));
	return text;
}

static int check_client(ap_context *context, const ap_usage *usage, const ap_subject *subject, const char *client)
{
	ap_view view = ap_view_of(subject->image);
	const char **names;
	size_t n;

	if (client == NULL || ap_view_find_client(&view, client) != AP_NONE)
		return AP_EXIT_YES;
	names = ap_subject_clients(context->arena, subject, &n);
	return ap_usage_error(usage, "unknown client type \"%s\"%s\nThere are: %s.",
			      ap_printable(context->arena, client), ap_did_you_mean(context, client, names, n),
			      listed(context->arena, names, n));
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
	ap_view view = ap_view_of(subject->image);
	ap_error error = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < subject->set->n_policies; i++) {
		if (!subject->set->policies[i].draft)
			continue;
		*ret_number = ap_view_find_policy(&view, subject->set->policies[i].name);
		n++;
	}
	if (n == 1)
		return AP_EXIT_YES;
	ap_error_set(&error, AP_ERR_POLICY, draft, 0, "a draft holds one policy; found %zu", n);
	return ap_report_error(context, &error);
}

static ap_facts facts_of(ap_context *context, const test_options *given)
{
	const char **env = ap_arena_alloc(context->arena, (given->env.n + 1) * sizeof(*env));
	ap_facts facts = { .user = given->user,
			   .service = given->service,
			   .tty = given->tty,
			   .ruser = given->ruser,
			   .env = env,
			   .client = given->client,
			   .now = given->now };

	for (size_t i = 0; i < given->env.n; i++)
		env[i] = given->env.items[i];
	ap_facts_set_ip(&facts, given->ip);
	return facts;
}

static int show(ap_context *context, const ap_test_report *report)
{
	if (context->json)
		ap_test_report_json(context, report);
	else
		ap_test_report_text(context, report);
	return report->trial->evaluated && report->trial->decision.verdict == AP_ALLOW ? AP_EXIT_YES : AP_EXIT_NO;
}

static int test_request(ap_context *context, const ap_subject *subject, ap_request *request, uint32_t only,
			bool with_rest)
{
	ap_test_report report = { .subject = subject, .request = request };
	ap_trial trial = { 0 }, rest = { 0 };
	int result = AP_EXIT_POLICY;

	if (ap_trial_run(context, subject, request, only, &trial) &&
	    (!with_rest || ap_trial_run(context, subject, request, AP_NONE, &rest))) {
		report.trial = &trial;
		report.with_rest = with_rest ? &rest : NULL;
		result = show(context, &report);
	}
	ap_trial_clear(&trial);
	ap_trial_clear(&rest);
	return result;
}

static int test_login(ap_context *context, const ap_usage *usage, const test_options *given, const ap_subject *subject)
{
	const ap_facts facts = facts_of(context, given);
	ap_error error = { 0 };
	ap_request request;
	uint32_t only = AP_NONE;
	int result = check_client(context, usage, subject, given->client);

	if (result == AP_EXIT_YES)
		result = given->draft != NULL ? find_draft(context, subject, given->draft, &only)
					      : find_policy(context, usage, subject, given->policy, &only);
	if (result != AP_EXIT_YES)
		return result;
	if (ap_request_init(&request, subject->image, &facts, &error) != AP_OK)
		return ap_report_error(context, &error);
	result = test_request(context, subject, &request, only, given->draft != NULL);
	ap_request_clear(&request);
	return result;
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
		result = test_login(context, &usage, &given, &subject);
	ap_subject_close(&subject);
	return result;
}
