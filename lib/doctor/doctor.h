/*
 * doctor.h - what on a machine would let a login past the policy, or keep its message from the user.
 *
 * Each examiner asks one subject, adds what it finds, and says what it could not examine. None of them changes anything.
 */
#ifndef AP_DOCTOR_H
#define AP_DOCTOR_H

#include "../login/image.h"
#include "coverage.h"
#include "finding.h"
#include "host.h"
#include "pam_config.h"
#include "readings.h"

typedef struct {
	const ap_host *host;
	ap_pam_config *pam;          /* the machine's PAM services */
	const ap_image *image;       /* what decides logins: in force, or the files compiled; NULL: none can be had */
	bool may_not_read_policy;    /* that is NULL because the command may not read it, as anybody but root */
	const char *const *services; /* the PAM services that are asked about; NULL: all */
	size_t n_services;
	ap_finding_list *findings;
	ap_readings readings;
	ap_coverage_list coverage; /* which services ask the policy; ap_doctor_pam fills it */
} ap_doctor;

/* An examiner, and what it asks about, in words. */
typedef struct {
	const char *name; /* "pam", "sshd" */
	void (*examine)(ap_doctor *doctor);
} ap_doctor_examiner;

void ap_doctor_pam(ap_doctor *doctor);
void ap_doctor_sshd(ap_doctor *doctor);
void ap_doctor_dovecot(ap_doctor *doctor);
void ap_doctor_postfix(ap_doctor *doctor);
void ap_doctor_saslauthd(ap_doctor *doctor);
void ap_doctor_unprivileged(ap_doctor *doctor);
void ap_doctor_policy(ap_doctor *doctor);
void ap_doctor_records(ap_doctor *doctor);

/* In the order in which they are asked; ended by one whose name is NULL. */
extern const ap_doctor_examiner ap_doctor_examiners[];

/* True if the service is one of those that are asked about. */
bool ap_doctor_asks(const ap_doctor *doctor, const char *service);

/* The same of a PAM service: "pam" stands for all of them. */
bool ap_doctor_asks_pam(const ap_doctor *doctor, const char *service);

/* True if it was named itself, and not because all are asked about. */
bool ap_doctor_asks_by_name(const ap_doctor *doctor, const char *service);

#endif
