#include "changing.h"

#include "report.h"

#include <stdio.h>
#include <sys/stat.h>

int ap_changing_load(ap_context *context, ap_policy_set **ret_set)
{
	const ap_load_options options = { .config = ap_applying_config(context), .policies_follow = true };
	ap_diagnostics diagnostics = { 0 };
	int status = AP_EXIT_YES;

	if (ap_load(&options, ret_set, &diagnostics) != AP_OK)
		status = ap_report_diagnostics(context, &diagnostics);
	ap_diagnostics_clear(&diagnostics);
	return status;
}

const ap_policy_def *ap_changing_find(ap_context *context, const ap_usage *usage, const ap_policy_set *set,
				      const char *name)
{
	const ap_policy_def *found = ap_policy_set_find(set, name);
	const char **names;

	if (found != NULL)
		return found;
	names = ap_arena_alloc(context->arena, (set->n_policies + 1) * sizeof(*names));
	for (size_t i = 0; i < set->n_policies; i++)
		names[i] = set->policies[i].name;
	(void)ap_usage_error(usage, "there is no policy \"%s\"%s", ap_printable(context->arena, name),
			     ap_did_you_mean(context, name, names, set->n_policies));
	return NULL;
}

int ap_changing_check_name(ap_context *context, const ap_policy_set *set, const char *name)
{
	const ap_policy_def *taken = ap_policy_set_find(set, name);
	ap_error error = { 0 };

	if (taken == NULL)
		return AP_EXIT_YES;
	ap_error_set(&error, AP_ERR_POLICY, taken->place.file, taken->place.line,
		     "there is a policy \"%s\" already, here; give the new one another name, or change this one by "
		     "\"accesspolicy edit\"",
		     name);
	return ap_report_refusal(context, &error);
}

int ap_changing_edits(ap_context *context, const ap_policy_set *set, const ap_definition_changes *changes,
		      ap_edit_list *ret_edits)
{
	ap_error error = { 0 };

	if (ap_definition_changes_edits(context->arena, set, changes, ret_edits, &error))
		return AP_EXIT_YES;
	return ap_report_refusal(context, &error);
}

static void write_files(ap_context *context, const ap_edit_list *edits, bool dry_run)
{
	for (size_t i = 0; i < edits->n; i++) {
		const ap_file_edit *edit = &edits->items[i];
		const char *done = edit->text == NULL ? "removed" : edit->before == NULL ? "written" : "changed";

		printf("%s: %s%s\n", ap_printable(context->arena, edit->path), dry_run ? "would be " : "", done);
	}
}

int ap_changing_run(ap_context *context, ap_apply_options *given, const ap_edit_list *edits, const char *command)
{
	static const ap_file_edit none;
	int status;

	given->edits = edits->n > 0 ? edits->items : &none;
	given->n_edits = edits->n;
	status = ap_applying_run(context, given, command);
	if (status == AP_EXIT_YES && !context->json)
		write_files(context, edits, given->dry_run);
	return status;
}

const char *ap_changing_free_path(ap_context *context, const char *config, const char *name)
{
	for (unsigned number = 1;; number++) {
		const char *path =
			ap_load_drop_in_path(context->arena, config, ap_drop_in_name(context->arena, name, number));
		struct stat info;

		if (lstat(path, &info) != 0)
			return path;
	}
}
