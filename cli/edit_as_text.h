/* edit_as_text.h - a policy's text in an editor, checked before it is saved. */
#ifndef AP_EDIT_AS_TEXT_H
#define AP_EDIT_AS_TEXT_H

#include "changing.h"

/*
 * Has the text of the set's policy edited, with its comments, and what comes of it put in force in its place. At a
 * terminal one may edit again what is refused; else the text is kept in a file, and its path is told. Returns the exit
 * status.
 */
int ap_edit_as_text(ap_context *context, ap_apply_options *given, const ap_policy_set *set,
		    const ap_policy_def *policy);

#endif
