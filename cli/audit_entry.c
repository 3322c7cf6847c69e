/*
 * A million records are to be counted while one waits, and a tree of each takes most of the time. So a record that is
 * written as the module writes it, of printable ASCII without an escape, and without `would`, which nearly all are, is taken
 * apart where it stands. Whatever is otherwise in any way is left to jansson.
 */
#include "audit_entry.h"

#include "../lib/make/timestamp.h"

#include <string.h>

/* A record begins with this, and has it nowhere else: see lib/login/audit.h. */
static const char beginning[] = "{\"time\":\"";

static bool is_decision(const char *text)
{
	return text != NULL && (strcmp(text, "allow") == 0 || strcmp(text, "deny") == 0 || strcmp(text, "error") == 0);
}

static bool take_texts(ap_audit_entry *entry)
{
	const struct {
		const char *key;
		const char **text;
	} keys[] = {
		{ "decision", &entry->decision }, { "reason", &entry->reason },   { "policy", &entry->policy },
		{ "user", &entry->user },         { "ip", &entry->ip },           { "region", &entry->region },
		{ "client", &entry->client },     { "service", &entry->service }, { "tty", &entry->tty },
		{ "revision", &entry->revision },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *value = json_object_get(entry->object, keys[i].key);

		if (!json_is_string(value) && !json_is_null(value))
			return false;
		*keys[i].text = json_string_value(value);
	}
	return entry->user != NULL && is_decision(entry->decision);
}

/*
 * As it stands
 */

static bool is_plain(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (line[i] < 0x20 || line[i] >= 0x7f || line[i] == '\\')
			return false;
	return true;
}

static bool take(char **at, const char *literal)
{
	size_t length = strlen(literal);

	if (strncmp(*at, literal, length) != 0)
		return false;
	*at += length;
	return true;
}

/* What stands behind `key`: a string, whose closing quote becomes its end, or null. */
static bool take_value(char **at, const char *key, const char **ret_text)
{
	char *end;

	if (!take(at, key))
		return false;
	*ret_text = NULL;
	if (take(at, "null"))
		return true;
	if (!take(at, "\"") || (end = strchr(*at, '"')) == NULL)
		return false;
	*ret_text = *at;
	*end = '\0';
	*at = end + 1;
	return true;
}

static bool take_end(char *at)
{
	size_t digits;

	if (!take(&at, ",\"pid\":"))
		return false;
	digits = strspn(at, "0123456789");
	/* JSON knows no leading zeros, and jansson no larger numbers */
	return digits > 0 && digits < 19 && (at[0] != '0' || digits == 1) && strcmp(at + digits, "}") == 0;
}

static bool read_plain(const char *line, size_t length, ap_audit_entry *entry)
{
	char *at = entry->copy;
	const char *time;

	if (length >= sizeof(entry->copy) || !is_plain(line, length))
		return false;
	memcpy(entry->copy, line, length);
	entry->copy[length] = '\0';
	return take_value(&at, "{\"time\":", &time) && take_value(&at, ",\"decision\":", &entry->decision) &&
	       take_value(&at, ",\"reason\":", &entry->reason) && take_value(&at, ",\"policy\":", &entry->policy) &&
	       take_value(&at, ",\"would\":[],\"user\":", &entry->user) && take_value(&at, ",\"ip\":", &entry->ip) &&
	       take_value(&at, ",\"region\":", &entry->region) && take_value(&at, ",\"client\":", &entry->client) &&
	       take_value(&at, ",\"service\":", &entry->service) && take_value(&at, ",\"tty\":", &entry->tty) &&
	       take_value(&at, ",\"revision\":", &entry->revision) && take_end(at) && entry->user != NULL &&
	       is_decision(entry->decision) && time != NULL && ap_timestamp_parse(time, &entry->time);
}

/*
 * By jansson
 */

static bool read_json(const char *line, size_t length, ap_audit_entry *entry)
{
	const char *time;

	entry->object = json_loadb(line, length, 0, NULL);
	entry->would = json_object_get(entry->object, "would");
	time = json_string_value(json_object_get(entry->object, "time"));
	if (time != NULL && ap_timestamp_parse(time, &entry->time) && json_is_array(entry->would) && take_texts(entry))
		return true;
	ap_audit_entry_clear(entry);
	return false;
}

static bool read_object(const char *line, size_t length, ap_audit_entry *ret_entry)
{
	ret_entry->object = NULL;
	ret_entry->would = NULL;
	ret_entry->line = line;
	ret_entry->length = length;
	return read_plain(line, length, ret_entry) || read_json(line, length, ret_entry);
}

/* The last place of the line, but its first, where a record begins; NULL where none does. */
static const char *last_beginning(const char *line, size_t length)
{
	const size_t n = sizeof(beginning) - 1;

	for (const char *at = line + length; at > line; at--)
		if ((size_t)(line + length - at) >= n && memcmp(at, beginning, n) == 0)
			return at;
	return NULL;
}

bool ap_audit_entry_read(const char *line, size_t length, ap_audit_entry *ret_entry, bool *ret_torn)
{
	const char *behind;

	*ret_torn = !read_object(line, length, ret_entry);
	if (!*ret_torn)
		return true;
	behind = last_beginning(line, length);
	return behind != NULL && read_object(behind, (size_t)(line + length - behind), ret_entry);
}

const json_t *ap_audit_entry_object(ap_audit_entry *entry)
{
	if (entry->object == NULL)
		entry->object = json_loadb(entry->line, entry->length, 0, NULL);
	return entry->object;
}

void ap_audit_entry_clear(ap_audit_entry *entry)
{
	json_decref(entry->object);
	entry->object = NULL;
	entry->would = NULL;
}
