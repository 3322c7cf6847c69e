#include "login_lines.h"

#include <jansson.h>
#include <string.h>

typedef struct {
	ap_arena *arena;
	const char *at;
	const char *end;
} reader;

static bool is_key(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_';
}

/*
 * `"text"` with what ap_text_quote escaped; cut texts end in "…" behind the quote. NULL where the quote is not closed.
 */
static const char *read_quoted(reader *in)
{
	char *text = ap_arena_alloc(in->arena, (size_t)(in->end - in->at) + 1), *to = text;

	in->at++;
	while (in->at < in->end && *in->at != '"') {
		if (*in->at == '\\' && in->at + 1 < in->end)
			in->at++;
		*to++ = *in->at++;
	}
	if (in->at == in->end)
		return NULL;
	while (in->at < in->end && *in->at != ' ')
		in->at++;
	return text;
}

/* The next "key=value"; the value is NULL where it is a bare "-". False at the end, or where it is none. */
static bool read_field(reader *in, const char **ret_key, const char **ret_value)
{
	const char *start;

	while (in->at < in->end && *in->at == ' ')
		in->at++;
	start = in->at;
	while (in->at < in->end && is_key(*in->at))
		in->at++;
	if (in->at == start || in->at == in->end || *in->at != '=')
		return false;
	*ret_key = ap_arena_strndup(in->arena, start, (size_t)(in->at - start));
	in->at++;
	if (in->at < in->end && *in->at == '"') {
		*ret_value = read_quoted(in);
		return *ret_value != NULL;
	}
	start = in->at;
	while (in->at < in->end && *in->at != ' ')
		in->at++;
	*ret_value = ap_arena_strndup(in->arena, start, (size_t)(in->at - start));
	if (strcmp(*ret_value, "-") == 0)
		*ret_value = NULL;
	return true;
}

static void take_field(ap_login_line *login, const char *key, const char *value)
{
	if (strcmp(key, "service") == 0)
		login->service = value;
	else if (strcmp(key, "client") == 0)
		login->client = value;
	else if (strcmp(key, "rhost") == 0)
		login->says_other = value != NULL;
	else if (strcmp(key, "ip") == 0)
		login->ip = value;
}

bool ap_login_line_of_log(ap_arena *arena, const char *line, size_t length, ap_login_line *ret_login)
{
	static const char name[] = "pam_accesspolicy(", decision[] = "): decision=";
	const char *at = memmem(line, length, name, sizeof(name) - 1), *key, *value;
	reader in = { .arena = arena, .end = line + length };
	ap_login_line login = { .service = NULL };

	if (at == NULL)
		return false;
	at = memmem(at, (size_t)(in.end - at), decision, sizeof(decision) - 1);
	if (at == NULL)
		return false;
	in.at = at + strlen("): ");
	while (read_field(&in, &key, &value))
		take_field(&login, key, value);
	/* a line of the kind decision=error has no address */
	if (login.service == NULL || login.ip == NULL)
		return false;
	*ret_login = login;
	return true;
}

static const char *text_of(ap_arena *arena, const json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record, key));

	return text != NULL ? ap_arena_strdup(arena, text) : NULL;
}

/* A record's address is null where the service said nothing, and "unknown" where it said something else. */
bool ap_login_line_of_record(ap_arena *arena, const char *line, size_t length, ap_login_line *ret_login)
{
	json_t *record = json_loadb(line, length, 0, NULL);
	const char *decision = json_string_value(json_object_get(record, "decision"));
	bool decided = decision != NULL && strcmp(decision, "error") != 0;
	ap_login_line login = { .service = text_of(arena, record, "service"),
				.client = text_of(arena, record, "client"),
				.ip = text_of(arena, record, "ip") };

	json_decref(record);
	if (login.service == NULL || !decided)
		return false;
	login.says_other = login.ip != NULL;
	if (login.ip == NULL)
		login.ip = "unknown";
	*ret_login = login;
	return true;
}
