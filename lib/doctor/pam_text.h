/* pam_text.h - the text of a PAM file as Linux-PAM 1.5 takes it apart: into lines, and lines into words. */
#ifndef AP_DOCTOR_PAM_TEXT_H
#define AP_DOCTOR_PAM_TEXT_H

#include "../make/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* What is left of a file's text. Begin with { text, 1 }. */
typedef struct {
	const char *at;
	unsigned line; /* of the file, where `at` is; from 1 */
} ap_pam_text;

typedef enum {
	AP_PAM_TEXT_LINE,
	AP_PAM_TEXT_END,
	AP_PAM_TEXT_BROKEN /* a backslash at its end that nothing follows, or a line that libpam cannot hold */
} ap_pam_text_result;

/*
 * The next line that is not empty, without its comment and with those that continue it, in the arena; *ret_number is where it
 * begins. With AP_PAM_TEXT_BROKEN, *ret_number is where that is; libpam then reads no further, and refuses the file.
 */
ap_pam_text_result ap_pam_text_next(ap_arena *arena, ap_pam_text *text, char **ret_line, unsigned *ret_number);

/*
 * The next word at *rest, which moves behind it, or to NULL behind the last one: up to a blank, or what stands between "[" and
 * "]", without them, and with "\]" for "]" in it. NULL where there is none. Words are cut out of the line itself.
 */
char *ap_pam_word(char **rest);

#endif
