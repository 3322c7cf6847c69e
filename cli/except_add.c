/* accesspolicy except add - somebody is freed from policies for a time. */
#include "../lib/make/compile.h"
#include "../lib/make/findings.h"
#include "../lib/make/timestamp.h"
#include "../lib/make/when.h"
#include "changing.h"
#include "except.h"
#include "in_force.h"
#include "policy_options.h"
#include "report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

typedef struct {
	ap_context *context;
	const ap_usage *usage;
	ap_texts policies;
	ap_texts departments;
	ap_texts members;
	ap_texts domains;
	ap_texts groups;
	ap_texts ip;
	ap_texts regions;
	ap_texts clients;
	const char *not_before;
	const char *until;
	bool for_good;
	const char *name;
	const char *comment;
	int64_t now;
	int64_t begins; /* INT64_MIN: now */
	int64_t ends;   /* INT64_MAX: never */
	ap_apply_options given;
} request;

/*
 * Times
 */

static int take_time(const request *r, const char *option, const char *text, int64_t *ret_time)
{
	if (text == NULL || ap_when_parse_coming(text, r->now, ret_time))
		return AP_EXIT_YES;
	return ap_usage_error(r->usage, "--%s: \"%s\" is no time; expected one such as " AP_WHEN_EXAMPLES, option,
			      ap_printable(r->context->arena, text));
}

static int take_times(request *r)
{
	char end[AP_TIMESTAMP_TEXT_MAX], other[AP_TIMESTAMP_TEXT_MAX];
	int status = take_time(r, "not-before", r->not_before, &r->begins);

	if (status == AP_EXIT_YES)
		status = take_time(r, "until", r->until, &r->ends);
	if (status != AP_EXIT_YES)
		return status;
	if (r->ends <= r->now)
		return ap_usage_error(r->usage, "--until: \"%s\" is %s, which is past; it is %s now",
				      ap_printable(r->context->arena, r->until),
				      ap_timestamp_format_local(r->ends, end),
				      ap_timestamp_format_local(r->now, other));
	if (r->ends <= r->begins)
		return ap_usage_error(
			r->usage, "--until, %s, is not after --not-before, %s: there is no time between them",
			ap_timestamp_format_local(r->ends, end), ap_timestamp_format_local(r->begins, other));
	return AP_EXIT_YES;
}

/*
 * Names
 */

/* "HD-4711" of "HD-4711: travels": the number of a request, by which it is known elsewhere. NULL: it begins otherwise. */
static const char *ticket_of(ap_arena *arena, const char *comment)
{
	size_t length = strspn(comment, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.#/");
	bool is_word = comment[length] == '\0' || strchr(" ,:;)", comment[length]) != NULL;

	while (length > 0 && comment[length - 1] == '.')
		length--;
	if (!is_word || length == 0 || strcspn(comment, "0123456789") >= length)
		return NULL;
	return ap_arena_strndup(arena, comment, length);
}

/* Whom it frees, and the day that it ends; of today, where it does not. */
static const char *made_name(const request *r)
{
	const ap_texts *lists[] = { &r->members, &r->departments, &r->domains, &r->groups };
	char date[AP_TIMESTAMP_TEXT_MAX];
	const char *whom = "";

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && whom[0] == '\0'; i++)
		if (lists[i]->n > 0)
			whom = lists[i]->items[0];
	(void)ap_timestamp_format_local(r->ends != INT64_MAX ? r->ends : r->now, date);
	return ap_format(r->context->arena, "%.*s %.*s", (int)strcspn(whom, "@"), whom, (int)strcspn(date, " "), date);
}

static const char *free_name(const request *r, const ap_policy_set *set)
{
	const char *ticket = r->comment != NULL ? ticket_of(r->context->arena, r->comment) : NULL;
	const char *made = ticket != NULL && ap_policy_set_find_exception(set, ticket) == NULL ? ticket : made_name(r),
		   *name = made;

	for (unsigned number = 2; ap_policy_set_find_exception(set, name) != NULL; number++)
		name = ap_format(r->context->arena, "%s (%u)", made, number);
	return name;
}

static int refuse_taken(const request *r, const ap_exception_def *taken)
{
	ap_error error = { 0 };

	ap_error_set(&error, AP_ERR_POLICY, taken->place.file, taken->place.line,
		     "there is an exception \"%s\" already, here; give the new one another name", r->name);
	return ap_report_refusal(r->context, &error);
}

