/*
 * policy_change.h - what has to be written into which files so that policies and exceptions say something else, or are
 * gone.
 */
#ifndef AP_POLICY_CHANGE_H
#define AP_POLICY_CHANGE_H

#include "file_edits.h"
#include "load.h"
#include "policy_form.h"

/* A policy or an exception of a set: exactly one of `policy` and `exception` is there. Forms are borrowed. */
typedef struct {
	const ap_policy_def *policy;
	const ap_policy_form *policy_after; /* what it is to say; NULL: it goes */
	bool is_written;                    /* the edits have its new text already, whatever that says */
	const ap_exception_def *exception;
	const ap_exception_form *exception_after;
} ap_definition_change;

/* No definition stands in it twice. */
typedef struct {
	ap_definition_change *items;
	size_t n;
} ap_definition_changes;

/* One a file. */
typedef struct {
	ap_file_edit *items;
	size_t n;
} ap_edit_list;

/* Adds that the policy is to say `after`, or with NULL that it goes. */
void ap_definition_changes_add_policy(ap_arena *arena, ap_definition_changes *changes, const ap_policy_def *policy,
				      const ap_policy_form *after);

/* Adds that the exception goes. */
void ap_definition_changes_add_exception_removal(ap_arena *arena, ap_definition_changes *changes,
						 const ap_exception_def *exception);

/*
 * Adds that whatever refers to the policy of that name, exceptions' `policies` and other policies' `replaces`, has
 * `name` instead. None of them is among the changes yet.
 */
void ap_definition_changes_add_references(ap_arena *arena, ap_definition_changes *changes, const ap_policy_set *set,
					  const ap_policy_def *policy, const char *name);

/*
 * Adds the edits of the files that the set was read from to those that are there, none of which removes a file or changes
 * how many policies and exceptions it has. A file with nothing else in it than what goes is removed, unless it
 * is the root file. False, with *error, where a text cannot be changed so that this comes of it and nothing else: the
 * texts are read again with the edits to see. (What makes them invalid is not judged here.)
 */
bool ap_definition_changes_edits(ap_arena *arena, const ap_policy_set *set, const ap_definition_changes *changes,
				 ap_edit_list *edits, ap_error *error);

/*
 * Has the file at `from`, whose edit is in the list or which stays as it is, stand at `to` instead; `text` is what it
 * holds now. Owner, group and mode go with it.
 */
void ap_edits_move(ap_arena *arena, ap_edit_list *edits, const char *from, const char *to, const char *text);

/* The text of a policy file, as the set was read from it. NULL: it is none of the set's. */
const char *ap_policy_set_text_of(const ap_policy_set *set, const char *path);

/* Which of its file's policies it is, from 0. */
size_t ap_policy_number_in_file(const ap_policy_set *set, const ap_policy_def *policy);

#endif
