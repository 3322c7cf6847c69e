#include "governed.h"

#include "known_services.h"

#include <string.h>

const ap_pam_line *ap_governing_line(const ap_doctor *doctor, const char *service)
{
	static const ap_pam_phase phases[] = { AP_PAM_ACCOUNT, AP_PAM_AUTH };
	const ap_pam_service *asked = ap_pam_config_service(doctor->pam, service);

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		ap_module_lines lines = ap_module_lines_of(doctor->findings->arena, asked, phases[i]);

		if (lines.n > 0)
			return lines.items[0];
	}
	return NULL;
}

const char *ap_governing_client(const ap_doctor *doctor, const ap_pam_line *line)
{
	ap_module_options options;

	return ap_module_line_options(doctor->findings->arena, line, &options) == NULL ? options.client : NULL;
}

/* One that is known, or one of an administrator's own: "dovecot-policy-imap-993", "smtp-webmail". */
static bool is_mail(const char *name)
{
	static const char *const beginnings[] = { "smtp", "submission", "imap", "pop", "dovecot", "sieve", "mail" };

	if (ap_service_kind_of(name) == AP_SERVICE_MAIL)
		return true;
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

bool ap_governs_mail(const ap_doctor *doctor)
{
	for (size_t i = 0; i < doctor->pam->n; i++)
		if (is_mail(doctor->pam->services[i].name) &&
		    ap_governing_line(doctor, doctor->pam->services[i].name) != NULL)
			return true;
	return false;
}
