#include "rawtext.h"

#include "rawtokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* No group of a valid file has as many settings, and libconfig's time grows with their square. */
enum { SETTINGS_MAX = 1000, SHOWN_MAX = 160 };

typedef struct {
	const char *start;
	size_t length;
	unsigned line;
} setting_name;

typedef struct {
	ap_tokens tokens;
	ap_token token;     /* the one to judge next */
	unsigned last_line; /* of the token before */
	struct {
		char closing;
		char opening;
		unsigned line;
	} open[AP_RAWTEXT_DEPTH_MAX];
	size_t depth;
	bool stopped;        /* nothing more can be told */
	setting_name *names; /* of the groups that are open, the innermost group's last */
	size_t n_names;
	size_t names_room;
	ap_arena *arena;
	ap_raw_value *values;
	size_t n_values;
	size_t n_elements; /* that the innermost open bracket holds so far */
} parser;

static bool parse_value(parser *p, const char *name, size_t name_length, unsigned line, ap_value_kind *ret_kind);

static void advance(parser *p)
{
	p->last_line = p->token.line;
	p->token = ap_tokens_next(&p->tokens);
	/* the end of the text is where it was cut off, and told already */
	if (p->tokens.broken)
		p->stopped = true;
}

static bool at(const parser *p, char mark)
{
	return ap_token_is(&p->token, mark);
}

static bool at_end(const parser *p)
{
	return p->stopped || p->token.kind == AP_TOKEN_END;
}

static bool at_closing(const parser *p)
{
	return at(p, '}') || at(p, ']') || at(p, ')');
}

#define COMPLAIN(p, line, ...)                                                                                         \
	ap_diagnostics_add((p)->tokens.diagnostics, AP_ERROR, (p)->tokens.file, (line), __VA_ARGS__)

#define TOKEN_TEXT(p) ap_token_format(&(p)->token, (char[SHOWN_MAX]){ 0 }, SHOWN_MAX)

static size_t add_value(parser *p, ap_value_kind kind, unsigned line)
{
	ap_raw_value *value = AP_PUSH(p->arena, p->values, p->n_values);

	*value = (ap_raw_value){ .kind = kind, .line = line };
	p->n_elements++;
	return p->n_values - 1;
}

/*
 * Skips what cannot be understood, to a ";" or (in a list) a "," or a closing bracket of the level that it stands at.
 */
static void skip(parser *p, bool in_list)
{
	size_t opened = 0;

	for (; !at_end(p); advance(p)) {
		if (at(p, '{') || at(p, '[') || at(p, '('))
			opened++;
		else if (opened > 0 && at_closing(p))
			opened--;
		else if (opened == 0 && (at(p, ';') || at_closing(p) || (in_list && at(p, ','))))
			return;
	}
}

static bool open_bracket(parser *p, char opening, char closing)
{
	if (p->depth == AP_RAWTEXT_DEPTH_MAX) {
		COMPLAIN(p, p->token.line, "brackets are nested more than %d deep", AP_RAWTEXT_DEPTH_MAX);
		p->stopped = true;
		return false;
	}
	p->open[p->depth].opening = opening;
	p->open[p->depth].closing = closing;
	p->open[p->depth].line = p->token.line;
	p->depth++;
	advance(p);
	return true;
}

/* Whether the closing bracket at hand closes one that is open further out. */
static bool closes_outer(const parser *p)
{
	for (size_t i = 0; i + 1 < p->depth; i++)
		if (at(p, p->open[i].closing))
			return true;
	return false;
}

/* Takes the closing bracket of the innermost open one, or tells that it is missing. */
static void close_bracket(parser *p)
{
	char opening = p->open[p->depth - 1].opening, closing = p->open[p->depth - 1].closing;
	unsigned line = p->open[p->depth - 1].line;

	if (at(p, closing)) {
		advance(p);
	} else if (p->stopped) {
		/* told already */
	} else if (at_end(p)) {
		COMPLAIN(p, line, "the \"%c\" that starts here has no end; expected \"%c\" before the end of the file",
			 opening, closing);
		p->stopped = true;
	} else {
		COMPLAIN(p, p->token.line, "found %s, expected \"%c\" to close the \"%c\" of line %u", TOKEN_TEXT(p),
			 closing, opening, line);
		if (at_closing(p) && !closes_outer(p))
			advance(p);
	}
	p->depth--;
}

