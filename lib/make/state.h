/*
 * state.h - the state folder: the image in force, and the history of what was in force.
 *
 *     policy.v1.image         what logins read
 *     history/log             a JSON object a line for each time that something was put in force; log.old before it
 *     history/REVISION.image  what was put in force, the newest of them
 *     history/reserve         room to remember what is put in force on a full disk
 *     intent                  the next line of the log, while something is being put in force
 *     lock                    held by whoever changes any of these
 *
 * An image is written whole under another name, synchronized and renamed, so that a login reads the old one or the new
 * one, and a process that ends anywhere on the way leaves the old one. What it had written of the intent is taken up,
 * or swept away, by whoever takes the lock next. The history is made when an image is in its place already: its being
 * there is how a login tells an image that is gone from one that never was (applied.h).
 *
 * An image in force may be on trial; one of the history never is, so that it is what is put in force for good. What is to count
 * when a trial has ended is in the history before that begins, and is kept as long as it lasts.
 */
#ifndef AP_STATE_H
#define AP_STATE_H

#include "../login/image.h"
#include "../login/status.h"
#include "arena.h"
#include "progress.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
	AP_ACTION_APPLY,
	AP_ACTION_DATA,
	AP_ACTION_ROLLBACK,
	AP_ACTION_CONFIRM,  /* what was on trial is kept */
	AP_ACTION_TRIAL_END /* a trial has ended by itself, and what was before it counts again */
} ap_action;

/* One time that something was put in force. Texts live in the arena that it was read into. */
typedef struct {
	unsigned number; /* from 1 */
	int64_t time;    /* seconds since 1970-01-01T00:00:00Z */
	ap_action action;
	char revision[AP_HEX_REVISION + 1]; /* of what was put in force */
	char text[AP_HEX_REVISION + 1];     /* what its policy files are (ap_image_head) */
	char replaced[AP_HEX_REVISION + 1]; /* the revision before; "": none */
	char replaced_text[AP_HEX_REVISION + 1];
	const char *by; /* who, as far as can be told */
	unsigned uid;
	bool forced;
	int64_t trial_ends;             /* it was put in force on trial, until then; 0: for good */
	const char *const *forced_over; /* with forced: what refused it, a line each; none where the record is older */
	size_t n_forced_over;
	unsigned n_policies;
	const char *summary; /* what changed, in short */
} ap_record;

typedef struct {
	ap_record *items; /* the oldest first */
	size_t n;
	size_t n_illegible; /* lines that are no record */
	bool trial_ended;   /* the last one is of a trial that has ended, which nobody has written down yet */
} ap_records;

typedef struct ap_state ap_state;

extern const char *const ap_action_names[AP_ACTION_TRIAL_END + 1];

/*
 * Opens the folder `path`; with `create` it is made, if the folder above it is there. AP_ERR_MISSING where there is
 * none, AP_ERR_TRUST where others could write to it. Free with ap_state_close.
 */
ap_status ap_state_open(const char *path, bool create, ap_state **ret_state, ap_error *error);

/* Of a folder that is not there: could it be made? AP_ERR_IO with the words that ap_state_open would find. */
ap_status ap_state_can_be_made(const char *path, ap_error *error);

/* Lets go of the lock too. NULL is fine. */
void ap_state_close(ap_state *state);

/*
 * Takes the lock, waiting for it but for so long (AP_ERR_TIMEOUT), then ends what somebody left half done.
 */
ap_status ap_state_lock(ap_state *state, int wait_ms, ap_error *error);

/*
 * The records, with that of an intent that came to be in force, and that of a trial which has ended `now`. None where there
 * is no history.
 */
ap_status ap_state_records(ap_state *state, int64_t now, ap_arena *arena, ap_records *ret_records, ap_error *error);

/*
 * The newest record of the revision that begins with `prefix`, at least AP_REVISION_PREFIX_MIN digits in lower case.
 * NULL where there is none, or with *ret_ambiguous more than one.
 */
enum { AP_REVISION_PREFIX_MIN = 4 };
const ap_record *ap_records_find(const ap_records *records, const char *prefix, bool *ret_ambiguous);

/*
 * What a plain rollback from `revision` goes back to first: what was in force before it was put there, other than by a
 * rollback; the newest record where none is of it. What was on trial, and not confirmed, is nothing to go back to. NULL
 * where the records do not tell.
 */
const ap_record *ap_records_before(const ap_records *records, const char *revision);

/*
 * The rollback that `revision`, or a text other than that in force, was rolled back by, and not put in force again
 * since; or the end of its trial. NULL: none.
 */
const ap_record *ap_records_rolled_back(const ap_records *records, const char *revision, const char *text,
					const char *text_in_force);

/*
 * With the lock: puts an image of `size` bytes in force, which is on trial (stamp.h) if the record says so, and the record
 * into the history. AP_OK; else what was in force
 * still is, unless *ret_in_force: then the image is in its place, and only the history could not be written (whoever
 * takes the lock next does that, if the intent could be written).
 */
ap_status ap_state_put(ap_state *state, const void *bytes, size_t size, const ap_record *record,
		       const ap_progress *progress, bool *ret_in_force, ap_error *error);

/* The same for an image that the history has: record->revision. */
ap_status ap_state_put_again(ap_state *state, const ap_record *record, bool *ret_in_force, ap_error *error);

/* With the lock: has the image in force, which is record->revision, in the history, if it came there by other means. */
ap_status ap_state_record(ap_state *state, const ap_record *record, ap_error *error);

/*
 * With the lock: has the image in force, which is of that revision, in the history, whole. For what is to count again when a
 * trial has ended.
 */
ap_status ap_state_keep(ap_state *state, const char *revision, ap_error *error);

/* The path of a revision's image, in the arena. */
const char *ap_state_image_path(const ap_state *state, ap_arena *arena, const char *revision);

#endif
