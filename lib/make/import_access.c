/*
 * The rules of access.conf as policies.
 *
 * The first rule that matches decides, and where none does the login is allowed. So what a "-" rule denies is its users
 * at its origins, less those of the "+" rules above it. Each "-" rule becomes a blacklist, and what is to be taken from it
 * is taken in the plainest of four ways: users by the scope's `except`, addresses by the entries or by `except`, both
 * together by an exception, and what is neither by a policy more.
 */
#include "import_access.h"

#include "reader.h"

#include <string.h>
#include <strings.h>

enum {
	POLICIES_MAX = 5000,
	REFERENCES_MAX = 300 * 1000, /* of exceptions to policies */
	DEPTH_MAX = 500,
	EFFORT_MAX = 20 * 1000 * 1000, /* words and intervals that are copied or looked at */
	NAME_SHOWN_MAX = 100
};

/* What is taken from a "-" rule: these users. */
typedef struct {
	const ap_access_rule *rule;
	const ap_access_people *users;
	bool anywhere; /* wherever the part is that they are taken from; else at these places */
	ap_access_places places;
	ap_words policies; /* that are to be told of it by an exception */
} taking;

/* A part of what a "-" rule denies. */
typedef struct {
	const ap_access_rule *rule;
	bool all;
	ap_words members;
	ap_words groups;
	ap_words except_members;
	ap_words except_groups;
	ap_access_places places;
	taking **freed; /* by exceptions */
	size_t n_freed;
} part;

/* What is still to be taken from a part. */
typedef struct pending {
	taking *taking;
	const struct pending *next;
} pending;

typedef struct {
	ap_access *access;
	ap_arena *arena;
	taking **takings; /* those of exceptions among them, in the order in which they came up */
	size_t n_takings;
	size_t n_parts; /* policies of the rule that is being carved */
	size_t effort;
	size_t n_references;
	unsigned depth;
	bool too_many;
	const ap_access_rule *unclear; /* the line that was last said to deny too many */
} work;

/*
 * Words
 */

typedef int comparison(const char *a, const char *b);

static bool holds(const ap_words *words, const char *word, comparison *compare)
{
	for (size_t i = 0; i < words->n; i++)
		if (compare(words->items[i], word) == 0)
			return true;
	return false;
}

/* The words of parts are those of the rules: none of them is copied. */
static void add_shared(ap_arena *arena, ap_words *words, const char *word)
{
	*AP_PUSH(arena, words->items, words->n) = word;
}

/* Those of `a` that are in `b`, or with `in_b` false those that are not. */
static ap_words select_words(ap_arena *arena, const ap_words *a, const ap_words *b, bool in_b, comparison *compare)
{
	ap_words selected = { .n = 0 };

	for (size_t i = 0; i < a->n; i++)
		if (holds(b, a->items[i], compare) == in_b)
			add_shared(arena, &selected, a->items[i]);
	return selected;
}

/* Both together, each word once. */
static ap_words unite_words(ap_arena *arena, const ap_words *a, const ap_words *b, comparison *compare)
{
	ap_words both = { .items = ap_arena_alloc(arena, (a->n + b->n + 1) * sizeof(*both.items)), .n = a->n };

	if (a->n > 0)
		memcpy(both.items, a->items, a->n * sizeof(*both.items));
	for (size_t i = 0; i < b->n; i++)
		if (!holds(a, b->items[i], compare))
			both.items[both.n++] = b->items[i];
	return both;
}

/*
 * Taking away
 */

static bool is_nobody(const part *p)
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
static void except_users(work *w, part *p, const ap_access_people *users)
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
static bool narrow(work *w, part *p, const ap_access_people *users)
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

static void note_unclear(work *w, const part *p, const ap_access_rule *by)
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

static void carve(work *w, part p, const pending *rest);

/*
 * The users that the taking's EXCEPT leaves out are denied where they would have been: a part of its own, from which
 * everything else is taken as well.
 */
