/*
 * command.h - what the parts of the command share: exit statuses, the options that stand everywhere, the subcommands.
 */
#ifndef AP_COMMAND_H
#define AP_COMMAND_H

#include "../lib/login/file.h"
#include "../lib/make/arena.h"
#include "screen.h"

#include <stdbool.h>

enum {
	AP_EXIT_YES = 0,    /* allow, valid, done */
	AP_EXIT_NO = 1,     /* deny, not evaluated, an assertion that failed */
	AP_EXIT_USAGE = 2,  /* the command line */
	AP_EXIT_POLICY = 3, /* the policy cannot be read */
	AP_EXIT_PARTLY = 4, /* imported, and not all of it decides as before */
};

typedef struct {
	const char *config; /* NULL: not given */
	const char *state;  /* NULL: not given */
	/* Whose the policy's files are, and whose is what is in force, where that is another machine; NULL: this one's. */
	const ap_elsewhere *config_elsewhere;
	const ap_elsewhere *state_elsewhere;

	bool json;
	bool help;
	bool version;
	ap_screen screen; /* standard output */
	ap_arena *arena;  /* lives as long as the process: text that is made for output */
} ap_context;

typedef struct {
	const char *name;
	const char *summary;
	int (*run)(ap_context *context, int argc, char **argv); /* argv[0] is the subcommand's name; an exit status */
} ap_command;

int ap_cmd_apply(ap_context *context, int argc, char **argv);
int ap_cmd_audit(ap_context *context, int argc, char **argv);
int ap_cmd_check(ap_context *context, int argc, char **argv);
int ap_cmd_confirm(ap_context *context, int argc, char **argv);
int ap_cmd_create(ap_context *context, int argc, char **argv);
int ap_cmd_delete(ap_context *context, int argc, char **argv);
int ap_cmd_disable(ap_context *context, int argc, char **argv);
int ap_cmd_doctor(ap_context *context, int argc, char **argv);
int ap_cmd_edit(ap_context *context, int argc, char **argv);
int ap_cmd_enable(ap_context *context, int argc, char **argv);
int ap_cmd_except(ap_context *context, int argc, char **argv);
int ap_cmd_history(ap_context *context, int argc, char **argv);
int ap_cmd_import(ap_context *context, int argc, char **argv);
int ap_cmd_list(ap_context *context, int argc, char **argv);
int ap_cmd_region(ap_context *context, int argc, char **argv);
int ap_cmd_report_only(ap_context *context, int argc, char **argv);
int ap_cmd_rollback(ap_context *context, int argc, char **argv);
int ap_cmd_show(ap_context *context, int argc, char **argv);
int ap_cmd_status(ap_context *context, int argc, char **argv);
int ap_cmd_test(ap_context *context, int argc, char **argv);

/* The root file that the files are read from: --config, or the default. */
const char *ap_context_config(const ap_context *context);

/* The folder of what is in force: --state, or the default. */
const char *ap_context_state(const ap_context *context);

#endif
