/* governed.h - which PAM services ask the policy. */
#ifndef AP_DOCTOR_GOVERNED_H
#define AP_DOCTOR_GOVERNED_H

#include "doctor.h"
#include "module_line.h"

/*
 * The first of the module's lines by which the service asks the policy, of the account phase or else of the auth
 * phase; NULL: it does not. The service is one that a program asks by this name, with or without a file of its own.
 */
const ap_pam_line *ap_governing_line(const ap_doctor *doctor, const char *service);

/* client= on that line; NULL where it is not written. */
const char *ap_governing_client(const ap_doctor *doctor, const ap_pam_line *line);

/*
 * True if the file of a mail service asks it: else mail is not what the policy is meant for, and a mail server that
 * does not ask is no finding unless somebody asks about it.
 */
bool ap_governs_mail(const ap_doctor *doctor);

#endif
