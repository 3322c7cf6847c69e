/* accesspolicy test - what the policy decides over a login, and why. */
#include "../lib/make/when.h"
#include "batch.h"
#include "report.h"
#include "testing.h"

#include <string.h>
#include <time.h>

typedef struct {
	ap_logins logins;
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
				    .texts = &given->logins.users,
				    .may_be_empty = true };
	options[n++] = (ap_option){ .name = "ip",
				    .value = "ADDRESS",
				    .help = "where the login comes from (PAM_RHOST), or \"local\"; several: a table",
				    .texts = &given->logins.ips,
				    .may_be_empty = true };
	options[n++] = (ap_option){ .name = "client",
				    .value = "TYPE",
				    .help = "the client type, as client= on the module's line; several: a table",
				    .texts = &given->logins.clients };
	options[n++] = (ap_option){ .name = "service",
				    .value = "NAME",
				    .help = "the PAM service, from which the client type is found; several: a table",
				    .texts = &given->logins.services,
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
	options[n++] = (ap_option){
		.name = "at",
		.value = "TIME",
		.help = "the time of the login: \"2026-12-01 18:00\", \"tomorrow 18:00\" or \"2 hours ago\", local time (default: now)",
		.text = &given->at
	};
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
	return given->logins.users.n + given->logins.ips.n + given->logins.clients.n + given->logins.services.n > 0 ||
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
	const char *excess;

	if (given->batch != NULL && (describes_a_login(given) || given->policy != NULL || given->draft != NULL))
		return ap_usage_error(usage, "--batch takes each login from its file: no other option describes one, "
					     "and neither --policy nor --draft can stand beside it");
	if (given->batch == NULL && given->logins.users.n == 0)
		return ap_usage_error(usage, "--user is missing: whose login is it?");
	if (given->policy != NULL && given->draft != NULL)
		return ap_usage_error(usage,
				      "--policy and --draft exclude each other: a draft is tested alone already");
	given->now = (int64_t)time(NULL);
	if (given->at != NULL && !ap_when_parse_coming(given->at, given->now, &given->now) &&
	    !ap_when_parse_past(given->at, given->now, &given->now))
		return ap_usage_error(usage,
				      "--at is \"%s\"; expected a time such as \"2026-12-01 18:00\", "
				      "\"2026-12-01T18:00:00+01:00\", \"tomorrow 18:00\" or \"2 hours ago\"",
				      ap_printable(context->arena, given->at));
	if (check_env(context, usage, &given->env) != AP_EXIT_YES)
		return AP_EXIT_USAGE;
	excess = ap_logins_excess(context, &given->logins);
	return excess != NULL ? ap_usage_error(usage, "%s", excess) : AP_EXIT_YES;
}

static int check_clients(ap_context *context, const ap_usage *usage, const ap_subject *subject, const ap_logins *logins)
{
	const char *unknown = ap_logins_unknown_client(context, logins, subject);

	return unknown != NULL ? ap_usage_error(usage, "%s", unknown) : AP_EXIT_YES;
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

static ap_facts *logins_of(ap_context *context, const test_options *given, size_t *ret_n)
{
	const char **env = ap_arena_alloc(context->arena, (given->env.n + 1) * sizeof(*env));
	const ap_facts common = { .tty = given->tty, .ruser = given->ruser, .env = env, .now = given->now };

	for (size_t i = 0; i < given->env.n; i++)
		env[i] = given->env.items[i];
	return ap_logins_facts(context, &given->logins, &common, ret_n);
}

static int test(ap_context *context, const ap_usage *usage, const test_options *given, const ap_subject *subject)
{
	uint32_t only = AP_NONE;
	bool is_draft = given->draft != NULL;
	int result = check_clients(context, usage, subject, &given->logins);
	const ap_facts *logins;
	size_t n;

	if (result == AP_EXIT_YES)
		result = is_draft ? find_draft(context, subject, given->draft, &only)
				  : find_policy(context, usage, subject, given->policy, &only);
	if (result != AP_EXIT_YES)
		return result;
	logins = logins_of(context, given, &n);
	return ap_testing_run(context, subject, logins, n, only, is_draft);
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
	int result;

	make_options(&given, options);
	usage = usage_of(options);
	if (!ap_options_parse_alone(context, &usage, argc, argv, &result))
		return result;
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
