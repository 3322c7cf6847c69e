#include "findings.h"

#include "administrators.h"
#include "aliases.h"
#include "audit_file.h"
#include "doors.h"
#include "finder.h"
#include "guard.h"
#include "rivals.h"
#include "unknowns.h"
#include "vain.h"

#include <stdio.h>
#include <string.h>

/*
 * Policies that can never matter
 */

static bool names_nobody(ap_finder *f, const ap_image_who *who)
{
	if (who->flags != 0 || who->domains.n + who->groups.n + who->members.n > 0)
		return false;
	for (uint32_t i = 0; i < who->departments.n; i++) {
		uint32_t code = ap_view_number(&f->view, who->departments, i);

		if (code / 2 >= f->set->n_departments)
			return false;
		if ((code & 1) != 0 ? f->first_members[code / 2] != NULL : f->has_own_members[code / 2])
			return false;
	}
	return true;
}

/* True if the exception is in time, narrowed by nothing, and frees everyone in the policy's scope. */
static bool frees_everyone(ap_finder *f, const ap_image_policy *policy, const ap_image_exception *exception)
{
	if (f->now < exception->not_before || f->now >= exception->not_after || exception->net != AP_NONE)
		return false;
	if (exception->clients.n > 0 && policy->clients.n == 0)
		return false;
	if (exception->clients.n > 0 && (policy->flags & AP_POLICY_OTHER_CLIENTS_DENIED) != 0)
		return false;
	for (uint32_t i = 0; exception->clients.n > 0 && i < policy->clients.n; i++)
		if (!ap_view_span_holds(&f->view, exception->clients, ap_view_number(&f->view, policy->clients, i)))
			return false;
	return ap_finder_covers(f, &exception->who, &policy->scope);
}

static bool find_freed(ap_finder *f, const ap_policy_def *def, const ap_image_policy *policy)
{
	for (uint32_t i = 0; i < policy->exceptions.n; i++) {
		ap_image_exception exception =
			ap_view_exception_at(&f->view, ap_view_number(&f->view, policy->exceptions, i));

		if (!frees_everyone(f, policy, &exception))
			continue;
		ap_finder_report(
			f, &def->place,
			"policy \"%s\" cannot matter while exception \"%s\" lasts: it frees everyone in the scope",
			def->name, ap_view_string(&f->view, exception.name));
		return true;
	}
	return false;
}

/* True if the policy has no effect whatever is asked; then nothing else is worth saying of it. */
static bool find_idle(ap_finder *f, const ap_policy_def *def, const ap_image_policy *policy)
{
	if (ap_finder_is_over(f, policy))
		ap_finder_report(f, &def->not_after.written.place,
				 "policy \"%s\" can never matter: its not_after, %s, has passed; "
				 "delete it, or write a later time",
				 def->name, def->not_after.written.text);
	else if (names_nobody(f, &policy->scope))
		ap_finder_report(
			f, &def->scope.place,
			"policy \"%s\" can never matter: nobody is in its scope, as its departments have no members",
			def->name);
	else if (ap_finder_covers(f, &policy->except, &policy->scope))
		ap_finder_report(f, &def->except.place,
				 "policy \"%s\" can never matter: everyone in its scope is excepted", def->name);
	else if (policy->type == AP_POLICY_BLACKLIST && policy->net != AP_NONE &&
		 ap_finder_holds_nothing(f, policy->net))
		ap_finder_report(f, &def->ip.place, "policy \"%s\" can never matter: its networks hold no address",
				 def->name);
	else
		return find_freed(f, def, policy);
	return true;
}

/*
 * Policies that do more, or less, than they seem to
 */

static void find_empty_whitelist(ap_finder *f, const ap_policy_def *def, const ap_image_policy *policy)
{
	if (policy->type == AP_POLICY_WHITELIST && policy->net != AP_NONE && ap_finder_holds_nothing(f, policy->net))
		ap_finder_report(f, &def->ip.place,
				 "whitelist \"%s\" denies every login that it governs: its networks hold no address",
				 def->name);
}

static bool restricts_nothing(ap_finder *f, const ap_image_policy *policy)
{
	return policy->type == AP_POLICY_WHITELIST && (policy->flags & AP_POLICY_OTHER_CLIENTS_DENIED) == 0 &&
	       ap_finder_holds_every_address(f, policy->net);
}

