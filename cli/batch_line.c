#include "batch_line.h"

#include "../lib/login/text.h"
#include "../lib/make/suggest.h"
#include "../lib/make/timestamp.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUOTE_MAX = 128 };

typedef enum { KEY_TEXT, KEY_TIME, KEY_ENV, KEY_IGNORED } key_kind;

typedef struct {
	const char *name;
	key_kind kind;
	size_t offset; /* KEY_TEXT: of the const char * in ap_facts */
} key;

static const key keys[] = {
	{ "user", KEY_TEXT, offsetof(ap_facts, user) },
	{ "ip", KEY_TEXT, offsetof(ap_facts, rhost) },
	{ "client", KEY_TEXT, offsetof(ap_facts, client) },
	{ "service", KEY_TEXT, offsetof(ap_facts, service) },
	{ "tty", KEY_TEXT, offsetof(ap_facts, tty) },
	{ "ruser", KEY_TEXT, offsetof(ap_facts, ruser) },
	{ "env", KEY_ENV, 0 },
	{ "time", KEY_TIME, 0 },
	/* the rest of an audit record, which is a valid line */
	{ "decision", KEY_IGNORED, 0 },
	{ "reason", KEY_IGNORED, 0 },
	{ "policy", KEY_IGNORED, 0 },
	{ "would", KEY_IGNORED, 0 },
	{ "region", KEY_IGNORED, 0 },
	{ "revision", KEY_IGNORED, 0 },
	{ "pid", KEY_IGNORED, 0 },
};
enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

bool ap_batch_line_fail(ap_batch_line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line->error, sizeof(line->error), format, arguments);
	va_end(arguments);
	return false;
}

static const char *kind_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_NULL:
		return "null";
	default:
		return "a truth value";
	}
}

static bool unknown_key(ap_batch_line *line, const char *name)
{
	const char *names[N_KEYS];
	char quoted[QUOTE_MAX];
	const char *nearest;

	for (size_t i = 0; i < N_KEYS; i++)
		names[i] = keys[i].name;
	nearest = ap_suggest(name, names, N_KEYS);
	ap_text_quote(name, quoted, sizeof(quoted));
	if (nearest != NULL)
		return ap_batch_line_fail(line, "unknown key %s; did you mean \"%s\"?", quoted, nearest);
	return ap_batch_line_fail(line, "unknown key %s; expected user, ip, client, service, tty, ruser, env or time",
				  quoted);
}

static bool take_time(ap_batch_line *line, const json_t *value, ap_facts *facts)
{
	char quoted[QUOTE_MAX];

	if (!json_is_string(value))
		return ap_batch_line_fail(line, "\"time\" is %s; expected a string", kind_name(value));
	if (ap_timestamp_parse(json_string_value(value), &facts->now))
		return true;
	return ap_batch_line_fail(line,
				  "\"time\" is %s; expected an RFC 3339 time such as \"2026-12-01T18:00:00+01:00\"",
				  ap_text_quote(json_string_value(value), quoted, sizeof(quoted)));
}

static bool set_env(ap_batch_line *line, size_t index, const char *name, const char *value)
{
	size_t name_length = name != NULL ? strlen(name) : 0;
	char quoted[QUOTE_MAX];
	char *entry;

	if (name != NULL && (name_length == 0 || strchr(name, '=') != NULL))
		return ap_batch_line_fail(line, "\"env\" names %s; expected a name without \"=\"",
					  ap_text_quote(name, quoted, sizeof(quoted)));
	if (name == NULL && (strchr(value, '=') == NULL || value[0] == '='))
		return ap_batch_line_fail(line, "\"env\" holds %s; expected \"NAME=value\"",
					  ap_text_quote(value, quoted, sizeof(quoted)));
	entry = malloc(name_length + strlen(value) + 2);
	if (entry == NULL)
		return ap_batch_line_fail(line, "no memory is left");
	sprintf(entry, "%s%s%s", name != NULL ? name : "", name != NULL ? "=" : "", value);
	line->env[index] = entry;
	return true;
}

static bool take_env_array(ap_batch_line *line, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *value = json_array_get(list, i);

		if (!json_is_string(value))
			return ap_batch_line_fail(line, "\"env\" holds %s; expected \"NAME=value\"", kind_name(value));
		if (!set_env(line, i, NULL, json_string_value(value)))
			return false;
	}
	return true;
}

static bool take_env_object(ap_batch_line *line, json_t *object)
{
	const char *name;
	json_t *value;
	size_t i = 0;

	json_object_foreach(object, name, value) {
		if (!json_is_string(value))
			return ap_batch_line_fail(line, "\"env\" gives a name %s; expected a string", kind_name(value));
		if (!set_env(line, i++, name, json_string_value(value)))
			return false;
	}
	return true;
}

