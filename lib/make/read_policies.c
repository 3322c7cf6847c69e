/* Policies and exceptions. */
#include "reader.h"

#include <stdint.h>
#include <string.h>

static void read_type(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_policy_def *policy = field;
	int choice = ap_choice_of(reader, setting, ap_policy_type_names, AP_POLICY_BLACKLIST + 1);

	if (choice < 0)
		return;
	policy->type = (ap_policy_type)choice;
	policy->type_place = ap_place_of(reader, setting);
}

static void read_status(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_policy_def *policy = field;
	int choice = ap_choice_of(reader, setting, ap_policy_status_names, AP_POLICY_REPORT_ONLY + 1);

	policy->status_place = ap_place_of(reader, setting);
	if (choice >= 0)
		policy->status = (ap_policy_status)choice;
}

static void read_other_clients(ap_reader *reader, const config_setting_t *setting, void *field)
{
	static const char *const choices[] = { "unaffected", "deny" };
	ap_flag *denied = field;
	int choice = ap_choice_of(reader, setting, choices, sizeof(choices) / sizeof(choices[0]));

	denied->value = choice == 1;
	denied->place = ap_place_of(reader, setting);
}

static void read_replaces(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_text *replaces = field;

	ap_read_name(reader, setting, &replaces->text);
	replaces->place = ap_place_of(reader, setting);
}

static const ap_key policy_keys[] = {
	{ "name", ap_read_name, offsetof(ap_policy_def, name) },
	{ "type", read_type, 0 },
	{ "status", read_status, 0 },
	{ "scope", ap_read_scope, 0 },
	{ "ip", ap_read_entries, offsetof(ap_policy_def, ip) },
	{ "regions", ap_read_regions, offsetof(ap_policy_def, regions) },
	{ "clients", ap_read_clients, offsetof(ap_policy_def, clients) },
	{ "other_clients", read_other_clients, offsetof(ap_policy_def, other_clients_denied) },
	{ "required", ap_read_flag, offsetof(ap_policy_def, required) },
	{ "replaces", read_replaces, offsetof(ap_policy_def, replaces) },
	{ "not_before", ap_read_moment, offsetof(ap_policy_def, not_before) },
	{ "not_after", ap_read_moment, offsetof(ap_policy_def, not_after) },
	{ "message", ap_read_message, offsetof(ap_policy_def, message) },
	{ "comment", ap_read_comment, offsetof(ap_policy_def, comment) },
};

static void check_present(ap_reader *reader, const config_setting_t *group, const ap_policy_def *policy)
{
	if (!ap_has_key(reader, group, "name"))
		AP_COMPLAIN(reader, policy->place, "the policy has no \"name\"; expected one, by which it is known");
	if (!ap_has_key(reader, group, "type"))
		AP_COMPLAIN(reader, policy->place,
			    "the policy has no \"type\"; expected \"whitelist\" or \"blacklist\"");
	if (!ap_has_key(reader, group, "scope"))
		AP_COMPLAIN(reader, policy->place,
			    "the policy has no \"scope\"; write whom it applies to, such as scope = { all = true; };");
}

static void check_whitelist_keys(ap_reader *reader, const config_setting_t *group, const ap_policy_def *policy)
{
	static const char advice[] = "is for whitelists only, and this is a blacklist; leave it out";

	if (policy->type_place.line > 0 && policy->type == AP_POLICY_BLACKLIST) {
		if (policy->other_clients_denied.place.line > 0)
			AP_COMPLAIN(reader, policy->other_clients_denied.place, "\"other_clients\" %s", advice);
		if (policy->required.place.line > 0)
			AP_COMPLAIN(reader, policy->required.place, "\"required\" %s", advice);
	} else if (policy->other_clients_denied.value && !ap_has_key(reader, group, "clients")) {
		AP_COMPLAIN(reader, policy->other_clients_denied.place,
			    "\"other_clients\" denies what \"clients\" does not list, and there are no \"clients\"; "
			    "list some, or leave it out");
	}
}

static void check_policy(ap_reader *reader, const config_setting_t *group, const ap_policy_def *policy)
{
	check_present(reader, group, policy);
	check_whitelist_keys(reader, group, policy);
	ap_check_moments(reader, &policy->not_before, &policy->not_after);
	if (policy->replaces.place.line > 0 && policy->status != AP_POLICY_REPORT_ONLY)
		AP_COMPLAIN(reader, policy->replaces.place,
			    "\"replaces\" is for policies with status = \"report-only\" only; "
			    "leave it out, or write that status");
}

static void refuse_duplicate(ap_reader *reader, const char *what, const char *name, ap_place place,
			     const char *first_name, ap_place first)
{
	if (strcmp(name, first_name) == 0)
		AP_COMPLAIN(reader, place, "there is a second %s named %s; the first is in %s:%u", what, AP_SHOWN(name),
			    first.file, first.line);
	else
		AP_COMPLAIN(reader, place,
			    "the %s %s differs from %s in %s:%u in upper and lower case only; expected another name",
			    what, AP_SHOWN(name), AP_SHOWN(first_name), first.file, first.line);
}

