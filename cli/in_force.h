/* in_force.h - do the files still say what is in force? */
#ifndef AP_IN_FORCE_H
#define AP_IN_FORCE_H

#include "../lib/login/status.h"
#include "../lib/make/pending.h"
#include "command.h"

#include <jansson.h>

/* Is this the root file that is asked for? */
bool ap_in_force_is_root(ap_context *context, const char *root);

/*
 * " --state FOLDER" where another folder than the default one is asked about, else ""; and with " --config FILE" before
 * it, where another root file is: for a command to be copied into a shell. In the arena.
 */
const char *ap_in_force_state_option(ap_context *context);
const char *ap_in_force_files_option(ap_context *context);

/* " --config FILE" for that root file, or "" where it is the default one. In the arena. */
const char *ap_in_force_config_option(ap_context *context, const char *root);

/* Reports that what is in force cannot be read, and what mends that. The exit status. */
int ap_in_force_report_unreadable(ap_context *context, const ap_error *error);

/* What the image in force was made of, compared with the files that it was made of. */
json_t *ap_in_force_json_of(ap_context *context, const ap_image *image);
void ap_in_force_note_of(ap_context *context, const ap_image *image);

/* Writes a line about a difference, if there is one, to standard output. */
void ap_in_force_note(ap_context *context);

/* The same for JSON: true, false, or null where there is nothing to compare with. */
json_t *ap_in_force_json(ap_context *context);

#endif
