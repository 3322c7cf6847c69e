/*
 * harness.h - PAM transactions with the built module, unprivileged, seen from all sides: code, messages, log lines.
 *
 * Log lines are caught by defining the function of the C library that libpam's pam_syslog calls: the program's own
 * definition goes before the library's. It needs no privileges, no preloaded library and no log socket, and it catches
 * exactly what would have been sent, by thread.
 */
#ifndef AP_TEST_PAM_HARNESS_H
#define AP_TEST_PAM_HARNESS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum { AP_PAM_ACCOUNT, AP_PAM_AUTH, AP_PAM_SETCRED, AP_PAM_SESSION, AP_PAM_CHAUTHTOK } ap_pam_phase;

typedef enum {
	AP_CONV_ANSWERS,  /* shows messages, and answers prompts with `reply` */
	AP_CONV_FAILS,    /* PAM_CONV_ERR to everything */
	AP_CONV_NO_REPLY, /* succeeds, with NULL for every reply */
	AP_CONV_NONE      /* there is no conversation function, as under cron */
} ap_pam_conversation;

/* What a host says. Everything but `service` may be NULL. */
typedef struct {
	const char *service;
	const char *user;
	const char *rhost;
	const char *tty;
	const char *ruser;
	const char *const *env; /* "NAME=value", ended by NULL */
	bool environment_fails; /* it cannot be had */
	int flags;              /* PAM_SILENT … */
	ap_pam_conversation conversation;
	const char *reply;
} ap_pam_login;

enum { AP_PAM_MESSAGES_MAX = 4, AP_PAM_LOG_MAX = 65536 };

typedef struct {
	int code; /* what the application gets */
	size_t n_messages;
	size_t n_lines_before; /* in the log when the first message came */
	int styles[AP_PAM_MESSAGES_MAX];
	char messages[AP_PAM_MESSAGES_MAX][1024];
	bool reply_wiped; /* every byte of the reply was overwritten before it was freed */
	size_t n_lines;
	char log[AP_PAM_LOG_MAX]; /* "<priority> text" a line, all bytes within a line as they came */
} ap_pam_outcome;

/* Writes the service file: one line "PHASE required MODULE ARGUMENTS"; the module is AP_TEST_MODULE's. */
void ap_pam_write_service(const char *confdir, const char *service, const char *phase, const char *arguments);

/* The same with whole lines, in which each @MODULE@ becomes the module's path. */
void ap_pam_write_stack(const char *confdir, const char *service, const char *lines);

/* One transaction: start, items, environment, the phase, end. */
void ap_pam_run(const char *confdir, const ap_pam_login *login, ap_pam_phase phase, ap_pam_outcome *ret_outcome);

#endif
