/* The tree of departments: each path once, its ancestors before it. */
#include "reader.h"

#include <string.h>

static uint32_t add_department(ap_reader *reader, char *path)
{
	ap_policy_set *set = reader->set;
	uint32_t number = (uint32_t)set->n_departments;
	ap_department_def *department = AP_PUSH(reader->arena, set->departments, set->n_departments);

	department->name = path;
	(void)AP_PUSH(reader->arena, reader->declared, reader->n_declared);
	ap_names_put(reader->departments, path, number);
	return number;
}

uint32_t ap_department_number(ap_reader *reader, const char *path)
{
	uint32_t number = ap_names_find(reader->departments, path);
	char *copy, *slash;

	if (number != AP_NONE)
		return number;
	copy = ap_arena_strdup(reader->arena, path);
	for (slash = strchr(copy, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (ap_names_find(reader->departments, copy) == AP_NONE)
			(void)add_department(reader, ap_arena_strdup(reader->arena, copy));
		*slash = '/';
	}
	return add_department(reader, copy);
}

typedef struct {
	char *name;
	ap_list members;
	ap_list groups;
} department_entry;

static void read_department_name(ap_reader *reader, const config_setting_t *setting, void *field)
{
	char **name = field;
	const char *text = ap_valid_string_of(reader, setting, ap_department_fault);

	if (text != NULL)
		*name = ap_arena_strdup(reader->arena, text);
}

static const ap_key department_keys[] = {
	{ "name", read_department_name, offsetof(department_entry, name) },
	{ "members", ap_read_members, offsetof(department_entry, members) },
	{ "groups", ap_read_groups, offsetof(department_entry, groups) },
};

static void add_members(ap_reader *reader, uint32_t number, const ap_list *members)
{
	ap_policy_set *set = reader->set;

	for (size_t i = 0; i < members->n; i++) {
		ap_membership *membership = AP_PUSH(reader->arena, set->memberships, set->n_memberships);

		membership->member = members->items[i].text;
		membership->department = number;
	}
}

static void read_department(ap_reader *reader, const config_setting_t *group)
{
	ap_place place = ap_place_of(reader, group);
	department_entry entry = { .name = NULL };
	uint32_t number;
	ap_place *declared;

	AP_READ_KEYS(reader, group, "in a department", department_keys, &entry);
	if (!ap_has_key(reader, group, "name"))
		AP_COMPLAIN(reader, place,
			    "the department has no \"name\"; expected its path, such as engineering/platform");
	if (entry.name == NULL)
		return;
	number = ap_department_number(reader, entry.name);
	declared = &reader->declared[number];
	if (declared->line > 0) {
		AP_COMPLAIN(reader, place, "there is a second department named %s; the first is in %s:%u",
			    AP_SHOWN(entry.name), declared->file, declared->line);
		return;
	}
	*declared = place;
	reader->set->departments[number].place = place;
	reader->set->departments[number].groups = entry.groups;
	add_members(reader, number, &entry.members);
}

void ap_read_department_list(ap_reader *reader, const config_setting_t *setting, void *field)
{
	(void)field;
	ap_read_groups_of(reader, setting, read_department);
}
