/* accesspolicy apply - puts the policy in force; accesspolicy rollback - puts an earlier one in force again. */
#include "../lib/make/duration.h"
#include "applying.h"
#include "options.h"

int ap_cmd_apply(ap_context *context, int argc, char **argv)
{
	ap_apply_options given = { 0 };
	const char *trial = NULL;
	const ap_option options[] = {
		{ .name = "data",
		  .help = "keep the policy files in force, and take today's feeds, directory files and region database: for timers",
		  .flag = &given.data },
		{ .name = "dry-run", .help = "say what would change, and change nothing", .flag = &given.dry_run },
		{ .name = "force",
		  .help = "go over a failed assertion, somebody who would be locked out, shrunken data, a text that was "
			  "rolled back or whose trial ended, a trial that is running, or another root file",
		  .flag = &given.force },
		{ .name = "trial",
		  .value = "TIME",
		  .help = "for so long only, as in 30s, 10m or 1h30m: then what is in force now counts again by itself, unless "
			  "\"accesspolicy confirm\" is run before",
		  .text = &trial },
	};
	const ap_usage usage = {
		.command = "apply",
		.synopsis = "[--data] [--dry-run] [--force] [--trial TIME]",
		.description =
			"Puts the policy files in force: reads and checks them, evaluates the assertions, and has "
			"logins decided by them from then on, all at once. What is refused or interrupted leaves what was "
			"in force. The status is 0 for done, 1 for refused or failed, 3 where the files make no policy.",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	int status;

	if (!ap_options_parse_alone(context, &usage, argc, argv, &status))
		return status;
	if (given.data && context->config != NULL)
		return ap_usage_error(&usage, "--data takes the policy files that are in force: --config cannot stand "
					      "beside it");
	if (trial != NULL && !ap_duration_parse(trial, &given.trial_seconds))
		return ap_usage_error(
			&usage,
			"--trial is \"%s\"; expected how long, each number with its unit, as in 30s, 10m, "
			"1h30m or 2d",
			ap_printable(context->arena, trial));
	if (trial != NULL && (given.trial_seconds < 1 || given.trial_seconds > AP_TRIAL_SECONDS_MAX))
		return ap_usage_error(&usage, "--trial is \"%s\"; a trial lasts from 1s to %dd",
				      ap_printable(context->arena, trial), AP_TRIAL_SECONDS_MAX / (24 * 60 * 60));
	return ap_applying_run(context, &given, "apply");
}

int ap_cmd_rollback(ap_context *context, int argc, char **argv)
{
	ap_apply_options given = { 0 };
	const ap_option options[] = {
		{ .name = "dry-run", .help = "say what would change, and change nothing", .flag = &given.dry_run },
		{ .name = "force",
		  .help = "go over a failed assertion, or somebody who would be locked out",
		  .flag = &given.force },
	};
	const ap_usage usage = {
		.command = "rollback",
		.synopsis = "[REVISION] [--dry-run] [--force]",
		.description =
			"Puts an earlier policy in force again: the one before what is in force, or the revision that "
			"\"accesspolicy history\" shows. A trial is ended by it at once. The policy files stay as they are; what they say is refused by "
			"\"accesspolicy apply\" until it changes. The status is 0 for done, 1 for refused or failed.",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};

	return ap_applying_revision_command(context, &usage, argc, argv, &given, ap_rollback);
}
