/*
 * postfix_settings.h - what postconf(1) prints, as Postfix's SMTP services, each with the settings that decide over
 * logins; those of all instances that postmulti(1) manages.
 *
 *     smtpd_sasl_type = dovecot                              postconf -x NAME...
 *     submission inet n - y - - smtpd -o NAME=VALUE          postconf -M
 *     submission/inet/smtpd_sasl_service = submission        postconf -Px
 */
#ifndef AP_DOCTOR_POSTFIX_SETTINGS_H
#define AP_DOCTOR_POSTFIX_SETTINGS_H

#include "host.h"

typedef struct {
	const char *folder;        /* of its instance's main.cf and master.cf */
	bool is_default;           /* the instance that postconf speaks of unless it is told another */
	const char *name;          /* "submission/inet", as postconf -P takes it */
	const char *title;         /* the same, and of which instance if that is not the default one */
	const char *postscreen;    /* "smtp/inet", which hands its connections over; NULL: none does */
	const char *host;          /* that it, or postscreen, listens on; "": what inet_interfaces says */
	unsigned port;             /* 0: not known */
	bool asks;                 /* smtpd_sasl_auth_enable */
	const char *type;          /* smtpd_sasl_type: "cyrus", "dovecot" */
	const char *path;          /* smtpd_sasl_path */
	const char *service;       /* smtpd_sasl_service: what it calls itself, to Dovecot and to libpam */
	const char *xclient_hosts; /* smtpd_authorized_xclient_hosts */
	bool haproxy;              /* smtpd_upstream_proxy_protocol, or postscreen's */
	const char *cyrus_folders; /* cyrus_sasl_config_path; "": the library's own */
	const char *overrides;     /* what master.cf sets of its instance's services, as postconf prints it */
} ap_postfix_service;

typedef struct {
	ap_postfix_service *services;
	size_t n;
} ap_postfix;

/* Of an instance; with the text of /etc/services, or "". */
typedef struct {
	const char *folder;
	const char *settings;
	const char *master;
	const char *overrides;
	const char *services_file;
} ap_postfix_printed;

/*
 * Adds the services that are not switched off by master_service_disable. One of the type "pass" is there once for each postscreen
 * that hands over to it: postscreen(8) reads what a proxy says of the client, and what it hands over with the connection is
 * believed (smtpd_peer.c), whatever smtpd_upstream_proxy_protocol says. Everything lives in the arena.
 */
void ap_postfix_parse(ap_arena *arena, const ap_postfix_printed *printed, ap_postfix *postfix);

/*
 * Asks the machine's postconf, of all instances in multi_instance_directories, also those that are not enabled. False where there
 * is no Postfix, with *ret_fault NULL; or where it could not be asked, with why. *ret_fault is also why an instance beside the
 * default one could not be.
 */
bool ap_postfix_read(const ap_host *host, ap_postfix *ret_postfix, const char **ret_fault);

/*
 * The file that sets it, in the arena: the instance's master.cf where it stands there with `line`, the service's name or its
 * postscreen's; else its main.cf.
 */
const char *ap_postfix_file_of(ap_arena *arena, const ap_postfix_service *service, const char *line,
			       const char *setting);

#endif
