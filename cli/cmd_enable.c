/* accesspolicy enable, disable, report-only, delete - one setting of policies that are there, wherever they stand. */
#include "changing.h"

typedef struct {
	ap_context *context;
	const ap_usage *usage;
	const char *command; /* its name */
	bool remove;
	ap_policy_status status; /* unless it is removed */
	ap_apply_options given;
} request;

/* What becomes of the policy; a name that stands twice is one. */
static void add_change(const request *r, ap_definition_changes *changes, const ap_policy_def *policy)
{
	ap_policy_form *after = NULL;

	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].policy == policy)
			return;
	if (!r->remove) {
		after = ap_arena_alloc(r->context->arena, sizeof(*after));
		*after = ap_policy_form_of(r->context->arena, policy);
		after->status = r->status;
	}
	if (r->remove || policy->status != r->status)
		ap_changes_add_policy(r->context->arena, changes, policy, after);
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
		{ .name = "with-pending",
		  .help = "put in force as well what else differs in the files",
		  .flag = &r->given.with_pending },
		{ .name = "dry-run", .help = "say what would change, and change nothing", .flag = &r->given.dry_run },
		{ .name = "force", .help = "go over what \"accesspolicy apply\" refuses", .flag = &r->given.force },
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
