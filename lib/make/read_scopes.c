/* Whom a policy applies to, and whom it does not. */
#include "reader.h"

static void read_true(ap_reader *reader, const config_setting_t *setting, void *field)
{
	bool *flag = field, value;

	if (!ap_boolean_of(reader, setting, &value))
		return;
	if (!value)
		AP_COMPLAIN(reader, ap_place_of(reader, setting), "\"%s\" = false says nothing; leave it out",
			    config_setting_name(setting));
	*flag = true; /* also after the complaint: an empty scope would be told as well */
}

static void read_except(ap_reader *reader, const config_setting_t *setting, void *field);

static const ap_key scope_keys[] = {
	{ "all", read_true, offsetof(ap_policy_def, scope.all) },
	{ "unlisted", read_true, offsetof(ap_policy_def, scope.unlisted) },
	{ "departments", ap_read_departments, offsetof(ap_policy_def, scope.departments) },
	{ "members", ap_read_members, offsetof(ap_policy_def, scope.members) },
	{ "domains", ap_read_domains, offsetof(ap_policy_def, scope.domains) },
	{ "groups", ap_read_groups, offsetof(ap_policy_def, scope.groups) },
	{ "except", read_except, 0 },
};

static const ap_key except_keys[] = {
	{ "departments", ap_read_departments, offsetof(ap_objects, departments) },
	{ "members", ap_read_members, offsetof(ap_objects, members) },
	{ "domains", ap_read_domains, offsetof(ap_objects, domains) },
	{ "groups", ap_read_groups, offsetof(ap_objects, groups) },
	{ "unlisted", read_true, offsetof(ap_objects, unlisted) },
	{ "ip", ap_read_entries, offsetof(ap_objects, ip) },
	{ "regions", ap_read_regions, offsetof(ap_objects, regions) },
};

static void read_except(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_policy_def *policy = field;

	if (!config_setting_is_group(setting)) {
		ap_refuse_type(reader, setting, "a group { }", "");
		return;
	}
	policy->except.place = ap_place_of(reader, setting);
	if (config_setting_length(setting) == 0)
		AP_COMPLAIN(reader, policy->except.place, "\"except\" is empty; leave it out, or list who is excepted");
	AP_READ_KEYS(reader, setting, "in an \"except\"", except_keys, &policy->except);
}

void ap_read_scope(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_policy_def *policy = field;
	int n = config_setting_length(setting);
	bool has_except, has_all;

	if (!config_setting_is_group(setting)) {
		ap_refuse_type(reader, setting, "a group { }", "; write scope = { all = true; };");
		return;
	}
	has_except = config_setting_get_member(setting, "except") != NULL;
	has_all = config_setting_get_member(setting, "all") != NULL;
	policy->scope.place = ap_place_of(reader, setting);
	AP_READ_KEYS(reader, setting, "in a scope", scope_keys, policy);
	if (n == 0)
		AP_COMPLAIN(reader, policy->scope.place,
			    "the scope is empty; write whom the policy applies to, such as all = true");
	else if (n == 1 && has_except)
		AP_COMPLAIN(reader, policy->scope.place,
			    "the scope has nothing but an \"except\"; "
			    "write whom they are excepted from, such as all = true");
	else if (has_all && n > (has_except ? 2 : 1))
		AP_COMPLAIN(reader, ap_place_of(reader, config_setting_get_member(setting, "all")),
			    "\"all\" stands beside other members; "
			    "leave one of them out: all = true alone applies to everybody");
}

void ap_check_freed(ap_reader *reader, const config_setting_t *group, ap_place place)
{
	if (!ap_has_key(reader, group, "members") && !ap_has_key(reader, group, "departments") &&
	    !ap_has_key(reader, group, "domains") && !ap_has_key(reader, group, "groups"))
		AP_COMPLAIN(
			reader, place,
			"the exception frees nobody; expected at least one of members, departments, domains, groups");
}

void ap_check_moments(ap_reader *reader, const ap_moment *not_before, const ap_moment *not_after)
{
	if (not_before->written.text == NULL || not_after->written.text == NULL || not_before->value < not_after->value)
		return;
	AP_COMPLAIN(reader, not_after->written.place, "\"not_after\" is not after \"not_before\" in line %u",
		    not_before->written.place.line);
}
