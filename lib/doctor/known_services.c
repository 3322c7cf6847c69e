#include "known_services.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Those of Debian 12's packages that give somebody a session, an administrator's rights or a mailbox. */
static const char *const remote[] = { "sshd",      "ssh",     "cockpit",     "remote",      "rlogin",
				      "rsh",       "rexec",   "ftp",         "vsftpd",      "proftpd",
				      "pure-ftpd", "samba",   "ocserv",      "openvpn",     "pluto",
				      "webmin",    "gtlsshd", "shellinabox", "xrdp-sesman", "tigervnc",
				      "vnc",       "wayvnc",  "x2gobroker",  "xpra",        NULL };
static const char *const local[] = { "login",
				     "su",
				     "su-l",
				     "sudo",
				     "sudo-i",
				     "doas",
				     "please",
				     "runuser",
				     "runuser-l",
				     "cron",
				     "crond",
				     "atd",
				     "polkit-1",
				     "systemd-user",
				     "gdm-password",
				     "gdm-fingerprint",
				     "gdm-autologin",
				     "lightdm",
				     "lightdm-autologin",
				     "sddm",
				     "sddm-autologin",
				     "greetd",
				     "lxdm",
				     "slim",
				     "wdm",
				     "xdm",
				     "nodm",
				     NULL };
static const char *const mail[] = { "dovecot",    "imap",        "imaps", "imap4", "pop",       "pop3",   "pop3s",
				    "sieve",      "managesieve", "lmtp",  "smtp",  "smtps",     "smtpd",  "esmtp",
				    "submission", "postfix",     "exim",  "exim4", "perdition", "popa3d", "solid-pop3d",
				    "nntp",       "mupdate",     "csync", NULL };

static bool is_among(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcasecmp(*names, name) == 0)
			return true;
	return false;
}

ap_service_kind ap_service_kind_of(const char *name)
{
	if (is_among(name, remote))
		return AP_SERVICE_REMOTE;
	if (is_among(name, local))
		return AP_SERVICE_LOCAL;
	return is_among(name, mail) ? AP_SERVICE_MAIL : AP_SERVICE_UNKNOWN;
}

bool ap_service_is_sudo(const char *name)
{
	return strcmp(name, "sudo") == 0 || strcmp(name, "sudo-i") == 0;
}
