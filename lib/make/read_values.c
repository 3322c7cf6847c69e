/* One setting's value: of the right type, and a valid one. */
#include "reader.h"

#include "../login/member.h"
#include "suggest.h"
#include "timestamp.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

ap_place ap_place_of(const ap_reader *reader, const config_setting_t *setting)
{
	const ap_raw_value *value = config_setting_get_hook(setting);

	return (ap_place){ .file = reader->file, .line = value->line };
}

bool ap_has_key(const ap_reader *reader, const config_setting_t *group, const char *key)
{
	if (config_setting_get_member(group, key) != NULL)
		return true;
	for (unsigned i = 0; i < reader->n_mistyped && i < AP_MISTYPED_MAX; i++)
		if (reader->mistyped[i].group == group && strcmp(reader->mistyped[i].meant, key) == 0)
			return true;
	return false;
}

static void remember_mistyped(ap_reader *reader, const config_setting_t *group, const char *meant)
{
	unsigned i = reader->n_mistyped++ % AP_MISTYPED_MAX;

	reader->mistyped[i].group = group;
	reader->mistyped[i].meant = meant;
}

static config_setting_t *element(const config_setting_t *setting, int i)
{
	return config_setting_get_elem(setting, (unsigned)i);
}

static const char *found(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "an integer";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(setting) ? "true" : "false";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	default:
		return "a list ( )";
	}
}

/* The name of the setting, or of the one that it is an element of. */
static const char *name_of(const config_setting_t *setting)
{
	while (config_setting_name(setting) == NULL && config_setting_parent(setting) != NULL)
		setting = config_setting_parent(setting);
	return config_setting_name(setting) != NULL ? config_setting_name(setting) : "";
}

void ap_refuse_type(ap_reader *reader, const config_setting_t *setting, const char *expected, const char *advice)
{
	AP_COMPLAIN(reader, ap_place_of(reader, setting), "\"%s\": found %s, expected %s%s", name_of(setting),
		    found(setting), expected, advice);
}

static void refuse_text(ap_reader *reader, const config_setting_t *setting, const char *text, const char *fault)
{
	AP_COMPLAIN(reader, ap_place_of(reader, setting), "\"%s\": %s %s", name_of(setting), AP_SHOWN(text), fault);
}

static void refuse_key(ap_reader *reader, const config_setting_t *setting, const char *where, const ap_key *keys,
		       size_t n_keys)
{
	const char *names[32];
	char known[512] = "";
	const char *meant;
	size_t i, used = 0;

	for (i = 0; i < n_keys && i < sizeof(names) / sizeof(names[0]); i++) {
		names[i] = keys[i].name;
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i > 0 ? ", " : "", keys[i].name);
	}
	meant = ap_suggest(config_setting_name(setting), names, i);
	if (meant != NULL)
		remember_mistyped(reader, config_setting_parent(setting), meant);
	if (meant != NULL)
		AP_COMPLAIN(reader, ap_place_of(reader, setting), "unknown key %s %s; did you mean \"%s\"?",
			    AP_SHOWN(config_setting_name(setting)), where, meant);
	else
		AP_COMPLAIN(reader, ap_place_of(reader, setting), "unknown key %s %s; expected one of %s",
			    AP_SHOWN(config_setting_name(setting)), where, known);
}

bool ap_read_keys(ap_reader *reader, const config_setting_t *group, const char *where, const ap_key *keys,
		  size_t n_keys, void *object)
{
	bool all_known = true;
	int n = config_setting_length(group);

	for (int i = 0; i < n; i++) {
		const config_setting_t *setting = element(group, i);
		size_t k = 0;

		while (k < n_keys && strcmp(keys[k].name, config_setting_name(setting)) != 0)
			k++;
		if (k < n_keys) {
			keys[k].read(reader, setting, (char *)object + keys[k].offset);
		} else {
			refuse_key(reader, setting, where, keys, n_keys);
			all_known = false;
		}
	}
	return all_known;
}

void ap_read_groups_of(ap_reader *reader, const config_setting_t *setting,
		       void (*each)(ap_reader *reader, const config_setting_t *group))
{
	int n = config_setting_length(setting);

	if (!config_setting_is_list(setting)) {
		char advice[AP_SHOWN_MAX];

		(void)snprintf(advice, sizeof(advice), "; write %s = ( { … } );", name_of(setting));
		ap_refuse_type(reader, setting, "a list of groups", advice);
		return;
	}
	if (n == 0)
		AP_COMPLAIN(reader, ap_place_of(reader, setting),
			    "\"%s\" is an empty list; leave the key out, or list something", name_of(setting));
	for (int i = 0; i < n; i++) {
		if (config_setting_is_group(element(setting, i)))
			each(reader, element(setting, i));
		else
			ap_refuse_type(reader, element(setting, i), "a group { }", "");
	}
}

