/* transition.h - what apply, rollback and confirm have in common: one image takes another's place. A part of apply.c. */
#ifndef AP_TRANSITION_H
#define AP_TRANSITION_H

#include "apply.h"
#include "load.h"

typedef struct {
	const ap_apply_options *options;
	ap_apply_result *result;
	ap_arena *arena;
	ap_state *state;    /* NULL: there is no folder, and none was to be made */
	ap_image *in_force; /* NULL: nothing is, or it cannot be read */
	ap_records records;
	int64_t now;          /* when what is in force was looked at, with the lock */
	bool trial_ended;     /* since then, or before and nobody had written it down: the last record tells of it */
	ap_image *image;      /* the new one; owned */
	ap_image *last_known; /* see ap_transition_before */
} ap_transition;

/*
 * Opens the state folder, makes it with `create`, and takes the lock unless nothing is to be changed (dry_run); then what is
 * in force is what counts now, on the disk too, whatever trial has ended. False
 * with result->outcome AP_APPLY_FAILED and result->error; AP_ERR_MISSING where there is no folder.
 */
bool ap_transition_open(ap_transition *t, bool create);

/*
 * The image that a new one is compared with: that in force, or where it cannot be read the newest that the history has
 * whole. NULL: neither. It lives as long as the transition.
 */
const ap_image *ap_transition_before(ap_transition *t);

/* A revision's image of the history, once all of it was read and checked. NULL with *error where it cannot be had. */
ap_image *ap_transition_load_kept(const ap_transition *t, const char *revision, ap_error *error);

/* Is the last record the revision's? What is in force otherwise came there by other means. */
bool ap_transition_is_recorded(const ap_transition *t, const char *revision);

/*
 * With the lock: gives what is in force a record and a place in the history, if it came there by other means, so that
 * one can go back to it. Where that fails there is no room, and what follows says so.
 */
void ap_transition_record_stranger(ap_transition *t);

/*
 * Checks all of the image in force, opens it, and fills result->replaced and replaced_trial, or replaced_fault. The status of what failed;
 * AP_ERR_MISSING where nothing is in force.
 */
ap_status ap_transition_open_in_force(ap_transition *t, ap_error *error);

/* Fills result->revision and n_policies from the new image. */
void ap_transition_take(ap_transition *t, ap_image *image);

/*
 * The policy files that the image was made of, in the arena, for ap_load. NULL, with *error, where it does not hold
 * them.
 */
ap_load_text_of *ap_transition_texts(ap_transition *t, const ap_image *image, size_t *ret_n, ap_error *error);

/*
 * Asks of the new image what must be true of each: its assertions, that its administrators have a way in, and that the
 * login that the command is run from has. `set` is what its policy files say; NULL: that cannot be told, and the last is
 * all that is asked. What is not true is a refusal.
 */
void ap_transition_guard(ap_transition *t, const ap_policy_set *set);

/*
 * The same of an image that was made before. Its texts tell what must be true of it; the feeds, directory files and databases that
 * they name, which may be gone by now, are not read: the image has what they held. A text that this release does not read
 * any more is no reason to stay where one is, but a warning. What a trial ends with anyway is not asked.
 */
void ap_transition_guard_kept(ap_transition *t);

/* True, with the outcome, if something refuses, and --force does not go over it. */
bool ap_transition_is_refused(ap_transition *t);

/* Fills result->changes and summary. */
void ap_transition_compare(ap_transition *t);

/* The record of the new image's taking its place. */
ap_record ap_transition_record(const ap_transition *t, ap_action action);

/* Where the new image is in force: makes the file for its logins' records, if it names one. */
void ap_transition_make_audit_file(ap_transition *t);

/* `options->state_option` and `files_option`; never NULL. For the commands that a refusal proposes. */
const char *ap_transition_state_option(const ap_transition *t);
const char *ap_transition_files_option(const ap_transition *t);

void ap_transition_close(ap_transition *t);

/* Has it be refused, as the state folder is, for a reason that is told like printf(3)'s; false. */
#define AP_REFUSE(t, ...)                                                                                              \
	(ap_diagnostics_add(&(t)->result->refusals, AP_ERROR, (t)->options->state, 0, __VA_ARGS__),                    \
	 (t)->result->outcome = AP_APPLY_REFUSED, false)

#endif
