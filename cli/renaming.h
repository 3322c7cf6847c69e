/* renaming.h - the file of a policy that gets another name. */
#ifndef AP_RENAMING_H
#define AP_RENAMING_H

#include "changing.h"

/*
 * The drop-in that was made for the policy goes with its name; a file that holds more, or is a link, stays where it is.
 * The edits are those of the renaming. Where the policy then stands.
 */
const char *ap_move_with_name(ap_context *context, const ap_policy_set *set, const ap_policy_def *policy,
			      const char *name, ap_edit_list *edits);

#endif
