#include "assertions.h"

#include <stdio.h>

static ap_facts facts_of(const ap_assertion_def *def, int64_t now, const ap_nss *nss)
{
	ap_facts facts = { .user = def->user,
			   .service = def->service,
			   .tty = def->tty,
			   .ruser = def->ruser,
			   .env = (const char *const *)def->env,
			   .client = def->client,
			   .now = def->time.written.text != NULL ? def->time.value : now,
			   .nss = nss };

	ap_facts_set_ip(&facts, def->ip);
	return facts;
}

/* `blacklisted by "Name" (file:line)`, or "default". */
static void format_reason(const ap_image *image, const ap_decision *decision, char *buffer, size_t size)
{
	ap_view view = ap_view_of(image);
	ap_image_policy policy;

	if (decision->policy == AP_NONE) {
		(void)snprintf(buffer, size, "%s", ap_reason_name(decision->reason));
		return;
	}
	policy = ap_view_policy(&view, decision->policy);
	(void)snprintf(buffer, size, "%s by \"%s\" (%s:%u)", ap_reason_name(decision->reason),
		       ap_view_string(&view, policy.name), ap_view_string(&view, policy.file), policy.line);
}

/* True if the assertion holds. */
static bool run_assertion(const ap_image *image, const ap_assertion_def *def, const ap_facts *facts,
			  ap_diagnostics *diagnostics)
{
	ap_view view = ap_view_of(image);
	ap_error error = { .status = AP_OK };
	char address[AP_ADDRESS_TEXT_MAX];
	char reason[768];
	ap_decision decision;
	ap_request request;
	bool holds = false;

	if (ap_request_init(&request, image, facts, &error) != AP_OK) {
		ap_diagnostics_add(diagnostics, AP_ERROR, def->place.file, def->place.line,
				   "the assertion could not be evaluated: %s", error.message);
		return false;
	}
	if (ap_evaluate(image, &request, NULL, &decision, &error) != AP_OK) {
		ap_diagnostics_add(diagnostics, AP_ERROR, def->place.file, def->place.line,
				   "the assertion could not be evaluated: %s", error.message);
	} else {
		holds = decision.verdict == (def->expect_allow ? AP_ALLOW : AP_DENY);
		format_reason(image, &decision, reason, sizeof(reason));
		if (!holds)
			ap_diagnostics_add(diagnostics, AP_ERROR, def->place.file, def->place.line,
					   "the assertion fails: expected %s for \"%s\", address %s, client %s; "
					   "the decision is %s, %s",
					   def->expect_allow ? "allow" : "deny", def->user,
					   ap_address_format(&request.address, address),
					   ap_view_string(&view, ap_view_client(&view, request.client).name),
					   ap_verdict_name(decision.verdict), reason);
		ap_decision_clear(&decision);
	}
	ap_request_clear(&request);
	return holds;
}

size_t ap_assertions_run(const ap_policy_set *set, const ap_image *image, int64_t now, const ap_nss *nss,
			 ap_diagnostics *diagnostics)
{
	size_t n_failed = 0;

	for (size_t i = 0; i < set->n_assertions; i++) {
		const ap_facts facts = facts_of(&set->assertions[i], now, nss);

		if (!run_assertion(image, &set->assertions[i], &facts, diagnostics))
			n_failed++;
	}
	return n_failed;
}
