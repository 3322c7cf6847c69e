/* accesspolicy show - one policy in full, and where each setting comes from. */
#include "options.h"
#include "show.h"

#include <time.h>

static int show(ap_context *context, const ap_usage *usage, const ap_subject *subject, const char *name)
{
	const ap_show shown = { .subject = subject,
				.policy = ap_policy_set_find(subject->set, name),
				.now = (int64_t)time(NULL) };
	const char **names;
	size_t n;

	if (shown.policy == NULL) {
		names = ap_subject_policies(context->arena, subject, &n);
		return ap_usage_error(usage, "unknown policy \"%s\"%s", ap_printable(context->arena, name),
				      ap_did_you_mean(context, name, names, n));
	}
	if (context->json)
		ap_show_json(context, &shown);
	else
		ap_show_text(context, &shown);
	return AP_EXIT_YES;
}

int ap_cmd_show(ap_context *context, int argc, char **argv)
{
	const ap_usage usage = {
		.command = "show",
		.synopsis = "NAME [--json]",
		.description = "Shows one policy of the files in full, and the file and line of each of its settings.",
	};
	ap_subject subject;
	int first, status;

	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	if (first == argc)
		return ap_usage_error(&usage, "the policy's name is missing");
	if (argc - first > 1)
		return ap_usage_error(&usage, "unexpected \"%s\"; a name with blanks stands in quotes",
				      ap_printable(context->arena, argv[first + 1]));
	status = ap_subject_open_files(context, NULL, NULL, &subject);
	if (status != AP_EXIT_YES)
		return status;
	status = show(context, &usage, &subject, argv[first]);
	ap_subject_close(&subject);
	return status;
}