/*
 * The exception
 */

/* With the offset of local time, so that it means the same on every machine. NULL: it is no limit. */
static const char *written_time(const request *r, int64_t time)
{
	char text[AP_TIMESTAMP_TEXT_MAX];

	if (time == INT64_MIN || time == INT64_MAX)
		return NULL;
	return ap_arena_strdup(r->context->arena, ap_timestamp_format_offset(time, text));
}

static char *text_of(const request *r, const char *name)
{
	ap_arena *arena = r->context->arena;
	const ap_exception_form form = { .name = name,
					 .policies = ap_policy_options_words(arena, &r->policies),
					 .who = { .departments = ap_policy_options_words(arena, &r->departments),
						  .members = ap_policy_options_words(arena, &r->members),
						  .domains = ap_policy_options_words(arena, &r->domains),
						  .groups = ap_policy_options_words(arena, &r->groups) },
					 .ip = ap_policy_options_words(arena, &r->ip),
					 .regions = ap_policy_options_words(arena, &r->regions),
					 .clients = ap_policy_options_words(arena, &r->clients),
					 .not_before = written_time(r, r->begins),
					 .not_after = written_time(r, r->ends),
					 .comment = r->comment };

	return ap_drop_in_text(arena, &(ap_drop_in){ .exceptions = &form, .n_exceptions = 1 });
}

/*
 * What it comes to
 */

static void warn_of_idle_policies(const request *r, const ap_policy_set *set)
{
	for (size_t i = 0; i < r->policies.n; i++) {
		const ap_policy_def *policy = ap_policy_set_find(set, r->policies.items[i]);

		if (policy->status != AP_POLICY_ENABLED)
			fprintf(stderr, "warning: policy \"%s\" is %s; it denies nobody\n",
				ap_printable(r->context->arena, policy->name), ap_policy_status_name(policy->status));
	}
}

/* What check finds of the new file: that it frees nobody. */
static void warn_of_findings(const request *r, const ap_edit_list *edits)
{
	const ap_load_options options = { .config = ap_applying_config(r->context),
					  .edits = edits->items,
					  .n_edits = edits->n };
	ap_diagnostics diagnostics = { 0 }, findings = { 0 };
	ap_policy_set *set = NULL;
	ap_image *image = NULL;

	if (ap_load(&options, &set, &diagnostics) == AP_OK && ap_compile_image(set, r->now, &image, NULL) == AP_OK)
		ap_findings(set, image, r->now, NULL, &findings);
	for (size_t i = 0; i < findings.n; i++)
		if (strcmp(findings.items[i].file, edits->items[0].path) == 0)
			fprintf(stderr, "warning: %s\n", ap_printable(r->context->arena, findings.items[i].message));
	ap_image_free(image);
	ap_policy_set_free(set);
	ap_diagnostics_clear(&findings);
	ap_diagnostics_clear(&diagnostics);
}

static void write_end(const request *r, const char *name)
{
	char text[AP_TIMESTAMP_TEXT_MAX];

	if (r->context->json)
		return;
	if (r->ends == INT64_MAX)
		printf("exception \"%s\" has no end; \"accesspolicy except delete %s%s\" takes it away\n",
		       ap_printable(r->context->arena, name), ap_shell_word(r->context->arena, name),
		       ap_in_force_files_option(r->context));
	else
		printf("exception \"%s\" ends %s, in %s\n", ap_printable(r->context->arena, name),
		       ap_timestamp_format_local(r->ends, text), ap_span_text(r->context->arena, r->ends - r->now));
}

static int add(request *r, const ap_policy_set *set)
{
	ap_file_edit edit;
	const ap_edit_list edits = { .items = &edit, .n = 1 };
	const ap_exception_def *taken;
	const char *name;
	int status;

	for (size_t i = 0; i < r->policies.n; i++)
		if (ap_changing_find(r->context, r->usage, set, r->policies.items[i]) == NULL)
			return AP_EXIT_USAGE;
	taken = r->name != NULL ? ap_policy_set_find_exception(set, r->name) : NULL;
	if (taken != NULL)
		return refuse_taken(r, taken);
	name = r->name != NULL ? r->name : free_name(r, set);
	edit = (ap_file_edit){ .path = ap_changing_free_path(r->context, set->root, name), .text = text_of(r, name) };
	status = ap_changing_run(r->context, &r->given, &edits, "except add");
	if (status != AP_EXIT_YES)
		return status;
	write_end(r, name);
	if (r->given.dry_run && !r->context->json)
		ap_write_text(&r->context->screen, r->context->arena, edit.text);
	(void)fflush(stdout);
	warn_of_idle_policies(r, set);
	warn_of_findings(r, &edits);
	return AP_EXIT_YES;
}

