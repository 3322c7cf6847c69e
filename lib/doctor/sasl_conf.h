/*
 * sasl_conf.h - how Cyrus SASL checks a password for a program: the program's file, /etc/postfix/sasl/smtpd.conf say.
 */
#ifndef AP_DOCTOR_SASL_CONF_H
#define AP_DOCTOR_SASL_CONF_H

#include "host.h"

typedef struct {
	const char *file;           /* NULL: there is none */
	unsigned line;              /* of pwcheck_method; 0: it is not written */
	const char *pwcheck_method; /* "auxprop" where it is not written: databases of Cyrus SASL's own */
} ap_sasl_conf;

/*
 * `folders`: cyrus_sasl_config_path, folders with colons between them; "": Postfix's own and the library's. `program`:
 * smtpd_sasl_path.
 */
ap_sasl_conf ap_sasl_conf_read(const ap_host *host, const char *folders, const char *program);

#endif
