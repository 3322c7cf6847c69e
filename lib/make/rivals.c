/*
 * Whitelists over one login are alternatives. So one that somebody adds for the VPN can open what another closed on
 * purpose: here such logins are looked for, with members and addresses that stand for many, and by the evaluator
 * itself.
 */
#include "rivals.h"

#include "../login/evaluate.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	WITNESSES_MAX = 3,         /* members that stand for a scope */
	CLIENTS_MAX = 16,          /* client types that are tried */
	ANSWERS_MAX = 20 * 1000000 /* policies' answers that are asked for to compare whitelists: a second or two */
};

typedef struct {
	const char *user;
	const char *shown; /* what a finding calls him: an invented name would look like a user's */
} witness;

typedef struct {
	witness items[WITNESSES_MAX];
	size_t n;
} witnesses;

static void add_witness(witnesses *list, const char *user, const char *shown)
{
	if (list->n < WITNESSES_MAX && user != NULL)
		list->items[list->n++] = (witness){ .user = user, .shown = shown };
}

static const char *joined(ap_finder *f, const char *first, const char *second)
{
	size_t size = strlen(first) + strlen(second) + 1;
	char *text = ap_arena_alloc(f->arena, size);

	(void)snprintf(text, size, "%s%s", first, second);
	return text;
}

/* Members that are certainly in the scope; those of groups are not known here. */
static witnesses witnesses_of(ap_finder *f, const ap_policy_def *def, const ap_image_policy *policy)
{
	witnesses list = { .n = 0 };

	if (def->scope.all)
		add_witness(&list, "anyone", "any member");
	for (size_t i = 0; i < def->scope.members.n; i++)
		if (def->scope.members.items[i].text[strlen(def->scope.members.items[i].text) - 1] != '@')
			add_witness(&list, def->scope.members.items[i].text, def->scope.members.items[i].text);
	for (uint32_t i = 0; i < policy->scope.departments.n; i++) {
		uint32_t code = ap_view_number(&f->view, policy->scope.departments, i);

		if (code / 2 < f->set->n_departments && ((code & 1) != 0 || f->has_own_members[code / 2]))
			add_witness(&list, f->first_members[code / 2], f->first_members[code / 2]);
	}
	for (size_t i = 0; i < def->scope.domains.n; i++)
		add_witness(&list, joined(f, "anyone@", def->scope.domains.items[i].text),
			    joined(f, "any member of ", def->scope.domains.items[i].text));
	return list;
}

/*
 * The whitelists that are alternatives: enabled, in time, and not required. A hosting provider may have ten thousand
 * of them, so a member is held against their scopes alone first, and evaluated only with the few that may hold him.
 */
typedef struct {
	ap_finder *f;
	size_t n;
	uint32_t *policies; /* their numbers */
	ap_image_who *scopes;
	bool *reported;
	size_t *candidates; /* indices of the above: those that govern the member and client that are tried */
	size_t n_candidates;
	uint64_t n_answers;
} rivalry;

static bool may_ask_on(rivalry *r, size_t n_answers)
{
	r->n_answers += n_answers;
	return r->n_answers <= ANSWERS_MAX;
}

static void note_answer_alone(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	(void)policy;
	*(ap_answer *)context = *answer;
}

/* What one whitelist answers; nothing but no where it could not be evaluated. */
static ap_answer ask(rivalry *r, ap_request *request, size_t index)
{
	ap_answer answer = { .policy = r->policies[index] };
	const ap_evaluate_options options = { .only = r->policies[index],
					      .hook = note_answer_alone,
					      .hook_context = &answer };
	ap_decision decision;

	/* the others are passed over one by one */
	if (may_ask_on(r, 1 + r->f->set->n_policies / 32) &&
	    ap_evaluate(r->f->image, request, &options, &decision, NULL) == AP_OK)
		ap_decision_clear(&decision);
	return answer;
}

static bool is_allowed(rivalry *r, ap_request *request)
{
	ap_decision decision;
	bool allowed;

	if (!may_ask_on(r, r->f->set->n_policies) || ap_evaluate(r->f->image, request, NULL, &decision, NULL) != AP_OK)
		return false;
	allowed = decision.verdict == AP_ALLOW;
	ap_decision_clear(&decision);
	return allowed;
}

/* A candidate that alone denies the request, or SIZE_MAX. */
static size_t overruled(rivalry *r, ap_request *request)
{
	for (size_t i = 0; i < r->n_candidates; i++)
		if (ask(r, request, r->candidates[i]).fails == AP_YES)
			return r->candidates[i];
	return SIZE_MAX;
}

static void report_opener(rivalry *r, const char *shown, const ap_facts *facts, size_t opener, size_t closer)
{
	const ap_policy_def *opening = &r->f->set->policies[r->policies[opener]];
	const char *closing = r->f->set->policies[r->policies[closer]].name;

	r->reported[opener] = true;
	ap_finder_report(r->f, &opening->place,
			 "whitelist \"%s\" lets in whom \"%s\" alone denies: %s from %s with %s; "
			 "of whitelists over one login, one that matches is enough",
			 opening->name, closing, shown, facts->rhost, facts->client);
}

/* Looks for an address from which `opener` lets the login in though another whitelist alone denies it. */
static void try_opener(rivalry *r, const char *shown, ap_facts facts, size_t opener)
{
	ap_addresses list = ap_finder_addresses(r->f, &r->f->set->policies[r->policies[opener]]);

	for (size_t i = 0; i < list.n && !r->reported[opener]; i++) {
		size_t closer = SIZE_MAX;
		ap_request request;

		facts.rhost = list.items[i];
		if (ap_request_init(&request, r->f->image, &facts, NULL) != AP_OK)
			continue;
		if (ask(r, &request, opener).matches == AP_YES)
			closer = overruled(r, &request);
		if (closer != SIZE_MAX && is_allowed(r, &request))
			report_opener(r, shown, &facts, opener, closer);
		ap_request_clear(&request);
	}
}