static void keep_excepted(work *w, const part *from, const taking *t, const ap_access_places *common,
			  const pending *rest)
{
	const ap_access_people *users = t->users->except;
	taking *inner = NULL;
	pending first;
	part p = *from;

	if (users == NULL || names_nobody(users))
		return;
	if (narrow(w, &p, users) && !is_nobody(&p))
		note_unclear(w, &p, t->rule);
	p.places = *common;
	if (users->except != NULL) {
		inner = ap_arena_alloc(w->arena, sizeof(*inner));
		*inner = (taking){ .rule = t->rule, .users = users->except, .anywhere = true };
		first = (pending){ .taking = inner, .next = rest };
		carve(w, p, &first);
	} else {
		carve(w, p, rest);
	}
}

/* An exception names its users, and does not say "at all terminals but these". */
static bool can_be_exception(const taking *t)
{
	return !t->users->all && (!t->places.other_terminals || t->places.n_terminals == 0);
}

/* Parts that were one share their lists: what is added to is a copy. */
static void free_by_exception(work *w, part *p, taking *t)
{
	taking **freed = ap_arena_alloc(w->arena, (p->n_freed + 1) * sizeof(*freed));

	if (p->n_freed > 0)
		memcpy(freed, p->freed, p->n_freed * sizeof(*freed));
	freed[p->n_freed++] = t;
	w->effort += p->n_freed;
	p->freed = freed;
}

/* False where nothing is left of the part. The list of users `A EXCEPT B EXCEPT C` is taken as A, of which B is kept, of which C is taken … */
static bool take(work *w, part *p, taking *t, const pending *rest)
{
	bool covers = t->anywhere || ap_access_places_are_within(&p->places, &t->places);
	ap_access_places common = p->places;

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
		part others = *p;

		others.places = common;
		except_users(w, &others, t->users);
		carve(w, others, rest);
	}
	p->places = ap_access_places_difference(w->arena, &p->places, &t->places);
	return !ap_access_places_are_none(&p->places);
}

/*
 * Writing
 */

static const char *format_name(const work *w)
{
	const char *slash = strrchr(w->access->source->name, '/');

	if (strcmp(w->access->source->name, "standard input") == 0)
		return "access.conf";
	return ap_import_shown(w->arena, slash != NULL ? slash + 1 : w->access->source->name, NAME_SHOWN_MAX);
}

static const char *trimmed(ap_arena *arena, const char *text)
{
	size_t length = strlen(text);

	while (length > 0 && text[length - 1] == ' ')
		length--;
	return ap_arena_strndup(arena, text, length);
}

/* "access.conf:12 - : ALL : ALL", and of several "access.conf:12, 2: …". */
static const char *name_of(const work *w, const ap_access_rule *rule, size_t number)
{
	const char *shown = ap_import_shown(w->arena, rule->text, NAME_SHOWN_MAX / 2);

	if (number > 1)
		return trimmed(w->arena,
			       ap_import_text(w->arena, "%s:%u, %zu: %s", format_name(w), rule->line, number, shown));
	return trimmed(w->arena, ap_import_text(w->arena, "%s:%u: %s", format_name(w), rule->line, shown));
}

static ap_words client_types(work *w, const ap_access_places *places)
{
	ap_words types = { .n = 0 };

	for (size_t i = 0; i < places->n_terminals; i++)
		ap_words_add(w->arena, &types, ap_access_terminal_type(w->access, places->terminals[i]));
	return types;
}

static ap_words one_word(ap_arena *arena, const char *text)
{
	ap_words words = { .n = 0 };

	ap_words_add(arena, &words, text);
	return words;
}

/* Is every login without PAM_RHOST of the places? */
static bool are_all_local(const ap_access_places *places)
{
	return places->other_terminals && places->n_terminals == 0;
}

static ap_policy_form begin_policy(work *w, const part *p)
{
	ap_policy_form form = { .name = name_of(w, p->rule, ++w->n_parts), .type = AP_POLICY_BLACKLIST };

	form.scope.all = p->all;
	if (!p->all) {
		form.scope.members = p->members;
		form.scope.groups = p->groups;
	}
	form.except.members = p->except_members;
	form.except.groups = p->except_groups;
	form.comment = ap_import_origin(w->arena, "access.conf", p->rule->line, p->rule->text);
	return form;
}

