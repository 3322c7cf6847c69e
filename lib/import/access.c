/*
 * The rules of access.conf as policies.
 *
 * The first rule that matches decides, and where none does the login is allowed. So what a "-" rule denies is its users
 * at its origins, less those of the "+" rules above it. Each "-" rule becomes a blacklist, and what is to be taken from it
 * is taken in the plainest of four ways: users by the scope's `except`, addresses by the entries or by `except`, both
 * together by an exception, and what is neither by a policy more.
 */
#include "access_parts.h"

#include <string.h>
#include <strings.h>

enum { DEPTH_MAX = 500, EFFORT_MAX = 20 * 1000 * 1000 };

/* What is still to be taken from a part. */
typedef ap_access_pending pending;

/*
 * Words
 */

/* The words of parts are those of the rules: none of them is copied. */
static void add_shared(ap_arena *arena, ap_words *words, const char *word)
{
	*AP_PUSH(arena, words->items, words->n) = word;
}

/* Those of `a` that are in `b`, or with `in_b` false those that are not. */
static ap_words select_words(ap_arena *arena, const ap_words *a, const ap_words *b, bool in_b,
			     ap_access_comparison *compare)
{
	ap_words selected = { .n = 0 };

	for (size_t i = 0; i < a->n; i++)
		if (ap_access_words_have(b, a->items[i], compare) == in_b)
			add_shared(arena, &selected, a->items[i]);
	return selected;
}

/* Both together, each word once. */
static ap_words unite_words(ap_arena *arena, const ap_words *a, const ap_words *b, ap_access_comparison *compare)
{
	ap_words both = { .items = ap_arena_alloc(arena, (a->n + b->n + 1) * sizeof(*both.items)), .n = a->n };

	if (a->n > 0)
		memcpy(both.items, a->items, a->n * sizeof(*both.items));
	for (size_t i = 0; i < b->n; i++)
		if (!ap_access_words_have(a, b->items[i], compare))
			both.items[both.n++] = b->items[i];
	return both;
}

/*
 * Taking away
 */

static bool is_nobody(const ap_access_part *p)
{
	return !p->all && p->members.n == 0 && p->groups.n == 0;
}

static bool names_nobody(const ap_access_people *users)
{
	return !users->all && users->members.n == 0 && users->groups.n == 0;
}

static size_t n_names(const ap_access_people *users)
{
	return users->members.n + users->groups.n;
}

/* Takes the named users out, wherever they come from. */
static void except_users(ap_access_work *w, ap_access_part *p, const ap_access_people *users)
{
	w->effort += n_names(users) * (1 + p->members.n + p->groups.n) +
		     (1 + n_names(users)) * (p->except_members.n + p->except_groups.n);
	p->members = select_words(w->arena, &p->members, &users->members, false, strcasecmp);
	p->groups = select_words(w->arena, &p->groups, &users->groups, false, strcmp);
	p->except_members = unite_words(w->arena, &p->except_members, &users->members, strcasecmp);
	p->except_groups = unite_words(w->arena, &p->except_groups, &users->groups, strcmp);
}

/*
 * Leaves of the part those who are among `users` too. Who is in a group is known at the login only: where one list has a
 * group and the other somebody who is perhaps in it, they stay. True where that was so.
 */
static bool narrow(ap_access_work *w, ap_access_part *p, const ap_access_people *users)
{
	ap_words members, groups, other_members, other_groups;

	if (users->all)
		return false;
	if (p->all) {
		p->all = false;
		p->members = users->members;
		p->groups = users->groups;
		return false;
	}
	w->effort += (1 + n_names(users)) * (1 + p->members.n + p->groups.n);
	members = select_words(w->arena, &users->members, &p->members, true, strcasecmp);
	groups = select_words(w->arena, &users->groups, &p->groups, true, strcmp);
	other_members = select_words(w->arena, &users->members, &p->members, false, strcasecmp);
	other_groups = select_words(w->arena, &users->groups, &p->groups, false, strcmp);
	if (p->groups.n == 0 && other_groups.n > 0)
		other_members = select_words(w->arena, &p->members, &members, false, strcasecmp);
	else if (p->groups.n > 0)
		for (size_t i = 0; i < other_groups.n; i++)
			add_shared(w->arena, &groups, other_groups.items[i]);
	else
		other_members.n = 0;
	for (size_t i = 0; i < other_members.n; i++)
		add_shared(w->arena, &members, other_members.items[i]);
	p->members = members;
	p->groups = groups;
	return other_members.n + (p->groups.n > 0 ? other_groups.n : 0) > 0;
}

