#include "rawtokens.h"

#include "../login/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char marks[] = "{}[]()=:;,";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex_digit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void stop(ap_tokens *tokens)
{
	tokens->broken = true;
	tokens->at = tokens->end;
}

static bool starts_comment(const ap_tokens *tokens)
{
	return *tokens->at == '#' ||
	       (*tokens->at == '/' && tokens->end - tokens->at > 1 && (tokens->at[1] == '/' || tokens->at[1] == '*'));
}

static void skip_block_comment(ap_tokens *tokens)
{
	unsigned first_line = tokens->line;

	for (tokens->at += 2; tokens->end - tokens->at > 1; tokens->at++) {
		if (tokens->at[0] == '*' && tokens->at[1] == '/') {
			tokens->at += 2;
			return;
		}
		if (*tokens->at == '\n')
			tokens->line++;
	}
	ap_diagnostics_add(tokens->diagnostics, AP_ERROR, tokens->file, first_line,
			   "the comment that starts here with \"/*\" has no end; expected \"*/\"");
	stop(tokens);
}

static void skip_comment(ap_tokens *tokens)
{
	const char *newline;

	if (tokens->at[0] == '/' && tokens->at[1] == '*') {
		skip_block_comment(tokens);
		return;
	}
	newline = memchr(tokens->at, '\n', (size_t)(tokens->end - tokens->at));
	tokens->at = newline != NULL ? newline : tokens->end;
}

static void skip_blanks(ap_tokens *tokens)
{
	while (tokens->at < tokens->end) {
		if (*tokens->at == '\n')
			tokens->line++;
		if (strchr(" \t\r\n", *tokens->at) != NULL && *tokens->at != '\0')
			tokens->at++;
		else if (starts_comment(tokens))
			skip_comment(tokens);
		else
			return;
	}
}

/*
 * libconfig keeps an escape that it does not know as it stands, and drops the text in front of a \x00: both would make
 * a name that nobody wrote. Returns the bytes behind the backslash.
 */
static size_t check_escape(ap_tokens *tokens, const char *escape)
{
	size_t room = (size_t)(tokens->end - escape);
	bool is_hex = room >= 3 && (escape[0] == 'x' || escape[0] == 'X') && is_hex_digit(escape[1]) &&
		      is_hex_digit(escape[2]);

	if (is_hex && escape[1] <= '7' && !(escape[1] == '0' && escape[2] == '0'))
		return 3;
	if (is_hex)
		ap_diagnostics_add(
			tokens->diagnostics, AP_ERROR, tokens->file, tokens->line,
			"found the escape \"\\%.3s\"; expected \\x01 to \\x7f: write other characters as UTF-8",
			escape);
	else if (room == 0 || strchr("\"\\nrtf", *escape) == NULL)
		ap_diagnostics_add(
			tokens->diagnostics, AP_ERROR, tokens->file, tokens->line,
			"found the escape \"\\%.1s\"; expected \\\\, \\\", \\n, \\r, \\t, \\f or \\x and two digits; "
			"a backslash itself is written twice",
			escape);
	return is_hex ? 3 : 1;
}

static void read_string(ap_tokens *tokens)
{
	for (tokens->at++; tokens->at < tokens->end && *tokens->at != '\n'; tokens->at++) {
		if (*tokens->at == '"') {
			tokens->at++;
			return;
		}
		/* a backslash at the end of a line: the line's end is told below */
		if (*tokens->at == '\\' && tokens->end - tokens->at > 1 && tokens->at[1] != '\n')
			tokens->at += check_escape(tokens, tokens->at + 1);
	}
	ap_diagnostics_add(tokens->diagnostics, AP_ERROR, tokens->file, tokens->line,
			   "the string that starts here has no end; expected \"\\\"\" in the same line");
	stop(tokens);
}

static void read_word(ap_tokens *tokens)
{
	do
		tokens->at++;
	while (tokens->at < tokens->end && strchr(" \t\r\n\"", *tokens->at) == NULL &&
	       strchr(marks, *tokens->at) == NULL && !starts_comment(tokens));
}

static bool is_name(const char *word, size_t length)
{
	if (!is_letter(word[0]))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!is_letter(word[i]) && !is_digit(word[i]) && word[i] != '-' && word[i] != '_')
			return false;
	return true;
}

/* How many digits there are from `i` on. */
static size_t count_digits(const char *word, size_t length, size_t i)
{
	size_t start = i;

	while (i < length && is_digit(word[i]))
		i++;
	return i - start;
}

static bool is_hex_number(const char *word, size_t length)
{
	if (length < 3 || word[0] != '0' || (word[1] != 'x' && word[1] != 'X'))
		return false;
	for (size_t i = 2; i < length; i++)
		if (!is_hex_digit(word[i]))
			return false;
	return true;
}

