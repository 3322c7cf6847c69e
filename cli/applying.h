/* applying.h - what the commands have in common that put a policy in force. */
#ifndef AP_APPLYING_H
#define AP_APPLYING_H

#include "../lib/make/apply.h"
#include "command.h"
#include "options.h"

/*
 * The root file that is asked for, by a path that does not depend on where the command stands: as what is put in force
 * names it. In the arena.
 */
const char *ap_applying_config(ap_context *context);

/*
 * Fills in config, state, origin, by, uid, now and wait_ms of the options, and applies. What came of it is to be cleared
 * with ap_apply_result_clear.
 */
void ap_applying_apply(ap_context *context, ap_apply_options *options, ap_apply_result *ret_result);

/* The same, and reports; `asked` is the command's name. Returns the exit status. */
int ap_applying_run(ap_context *context, ap_apply_options *options, const char *asked);

/* ap_rollback or ap_confirm: what puts a revision in force that is there already. */
typedef void ap_applying_revision(const ap_apply_options *options, const char *revision, ap_arena *arena,
				  ap_apply_result *ret_result);

/*
 * A command that does so with the one revision that it may name, by its beginning too: parses its command line, completes the
 * options, and reports as ap_applying_run does. Returns the exit status.
 */
int ap_applying_revision_command(ap_context *context, const ap_usage *usage, int argc, char **argv,
				 ap_apply_options *options, ap_applying_revision *put_in_force);

#endif
