/* accesspolicy enable, disable, report-only, delete - one setting of policies that are there, wherever they stand. */
#include "changing.h"
#include "report.h"

#include <string.h>

typedef struct {
	ap_context *context;
	const ap_usage *usage;
	const char *command; /* its name */
	bool remove;
	ap_policy_status status; /* unless it is removed */
	ap_apply_options given;
} request;

static bool is_among(const ap_definition_changes *changes, const ap_policy_def *policy)
{
	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].policy == policy)
			return true;
	return false;
}

/* What becomes of the policy; a name that stands twice is one. */
static void add_change(const request *r, ap_definition_changes *changes, const ap_policy_def *policy)
{
	ap_policy_form *after = NULL;

	if (is_among(changes, policy))
		return;
	if (!r->remove) {
		after = ap_arena_alloc(r->context->arena, sizeof(*after));
		*after = ap_policy_form_of(r->context->arena, policy);
		after->status = r->status;
	}
	if (r->remove || policy->status != r->status)
		ap_definition_changes_add_policy(r->context->arena, changes, policy, after);
}

static bool is_named(const ap_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].text, name) == 0)
			return true;
	return false;
}

static int refuse_excepted(const request *r, const ap_exception_def *first, size_t n, const char *name)
{
	const char *more = n > 1 ? ap_format(r->context->arena, "; %zu more do", n - 1) : "";
	ap_error error = { 0 };

	ap_error_set(&error, AP_ERR_POLICY, first->place.file, first->place.line,
		     "refused: exception \"%s\" frees from policy \"%s\"; delete it before, with \"accesspolicy except "
		     "delete\", or take the policy out of it%s",
		     first->name, name, more);
	return ap_report_refusal(r->context, &error);
}

static int refuse_replaced(const request *r, const ap_policy_def *other, const char *name)
{
	ap_error error = { 0 };

	ap_error_set(&error, AP_ERR_POLICY, other->place.file, other->place.line,
		     "refused: policy \"%s\" replaces policy \"%s\"; delete it as well, or take that out of it with "
		     "\"accesspolicy edit\" and \"--clear replaces\"",
		     other->name, name);
	return ap_report_refusal(r->context, &error);
}

/*
 * What refers to a policy has to go first. The loader would say so, too: that there is no such policy, of a file that
 * nobody has touched. AP_EXIT_YES where nothing that stays refers to it; else AP_EXIT_NO after a report.
 */
static int check_unreferred(const request *r, const ap_policy_set *set, const ap_definition_changes *changes,
			    const char *name)
{
	const ap_exception_def *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < set->n_exceptions; i++)
		if (is_named(&set->exceptions[i].policies, name) && n++ == 0)
			first = &set->exceptions[i];
	if (first != NULL)
		return refuse_excepted(r, first, n, name);
	for (size_t i = 0; i < set->n_policies; i++) {
		const ap_policy_def *other = &set->policies[i];

		if (other->replaces.text != NULL && strcmp(other->replaces.text, name) == 0 &&
		    !is_among(changes, other))
			return refuse_replaced(r, other, name);
	}
	return AP_EXIT_YES;
}

/* Files that have no policy are taken for a mistake, which lets nobody in: they cannot be what is wanted. */
static int check_some_stay(const request *r, const ap_policy_set *set, const ap_definition_changes *changes)
{
	const ap_policy_def *last = changes->n > 0 ? changes->items[changes->n - 1].policy : NULL;
	ap_error error = { 0 };

	if (last == NULL || changes->n < set->n_policies)
		return AP_EXIT_YES;
	ap_error_set(
		&error, AP_ERR_POLICY, last->place.file, last->place.line,
		"refused: no policy would be left, and files without any are an error; have it decide nothing with "
		"\"accesspolicy disable\"");
	return ap_report_refusal(r->context, &error);
}

static int edits_of(const request *r, int n, char **names, ap_edit_list *ret_edits)
{
	ap_definition_changes changes = { .n = 0 };
	ap_policy_set *set = NULL;
	int status = ap_changing_load(r->context, &set);

	for (int i = 0; i < n && status == AP_EXIT_YES; i++) {
		const ap_policy_def *policy = ap_changing_find(r->context, r->usage, set, names[i]);

		if (policy != NULL)
			add_change(r, &changes, policy);
		else
			status = AP_EXIT_USAGE;
	}
	for (size_t i = 0; i < changes.n && r->remove && status == AP_EXIT_YES; i++)
		status = check_unreferred(r, set, &changes, changes.items[i].policy->name);
	if (status == AP_EXIT_YES && r->remove)
		status = check_some_stay(r, set, &changes);
	if (status == AP_EXIT_YES)
		status = ap_changing_edits(r->context, set, &changes, ret_edits);
	ap_policy_set_free(set);
	return status;
}

static int carry_out(request *r, int n, char **names)
{
	ap_edit_list edits = { .n = 0 };
	int status = edits_of(r, n, names, &edits);

	return status == AP_EXIT_YES ? ap_changing_run(r->context, &r->given, &edits, r->command) : status;
}

static int run(ap_context *context, int argc, char **argv, request *r, const char *description)
{
	const ap_option options[] = {
		AP_CHANGING_OPTIONS(r->given, "say what would change, and change nothing"),
	};
	const ap_usage usage = {
		.command = r->command,
		.synopsis = "NAME... [--with-pending] [--dry-run] [--force]",
		.description = description,
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	int first, status;

	r->context = context;
	r->usage = &usage;
	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	if (first == argc)
		return ap_usage_error(&usage, "no policy is named; \"accesspolicy list\" shows them");
	return carry_out(r, argc - first, argv + first);
}

#define CHANGES                                                                                                        \
	" They are changed in the files where they stand, with everything else in them kept, and what comes of it is " \
	"put in force. Where that is refused, the files stay as they are. The status is 0 for done, 1 for refused or " \
	"failed, 3 where the files make no policy."

int ap_cmd_enable(ap_context *context, int argc, char **argv)
{
	return run(context, argc, argv, &(request){ .command = "enable", .status = AP_POLICY_ENABLED },
		   "Enables policies: logins are decided by them." CHANGES);
}

int ap_cmd_disable(ap_context *context, int argc, char **argv)
{
	return run(context, argc, argv, &(request){ .command = "disable", .status = AP_POLICY_DISABLED },
		   "Disables policies: they stay in the files, and decide nothing." CHANGES);
}

int ap_cmd_report_only(ap_context *context, int argc, char **argv)
{
	return run(context, argc, argv, &(request){ .command = "report-only", .status = AP_POLICY_REPORT_ONLY },
		   "Has policies evaluated beside the others, and only reported where they would have changed a "
		   "decision." CHANGES);
}

int ap_cmd_delete(ap_context *context, int argc, char **argv)
{
	return run(context, argc, argv, &(request){ .command = "delete", .remove = true },
		   "Deletes policies. A drop-in with nothing else in it is removed." CHANGES);
}
