/*
 * apply.h - puts the policy in force: reads, checks, asks the assertions, compiles, and has the image take its place.
 */
#ifndef AP_APPLY_H
#define AP_APPLY_H

#include "../login/nss.h"
#include "changes.h"
#include "diagnostics.h"
#include "file_edits.h"
#include "guard.h"
#include "policy_form.h"
#include "progress.h"
#include "state.h"

typedef struct {
	const char *config; /* absolute */
	const char *state;
	bool data;             /* the policy files in force, with today's feeds, directory files and region database */
	bool dry_run;          /* everything but the last step */
	bool force;            /* whatever refuses */
	int64_t trial_seconds; /* how long it is in force, 1 to AP_TRIAL_SECONDS_MAX; 0: for good */

	/* Changes of the policy files, or NULL. The policy is checked and compiled as it will be with them; only where
	   nothing refuses it they are carried out, and put in force with everything else that the files say. None of
	   them is still a change of this command's alone, which edits of others refuse. Not with `data`. */
	const ap_file_edit *edits;
	size_t n_edits;
	bool tell_governed;  /* with edits: which administrators the policies in the edited files govern */
	bool warn_of_groups; /* with edits: of groups in the edited files that the name services do not know */
	bool with_pending; /* with edits: though other policy files differ from what is in force, which refuses otherwise */

	const ap_origin *origin; /* the logins that the command may be run from; NULL: none */
	const char *by;
	unsigned uid;
	int64_t now;
	int wait_ms;       /* for somebody else's apply */
	const ap_nss *nss; /* NULL: the system's */

	/* What a command that is proposed needs beside its name to ask of the same: " --state FOLDER", and " --config FILE"
	   before it. Empty or NULL where they are the default ones. */
	const char *state_option;
	const char *files_option;

	const ap_progress *progress;
} ap_apply_options;

typedef enum {
	AP_APPLY_DONE,       /* it is in force; with dry_run it would be */
	AP_APPLY_UNCHANGED,  /* what is in force is the same already */
	AP_APPLY_REFUSED,    /* by what `refusals` says */
	AP_APPLY_UNREADABLE, /* the files make no policy: `problems` */
	AP_APPLY_FAILED      /* `error` */
} ap_apply_outcome;

typedef struct {
	ap_apply_outcome outcome;
	ap_diagnostics problems; /* errors and warnings of the files */
	ap_diagnostics refusals; /* also those that --force went over */
	bool force_helps;        /* with AP_APPLY_REFUSED: --force goes over all of them */
	ap_diagnostics warnings; /* of the guard, and of what could not be done beside it: the audit file */
	ap_error error;
	bool in_force; /* with AP_APPLY_FAILED: it is in force all the same */
	char revision[AP_HEX_REVISION + 1];
	char replaced[AP_HEX_REVISION + 1]; /* "": nothing was in force */
	const char *replaced_fault;         /* why what is in force could not be read, or NULL */
	ap_image_trial trial;               /* that the new one is on; ends 0: none */
	ap_image_trial replaced_trial;      /* the same of what was in force */
	ap_changes changes;
	const char *summary;
	size_t n_policies;
	ap_words governed; /* with tell_governed: as they are listed */
} ap_apply_result;

/* Texts of *ret_result live in the arena; clear it with ap_apply_result_clear. */
void ap_apply(const ap_apply_options *options, ap_arena *arena, ap_apply_result *ret_result);

/*
 * Puts an earlier image of the history in force again: that of the revision which begins with `revision`, or with NULL
 * the one that was replaced when what is in force was first applied; where that is on trial, what counts when it ends. Of
 * the options state, by, uid, now, wait_ms, dry_run, force, origin and nss count. AP_APPLY_REFUSED: there is no such one,
 * it cannot be had, or it is refused (`refusals`).
 */
void ap_rollback(const ap_apply_options *options, const char *revision, ap_arena *arena, ap_apply_result *ret_result);

/*
 * Keeps what is on trial. Of the options state, by, uid, now, wait_ms, force, origin and nss count. AP_APPLY_REFUSED: none is,
 * with `revision` another than what begins with that, or it is refused.
 */
void ap_confirm(const ap_apply_options *options, const char *revision, ap_arena *arena, ap_apply_result *ret_result);

void ap_apply_result_clear(ap_apply_result *result);

#endif
