/*
 * dovecot_names.h - which PAM service a passdb of Dovecot asks, whose name may hold variables.
 */
#ifndef AP_DOCTOR_DOVECOT_NAMES_H
#define AP_DOCTOR_DOVECOT_NAMES_H

#include "../make/arena.h"

#include <stdbool.h>

typedef enum {
	AP_NAME_KNOWN,  /* it is known which service is asked */
	AP_NAME_CLIENT, /* the client's own words choose it, or what somebody in front of it says */
	AP_NAME_VARIES  /* it hangs on what differs from login to login, or on what is not known here */
} ap_name_kind;

typedef struct {
	ap_name_kind kind;
	const char *name;     /* AP_NAME_KNOWN: the service */
	const char *variable; /* else the variable, as it is written: "%{local_name}" */
} ap_service_name;

/*
 * What the name becomes for a login by that protocol and port. `named`: it is one of Dovecot 2.4. `trusts`: an address
 * in front of Dovecot may say which port was connected to, which %{lport} then is.
 */
ap_service_name ap_service_name_of(ap_arena *arena, const char *written, bool named, const char *protocol,
				   unsigned port, bool trusts);

/* "%{if;LEFT;COMPARISON;RIGHT;YES;NO}" of Dovecot 2.3 in a name, and what the name is in either case. */
typedef struct {
	const char *left, *comparison, *right;
	const char *yes, *no; /* the whole name, with what it then is in its place */
} ap_name_condition;

/* The first one in the name; false where there is none, or where it is not whole. */
bool ap_name_condition_of(ap_arena *arena, const char *written, ap_name_condition *ret_condition);

#endif
