#include "pam_text.h"

#include <string.h>

/* libpam has a line, with those that continue it, in so many bytes, the NUL behind it among them. */
enum { LINE_ROOM = 1024 };

static const char blanks[] = " \t\n";

/* As much of the file's line as fits into `room` with a NUL byte; what does not is taken for the next line. */
static size_t physical_length(const char *at, size_t room)
{
	size_t length = 0;

	/* byte by byte: to look for the newline, or the end, of a line of megabytes for each piece of it takes minutes */
	while (length < room - 1 && at[length] != '\0')
		if (at[length++] == '\n')
			break;
	return length;
}

/* How many of the piece's first bytes are blanks; the text behind it may go on with them. */
static size_t blanks_before(const char *piece, size_t length)
{
	size_t n = 0;

	while (n < length && strchr(blanks, piece[n]) != NULL)
		n++;
	return n;
}

static void advance(ap_pam_text *text, size_t length)
{
	if (length > 0 && text->at[length - 1] == '\n')
		text->line++;
	text->at += length;
}

/* True if the piece ends in a backslash, blanks aside; its place in *ret_at. */
static bool is_continued(const char *piece, size_t length, size_t *ret_at)
{
	while (length > 0 && strchr(blanks, piece[length - 1]) != NULL)
		length--;
	*ret_at = length - 1;
	return length > 0 && piece[length - 1] == '\\';
}

ap_pam_text_result ap_pam_text_next(ap_arena *arena, ap_pam_text *text, char **ret_line, unsigned *ret_number)
{
	char line[LINE_ROOM];
	size_t used = 0;

	*ret_number = text->line;
	for (;;) {
		size_t length, begins, backslash;
		const char *piece = text->at, *comment;

		if (*piece == '\0' && used == 0)
			return AP_PAM_TEXT_END;
		/* with one byte of room libpam would read nothing, again and again */
		if (*piece == '\0' || LINE_ROOM - used < 2)
			return AP_PAM_TEXT_BROKEN;
		if (used == 0)
			*ret_number = text->line;
		length = physical_length(piece, LINE_ROOM - used);
		advance(text, length);
		begins = blanks_before(piece, length);
		if (begins >= length || piece[begins] == '#')
			continue; /* nothing in it: what it stands between belongs together */
		comment = memchr(piece, '#', length);
		if (comment == NULL && is_continued(piece, length, &backslash)) {
			memcpy(line + used, piece, backslash);
			used += backslash;
			line[used++] = ' ';
			continue;
		}
		length = comment != NULL ? (size_t)(comment - piece) : length;
		memcpy(line + used, piece, length);
		*ret_line = ap_arena_strndup(arena, line, used + length);
		return AP_PAM_TEXT_LINE;
	}
}

/* Behind "[": up to the first "]" that no backslash stands before. Returns the place of that, or of the end. */
static char *cut_bracketed(char *word)
{
	char *to = word, *from = word;

	while (*from != '\0' && *from != ']') {
		if (from[0] == '\\' && from[1] == ']')
			from++;
		*to++ = *from++;
	}
	if (to != from)
		*to = '\0';
	return from;
}

char *ap_pam_word(char **rest)
{
	char *word = *rest, *end;

	if (word == NULL)
		return NULL;
	word += strspn(word, blanks);
	if (*word == '\0') {
		*rest = NULL;
		return NULL;
	}
	if (*word == '[')
		end = cut_bracketed(++word);
	else
		end = word + strcspn(word, blanks);
	if (*end != '\0')
		*end++ = '\0';
	*rest = *end != '\0' ? end : NULL;
	return word;
}
