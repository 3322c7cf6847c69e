/*
 * dovecot_auth.h - how Dovecot decides over a login: its password databases in their order.
 *
 * Of Dovecot 2.3, whose passdbs have numbers, and of 2.4, whose passdbs have names and whose settings have other keys.
 */
#ifndef AP_DOCTOR_DOVECOT_AUTH_H
#define AP_DOCTOR_DOVECOT_AUTH_H

#include "dovecot_listeners.h"

/* What becomes of a login after a passdb's answer: the values of result_success and its like. */
typedef enum {
	AP_PASSDB_RETURN,
	AP_PASSDB_RETURN_OK,
	AP_PASSDB_RETURN_FAIL,
	AP_PASSDB_CONTINUE,
	AP_PASSDB_CONTINUE_OK,
	AP_PASSDB_CONTINUE_FAIL
} ap_passdb_rule;

/* As they are written: "return", "return-ok". */
extern const char *const ap_passdb_rule_names[AP_PASSDB_CONTINUE_FAIL + 1];

typedef enum { AP_PASSDB_SKIP_NEVER, AP_PASSDB_SKIP_AUTHENTICATED, AP_PASSDB_SKIP_UNAUTHENTICATED } ap_passdb_skip;

typedef struct {
	const char *name; /* "passdb 2", "passdb policy": how a person finds it */
	const char *driver;
	bool deny;
	bool master;
	ap_passdb_skip skip;
	ap_passdb_rule success, failure, internal;
	bool caches;                 /* its answers are kept, if there is a cache at all */
	const char *service;         /* of the driver pam: the service's name with its variables, else NULL */
	bool shows_message;          /* of the driver pam: failure_show_msg */
	const char *mechanisms;      /* it is asked for these alone; "": for all */
	const char *username_filter; /* it is asked for these alone; "": for all */
	bool nologin;                /* its fields hold nologin */
} ap_passdb;

typedef struct {
	const char *version; /* "2.3.19.1" */
	bool named;          /* 2.4: passdbs and settings have names */
	const char *file;    /* that doveconf read; "": it does not tell */
	ap_dovecot_section settings;
	const char *const *protocols; /* that are served and ask for a password, ended by NULL */
	const ap_dovecot_listener *listeners;
	size_t n_listeners;
	bool has_cache;
	bool serves_others; /* its auth service has a socket for clients that are none of its own, such as Postfix */
} ap_dovecot;

/*
 * Reads what "doveconf -a" printed (2.3), or "doveconf -n" (2.4), which has the sections of the whole. Everything
 * lives in the arena. False with what was wrong.
 */
bool ap_dovecot_read(ap_arena *arena, const char *text, ap_dovecot *ret_dovecot, const char **ret_fault);

/* "2.3.19.1" of the first line that doveconf prints, and the file's name; false where it prints none. */
bool ap_dovecot_version(ap_arena *arena, const char *text, const char **ret_version, const char **ret_file);

/* True for 2.4 and what follows. */
bool ap_dovecot_version_is_named(const char *version);

/*
 * The passdbs of a printed text: of "doveconf -f protocol=NAME passdb" for 2.3; for 2.4 those in the
 * protocol's own section, then those of the whole, as "doveconf -n" prints them.
 */
const ap_passdb *ap_dovecot_passdbs(ap_arena *arena, const ap_dovecot_section *settings, bool named,
				    const char *protocol, size_t *ret_n);

#endif
