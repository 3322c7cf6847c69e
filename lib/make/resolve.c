/* What holds between the parts, once all files are read. */
#include "reader.h"

#include <string.h>

static void resolve_entries(ap_reader *reader, ap_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		ap_entry *entry = &entries->items[i];

		if (entry->kind == AP_ENTRY_NETWORK)
			entry->network = ap_reference_find(reader, AP_REFERENCE_NETWORK, entry->text + 1, entry->place);
	}
}

static void resolve_departments(ap_reader *reader, const ap_list *departments)
{
	for (size_t i = 0; i < departments->n; i++) {
		const ap_text *item = &departments->items[i];
		size_t length = strlen(item->text);
		const char *path = item->text;

		if (length > 2 && strcmp(path + length - 2, "/*") == 0)
			path = ap_arena_strndup(reader->arena, path, length - 2);
		(void)ap_reference_find(reader, AP_REFERENCE_DEPARTMENT, path, item->place);
	}
}

static void resolve_list(ap_reader *reader, ap_reference kind, const ap_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		(void)ap_reference_find(reader, kind, list->items[i].text, list->items[i].place);
}

static void resolve_replaces(ap_reader *reader, const ap_policy_def *policy)
{
	const ap_text *replaces = &policy->replaces;
	uint32_t number;

	if (replaces->text == NULL)
		return;
	if (strcmp(replaces->text, policy->name) == 0) {
		AP_COMPLAIN(reader, replaces->place, "the policy replaces itself; expected another policy's name");
		return;
	}
	number = ap_reference_find(reader, AP_REFERENCE_POLICY, replaces->text, replaces->place);
	if (number != AP_NONE && reader->set->policies[number].status == AP_POLICY_REPORT_ONLY)
		AP_COMPLAIN(reader, replaces->place, "%s is report-only itself; expected a policy that is not",
			    AP_SHOWN(replaces->text));
	else if (number != AP_NONE && policy->draft)
		reader->set->policies[number].status = AP_POLICY_DISABLED; /* the draft stands in its place */
}

static void check_edition(ap_reader *reader, const ap_policy_def *policy)
{
	const ap_place *edition = &reader->set->edition_place;

	if (!reader->set->free_edition)
		return;
	if (policy->ip.place.line > 0)
		AP_COMPLAIN(reader, policy->ip.place,
			    "\"ip\" is not for the free edition (%s:%u); leave it out, or write edition = \"standard\"",
			    edition->file, edition->line);
	if (policy->regions.place.line > 0)
		AP_COMPLAIN(reader, policy->regions.place,
			    "\"regions\" is not for the free edition (%s:%u); "
			    "leave it out, or write edition = \"standard\"",
			    edition->file, edition->line);
}

void ap_resolve_policy(ap_reader *reader, ap_policy_def *policy)
{
	resolve_departments(reader, &policy->scope.departments);
	resolve_departments(reader, &policy->except.departments);
	resolve_entries(reader, &policy->except.ip);
	resolve_entries(reader, &policy->ip);
	resolve_list(reader, AP_REFERENCE_CLIENT, &policy->clients);
	resolve_replaces(reader, policy);
	check_edition(reader, policy);
}

static void resolve_exception(ap_reader *reader, ap_exception_def *exception)
{
	resolve_list(reader, AP_REFERENCE_POLICY, &exception->policies);
	resolve_departments(reader, &exception->who.departments);
	resolve_entries(reader, &exception->ip);
	resolve_list(reader, AP_REFERENCE_CLIENT, &exception->clients);
}

/* A type is local if one of its definitions says so; what they say must agree. */
static void resolve_local(ap_reader *reader)
{
	ap_policy_set *set = reader->set;
	ap_flag *first_flags = ap_arena_alloc(reader->arena, (set->n_client_types + 1) * sizeof(*first_flags));

	for (size_t i = 0; i < set->n_client_types; i++) {
		ap_flag *first = &first_flags[ap_names_find(reader->clients, set->client_types[i].name)];
		const ap_flag *own = &reader->local_flags[i];

		if (own->place.line > 0 && first->place.line > 0 && own->value != first->value)
			AP_COMPLAIN(reader, own->place,
				    "\"local\" of the client type %s is %s here and %s in %s:%u; expected one of them",
				    AP_SHOWN(set->client_types[i].name), own->value ? "true" : "false",
				    first->value ? "true" : "false", first->place.file, first->place.line);
		else if (own->place.line > 0 && first->place.line == 0)
			*first = *own;
	}
	for (size_t i = 0; i < set->n_client_types; i++)
		if (first_flags[ap_names_find(reader->clients, set->client_types[i].name)].value)
			set->client_types[i].local = true;
}

static void resolve_settings(ap_reader *reader)
{
	ap_policy_set *set = reader->set;

	(void)ap_reference_find(reader, AP_REFERENCE_CLIENT, set->default_client_type.text,
				set->default_client_type.place);
	for (size_t i = 0; i < set->n_assertions; i++)
		if (set->assertions[i].client != NULL)
			(void)ap_reference_find(reader, AP_REFERENCE_CLIENT, set->assertions[i].client,
						set->assertions[i].place);
	if (!reader->policies_written && !reader->unreadable && !reader->sections_missed)
		ap_diagnostics_add(
			reader->diagnostics, AP_ERROR, set->root, 0,
			"no file has \"policies\"; expected policies = ( { … } ); in this file or one of conf.d");
}

void ap_resolve(ap_reader *reader)
{
	ap_policy_set *set = reader->set;

	resolve_settings(reader);
	resolve_local(reader);
	for (size_t i = 0; i < set->n_networks; i++)
		resolve_entries(reader, &set->networks[i].ip);
	ap_check_circles(reader);
	for (size_t i = 0; i < set->n_policies; i++)
		ap_resolve_policy(reader, &set->policies[i]);
	for (size_t i = 0; i < set->n_exceptions; i++)
		resolve_exception(reader, &set->exceptions[i]);
}