static void find_open_whitelist(ap_finder *f, const ap_policy_def *def, const ap_image_policy *policy)
{
	if (!restricts_nothing(f, policy))
		return;
	if (policy->net == AP_NONE)
		ap_finder_report(f, &def->place,
				 "whitelist \"%s\" restricts nothing: "
				 "it lists neither ip nor regions, so every address is let in",
				 def->name);
	else
		ap_finder_report(f, &def->ip.place,
				 "whitelist \"%s\" restricts nothing: its entries hold every IP address", def->name);
}

static void find_closed_blacklist(ap_finder *f, const ap_policy_def *def, const ap_image_policy *policy)
{
	if (policy->type == AP_POLICY_BLACKLIST && policy->status == AP_POLICY_ENABLED && def->scope.all &&
	    def->except.place.line == 0 && policy->clients.n == 0 && ap_finder_holds_every_address(f, policy->net))
		ap_finder_report(
			f, &def->place,
			"blacklist \"%s\" denies every login: all members, every client type and every address",
			def->name);
}

/* A subdivision of a country that is listed as well. */
static void find_contained(ap_finder *f, const ap_list *regions)
{
	for (size_t i = 0; i < regions->n; i++) {
		const char *code = regions->items[i].text;

		for (size_t k = 0; k < regions->n && code[2] == '-'; k++)
			if (strncmp(regions->items[k].text, code, 2) == 0 && regions->items[k].text[2] == '\0')
				ap_finder_report(f, &regions->items[i].place,
						 "\"%s\" is in \"%s\", which is listed as well", code,
						 regions->items[k].text);
	}
}

static void find_contained_regions(ap_finder *f)
{
	for (size_t i = 0; i < f->set->n_policies; i++) {
		if (f->set->policies[i].status == AP_POLICY_DISABLED)
			continue;
		find_contained(f, &f->set->policies[i].regions);
		find_contained(f, &f->set->policies[i].except.regions);
	}
	for (size_t i = 0; i < f->set->n_exceptions; i++)
		find_contained(f, &f->set->exceptions[i].regions);
}

/* What would be refused, whatever is in force now. */
static void find_refusals(ap_finder *f)
{
	ap_diagnostics refusals = { 0 };
	const ap_guard guard = {
		.image = f->image, .now = f->now, .nss = f->nss, .refusals = &refusals, .warnings = f->diagnostics
	};

	ap_guard_administrators(&guard, &f->set->administrators);
	for (size_t i = 0; i < refusals.n; i++)
		ap_diagnostics_add(f->diagnostics, AP_WARNING, refusals.items[i].file, refusals.items[i].line,
				   "%s; apply refuses that", refusals.items[i].message);
	ap_diagnostics_clear(&refusals);
}

static void find_in_policies(ap_finder *f)
{
	for (size_t i = 0; i < f->set->n_policies; i++) {
		const ap_policy_def *def = &f->set->policies[i];
		ap_image_policy policy = ap_view_policy(&f->view, (uint32_t)i);

		if (policy.status == AP_POLICY_DISABLED || find_idle(f, def, &policy))
			continue;
		find_empty_whitelist(f, def, &policy);
		find_open_whitelist(f, def, &policy);
		find_closed_blacklist(f, def, &policy);
	}
}

void ap_findings(const ap_policy_set *set, const ap_image *image, int64_t now, const ap_nss *nss,
		 ap_diagnostics *diagnostics)
{
	ap_finder f;

	ap_finder_init(&f, set, image, now, nss, diagnostics);
	find_in_policies(&f);
	ap_find_closed_machine(&f);
	find_contained_regions(&f);
	ap_find_unknown_groups(&f);
	ap_find_aliases(set, image, nss, diagnostics);
	ap_find_vain_exceptions(&f);
	ap_audit_file_check(set, diagnostics);
	ap_find_denied_administrators(&f);
	find_refusals(&f);
	ap_find_no_administrators(&f);
	ap_find_openers(&f);
	ap_arena_free(f.arena);
	ap_diagnostics_sort(diagnostics);
}
