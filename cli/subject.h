/* subject.h - what is asked: the image in force, or the files as they are. */
#ifndef AP_SUBJECT_H
#define AP_SUBJECT_H

#include "../lib/login/evaluate.h"
#include "../lib/make/policyset.h"
#include "command.h"

typedef struct {
	ap_image *image;    /* never NULL in an open subject */
	ap_policy_set *set; /* the files; NULL where the image in force is asked */
	const char *path;   /* of the image, or of the root file */
	const char *draft;  /* a file that is not saved, and is among those of the set; or NULL */
	bool earlier;       /* an image that may not be in force any more: `path` is the history's */
	bool never_applied; /* the files, because nothing was ever applied */
} ap_subject;

/*
 * Reads the files and compiles them; draft and draft_as as in load.h, may be NULL. Returns AP_EXIT_YES, or
 * AP_EXIT_POLICY after all that is wrong was reported, with nothing to close.
 */
int ap_subject_open_files(ap_context *context, const char *draft, const char *draft_as, ap_subject *ret_subject);

/*
 * Opens what a login is decided by: the image in force; where nothing was ever applied (neither image nor history
 * exists), the files. An image that cannot be believed, or that is gone, is AP_EXIT_POLICY.
 */
int ap_subject_open_in_force(ap_context *context, ap_subject *ret_subject);

/*
 * Opens what decides logins as long as the draft of `subject` is not saved: the image in force where that was made of
 * the same root file, else the files without the draft. False without a word to anyone but *ret_why, in the arena,
 * where there is no such.
 */
bool ap_subject_open_before(ap_context *context, const ap_subject *subject, ap_subject *ret_subject,
			    const char **ret_why);

/* How many policies came from the draft; the last one's number, or AP_NONE. */
size_t ap_subject_draft_policies(const ap_subject *subject, uint32_t *ret_number);

void ap_subject_close(ap_subject *subject);

/*
 * "file:line" for a person, in the arena, printable: relative to the root file's folder where the file is below it. Of
 * the image in force, which does not name its root file, the folder is the configured one.
 */
const char *ap_subject_place(ap_context *context, const ap_subject *subject, const char *file, unsigned line);

/* The revision of the image in force, 64 digits; NULL where the files are asked. In the arena. */
const char *ap_subject_revision(ap_arena *arena, const ap_subject *subject);

/* "the files: conf/accesspolicy.conf and 2 drop-ins" … In the arena. */
const char *ap_subject_text(ap_context *context, const ap_subject *subject);

/* The names of the image's policies or client types, in the arena, to suggest one of. */
const char **ap_subject_policies(ap_arena *arena, const ap_subject *subject, size_t *ret_n);
const char **ap_subject_clients(ap_arena *arena, const ap_subject *subject, size_t *ret_n);

#endif
