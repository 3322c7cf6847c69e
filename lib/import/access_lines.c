/* Which rules does a text of access.conf hold? */
#include "access.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* pam_access reads lines into so much room (BUFSIZ of glibc); what is longer is several lines to it. */
enum { LINE_ROOM = 8192 };

static void pass_over(ap_access *access, unsigned line, const char *text, const char *why)
{
	ap_import_add_note(access->arena, access->import, AP_IMPORT_NOTE, line, text,
			   "%s; pam_access passes it over and so does the import: check that nothing is missing", why);
}

/* A line without its end, which is cut into fields. */
static void read_line(ap_access *access, unsigned number, char *line)
{
	const char *fieldsep = access->source->fieldsep != NULL ? access->source->fieldsep : ":";
	const char *text = ap_arena_strdup(access->arena, line);
	char *rest, *permission = strtok_r(line, fieldsep, &rest);
	char *users = permission != NULL ? strtok_r(NULL, fieldsep, &rest) : NULL;
	char *origins = users != NULL ? strtok_r(NULL, "\n", &rest) : NULL;

	if (origins == NULL)
		pass_over(access, number, text, "the line has not the three fields permission, users and origins");
	else if (permission[0] != '+' && permission[0] != '-')
		pass_over(access, number, text, "the line begins neither with \"+\" nor with \"-\"");
	else
		*AP_PUSH(access->arena, access->rules, access->n_rules) =
			/* what stands first in the line decides, also where that is a separator that was passed over */
			(ap_access_rule){ .line = number,
					  .allows = text[0] == '+',
					  .users_field = users,
					  .origins_field = origins,
					  .text = text };
}

/* What pam_access takes for one line: `size` bytes, the newline among them. */
static void read_piece(ap_access *access, unsigned number, const char *piece, size_t size)
{
	char *line;

	if (piece[size - 1] != '\n') {
		line = ap_arena_strndup(access->arena, piece, size);
		pass_over(access, number, line,
			  size == LINE_ROOM - 1
				  ? "the line is longer than the 8190 bytes that pam_access reads; what is "
				    "behind them is a line of its own to it"
				  : "the last line has no newline");
		return;
	}
	while (size > 0 && isspace((unsigned char)piece[size - 1]))
		size--;
	if (size == 0 || piece[0] == '#')
		return;
	line = ap_arena_strndup(access->arena, piece, size);
	read_line(access, number, line);
}

void ap_access_read_lines(ap_access *access)
{
	const char *text = access->source->text, *end = text + access->source->size;
	unsigned number = 1;

	while (text < end) {
		size_t most = (size_t)(end - text) < LINE_ROOM - 1 ? (size_t)(end - text) : LINE_ROOM - 1;
		const char *newline = memchr(text, '\n', most);
		size_t size = newline != NULL ? (size_t)(newline + 1 - text) : most;

		read_piece(access, number, text, size);
		number += newline != NULL;
		text += size;
	}
}

const char *ap_access_next_word(const ap_access *access, char **rest, bool *ret_except)
{
	const char *listsep = access->source->listsep != NULL ? access->source->listsep : ", \t";
	char *word = strtok_r(NULL, listsep, rest);

	*ret_except = word != NULL && strcasecmp(word, "EXCEPT") == 0;
	return *ret_except ? NULL : word;
}
