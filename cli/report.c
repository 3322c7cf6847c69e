#include "report.h"

#include "../lib/doctor/text_parts.h"
#include "jsontext.h"

#include <string.h>

const char *ap_place_text(ap_arena *arena, const char *file, unsigned line)
{
	const char *safe = ap_printable(arena, file);

	return line != 0 ? ap_format(arena, "%s:%u", safe, line) : safe;
}

const char *ap_shell_word(ap_arena *arena, const char *text)
{
	return ap_text_shell_word(arena, ap_printable(arena, text));
}

const char *ap_count_text(ap_arena *arena, size_t n, const char *one, const char *many)
{
	return ap_format(arena, "%zu %s", n, n == 1 ? one : many);
}

const char *ap_span_text(ap_arena *arena, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *one, *many;
	} units[] = { { 86400, "day", "days" }, { 3600, "hour", "hours" }, { 60, "minute", "minutes" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (seconds >= units[i].seconds)
			return ap_count_text(arena, (size_t)(seconds / units[i].seconds), units[i].one, units[i].many);
	return "less than a minute";
}

static json_t *problem(ap_arena *arena, const char *file, unsigned line, const char *message, bool is_error)
{
	json_t *object = ap_json_object();

	ap_json_set(object, "file", ap_json_name(arena, file));
	ap_json_set(object, "line", ap_json_line(line));
	ap_json_set(object, "message", ap_json_text(arena, message));
	ap_json_set(object, "severity", ap_json_text(arena, is_error ? "error" : "warning"));
	return object;
}

json_t *ap_report_json(ap_arena *arena, const ap_diagnostic *diagnostic)
{
	return problem(arena, diagnostic->file, diagnostic->line, diagnostic->message,
		       diagnostic->severity == AP_ERROR);
}

json_t *ap_report_error_json(ap_arena *arena, const ap_error *error)
{
	return problem(arena, error->file, error->line, error->message, true);
}

static void write_errors(json_t *errors)
{
	json_t *object = ap_json_object();

	ap_json_set(object, "errors", errors);
	ap_json_write(object);
}

int ap_report_diagnostics(ap_context *context, const ap_diagnostics *diagnostics)
{
	ap_arena *arena = context->arena;
	json_t *errors = ap_json_array();

	for (size_t i = 0; i < diagnostics->n; i++) {
		const ap_diagnostic *item = &diagnostics->items[i];

		fprintf(stderr, "%s: %s%s\n", ap_place_text(arena, item->file, item->line),
			item->severity == AP_WARNING ? "warning: " : "", ap_printable(arena, item->message));
		ap_json_append(errors, ap_report_json(arena, item));
	}
	fprintf(stderr, "%s%s%s: the policy cannot be read\n",
		ap_count_text(arena, diagnostics->n_errors, "error", "errors"), diagnostics->n_warnings > 0 ? ", " : "",
		diagnostics->n_warnings > 0 ? ap_count_text(arena, diagnostics->n_warnings, "warning", "warnings")
					    : "");
	if (context->json)
		write_errors(errors);
	else
		json_decref(errors);
	return AP_EXIT_POLICY;
}

/* `what_follows` is the closing line's; NULL: there is none. */
static void report_one(ap_context *context, const ap_error *error, const char *what_follows)
{
	ap_arena *arena = context->arena;

	if (error->file[0] != '\0')
		fprintf(stderr, "%s: ", ap_place_text(arena, error->file, error->line));
	fprintf(stderr, "%s\n", ap_printable(arena, error->message));
	if (what_follows != NULL)
		fprintf(stderr, "1 error: %s\n", what_follows);
	if (context->json) {
		json_t *errors = ap_json_array();

		ap_json_append(errors, ap_report_error_json(arena, error));
		write_errors(errors);
	}
}

int ap_report_error(ap_context *context, const ap_error *error)
{
	report_one(context, error, "the policy cannot be read");
	return AP_EXIT_POLICY;
}

void ap_report_alone(ap_context *context, const ap_error *error)
{
	report_one(context, error, NULL);
}

int ap_report_refusal(ap_context *context, const ap_error *error)
{
	report_one(context, error, "nothing is changed");
	return AP_EXIT_NO;
}
