/*
 * What the rules of a geoip.conf mean as policies.
 *
 * Of pam_geoip's rules the first that matches decides. So a rule that denies is a blacklist that each rule before it which
 * allows frees from: for some users by an exception, for everybody by what the scope excepts or the clients leave out.
 * A login without an address pam_geoip lets in before it looks at any rule: a blacklist of all addresses has none of them.
 */
#include "../make/reader.h"
#include "geoip_rule.h"

#include <stdio.h>
#include <string.h>

static const char program[] = "geoip.conf";

/* What is left of a rule that denies, for some client types: one blacklist. */
typedef struct {
	const bool *clients;
	ap_words excepted; /* regions */
} part;

typedef struct {
	size_t rule;
	size_t policy; /* index into the import's */
	const bool *clients;
} written;

typedef struct {
	ap_geoip geoip;
	written *written;
	size_t n_written;
	bool types_listed; /* it was told of them */
} importer;

/*
 * Client types
 */

static bool *both(const ap_geoip *geoip, const bool *a, const bool *b, bool wanted)
{
	bool *marks = ap_arena_alloc(geoip->arena, geoip->n_types * sizeof(*marks));

	for (size_t i = 0; i < geoip->n_types; i++)
		marks[i] = a[i] && b[i] == wanted;
	return marks;
}

static bool has_any(const ap_geoip *geoip, const bool *marks)
{
	for (size_t i = 0; i < geoip->n_types; i++)
		if (marks[i])
			return true;
	return false;
}

/* None are listed where all are meant. */
static ap_words names_of(const ap_geoip *geoip, const bool *marks)
{
	ap_words words = { .n = 0 };
	size_t n = 0;

	for (size_t i = 0; i < geoip->n_types; i++)
		n += marks[i];
	for (size_t i = 0; n < geoip->n_types && i < geoip->n_types; i++)
		if (marks[i])
			ap_words_add(geoip->arena, &words, geoip->types[i]);
	return words;
}

/*
 * Users
 */

static bool is_everybody(const ap_geoip_rule *rule)
{
	return strcmp(rule->who, "*") == 0;
}

/* "alice@" would be alice of every domain. */
static const char *user_fault(const char *user)
{
	size_t length = strlen(user);

	if (length > 0 && user[length - 1] == '@')
		return "ends in \"@\"";
	return ap_member_fault(user);
}

/* False where the rule is for nobody. */
static bool is_for_somebody(importer *im, const ap_geoip_rule *rule)
{
	ap_geoip *geoip = &im->geoip;
	const ap_nss *nss = geoip->source->nss != NULL ? geoip->source->nss : &ap_nss_system;
	const char *fault = NULL;

	if (is_everybody(rule))
		return true;
	if (rule->who[0] == '@' && (rule->who[1] == '\0' || ap_nss_group_exists(nss, rule->who + 1) == AP_NO)) {
		AP_GEOIP_NOTE(
			geoip, AP_IMPORT_NOTE, rule,
			"there is no such group on this machine: the line is for nobody. Import the file again when "
			"there is");
		return false;
	}
	fault = rule->who[0] == '@' ? ap_group_fault(rule->who + 1) : user_fault(rule->who);
	if (fault == NULL)
		return true;
	AP_GEOIP_NOTE(geoip, rule->allows ? AP_IMPORT_DIFFERENCE : AP_IMPORT_ERROR, rule,
		      "no policy can name this user, whose name %s%s", fault,
		      rule->allows ? "; what the line allows is not allowed by it" : "; take the line out");
	return false;
}

static ap_objects_form who_of(ap_arena *arena, const ap_geoip_rule *rule)
{
	ap_objects_form who = { .all = is_everybody(rule) };

	if (rule->who[0] == '@')
		ap_words_add(arena, &who.groups, rule->who + 1);
	else if (!who.all)
		ap_words_add(arena, &who.members, rule->who);
	return who;
}

/*
 * Rules that deny
 */

/* Countries have no address in common, nor has any with "unlocated". */
static bool have_common_regions(const ap_geoip_rule *a, const ap_geoip_rule *b)
{
	bool common = a->everywhere || b->everywhere;

	for (size_t i = 0; i < a->regions.n && !common; i++)
		common = ap_words_have(&b->regions, a->regions.items[i]);
	return common;
}

