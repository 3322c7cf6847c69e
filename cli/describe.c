#include "describe.h"

#include "../lib/make/names.h"
#include "region_text.h"

#include <string.h>

enum { SHOWN_MAX = 3 };

/* A list that is cut after its first few items. */
typedef struct {
	ap_arena *arena;
	const char *text;
	size_t n;
} summary;

static void add(summary *s, const char *prefix, const char *item)
{
	if (s->n++ < SHOWN_MAX)
		s->text = ap_format(s->arena, "%s%s%s%s", s->text, s->n > 1 ? ", " : "", prefix,
				    ap_printable(s->arena, item));
}

static void add_list(summary *s, const char *prefix, const ap_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		add(s, prefix, list->items[i].text);
}

static void add_regions(summary *s, const ap_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		add(s, "region ", ap_region_shown(s->arena, list->items[i].text));
}

static const char *finished(const summary *s)
{
	if (s->n <= SHOWN_MAX)
		return s->text;
	return ap_format(s->arena, "%s and %zu more", s->text, s->n - SHOWN_MAX);
}

static const char *describe_objects(ap_arena *arena, const ap_objects *objects)
{
	summary s = { .arena = arena, .text = "" };

	if (objects->all)
		return "all members";
	if (objects->unlisted)
		add(&s, "", "members of no department");
	add_list(&s, "department ", &objects->departments);
	add_list(&s, "", &objects->members);
	add_list(&s, "domain ", &objects->domains);
	add_list(&s, "group ", &objects->groups);
	for (size_t i = 0; i < objects->ip.n; i++)
		add(&s, "", objects->ip.items[i].text);
	add_regions(&s, &objects->regions);
	return finished(&s);
}

const char *ap_describe_scope(ap_arena *arena, const ap_policy_def *policy)
{
	const char *scope = describe_objects(arena, &policy->scope);
	const char *except = describe_objects(arena, &policy->except);

	return except[0] != '\0' ? ap_format(arena, "%s; except %s", scope, except) : scope;
}

const char *ap_describe_network(ap_arena *arena, const ap_policy_def *policy)
{
	summary s = { .arena = arena, .text = "" };

	for (size_t i = 0; i < policy->ip.n; i++)
		add(&s, "", policy->ip.items[i].text);
	add_regions(&s, &policy->regions);
	return s.n == 0 ? "every address" : finished(&s);
}

const char *ap_describe_clients(ap_arena *arena, const ap_policy_def *policy)
{
	summary s = { .arena = arena, .text = "" };

	add_list(&s, "", &policy->clients);
	if (policy->other_clients_denied.value)
		return ap_format(arena, "%s; others denied", finished(&s));
	return s.n == 0 ? "every type" : finished(&s);
}

const char *ap_describe_freed(ap_arena *arena, const ap_exception_def *exception)
{
	return describe_objects(arena, &exception->who);
}

const char *ap_describe_freed_from(ap_arena *arena, const ap_exception_def *exception)
{
	summary s = { .arena = arena, .text = "" };

	add_list(&s, "", &exception->policies);
	return finished(&s);
}

const char *ap_describe_narrowing(ap_arena *arena, const ap_exception_def *exception)
{
	summary s = { .arena = arena, .text = "" };

	for (size_t i = 0; i < exception->ip.n; i++)
		add(&s, "", exception->ip.items[i].text);
	add_regions(&s, &exception->regions);
	add_list(&s, "", &exception->clients);
	return finished(&s);
}

ap_time_state ap_time_state_of(const ap_moment *not_before, const ap_moment *not_after, int64_t now)
{
	if (now >= not_after->value)
		return AP_TIME_OVER;
	return now < not_before->value ? AP_TIME_NOT_YET : AP_TIME_NOW;
}

const char *ap_time_state_name(ap_time_state state)
{
	return state == AP_TIME_NOW ? "now" : state == AP_TIME_OVER ? "over" : "not-yet";
}

/* True if the path is the entry's department or, where the entry ends in a slash and a star, one below it. */
static bool entry_holds(const char *entry, const char *path)
{
	size_t length = strlen(entry);
	bool subtree = length > 2 && strcmp(entry + length - 2, "/*") == 0;

	if (!subtree)
		return strcmp(entry, path) == 0;
	length -= 2;
	return strncmp(entry, path, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* True where the member, as logins are compared, is counted for the first time. */
static bool count_once(ap_arena *arena, ap_names *counted, const char *written, const char *default_domain)
{
	ap_member member;
	bool is_new;

	if (!ap_member_init(&member, written, default_domain))
		ap_out_of_memory();
	is_new = ap_names_find(counted, member.text) == AP_NONE;
	if (is_new)
		ap_names_put(counted, ap_arena_strdup(arena, member.text), 0);
	ap_member_clear(&member);
	return is_new;
}

size_t ap_count_members(const ap_subject *subject, const char *entry)
{
	const ap_policy_set *set = subject->set;
	ap_arena *scratch = ap_arena_new();
	ap_names *counted = ap_names_new(scratch);
	size_t n = 0;

	for (size_t i = 0; i < set->n_memberships; i++) {
		const ap_membership *membership = &set->memberships[i];

		if (entry_holds(entry, set->departments[membership->department].name))
			n += count_once(scratch, counted, membership->member, set->default_domain.text);
	}
	ap_arena_free(scratch);
	return n;
}

size_t ap_count_groups(const ap_subject *subject, const char *entry)
{
	size_t n = 0;

	for (size_t i = 0; i < subject->set->n_departments; i++)
		if (entry_holds(entry, subject->set->departments[i].name))
			n += subject->set->departments[i].groups.n;
	return n;
}

static size_t count_unseen(const ap_policy_set *set, uint32_t network, bool *seen)
{
	const ap_network_def *def = &set->networks[network];
	size_t n = def->n_ranges;

	if (seen[network])
		return 0;
	seen[network] = true;
	for (size_t i = 0; i < def->ip.n; i++)
		n += def->ip.items[i].kind == AP_ENTRY_NETWORK ? count_unseen(set, def->ip.items[i].network, seen) : 1;
	return n;
}

size_t ap_count_entries(const ap_policy_set *set, uint32_t network)
{
	ap_arena *scratch = ap_arena_new();
	size_t n = count_unseen(set, network, ap_arena_alloc(scratch, set->n_networks));

	ap_arena_free(scratch);
	return n;
}
