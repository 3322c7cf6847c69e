#include "policyset.h"

#include <string.h>

const char *const ap_builtin_client_types[] = {
	"native", "web", "dingtalk-pc", "dingtalk-mobile", "outlook-addin", "wechat", "third-party", "system", NULL,
};

const char *const ap_policy_type_names[] = { [AP_POLICY_WHITELIST] = "whitelist", [AP_POLICY_BLACKLIST] = "blacklist" };

const char *const ap_policy_status_names[] = {
	[AP_POLICY_ENABLED] = "enabled", [AP_POLICY_DISABLED] = "disabled", [AP_POLICY_REPORT_ONLY] = "report-only"
};

const char *ap_policy_type_name(uint32_t type)
{
	return ap_policy_type_names[type == AP_POLICY_BLACKLIST ? AP_POLICY_BLACKLIST : AP_POLICY_WHITELIST];
}

const char *ap_policy_status_name(uint32_t status)
{
	return ap_policy_status_names[status <= AP_POLICY_REPORT_ONLY ? status : AP_POLICY_REPORT_ONLY];
}

const char *ap_source_kind_name(uint32_t kind)
{
	static const char *const names[] = { [AP_SOURCE_POLICIES] = "policies",
					     [AP_SOURCE_DIRECTORY] = "directory",
					     [AP_SOURCE_FEED] = "feed",
					     [AP_SOURCE_REGIONS] = "region database" };

	return names[kind <= AP_SOURCE_REGIONS ? kind : AP_SOURCE_POLICIES];
}

ap_policy_set *ap_policy_set_new(void)
{
	ap_arena *arena = ap_arena_new();
	ap_policy_set *set = ap_arena_alloc(arena, sizeof(*set));

	set->arena = arena;
	set->message.text = ap_arena_strdup(arena, "The administrator has enabled IP login restrictions. "
						   "Login from the current IP is not allowed.");
	set->default_client_type.text = ap_arena_strdup(arena, "third-party");
	set->max_shrink = 10;
	set->audit_record = AP_AUDIT_ALL;
	return set;
}

void ap_policy_set_free(ap_policy_set *set)
{
	if (set != NULL)
		ap_arena_free(set->arena);
}

uint32_t ap_region_number(const ap_policy_set *set, const char *code)
{
	size_t low = 0, high = set->n_regions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(set->regions[middle].code, code);

		if (order == 0)
			return (uint32_t)middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return AP_NONE;
}

const ap_policy_def *ap_policy_set_find(const ap_policy_set *set, const char *name)
{
	for (size_t i = 0; i < set->n_policies; i++)
		if (strcmp(set->policies[i].name, name) == 0)
			return &set->policies[i];
	return NULL;
}

const ap_exception_def *ap_policy_set_find_exception(const ap_policy_set *set, const char *name)
{
	for (size_t i = 0; i < set->n_exceptions; i++)
		if (strcmp(set->exceptions[i].name, name) == 0)
			return &set->exceptions[i];
	return NULL;
}
