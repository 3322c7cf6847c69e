#include "shell_values.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789"

/* No program takes a longer word; variables that hold each other twice would grow without end. */
#define LONGEST_VALUE 131072

typedef struct {
	ap_arena *arena;
	const char *at;
	unsigned line;
	char *value; /* of the assignment that is read */
	size_t length;
	bool is_computed;
	ap_shell_values values;
} reader;

static size_t name_length(const char *text)
{
	return strcspn(text, DIGITS) == 0 ? 0 : strspn(text, LETTERS DIGITS);
}

static void put(reader *r, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		*AP_PUSH(r->arena, r->value, r->length) = text[i];
}

static void drop(reader *r, size_t length)
{
	for (size_t i = 0; i < length; i++)
		r->line += r->at[i] == '\n' ? 1 : 0;
	r->at += length;
}

/* Into the value, as it is written. */
static void take(reader *r, size_t length)
{
	put(r, r->at, length);
	drop(r, length);
}

/* $( … ) or ` … `, to its end or the text's. */
static void take_command(reader *r)
{
	size_t depth = 0;

	r->is_computed = true;
	if (*r->at == '`') {
		size_t length = 1 + strcspn(r->at + 1, "`");

		take(r, length + (r->at[length] == '`' ? 1 : 0));
		return;
	}
	take(r, 1);
	do {
		depth += *r->at == '(' ? 1 : 0;
		depth -= *r->at == ')' ? 1 : 0;
		take(r, *r->at != '\0' ? 1 : 0);
	} while (depth > 0 && *r->at != '\0');
}

/* $NAME or ${NAME}; another form is kept as it is written. */
static void take_variable(reader *r)
{
	size_t brace = r->at[1] == '{' ? 1 : 0, length = name_length(r->at + 1 + brace);
	const ap_shell_value *known = NULL;

	if (r->at[1] == '(') {
		take_command(r);
		return;
	}
	if (length > 0 && (brace == 0 || r->at[2 + length] == '}'))
		known = ap_shell_last(&r->values, ap_arena_strndup(r->arena, r->at + 1 + brace, length));
	if (known == NULL || r->length + strlen(known->value) > LONGEST_VALUE) {
		r->is_computed = true;
		take(r, 1 + brace);
		return;
	}
	r->is_computed = r->is_computed || known->is_computed;
	put(r, known->value, strlen(known->value));
	drop(r, 1 + brace + length + brace);
}

/* A backslash: within double quotes it counts before a few characters alone. A line that ends in one goes on in the next. */
static void take_escaped(reader *r, bool is_quoted)
{
	if (r->at[1] == '\n') {
		drop(r, 2);
		return;
	}
	if (!is_quoted || (r->at[1] != '\0' && strchr("$`\"\\", r->at[1]) != NULL))
		drop(r, 1);
	if (*r->at != '\0')
		take(r, 1);
}

/* What means the same within double quotes and without any; false: it is another character. */
static bool take_special(reader *r, bool is_quoted)
{
	if (*r->at == '\\')
		take_escaped(r, is_quoted);
	else if (*r->at == '$')
		take_variable(r);
	else if (*r->at == '`')
		take_command(r);
	else
		return false;
	return true;
}

static void take_quoted(reader *r)
{
	char quote = *r->at;

	drop(r, 1);
	while (*r->at != '\0' && *r->at != quote)
		if (quote == '\'' || !take_special(r, true))
			take(r, 1);
	drop(r, *r->at != '\0' ? 1 : 0);
}

static void read_value(reader *r, const char *name, unsigned line)
{
	r->value = NULL;
	r->length = 0;
	r->is_computed = false;
	while (*r->at != '\0' && strchr(" \t\n;&|", *r->at) == NULL)
		if (*r->at == '"' || *r->at == '\'')
			take_quoted(r);
		else if (!take_special(r, false))
			take(r, 1);
	*AP_PUSH(r->arena, r->values.items, r->values.n) =
		(ap_shell_value){ .name = name,
				  .value = ap_arena_strndup(r->arena, r->value != NULL ? r->value : "", r->length),
				  .line = line,
				  .is_computed = r->is_computed };
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && strncmp(text, word, length) == 0;
}

/* An assignment, the word "export" before one, or a command, which is no matter. */
static void read_word(reader *r)
{
	size_t length = name_length(r->at);
	unsigned line = r->line;
	const char *name;

	if (length > 0 && r->at[length] == '=') {
		name = ap_arena_strndup(r->arena, r->at, length);
		drop(r, length + 1);
		read_value(r, name, line);
		return;
	}
	/* what stands before an assignment in the same line */
	if (is_word(r->at, length, "export") || is_word(r->at, length, "readonly") || is_word(r->at, length, "then") ||
	    is_word(r->at, length, "else"))
		drop(r, length);
	else
		drop(r, strcspn(r->at, "\n;"));
}

ap_shell_values ap_shell_read(ap_arena *arena, const char *text)
{
	reader r = { .arena = arena, .at = text, .line = 1 };

	while (drop(&r, strspn(r.at, " \t\n;&|")), *r.at != '\0')
		if (*r.at == '#')
			drop(&r, strcspn(r.at, "\n"));
		else
			read_word(&r);
	return r.values;
}

const ap_shell_value *ap_shell_last(const ap_shell_values *values, const char *name)
{
	for (size_t i = values->n; i > 0; i--)
		if (strcmp(values->items[i - 1].name, name) == 0)
			return &values->items[i - 1];
	return NULL;
}
