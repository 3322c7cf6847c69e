/*
 * policy_edits.h - a change of a policy told by options: those of a new one, and --add-ip, --remove-ip, --clear and the
 * like.
 */
#ifndef AP_POLICY_EDITS_H
#define AP_POLICY_EDITS_H

#include "policy_options.h"

enum { AP_N_POLICY_EDITS = AP_N_POLICY_OPTIONS + 2 * AP_N_POLICY_LISTS + 2 };

/* What was given. Zeroed is nothing. */
typedef struct {
	ap_policy_options set; /* what takes the place of what is there; its name is that of --rename */
	ap_texts add[AP_N_POLICY_LISTS];
	ap_texts remove[AP_N_POLICY_LISTS];
	ap_texts clear; /* settings that go */
} ap_policy_edits;

/* The options that note it; `options` has room for AP_N_POLICY_EDITS. Returns how many they are. */
size_t ap_policy_edits_table(ap_arena *arena, ap_policy_edits *given, ap_option *options);

/* True if anything was given. */
bool ap_policy_edits_any(ap_policy_edits *given);

/*
 * Has the form, which is what the policy says, say what was told. What is to be added and is there already is noted on
 * standard output. AP_EXIT_YES, or AP_EXIT_USAGE after a report: options that contradict each other, something to be
 * removed that is not there, or that is the last of its kind, nobody left whom the policy applies to. What names refer to is for ap_load to judge.
 */
int ap_policy_edits_make(ap_context *context, const ap_usage *usage, const ap_policy_edits *given,
			 ap_policy_form *form);

#endif
