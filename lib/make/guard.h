/*
 * guard.h - what would lock somebody out, before it is put in force.
 *
 * A decision counts as letting somebody in only where nothing that it depends on is unknown: with
 * undetermined = "allow" too, since what cannot be told now may be told otherwise when the login comes. Asked is now, and
 * each later time at which a policy or an exception of either image begins or ends.
 *
 * What is in force denies already, for certain and at the same time, is nobody's lock-out by what comes after it: it is a
 * warning, so that somebody who is locked out can mend the policy step by step.
 */
#ifndef AP_GUARD_H
#define AP_GUARD_H

#include "diagnostics.h"
#include "policyset.h"
#include "ways_in.h"

/* A login that the command may be run from: somebody would come back by it. */
typedef struct {
	ap_login login;
	const char *found; /* what tells of it, in words: "SSH_CONNECTION of process 812" */
} ap_origin_login;

/* None: the command is run from no login that is known of, by a timer say. */
typedef struct {
	const ap_origin_login *items;
	size_t n;
} ap_origin;

typedef struct {
	const ap_image *image;    /* what is to be in force */
	const ap_image *in_force; /* what is; NULL: nothing, or it cannot be read */
	int64_t now;
	const ap_nss *nss;        /* NULL: the system's */
	ap_diagnostics *refusals; /* gets errors */
	ap_diagnostics *warnings;
} ap_guard;

/* Refuses what leaves one of the administrators without any login that succeeds. */
void ap_guard_administrators(const ap_guard *guard, const ap_list *administrators);

/* Refuses what denies one of the logins. */
void ap_guard_origin(const ap_guard *guard, const ap_origin *origin);

#endif