static int compare_names(const void *left, const void *right)
{
	const setting_name *a = left, *b = right;
	size_t shorter = a->length < b->length ? a->length : b->length;
	int order = memcmp(a->start, b->start, shorter);

	if (order != 0)
		return order;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

/* Ends the group whose names start at `first`. Sorted, so that many names cost no square of their number. */
static void check_names(parser *p, size_t first)
{
	setting_name *names = p->names + first;
	size_t n = p->n_names - first;

	if (n > 1)
		qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n; i++)
		if (names[i].length == names[i - 1].length &&
		    memcmp(names[i].start, names[i - 1].start, names[i].length) == 0)
			COMPLAIN(p, names[i].line, "\"%.*s\" is set twice in one group, first in line %u",
				 names[i].length > 60 ? 60 : (int)names[i].length, names[i].start, names[i - 1].line);
	p->n_names = first;
}

static bool add_name(parser *p, size_t first)
{
	if (p->n_names - first == SETTINGS_MAX) {
		COMPLAIN(p, p->token.line, "more than %d settings stand in one group", SETTINGS_MAX);
		p->stopped = true;
		return false;
	}
	if (p->n_names == p->names_room) {
		setting_name *old = p->names;

		p->names_room = p->names_room == 0 ? 64 : p->names_room * 2;
		p->names = ap_arena_alloc(p->arena, p->names_room * sizeof(*p->names));
		if (old != NULL)
			memcpy(p->names, old, p->n_names * sizeof(*old));
	}
	p->names[p->n_names++] = (setting_name){ p->token.start, p->token.length, p->token.line };
	return true;
}

/* What follows a value: ";" or ",", or the end of the group. */
static void end_setting(parser *p, const setting_name *name)
{
	int length = name->length > 60 ? 60 : (int)name->length;

	if (at(p, ';') || at(p, ',')) {
		advance(p);
	} else if (p->stopped || at_closing(p) || (at_end(p) && p->depth > 0)) {
		/* the group's to judge */
	} else if (at_end(p) || p->token.kind == AP_TOKEN_NAME || p->token.kind == AP_TOKEN_BOOLEAN) {
		COMPLAIN(p, p->last_line, "expected \";\" after the value of \"%.*s\"", length, name->start);
	} else {
		COMPLAIN(p, p->token.line, "found %s, expected \";\" after the value of \"%.*s\"", TOKEN_TEXT(p),
			 length, name->start);
		skip(p, false);
		if (at(p, ';'))
			advance(p);
	}
}

static bool at_include(const parser *p)
{
	return p->token.kind == AP_TOKEN_OTHER && p->token.length >= 8 && strncmp(p->token.start, "@include", 8) == 0;
}

static void refuse_include(parser *p)
{
	COMPLAIN(p, p->token.line, "found @include, which is not accepted; put what it includes into a file of conf.d");
	advance(p);
	if (p->token.kind == AP_TOKEN_STRING)
		advance(p);
}

/* A string within { } that is no quoted name: a list in the wrong brackets. */
static bool at_list_in_braces(const parser *p)
{
	const char *behind = p->tokens.at;

	if (p->token.kind != AP_TOKEN_STRING || p->depth == 0 || p->open[p->depth - 1].opening != '{')
		return false;
	while (behind < p->tokens.end && (*behind == ' ' || *behind == '\t'))
		behind++;
	return behind == p->tokens.end || (*behind != '=' && *behind != ':');
}

static void refuse_name(parser *p)
{
	const char *advice = at(p, ';') ? "; one \";\" is enough" : "";

	if (at_list_in_braces(p))
		COMPLAIN(p, p->token.line, "found %s, expected the name of a setting; a list is written [ %.*s ]",
			 TOKEN_TEXT(p), p->token.length > 60 ? 5 : (int)p->token.length,
			 p->token.length > 60 ? "\"…\"" : p->token.start);
	else
		COMPLAIN(p, p->token.line, "found %s, expected the name of a setting%s", TOKEN_TEXT(p), advice);
}

