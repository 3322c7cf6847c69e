/* The services that do not ask the policy: most of a machine's, and rightly. */
#include "known_services.h"
#include "module_line.h"
#include "pam_examined.h"
#include "policy_facts.h"

#include "../login/view.h"

/* The name of a policy in force that selects this client type, by its name or with all others; NULL: there is none. */
static const char *policy_of_client(const ap_doctor *doctor, const char *name)
{
	ap_view view = ap_view_of(doctor->image);
	uint32_t client = ap_view_find_client(&view, name), n = ap_image_count(doctor->image, AP_TABLE_POLICIES);

	for (uint32_t i = 0; i < n && view.sound; i++) {
		ap_image_policy policy = ap_view_policy(&view, i);

		if (ap_policy_is_in_force(&policy) &&
		    (policy.clients.n == 0 || ap_view_span_holds(&view, policy.clients, client)))
			return ap_arena_strdup(doctor->host->arena, ap_view_string(&view, policy.name));
	}
	return NULL;
}

/*
 * Not to ask is right for most services of a machine. It is told of one that was asked about, and of one that logins come to
 * over a network and whose client type a policy is about.
 */
void ap_pam_check_not_asking(const ap_pam_examined *e)
{
	ap_service_kind kind = ap_service_kind_of(e->service->name);
	const char *client, *policy;

	if (ap_doctor_asks_by_name(e->doctor, e->service->name)) {
		ap_pam_add_finding(e, AP_FINDING_BYPASS, "not-asking", NULL,
				   "no line of the service names " AP_MODULE_NAME,
				   "its logins are not held against the policy", ap_pam_how_to_ask(e));
		return;
	}
	if (kind != AP_SERVICE_REMOTE && kind != AP_SERVICE_MAIL)
		return;
	client = ap_policy_client_of(e->arena, e->doctor->image, e->service->name, NULL, NULL);
	policy = client != NULL ? policy_of_client(e->doctor, client) : NULL;
	if (policy != NULL)
		ap_pam_add_finding(
			e, AP_FINDING_BYPASS, "not-asking", NULL, "no line of the service names " AP_MODULE_NAME,
			ap_format(
				e->arena,
				"its logins are of a client type that the policy \"%s\" is about, and not held against it",
				policy),
			ap_pam_how_to_ask(e));
}