static void add_policy(work *w, const part *p, const ap_policy_form *form)
{
	*AP_PUSH(w->arena, w->access->import->policies, w->access->import->n_policies) = *form;
	for (size_t i = 0; i < p->n_freed; i++)
		add_shared(w->arena, &p->freed[i]->policies, form->name);
	w->n_references += p->n_freed;
	w->effort += p->members.n + p->groups.n + p->except_members.n + p->except_groups.n;
}

/* The addresses, and "local" where that is all without one: as entries, or, where that is shorter, as what is not meant. */
static void write_remote(work *w, const part *p)
{
	const ap_access_places *places = &p->places;
	ap_policy_form form;
	ap_address_set others = ap_address_set_complement(w->arena, &places->remote);
	bool local = are_all_local(places);
	size_t n = ap_address_set_count(&places->remote) + local;
	size_t n_others = ap_address_set_count(&others) + !local;

	if (n == 0 && places->names == AP_ACCESS_NO_NAMES)
		return;
	form = begin_policy(w, p);
	if (n_others < n) {
		ap_address_set_write(w->arena, &others, &form.except.ip);
		if (!local)
			ap_words_add(w->arena, &form.except.ip, "local");
	} else {
		ap_address_set_write(w->arena, &places->remote, &form.ip);
		if (local)
			ap_words_add(w->arena, &form.ip, "local");
	}
	/* No login comes from this address: what the entry is for is that a name is unknown, and denied. */
	if (n == 0)
		form.ip = one_word(w->arena, "0.0.0.0");
	add_policy(w, p, &form);
}

static void write_terminals(work *w, const part *p)
{
	ap_policy_form form = begin_policy(w, p);

	form.ip = one_word(w->arena, "local");
	form.clients = client_types(w, &p->places);
	add_policy(w, p, &form);
}

/* All without an address but those at some terminals: what is required of a login without one is to be at them. */
static void write_other_terminals(work *w, const part *p)
{
	ap_policy_form form = begin_policy(w, p);

	form.type = AP_POLICY_WHITELIST;
	form.required = true;
	form.other_clients_denied = true;
	form.clients = client_types(w, &p->places);
	ap_words_add(w->arena, &form.except.ip, "0.0.0.0/0");
	ap_words_add(w->arena, &form.except.ip, "::/0");
	add_policy(w, p, &form);
}

static void write_part(work *w, const part *p)
{
	if (w->access->import->n_policies >= POLICIES_MAX) {
		w->too_many = true;
		return;
	}
	write_remote(w, p);
	if (p->places.n_terminals > 0 && p->places.other_terminals)
		write_other_terminals(w, p);
	else if (p->places.n_terminals > 0)
		write_terminals(w, p);
}

/* Takes all that is pending from the part, and writes what is left. */
static void carve(work *w, part p, const pending *rest)
{
	bool left = !is_nobody(&p);

	if (w->depth >= DEPTH_MAX) {
		w->too_many = true;
		return;
	}
	w->depth++;
	for (; left && rest != NULL && !w->too_many; rest = rest->next) {
		left = take(w, &p, rest->taking, rest->next);
		w->too_many = w->too_many || w->effort > EFFORT_MAX || w->n_references > REFERENCES_MAX;
	}
	if (left && !w->too_many)
		write_part(w, &p);
	w->depth--;
}

/*
 * Exceptions
 */

static ap_exception_form begin_exception(work *w, const taking *t, size_t number)
{
	ap_exception_form form = { .name = name_of(w, t->rule, number), .policies = t->policies };

	form.who.members = t->users->members;
	form.who.groups = t->users->groups;
	form.comment = ap_import_origin(w->arena, "access.conf", t->rule->line, t->rule->text);
	return form;
}