/* Takes out of the parts what a rule for everybody allows; where it does so from some regions, they are excepted. */
static void free_everybody(const ap_geoip *geoip, part **parts, size_t *n_parts, const ap_geoip_rule *allowing)
{
	part *left = NULL;
	size_t n_left = 0;

	for (size_t i = 0; i < *n_parts; i++) {
		const part *p = &(*parts)[i];
		const bool *freed = both(geoip, p->clients, allowing->clients, true);
		const bool *others = both(geoip, p->clients, allowing->clients, false);
		ap_words excepted = { .n = 0 };

		if (has_any(geoip, others))
			*AP_PUSH(geoip->arena, left, n_left) = (part){ .clients = others, .excepted = p->excepted };
		if (!has_any(geoip, freed) || allowing->everywhere)
			continue;
		for (size_t k = 0; k < p->excepted.n; k++)
			ap_words_add(geoip->arena, &excepted, p->excepted.items[k]);
		for (size_t k = 0; k < allowing->regions.n; k++)
			ap_words_add(geoip->arena, &excepted, allowing->regions.items[k]);
		*AP_PUSH(geoip->arena, left, n_left) = (part){ .clients = freed, .excepted = excepted };
	}
	*parts = left;
	*n_parts = n_left;
}

static ap_words without_doubles(ap_arena *arena, const ap_words *words)
{
	ap_words once = { .n = 0 };

	for (size_t i = 0; i < words->n; i++)
		if (!ap_words_have(&once, words->items[i]))
			ap_words_add(arena, &once, words->items[i]);
	return once;
}

static const char *comment_of(const ap_geoip *geoip, const ap_geoip_rule *rule)
{
	if (rule->line > 0)
		return ap_import_origin(geoip->arena, program, rule->line, rule->text);
	return ap_format(geoip->arena, "%s: what no line matches", program);
}

static const char *name_of(const ap_geoip *geoip, const ap_geoip_rule *rule, size_t number)
{
	const char *name = rule->line > 0 ? ap_format(geoip->arena, "%s line %u", program, rule->line)
					  : ap_format(geoip->arena, "%s: anything else", program);

	return number == 0 ? name : ap_format(geoip->arena, "%s, part %zu", name, number + 1);
}

static void write_part(importer *im, size_t number, const part *p, size_t n_before)
{
	ap_geoip *geoip = &im->geoip;
	const ap_geoip_rule *rule = &geoip->rules[number];
	ap_policy_form form = { .name = name_of(geoip, rule, n_before),
				.type = AP_POLICY_BLACKLIST,
				.scope = who_of(geoip->arena, rule),
				.except.regions = without_doubles(geoip->arena, &p->excepted),
				.clients = names_of(geoip, p->clients),
				.comment = comment_of(geoip, rule) };

	if (rule->everywhere) {
		ap_words_add(geoip->arena, &form.ip, "0.0.0.0/0");
		ap_words_add(geoip->arena, &form.ip, "::/0");
	} else {
		form.regions = rule->regions;
	}
	*AP_PUSH(geoip->arena, im->written, im->n_written) =
		(written){ .rule = number, .policy = geoip->import->n_policies, .clients = p->clients };
	*AP_PUSH(geoip->arena, geoip->import->policies, geoip->import->n_policies) = form;
}

/* A type that is declared later is in no list. */
static void tell_of_later_types(importer *im, const part *parts, size_t n_parts)
{
	const ap_geoip *geoip = &im->geoip;
	bool listed = n_parts > 1 || (n_parts == 1 && names_of(geoip, parts[0].clients).n > 0);

	if (listed && !im->types_listed)
		ap_import_add_note(
			geoip->arena, geoip->import, AP_IMPORT_NOTE, 0, NULL,
			"some policies list the client types that there are now, since a line before theirs frees "
			"one of them: import the file again after another type is declared");
	im->types_listed = im->types_listed || listed;
}

static void deny(importer *im, size_t number)
{
	ap_geoip *geoip = &im->geoip;
	const ap_geoip_rule *rule = &geoip->rules[number];
	part *parts = NULL;
	size_t n_parts = 0;

	*AP_PUSH(geoip->arena, parts, n_parts) = (part){ .clients = rule->clients };
	for (size_t i = 0; i < number && !ap_geoip_is_too_much(geoip, 1); i++)
		if (geoip->rules[i].allows && is_everybody(&geoip->rules[i]) &&
		    have_common_regions(rule, &geoip->rules[i]) &&
		    !ap_geoip_is_too_much(geoip, 2 * n_parts * geoip->n_types))
			free_everybody(geoip, &parts, &n_parts, &geoip->rules[i]);
	if (rule->every_service)
		tell_of_later_types(im, parts, n_parts);
	for (size_t i = 0; i < n_parts; i++)
		write_part(im, number, &parts[i], i);
}

/*
 * Rules that allow
 */

