#undef _FORTIFY_SOURCE /* whose inline definitions of the same names would be in the way */

#include "real_pam.h"

#include <errno.h>
#include <stddef.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED __attribute__((format(printf, 3, 4))) void __syslog_chk(int priority, int flag, const char *format, ...);
EXPORTED __attribute__((format(printf, 2, 3))) void syslog(int priority, const char *format, ...);
EXPORTED int audit_open(void);
EXPORTED const char *__lsan_default_suppressions(void);

/* libpam forgets what it had read of a service that it refuses. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libpam.so\n";
}

/* In the place of the C library's: libpam calls one of them. */
void __syslog_chk(int priority, int flag, const char *format, ...)
{
	(void)priority;
	(void)flag;
	(void)format;
}

void syslog(int priority, const char *format, ...)
{
	(void)priority;
	(void)format;
}

/* As if the kernel had none: to ask it takes longer than the whole stack. */
int audit_open(void)
{
	errno = EPROTONOSUPPORT;
	return -1;
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret_replies, void *data)
{
	(void)n;
	(void)messages;
	(void)ret_replies;
	(void)data;
	return PAM_CONV_ERR;
}

void real_pam_begin(real_pam *real, const char *folder, const char *service)
{
	real->script.n_asked = 0;
	real->conversation = (struct pam_conv){ .conv = converse, .appdata_ptr = &real->script };
	if (pam_start_confdir(service, "somebody", &real->conversation, folder, &real->pamh) != PAM_SUCCESS)
		real->pamh = NULL;
}

int real_pam_account(real_pam *real)
{
	real->script.n_asked = 0;
	return real->pamh != NULL ? pam_acct_mgmt(real->pamh, 0) : PAM_ABORT;
}

int real_pam_authenticate(real_pam *real)
{
	real->script.n_asked = 0;
	return real->pamh != NULL ? pam_authenticate(real->pamh, 0) : PAM_ABORT;
}

void real_pam_end(real_pam *real)
{
	if (real->pamh != NULL)
		(void)pam_end(real->pamh, PAM_SUCCESS);
}
