/* accesspolicy enable, disable, report-only, delete - one setting of policies that are there, wherever they stand. */
#include "../lib/make/load.h"
#include "../lib/make/policy_change.h"
#include "applying.h"
#include "options.h"
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

static int unknown_policy(const request *r, const ap_policy_set *set, const char *name)
{
	ap_arena *arena = r->context->arena;
	const char **names = ap_arena_alloc(arena, (set->n_policies + 1) * sizeof(*names));

	for (size_t i = 0; i < set->n_policies; i++)
		names[i] = set->policies[i].name;
	return ap_usage_error(r->usage, "there is no policy \"%s\"%s", ap_printable(arena, name),
			      ap_did_you_mean(r->context, name, names, set->n_policies));
}

/* The files as they are with the edits so far. AP_EXIT_YES, or AP_EXIT_POLICY after a report. */
static int load(const request *r, const ap_edit_list *edits, ap_policy_set **ret_set)
{
	const ap_load_options options = { .config = ap_applying_config(r->context),
					  .edits = edits->items,
					  .n_edits = edits->n };
	ap_diagnostics diagnostics = { 0 };
	int status = AP_EXIT_YES;

	if (ap_load(&options, ret_set, &diagnostics) != AP_OK)
		status = ap_report_diagnostics(r->context, &diagnostics);
	ap_diagnostics_clear(&diagnostics);
	return status;
}

static int edit_policy(const request *r, ap_policy_set **set, const ap_policy_def *policy, ap_edit_list *edits)
{
	ap_arena *arena = r->context->arena;
	ap_policy_form form = ap_policy_form_of(arena, policy);
	ap_error error = { 0 };
	bool done;

	form.status = r->status;
	if (r->remove)
		done = ap_policy_remove(arena, set, policy, edits, &error);
	else
		done = form.status == policy->status || ap_policy_change(arena, set, policy, &form, edits, &error);
	if (done)
		return AP_EXIT_YES;
	(void)ap_report_error(r->context, &error);
	return AP_EXIT_NO;
}

/* *set is what the files are with the edits so far, or NULL: they are to be read. */
static int edit_named(const request *r, const char *name, ap_policy_set **set, ap_edit_list *edits)
{
	const ap_policy_def *policy;
	int status = *set == NULL ? load(r, edits, set) : AP_EXIT_YES;

	if (status != AP_EXIT_YES)
		return status;
	policy = ap_policy_set_find(*set, name);
	return policy != NULL ? edit_policy(r, set, policy, edits) : unknown_policy(r, *set, name);
}

static void write_files(const request *r, const ap_edit_list *edits)
{
	const char *would = r->given.dry_run ? "would be " : "";

	for (size_t i = 0; i < edits->n; i++)
		printf("%s: %s%s\n", ap_printable(r->context->arena, edits->items[i].path), would,
		       edits->items[i].text == NULL ? "removed" : "changed");
}

static int carry_out(request *r, int n, char **names)
{
	static const ap_file_edit none;
	ap_edit_list edits = { .n = 0 };
	ap_policy_set *set = NULL;
	int status = AP_EXIT_YES;

	for (int i = 0; i < n && status == AP_EXIT_YES; i++)
		status = edit_named(r, names[i], &set, &edits);
	ap_policy_set_free(set);
	if (status != AP_EXIT_YES)
		return status;
	r->given.edits = edits.n > 0 ? edits.items : &none;
	r->given.n_edits = edits.n;
	status = ap_applying_run(r->context, &r->given, r->command);
	if (status == AP_EXIT_YES && !r->context->json)
		write_files(r, &edits);
	return status;
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
