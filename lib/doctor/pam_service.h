/*
 * pam_service.h - a PAM service, as Linux-PAM 1.5 reads it: its file, what that includes, and the stacks that come of it.
 *
 * Debian's @include and its way of looking for what is included are part of it: that is looked for in /etc/pam.d alone.
 */
#ifndef AP_DOCTOR_PAM_SERVICE_H
#define AP_DOCTOR_PAM_SERVICE_H

#include "pam_control.h"
#include "pam_files.h"

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

/*
 * Reads it, into the host's arena. `name`, which lives as long, is in lower case, as libpam asks for all of them. A service
 * without a file has the stacks of "other".
 */
void ap_pam_service_read(ap_pam_files *files, const char *name, ap_pam_service *ret_service);

/* The file name of a line's module, without its folder; "" where there is none. */
const char *ap_pam_line_module(const ap_pam_line *line);

#endif
