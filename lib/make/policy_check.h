/*
 * policy_check.h - would the loader take this policy, beside what the files say?
 *
 * For who asks a person for a policy bit by bit: each answer is judged by the loader's own reader, at once, without
 * reading the files again.
 */
#ifndef AP_POLICY_CHECK_H
#define AP_POLICY_CHECK_H

#include "diagnostics.h"
#include "policy_form.h"

typedef struct ap_policy_check ap_policy_check;

/*
 * Lives in the arena. The set, which is what ap_load made of the files, is borrowed. The policy of the name `instead`
 * is passed over, for one that takes its place; NULL: none is.
 */
ap_policy_check *ap_policy_check_new(ap_arena *arena, const ap_policy_set *set, const char *instead);

/*
 * True if the form is a policy that can stand beside the others of the set. Errors and warnings are added, with
 * `name` for a file and the lines of ap_drop_in_text. The region database is not opened: what it does not know of
 * the regions that there are is for ap_load to say.
 */
bool ap_policy_check_form(const ap_policy_check *check, const ap_policy_form *form, const char *name,
			  ap_diagnostics *diagnostics);

#endif
