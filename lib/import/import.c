/* Which formats there are, and what every import has in common. */
#include "import.h"

#include "../login/text.h"
#include "../login/utf8.h"
#include "../make/names.h"
#include "../make/reader.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const ap_import_format ap_import_formats[] = {
	{ "access.conf", "pam_access", ap_import_access_conf },
	{ "geoip.conf", "pam_geoip", ap_import_geoip_conf },
	{ "allow_nets", "Dovecot", ap_import_allow_nets },
	{ "predecessors", "the feature", ap_import_predecessors },
	{ NULL, NULL, NULL },
};

const ap_import_format *ap_import_format_find(const char *name)
{
	for (const ap_import_format *format = ap_import_formats; format->name != NULL; format++)
		if (strcmp(format->name, name) == 0)
			return format;
	return NULL;
}

/*
 * Texts
 */

const char *ap_import_trimmed(ap_arena *arena, const char *start, size_t length)
{
	while (length > 0 && isspace((unsigned char)start[0]))
		start++, length--;
	while (length > 0 && isspace((unsigned char)start[length - 1]))
		length--;
	return ap_arena_strndup(arena, start, length);
}

const char *ap_import_shown(ap_arena *arena, const char *text, size_t most)
{
	char *shown;

	if (strlen(text) < most && !ap_utf8_has_control(text))
		return ap_arena_strdup(arena, text);
	shown = ap_arena_alloc(arena, most + 8);
	(void)ap_text_escape(text, shown, most + 8);
	return shown;
}

const char *ap_import_origin(ap_arena *arena, const char *format, unsigned line, const char *text)
{
	return ap_import_shown(arena, ap_format(arena, "%s line %u: %s", format, line, text), AP_COMMENT_MAX - 16);
}

/*
 * Notes
 */

void ap_import_add_note(ap_arena *arena, ap_import *import, ap_import_severity severity, unsigned line,
			const char *text, const char *format, ...)
{
	enum { SHOWN_MAX = 200 };
	va_list arguments;
	const char *reason;

	va_start(arguments, format);
	reason = ap_vformat(arena, format, arguments);
	va_end(arguments);
	*AP_PUSH(arena, import->notes, import->n_notes) =
		(ap_import_note){ .severity = severity,
				  .line = line,
				  .text = text != NULL ? ap_import_shown(arena, text, SHOWN_MAX) : NULL,
				  .reason = ap_import_shown(arena, reason, strlen(reason) * 4) };
}

size_t ap_import_count(const ap_import *import, ap_import_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < import->n_notes; i++)
		n += import->notes[i].severity == severity;
	return n;
}

/* Those of the file as a whole stand last: they are what the lines have in common. */
static bool stands_behind(const ap_import_note *a, const ap_import_note *b)
{
	return a->line == 0 ? b->line != 0 : b->line != 0 && a->line > b->line;
}

/* Stable; they come sorted, or nearly so. */
static void sort_notes(ap_import *import)
{
	for (size_t i = 1; i < import->n_notes; i++) {
		ap_import_note note = import->notes[i];
		size_t k = i;

		for (; k > 0 && stands_behind(&import->notes[k - 1], &note); k--)
			import->notes[k] = import->notes[k - 1];
		import->notes[k] = note;
	}
}

/*
 * Names
 */

/* Names that are taken; and of each that was taken again the number that was tried last, so that none is tried twice. */
typedef struct {
	ap_arena *arena;
	ap_names *names;
	ap_names *numbered; /* numbers: indices of `last` */
	unsigned *last;
	size_t n_last;
} taken_names;

static taken_names taken_names_new(ap_arena *arena)
{
	return (taken_names){ .arena = arena, .names = ap_names_new(arena), .numbered = ap_names_new(arena) };
}

static unsigned *last_number(taken_names *taken, const char *name)
{
	const char *key = ap_lower_copy(taken->arena, name);
	uint32_t index = ap_names_find(taken->numbered, key);

	if (index == AP_NONE) {
		index = (uint32_t)taken->n_last;
		ap_names_put(taken->numbered, key, index);
		*AP_PUSH(taken->arena, taken->last, taken->n_last) = 1;
	}
	return &taken->last[index];
}

