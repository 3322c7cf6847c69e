/*
 * diagnostics.h - everything that is wrong with a set of files, gathered in one run.
 */
#ifndef AP_DIAGNOSTICS_H
#define AP_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum { AP_ERROR, AP_WARNING } ap_severity;

typedef struct {
	ap_severity severity;
	char *file;    /* owned */
	unsigned line; /* 0: the file as a whole */
	char *message; /* owned: what was found, what was expected, what to do; no full stop */
} ap_diagnostic;

/* Zeroed is empty. At most AP_DIAGNOSTICS_MAX of each severity are kept; all are counted. */
typedef struct {
	ap_diagnostic *items; /* in the order in which they were added; ap_diagnostics_sort */
	size_t n;
	size_t n_errors;
	size_t n_warnings;
} ap_diagnostics;

enum { AP_DIAGNOSTICS_MAX = 1000 };

/* Adds one. Text from the files in `format`'s arguments is made printable here. */
__attribute__((format(printf, 5, 6))) void ap_diagnostics_add(ap_diagnostics *diagnostics, ap_severity severity,
							      const char *file, unsigned line, const char *format, ...);

/* Orders the items of one file by line; the files stay in the order in which they first appear. */
void ap_diagnostics_sort(ap_diagnostics *diagnostics);

void ap_diagnostics_clear(ap_diagnostics *diagnostics);

#endif
