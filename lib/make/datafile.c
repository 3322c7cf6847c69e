/* What feeds and directory files have in common: how they are read, and how much is told of what is wrong with them. */
#include "reader.h"

#include <stdlib.h>

static const size_t data_limit = (size_t)512 * 1024 * 1024;

bool ap_file_faults_next(ap_file_faults *faults, unsigned line)
{
	faults->last_line = line;
	return ++faults->n <= faults->shown_max;
}

void ap_file_faults_end(const ap_file_faults *faults)
{
	if (faults->n > faults->shown_max)
		ap_diagnostics_add(faults->reader->diagnostics, faults->severity, faults->file, faults->last_line,
				   "and %u more lines like those above", faults->n - faults->shown_max);
}

char *ap_read_data_file(ap_reader *reader, ap_source_kind kind, const char *path, ap_place place, size_t *ret_size)
{
	ap_error error;
	char *text;

	if (ap_reader_read(reader, path, data_limit, &text, ret_size, &error) != AP_OK) {
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, path, 0, "%s; %s:%u names it", error.message,
				   place.file, place.line);
		return NULL;
	}
	if (!ap_rawtext_check_lines(path, text, *ret_size, reader->diagnostics)) {
		free(text);
		return NULL;
	}
	ap_note_source(reader, kind, path, text, *ret_size);
	return text;
}

void ap_note_entries(ap_reader *reader, size_t n)
{
	reader->set->sources[reader->last_source].n = n;
}

void ap_tell_line(const ap_reader *reader, const char *file, unsigned line, size_t done, size_t size)
{
	if (line % 4096 == 0)
		ap_progress_tell(reader->progress, "reading", file, done, size);
}