static void note_unclear(ap_access_work *w, const ap_access_part *p, const ap_access_rule *by)
{
	/* once, of however many parts */
	if (w->unclear == p->rule)
		return;
	w->unclear = p->rule;
	ap_import_add_note(
		w->arena, w->access->import, AP_IMPORT_DIFFERENCE, p->rule->line, p->rule->text,
		"who is in two groups at once, or is a user and in a group, cannot be told by a policy; with the "
		"EXCEPT of line %u (and of others, where there are more) this line denies whoever is in one of them",
		by->line);
}

static void carve(ap_access_work *w, ap_access_part p, const pending *rest);

/*
 * The users that the taking's EXCEPT leaves out are denied where they would have been: a part of its own, from which
 * everything else is taken as well.
 */
static void keep_excepted(ap_access_work *w, const ap_access_part *from, const ap_access_taking *t,
			  const ap_access_places *common, const pending *rest)
{
	const ap_access_people *users = t->users->except;
	ap_access_taking *inner = NULL;
	pending first;
	ap_access_part p = *from;

	if (users == NULL || names_nobody(users))
		return;
	if (narrow(w, &p, users) && !is_nobody(&p))
		note_unclear(w, &p, t->rule);
	p.places = *common;
	if (users->except != NULL) {
		inner = ap_arena_alloc(w->arena, sizeof(*inner));
		*inner = (ap_access_taking){ .rule = t->rule, .users = users->except, .anywhere = true };
		first = (pending){ .taking = inner, .next = rest };
		carve(w, p, &first);
	} else {
		carve(w, p, rest);
	}
}

/* An exception names its users, and does not say "at all terminals but these". */
static bool can_be_exception(const ap_access_taking *t)
{
	return !t->users->all && (!t->places.other_terminals || t->places.n_terminals == 0);
}

static void free_by_exception(ap_access_work *w, ap_access_part *p, ap_access_taking *t)
{
	ap_access_freed *freed = ap_arena_alloc(w->arena, sizeof(*freed));

	*freed = (ap_access_freed){ .taking = t, .before = p->freed };
	p->freed = freed;
	p->n_freed++;
}

/* Is it certain, without asking who is in a group, that the users have nobody of the part among them? */
static bool are_others(ap_access_work *w, const ap_access_part *p, const ap_access_people *users)
{
	if (p->all || p->groups.n > 0 || users->all || users->groups.n > 0)
		return false;
	w->effort += p->members.n * users->members.n;
	for (size_t i = 0; i < users->members.n; i++)
		if (ap_access_words_have(&p->members, users->members.items[i], strcasecmp))
			return false;
	return true;
}

/* False where nothing is left of the part. The list of users `A EXCEPT B EXCEPT C` is taken as A, of which B is kept, of which C is taken … */
static bool take(ap_access_work *w, ap_access_part *p, ap_access_taking *t, const pending *rest)
{
	ap_access_places common = p->places;
	bool covers;

	if (are_others(w, p, t->users))
		return true;
	covers = t->anywhere || ap_access_places_are_within(&p->places, &t->places);
	w->effort += 1 + ap_address_set_count(&p->places.remote) + ap_address_set_count(&t->places.remote);
	if (names_nobody(t->users) || (!t->anywhere && !ap_access_places_overlap(&p->places, &t->places)))
		return true;
	if (!covers && (t->users->except != NULL || !can_be_exception(t)))
		common = ap_access_places_intersection(w->arena, &p->places, &t->places);
	keep_excepted(w, p, t, &common, rest);
	if (covers && t->users->all)
		return false;
	if (covers) {
		except_users(w, p, t->users);
		return !is_nobody(p);
	}
	if (can_be_exception(t)) {
		free_by_exception(w, p, t);
		return true;
	}
	/* the part is split; of all users nothing is left where they are taken */
	if (!t->users->all) {
		ap_access_part others = *p;

		others.places = common;
		except_users(w, &others, t->users);
		carve(w, others, rest);
	}
	p->places = ap_access_places_difference(w->arena, &p->places, &t->places);
	return !ap_access_places_are_none(&p->places);
}

/* Takes all that is pending from the part, and writes what is left. */
static void carve(ap_access_work *w, ap_access_part p, const pending *rest)
{
	bool left = !is_nobody(&p);

	if (w->depth >= DEPTH_MAX) {
		w->too_many = true;
		return;
	}
	w->depth++;
	for (; left && rest != NULL && !w->too_many; rest = rest->next) {
		left = take(w, &p, rest->taking, rest->next);
		w->too_many = w->too_many || w->effort > EFFORT_MAX || w->n_references > AP_ACCESS_REFERENCES_MAX;
	}
	if (left && !w->too_many)
		ap_access_write_part(w, &p);
	w->depth--;
}