static int check_present(const request *r)
{
	if (r->members.n + r->departments.n + r->domains.n + r->groups.n == 0)
		return ap_usage_error(r->usage, "whom it frees is missing; expected some of --member, --department, "
						"--domain and --group");
	if (r->policies.n == 0)
		return ap_usage_error(r->usage, "--policy is missing; expected the policies that it frees from");
	if (r->until == NULL && !r->for_good)
		return ap_usage_error(r->usage,
				      "--until is missing; expected when it ends, such as \"20 Dec 18:00\" or "
				      "\"2h\"; --for-good makes one without an end");
	if (r->until != NULL && r->for_good)
		return ap_usage_error(r->usage, "--until and --for-good contradict each other; leave one of them out");
	return AP_EXIT_YES;
}

static int carry_out(request *r)
{
	ap_policy_set *set = NULL;
	int status = check_present(r);

	if (status == AP_EXIT_YES)
		status = take_times(r);
	if (status == AP_EXIT_YES)
		status = ap_changing_load(r->context, &set);
	if (status == AP_EXIT_YES)
		status = add(r, set);
	ap_policy_set_free(set);
	return status;
}

static int parse(request *r, int argc, char **argv)
{
	const ap_option options[] = {
		{ .name = "policy", .value = "NAME", .help = "it frees from this policy", .texts = &r->policies },
		{ .name = "member",
		  .value = "NAME",
		  .help = "it frees this member: user@domain, user@ or user",
		  .texts = &r->members },
		{ .name = "department",
		  .value = "PATH",
		  .help = "it frees this department; with \"/*\" at its end its sub-departments too",
		  .texts = &r->departments },
		{ .name = "domain",
		  .value = "DOMAIN",
		  .help = "it frees the members of this domain",
		  .texts = &r->domains },
		{ .name = "group",
		  .value = "NAME",
		  .help = "it frees the members of this group of the system",
		  .texts = &r->groups },
		{ .name = "ip", .value = "ENTRY", .help = "from there only", .texts = &r->ip },
		{ .name = "region", .value = "CODE", .help = "from this region only", .texts = &r->regions },
		{ .name = "client", .value = "TYPE", .help = "with this client type only", .texts = &r->clients },
		{ .name = "until",
		  .value = "TIME",
		  .help = "it ends then: \"20 Dec 18:00\", \"18:00\", \"tomorrow 18:00\", \"2h\" from now",
		  .text = &r->until },
		{ .name = "for-good", .help = "it has no end", .flag = &r->for_good },
		{ .name = "not-before",
		  .value = "TIME",
		  .help = "it begins then (default: now)",
		  .text = &r->not_before },
		{ .name = "name",
		  .value = "NAME",
		  .help = "what it is called (default: what the comment begins with, if that is a ticket's number; else whom "
			  "it frees, and the day that it ends)",
		  .text = &r->name },
		{ .name = "comment", .value = "TEXT", .help = "why, and who asked", .text = &r->comment },
		AP_CHANGING_OPTIONS(r->given, "show what would be written, and change nothing"),
	};
	const ap_usage usage = {
		.command = "except add",
		.synopsis = "--policy NAME... --member NAME... --until TIME [OPTION]...",
		.description =
			"Frees somebody from policies for a time: writes an exception into a file of its own, conf.d/50-NAME.conf "
			"beside the root file, and puts it in force. An option that takes one of several may stand any number of "
			"times. Where it is refused, no file is written. The status is 0 for done, 1 for refused or failed, 3 "
			"where the files make no policy.",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	int status;

	r->usage = &usage;
	if (!ap_options_parse_alone(r->context, &usage, argc, argv, &status))
		return status;
	return carry_out(r);
}

int ap_except_add(ap_context *context, int argc, char **argv)
{
	request r = { .context = context, .now = (int64_t)time(NULL), .begins = INT64_MIN, .ends = INT64_MAX };

	return parse(&r, argc, argv);
}
