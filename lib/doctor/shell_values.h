/* shell_values.h - the variables that a file of settings sets in the shell that reads it, such as one of /etc/default. */
#ifndef AP_DOCTOR_SHELL_VALUES_H
#define AP_DOCTOR_SHELL_VALUES_H

#include "../make/arena.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
	const char *name;
	const char *value; /* without its quotes, and with what the file's earlier variables hold */
	unsigned line;     /* that its name stands in */
	bool is_computed;  /* the value is as written: what it becomes, a command or a variable from elsewhere tells */
} ap_shell_value;

typedef struct {
	ap_shell_value *items;
	size_t n;
} ap_shell_values;

/* In the order of the text, all in the arena. Nothing is run; assignments within an "if" count like others. */
ap_shell_values ap_shell_read(ap_arena *arena, const char *text);

/* What the variable holds at the end; NULL: the text does not set it. */
const ap_shell_value *ap_shell_last(const ap_shell_values *values, const char *name);

#endif
