/* accesspolicy check - what is wrong with the files, what no longer holds, and what was probably not meant. */
#include "examination.h"
#include "in_force.h"
#include "jsontext.h"
#include "options.h"
#include "report.h"

#include <string.h>

enum { DETAIL_INDENT = 4 };

typedef struct {
	const char *draft;
	const char *as;
	bool strict;
} check_options;

static int status_of(const ap_examination *result, bool strict)
{
	if (result->image == NULL)
		return AP_EXIT_POLICY;
	if (result->n_failed > 0)
		return AP_EXIT_NO;
	return strict && result->problems.n_warnings + result->findings.n_warnings > 0 ? AP_EXIT_NO : AP_EXIT_YES;
}

/* "2 errors, 1 warning": what there is of either. */
static const char *counted(ap_context *context, const char *text, size_t n, const char *one, const char *many)
{
	if (n == 0)
		return text;
	return ap_format(context->arena, "%s%s%s", text, text[0] != '\0' ? ", " : "",
			 ap_count_text(context->arena, n, one, many));
}

static const char *contents_text(ap_context *context, const ap_policy_set *set)
{
	const char *text = counted(context, "", set->n_policies, "policy", "policies");

	text = counted(context, text, set->n_departments, "department", "departments");
	text = counted(context, text, set->n_networks, "network", "networks");
	text = counted(context, text, set->n_exceptions, "exception", "exceptions");
	text = counted(context, text, set->n_assertions, "assertion", "assertions");
	return ap_format(context->arena, "%s in %s", text,
			 ap_count_text(context->arena, set->n_files, "file", "files"));
}

static void write_summary(ap_context *context, const ap_examination *result)
{
	const char *problems = counted(context, "", result->problems.n_errors, "error", "errors");
	bool good = result->image != NULL && result->n_failed == 0;
	const char *verdict = result->image == NULL ? "not valid" : good ? "valid" : "valid, but not as asserted";
	const char *text;

	if (result->n_failed > 0)
		problems =
			ap_format(context->arena, "%zu of %s failed", result->n_failed,
				  ap_count_text(context->arena, result->set->n_assertions, "assertion", "assertions"));
	problems = counted(context, problems, result->problems.n_warnings, "warning", "warnings");
	problems = counted(context, problems, result->findings.n_warnings, "finding", "findings");
	text = result->image == NULL ? ap_format(context->arena, ": %s; the files are not used", problems)
				     : ap_format(context->arena, ": %s%s%s", contents_text(context, result->set),
						 problems[0] != '\0' ? "; " : "", problems);
	ap_paint_pieces(context->arena, &context->screen,
			(const ap_piece[]){ { good ? AP_GREEN : AP_RED, verdict }, { AP_PLAIN, text } }, 2,
			DETAIL_INDENT);
}

static void write_text(ap_context *context, const ap_examination *result, bool compare)
{
	ap_write_findings(context, &result->problems, "warning");
	ap_write_findings(context, &result->failed, "warning");
	ap_write_findings(context, &result->findings, "finding");
	write_summary(context, result);
	if (compare)
		ap_in_force_note(context);
}

static json_t *diagnostics_json(ap_context *context, const ap_diagnostics *list, ap_severity severity)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].severity == severity)
			ap_json_append(array, ap_report_json(context->arena, &list->items[i]));
	return array;
}

static void write_json(ap_context *context, const ap_examination *result, bool compare)
{
	json_t *object = ap_json_object();
	json_t *assertions = ap_json_object();

	ap_json_set(object, "valid", json_boolean(result->image != NULL));
	ap_json_set(object, "errors", diagnostics_json(context, &result->problems, AP_ERROR));
	ap_json_set(object, "warnings", diagnostics_json(context, &result->problems, AP_WARNING));
	ap_json_set(object, "findings", diagnostics_json(context, &result->findings, AP_WARNING));
	ap_json_set(assertions, "run", json_integer(result->image != NULL ? (json_int_t)result->set->n_assertions : 0));
	ap_json_set(assertions, "failed", diagnostics_json(context, &result->failed, AP_ERROR));
	ap_json_set(object, "assertions", assertions);
	ap_json_set(object, "differs", compare ? ap_in_force_json(context) : json_null());
	ap_json_write(object);
}

static int check(ap_context *context, const check_options *given)
{
	const ap_load_options options = { .config = ap_context_config(context),
					  .regions_must_be_known = true,
					  .draft = given->draft,
					  .draft_as = given->as };
	ap_examination result = { 0 };
	int status;

	ap_examine(&options, &result);
	if (context->json)
		write_json(context, &result, given->draft == NULL);
	else
		write_text(context, &result, given->draft == NULL);
	status = status_of(&result, given->strict);
	ap_examination_clear(&result);
	return status;
}

int ap_cmd_check(ap_context *context, int argc, char **argv)
{
	check_options given = { 0 };
	const ap_option options[] = {
		{ .name = "draft",
		  .value = "FILE",
		  .help = "with the policies of this file in place of those of the same names",
		  .text = &given.draft },
		{ .name = "as",
		  .value = "NAME",
		  .help = "with --draft: as if the file were saved under this name",
		  .text = &given.as },
		{ .name = "strict", .help = "status 1 if there are warnings or findings", .flag = &given.strict },
	};
	const ap_usage usage = {
		.command = "check",
		.synopsis = "[--draft FILE [--as NAME]] [--strict]",
		.description =
			"Reads the files, evaluates the assertions, and reports every error, and what is valid but\n"
			"probably not meant (findings). "
			"The status is 0 for valid, 1 where an assertion failed or, with\n"
			"--strict, anything was reported, 3 where the files make no policy.",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	int status;

	if (!ap_options_parse_alone(context, &usage, argc, argv, &status))
		return status;
	if (given.as != NULL && given.draft == NULL)
		return ap_usage_error(&usage, "--as is the name for a draft; --draft FILE is missing");
	if (given.as != NULL && !ap_load_can_save_as(ap_context_config(context), given.as))
		return ap_usage_error(&usage,
				      "--as %s: a draft cannot be saved so; expected the root file's own name, or a "
				      "drop-in such as conf.d/50-name.conf",
				      ap_printable(context->arena, given.as));
	return check(context, &given);
}
