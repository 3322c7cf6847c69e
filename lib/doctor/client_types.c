/* Client types that policies name and no login has: then such a policy does not matter, however right it looks. */
#include "client_types.h"

#include "module_line.h"
#include "policy_facts.h"

#include "../login/view.h"

typedef struct {
	ap_doctor *doctor;
	ap_arena *arena;
	ap_view view;
	bool *had; /* by client number: a login can have it */
} examination;

/* What client= gives, in any PAM service of the machine. */
static void take_lines(examination *of)
{
	static const ap_pam_phase phases[] = { AP_PAM_AUTH, AP_PAM_ACCOUNT };

	for (size_t i = 0; i < of->doctor->pam->n; i++)
		for (size_t k = 0; k < sizeof(phases) / sizeof(phases[0]); k++) {
			ap_module_lines lines = ap_module_lines_of(of->arena, &of->doctor->pam->services[i], phases[k]);

			for (size_t j = 0; j < lines.n; j++) {
				ap_module_options options;
				uint32_t client = AP_NONE;

				if (ap_module_line_options(of->arena, lines.items[j], &options) == NULL &&
				    options.client != NULL)
					client = ap_view_find_client(&of->view, options.client);
				if (client != AP_NONE)
					of->had[client] = true;
			}
		}
}

/* What the hints give, and what a login has that they do not fit. */
static void take_settings(examination *of)
{
	ap_image_settings settings = ap_view_settings(&of->view);

	of->had[settings.default_client] = true;
	of->had[settings.system_client] = true;
	for (uint32_t i = 0; i < ap_image_count(of->view.image, AP_TABLE_HINTS); i++)
		of->had[ap_view_hint(&of->view, i).client] = true;
}

/* "native" and "dingtalk-pc": those of the policy's types that no login has; NULL: none. */
static const char *missing_types(examination *of, const ap_image_policy *policy)
{
	const char *text = NULL;

	for (uint32_t i = 0; i < policy->clients.n; i++) {
		uint32_t client = ap_view_number(&of->view, policy->clients, i);
		const char *name;

		if (of->had[client])
			continue;
		name = ap_view_string(&of->view, ap_view_client(&of->view, client).name);
		text = text == NULL ? ap_arena_strdup(of->arena, name) : ap_format(of->arena, "%s, %s", text, name);
	}
	return text;
}

static void examine_policy(examination *of, uint32_t number)
{
	ap_image_policy policy = ap_view_policy(&of->view, number);
	bool denies_others = (policy.flags & AP_POLICY_OTHER_CLIENTS_DENIED) != 0;
	const char *types, *name;

	if (!ap_policy_is_in_force(&policy))
		return;
	types = missing_types(of, &policy);
	if (types == NULL)
		return;
	name = ap_arena_strdup(of->arena, ap_view_string(&of->view, policy.name));
	ap_finding_add(
		of->doctor->findings,
		&(ap_finding){
			.kind = denies_others ? AP_FINDING_LOCKOUT : AP_FINDING_BYPASS,
			.check = "client-type-never-had",
			.service = "policy",
			.file = ap_arena_strdup(of->arena, ap_view_string(&of->view, policy.file)),
			.line = policy.line,
			.what = ap_format(of->arena,
					  "the policy \"%s\" names client types that no login on this machine has: %s",
					  name, types),
			.why = denies_others
				       ? "what is meant to be let in with them is denied as another type"
				       : "it does not hold for the logins that it is meant for: they have another type",
			.change = "client=TYPE on the module's line of the service by which they come, or an entry "
				  "with hints in client_types" });
}

void ap_doctor_client_types(ap_doctor *doctor)
{
	examination of = { .doctor = doctor, .arena = doctor->findings->arena };

	of.view = ap_view_of(doctor->image);
	of.had = ap_arena_alloc(of.arena, ap_image_count(doctor->image, AP_TABLE_CLIENTS) * sizeof(*of.had));
	take_settings(&of);
	take_lines(&of);
	for (uint32_t i = 0; i < ap_image_count(doctor->image, AP_TABLE_POLICIES); i++)
		examine_policy(&of, i);
}
