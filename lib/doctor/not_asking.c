/* The services that do not ask the policy: most of a machine's, and rightly. */
#include "known_services.h"
#include "module_line.h"
#include "pam_examined.h"

#include "../login/request.h"

#include <time.h>

/* Which client type the policy takes the service's logins for; AP_NONE where that cannot be told. */
static uint32_t client_of(const ap_doctor *doctor, const char *service)
{
	const ap_facts facts = {
		.user = "somebody", .rhost = "192.0.2.1", .service = service, .now = (int64_t)time(NULL)
	};
	ap_request request;
	uint32_t client = AP_NONE;

	if (doctor->image == NULL || ap_request_init(&request, doctor->image, &facts, NULL) != AP_OK)
		return AP_NONE;
	client = request.client;
	ap_request_clear(&request);
	return client;
}

/* The name of an enabled policy that selects this client type by name; NULL: there is none. */
static const char *policy_of_client(const ap_doctor *doctor, uint32_t client)
{
	ap_view view = ap_view_of(doctor->image);
	uint32_t n = ap_image_count(doctor->image, AP_TABLE_POLICIES);

	for (uint32_t i = 0; i < n && view.sound; i++) {
		ap_image_policy policy = ap_view_policy(&view, i);

		if (policy.status == AP_POLICY_ENABLED && policy.clients.n > 0 &&
		    ap_view_span_holds(&view, policy.clients, client))
			return ap_arena_strdup(doctor->host->arena, ap_view_string(&view, policy.name));
	}
	return NULL;
}

static bool some_service_denies(const ap_doctor *doctor)
{
	for (size_t i = 0; i < doctor->coverage.n; i++)
		if (doctor->coverage.items[i].state == AP_COVERAGE_DENIES)
			return true;
	return false;
}

/*
 * Not to ask is right for most services of a machine. It is told of one that was asked about, and of one that logins come to
 * over a network and whose client type a policy names. Whether a mail service asks elsewhere, in a passdb that denies, is
 * not for its own file to tell.
 */
void ap_pam_check_not_asking(const ap_pam_examined *e)
{
	ap_service_kind kind = ap_service_kind_of(e->service->name);
	uint32_t client;
	const char *policy;

	if (kind == AP_SERVICE_MAIL && some_service_denies(e->doctor))
		return;
	if (e->doctor->services != NULL) {
		ap_pam_add_finding(e, AP_FINDING_BYPASS, "not-asking", NULL,
				   "no line of the service names " AP_MODULE_NAME,
				   "its logins are not held against the policy",
				   "write before the other account lines: account required " AP_MODULE_NAME);
		return;
	}
	if (kind != AP_SERVICE_REMOTE && kind != AP_SERVICE_MAIL)
		return;
	client = client_of(e->doctor, e->service->name);
	policy = client != AP_NONE ? policy_of_client(e->doctor, client) : NULL;
	if (policy != NULL)
		ap_pam_add_finding(
			e, AP_FINDING_BYPASS, "not-asking", NULL, "no line of the service names " AP_MODULE_NAME,
			ap_format(
				e->arena,
				"its logins are of a client type that the policy \"%s\" is about, and not held against it",
				policy),
			kind == AP_SERVICE_MAIL
				? "let a second passdb ask, as pam_accesspolicy(8) shows under \"Dovecot\""
				: "write before the other account lines: account required " AP_MODULE_NAME);
}
