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

static bool read_object(const char *line, size_t length, ap_audit_entry *ret_entry)
{
	ap_audit_entry entry = { .line = line, .length = length };
	const char *time;

	entry.object = json_loadb(line, length, 0, NULL);
	entry.would = json_object_get(entry.object, "would");
	time = json_string_value(json_object_get(entry.object, "time"));
	if (time != NULL && ap_timestamp_parse(time, &entry.time) && json_is_array(entry.would) && take_texts(&entry)) {
		*ret_entry = entry;
		return true;
	}
	json_decref(entry.object);
	return false;
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

void ap_audit_entry_clear(ap_audit_entry *entry)
{
	json_decref(entry->object);
	*entry = (ap_audit_entry){ .object = NULL };
}
