#include "doctor.h"

#include <strings.h>

const ap_doctor_examiner ap_doctor_examiners[] = {
	{ "pam", ap_doctor_pam },         { "sshd", ap_doctor_sshd },           { "dovecot", ap_doctor_dovecot },
	{ "postfix", ap_doctor_postfix }, { "saslauthd", ap_doctor_saslauthd }, { "processes", ap_doctor_unprivileged },
	{ "policy", ap_doctor_policy },   { "records", ap_doctor_records },     { NULL, NULL },
};

bool ap_doctor_asks_by_name(const ap_doctor *doctor, const char *service)
{
	for (size_t i = 0; i < doctor->n_services; i++)
		if (strcasecmp(doctor->services[i], service) == 0)
			return true;
	return false;
}

bool ap_doctor_asks(const ap_doctor *doctor, const char *service)
{
	return doctor->services == NULL || ap_doctor_asks_by_name(doctor, service);
}

bool ap_doctor_asks_pam(const ap_doctor *doctor, const char *service)
{
	return ap_doctor_asks(doctor, service) || ap_doctor_asks(doctor, "pam");
}
