/* Feeds: an IP entry a line, "#" and ";" start comments. */
#include "reader.h"

#include "../login/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { FAULTS_SHOWN = 20, WARNINGS_SHOWN = 3 };

typedef struct {
	ap_reader *reader;
	ap_network_def *network;
	ap_file_faults errors;
	ap_file_faults warnings;
} feed;

static void complain(feed *f, unsigned line, const char *entry, ap_range_fault fault, const ap_range *range)
{
	bool is_warning = fault == AP_RANGE_HOST_BITS;
	ap_range_complaint complaint;

	if (!ap_file_faults_next(is_warning ? &f->warnings : &f->errors, line))
		return;
	complaint = ap_range_complaint_of(fault, entry, range);
	if (entry[0] == '@' || strcmp(entry, "local") == 0)
		ap_diagnostics_add(f->reader->diagnostics, AP_ERROR, f->network->feed.text, line,
				   "\"%s\" cannot stand in a feed; "
				   "expected an address, first-last or a network such as 192.0.2.0/24",
				   complaint.shown);
	else
		ap_diagnostics_add(f->reader->diagnostics, is_warning ? AP_WARNING : AP_ERROR, f->network->feed.text,
				   line, "%s%s", complaint.sentence, is_warning ? ", which is used" : "");
}

/* The entry of a line, without its comment and the blanks around it. */
static char *entry_of(char *line)
{
	char *end = line + strcspn(line, "#;");

	line += strspn(line, " \t");
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (end <= line)
		return line + strlen(line);
	*end = '\0';
	return line;
}

/* The first control character of an entry, tabs aside; 0 where there is none. */
static uint32_t find_control(const char *entry)
{
	size_t size = strlen(entry);
	uint32_t code;

	for (size_t n; size > 0 && (n = ap_utf8_sequence(entry, size, &code)) > 0; entry += n, size -= n)
		if (code != '\t' && ap_utf8_is_control(code))
			return code;
	return 0;
}

/* A carriage return alone may be the line's end that somebody meant: nothing behind it may be dropped silently. */
static void complain_of_control(feed *f, unsigned line, const char *entry, uint32_t code)
{
	ap_range_complaint complaint;

	if (!ap_file_faults_next(&f->errors, line))
		return;
	complaint = ap_range_complaint_of(AP_RANGE_NOT_ADDRESS, entry, NULL);
	ap_diagnostics_add(f->reader->diagnostics, AP_ERROR, f->network->feed.text, line,
			   "\"%s\" has a control character in it (U+%04X); "
			   "expected an address, first-last or a network such as 192.0.2.0/24, and a newline behind it",
			   complaint.shown, (unsigned)code);
}

static void read_entry(feed *f, char *line, unsigned number)
{
	const char *entry = entry_of(line);
	uint32_t control;
	ap_range range;
	ap_range_fault fault;

	if (*entry == '\0')
		return;
	control = find_control(entry);
	if (control != 0) {
		complain_of_control(f, number, entry, control);
		return;
	}
	fault = ap_range_parse(entry, &range);
	if (fault != AP_RANGE_OK)
		complain(f, number, entry, fault, &range);
	if (fault == AP_RANGE_OK || fault == AP_RANGE_HOST_BITS)
		f->network->ranges[f->network->n_ranges++] = range;
}

static size_t count_lines(const char *text, const char *end)
{
	size_t n = 0;

	while ((text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
		text++;
		n++;
	}
	return n;
}

static void read_lines(feed *f, char *text, const char *end)
{
	const char *start = text;

	for (unsigned number = 1; text < end; number++) {
		char *newline = memchr(text, '\n', (size_t)(end - text));

		ap_tell_line(f->reader, f->network->feed.text, number, (size_t)(text - start), (size_t)(end - start));

		*newline = '\0';
		if (newline > text && newline[-1] == '\r')
			newline[-1] = '\0';
		read_entry(f, text, number);
		text = newline + 1;
	}
}

void ap_read_feed(ap_reader *reader, ap_network_def *network)
{
	const char *path = network->feed.text;
	feed f = { .reader = reader, .network = network };
	size_t size;
	char *text = ap_read_data_file(reader, AP_SOURCE_FEED, path, network->feed.place, &size);

	if (text == NULL)
		return;
	f.errors = (ap_file_faults){ .reader = reader, .file = path, .severity = AP_ERROR, .shown_max = FAULTS_SHOWN };
	f.warnings =
		(ap_file_faults){ .reader = reader, .file = path, .severity = AP_WARNING, .shown_max = WARNINGS_SHOWN };
	network->ranges =
		ap_arena_alloc(reader->arena, (count_lines(text, text + size) + 1) * sizeof(*network->ranges));
	read_lines(&f, text, text + size);
	free(text);
	ap_note_entries(reader, network->n_ranges);
	ap_file_faults_end(&f.errors);
	ap_file_faults_end(&f.warnings);
	if (network->n_ranges == 0 && f.errors.n == 0 && !network->may_be_empty)
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, path, 0,
				   "the feed holds no entry; mend it, or write may_be_empty = true in %s:%u",
				   network->place.file, network->place.line);
}
