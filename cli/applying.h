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

/* When the command line has been read: fills in config, state, origin, by, uid, now and wait_ms. */
void ap_applying_complete(ap_context *context, ap_apply_options *options);

/* Where --force went over something: a line of the system's log for each, beside what the history says. */
void ap_applying_log_forced(const ap_apply_options *options, const ap_apply_result *result);

/* Completes the options and applies. What came of it is to be cleared with ap_apply_result_clear. */
void ap_applying_apply(ap_context *context, ap_apply_options *options, ap_apply_result *ret_result);

/* The same, and reports; `asked` is the command's name. Returns the exit status. */
int ap_applying_run(ap_context *context, ap_apply_options *options, const char *asked);

/* Could it be the beginning of a revision? If not, what is said of it: the exit status. */
bool ap_applying_is_revision(const char *text);
int ap_applying_not_a_revision(ap_context *context, const ap_usage *usage, const char *text);

#endif
