/*
 * From a policy set to an image. First everything gets its number, and its size is known; then it is written in the
 * order in which logins read: what all of them need, the policies that are about everyone, the other policies, each
 * with its strings and small nets, and at last what is found through an index, or not read by logins at all.
 */
#include "compile.h"

#include "compile_map.h"
#include "compile_nets.h"
#include "compile_whom.h"

#include <stdlib.h>
#include <string.h>

/* A policy whose parts have numbers. */
typedef struct {
	const ap_policy_def *def;
	ap_whom scope;
	ap_whom except;
	ap_prepared_net *net;
	ap_prepared_net *except_net;
	uint32_t *clients;
	size_t n_clients;
	uint32_t *exceptions;
	size_t n_exceptions;
} prepared_policy;

typedef struct {
	const ap_exception_def *def;
	ap_whom who;
	ap_prepared_net *net;
	uint32_t *clients;
	size_t n_clients;
} prepared_exception;

typedef struct {
	const ap_policy_set *set;
	ap_arena *arena;
	ap_builder image;
	ap_names *clients;
	ap_image_client *client_records;
	const char **client_names;
	size_t n_clients;
	size_t n_client_names;
	ap_names *policy_numbers;
	ap_whom_compiler whom;
	ap_net_compiler nets;
	prepared_policy *policies;
	prepared_exception *exceptions;
	uint32_t *policy_places;
	uint32_t *exception_places;
} compiler;

/*
 * Client types and their hints
 */

static void add_client(compiler *c, const char *name, bool local)
{
	uint32_t number = ap_names_find(c->clients, name);

	if (number != AP_NONE) {
		c->client_records[number].local |= local ? 1 : 0;
		return;
	}
	ap_names_put(c->clients, name, (uint32_t)c->n_clients);
	*AP_PUSH(c->arena, c->client_names, c->n_client_names) = name;
	*AP_PUSH(c->arena, c->client_records, c->n_clients) = (ap_image_client){ .local = local ? 1 : 0 };
}

static void find_clients(compiler *c)
{
	const ap_client_def *defs = c->set->client_types;

	for (size_t i = 0; ap_builtin_client_types[i] != NULL; i++)
		add_client(c, ap_builtin_client_types[i], strcmp(ap_builtin_client_types[i], "system") == 0);
	for (size_t i = 0; i < c->set->n_client_types; i++)
		add_client(c, defs[i].name, defs[i].local);
}

/* An entry without hints only declares its type. */
static bool has_hints(const ap_client_def *def)
{
	return def->service.n + def->tty.n + def->ruser.n + def->env.n > 0;
}

/* The last file's entries are tried first, within a file in order. */
static const ap_client_def **order_hints(compiler *c, size_t *ret_n)
{
	const ap_client_def *defs = c->set->client_types, **ordered = NULL;
	size_t end = c->set->n_client_types, n = 0;

	while (end > 0) {
		size_t start = end - 1;

		while (start > 0 && defs[start - 1].file_number == defs[end - 1].file_number)
			start--;
		for (size_t i = start; i < end; i++)
			if (has_hints(&defs[i]))
				*AP_PUSH(c->arena, ordered, n) = &defs[i];
		end = start;
	}
	*ret_n = n;
	return ordered;
}

static ap_texts_span write_texts(compiler *c, const ap_list *list)
{
	ap_texts_span span = { .n = (uint32_t)list->n };

	for (size_t i = 0; i < list->n; i++) {
		uint32_t place = ap_builder_next_string(&c->image, list->items[i].text);

		if (i == 0)
			span.at = place;
	}
	return span;
}

static void write_clients(compiler *c)
{
	size_t n_hints;
	const ap_client_def **hints = order_hints(c, &n_hints);
	ap_image_table *table = &c->image.head.tables[AP_TABLE_HINTS];

	*table = ap_builder_reserve_table(&c->image, n_hints, sizeof(ap_image_hint));
	for (uint32_t i = 0; i < n_hints; i++) {
		const ap_client_def *def = hints[i];
		uint32_t place = ap_builder_table_place(*table, i, sizeof(ap_image_hint));
		const ap_image_hint hint = { .client = ap_names_find(c->clients, def->name),
					     .line = def->place.line,
					     .service = write_texts(c, &def->service),
					     .tty = write_texts(c, &def->tty),
					     .ruser = write_texts(c, &def->ruser),
					     .env = write_texts(c, &def->env) };

		ap_builder_write(&c->image, place, &hint, sizeof(hint));
		ap_builder_string_late(&c->image, place + (uint32_t)offsetof(ap_image_hint, file), def->place.file);
	}
	table = &c->image.head.tables[AP_TABLE_CLIENTS];
	for (size_t i = 0; i < c->n_clients; i++)
		c->client_records[i].name = ap_builder_string(&c->image, c->client_names[i]);
	*table = ap_builder_table(&c->image, c->client_records, c->n_clients, sizeof(*c->client_records));
}

