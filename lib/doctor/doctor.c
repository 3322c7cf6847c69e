#include "doctor.h"

#include <strings.h>

const ap_doctor_examiner ap_doctor_examiners[] = {
	{ "pam", ap_doctor_pam },
	{ "sshd", ap_doctor_sshd },
	{ "dovecot", ap_doctor_dovecot },
	{ "postfix", ap_doctor_postfix },
	{ "saslauthd", ap_doctor_saslauthd },
	{ "policy", ap_doctor_client_types },
	{ "records", ap_doctor_records },
	{ NULL, NULL },
};

bool ap_doctor_asks(const ap_doctor *doctor, const char *service)
{
	for (size_t i = 0; i < doctor->n_services; i++)
		if (strcasecmp(doctor->services[i], service) == 0)
			return true;
	return doctor->services == NULL;
}
