/* The policy as a whole: is it asked by anybody, is there one to answer, and can logins be what it names? */
#include "client_types.h"
#include "governed.h"

#include "paths.h"

#include <string.h>

/* Something of the machine's is asked about by a name that no PAM service has, or all of it is. */
static bool asks_machine(const ap_doctor *doctor)
{
	if (doctor->services == NULL)
		return true;
	for (const ap_doctor_examiner *examiner = ap_doctor_examiners; examiner->name != NULL; examiner++)
		if (ap_doctor_asks_by_name(doctor, examiner->name) &&
		    ap_pam_config_find(doctor->pam, examiner->name) == NULL)
			return true;
	return false;
}

static bool some_asks(const ap_doctor *doctor)
{
	for (size_t i = 0; i < doctor->pam->n; i++)
		if (doctor->pam->services[i].unexamined ||
		    ap_governing_line(doctor, doctor->pam->services[i].name) != NULL)
			return true;
	return false;
}

static void examine_askers(ap_doctor *doctor)
{
	if (!asks_machine(doctor) || doctor->pam->n == 0 || some_asks(doctor))
		return;
	ap_finding_add(
		doctor->findings,
		&(ap_finding){ .kind = AP_FINDING_BYPASS,
			       .check = "nobody-asks",
			       .service = "pam",
			       .file = "/etc/pam.d",
			       .what = "no PAM service of this machine asks the policy: no line names " AP_MODULE_NAME,
			       .why = "whoever has the right password or key is let in, whatever the policy says",
			       .change = "set up each service that logins come to: " AP_RECIPES "/README.md" });
}

/* Some service's logins are decided by what could not be read, and not by a policy that its line names. */
static bool some_depends(const ap_doctor *doctor)
{
	for (size_t i = 0; i < doctor->coverage.n; i++) {
		const ap_pam_line *line = ap_governing_line(doctor, doctor->coverage.items[i].service->name);
		ap_module_options options;

		if (line != NULL && ap_module_line_options(doctor->findings->arena, line, &options) == NULL &&
		    options.config == NULL && options.image == NULL)
			return true;
	}
	return false;
}

static void tell_no_policy(ap_doctor *doctor)
{
	ap_finding finding = { .kind = AP_FINDING_UNCERTAIN, .check = "policy-unreadable", .service = "policy" };

	finding.what = "what decides logins cannot be read; standard error says why";
	if (doctor->may_not_read_policy) {
		finding.why = "only what does not depend on it was examined";
		finding.change = "run it as root";
	} else if (!some_depends(doctor)) {
		finding.why = "a service that asks the policy will let nobody in";
		finding.change = "mend what \"accesspolicy check\" says, then \"accesspolicy apply\"";
	} else {
		finding.kind = AP_FINDING_LOCKOUT;
		finding.why = "each service that asks the policy lets nobody in";
		finding.change =
			"\"accesspolicy rollback\" puts an earlier policy in force; without one, mend what \"accesspolicy check\" says, then \"accesspolicy apply\"";
	}
	ap_finding_add(doctor->findings, &finding);
}

void ap_doctor_policy(ap_doctor *doctor)
{
	examine_askers(doctor);
	/* whatever is asked about: without a policy, nothing is known to be right */
	if (doctor->image == NULL)
		tell_no_policy(doctor);
	else if (ap_doctor_asks(doctor, "policy"))
		ap_doctor_client_types(doctor);
}
