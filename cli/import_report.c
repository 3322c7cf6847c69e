#include "import_report.h"

#include "jsontext.h"
#include "report.h"

#include <string.h>

static const char *const severities[] = { "note", "difference", "error" };

/*
 * For a person
 */

static void write_note(ap_context *context, const char *file, const ap_import_note *note)
{
	static const ap_colour colours[] = { AP_DIM, AP_YELLOW, AP_RED };
	enum { INDENT = 4 };
	const char *word = severities[note->severity];

	printf("%s: ", ap_place_text(context->arena, file, note->line));
	ap_paint(&context->screen, colours[note->severity], word, strlen(word));
	printf("%s%s\n", note->text != NULL ? ": " : "",
	       note->text != NULL ? ap_printable(context->arena, note->text) : "");
	ap_blanks(INDENT);
	ap_paint_wrapped(&context->screen, AP_PLAIN, ap_printable(context->arena, note->reason), INDENT);
}

void ap_import_report(ap_context *context, const ap_import_format *format, const char *file, const ap_import *import)
{
	ap_arena *arena = context->arena;
	size_t n_differences = ap_import_count(import, AP_IMPORT_DIFFERENCE);

	for (size_t i = 0; i < import->n_notes; i++)
		write_note(context, file, &import->notes[i]);
	printf("%s (%s): %s %s and %s; %s\n", ap_printable(arena, file), format->name,
	       ap_count_text(arena, import->n_rules, "rule makes", "rules make"),
	       ap_count_text(arena, import->n_policies, "policy", "policies"),
	       ap_count_text(arena, import->n_exceptions, "exception", "exceptions"),
	       n_differences == 0 ? "all is carried over exactly"
				  : ap_count_text(arena, n_differences, "difference", "differences"));
}

int ap_import_report_errors(ap_context *context, const char *file, const ap_import *import)
{
	ap_diagnostics diagnostics = { 0 };

	for (size_t i = 0; i < import->n_notes; i++) {
		const ap_import_note *note = &import->notes[i];

		if (note->severity == AP_IMPORT_ERROR)
			ap_diagnostics_add(&diagnostics, AP_ERROR, file, note->line, "%s%s%s",
					   note->text != NULL ? note->text : "", note->text != NULL ? ": " : "",
					   note->reason);
	}
	for (size_t i = 0; i < diagnostics.n; i++)
		fprintf(stderr, "%s: %s\n",
			ap_place_text(context->arena, diagnostics.items[i].file, diagnostics.items[i].line),
			diagnostics.items[i].message);
	fprintf(stderr, "%s: nothing is imported\n",
		ap_count_text(context->arena, diagnostics.n_errors, "error", "errors"));
	if (context->json) {
		json_t *object = ap_json_object(), *errors = ap_json_array();

		for (size_t i = 0; i < diagnostics.n; i++)
			ap_json_append(errors, ap_report_json(context->arena, &diagnostics.items[i]));
		ap_json_set(object, "errors", errors);
		ap_json_write(object);
	}
	ap_diagnostics_clear(&diagnostics);
	return AP_EXIT_POLICY;
}

/*
 * JSON
 */

static json_t *note_json(ap_arena *arena, const ap_import_note *note)
{
	json_t *object = ap_json_object();

	ap_json_set(object, "line", ap_json_line(note->line));
	ap_json_set(object, "severity", ap_json_text(arena, severities[note->severity]));
	ap_json_set(object, "text", ap_json_text(arena, note->text));
	ap_json_set(object, "reason", ap_json_text(arena, note->reason));
	return object;
}

/* Several entries may be of one type. */
static json_t *client_types_json(ap_arena *arena, const ap_import *import)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < import->n_client_types; i++) {
		bool listed = false;

		for (size_t k = 0; k < i && !listed; k++)
			listed = strcmp(import->client_types[k].name, import->client_types[i].name) == 0;
		if (!listed)
			ap_json_append(array, ap_json_text(arena, import->client_types[i].name));
	}
	return array;
}

json_t *ap_import_json(ap_context *context, const ap_import_format *format, const char *file, const ap_import *import)
{
	ap_arena *arena = context->arena;
	json_t *object = ap_json_object(), *policies = ap_json_array(), *exceptions = ap_json_array();
	json_t *notes = ap_json_array();

	for (size_t i = 0; i < import->n_policies; i++)
		ap_json_append(policies, ap_json_text(arena, import->policies[i].name));
	for (size_t i = 0; i < import->n_exceptions; i++)
		ap_json_append(exceptions, ap_json_text(arena, import->exceptions[i].name));
	for (size_t i = 0; i < import->n_notes; i++)
		ap_json_append(notes, note_json(arena, &import->notes[i]));
	ap_json_set(object, "format", ap_json_text(arena, format->name));
	ap_json_set(object, "file", ap_json_text(arena, file));
	ap_json_set(object, "rules", json_integer((json_int_t)import->n_rules));
	ap_json_set(object, "policies", policies);
	ap_json_set(object, "exceptions", exceptions);
	ap_json_set(object, "client_types", client_types_json(arena, import));
	ap_json_set(object, "notes", notes);
	return object;
}