static void push_policy(ap_reader *reader, const ap_policy_def *policy)
{
	ap_policy_set *set = reader->set;
	ap_policy_def *added = AP_PUSH(reader->arena, set->policies, set->n_policies);

	*added = *policy;
}

/* A draft stands where the policy of its name stood, so that reading order is what it will be. */
static void add_policy(ap_reader *reader, const ap_policy_def *policy)
{
	ap_policy_set *set = reader->set;
	const char *key = ap_lower_copy(reader->arena, policy->name);
	uint32_t number = ap_names_find(reader->policies, key);
	ap_policy_def *first;

	if (number == AP_NONE) {
		ap_names_put(reader->policies, key, (uint32_t)set->n_policies);
		push_policy(reader, policy);
		return;
	}
	first = &set->policies[number];
	if (policy->draft && !first->draft && strcmp(policy->name, first->name) == 0) {
		*first = *policy;
	} else {
		refuse_duplicate(reader, "policy", policy->name, policy->place, first->name, first->place);
		push_policy(reader, policy); /* what it refers to is looked at too */
	}
}

static void read_policy(ap_reader *reader, const config_setting_t *group)
{
	ap_policy_def policy = { .place = ap_place_of(reader, group),
				 .not_before.value = INT64_MIN,
				 .not_after.value = INT64_MAX };

	AP_READ_KEYS(reader, group, "in a policy", policy_keys, &policy);
	check_policy(reader, group, &policy);
	if (reader->drafting) {
		policy.draft = true;
		policy.status = AP_POLICY_ENABLED;
	}
	if (policy.name != NULL) {
		add_policy(reader, &policy);
	} else {
		policy.name = ap_arena_strdup(reader->arena, "");
		push_policy(reader, &policy);
	}
}

void ap_read_policies(ap_reader *reader, const config_setting_t *setting, void *field)
{
	(void)field;
	reader->policies_written = true;
	if (config_setting_is_list(setting) && config_setting_length(setting) == 0)
		AP_COMPLAIN(reader, ap_place_of(reader, setting),
			    "\"policies\" is an empty list; leave the key out, or list policies: "
			    "one that is not wanted for now has status = \"disabled\"");
	else
		ap_read_groups_of(reader, setting, read_policy);
}

static const ap_key exception_keys[] = {
	{ "name", ap_read_name, offsetof(ap_exception_def, name) },
	{ "policies", ap_read_policy_names, offsetof(ap_exception_def, policies) },
	{ "members", ap_read_members, offsetof(ap_exception_def, who.members) },
	{ "departments", ap_read_departments, offsetof(ap_exception_def, who.departments) },
	{ "domains", ap_read_domains, offsetof(ap_exception_def, who.domains) },
	{ "groups", ap_read_groups, offsetof(ap_exception_def, who.groups) },
	{ "ip", ap_read_entries, offsetof(ap_exception_def, ip) },
	{ "regions", ap_read_regions, offsetof(ap_exception_def, regions) },
	{ "clients", ap_read_clients, offsetof(ap_exception_def, clients) },
	{ "not_before", ap_read_moment, offsetof(ap_exception_def, not_before) },
	{ "not_after", ap_read_moment, offsetof(ap_exception_def, not_after) },
	{ "comment", ap_read_comment, offsetof(ap_exception_def, comment) },
};

static void check_exception(ap_reader *reader, const config_setting_t *group, const ap_exception_def *exception)
{
	if (!ap_has_key(reader, group, "name"))
		AP_COMPLAIN(reader, exception->place,
			    "the exception has no \"name\"; expected one, by which it is known");
	if (!ap_has_key(reader, group, "policies"))
		AP_COMPLAIN(reader, exception->place,
			    "the exception has no \"policies\"; list those that it frees from");
	ap_check_freed(reader, group, exception->place);
	ap_check_moments(reader, &exception->not_before, &exception->not_after);
}

static void add_exception(ap_reader *reader, const ap_exception_def *exception)
{
	ap_policy_set *set = reader->set;
	uint32_t number = ap_names_find(reader->exceptions, exception->name);
	ap_exception_def *added;

	if (number != AP_NONE) {
		refuse_duplicate(reader, "exception", exception->name, exception->place, set->exceptions[number].name,
				 set->exceptions[number].place);
		return;
	}
	ap_names_put(reader->exceptions, exception->name, (uint32_t)set->n_exceptions);
	added = AP_PUSH(reader->arena, set->exceptions, set->n_exceptions);
	*added = *exception;
}

static void read_exception(ap_reader *reader, const config_setting_t *group)
{
	ap_exception_def exception = { .place = ap_place_of(reader, group),
				       .not_before.value = INT64_MIN,
				       .not_after.value = INT64_MAX };

	exception.who.place = exception.place;
	AP_READ_KEYS(reader, group, "in an exception", exception_keys, &exception);
	check_exception(reader, group, &exception);
	if (exception.name != NULL)
		add_exception(reader, &exception);
}

void ap_read_exceptions(ap_reader *reader, const config_setting_t *setting, void *field)
{
	(void)field;
	ap_read_groups_of(reader, setting, read_exception);
}
