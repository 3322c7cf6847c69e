/*
 * pam_ways.h - the ways of a service's phase to its success, seen from the module: past it, through it, and not at all.
 */
#ifndef AP_DOCTOR_PAM_WAYS_H
#define AP_DOCTOR_PAM_WAYS_H

#include "module_file.h"
#include "pam_stack.h"

/* What is asked of a phase. */
typedef enum {
	AP_WAYS_PAST,        /* the module may let in or deny, and all others may answer anything */
	AP_WAYS_PAST_PLAIN,  /* the same, but no password must be changed */
	AP_WAYS_ALLOWED,     /* the module lets in, and all others may answer anything */
	AP_WAYS_WITHOUT,     /* as if the module were not there */
	AP_WAYS_NO_PASSWORD, /* the module lets in, and no other one says yes, but pam_permit */
	AP_WAYS_NOBODY       /* no module says yes, but pam_permit */
} ap_ways_question;

/* The answers that a service takes for a yes: an account phase also that the password is to be changed at once. */
ap_pam_answers ap_ways_success(ap_pam_phase phase);

/* The answer by which the module lets in where this line asks it; PAM_SERVICE_ERR: it never does, its options are wrong. */
int ap_ways_letting_in(ap_arena *arena, const ap_pam_line *line, ap_pam_phase phase);

/* `folders` is where libpam looks for the module of each line that names it; NULL: it is there. */
ap_pam_outcome ap_ways_ask(ap_arena *arena, const ap_pam_service *service, ap_pam_phase phase,
			   ap_ways_question question, ap_pam_answers success, const ap_module_folders *folders);

/*
 * Why the way is there, for a person, in the arena: of one on which the module was never asked, the line that goes past it;
 * of one on which it denied, what becomes of that. *ret_module is the module's line that is concerned.
 */
const char *ap_ways_explain_never(ap_arena *arena, const ap_pam_stack *stack, const ap_pam_way *way,
				  const ap_pam_line **ret_module);
const char *ap_ways_explain_denied(ap_arena *arena, const ap_pam_stack *stack, const ap_pam_way *way,
				   const ap_pam_line **ret_module);

/* True if it is a way only for whoever must change his password. */
bool ap_ways_needs_new_password(const ap_pam_way *way);

/* A line's control in quotes, with its brackets; in the arena. */
const char *ap_ways_control_text(ap_arena *arena, const ap_pam_line *line);

/* "account required pam_unix.so": a line, as short as it can be told, in the arena. */
const char *ap_ways_line_text(ap_arena *arena, const ap_pam_line *line, ap_pam_phase phase);

#endif
