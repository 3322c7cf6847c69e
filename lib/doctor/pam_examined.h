/* pam_examined.h - the PAM service that is being examined, for the parts of pam.c. */
#ifndef AP_DOCTOR_PAM_EXAMINED_H
#define AP_DOCTOR_PAM_EXAMINED_H

#include "doctor.h"
#include "module_file.h"

typedef struct {
	ap_doctor *doctor;
	ap_arena *arena;
	const ap_pam_service *service;
	bool is_deny_passdb;
	ap_module_folders folders;
} ap_pam_examined;

/*
 * Adds a finding about a line, or with NULL about the service as a whole; texts as in ap_finding. One about a line is of the
 * file that holds it: what several services include is mended once.
 */
void ap_pam_add_finding(const ap_pam_examined *e, ap_finding_kind kind, const char *check, const ap_pam_line *line,
			const char *what, const char *why, const char *change);

/* What to write so that the service asks the policy; in the arena or static. */
const char *ap_pam_how_to_ask(const ap_pam_examined *e);

/* What stands on a line of the module: its file, its options. */
void ap_pam_check_module_line(const ap_pam_examined *e, const ap_pam_line *line);

/* A service that does not ask the module: is that told? */
void ap_pam_check_not_asking(const ap_pam_examined *e);

#endif