const char *ap_string_of(ap_reader *reader, const config_setting_t *setting)
{
	if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
		ap_refuse_type(reader, setting, "a string", "");
		return NULL;
	}
	return config_setting_get_string(setting);
}

const char *ap_valid_string_of(ap_reader *reader, const config_setting_t *setting, ap_fault *fault_of)
{
	const char *text = ap_string_of(reader, setting);
	const char *fault = text != NULL ? fault_of(text) : NULL;

	if (fault == NULL)
		return text;
	refuse_text(reader, setting, text, fault);
	return NULL;
}

int ap_choice_of(ap_reader *reader, const config_setting_t *setting, const char *const *choices, size_t n)
{
	const char *text = ap_string_of(reader, setting);
	char expected[AP_SHOWN_MAX] = "", meant[AP_SHOWN_MAX] = "";
	const char *nearest;
	size_t used = 0;

	if (text == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(choices[i], text) == 0)
			return (int)i;
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s\"%s\"",
					 i == 0       ? ""
					 : i + 1 == n ? " or "
						      : ", ",
					 choices[i]);
	}
	nearest = ap_suggest(text, choices, n);
	if (nearest != NULL)
		(void)snprintf(meant, sizeof(meant), "; did you mean \"%s\"?", nearest);
	AP_COMPLAIN(reader, ap_place_of(reader, setting), "\"%s\": found %s, expected %s%s", name_of(setting),
		    AP_SHOWN(text), expected, meant);
	return -1;
}

bool ap_boolean_of(ap_reader *reader, const config_setting_t *setting, bool *ret_value)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL) {
		ap_refuse_type(reader, setting, "true or false", "");
		return false;
	}
	*ret_value = config_setting_get_bool(setting) != CONFIG_FALSE;
	return true;
}

void ap_read_flag(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_flag *flag = field;

	if (ap_boolean_of(reader, setting, &flag->value))
		flag->place = ap_place_of(reader, setting);
}

void ap_read_moment(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_moment *moment = field;
	const char *text = ap_string_of(reader, setting);

	if (text == NULL)
		return;
	if (!ap_timestamp_parse(text, &moment->value)) {
		refuse_text(reader, setting, text,
			    "is no time; expected one with its offset, such as \"2026-12-01T00:00:00+08:00\"");
		return;
	}
	moment->written.text = ap_arena_strdup(reader->arena, text);
	moment->written.place = ap_place_of(reader, setting);
}

void ap_read_name(ap_reader *reader, const config_setting_t *setting, void *field)
{
	char **name = field;
	const char *text = ap_valid_string_of(reader, setting, ap_name_fault);

	if (text != NULL)
		*name = ap_arena_strdup(reader->arena, text);
}

void ap_read_line(ap_reader *reader, const config_setting_t *setting, void *field)
{
	char **line = field;
	const char *text = ap_valid_string_of(reader, setting, ap_line_fault);

	if (text != NULL)
		*line = ap_arena_strdup(reader->arena, text);
}

static void read_valid_text(ap_reader *reader, const config_setting_t *setting, ap_text *text, ap_fault *fault_of)
{
	const char *valid = ap_valid_string_of(reader, setting, fault_of);

	if (valid == NULL)
		return;
	text->text = ap_arena_strdup(reader->arena, valid);
	text->place = ap_place_of(reader, setting);
}

void ap_read_text(ap_reader *reader, const config_setting_t *setting, void *field)
{
	read_valid_text(reader, setting, field, ap_line_fault);
}

void ap_read_domain(ap_reader *reader, const config_setting_t *setting, void *field)
{
	read_valid_text(reader, setting, field, ap_domain_fault);
}

void ap_read_client(ap_reader *reader, const config_setting_t *setting, void *field)
{
	read_valid_text(reader, setting, field, ap_client_type_fault);
}

char *ap_absolute(const ap_reader *reader, const char *path)
{
	size_t folder = strlen(reader->folder), length = strlen(path);
	char *joined;

	if (path[0] == '/')
		return ap_arena_strdup(reader->arena, path);
	joined = ap_arena_alloc(reader->arena, folder + length + 2);
	memcpy(joined, reader->folder, folder);
	joined[folder] = '/';
	memcpy(joined + folder + 1, path, length + 1);
	return joined;
}

void ap_read_path(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_text *text = field;
	const char *line = ap_valid_string_of(reader, setting, ap_line_fault);

	if (line == NULL)
		return;
	text->text = ap_absolute(reader, line);
	text->place = ap_place_of(reader, setting);
}

static void read_bounded_text(ap_reader *reader, const config_setting_t *setting, ap_text *text, size_t max)
{
	if (config_setting_type(setting) == CONFIG_TYPE_STRING && strlen(config_setting_get_string(setting)) > max)
		AP_COMPLAIN(reader, ap_place_of(reader, setting), "\"%s\" has %zu bytes; at most %zu are accepted",
			    name_of(setting), strlen(config_setting_get_string(setting)), max);
	else
		ap_read_text(reader, setting, text);
}

