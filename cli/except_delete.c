/* accesspolicy except delete - exceptions go, from whatever files they stand in. */
#include "changing.h"
#include "except.h"

#include <time.h>

static const ap_exception_def *find(ap_context *context, const ap_usage *usage, const ap_policy_set *set,
				    const char *name)
{
	const ap_exception_def *found = ap_policy_set_find_exception(set, name);
	const char **names;

	if (found != NULL)
		return found;
	names = ap_arena_alloc(context->arena, (set->n_exceptions + 1) * sizeof(*names));
	for (size_t i = 0; i < set->n_exceptions; i++)
		names[i] = set->exceptions[i].name;
	(void)ap_usage_error(usage, "there is no exception \"%s\"%s", ap_printable(context->arena, name),
			     ap_did_you_mean(context, name, names, set->n_exceptions));
	return NULL;
}

static bool is_among(const ap_definition_changes *changes, const ap_exception_def *exception)
{
	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].exception == exception)
			return true;
	return false;
}

static int choose(ap_context *context, const ap_usage *usage, const ap_policy_set *set, int n, char **names,
		  ap_definition_changes *changes)
{
	int64_t now = (int64_t)time(NULL);

	for (int i = 0; i < n; i++) {
		const ap_exception_def *exception = find(context, usage, set, names[i]);

		if (exception == NULL)
			return AP_EXIT_USAGE;
		if (!is_among(changes, exception))
			ap_definition_changes_add_exception_removal(context->arena, changes, exception);
	}
	for (size_t i = 0; i < set->n_exceptions && n == 0; i++)
		if (now >= set->exceptions[i].not_after.value)
			ap_definition_changes_add_exception_removal(context->arena, changes, &set->exceptions[i]);
	return AP_EXIT_YES;
}

/* With no names, those that are over. */
static int delete_exceptions(ap_context *context, const ap_usage *usage, ap_apply_options *given, int n, char **names)
{
	ap_definition_changes changes = { .n = 0 };
	ap_edit_list edits = { .n = 0 };
	ap_policy_set *set = NULL;
	int status = ap_changing_load(context, &set);

	if (status == AP_EXIT_YES)
		status = choose(context, usage, set, n, names, &changes);
	if (status == AP_EXIT_YES)
		status = ap_changing_edits(context, set, &changes, &edits);
	ap_policy_set_free(set);
	return status == AP_EXIT_YES ? ap_changing_run(context, given, &edits, "except delete") : status;
}

int ap_except_delete(ap_context *context, int argc, char **argv)
{
	ap_apply_options given = { 0 };
	bool ended = false;
	const ap_option options[] = {
		{ .name = "ended", .help = "all exceptions that are over, instead of names", .flag = &ended },
		AP_CHANGING_OPTIONS(given, "say what would change, and change nothing"),
	};
	const ap_usage usage = {
		.command = "except delete",
		.synopsis =
			"NAME... [--with-pending] [--dry-run] [--force]\n--ended [--with-pending] [--dry-run] [--force]",
		.description =
			"Deletes exceptions from the files where they stand, with everything else in them kept, and puts what comes "
			"of it in force. A drop-in with nothing else in it is removed. Where it is refused, the files stay as "
			"they are. The status is 0 for done, 1 for refused or failed, 3 where the files make no policy.",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	int first, status;

	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	if (first == argc && !ended)
		return ap_usage_error(&usage, "no exception is named; \"accesspolicy except list\" shows them");
	if (first < argc && ended)
		return ap_usage_error(&usage, "--ended names exceptions, and \"%s\" too; leave one of them out",
				      ap_printable(context->arena, argv[first]));
	return delete_exceptions(context, &usage, &given, argc - first, argv + first);
}
