/* policy_change.h - what has to be written into which file so that a policy says something else, or is gone. */
#ifndef AP_POLICY_CHANGE_H
#define AP_POLICY_CHANGE_H

#include "file_edits.h"
#include "load.h"
#include "policy_form.h"

/* Edits of files in the making, one a file. The files are read with those that are there already. */
typedef struct {
	ap_file_edit *items;
	size_t n;
} ap_edit_list;

/*
 * Has the policy say `after`, in the file that it stands in. *set, in which the policy is, is what the files are with the
 * edits so far; it gives way to what they are with this one, or to NULL where they then make no policy. False,
 * with *error, where its text cannot be changed so that this comes of it and nothing else: it is read again to see. (What
 * makes the files invalid is not judged here.)
 */
bool ap_policy_change(ap_arena *arena, ap_policy_set **set, const ap_policy_def *policy, const ap_policy_form *after,
		      ap_edit_list *edits, ap_error *error);

/* Takes the policy out of its file; a file with nothing else in it is removed. */
bool ap_policy_remove(ap_arena *arena, ap_policy_set **set, const ap_policy_def *policy, ap_edit_list *edits,
		      ap_error *error);

#endif