static uint32_t *client_numbers(compiler *c, const ap_list *list, size_t *ret_n)
{
	uint32_t *numbers = ap_arena_alloc(c->arena, (list->n + 1) * sizeof(*numbers));

	for (size_t i = 0; i < list->n; i++)
		numbers[i] = ap_names_find(c->clients, list->items[i].text);
	*ret_n = ap_ascending(numbers, list->n);
	return numbers;
}

/*
 * Policies and exceptions get their numbers
 */

static void prepare_exceptions(compiler *c)
{
	for (size_t i = 0; i < c->set->n_exceptions; i++) {
		const ap_exception_def *def = &c->set->exceptions[i];
		prepared_exception *exception = &c->exceptions[i];

		*exception = (prepared_exception){ .def = def,
						   .who = ap_whom_of(&c->whom, &def->who),
						   .net = ap_prepare_net(&c->nets, &def->ip, &def->regions) };
		exception->clients = client_numbers(c, &def->clients, &exception->n_clients);
		ap_whom_note(&c->whom, &exception->who, AP_REF_EXCEPTION, (uint32_t)i);
		for (size_t k = 0; k < def->policies.n; k++) {
			uint32_t named = ap_names_find(c->policy_numbers, def->policies.items[k].text);

			*AP_PUSH(c->arena, c->policies[named].exceptions, c->policies[named].n_exceptions) =
				(uint32_t)i;
		}
	}
}

static uint32_t replaced_by(const compiler *c, const ap_policy_def *def)
{
	return def->replaces.text != NULL ? ap_names_find(c->policy_numbers, def->replaces.text) : AP_NONE;
}

/* A disabled policy is about nobody. One that replaces another is about those as well whom only the other concerns. */
static void note_policy(compiler *c, uint32_t number)
{
	const prepared_policy *policy = &c->policies[number];
	uint32_t replaced = replaced_by(c, policy->def);

	if (policy->def->status == AP_POLICY_DISABLED)
		return;
	ap_whom_note(&c->whom, &policy->scope, AP_REF_POLICY, number);
	if (replaced != AP_NONE)
		ap_whom_note(&c->whom, &c->policies[replaced].scope, AP_REF_POLICY, number);
}

static void prepare_policies(compiler *c)
{
	for (size_t i = 0; i < c->set->n_policies; i++) {
		const ap_policy_def *def = &c->set->policies[i];
		prepared_policy *policy = &c->policies[i];

		policy->def = def;
		policy->scope = ap_whom_of(&c->whom, &def->scope);
		policy->except = ap_whom_of(&c->whom, &def->except);
		policy->net = ap_prepare_net(&c->nets, &def->ip, &def->regions);
		policy->except_net = ap_prepare_net(&c->nets, &def->except.ip, &def->except.regions);
		policy->clients = client_numbers(c, &def->clients, &policy->n_clients);
	}
	for (size_t i = 0; i < c->set->n_policies; i++)
		note_policy(c, (uint32_t)i);
}

/*
 * Policies and exceptions are written
 */

static uint64_t policy_bytes(const compiler *c, const prepared_policy *policy)
{
	const ap_policy_def *def = policy->def;

	return sizeof(ap_image_policy) + ap_builder_string_bytes(def->name) + ap_builder_string_bytes(def->place.file) +
	       ap_builder_string_bytes(def->message.text) + ap_whom_bytes(&policy->scope) +
	       ap_whom_bytes(&policy->except) + ap_net_bytes(policy->net) + ap_net_bytes(policy->except_net) +
	       (policy->n_clients + policy->n_exceptions) * sizeof(uint32_t) +
	       ap_whom_beside_bytes(&c->whom, &policy->scope);
}

