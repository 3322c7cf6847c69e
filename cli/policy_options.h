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
 * Has the form say what was given, and leaves the rest of it: a list takes the place of the list that is there, whom the
 * policy applies to that of "all", and "all" that of anybody else. AP_EXIT_YES, or AP_EXIT_USAGE after a report of what
 * is none of what an option takes; the form is then of no use.
 */
int ap_policy_options_take(ap_context *context, const ap_usage *usage, const ap_policy_options *given,
			   ap_policy_form *form);

/*
 * The new policy that was told. As above, and a report of what is missing. What names refer to is for ap_load to judge.
 */
int ap_policy_options_form(ap_context *context, const ap_usage *usage, const ap_policy_options *given,
			   ap_policy_form *ret_form);

/* The options that take one of several: "department", "except-ip" … */
typedef enum {
	AP_LIST_DEPARTMENT,
	AP_LIST_MEMBER,
	AP_LIST_DOMAIN,
	AP_LIST_GROUP,
	AP_LIST_EXCEPT_DEPARTMENT,
	AP_LIST_EXCEPT_MEMBER,
	AP_LIST_EXCEPT_DOMAIN,
	AP_LIST_EXCEPT_GROUP,
	AP_LIST_EXCEPT_IP,
	AP_LIST_EXCEPT_REGION,
	AP_LIST_IP,
	AP_LIST_REGION,
	AP_LIST_CLIENT,
	AP_N_POLICY_LISTS
} ap_policy_list;

/* One of them: its option, what was given for it, and where a form has it. */
const char *ap_policy_list_name(ap_policy_list list);
const ap_texts *ap_policy_list_given(const ap_policy_options *given, ap_policy_list list);
ap_words *ap_policy_list_words(ap_policy_form *form, ap_policy_list list);

/* True if it is one of those that a policy applies to. */
bool ap_policy_list_is_scope(ap_policy_list list);

/* True if both name the same: as members, domains, regions, addresses and the rest are compared. */
bool ap_policy_list_same(ap_policy_list list, const char *a, const char *b);

/* A copy of texts that were given. In the arena. */
ap_words ap_policy_options_words(ap_arena *arena, const ap_texts *texts);

#endif