/*
 * Rules
 */

static ap_access_taking *new_taking(ap_access_work *w, const ap_access_rule *rule, const ap_access_people *users,
				    bool anywhere)
{
	ap_access_taking *t = ap_arena_alloc(w->arena, sizeof(*t));

	*t = (ap_access_taking){ .rule = rule, .users = users, .anywhere = anywhere, .places = rule->origins };
	return t;
}

/* What "+" rules above it and the EXCEPT of its own users take from a "-" rule, the first first. */
static const pending *all_pending(ap_access_work *w, const ap_access_rule *rule)
{
	pending *first;

	if (rule->users.except == NULL)
		return w->takings;
	first = ap_arena_alloc(w->arena, sizeof(*first));
	*first = (pending){ .taking = new_taking(w, rule, rule->users.except, true), .next = w->takings };
	return first;
}

static void add_taking(ap_access_work *w, const ap_access_rule *rule)
{
	pending *last = ap_arena_alloc(w->arena, sizeof(*last));

	*last = (pending){ .taking = new_taking(w, rule, &rule->users, false) };
	if (w->last_taking != NULL)
		w->last_taking->next = last;
	else
		w->takings = last;
	w->last_taking = last;
}

static void deny(ap_access_work *w, const ap_access_rule *rule)
{
	const ap_access_part p = { .rule = rule,
				   .all = rule->users.all,
				   .members = rule->users.all ? (ap_words){ .n = 0 } : rule->users.members,
				   .groups = rule->users.all ? (ap_words){ .n = 0 } : rule->users.groups,
				   .places = rule->origins };

	w->n_written = 0;
	if (!ap_access_places_are_none(&p.places))
		carve(w, p, all_pending(w, rule));
	if (w->n_written == 0 && !w->too_many)
		ap_import_add_note(w->arena, w->access->import, AP_IMPORT_NOTE, rule->line, rule->text,
				   "no login is denied by it that the lines above it leave; it makes no policy");
}

static void note_unreached(ap_access_work *w, const ap_access_rule *rule, const ap_access_rule *last)
{
	ap_import_add_note(w->arena, w->access->import, AP_IMPORT_NOTE, rule->line, rule->text,
			   "line %u decides every login, so it is never reached", last->line);
}

/* What the last lines allow is allowed without them. */
static void note_idle(ap_access_work *w, const ap_access_rule *rules, size_t n)
{
	for (size_t i = n; i > 0 && rules[i - 1].allows; i--)
		ap_import_add_note(
			w->arena, w->access->import, AP_IMPORT_NOTE, rules[i - 1].line, rules[i - 1].text,
			"no line below it denies anybody, and what no line decides is allowed; it makes nothing");
}

static bool decides_all(ap_access_work *w, const ap_access_rule *rule)
{
	return rule->users.all && rule->users.except == NULL && ap_access_places_are_all(w->arena, &rule->origins);
}

static void carry_over(ap_access_work *w)
{
	const ap_access *access = w->access;
	size_t n = 0;

	for (; n < access->n_rules && !w->too_many; n++) {
		const ap_access_rule *rule = &access->rules[n];

		if (!rule->allows)
			deny(w, rule);
		else if (!ap_access_places_are_none(&rule->origins))
			add_taking(w, rule);
		if (decides_all(w, rule))
			break;
	}
	for (size_t i = n + 1; i < access->n_rules; i++)
		note_unreached(w, &access->rules[i], &access->rules[n]);
	note_idle(w, access->rules, n < access->n_rules ? n + 1 : n);
	for (const pending *p = w->takings; p != NULL; p = p->next)
		ap_access_write_exception(w, p->taking);
	if (w->too_many)
		ap_import_add_note(
			w->arena, access->import, AP_IMPORT_ERROR, 0, NULL,
			"the lines overlap in too many ways; what they mean takes more than %d policies, or too long "
			"to find; write them plainer",
			AP_ACCESS_POLICIES_MAX);
}

void ap_import_access_conf(const ap_import_source *source, ap_import *import)
{
	ap_access access = { .source = source,
			     .arena = source->arena,
			     .import = import,
			     .nss = source->nss != NULL ? source->nss : &ap_nss_system };
	ap_access_work w = { .access = &access, .arena = source->arena };

	access.clash = ap_access_find_clash(&access);
	ap_access_read_lines(&access);
	import->n_rules = access.n_rules;
	for (size_t i = 0; i < access.n_rules; i++) {
		ap_access_read_people(&access, &access.rules[i]);
		ap_access_read_places(&access, &access.rules[i]);
	}
	carry_over(&w);
	ap_access_declare_terminals(&access);
	ap_access_note_programs(&access);
}