static void write_policy(compiler *c, uint32_t number)
{
	const prepared_policy *policy = &c->policies[number];
	const ap_policy_def *def = policy->def;
	ap_image_policy record = { .number = number,
				   .line = def->place.line,
				   .type = def->type,
				   .status = def->status,
				   .replaces = replaced_by(c, def),
				   .not_before = def->not_before.value,
				   .not_after = def->not_after.value };
	uint32_t place;

	ap_builder_keep_together(&c->image, policy_bytes(c, policy));
	place = ap_builder_reserve(&c->image, sizeof(record));
	c->policy_places[number] = place;
	record.name = ap_builder_string(&c->image, def->name);
	record.file = ap_builder_string(&c->image, def->place.file);
	record.message = ap_builder_string(&c->image, def->message.text);
	record.flags = (def->required.value ? AP_POLICY_REQUIRED : 0u) |
		       (def->other_clients_denied.value ? AP_POLICY_OTHER_CLIENTS_DENIED : 0u);
	record.scope = ap_whom_write(&c->whom, &policy->scope);
	record.except = ap_whom_write(&c->whom, &policy->except);
	record.clients = ap_builder_span(&c->image, policy->clients, policy->n_clients);
	record.exceptions = ap_builder_refs(&c->image, AP_REF_EXCEPTION, policy->exceptions, policy->n_exceptions);
	record.net = ap_write_net(&c->nets, policy->net);
	record.except_net = ap_write_net(&c->nets, policy->except_net);
	ap_whom_write_beside(&c->whom, &policy->scope);
	ap_builder_write(&c->image, place, &record, sizeof(record));
	ap_builder_ref_span(&c->image, AP_REF_EXCEPTION, place + (uint32_t)offsetof(ap_image_policy, exceptions),
			    record.exceptions);
	if (record.replaces != AP_NONE)
		ap_builder_ref(&c->image, AP_REF_POLICY, place + (uint32_t)offsetof(ap_image_policy, replaces));
	ap_builder_string_late(&c->image, place + (uint32_t)offsetof(ap_image_policy, comment), def->comment.text);
}

/* Those that every login reads, or those that only some do. */
static void write_policies(compiler *c, bool about_everyone)
{
	for (size_t i = 0; i < c->set->n_policies; i++) {
		const prepared_policy *policy = &c->policies[i];
		bool about_all = policy->def->status != AP_POLICY_DISABLED && (policy->scope.flags & AP_WHO_ALL) != 0;

		if (about_all == about_everyone)
			write_policy(c, (uint32_t)i);
	}
}

static void write_exception(compiler *c, uint32_t number)
{
	const prepared_exception *exception = &c->exceptions[number];
	const ap_exception_def *def = exception->def;
	ap_image_exception record = { .number = number,
				      .line = def->place.line,
				      .not_before = def->not_before.value,
				      .not_after = def->not_after.value };
	uint32_t place = ap_builder_reserve(&c->image, sizeof(record));

	c->exception_places[number] = place;
	record.name = ap_builder_string(&c->image, def->name);
	record.file = ap_builder_string(&c->image, def->place.file);
	record.who = ap_whom_write(&c->whom, &exception->who);
	record.clients = ap_builder_span(&c->image, exception->clients, exception->n_clients);
	record.net = ap_write_net(&c->nets, exception->net);
	ap_builder_write(&c->image, place, &record, sizeof(record));
	ap_builder_string_late(&c->image, place + (uint32_t)offsetof(ap_image_exception, comment), def->comment.text);
}

/*
 * The image
 */

/* What every login reads, and the policies that are about everyone. */
static void write_front(compiler *c)
{
	const ap_policy_set *set = c->set;
	ap_image_settings *settings = &c->image.head.settings;

	if (set->default_domain.text != NULL)
		settings->default_domain =
			ap_builder_string(&c->image, ap_lower_copy(c->arena, set->default_domain.text));
	settings->message = ap_builder_string(&c->image, set->message.text);
	settings->default_client = ap_names_find(c->clients, set->default_client_type.text);
	settings->system_client = ap_names_find(c->clients, "system");
	settings->undetermined_allows = set->undetermined_allows ? 1 : 0;
	settings->audit_file = ap_builder_string(&c->image, set->audit_file.text);
	settings->audit_record = set->audit_file.text != NULL ? set->audit_record : AP_AUDIT_NONE;
	write_clients(c);
	ap_map_write_front(c->set, &c->image);
	ap_whom_write_front(&c->whom);
	write_policies(c, true);
	c->image.head.hot = (uint32_t)c->image.size;
}