static void write_exception(work *w, const taking *t)
{
	ap_import *import = w->access->import;
	ap_exception_form form;
	size_t n = 0;

	if (t->policies.n == 0)
		return;
	if (ap_address_set_count(&t->places.remote) > 0 || are_all_local(&t->places)) {
		form = begin_exception(w, t, ++n);
		ap_address_set_write(w->arena, &t->places.remote, &form.ip);
		if (are_all_local(&t->places))
			ap_words_add(w->arena, &form.ip, "local");
		*AP_PUSH(w->arena, import->exceptions, import->n_exceptions) = form;
	}
	if (t->places.n_terminals > 0) {
		form = begin_exception(w, t, ++n);
		form.ip = one_word(w->arena, "local");
		form.clients = client_types(w, &t->places);
		*AP_PUSH(w->arena, import->exceptions, import->n_exceptions) = form;
	}
}

/*
 * Rules
 */

static taking *new_taking(work *w, const ap_access_rule *rule, const ap_access_people *users, bool anywhere)
{
	taking *t = ap_arena_alloc(w->arena, sizeof(*t));

	*t = (taking){ .rule = rule, .users = users, .anywhere = anywhere, .places = rule->origins };
	return t;
}

/* What "+" rules above it and the EXCEPT of its own users take from a "-" rule, the first first. */
static const pending *all_pending(work *w, const ap_access_rule *rule)
{
	bool has_except = rule->users.except != NULL;
	pending *list = ap_arena_alloc(w->arena, (w->n_takings + 1) * sizeof(*list));
	size_t n = 0;

	if (has_except)
		list[n++].taking = new_taking(w, rule, rule->users.except, true);
	for (size_t i = 0; i < w->n_takings; i++)
		list[n++].taking = w->takings[i];
	for (size_t i = 0; i + 1 < n; i++)
		list[i].next = &list[i + 1];
	return n > 0 ? list : NULL;
}

static void deny(work *w, const ap_access_rule *rule)
{
	const part p = { .rule = rule,
			 .all = rule->users.all,
			 .members = rule->users.all ? (ap_words){ .n = 0 } : rule->users.members,
			 .groups = rule->users.all ? (ap_words){ .n = 0 } : rule->users.groups,
			 .places = rule->origins };

	w->n_parts = 0;
	if (!ap_access_places_are_none(&p.places))
		carve(w, p, all_pending(w, rule));
	if (w->n_parts == 0 && !w->too_many)
		ap_import_add_note(w->arena, w->access->import, AP_IMPORT_NOTE, rule->line, rule->text,
				   "no login is denied by it that the lines above it leave; it makes no policy");
}

static void note_unreached(work *w, const ap_access_rule *rule, const ap_access_rule *last)
{
	ap_import_add_note(w->arena, w->access->import, AP_IMPORT_NOTE, rule->line, rule->text,
			   "line %u decides every login, so it is never reached", last->line);
}

/* What the last lines allow is allowed without them. */
static void note_idle(work *w, const ap_access_rule *rules, size_t n)
{
	for (size_t i = n; i > 0 && rules[i - 1].allows; i--)
		ap_import_add_note(
			w->arena, w->access->import, AP_IMPORT_NOTE, rules[i - 1].line, rules[i - 1].text,
			"no line below it denies anybody, and what no line decides is allowed; it makes nothing");
}

static bool decides_all(work *w, const ap_access_rule *rule)
{
	return rule->users.all && rule->users.except == NULL && ap_access_places_are_all(w->arena, &rule->origins);
}

static void carry_over(work *w)
{
	const ap_access *access = w->access;
	size_t n = 0;

	for (; n < access->n_rules && !w->too_many; n++) {
		const ap_access_rule *rule = &access->rules[n];

		if (!rule->allows)
			deny(w, rule);
		else if (!ap_access_places_are_none(&rule->origins))
			*AP_PUSH(w->arena, w->takings, w->n_takings) = new_taking(w, rule, &rule->users, false);
		if (decides_all(w, rule))
			break;
	}
	for (size_t i = n + 1; i < access->n_rules; i++)
		note_unreached(w, &access->rules[i], &access->rules[n]);
	note_idle(w, access->rules, n < access->n_rules ? n + 1 : n);
	for (size_t i = 0; i < w->n_takings; i++)
		write_exception(w, w->takings[i]);
	if (w->too_many)
		ap_import_add_note(
			w->arena, access->import, AP_IMPORT_ERROR, 0, NULL,
			"the lines overlap in too many ways; what they mean takes more than %d policies, or too long "
			"to find; write them plainer",
			POLICIES_MAX);
}

