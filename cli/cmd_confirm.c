/* accesspolicy confirm - keeps the policy that is in force on trial. */
#include "applied_report.h"
#include "applying.h"
#include "nss_cache.h"
#include "options.h"

static int confirm(ap_context *context, ap_apply_options *options, const char *revision)
{
	ap_apply_result result;
	int status;

	ap_applying_complete(context, options);
	options->nss = ap_nss_cache_begin(&ap_nss_system);
	ap_confirm(options, revision, context->arena, &result);
	ap_nss_cache_end();
	ap_applying_log_forced(options, &result);
	status = ap_applied_report(context, options, &result, "confirm");
	ap_apply_result_clear(&result);
	return status;
}

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
	revision = first < argc ? argv[first] : NULL;
	if (argc - first > 1)
		return ap_usage_error(&usage, "unexpected \"%s\"", ap_printable(context->arena, argv[first + 1]));
	if (revision != NULL && !ap_applying_is_revision(revision))
		return ap_applying_not_a_revision(context, &usage, revision);
	return confirm(context, &given, revision);
}
