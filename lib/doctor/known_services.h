/* known_services.h - PAM services by name, as far as it is known who asks them. */
#ifndef AP_DOCTOR_KNOWN_SERVICES_H
#define AP_DOCTOR_KNOWN_SERVICES_H

#include <stdbool.h>

typedef enum {
	AP_SERVICE_UNKNOWN,
	AP_SERVICE_REMOTE, /* logins over a network: sshd, cockpit */
	AP_SERVICE_LOCAL,  /* at the machine itself, or by who is in already: login, su, cron */
	AP_SERVICE_MAIL    /* mail protocols: dovecot, imap, smtp */
} ap_service_kind;

ap_service_kind ap_service_kind_of(const char *name);

/* True of the services of sudo, which asks modules to be silent at every login. */
bool ap_service_is_sudo(const char *name);

#endif
