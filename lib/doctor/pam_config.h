/*
 * pam_config.h - the machine's PAM services, as Linux-PAM 1.5 reads them: /etc/pam.d, /usr/lib/pam.d, /etc/pam.conf.
 *
 * Debian's @include and its way of looking for what is included are part of it: that is looked for in /etc/pam.d alone.
 */
#ifndef AP_DOCTOR_PAM_CONFIG_H
#define AP_DOCTOR_PAM_CONFIG_H

#include "host.h"
#include "pam_control.h"

typedef enum { AP_PAM_AUTH, AP_PAM_ACCOUNT, AP_PAM_PASSWORD, AP_PAM_SESSION, AP_N_PAM_PHASES } ap_pam_phase;

/* "auth", "account", "password", "session". */
extern const char *const ap_pam_phase_names[AP_N_PAM_PHASES];

typedef enum {
	AP_PAM_MODULE,
	AP_PAM_SUBSTACK, /* the lines behind it that are of a higher level are its */
	AP_PAM_FAILS     /* no module that could be asked: libpam answers PAM_PERM_DENIED in its place */
} ap_pam_line_kind;

/* A line of a stack: of the service's file, or of one that it includes. */
typedef struct {
	ap_pam_line_kind kind;
	const char *file; /* as the machine names it */
	unsigned line;    /* where it begins */
	unsigned level;   /* how many substacks it is in */
	const char *word; /* the control as written, without brackets */
	ap_pam_control control;
	const char *module; /* as written: "pam_unix.so", "/lib/security/pam_x.so"; of a substack, its file's name */
	const char *const *arguments;
	size_t n_arguments;
	const char *fault; /* of AP_PAM_FAILS: why */
} ap_pam_line;

typedef struct {
	ap_pam_line *lines;
	size_t n;
	bool of_other; /* the service has none of its own: these are those of the service "other" */
} ap_pam_stack;

typedef struct {
	const char *name;
	const char *file; /* its own; NULL: it has none, and is answered by "other" */
	ap_pam_stack stacks[AP_N_PAM_PHASES];

	/* Why libpam refuses the whole service, so that nobody gets in, and where; NULL: it does not. The stacks are not
	   whole then. With `unexamined` it is not libpam that refuses it: it could not be read, or is too much to be followed. */
	const char *refused;
	const char *refused_file;
	unsigned refused_line;
	bool unexamined;
} ap_pam_service;

/* The machine's PAM files, as far as they were read. */
typedef struct {
	const ap_host *host;
	const char **included; /* the paths of the files that others include */
	size_t n_included;
	size_t n_bytes; /* of all files that were read, each as often as it was */
} ap_pam_files;

typedef struct {
	ap_pam_files files;
	ap_pam_service *services; /* those that have a file, or lines in pam.conf, sorted by name; "other" among them */
	size_t n;
	const char *folder_fault; /* why the services could not be listed; NULL: they could */
} ap_pam_config;

/* Reads all of them, into the host's arena. */
ap_pam_config *ap_pam_config_read(const ap_host *host);

/* The service as libpam has it. One without a file has the stacks of "other". Never NULL. */
const ap_pam_service *ap_pam_config_service(ap_pam_config *config, const char *name);

/* The service that has a file, or lines in pam.conf, of its own; NULL: it has not. */
const ap_pam_service *ap_pam_config_find(const ap_pam_config *config, const char *name);

/* True if another file includes the service's own. */
bool ap_pam_config_is_included(const ap_pam_config *config, const ap_pam_service *service);

/* The file name of a line's module, without its folder; "" where there is none. */
const char *ap_pam_line_module(const ap_pam_line *line);

#endif
