/* Stands in for another release of the module: it answers what no policy does. */
#include <security/pam_modules.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_AUTHINFO_UNAVAIL;
}
