/*
 * trial.h - a policy that is in force on trial: how it begins, and what it refuses while it lasts. A part of apply.c.
 */
#ifndef AP_TRIAL_H
#define AP_TRIAL_H

#include "transition.h"

/*
 * Once what is in force has been opened: is it on trial? Then result->refusals says so, with who began it, when it ends,
 * and what to do.
 */
bool ap_trial_refuses(ap_transition *t);

/*
 * Before a policy is made that is to be on trial: what will count when that ends? That which is in force, or what counts
 * when the trial ends that is. Fills result->trial.then; false with result->error where there is nothing.
 */
bool ap_trial_prepare(ap_transition *t);

/*
 * Puts the new image on trial, whose bytes are as stored: for as long as the options say from now on. Sees to it that the history
 * has what counts then, whole. False, with nothing changed and result->error, where that cannot be. With dry_run it only tells
 * result->trial, and `bytes` may be NULL.
 */
bool ap_trial_begin(ap_transition *t, void *bytes);

#endif