/* Frees some users from what denies behind the rule. */
static void allow(importer *im, size_t number)
{
	ap_geoip *geoip = &im->geoip;
	const ap_geoip_rule *rule = &geoip->rules[number];
	ap_exception_form form = { .name = name_of(geoip, rule, 0),
				   .who = who_of(geoip->arena, rule),
				   .clients = names_of(geoip, rule->clients),
				   .comment = comment_of(geoip, rule) };

	if (!rule->everywhere)
		form.regions = rule->regions;
	for (size_t i = 0; i < im->n_written && !ap_geoip_is_too_much(geoip, geoip->n_types); i++)
		if (im->written[i].rule > number &&
		    has_any(geoip, both(geoip, im->written[i].clients, rule->clients, true)))
			ap_words_add(geoip->arena, &form.policies, geoip->import->policies[im->written[i].policy].name);
	if (form.policies.n > 0)
		*AP_PUSH(geoip->arena, geoip->import->exceptions, geoip->import->n_exceptions) = form;
}

static bool matters(const ap_geoip *geoip, const ap_geoip_rule *rule)
{
	return (rule->everywhere || rule->regions.n > 0) && has_any(geoip, rule->clients);
}

/*
 * The file
 */

/* "sshd" of "/etc/security/geoip.sshd.conf", which pam_geoip reads in the place of geoip.conf; NULL of another name. */
static const char *own_service(ap_arena *arena, const char *path)
{
	static const char before[] = "geoip.", behind[] = ".conf";
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	size_t length = strlen(name), n_before = sizeof(before) - 1, n_behind = sizeof(behind) - 1;

	if (length <= n_before + n_behind || strncmp(name, before, n_before) != 0 ||
	    strcmp(name + length - n_behind, behind) != 0)
		return NULL;
	return ap_arena_strndup(arena, name + n_before, length - n_before - n_behind);
}

/* A database may have codes that are no country's, "EU" say. */
static void tell_of_unlocated(const ap_geoip *geoip)
{
	bool named = false;

	for (size_t i = 0; i < geoip->n_rules; i++)
		named = named || ap_words_have(&geoip->rules[i].regions, "unlocated");
	if (named)
		ap_import_add_note(
			geoip->arena, geoip->import, AP_IMPORT_NOTE, 0, NULL,
			"where a region database has a code that is none of ISO 3166-1, such as \"EU\", policies "
			"take the address for unlocated, pam_geoip does not take it for UNKNOWN");
}

static void tell_what_always_holds(const ap_geoip *geoip)
{
	tell_of_unlocated(geoip);
	ap_import_add_note(
		geoip->arena, geoip->import, AP_IMPORT_NOTE, 0, NULL,
		"pam_geoip lets a login in that has no PAM_RHOST, takes an empty one for UNKNOWN, and asks DNS "
		"where a host name is. Policies let both of the former in at local client types, of which system "
		"is one, and ask no DNS: any other login without an address in numbers is denied, but sshd's, of "
		"which the address is known");
	if (geoip->own_service == NULL)
		ap_import_add_note(
			geoip->arena, geoip->import, AP_IMPORT_NOTE, 0, NULL,
			"a service that has a file geoip.SERVICE.conf of its own does not read this one: import "
			"that file too, and compare");
}

static void make_policies(importer *im)
{
	ap_geoip *geoip = &im->geoip;
	ap_geoip_rule *rules = geoip->rules;

	for (size_t i = 0; i < geoip->n_rules; i++)
		ap_geoip_find_regions(geoip, &rules[i]);
	for (size_t i = 0; i < geoip->n_rules; i++)
		if (!rules[i].allows && matters(geoip, &rules[i]))
			deny(im, i);
	for (size_t i = 0; i < geoip->n_rules; i++)
		if (rules[i].allows && !is_everybody(&rules[i]) && matters(geoip, &rules[i]))
			allow(im, i);
}

void ap_import_geoip_conf(const ap_import_source *source, ap_import *import)
{
	importer im = { .geoip = { .source = source, .arena = source->arena, .import = import } };
	ap_geoip *geoip = &im.geoip;
	size_t n = 0;

	geoip->own_service = own_service(source->arena, source->name);
	ap_geoip_read_lines(geoip);
	for (size_t i = 0; i < geoip->n_rules; i++)
		if (is_for_somebody(&im, &geoip->rules[i]))
			geoip->rules[n++] = geoip->rules[i];
	geoip->n_rules = n;
	ap_geoip_find_clients(geoip);
	if (!ap_geoip_is_too_much(geoip, 0))
		make_policies(&im);
	if (ap_geoip_is_too_much(geoip, 0))
		ap_import_add_note(
			source->arena, import, AP_IMPORT_ERROR, 0, NULL,
			"so many lines, each for some services or users and not for others, take too long to "
			"be understood; write fewer of them");
	tell_what_always_holds(geoip);
}
