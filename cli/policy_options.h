/* policy_options.h - a policy told by options: --type, --name, --department and the rest. */
#ifndef AP_POLICY_OPTIONS_H
#define AP_POLICY_OPTIONS_H

#include "../lib/make/policy_form.h"
#include "options.h"

enum { AP_N_POLICY_OPTIONS = 28 };

/* What was given. Zeroed is nothing. */
typedef struct {
	const char *type;
	const char *name;
	const char *status;
	bool all;
	bool unlisted;
	ap_texts departments;
	ap_texts members;
	ap_texts domains;
	ap_texts groups;
	bool except_unlisted;
	ap_texts except_departments;
	ap_texts except_members;
	ap_texts except_domains;
	ap_texts except_groups;
	ap_texts except_ip;
	ap_texts except_regions;
	ap_texts ip;
	ap_texts regions;
	ap_texts clients;
	const char *other_clients;
	bool required;
	const char *replaces;
	const char *not_before;
	const char *not_after;
	const char *message;
	const char *comment;
} ap_policy_options;

/* The options that note it; `options` has room for AP_N_POLICY_OPTIONS. Returns how many they are. */
size_t ap_policy_options_table(ap_policy_options *given, ap_option *options);

/* True if anything was given. */
bool ap_policy_options_any(ap_policy_options *given);

/*
 * The policy that was told. AP_EXIT_YES, or AP_EXIT_USAGE after a report of what is missing, or is none of what an option
 * takes. What names refer to is for ap_load to judge.
 */
int ap_policy_options_form(ap_context *context, const ap_usage *usage, const ap_policy_options *given,
			   ap_policy_form *ret_form);

#endif
