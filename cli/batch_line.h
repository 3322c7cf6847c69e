/* batch_line.h - what one line of a batch asks: a JSON object, checked, as the facts of a login. */
#ifndef AP_BATCH_LINE_H
#define AP_BATCH_LINE_H

#include "../lib/login/request.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { AP_BATCH_ERROR_MAX = 512 };

typedef struct {
	int64_t now;          /* of a line that does not say when */
	const char **clients; /* the names that `client` may have; borrowed */
	size_t n_clients;
	char error[AP_BATCH_ERROR_MAX]; /* why the line has no answer */
	json_t *object;                 /* the line's, from which its facts borrow; NULL between lines */
	char **env;                     /* the line's environment, ended by NULL; NULL where it has none; owned */
} ap_batch_line;

/*
 * Fills *ret_facts from a line without its newline; false with line->error filled. Either way ap_batch_line_clear
 * comes before the next line.
 */
bool ap_batch_line_read(ap_batch_line *line, const char *bytes, size_t length, ap_facts *ret_facts);

void ap_batch_line_clear(ap_batch_line *line);

/* Fills line->error; returns false. */
__attribute__((format(printf, 2, 3))) bool ap_batch_line_fail(ap_batch_line *line, const char *format, ...);

#endif
