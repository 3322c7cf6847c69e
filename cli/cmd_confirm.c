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

	return ap_applying_revision_command(context, &usage, argc, argv, &given, ap_confirm);
}
