#include "diagnostics.h"

#include "../login/utf8.h"
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 1536, ESCAPE_MAX = 4 /* "\xHH" */ };

static void *checked(void *memory)
{
	if (memory == NULL)
		ap_out_of_memory();
	return memory;
}

/* A copy without control characters and broken UTF-8, which become \xHH. */
static char *printable(const char *text)
{
	size_t size = strlen(text);
	char *copy = checked(malloc(size * ESCAPE_MAX + 1));
	char *end = copy;

	while (size > 0) {
		uint32_t code = 0;
		size_t n = ap_utf8_sequence(text, size, &code), i;
		bool escaped = n == 0 || ap_utf8_is_control(code);

		n = n == 0 ? 1 : n;
		for (i = 0; i < n; i++) {
			if (escaped)
				end += sprintf(end, "\\x%02x", (unsigned)(unsigned char)text[i]);
			else
				*end++ = text[i];
		}
		text += n;
		size -= n;
	}
	*end = '\0';
	return copy;
}

void ap_diagnostics_add(ap_diagnostics *diagnostics, ap_severity severity, const char *file, unsigned line,
			const char *format, ...)
{
	char message[MESSAGE_MAX];
	ap_diagnostic *item;
	size_t *count = severity == AP_ERROR ? &diagnostics->n_errors : &diagnostics->n_warnings;
	va_list args;

	if ((*count)++ >= AP_DIAGNOSTICS_MAX)
		return;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (diagnostics->n % 64 == 0)
		diagnostics->items =
			checked(realloc(diagnostics->items, (diagnostics->n + 64) * sizeof(*diagnostics->items)));
	item = &diagnostics->items[diagnostics->n++];
	*item = (ap_diagnostic){ .severity = severity, .line = line };
	item->file = printable(file);
	item->message = printable(message);
}

typedef struct {
	ap_diagnostic diagnostic;
	size_t file_rank; /* the first item of the same file */
	size_t added;
} sortable;

static int compare(const void *left, const void *right)
{
	const sortable *a = left, *b = right;

	if (a->file_rank != b->file_rank)
		return a->file_rank < b->file_rank ? -1 : 1;
	if (a->diagnostic.line != b->diagnostic.line)
		return a->diagnostic.line < b->diagnostic.line ? -1 : 1;
	return a->added < b->added ? -1 : 1;
}

/* Bounded by AP_DIAGNOSTICS_MAX, so comparing each with each is fine. */
static size_t rank_of_file(const ap_diagnostics *diagnostics, size_t item)
{
	size_t i;

	for (i = 0; i < item; i++)
		if (strcmp(diagnostics->items[i].file, diagnostics->items[item].file) == 0)
			break;
	return i;
}

void ap_diagnostics_sort(ap_diagnostics *diagnostics)
{
	sortable *rows;

	if (diagnostics->n < 2)
		return;
	rows = checked(calloc(diagnostics->n, sizeof(*rows)));
	for (size_t i = 0; i < diagnostics->n; i++)
		rows[i] = (sortable){ diagnostics->items[i], rank_of_file(diagnostics, i), i };
	qsort(rows, diagnostics->n, sizeof(*rows), compare);
	for (size_t i = 0; i < diagnostics->n; i++)
		diagnostics->items[i] = rows[i].diagnostic;
	free(rows);
}

void ap_diagnostics_clear(ap_diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->n; i++) {
		free(diagnostics->items[i].file);
		free(diagnostics->items[i].message);
	}
	free(diagnostics->items);
	memset(diagnostics, 0, sizeof(*diagnostics));
}