/* True if the scope may hold the member; what only the name services know may be. */
static bool may_hold(ap_finder *f, const ap_image_who *who, const ap_member *member, const ap_subject_entry entries[2])
{
	if (who->flags != 0 || who->groups.n > 0)
		return true;
	if (who->domains.n > 0 && member->domain != NULL && ap_finder_covers_domain(f, who, member->domain))
		return true;
	for (size_t i = 0; i < 2 && who->members.n + who->departments.n > 0; i++)
		if (ap_finder_covers_entry(f, who, &entries[i]))
			return true;
	return false;
}

static void find_scopes(rivalry *r, const ap_member *member, size_t *ret_held, size_t *ret_n_held)
{
	ap_view *view = &r->f->view;
	const ap_image_head *head = ap_image_head_of(r->f->image);
	ap_subject_entry entries[2] = { ap_view_find(view, &head->members, member->text, strlen(member->text)),
					{ .number = AP_NONE } };

	if (member->domain != NULL)
		entries[1] = ap_view_find(view, &head->anywhere, member->text, member->name_len + 1);

	*ret_n_held = 0;
	for (size_t i = 0; i < r->n; i++)
		if (may_hold(r->f, &r->scopes[i], member, entries))
			ret_held[(*ret_n_held)++] = i;
}

/* Of the whitelists whose scope may hold the member, those that govern the login from wherever it comes. */
static bool find_candidates(rivalry *r, const ap_facts *facts, const size_t *held, size_t n_held)
{
	bool news = false;
	ap_request request;

	r->n_candidates = 0;
	if (ap_request_init(&request, r->f->image, facts, NULL) != AP_OK)
		return false;
	for (size_t i = 0; i < n_held; i++) {
		if (ask(r, &request, held[i]).governs != AP_YES)
			continue;
		r->candidates[r->n_candidates++] = held[i];
		news = news || !r->reported[held[i]];
	}
	ap_request_clear(&request);
	return news && r->n_candidates > 1;
}

static bool all_are_reported(const rivalry *r, const size_t *held, size_t n_held)
{
	for (size_t i = 0; i < n_held; i++)
		if (!r->reported[held[i]])
			return false;
	return true;
}

static void try_member(rivalry *r, const witness *who, const ap_image_policy *policy, size_t *held)
{
	ap_facts facts = { .user = who->user, .now = r->f->now, .nss = r->f->nss };
	uint32_t n_clients = policy->clients.n > 0 ? policy->clients.n : ap_image_count(r->f->image, AP_TABLE_CLIENTS);
	ap_member member;
	size_t n_held;

	if (!ap_member_init(&member, who->user, r->f->set->default_domain.text))
		return;
	find_scopes(r, &member, held, &n_held);
	ap_member_clear(&member);
	for (uint32_t i = 0; n_held > 1 && i < n_clients && i < CLIENTS_MAX; i++) {
		uint32_t client = policy->clients.n > 0 ? ap_view_number(&r->f->view, policy->clients, i) : i;

		if (all_are_reported(r, held, n_held))
			return;
		facts.client = ap_view_string(&r->f->view, ap_view_client(&r->f->view, client).name);
		if (!find_candidates(r, &facts, held, n_held))
			continue;
		for (size_t k = 0; k < r->n_candidates; k++)
			if (!r->reported[r->candidates[k]])
				try_opener(r, who->shown, facts, r->candidates[k]);
	}
}

static rivalry rivalry_of(ap_finder *f)
{
	size_t n = f->set->n_policies + 1;
	rivalry r = { .f = f };

	r.policies = ap_arena_alloc(f->arena, n * sizeof(*r.policies));
	r.scopes = ap_arena_alloc(f->arena, n * sizeof(*r.scopes));
	r.reported = ap_arena_alloc(f->arena, n * sizeof(*r.reported));
	r.candidates = ap_arena_alloc(f->arena, n * sizeof(*r.candidates));
	for (size_t i = 0; i < f->set->n_policies; i++) {
		ap_image_policy policy = ap_view_policy(&f->view, (uint32_t)i);

		if (policy.type != AP_POLICY_WHITELIST || policy.status != AP_POLICY_ENABLED ||
		    (policy.flags & AP_POLICY_REQUIRED) != 0 || f->now < policy.not_before ||
		    ap_finder_is_over(f, &policy))
			continue;
		r.policies[r.n] = (uint32_t)i;
		r.scopes[r.n++] = policy.scope;
	}
	return r;
}

void ap_find_openers(ap_finder *f)
{
	rivalry r = rivalry_of(f);
	size_t *held = ap_arena_alloc(f->arena, (r.n + 1) * sizeof(*held));

	for (size_t i = 0; r.n > 1 && i < r.n && r.n_answers <= ANSWERS_MAX; i++) {
		ap_image_policy policy = ap_view_policy(&f->view, r.policies[i]);
		witnesses users = witnesses_of(f, &f->set->policies[r.policies[i]], &policy);

		for (size_t u = 0; u < users.n; u++)
			try_member(&r, &users.items[u], &policy, held);
	}
	if (r.n_answers > ANSWERS_MAX)
		ap_diagnostics_add(
			f->diagnostics, AP_WARNING, f->set->root, 0,
			"there are too many policies to hold each whitelist against all others; only some were");
}
