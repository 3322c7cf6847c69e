/*
 * real_pam.h - the installed libpam over service files of a test's own, whose modules answer what the test says.
 *
 * Its log lines go nowhere: there are thousands.
 */
#ifndef AP_TEST_REAL_PAM_H
#define AP_TEST_REAL_PAM_H

#include "scripted.h"

#include <security/pam_appl.h>

typedef struct {
	pam_handle_t *pamh; /* NULL: libpam refuses the service, with PAM_ABORT */
	struct pam_conv conversation;
	script script;
} real_pam;

/* Begins a transaction for the service of the folder. The answers of the script may be changed from call to call. */
void real_pam_begin(real_pam *real, const char *folder, const char *service);

/* Asks the account phase, and the authentication: what libpam answers. script.asked is what was asked, in its order. */
int real_pam_account(real_pam *real);
int real_pam_authenticate(real_pam *real);

void real_pam_end(real_pam *real);

#endif