/* The name, or with a number behind it where it is taken; what is found is taken from now on. */
static const char *take_name(taken_names *taken, const char *name)
{
	enum { ROOM_FOR_NUMBER = 16 };
	const char *key = ap_lower_copy(taken->arena, name), *short_name = name;
	unsigned *number;

	if (ap_names_find(taken->names, key) != AP_NONE) {
		if (strlen(name) > AP_NAME_MAX - ROOM_FOR_NUMBER)
			short_name = ap_import_shown(taken->arena, name, AP_NAME_MAX - 2 * ROOM_FOR_NUMBER);
		number = last_number(taken, short_name);
		do {
			name = ap_format(taken->arena, "%s (%u)", short_name, ++*number);
			key = ap_lower_copy(taken->arena, name);
		} while (ap_names_find(taken->names, key) != AP_NONE);
	}
	ap_names_put(taken->names, key, 0);
	return name;
}

static void take(taken_names *taken, const char *name)
{
	const char *key = ap_lower_copy(taken->arena, name);

	if (ap_names_find(taken->names, key) == AP_NONE)
		ap_names_put(taken->names, key, 0);
}

/* Exceptions refer to policies of the import alone. */
static void rename_in_exceptions(ap_import *import, const char *before, const char *after)
{
	for (size_t i = 0; i < import->n_exceptions; i++) {
		ap_words *policies = &import->exceptions[i].policies;

		for (size_t k = 0; k < policies->n; k++)
			if (strcmp(policies->items[k], before) == 0)
				policies->items[k] = after;
	}
}

static void make_names_unique(const ap_import_source *source, ap_import *import)
{
	taken_names policies = taken_names_new(source->arena), exceptions = taken_names_new(source->arena);

	for (size_t i = 0; source->set != NULL && i < source->set->n_policies; i++)
		take(&policies, source->set->policies[i].name);
	for (size_t i = 0; source->set != NULL && i < source->set->n_exceptions; i++)
		take(&exceptions, source->set->exceptions[i].name);
	for (size_t i = 0; i < import->n_policies; i++) {
		const char *before = import->policies[i].name;

		import->policies[i].name = take_name(&policies, before);
		if (import->policies[i].name != before)
			rename_in_exceptions(import, before, import->policies[i].name);
	}
	for (size_t i = 0; i < import->n_exceptions; i++)
		import->exceptions[i].name = take_name(&exceptions, import->exceptions[i].name);
}

/* No format has them, and an importer must not stop at one. False, with an error, where there is one. */
static bool has_no_nul(const ap_import_source *source, ap_import *import)
{
	const char *nul = memchr(source->text, '\0', source->size);
	unsigned line = 1;

	for (const char *at = source->text; nul != NULL && at < nul; at++)
		line += *at == '\n';
	if (nul != NULL)
		ap_import_add_note(source->arena, import, AP_IMPORT_ERROR, line, NULL,
				   "there is a NUL byte in the line; expected text");
	return nul == NULL;
}

/* The importers leave to the denying side what a policy cannot judge. */
static void check_undetermined(const ap_import_source *source, ap_import *import)
{
	if (source->set != NULL && source->set->undetermined_allows && import->n_policies > 0)
		ap_import_add_note(
			source->arena, import, AP_IMPORT_DIFFERENCE, 0, NULL,
			"undetermined = \"allow\" in the policy files lets in whom a policy cannot judge, and the "
			"import counts on \"deny\": a login whose address or group is unknown is let in");
}

void ap_import_read(const ap_import_format *format, const ap_import_source *source, ap_import *ret_import)
{
	*ret_import = (ap_import){ .remark = NULL };
	if (has_no_nul(source, ret_import))
		format->read(source, ret_import);
	check_undetermined(source, ret_import);
	sort_notes(ret_import);
	if (ap_import_count(ret_import, AP_IMPORT_ERROR) == 0)
		make_names_unique(source, ret_import);
}
