/* A part of what a "-" rule denies, and what frees from it, as policies and exceptions. */
#include "access_parts.h"

#include <string.h>

enum { NAME_SHOWN_MAX = 100 };

/*
 * Policies
 */

static const char *format_name(const ap_access_work *w)
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
static const char *name_of(const ap_access_work *w, const ap_access_rule *rule, size_t number)
{
	const char *shown = ap_import_shown(w->arena, rule->text, NAME_SHOWN_MAX / 2);

	if (number > 1)
		return trimmed(w->arena,
			       ap_format(w->arena, "%s:%u, %zu: %s", format_name(w), rule->line, number, shown));
	return trimmed(w->arena, ap_format(w->arena, "%s:%u: %s", format_name(w), rule->line, shown));
}

static ap_words client_types(ap_access_work *w, const ap_access_places *places)
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

static ap_policy_form begin_policy(ap_access_work *w, const ap_access_part *p)
{
	ap_policy_form form = { .name = name_of(w, p->rule, ++w->n_written), .type = AP_POLICY_BLACKLIST };

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

static void add_policy(ap_access_work *w, const ap_access_part *p, const ap_policy_form *form)
{
	*AP_PUSH(w->arena, w->access->import->policies, w->access->import->n_policies) = *form;
	for (const ap_access_freed *freed = p->freed; freed != NULL; freed = freed->before) {
		ap_words *policies = &freed->taking->policies;

		*AP_PUSH(w->arena, policies->items, policies->n) = form->name;
	}
	w->n_references += p->n_freed;
	w->effort += p->members.n + p->groups.n + p->except_members.n + p->except_groups.n;
}

/* The addresses, and "local" where that is all without one: as entries, or, where that is shorter, as what is not meant. */
static void write_remote(ap_access_work *w, const ap_access_part *p)
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

static void write_terminals(ap_access_work *w, const ap_access_part *p)
{
	ap_policy_form form = begin_policy(w, p);

	form.ip = one_word(w->arena, "local");
	form.clients = client_types(w, &p->places);
	add_policy(w, p, &form);
}

/* All without an address but those at some terminals: what is required of a login without one is to be at them. */
static void write_other_terminals(ap_access_work *w, const ap_access_part *p)
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

void ap_access_write_part(ap_access_work *w, const ap_access_part *p)
{
	if (w->access->import->n_policies >= AP_ACCESS_POLICIES_MAX) {
		w->too_many = true;
		return;
	}
	write_remote(w, p);
	if (p->places.n_terminals > 0 && p->places.other_terminals)
		write_other_terminals(w, p);
	else if (p->places.n_terminals > 0)
		write_terminals(w, p);
}

/*
 * Exceptions
 */

static ap_exception_form begin_exception(ap_access_work *w, const ap_access_taking *t, size_t number)
{
	ap_exception_form form = { .name = name_of(w, t->rule, number), .policies = t->policies };

	form.who.members = t->users->members;
	form.who.groups = t->users->groups;
	form.comment = ap_import_origin(w->arena, "access.conf", t->rule->line, t->rule->text);
	return form;
}

void ap_access_write_exception(ap_access_work *w, const ap_access_taking *t)
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
