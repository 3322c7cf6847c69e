/* audit_follow.h - the records that come, as they come. */
#ifndef AP_AUDIT_FOLLOW_H
#define AP_AUDIT_FOLLOW_H

#include "audit_files.h"

/*
 * Where the file at `path` ends now, to be called before what it has already is read: what comes later is followed from
 * there. It need not be there yet. Free with ap_audit_follow_end.
 */
typedef struct {
	const char *path;
	int fd; /* -1: not there */
	long long taken;
	char *line;
	size_t length;
} ap_audit_follower;

/* *ret_end is where that is; zeroed where there is no file. */
void ap_audit_follow_begin(ap_audit_follower *follower, ap_arena *arena, const char *path, ap_audit_end *ret_end);

/*
 * Gives lines as they are written, until `take` says false, or nobody reads the standard output any more. A file that
 * was renamed is read to its end before the one that took its name; one that was truncated, from its start.
 */
void ap_audit_follow(ap_audit_follower *follower, ap_audit_line *take, void *take_context);

void ap_audit_follow_end(ap_audit_follower *follower);

#endif
