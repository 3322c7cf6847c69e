#include "records.h"

#include "timestamp.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const char *const ap_action_names[] = {
	[AP_ACTION_APPLY] = "apply",     [AP_ACTION_DATA] = "apply --data",   [AP_ACTION_ROLLBACK] = "rollback",
	[AP_ACTION_CONFIRM] = "confirm", [AP_ACTION_TRIAL_END] = "trial-end",
};

static json_t *text_or_null(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *texts(const char *const *items, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(array, json_string(items[i]));
	return array;
}

char *ap_record_format(const ap_record *record)
{
	char time[AP_TIMESTAMP_TEXT_MAX], ends[AP_TIMESTAMP_TEXT_MAX], *line, *with_newline;
	json_t *object = json_pack(
		"{s:i, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:I, s:b, s:o, s:o, s:i, s:s}", "number", (int)record->number,
		"time", ap_timestamp_format_utc(record->time, time), "action", ap_action_names[record->action],
		"revision", record->revision, "text", record->text, "replaced", text_or_null(record->replaced),
		"replaced_text", text_or_null(record->replaced_text), "by", record->by, "uid", (json_int_t)record->uid,
		"forced", (int)record->forced, "trial_ends",
		text_or_null(record->trial_ends != 0 ? ap_timestamp_format_utc(record->trial_ends, ends) : ""),
		"forced_over", texts(record->forced_over, record->n_forced_over), "policies", (int)record->n_policies,
		"summary", record->summary);
	size_t length;

	line = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (line == NULL)
		ap_out_of_memory();
	length = strlen(line);
	with_newline = realloc(line, length + 2);
	if (with_newline == NULL)
		ap_out_of_memory();
	memcpy(with_newline + length, "\n", 2);
	return with_newline;
}

/* Null or absent: none. */
static bool take_trial(const json_t *object, int64_t *ret_ends)
{
	const json_t *value = json_object_get(object, "trial_ends");
	const char *text = json_string_value(value);

	if (text == NULL)
		return value == NULL || json_is_null(value);
	return ap_timestamp_parse(text, ret_ends);
}

static bool take_hex(const json_t *object, const char *key, bool may_be_null, char hex[AP_HEX_REVISION + 1])
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	hex[0] = '\0';
	if (text == NULL)
		return may_be_null && json_is_null(value);
	if (strlen(text) != AP_HEX_REVISION || text[strspn(text, "0123456789abcdef")] != '\0')
		return false;
	memcpy(hex, text, AP_HEX_REVISION + 1);
	return true;
}

static bool take_action(const json_t *object, ap_action *ret_action)
{
	const char *text = json_string_value(json_object_get(object, "action"));

	for (size_t i = 0; text != NULL && i < sizeof(ap_action_names) / sizeof(ap_action_names[0]); i++) {
		if (strcmp(text, ap_action_names[i]) == 0) {
			*ret_action = (ap_action)i;
			return true;
		}
	}
	return false;
}

static const char *take_text(const json_t *object, const char *key, ap_arena *arena)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? ap_arena_strdup(arena, text) : "";
}

/* A record that an earlier release wrote has none. */
static void take_texts(const json_t *object, const char *key, ap_arena *arena, ap_record *record)
{
	const json_t *array = json_object_get(object, key);
	const char **items = NULL;
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (text != NULL)
			*AP_PUSH(arena, items, n) = ap_arena_strdup(arena, text);
	}
	record->forced_over = items;
	record->n_forced_over = n;
}

static unsigned take_number(const json_t *object, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(object, key));

	return number > 0 && number <= UINT32_MAX ? (unsigned)number : 0;
}

bool ap_record_parse(const char *line, size_t length, ap_arena *arena, ap_record *ret_record)
{
	json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	const char *time = json_string_value(json_object_get(object, "time"));
	ap_record record = { .number = take_number(object, "number") };
	bool legible =
		record.number > 0 && time != NULL && ap_timestamp_parse(time, &record.time) &&
		take_action(object, &record.action) && take_hex(object, "revision", false, record.revision) &&
		take_hex(object, "text", false, record.text) && take_hex(object, "replaced", true, record.replaced) &&
		take_hex(object, "replaced_text", true, record.replaced_text) && take_trial(object, &record.trial_ends);

	if (legible) {
		record.by = take_text(object, "by", arena);
		record.uid = take_number(object, "uid");
		record.forced = json_is_true(json_object_get(object, "forced"));
		take_texts(object, "forced_over", arena, &record);
		record.n_policies = take_number(object, "policies");
		record.summary = take_text(object, "summary", arena);
		*ret_record = record;
	}
	json_decref(object);
	return legible;
}

const ap_record *ap_records_find(const ap_records *records, const char *prefix, bool *ret_ambiguous)
{
	size_t length = strlen(prefix);
	const ap_record *found = NULL;

	*ret_ambiguous = false;
	if (length < AP_REVISION_PREFIX_MIN)
		return NULL;
	for (size_t i = records->n; i > 0; i--) {
		const ap_record *record = &records->items[i - 1];

		if (strncmp(record->revision, prefix, length) != 0)
			continue;
		if (found != NULL && strcmp(found->revision, record->revision) != 0) {
			*ret_ambiguous = true;
			return NULL;
		}
		if (found == NULL)
			found = record;
	}
	return found;
}

/* What was in force before is again. */
static bool goes_back(const ap_record *record)
{
	return record->action == AP_ACTION_ROLLBACK || record->action == AP_ACTION_TRIAL_END;
}

static bool puts_there(const ap_record *record, const char *revision)
{
	/* a rollback to it is no new beginning: what it was rolled back from is not what was before it */
	return strcmp(record->revision, revision) == 0 && !goes_back(record);
}

const ap_record *ap_records_before(const ap_records *records, const char *revision)
{
	size_t at = records->n;

	while (at > 0 && !puts_there(&records->items[at - 1], revision))
		at--;
	if (at == 0) /* it came there by other means than these */
		at = records->n + 1;
	while (at > 1)
		if (strcmp(records->items[--at - 1].revision, revision) != 0 && records->items[at - 1].trial_ends == 0)
			return &records->items[at - 1];
	return NULL;
}

const ap_record *ap_records_rolled_back(const ap_records *records, const char *revision, const char *text,
					const char *text_in_force)
{
	const ap_record *by = NULL;

	for (size_t i = 0; i < records->n; i++) {
		const ap_record *record = &records->items[i];
		/* a rollback of feeds alone is none of the text, which is what it was before and after */
		bool of_text = goes_back(record) && strcmp(record->replaced_text, record->text) != 0;

		if (goes_back(record) && strcmp(record->replaced, revision) == 0)
			by = record;
		else if (of_text && strcmp(record->replaced_text, text) == 0 && strcmp(text, text_in_force) != 0)
			by = record;
		else if (strcmp(record->revision, revision) == 0 || strcmp(record->text, text) == 0)
			by = NULL;
	}
	return by;
}
