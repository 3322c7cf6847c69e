/* changing.h - what the commands have in common that change policies where they stand. */
#ifndef AP_CHANGING_H
#define AP_CHANGING_H

#include "../lib/make/policy_change.h"
#include "applying.h"
#include "options.h"

/*
 * The options of each command that changes files, for a table of options: they are noted in `given`, an
 * ap_apply_options. `dry_run_help` is what --dry-run does.
 */
#define AP_CHANGING_OPTIONS(given, dry_run_help)                                                                       \
	{ .name = "with-pending",                                                                                      \
	  .help = "put in force as well what else differs in the files",                                               \
	  .flag = &(given).with_pending },                                                                             \
		{ .name = "dry-run", .help = (dry_run_help), .flag = &(given).dry_run },                               \
	{                                                                                                              \
		.name = "force", .help = "go over what \"accesspolicy apply\" refuses", .flag = &(given).force         \
	}

/* The files as they are, also without any policy. AP_EXIT_YES, or AP_EXIT_POLICY after a report. The caller frees the set. */
int ap_changing_load(ap_context *context, ap_policy_set **ret_set);

/* The set's policy of that name; NULL, after a usage error with a suggestion, where there is none. */
const ap_policy_def *ap_changing_find(ap_context *context, const ap_usage *usage, const ap_policy_set *set,
				      const char *name);

/*
 * AP_EXIT_YES where no policy of the set is called so; AP_EXIT_NO after a report of where it stands, and of the command
 * that changes it.
 */
int ap_changing_check_name(ap_context *context, const ap_policy_set *set, const char *name);

/* ap_definition_changes_edits; AP_EXIT_YES, or AP_EXIT_NO after a report. */
int ap_changing_edits(ap_context *context, const ap_policy_set *set, const ap_definition_changes *changes,
		      ap_edit_list *ret_edits);

/*
 * Carries the edits out and puts what comes of them in force, by ap_applying_run: with `given` completed. Says which
 * files have changed. Returns the exit status.
 */
int ap_changing_run(ap_context *context, ap_apply_options *given, const ap_edit_list *edits, const char *command);

/*
 * The path of a drop-in for a policy or exception of that name, which no file has. What cannot be looked at is for the
 * writing to complain of. In the arena.
 */
const char *ap_changing_free_path(ap_context *context, const char *config, const char *name);

#endif
