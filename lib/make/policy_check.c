#include "policy_check.h"

#include "reader.h"

#include <string.h>

/* What the names of the set refer to: its own tables are gone once it is loaded. Policies are entered for each check. */
struct ap_policy_check {
	const ap_policy_set *set;
	const char *instead;
	ap_names *networks;
	ap_names *departments;
	ap_names *clients;
};

static void enter(ap_names *names, const char *name, size_t number)
{
	if (ap_names_find(names, name) == AP_NONE)
		ap_names_put(names, name, (uint32_t)number);
}

ap_policy_check *ap_policy_check_new(ap_arena *arena, const ap_policy_set *set, const char *instead)
{
	ap_policy_check *check = ap_arena_alloc(arena, sizeof(*check));

	*check = (ap_policy_check){ .set = set,
				    .instead = instead,
				    .networks = ap_names_new(arena),
				    .departments = ap_names_new(arena),
				    .clients = ap_names_new(arena) };
	for (size_t i = 0; i < set->n_networks; i++)
		enter(check->networks, set->networks[i].name, i);
	for (size_t i = 0; i < set->n_departments; i++)
		enter(check->departments, set->departments[i].name, i);
	for (size_t i = 0; i < set->n_client_types; i++)
		enter(check->clients, set->client_types[i].name, i);
	return check;
}

/* The set as a reader leaves it that has read all files: what is referred to is borrowed, policies are copied. */
static ap_policy_set begin_set(const ap_policy_check *check, ap_arena *arena)
{
	ap_policy_set set = *check->set;

	set.arena = arena;
	set.files = NULL;
	set.n_files = 0;
	set.sources = NULL;
	set.n_sources = 0;
	set.regions = NULL;
	set.n_regions = 0;
	set.policies = NULL;
	set.n_policies = 0;
	for (size_t i = 0; i < check->set->n_policies; i++)
		if (check->instead == NULL || strcmp(check->set->policies[i].name, check->instead) != 0)
			*AP_PUSH(arena, set.policies, set.n_policies) = check->set->policies[i];
	return set;
}

static ap_reader begin_reader(const ap_policy_check *check, ap_policy_set *set, ap_diagnostics *diagnostics)
{
	ap_reader reader;

	ap_reader_init(&reader, set, diagnostics);
	reader.networks = check->networks;
	reader.departments = check->departments;
	reader.clients = check->clients;
	for (size_t i = 0; i < set->n_policies; i++)
		enter(reader.policies, ap_lower_copy(set->arena, set->policies[i].name), i);
	return reader;
}

/* With a database that may know them the codes alone are looked at; that there is none is told. */
static void check_regions(ap_reader *reader)
{
	if (reader->set->region_database.text != NULL)
		ap_check_region_codes(reader);
	else
		ap_resolve_regions(reader, false);
}

bool ap_policy_check_form(const ap_policy_check *check, const ap_policy_form *form, const char *name,
			  ap_diagnostics *diagnostics)
{
	size_t n_errors = diagnostics->n_errors;
	ap_arena *arena = ap_arena_new();
	const char *text = ap_drop_in_text(arena, &(ap_drop_in){ .policies = form, .n_policies = 1 });
	ap_policy_set set = begin_set(check, arena);
	ap_reader reader = begin_reader(check, &set, diagnostics);
	size_t n_others = set.n_policies;

	ap_read_policy_text(&reader, name, text, strlen(text));
	for (size_t i = n_others; i < set.n_policies; i++)
		ap_resolve_policy(&reader, &set.policies[i]);
	/* the regions of the others are theirs */
	set.policies += n_others;
	set.n_policies -= n_others;
	check_regions(&reader);
	ap_arena_free(arena);
	ap_diagnostics_sort(diagnostics);
	return diagnostics->n_errors == n_errors;
}