static ap_token_kind classify_word(const char *word, size_t length)
{
	size_t sign = word[0] == '-' || word[0] == '+' ? 1 : 0;
	size_t whole = count_digits(word, length, sign);
	size_t point = sign + whole;

	if ((length == 4 && strncasecmp(word, "true", 4) == 0) || (length == 5 && strncasecmp(word, "false", 5) == 0))
		return AP_TOKEN_BOOLEAN;
	if (is_name(word, length))
		return AP_TOKEN_NAME;
	if (is_hex_number(word, length) || (whole > 0 && point == length))
		return AP_TOKEN_INTEGER;
	if (whole > 0 && word[point] == '.' && point + 1 < length &&
	    count_digits(word, length, point + 1) == length - point - 1)
		return AP_TOKEN_FLOAT;
	return AP_TOKEN_OTHER;
}

/* libconfig takes a number that does not fit for another one. */
static void check_integer(const ap_tokens *tokens, const ap_token *token)
{
	bool hex = is_hex_number(token->start, token->length);
	long long value = 0;
	size_t i = hex ? 2 : token->start[0] == '-' || token->start[0] == '+' ? 1 : 0;

	for (; i < token->length && value <= UINT32_MAX; i++) {
		char digit[] = { token->start[i], '\0' };

		value = value * (hex ? 16 : 10) + strtol(digit, NULL, 16);
	}
	if (token->start[0] == '-')
		value = -value;
	if (value < INT32_MIN || value > INT32_MAX)
		ap_diagnostics_add(tokens->diagnostics, AP_ERROR, tokens->file, token->line,
				   "the number %.*s%s is out of range; expected %d to %d",
				   token->length > 40 ? 40 : (int)token->length, token->start,
				   token->length > 40 ? "…" : "", INT32_MIN, INT32_MAX);
}

ap_token ap_tokens_next(ap_tokens *tokens)
{
	ap_token token = { .kind = AP_TOKEN_END };

	skip_blanks(tokens);
	token.start = tokens->at;
	token.line = tokens->line;
	if (tokens->at >= tokens->end)
		return token;
	if (strchr(marks, *tokens->at) != NULL) {
		tokens->at++;
		token.kind = AP_TOKEN_MARK;
	} else if (*tokens->at == '"') {
		read_string(tokens);
		token.kind = tokens->broken ? AP_TOKEN_END : AP_TOKEN_STRING;
	} else {
		read_word(tokens);
		token.kind = classify_word(token.start, (size_t)(tokens->at - token.start));
	}
	token.length = (size_t)(tokens->at - token.start);
	if (token.kind == AP_TOKEN_INTEGER)
		check_integer(tokens, &token);
	return token;
}

bool ap_token_is(const ap_token *token, char mark)
{
	return token->kind == AP_TOKEN_MARK && *token->start == mark;
}

/* Where the character is that ap_token_foreign tells; NULL where there is none. */
static const char *find_foreign(const ap_token *token, size_t *ret_length, uint32_t *ret_code)
{
	if (token->kind != AP_TOKEN_OTHER)
		return NULL;
	for (size_t i = 0; i < token->length; i++) {
		if ((unsigned char)token->start[i] < 0x80)
			continue;
		*ret_length = ap_utf8_sequence(token->start + i, token->length - i, ret_code);
		return *ret_length > 0 ? token->start + i : NULL;
	}
	return NULL;
}

uint32_t ap_token_foreign(const ap_token *token)
{
	size_t length;
	uint32_t code;

	return find_foreign(token, &length, &code) != NULL ? code : 0;
}

/* The words for what looks like a blank, or like nothing. */
static const char *invisible_name(uint32_t code)
{
	static const struct {
		uint32_t code;
		const char *name;
	} names[] = {
		{ 0xa0, "a no-break space" },     { 0x202f, "a narrow no-break space" },
		{ 0x200b, "a zero-width space" }, { 0x3000, "an ideographic space" },
		{ 0xfeff, "a byte-order mark" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code)
			return names[i].name;
	return NULL;
}

/* A word with a character that is no ASCII: the character is what is wrong, and may look like a right one. */
static void format_foreign(const ap_token *token, const char *at, size_t n, uint32_t code, char *buffer, size_t size)
{
	const char *name = invisible_name(code);
	size_t shown = token->length > 60 ? 60 : token->length;
	int used = snprintf(buffer, size, "%.*s (U+%04X)", name != NULL ? (int)strlen(name) : (int)n,
			    name != NULL ? name : at, (unsigned)code);

	if (at > token->start && used > 0 && (size_t)used < size)
		(void)snprintf(buffer + used, size - (size_t)used, " in \"%.*s%s\"", (int)shown, token->start,
			       token->length > 60 ? "…" : "");
}

const char *ap_token_format(const ap_token *token, char *buffer, size_t size)
{
	int length = token->length > 60 ? 60 : (int)token->length;
	const char *more = token->length > 60 ? "…" : "";
	size_t n_foreign;
	uint32_t code;
	const char *foreign = find_foreign(token, &n_foreign, &code);

	if (foreign != NULL)
		format_foreign(token, foreign, n_foreign, code, buffer, size);
	else if (token->kind == AP_TOKEN_END)
		(void)snprintf(buffer, size, "the end of the file");
	else if (token->kind == AP_TOKEN_STRING)
		(void)snprintf(buffer, size, "the string %.*s%s", length, token->start, more);
	else
		(void)snprintf(buffer, size, "\"%.*s%s\"", length, token->start, more);
	return buffer;
}
