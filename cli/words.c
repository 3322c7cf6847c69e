#include "words.h"

#include "../lib/login/member.h"

#include <string.h>

static bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

/* Whether the backslash at `at` stands for what is behind it; `quote` is the one that is open, or 0. */
static bool is_escape(const char *at, char quote)
{
	if (at[0] != '\\' || quote == '\'')
		return false;
	return is_quote(at[1]) || at[1] == '\\' || (quote == 0 && is_separator(at[1]));
}

/* Goes over the word at `at`, which is no separator; its bytes go to `word`, which may be NULL. Returns what is behind. */
static const char *scan_word(const char *at, char *word, size_t *ret_length, bool *ret_closed)
{
	char quote = is_quote(*at) ? *at++ : '\0';
	size_t n = 0;

	while (*at != '\0' && *at != quote && (quote != '\0' || !is_separator(*at))) {
		if (is_escape(at, quote))
			at++;
		if (word != NULL)
			word[n] = *at;
		n++;
		at++;
	}
	*ret_length = n;
	*ret_closed = quote == '\0' || *at == quote;
	return quote != '\0' && *at == quote ? at + 1 : at;
}

static const char *take_word(ap_arena *arena, const char *at, const char **ret_word, bool *ret_closed)
{
	size_t length;
	char *word;

	(void)scan_word(at, NULL, &length, ret_closed);
	word = ap_arena_alloc(arena, length + 1);
	*ret_word = word;
	return scan_word(at, word, &length, ret_closed);
}

static const char *skip_separators(const char *at)
{
	while (is_separator(*at))
		at++;
	return at;
}

bool ap_words_of_line(ap_arena *arena, const char *line, ap_words *ret_words)
{
	ap_words words = { .n = 0 };
	const char *word;
	bool closed = true;

	for (line = skip_separators(line); *line != '\0' && closed; line = skip_separators(line)) {
		line = take_word(arena, line, &word, &closed);
		ap_words_add(arena, &words, word);
	}
	if (closed)
		*ret_words = words;
	return closed;
}

size_t ap_unfinished_word(ap_arena *arena, const char *line, const char **ret_word)
{
	const char *at = skip_separators(line), *start = at, *word = "";
	bool closed = true;

	while (*at != '\0') {
		const char *behind;

		start = at;
		behind = take_word(arena, at, &word, &closed);
		at = closed ? skip_separators(behind) : behind;
		if (at > behind || (*at == '\0' && closed && is_quote(*start))) {
			start = at;
			word = "";
		}
	}
	*ret_word = word;
	return (size_t)(start - line);
}

const char *ap_word_as_typed(ap_arena *arena, const char *word)
{
	char *typed = ap_arena_alloc(arena, 2 * strlen(word) + 3);
	bool quoted = word[0] == '\0' || is_quote(word[0]) || strpbrk(word, " \t,") != NULL;
	size_t n = 0;

	if (quoted)
		typed[n++] = '"';
	for (; *word != '\0'; word++) {
		/* a backslash that would stand for what is behind it, or for the quote at the end */
		if ((quoted && *word == '"') || (*word == '\\' && (quoted || word[1] == '\0' || is_escape(word, '\0'))))
			typed[n++] = '\\';
		typed[n++] = *word;
	}
	if (quoted)
		typed[n++] = '"';
	return typed;
}

const char *ap_line_of_words(ap_arena *arena, const ap_words *words)
{
	size_t n = 0, room = 1;
	char *line;

	for (size_t i = 0; i < words->n; i++)
		room += strlen(ap_word_as_typed(arena, words->items[i])) + 1;
	line = ap_arena_alloc(arena, room);
	for (size_t i = 0; i < words->n; i++) {
		const char *typed = ap_word_as_typed(arena, words->items[i]);

		if (i > 0)
			line[n++] = ' ';
		memcpy(line + n, typed, strlen(typed));
		n += strlen(typed);
	}
	return line;
}

bool ap_word_begins(const char *text, const char *start)
{
	while (*start != '\0' && ap_ascii_lower(*text) == ap_ascii_lower(*start)) {
		text++;
		start++;
	}
	return *start == '\0';
}