static void write_sources(compiler *c)
{
	const ap_policy_set *set = c->set;
	ap_image_table *table = &c->image.head.tables[AP_TABLE_SOURCES];

	memcpy(c->image.head.text, set->text_sha256, sizeof(c->image.head.text));
	*table = ap_builder_reserve_table(&c->image, set->n_sources, sizeof(ap_image_source));
	for (uint32_t i = 0; i < set->n_sources; i++) {
		const ap_source_def *def = &set->sources[i];
		ap_image_source source = { .path = ap_builder_string(&c->image, def->path),
					   .kind = def->kind,
					   .n = (uint32_t)def->n,
					   .text = def->text != NULL ? ap_builder_next_string(&c->image, def->text) : 0,
					   .size = def->size };

		memcpy(source.sha256, def->sha256, sizeof(source.sha256));
		ap_builder_write(&c->image, ap_builder_table_place(*table, i, sizeof(source)), &source, sizeof(source));
	}
}

static void write_image(compiler *c)
{
	const ap_policy_set *set = c->set;

	write_front(c);
	write_policies(c, false);
	for (size_t i = 0; i < set->n_exceptions; i++)
		write_exception(c, (uint32_t)i);
	ap_whom_write_rest(&c->whom);
	ap_write_rest_of_nets(&c->nets);
	ap_map_write_rest(c->set, &c->image);
	c->image.head.tables[AP_TABLE_POLICIES] =
		ap_builder_table(&c->image, c->policy_places, set->n_policies, sizeof(*c->policy_places));
	c->image.head.tables[AP_TABLE_EXCEPTIONS] =
		ap_builder_table(&c->image, c->exception_places, set->n_exceptions, sizeof(*c->exception_places));
	write_sources(c);
}

static void init(compiler *c, const ap_policy_set *set, ap_arena *arena)
{
	*c = (compiler){ .set = set,
			 .arena = arena,
			 .clients = ap_names_new(arena),
			 .policy_numbers = ap_names_new(arena),
			 .policies = ap_arena_alloc(arena, (set->n_policies + 1) * sizeof(*c->policies)),
			 .exceptions = ap_arena_alloc(arena, (set->n_exceptions + 1) * sizeof(*c->exceptions)),
			 .policy_places = ap_arena_alloc(arena, (set->n_policies + 1) * sizeof(uint32_t)),
			 .exception_places = ap_arena_alloc(arena, (set->n_exceptions + 1) * sizeof(uint32_t)) };
	ap_builder_init(&c->image, arena);
	ap_whom_compiler_init(&c->whom, set, &c->image);
	ap_net_compiler_init(&c->nets, set, &c->image);
	for (size_t i = 0; i < set->n_policies; i++)
		ap_names_put(c->policy_numbers, set->policies[i].name, (uint32_t)i);
}

ap_status ap_compile(const ap_policy_set *set, int64_t made, void **ret_bytes, size_t *ret_size, ap_error *error)
{
	ap_arena *arena = ap_arena_new();
	const uint32_t *places[AP_N_REFS];
	compiler c;
	ap_status status;

	init(&c, set, arena);
	find_clients(&c);
	prepare_policies(&c);
	prepare_exceptions(&c);
	write_image(&c);
	places[AP_REF_POLICY] = c.policy_places;
	places[AP_REF_EXCEPTION] = c.exception_places;
	status = ap_builder_finish(&c.image, places, made, ret_bytes, ret_size, error);
	ap_builder_free(&c.image);
	ap_arena_free(arena);
	return status;
}

ap_status ap_compile_image(const ap_policy_set *set, int64_t made, ap_image **ret_image, ap_error *error)
{
	void *bytes;
	size_t size;
	ap_status status = ap_compile(set, made, &bytes, &size, error);

	if (status != AP_OK)
		return status;
	status = ap_image_open("the compiled policy", bytes, size, ret_image, error);
	if (status != AP_OK)
		free(bytes);
	return status;
}
