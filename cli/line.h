/*
 * line.h - asks for one line at the terminal, which can be edited and completed. Nothing else knows libedit.
 *
 * The terminal is as it was whenever ap_line_ask is not running; a signal that comes in between does what it always
 * does.
 */
#ifndef AP_LINE_H
#define AP_LINE_H

#include "candidates.h"
#include "command.h"

#include <stdbool.h>

typedef enum {
	AP_LINE_ANSWER,
	AP_LINE_END,         /* Ctrl-D on an empty line, or there is no terminal any more */
	AP_LINE_INTERRUPTED, /* Ctrl-C, Ctrl-\ */
	AP_LINE_ENDED        /* SIGTERM or SIGHUP: ap_line_die */
} ap_line_outcome;

/* Adds what the word may become, each once. */
typedef void ap_line_complete(void *data, const char *word, ap_candidates *candidates);

typedef struct {
	const char *prompt;         /* printable */
	const char *prefill;        /* the line as it stands there to be edited; "" for none */
	ap_line_complete *complete; /* of the words of words.h; NULL: there is nothing to complete */
	void *data;
	bool remembered; /* it can be had again with the arrow keys, as those before it */
} ap_line_question;

typedef struct ap_line ap_line;

/* The lines of standard input, which must be a terminal as standard output is. Free with ap_line_free. */
ap_line *ap_line_new(ap_context *context);

/* With AP_LINE_ANSWER the line, in the context's arena, without its end and without blanks around it. */
ap_line_outcome ap_line_ask(ap_line *line, const ap_line_question *question, const char **ret_text);

void ap_line_free(ap_line *line);

/* After AP_LINE_ENDED: ends the process by the signal that asked for it. */
__attribute__((noreturn)) void ap_line_die(void);

#endif
