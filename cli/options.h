/* options.h - a subcommand's options: parsed, refused with a suggestion, and shown by --help, from one table. */
#ifndef AP_OPTIONS_H
#define AP_OPTIONS_H

#include "command.h"

#include <stddef.h>

typedef struct {
	const char **items;
	size_t n;
} ap_texts;

/* Exactly one of flag, text and texts is set: where the option is noted. */
typedef struct {
	const char *name;  /* without its dashes */
	const char *value; /* what help calls its value; NULL for a flag */
	const char *help;
	bool *flag;
	const char **text; /* at most once on a command line; not "" unless `may_be_empty` */
	ap_texts *texts;   /* any number of times */
	bool may_be_empty;
	char letter; /* of a flag that may be written as "-f" too; or 0 */
} ap_option;

typedef struct {
	const char *command;  /* "test"; NULL: the command as a whole */
	const char *synopsis; /* what stands behind the name, a line each */
	const char *description;
	const ap_option *options;
	size_t n_options;
	bool before_command; /* stop at the first operand: the subcommand's name */
} ap_usage;

/*
 * Parses argv[1…] by the usage's options and those of every command (--config, --state, --json, --help). Returns true
 * to go on, with the first operand's index in *ret_first; false where the run ends here, with its exit status in
 * *ret_status: help was asked for and written, or an error was.
 */
bool ap_options_parse(ap_context *context, const ap_usage *usage, int argc, char **argv, int *ret_first,
		      int *ret_status);

/* The same for a command that takes no operands: the first that stands there is a usage error. */
bool ap_options_parse_alone(ap_context *context, const ap_usage *usage, int argc, char **argv, int *ret_status);

/* Writes an error and the synopsis to standard error. Returns AP_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int ap_usage_error(const ap_usage *usage, const char *format, ...);

/*
 * The number of the word that was given for an option which takes one of these; -1, after a usage error that names them,
 * where it is none.
 */
int ap_option_choice(ap_context *context, const ap_usage *usage, const char *option, const char *text,
		     const char *const *words, size_t n);

/* "; did you mean "X"?" where a candidate is near, else "". In the context's arena. */
const char *ap_did_you_mean(ap_context *context, const char *text, const char *const *candidates, size_t n);

#endif
