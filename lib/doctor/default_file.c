#include "default_file.h"

#include "text_parts.h"

#include <errno.h>
#include <string.h>

#define BLANKS " \t"
#define DIGITS "0123456789"
#define NAME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_" DIGITS

/* What stands for itself in a word without quotes. */
#define BARE NAME "%+,-./:=@"

/* What is something else than a character of a word where a value becomes words: systemd heeds quotes there, a shell file names. */
#define NOT_OF_WORDS "\"'\\*?["

/* How much of a line is shown. */
#define SHOWN 60

typedef struct {
	const char *name;
	size_t name_length;
	const char *value; /* without its quotes */
	size_t value_length;
} assignment;

static bool is_name(const assignment *a, const char *name)
{
	return strlen(name) == a->name_length && strncmp(name, a->name, a->name_length) == 0;
}

/* systemd ends a comment at a carriage return, and not at the end of a line that a backslash stands before. */
static bool is_comment(const char *line, size_t length, ap_default_file_kind kind)
{
	return *line == '#' &&
	       (kind == AP_DEFAULT_FILE_OF_SH || (line[length - 1] != '\\' && memchr(line, '\r', length) == NULL));
}

/* The end of the value that starts here; NULL: it is none that is understood. A line's text ends in a newline or a NUL byte. */
static const char *take_value(const char *at, assignment *ret)
{
	bool is_quoted = *at == '"' || *at == '\'';

	ret->value = at + (is_quoted ? 1 : 0);
	ret->value_length = !is_quoted    ? strspn(at, BARE)
			    : *at == '\'' ? strcspn(ret->value, "'\n")
					  : strcspn(ret->value, "\"$`\\\n");
	if (is_quoted && ret->value[ret->value_length] != *at)
		return NULL;
	return ret->value + ret->value_length + (is_quoted ? 1 : 0);
}

/* True if nothing that counts stands behind the value. */
static bool is_end(const char *at, ap_default_file_kind kind)
{
	size_t blanks = strspn(at, BLANKS);

	return at[blanks] == '\0' || at[blanks] == '\n' ||
	       (at[blanks] == '#' && blanks > 0 && kind == AP_DEFAULT_FILE_OF_SH);
}

static const char *skip_export(const char *line)
{
	size_t length = strlen("export"), blanks;

	if (strncmp(line, "export", length) != 0 || (blanks = strspn(line + length, BLANKS)) == 0)
		return line;
	return line + length + blanks;
}

/* systemd reads no file with a value that is not UTF-8, and splits words at control characters too. */
static bool is_ascii(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] != '\t' && (text[i] < ' ' || text[i] > '~'))
			return false;
	return true;
}

static bool parse_assignment(const char *line, ap_default_file_kind kind, assignment *ret)
{
	const char *end;

	ret->name = kind == AP_DEFAULT_FILE_OF_SH ? skip_export(line) : line;
	ret->name_length = strspn(ret->name, NAME);
	if (ret->name_length == 0 || strchr(DIGITS, *ret->name) != NULL || ret->name[ret->name_length] != '=')
		return false;
	end = take_value(ret->name + ret->name_length + 1, ret);
	if (end == NULL || !is_end(end, kind))
		return false;
	/* by which a shell tells words apart from then on */
	if (is_name(ret, "IFS"))
		return false;
	return kind == AP_DEFAULT_FILE_OF_SH || is_ascii(ret->value, ret->value_length);
}

static bool is_words(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (strchr(NOT_OF_WORDS, text[i]) != NULL)
			return false;
	return true;
}

/* False where it cannot be told what words its value becomes. */
static bool set(ap_arena *arena, const assignment *a, unsigned line, ap_default_setting *settings, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_name(a, settings[i].name))
			continue;
		if (!is_words(a->value, a->value_length))
			return false;
		settings[i].value = ap_arena_strndup(arena, a->value, a->value_length);
		settings[i].line = line;
	}
	return true;
}

static ap_default_doubt doubt_of_line(ap_arena *arena, const char *line, size_t length, unsigned number)
{
	size_t shown = length > SHOWN ? SHOWN : length;

	/* no part of a character of UTF-8 */
	while (shown < length && shown > 0 && ((unsigned char)line[shown] & 0xc0) == 0x80)
		shown--;
	return (ap_default_doubt){ .what = ap_format(arena, "a line that is not understood: %.*s%s", (int)shown, line,
						     shown < length ? "…" : ""),
				   .line = number,
				   .change =
					   "write it out as NAME=\"value\", alone in its line and without variables or "
					   "commands, or take it out" };
}

static ap_default_doubt doubt_of_file(ap_arena *arena, const char *why)
{
	return (ap_default_doubt){ .what = ap_format(arena, "the file is not read: %s", why),
				   .change = "a file that can be read, of no more than 64 KiB, with lines such as "
					     "NAME=\"value\"" };
}

static ap_default_doubt parse(ap_arena *arena, const char *text, ap_default_file_kind kind,
			      ap_default_setting *settings, size_t n)
{
	ap_default_doubt doubt = { .what = NULL };
	const char *line;
	size_t length;

	for (unsigned number = 1; (line = ap_text_line(&text, &length)) != NULL; number++) {
		size_t blanks = strspn(line, BLANKS);
		assignment a;

		line += blanks;
		length -= blanks;
		if (length == 0 || is_comment(line, length, kind) ||
		    (parse_assignment(line, kind, &a) && set(arena, &a, number, settings, n)))
			continue;
		if (doubt.what == NULL)
			doubt = doubt_of_line(arena, line, length, number);
	}
	return doubt;
}

ap_default_doubt ap_default_file_read(const ap_host *host, const char *path, ap_default_file_kind kind,
				      ap_default_setting *settings, size_t n)
{
	size_t length;
	const char *text = ap_host_read(host, path, &length);

	if (text == NULL && errno == ENOENT)
		return (ap_default_doubt){ .what = NULL };
	if (text == NULL)
		return doubt_of_file(host->arena, errno == EINVAL ? "it is no regular file, or has a NUL byte in it"
								  : strerror(errno));
	if (length > AP_DEFAULT_FILE_MAX)
		return doubt_of_file(host->arena, "it is larger than 64 KiB");
	return parse(host->arena, text, kind, settings, n);
}
