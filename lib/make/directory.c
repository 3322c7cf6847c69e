/* Directory files: member,department a line (RFC 4180), of which there may be a million. */
#include "reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIELDS = 2, FAULTS_SHOWN = 20 };

typedef struct {
	ap_reader *reader;
	const char *file;
	ap_file_faults faults;
	size_t n_members;
	const char *last_department; /* rows of one department mostly stand together */
	uint32_t last_number;
} directory;

/*
 * Takes a field off *at, in place, and moves *at behind its comma, or to NULL at the end of the line. Returns the
 * field; NULL with *ret_fault where it is not one.
 */
static char *take_field(char **at, const char **ret_fault)
{
	char *field = *at, *from = *at, *to;
	char end;

	if (*from != '"') {
		from += strcspn(from, ",\"");
		if (*from == '"') {
			*ret_fault = "found a double quote within a field; "
				     "expected the whole field in quotes, and \"\" for each quote in it";
			return NULL;
		}
		*at = *from == ',' ? from + 1 : NULL;
		*from = '\0';
		return field;
	}
	to = field;
	for (from++; *from != '\0' && (from[0] != '"' || from[1] == '"'); from++) {
		*to++ = *from;
		if (*from == '"')
			from++;
	}
	if (*from == '\0') {
		*ret_fault = "found a field whose quotes have no end; expected a record of one line";
		return NULL;
	}
	end = from[1];
	if (end != ',' && end != '\0') {
		*ret_fault = "found text behind a field's quotes; expected \",\" or the end of the line";
		return NULL;
	}
	*at = end == ',' ? from + 2 : NULL;
	*to = '\0';
	return field;
}

static const char *take_record(char *line, char *fields[FIELDS])
{
	const char *fault = NULL;
	char *at = line;
	int n = 0;

	if (*line == '\0')
		return "found an empty line, expected member,department";
	while (at != NULL && n < FIELDS) {
		fields[n] = take_field(&at, &fault);
		if (fields[n] == NULL)
			return fault;
		n++;
	}
	if (n < FIELDS)
		return "found one field, expected member,department";
	return at != NULL ? "found more than two fields, expected member,department" : NULL;
}

static uint32_t number_of(directory *d, const char *department, unsigned line)
{
	ap_policy_set *set = d->reader->set;

	if (d->last_department == NULL || strcmp(d->last_department, department) != 0) {
		d->last_number = ap_department_number(d->reader, department);
		d->last_department = set->departments[d->last_number].name;
		if (set->departments[d->last_number].place.line == 0)
			set->departments[d->last_number].place = (ap_place){ .file = d->file, .line = line };
	}
	return d->last_number;
}

static void add_member(directory *d, const char *member, const char *department, unsigned line)
{
	ap_policy_set *set = d->reader->set;
	ap_membership *membership = AP_PUSH(d->reader->arena, set->memberships, set->n_memberships);

	membership->member = ap_arena_strdup(d->reader->arena, member);
	membership->department = number_of(d, department, line);
	d->n_members++;
}

static void complain(directory *d, unsigned line, const char *field, const char *fault)
{
	ap_place place = { .file = d->file, .line = line };

	d->reader->departments_incomplete = true;
	if (!ap_file_faults_next(&d->faults, line))
		return;
	if (field != NULL)
		AP_COMPLAIN(d->reader, place, "%s %s", AP_SHOWN(field), fault);
	else
		AP_COMPLAIN(d->reader, place, "%s", fault);
}

static void read_record(directory *d, char *line, unsigned number)
{
	char *fields[FIELDS];
	const char *fault = take_record(line, fields);
	const char *department_fault;

	if (fault != NULL) {
		complain(d, number, NULL, fault);
		return;
	}
	if (number == 1 && strcasecmp(fields[0], "member") == 0 && strcasecmp(fields[1], "department") == 0)
		return;
	fault = ap_member_fault(fields[0]);
	if (fault != NULL)
		complain(d, number, fields[0], fault);
	department_fault = d->last_department != NULL && strcmp(d->last_department, fields[1]) == 0
				   ? NULL
				   : ap_department_fault(fields[1]);
	if (department_fault != NULL)
		complain(d, number, fields[1], department_fault);
	if (fault == NULL && department_fault == NULL)
		add_member(d, fields[0], fields[1], number);
}

/* `text` ends in a newline. */
static void read_records(directory *d, char *text, const char *end)
{
	const char *start = text;

	for (unsigned number = 1; text < end; number++) {
		char *newline = memchr(text, '\n', (size_t)(end - text));

		ap_tell_line(d->reader, d->file, number, (size_t)(text - start), (size_t)(end - start));

		*newline = '\0';
		if (newline > text && newline[-1] == '\r')
			newline[-1] = '\0';
		read_record(d, text, number);
		text = newline + 1;
	}
}

static void read_file(ap_reader *reader, const ap_text *listed)
{
	directory d = { .reader = reader, .file = listed->text };
	size_t size;
	char *text = ap_read_data_file(reader, AP_SOURCE_DIRECTORY, listed->text, listed->place, &size);

	if (text == NULL) {
		reader->departments_incomplete = true;
		return;
	}
	d.faults =
		(ap_file_faults){ .reader = reader, .file = d.file, .severity = AP_ERROR, .shown_max = FAULTS_SHOWN };
	read_records(&d, text, text + size);
	free(text);
	ap_note_entries(reader, d.n_members);
	ap_file_faults_end(&d.faults);
	if (d.n_members == 0 && d.faults.n == 0)
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, d.file, 0,
				   "the directory file holds no members; expected member,department in each line");
}

void ap_read_directory_files(ap_reader *reader)
{
	const ap_list *files = &reader->set->directory;

	for (size_t i = 0; i < files->n; i++)
		read_file(reader, &files->items[i]);
}
