/* transition.h - what apply and rollback have in common: one image takes another's place. A part of apply.c. */
#ifndef AP_TRANSITION_H
#define AP_TRANSITION_H

#include "apply.h"

typedef struct {
	const ap_apply_options *options;
	ap_apply_result *result;
	ap_arena *arena;
	ap_state *state;    /* NULL: there is no folder, and none was to be made */
	ap_image *in_force; /* NULL: nothing is, or it cannot be read */
	ap_records records;
	ap_image *image; /* the new one; owned */
} ap_transition;

/*
 * Opens the state folder, makes it with `create`, and takes the lock unless nothing is to be changed (dry_run). False
 * with result->outcome AP_APPLY_FAILED and result->error; AP_ERR_MISSING where there is no folder.
 */
bool ap_transition_open(ap_transition *t, bool create);

/*
 * The image that a new one is compared with where that in force cannot be read: the newest that the history has whole.
 * NULL: none.
 */
ap_image *ap_transition_last_known(ap_transition *t);

/*
 * Checks all of the image in force, opens it, and fills result->replaced or replaced_fault. The status of what failed;
 * AP_ERR_MISSING where nothing is in force.
 */
ap_status ap_transition_open_in_force(ap_transition *t, ap_error *error);

/* Fills result->revision and n_policies from the new image. */
void ap_transition_take(ap_transition *t, ap_image *image);

/* Fills result->changes and summary. */
void ap_transition_compare(ap_transition *t);

/* The record of the new image's taking its place. */
ap_record ap_transition_record(const ap_transition *t, ap_action action);

void ap_transition_close(ap_transition *t);

#endif