static void parse_setting(parser *p, size_t first_name)
{
	setting_name name = { p->token.start, p->token.length, p->token.line };
	ap_value_kind kind;

	if (p->token.kind != AP_TOKEN_NAME) {
		refuse_name(p);
		skip(p, false);
		if (at(p, ';'))
			advance(p);
		return;
	}
	if (!add_name(p, first_name))
		return;
	advance(p);
	if (!at(p, '=') && !at(p, ':')) {
		if (!p->stopped && (!at_end(p) || p->depth == 0)) /* else the bracket's to tell */
			COMPLAIN(p, p->token.line, "found %s, expected \"=\" after \"%.*s\"", TOKEN_TEXT(p),
				 name.length > 60 ? 60 : (int)name.length, name.start);
		skip(p, false);
		if (at(p, ';'))
			advance(p);
		return;
	}
	advance(p);
	if (!parse_value(p, name.start, name.length, name.line, &kind)) {
		skip(p, false);
		if (at(p, ';'))
			advance(p);
		return;
	}
	end_setting(p, &name);
}

/* The settings of a group, to its closing bracket, or of the file, to its end. */
static void parse_settings(parser *p)
{
	size_t first_name = p->n_names;
	size_t depth = p->depth;

	while (!at_end(p)) {
		if (at_closing(p) && depth > 0)
			break;
		if (at_closing(p)) {
			COMPLAIN(p, p->token.line, "found %s, which closes nothing", TOKEN_TEXT(p));
			advance(p);
			if (at(p, ';') || at(p, ','))
				advance(p);
		} else if (at_include(p)) {
			refuse_include(p);
		} else {
			parse_setting(p, first_name);
		}
	}
	check_names(p, first_name);
}

static void parse_group(parser *p)
{
	if (open_bracket(p, '{', '}')) {
		parse_settings(p);
		close_bracket(p);
	}
}

/* An element; what cannot be one is skipped. */
static ap_value_kind parse_element(parser *p, bool is_array)
{
	ap_value_kind kind = 0;
	unsigned line = p->token.line;
	bool nested = at(p, '{') || at(p, '[') || at(p, '(');

	if (is_array && nested)
		COMPLAIN(p, line, "found %s within [ ], which holds plain values; write a list with ( )",
			 TOKEN_TEXT(p));
	if (at_include(p))
		refuse_include(p);
	else if (!parse_value(p, NULL, 0, line, &kind))
		skip(p, true);
	/* libconfig would join them into one */
	if (kind == AP_VALUE_STRING && p->token.kind == AP_TOKEN_STRING && !p->stopped) {
		COMPLAIN(p, p->token.line, "found %s behind another string, expected \",\" between them",
			 TOKEN_TEXT(p));
		while (p->token.kind == AP_TOKEN_STRING && !p->stopped)
			advance(p);
	}
	return nested ? 0 : kind;
}

static bool at_element(const parser *p)
{
	return !at_end(p) && !at_closing(p) && !at(p, ';') && !at(p, '=') && !at(p, ':') && !at(p, ',');
}

static void parse_elements(parser *p, bool is_array)
{
	ap_value_kind first = 0, kind;
	char closing = is_array ? ']' : ')';

	while (at_element(p)) {
		unsigned line = p->token.line;

		kind = parse_element(p, is_array);
		if (is_array && first != 0 && kind != 0 && kind != first)
			COMPLAIN(p, line, "the values within one [ ] are of different kinds");
		first = first == 0 ? kind : first;
		if (at(p, ',')) {
			unsigned comma = p->token.line;

			advance(p);
			if (at(p, closing))
				COMPLAIN(p, comma, "found \",\" before \"%c\"; expected none after the last value",
					 closing);
			while (at(p, ',')) {
				COMPLAIN(p, p->token.line, "found \",\", expected a value");
				advance(p);
			}
		} else if (at_element(p)) {
			COMPLAIN(p, p->token.line, "found %s, expected \",\" or \"%c\"", TOKEN_TEXT(p), closing);
		}
	}
	if (at(p, ',')) {
		COMPLAIN(p, p->token.line, "found \",\", expected a value or \"%c\"", closing);
		skip(p, false);
	}
}

static void parse_array_or_list(parser *p, bool is_array)
{
	if (open_bracket(p, is_array ? '[' : '(', is_array ? ']' : ')')) {
		parse_elements(p, is_array);
		close_bracket(p);
	}
}

