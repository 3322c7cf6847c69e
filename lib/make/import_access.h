/*
 * import_access.h - what the parts of the importer of access.conf share. Not for use outside.
 *
 * What counts is what pam_access of Linux-PAM 1.5.2 does with a file, access.conf(5) where both agree: lines become
 * rules (import_access_lines.c), rules become policies (import_access.c).
 */
#ifndef AP_IMPORT_ACCESS_H
#define AP_IMPORT_ACCESS_H

#include "import.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
	unsigned line;
	bool allows;         /* "+" */
	const char *users;   /* the list as it stands in its field */
	const char *origins; /* likewise */
	const char *text;    /* the line, without the blanks at its end */
} ap_access_rule;

typedef struct {
	const ap_import_source *source;
	ap_arena *arena;
	ap_import *import;
	ap_access_rule *rules;
	size_t n_rules;
} ap_access;

/* Adds the rules of the text, and a note for each line that pam_access passes over. */
void ap_access_read_lines(ap_access *access);

#endif
