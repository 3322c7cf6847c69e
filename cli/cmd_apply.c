/* accesspolicy apply - puts the policy in force; accesspolicy rollback - puts an earlier one in force again. */
#include "applied_report.h"
#include "applying.h"
#include "options.h"

#include <string.h>

int ap_cmd_apply(ap_context *context, int argc, char **argv)
{
	ap_apply_options given = { 0 };
	const ap_option options[] = {
		{ .name = "data",
		  .help = "keep the policy files in force, and take today's feeds, directory files and region database: for timers",
		  .flag = &given.data },
		{ .name = "dry-run", .help = "say what would change, and change nothing", .flag = &given.dry_run },
		{ .name = "force",
		  .help = "go over a failed assertion, shrunken data, a text that was rolled back, or another root "
			  "file",
		  .flag = &given.force },
	};
	const ap_usage usage = {
		.command = "apply",
		.synopsis = "[--data] [--dry-run] [--force]",
		.description =
			"Puts the policy files in force: reads and checks them, evaluates the assertions, and has "
			"logins decided by them from then on, all at once. What is refused or interrupted leaves what was "
			"in force. The status is 0 for done, 1 for refused or failed, 3 where the files make no policy.",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	int first, status;

	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	if (first < argc)
		return ap_usage_error(&usage, "unexpected \"%s\"", ap_printable(context->arena, argv[first]));
	if (given.data && context->config != NULL)
		return ap_usage_error(&usage, "--data takes the policy files that are in force: --config cannot stand "
					      "beside it");
	return ap_applying_run(context, &given, "apply");
}

static int rollback(ap_context *context, const ap_apply_options *options, const char *revision)
{
	ap_apply_result result;
	int status;

	ap_rollback(options, revision, context->arena, &result);
	status = ap_applied_report(context, options, &result, "rollback");
	ap_apply_result_clear(&result);
	return status;
}

static bool is_prefix(const char *revision)
{
	size_t length = strlen(revision);

	return length >= AP_REVISION_PREFIX_MIN && length <= AP_HEX_REVISION &&
	       revision[strspn(revision, "0123456789abcdef")] == '\0';
}

int ap_cmd_rollback(ap_context *context, int argc, char **argv)
{
	ap_apply_options given = { 0 };
	const ap_option options[] = {
		{ .name = "dry-run", .help = "say what would change, and change nothing", .flag = &given.dry_run },
	};
	const ap_usage usage = {
		.command = "rollback",
		.synopsis = "[REVISION] [--dry-run]",
		.description =
			"Puts an earlier policy in force again: the one before what is in force, or the revision that "
			"\"accesspolicy history\" shows. The policy files stay as they are; what they say is refused by "
			"\"accesspolicy apply\" until it changes. The status is 0 for done, 1 for refused or failed.",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	const char *revision;
	int first, status;

	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	revision = first < argc ? argv[first] : NULL;
	if (argc - first > 1)
		return ap_usage_error(&usage, "unexpected \"%s\"", ap_printable(context->arena, argv[first + 1]));
	if (revision != NULL && !is_prefix(revision))
		return ap_usage_error(&usage, "\"%s\" is no revision; expected at least %d of its digits 0-9 and a-f",
				      ap_printable(context->arena, revision), AP_REVISION_PREFIX_MIN);
	ap_applying_complete(context, &given);
	return rollback(context, &given, revision);
}
