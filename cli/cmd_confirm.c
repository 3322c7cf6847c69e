/* accesspolicy confirm - keeps the policy that is in force on trial. */
#include "applying.h"
#include "options.h"

int ap_cmd_confirm(ap_context *context, int argc, char **argv)
{
	ap_apply_options given = { 0 };
	const ap_option options[] = {
		{ .name = "force",
		  .help = "go over a failed assertion, or somebody who would be locked out",
		  .flag = &given.force },
	};
	const ap_usage usage = {
		.command = "confirm",
		.synopsis = "[REVISION] [--force]",
		.description =
			"Keeps the policy that \"accesspolicy apply --trial\" has put in force, which would end by "
			"itself otherwise; with a revision, if it is that. The status is 0 for done, 1 where no "
			"trial is running, where it is of another revision, where it is refused, or where that failed.",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	const char *revision;
	int first, status;

	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	status = ap_applying_take_revision(context, &usage, argc - first, argv + first, &revision);
	if (status != AP_EXIT_YES)
		return status;
	return ap_applying_run_revision(context, &given, ap_confirm, revision, "confirm");
}