static bool take_env(ap_batch_line *line, json_t *value)
{
	size_t n = json_is_array(value) ? json_array_size(value) : json_object_size(value);

	if (!json_is_array(value) && !json_is_object(value))
		return ap_batch_line_fail(line, "\"env\" is %s; expected an array of \"NAME=value\", or an object",
					  kind_name(value));
	line->env = calloc(n + 1, sizeof(*line->env));
	if (line->env == NULL)
		return ap_batch_line_fail(line, "no memory is left");
	return json_is_array(value) ? take_env_array(line, value) : take_env_object(line, value);
}

static bool take_text(ap_batch_line *line, const key *known, const json_t *value, ap_facts *facts)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return ap_batch_line_fail(line, "\"%s\" is %s; expected a string", known->name, kind_name(value));
	memcpy((char *)facts + known->offset, &text, sizeof(text));
	return true;
}

static bool take_key(ap_batch_line *line, const char *name, json_t *value, ap_facts *facts)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (strcmp(name, keys[i].name) != 0)
			continue;
		if (json_is_null(value) || keys[i].kind == KEY_IGNORED)
			return true;
		if (keys[i].kind == KEY_TIME)
			return take_time(line, value, facts);
		if (keys[i].kind == KEY_ENV)
			return take_env(line, value);
		return take_text(line, &keys[i], value, facts);
	}
	return unknown_key(line, name);
}

static bool client_exists(ap_batch_line *line, const char *client)
{
	char quoted[QUOTE_MAX];
	const char *nearest;

	for (size_t i = 0; i < line->n_clients; i++)
		if (strcmp(client, line->clients[i]) == 0)
			return true;
	nearest = ap_suggest(client, line->clients, line->n_clients);
	return ap_batch_line_fail(line, "unknown client type %s%s%s%s", ap_text_quote(client, quoted, sizeof(quoted)),
				  nearest != NULL ? "; did you mean \"" : "", nearest != NULL ? nearest : "",
				  nearest != NULL ? "\"?" : "");
}

/* Fills *facts from the line's object, which they borrow from. */
static bool take_facts(ap_batch_line *line, ap_facts *facts)
{
	const char *name;
	json_t *value;

	*facts = (ap_facts){ .now = line->now };
	json_object_foreach(line->object, name, value) {
		if (!take_key(line, name, value, facts))
			return false;
	}
	if (facts->user == NULL)
		return ap_batch_line_fail(line, "\"user\" is missing: without it nothing can be decided");
	if (facts->client != NULL && !client_exists(line, facts->client))
		return false;
	ap_facts_set_ip(facts, facts->rhost);
	facts->env = (const char *const *)line->env;
	return true;
}

/* jansson's own text quotes the line, cut anywhere; this names the cause alone. */
static bool not_json(ap_batch_line *line, const json_error_t *error)
{
	const char *cause = "the JSON is not well-formed";

	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		cause = "a key stands twice in one object";
		break;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		cause = "a string holds a NUL character (\\u0000)";
		break;
	case json_error_invalid_utf8:
		cause = "the line is not UTF-8";
		break;
	case json_error_premature_end_of_input:
		cause = "the JSON object is not complete";
		break;
	case json_error_end_of_input_expected:
		cause = "there is something behind the JSON object";
		break;
	case json_error_stack_overflow:
		cause = "the JSON is nested too deeply";
		break;
	case json_error_numeric_overflow:
		cause = "a number is too large";
		break;
	case json_error_out_of_memory:
		cause = "no memory is left";
		break;
	default:
		break;
	}
	return ap_batch_line_fail(line, "%s (column %d)", cause, error->column);
}

bool ap_batch_line_read(ap_batch_line *line, const char *bytes, size_t length, ap_facts *ret_facts)
{
	json_error_t error;

	if (length == 0)
		return ap_batch_line_fail(line, "the line is empty; expected a JSON object");
	line->object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (line->object == NULL)
		return not_json(line, &error);
	if (!json_is_object(line->object))
		return ap_batch_line_fail(line, "the line is %s; expected a JSON object", kind_name(line->object));
	return take_facts(line, ret_facts);
}

void ap_batch_line_clear(ap_batch_line *line)
{
	for (char **entry = line->env; entry != NULL && *entry != NULL; entry++)
		free(*entry);
	free(line->env);
	line->env = NULL;
	json_decref(line->object);
	line->object = NULL;
}
