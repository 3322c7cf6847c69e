#include "coverage.h"

#include "known_services.h"
#include "module_line.h"

#include <string.h>

const char *const ap_coverage_names[AP_COVERAGE_NONE + 1] = { "whole", "partly", "denies", "beside", "none" };

/* su is included by su-l, and is a service all the same. */
static bool is_fragment(const ap_pam_config *config, const ap_pam_service *service)
{
	if (strncmp(service->name, "common-", strlen("common-")) == 0)
		return true;
	return ap_pam_config_is_included(config, service) && ap_service_kind_of(service->name) == AP_SERVICE_UNKNOWN;
}

static ap_coverage_state state_of(const ap_module_folders *folders, const ap_pam_service *service)
{
	ap_arena *arena = folders->host->arena;
	size_t in_account = ap_module_lines_of(arena, service, AP_PAM_ACCOUNT).n;
	ap_pam_outcome past;

	if (service->unexamined)
		return AP_COVERAGE_PARTLY;
	if (ap_is_deny_passdb_service(arena, service))
		return AP_COVERAGE_DENIES;
	if (in_account == 0)
		return ap_module_lines_of(arena, service, AP_PAM_AUTH).n > 0 ? AP_COVERAGE_PARTLY : AP_COVERAGE_NONE;
	past = ap_ways_ask(arena, service, AP_PAM_ACCOUNT, AP_WAYS_PAST, ap_ways_success(AP_PAM_ACCOUNT), folders);
	return past.whole && !past.ways[AP_ASKED_NEVER].possible && !past.ways[AP_ASKED_DENIED].possible
		       ? AP_COVERAGE_WHOLE
		       : AP_COVERAGE_PARTLY;
}

static bool some_denies(const ap_coverage_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].state == AP_COVERAGE_DENIES)
			return true;
	return false;
}

/* Which service Dovecot asks for the password, its own settings tell. */
static void mark_beside(ap_coverage_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].state == AP_COVERAGE_NONE &&
		    ap_service_kind_of(list->items[i].service->name) == AP_SERVICE_MAIL)
			list->items[i].state = AP_COVERAGE_BESIDE;
}

ap_coverage_list ap_coverage_of(const ap_module_folders *folders, const ap_pam_config *config)
{
	ap_coverage_list list = { .n = 0 };

	for (size_t i = 0; i < config->n; i++) {
		const ap_pam_service *service = &config->services[i];

		if (!is_fragment(config, service))
			*AP_PUSH(folders->host->arena, list.items, list.n) =
				(ap_coverage){ .service = service, .state = state_of(folders, service) };
	}
	if (some_denies(&list))
		mark_beside(&list);
	return list;
}
