/* dovecot_listeners.h - the protocols of Dovecot that ask for a password, and the ports by which their logins come. */
#ifndef AP_DOCTOR_DOVECOT_LISTENERS_H
#define AP_DOCTOR_DOVECOT_LISTENERS_H

#include "dovecot_settings.h"

/* A port that logins come by. */
typedef struct {
	const char *protocol; /* what "%s" is there: "imap", "sieve" */
	const char *name;     /* the inet_listener's */
	const char *address;  /* as written; "": what the setting `listen` says */
	unsigned port;
	bool haproxy;
} ap_dovecot_listener;

/* Those that are served and ask for a password, ended by NULL. `named`: of 2.4. */
const char *const *ap_dovecot_protocols(ap_arena *arena, const ap_dovecot_section *settings, bool named);

/*
 * The listeners of these protocols: those that are written, of services of whatever name that run a login program, and
 * with `named` those that are built in, of which 2.4 prints none.
 */
const ap_dovecot_listener *ap_dovecot_listeners(ap_arena *arena, const ap_dovecot_section *settings, bool named,
						const char *const *protocols, size_t *ret_n);

#endif