static bool parse_scalar(parser *p, unsigned line, ap_value_kind *ret_kind)
{
	static const ap_value_kind kinds[] = {
		[AP_TOKEN_STRING] = AP_VALUE_STRING,
		[AP_TOKEN_INTEGER] = AP_VALUE_INTEGER,
		[AP_TOKEN_FLOAT] = AP_VALUE_FLOAT,
		[AP_TOKEN_BOOLEAN] = AP_VALUE_BOOLEAN,
		[AP_TOKEN_OTHER] = 0,
	};
	ap_value_kind kind = kinds[p->token.kind];

	if (kind == 0)
		return false;
	add_value(p, kind, line);
	advance(p);
	*ret_kind = kind;
	return true;
}

/* What other languages call a switch's values. */
static bool is_switch_word(const ap_token *token)
{
	static const char *const words[] = { "yes", "no", "on", "off" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (token->length == strlen(words[i]) && strncasecmp(token->start, words[i], token->length) == 0)
			return true;
	return false;
}

static void refuse_value(parser *p, const char *name, size_t name_length)
{
	char after[SHOWN_MAX] = "";
	const char *advice = is_switch_word(&p->token) ? "text stands in double quotes, and a switch is true or false"
			     : ap_token_foreign(&p->token) > 0 ? "text stands in plain double quotes \""
							       : "text stands in double quotes";

	if (p->stopped)
		return;
	if (name != NULL)
		(void)snprintf(after, sizeof(after), " for \"%.*s\"", name_length > 60 ? 60 : (int)name_length, name);
	if (p->token.kind == AP_TOKEN_NAME || p->token.kind == AP_TOKEN_OTHER)
		COMPLAIN(p, p->token.line, "found %s, expected a value%s; %s", TOKEN_TEXT(p), after, advice);
	else
		COMPLAIN(p, p->token.line, "found %s, expected a value%s", TOKEN_TEXT(p), after);
}

/* What stands in brackets. `index` is the value's own. */
static void parse_aggregate(parser *p, ap_value_kind kind, size_t index)
{
	size_t outer = p->n_elements;

	p->n_elements = 0;
	if (kind == AP_VALUE_GROUP)
		parse_group(p);
	else
		parse_array_or_list(p, kind == AP_VALUE_ARRAY);
	p->values[index].n_elements = p->n_elements;
	p->n_elements = outer;
}

/*
 * A value, of the setting `name` or, where that is NULL, an element. False, with the token that is none at hand,
 * where there is none.
 */
static bool parse_value(parser *p, const char *name, size_t name_length, unsigned line, ap_value_kind *ret_kind)
{
	if (at_end(p) && p->depth > 0)
		return false; /* the bracket's to tell */
	if (at(p, '{')) {
		*ret_kind = AP_VALUE_GROUP;
		parse_aggregate(p, *ret_kind, add_value(p, *ret_kind, line));
	} else if (at(p, '[') || at(p, '(')) {
		*ret_kind = at(p, '[') ? AP_VALUE_ARRAY : AP_VALUE_LIST;
		parse_aggregate(p, *ret_kind, add_value(p, *ret_kind, line));
	} else if (!parse_scalar(p, line, ret_kind)) {
		refuse_value(p, name, name_length);
		return false;
	} else if (*ret_kind == AP_VALUE_STRING && name != NULL) {
		while (p->token.kind == AP_TOKEN_STRING && !p->stopped)
			advance(p);
	}
	return true;
}

static bool check_syntax(parser *p)
{
	size_t before = p->tokens.diagnostics->n_errors;

	advance(p);
	if (at_end(p) && !p->stopped)
		COMPLAIN(p, 0, "the file is empty: it sets nothing; write a setting, or remove the file");
	parse_settings(p);
	return p->tokens.diagnostics->n_errors == before;
}

bool ap_rawtext_read(const char *file, const char *text, size_t size, ap_diagnostics *diagnostics, ap_arena *arena,
		     ap_raw_value **ret_values, size_t *ret_n_values)
{
	parser p = { .tokens = { .file = file, .at = text, .end = text + size, .line = 1, .diagnostics = diagnostics },
		     .arena = arena };
	bool sound = ap_rawtext_check_lines(file, text, size, diagnostics);

	/* a NUL byte makes what follows meaningless; a byte-order mark and a missing newline do not */
	if (ap_rawtext_is_utf16(text, size) || memchr(text, '\0', size) != NULL)
		return false;
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		p.tokens.at += 3;
	sound = check_syntax(&p) && sound;
	*ret_values = p.values;
	*ret_n_values = p.n_values;
	return sound;
}
