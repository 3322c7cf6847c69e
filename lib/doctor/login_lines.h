/* login_lines.h - what was written of a login: the module's line in a log, or its audit record. */
#ifndef AP_DOCTOR_LOGIN_LINES_H
#define AP_DOCTOR_LOGIN_LINES_H

#include "../make/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* Texts live in the arena. */
typedef struct {
	const char *service; /* never NULL */
	const char *client;  /* NULL: not told */
	const char *ip;      /* an address, "local" or "unknown" */
	bool says_other;     /* with "unknown": the service said something that is no address, such as a host's name */
} ap_login_line;

/*
 * A line of a log, `length` bytes without its newline, with whatever the log puts before the module's name. False
 * where it is none of a decision, or none that can be read.
 */
bool ap_login_line_of_log(ap_arena *arena, const char *line, size_t length, ap_login_line *ret_login);

/* The same of an audit record. */
bool ap_login_line_of_record(ap_arena *arena, const char *line, size_t length, ap_login_line *ret_login);

#endif
