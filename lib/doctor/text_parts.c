#include "text_parts.h"

#include <string.h>

const char *ap_text_line(const char **text, size_t *ret_length)
{
	const char *line = *text;

	if (*line == '\0')
		return NULL;
	*ret_length = strcspn(line, "\n");
	*text = line + *ret_length + (line[*ret_length] == '\n' ? 1 : 0);
	return line;
}

const char **ap_text_words(ap_arena *arena, const char *text, const char *separators)
{
	const char **words = NULL;
	size_t n = 0;

	while (*(text += strspn(text, separators)) != '\0') {
		size_t length = strcspn(text, separators);

		*AP_PUSH(arena, words, n) = ap_arena_strndup(arena, text, length);
		text += length;
	}
	*AP_PUSH(arena, words, n) = NULL;
	return words;
}

const char *ap_path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

const char *ap_text_shell_word(ap_arena *arena, const char *text)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./_-";
	const char *quoted = "'";

	if (text[0] != '\0' && text[strspn(text, safe)] == '\0')
		return text;
	while (text[strcspn(text, "'")] != '\0') {
		size_t length = strcspn(text, "'");

		quoted = ap_format(arena, "%s%.*s'\\''", quoted, (int)length, text);
		text += length + 1;
	}
	return ap_format(arena, "%s%s'", quoted, text);
}
