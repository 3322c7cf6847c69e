/*
 * null_module.c - a PAM module that decides nothing: what any module costs before it has done any work.
 *
 * It is built and linked as the real module is. With the argument `log` it writes the line that the real module writes
 * for such a login, of the same format, so that what is compared is the decision, and not the logging.
 */
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include <string.h>
#include <syslog.h>

#define EXPORTED __attribute__((visibility("default")))

static const char *get_item(const pam_handle_t *pamh, int type)
{
	const void *item = NULL;

	return pam_get_item(pamh, type, &item) == PAM_SUCCESS && item != NULL ? item : "-";
}

static void write_line(pam_handle_t *pamh)
{
	const char *rhost = get_item(pamh, PAM_RHOST);

	pam_syslog(pamh, LOG_INFO,
		   "decision=%s reason=%s policy=\"%s\" file=\"%s\" line=%u user=\"%s\" ip=%s rhost=\"%s\" "
		   "client=\"%s\" client_source=%s service=\"%s\" tty=\"%s\" ruser=\"%s\" would=%s unknown=%s",
		   "allow", "whitelisted", "Tenant 00000", "conf.d/50-tenants.conf", 12345U, get_item(pamh, PAM_USER),
		   rhost, rhost, "third-party", "hint", get_item(pamh, PAM_SERVICE), get_item(pamh, PAM_TTY),
		   get_item(pamh, PAM_RUSER), "-", "-");
}

EXPORTED int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	if (argc > 0 && strcmp(argv[0], "log") == 0)
		write_line(pamh);
	return PAM_SUCCESS;
}