/*
 * The file as a whole
 */

static void note_double_names(const ap_access *access)
{
	const ap_words *names = &access->double_names;
	const char *list = "";

	for (size_t i = 0; i < names->n; i++)
		list = ap_import_text(access->arena, "%s%s%s", list, i > 0 ? ", " : "", names->items[i]);
	if (names->n > 0)
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_NOTE, 0, NULL,
			"pam_access takes a name without brackets for a user's and for a group's; groups of that name "
			"there are of %s, and the policies list both (with --nodefgroup the users alone)",
			list);
}

static void note_private_groups(const ap_access *access)
{
	if (access->private_groups)
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_NOTE, 0, NULL,
			"users have groups of their own name that nobody else is in; the policies list the users "
			"alone. When somebody else comes into such a group, import again");
}

static bool names_addresses(const ap_access *access)
{
	for (size_t i = 0; i < access->n_rules; i++) {
		const ap_access_places *places = &access->rules[i].origins;
		ap_address_set others = ap_address_set_complement(access->arena, &places->remote);

		if (ap_address_set_count(&places->remote) > 0 && ap_address_set_count(&others) > 0)
			return true;
	}
	return false;
}

/* In what the two programs differ, whatever the lines say. */
static void note_programs(const ap_access *access)
{
	static const char *const always[] = {
		"a login name without an account is refused by pam_access, and judged by the policies as every other: where "
		"such names must be refused, let pam_unix or its like stand in the account stack",
		"a group that cannot be looked up is passed over by pam_access; a policy that needs it denies the login",
	};
	static const char *const addresses[] = {
		"where PAM_RHOST is a name, pam_access asks DNS for its addresses; policies never do, and deny the login where "
		"they need its address (of sshd they know it all the same)",
		"::ffff:192.0.2.1 is 192.0.2.1 to the policies, and to pam_access an address of IPv6 that no line on IPv4 means",
	};
	enum { N_ALWAYS = sizeof(always) / sizeof(always[0]), N_ADDRESSES = sizeof(addresses) / sizeof(addresses[0]) };

	for (size_t i = 0; i < N_ALWAYS; i++)
		ap_import_add_note(access->arena, access->import, AP_IMPORT_NOTE, 0, NULL, "%s", always[i]);
	for (size_t i = 0; i < N_ADDRESSES && names_addresses(access); i++)
		ap_import_add_note(access->arena, access->import, AP_IMPORT_NOTE, 0, NULL, "%s", addresses[i]);
	if (access->import->n_client_types > 0)
		ap_import_add_note(
			access->arena, access->import, AP_IMPORT_NOTE, 0, NULL,
			"without PAM_TTY pam_access takes the terminal of the process; policies go by PAM_TTY, and "
			"without it by the service. Terminals are compared as they are written, in their case");
}

void ap_import_access_conf(const ap_import_source *source, ap_import *import)
{
	ap_access access = { .source = source,
			     .arena = source->arena,
			     .import = import,
			     .nss = source->nss != NULL ? source->nss : &ap_nss_system };
	work w = { .access = &access, .arena = source->arena };

	access.clash = ap_access_find_clash(&access);
	ap_access_read_lines(&access);
	import->n_rules = access.n_rules;
	for (size_t i = 0; i < access.n_rules; i++) {
		ap_access_read_people(&access, &access.rules[i]);
		ap_access_read_places(&access, &access.rules[i]);
	}
	carry_over(&w);
	ap_access_declare_terminals(&access);
	note_double_names(&access);
	note_private_groups(&access);
	if (import->n_policies > 0)
		note_programs(&access);
}
