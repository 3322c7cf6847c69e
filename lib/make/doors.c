/* Policies that shut the door of the machine itself: cron, sudo and the console. */
#include "doors.h"

#include <stdio.h>
#include <string.h>

enum { COMPARISONS_MAX = 1000000 }; /* of two whitelists: a fraction of a second */

static bool selects_system(ap_finder *f, const ap_image_policy *policy)
{
	return policy->clients.n == 0 ||
	       ap_view_span_holds(&f->view, policy->clients, ap_view_settings(&f->view).system_client);
}

/* True if the whitelist's network holds a login at the machine itself. */
static bool lets_in_local(ap_finder *f, const ap_image_policy *policy)
{
	return selects_system(f, policy) &&
	       (policy->net == AP_NONE || (ap_view_net(&f->view, policy->net).flags & AP_NET_LOCAL) != 0);
}

static bool governs_local(ap_finder *f, const ap_image_policy *policy)
{
	return (selects_system(f, policy) || (policy->flags & AP_POLICY_OTHER_CLIENTS_DENIED) != 0) &&
	       (policy->except_net == AP_NONE || (ap_view_net(&f->view, policy->except_net).flags & AP_NET_LOCAL) == 0);
}

/* "all members", or whom else a policy is over that is not about single mailboxes; NULL where it is about those. */
static const char *generality(ap_finder *f, const ap_policy_def *def)
{
	const ap_objects *scope = &def->scope;
	char text[512];

	if (scope->all)
		return "all members";
	if (scope->groups.n > 0)
		(void)snprintf(text, sizeof(text), "the group \"%s\"", scope->groups.items[0].text);
	else if (scope->departments.n > 0)
		(void)snprintf(text, sizeof(text), "the department \"%s\"", scope->departments.items[0].text);
	else
		return scope->unlisted ? "members of no department" : NULL;
	return ap_arena_strdup(f->arena, text);
}

/* Whitelists that let in logins at the machine itself: beside them another one does not deny those. */
typedef struct {
	uint32_t *items;
	size_t n;
	size_t n_comparisons;
} opener_list;

static opener_list local_openers(ap_finder *f)
{
	opener_list openers = { .items = ap_arena_alloc(f->arena, (f->set->n_policies + 1) * sizeof(uint32_t)) };

	for (size_t i = 0; i < f->set->n_policies; i++) {
		ap_image_policy policy = ap_view_policy(&f->view, (uint32_t)i);

		if (policy.type == AP_POLICY_WHITELIST && (policy.flags & AP_POLICY_REQUIRED) == 0 &&
		    ap_finder_is_in_force(f, &policy) && governs_local(f, &policy) && lets_in_local(f, &policy))
			openers.items[openers.n++] = (uint32_t)i;
	}
	return openers;
}

/* True if everyone whom the policy governs is governed by a whitelist that lets him in at the machine itself. */
static bool is_opened(ap_finder *f, const ap_image_policy *policy, opener_list *openers)
{
	if ((policy->flags & AP_POLICY_REQUIRED) != 0)
		return false;
	for (size_t i = 0; i < openers->n; i++) {
		ap_image_policy opener = ap_view_policy(&f->view, openers->items[i]);

		/* beyond the bound nothing is claimed */
		if (openers->n_comparisons++ >= COMPARISONS_MAX)
			return true;
		if (ap_finder_covers(f, &opener.scope, &policy->scope) &&
		    ap_finder_covers(f, &policy->except, &opener.except))
			return true;
	}
	return false;
}

static void find_closed_machine(ap_finder *f, const ap_policy_def *def, const ap_image_policy *policy,
				opener_list *openers)
{
	const char *whom = generality(f, def);
	const char *remedy = "list \"local\" among its IP entries";

	if (whom == NULL || policy->type != AP_POLICY_WHITELIST || !ap_finder_is_in_force(f, policy) ||
	    !governs_local(f, policy) || lets_in_local(f, policy))
		return;
	/* that one is said to deny whatever it governs */
	if (policy->net != AP_NONE && ap_finder_holds_nothing(f, policy->net))
		return;
	if (is_opened(f, policy, openers))
		return;
	if (!selects_system(f, policy))
		remedy = (policy->flags & AP_POLICY_REQUIRED) != 0
				 ? "list \"system\" among its clients and \"local\" among its IP entries"
				 : "write a whitelist for the client type \"system\" that lists \"local\"";
	ap_finder_report(f, &def->place,
			 "whitelist \"%s\" denies logins at the machine itself, such as cron, sudo and the console, "
			 "to %s; %s",
			 def->name, whom, remedy);
}

bool ap_restricts_system(ap_finder *f, const ap_image_policy *policy)
{
	if (!ap_finder_is_in_force(f, policy))
		return false;
	if (!selects_system(f, policy))
		return (policy->flags & AP_POLICY_OTHER_CLIENTS_DENIED) != 0;
	if (policy->type == AP_POLICY_BLACKLIST)
		return policy->net == AP_NONE || !ap_finder_holds_nothing(f, policy->net);
	return !ap_finder_holds_every_address(f, policy->net);
}

void ap_find_closed_machine(ap_finder *f)
{
	opener_list openers = local_openers(f);

	for (size_t i = 0; i < f->set->n_policies; i++) {
		ap_image_policy policy = ap_view_policy(&f->view, (uint32_t)i);

		if (policy.status != AP_POLICY_DISABLED)
			find_closed_machine(f, &f->set->policies[i], &policy, &openers);
	}
	if (openers.n_comparisons > COMPARISONS_MAX)
		ap_diagnostics_add(f->diagnostics, AP_WARNING, f->set->root, 0,
				   "there are too many whitelists to tell of each whether it denies logins at the "
				   "machine itself; only some were looked at");
}