void ap_read_message(ap_reader *reader, const config_setting_t *setting, void *field)
{
	read_bounded_text(reader, setting, field, AP_MESSAGE_MAX);
}

void ap_read_comment(ap_reader *reader, const config_setting_t *setting, void *field)
{
	read_bounded_text(reader, setting, field, AP_COMMENT_MAX);
}

bool ap_expect_list(ap_reader *reader, const config_setting_t *setting)
{
	char advice[2 * AP_SHOWN_MAX] = "";

	if (config_setting_is_array(setting) || config_setting_is_list(setting))
		return true;
	if (config_setting_type(setting) == CONFIG_TYPE_STRING)
		(void)snprintf(advice, sizeof(advice), "; write %s = [ %s ];", name_of(setting),
			       AP_SHOWN(config_setting_get_string(setting)));
	ap_refuse_type(reader, setting, "a list of strings", advice);
	return false;
}

typedef struct {
	ap_fault *fault;
	bool folds_case; /* names that differ in ASCII case only are the same */
} list_kind;

static bool is_same(const list_kind *kind, const char *a, const char *b)
{
	if (!kind->folds_case)
		return strcmp(a, b) == 0;
	while (*a != '\0' && ap_ascii_lower(*a) == ap_ascii_lower(*b)) {
		a++;
		b++;
	}
	return ap_ascii_lower(*a) == ap_ascii_lower(*b);
}

static void refuse_twice(ap_reader *reader, const ap_text *first, const ap_text *again)
{
	AP_COMPLAIN(reader, again->place, "%s is listed twice, first in line %u", AP_SHOWN(again->text),
		    first->place.line);
}

/* Lists are short, but a department's members may be very many. */
static void check_long_list(ap_reader *reader, const list_kind *kind, const ap_text *items, size_t n)
{
	ap_arena *arena = ap_arena_new();
	ap_names *names = ap_names_new(arena);

	for (size_t i = 0; i < n; i++) {
		const char *key = kind->folds_case ? ap_lower_copy(arena, items[i].text) : items[i].text;
		uint32_t first = ap_names_find(names, key);

		if (first == AP_NONE)
			ap_names_put(names, key, (uint32_t)i);
		else
			refuse_twice(reader, &items[first], &items[i]);
	}
	ap_arena_free(arena);
}

static void check_list(ap_reader *reader, const list_kind *kind, const ap_text *items, size_t n)
{
	size_t k;

	if (n > 16) {
		check_long_list(reader, kind, items, n);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		for (k = 0; k < i && !is_same(kind, items[k].text, items[i].text); k++)
			;
		if (k < i)
			refuse_twice(reader, &items[k], &items[i]);
	}
}

static void read_list(ap_reader *reader, const config_setting_t *setting, ap_list *list, const list_kind *kind)
{
	size_t before = list->n;
	int n = config_setting_length(setting);

	if (!ap_expect_list(reader, setting))
		return;
	if (list->place.line == 0)
		list->place = ap_place_of(reader, setting);
	if (n == 0)
		AP_COMPLAIN(reader, ap_place_of(reader, setting),
			    "\"%s\" is an empty list; leave the key out, or list something", name_of(setting));
	for (int i = 0; i < n; i++) {
		const char *text = ap_valid_string_of(reader, element(setting, i), kind->fault);
		ap_text *item;

		if (text == NULL)
			continue;
		item = AP_PUSH(reader->arena, list->items, list->n);
		item->text = ap_arena_strdup(reader->arena, text);
		item->place = ap_place_of(reader, element(setting, i));
	}
	check_list(reader, kind, list->items + before, list->n - before);
}

#define DEFINE_LIST_READER(function, fault_function, folds)                                                            \
	void function(ap_reader *reader, const config_setting_t *setting, void *field)                                 \
	{                                                                                                              \
		static const list_kind kind = { .fault = fault_function, .folds_case = folds };                        \
                                                                                                                       \
		read_list(reader, setting, field, &kind);                                                              \
	}

DEFINE_LIST_READER(ap_read_members, ap_member_fault, true)
DEFINE_LIST_READER(ap_read_domains, ap_domain_fault, true)
DEFINE_LIST_READER(ap_read_departments, ap_department_pattern_fault, false)
DEFINE_LIST_READER(ap_read_groups, ap_group_fault, false)
DEFINE_LIST_READER(ap_read_regions, ap_region_fault, false)
DEFINE_LIST_READER(ap_read_clients, ap_client_type_fault, false)
DEFINE_LIST_READER(ap_read_policy_names, ap_name_fault, false)
DEFINE_LIST_READER(ap_read_hints, ap_hint_fault, false)
DEFINE_LIST_READER(ap_read_environment, ap_environment_fault, false)
DEFINE_LIST_READER(ap_read_paths, ap_line_fault, false)
