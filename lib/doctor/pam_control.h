/* pam_control.h - what becomes of a module's answer in its stack: the second word of a line, as Linux-PAM 1.5 reads it. */
#ifndef AP_DOCTOR_PAM_CONTROL_H
#define AP_DOCTOR_PAM_CONTROL_H

#include <stdbool.h>

/* The answers that a module can give are the PAM_… of _pam_types.h, from PAM_SUCCESS on. */
enum { AP_PAM_N_ANSWERS = 32 };

/* An action is one of these, or how many lines behind this one are jumped over: 1 and more. */
enum {
	AP_PAM_IGNORE = 0,
	AP_PAM_OK = -1,
	AP_PAM_DONE = -2,
	AP_PAM_BAD = -3,
	AP_PAM_DIE = -4,
	AP_PAM_RESET = -5,
};

typedef struct {
	int actions[AP_PAM_N_ANSWERS]; /* by answer */
} ap_pam_control;

/*
 * Reads "required", "requisite", "optional" or "sufficient", in whatever case, or "ANSWER=ACTION …", what stands between
 * brackets. False where that cannot be read: every answer is then bad, as libpam has it.
 */
bool ap_pam_control_parse(const char *text, ap_pam_control *ret_control);

/* The same action for every answer. */
ap_pam_control ap_pam_control_of(int action);

/* "success", "perm_denied"; "" for what is no answer. */
const char *ap_pam_answer_name(int answer);

#endif
