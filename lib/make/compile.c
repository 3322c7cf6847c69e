#include "compile.h"

#include "../login/member.h"
#include "builder.h"
#include "compile_nets.h"

#include <stdlib.h>
#include <string.h>

/* A member in the making: it gets its slot, which is its number, when all are known. */
typedef struct {
	char *key;
	uint32_t slot;
} member;

typedef struct {
	uint32_t member; /* index of `members` */
	uint32_t department;
} membership;

typedef struct {
	const ap_policy_set *set;
	ap_arena *arena;
	ap_builder image;
	ap_names *member_names; /* key to index of `members` */
	member *members;
	size_t n_members;
	membership *memberships;
	size_t n_memberships;
	ap_names *departments;
	ap_names *groups;
	ap_names *clients;
	ap_names *policies;
	ap_net_compiler nets;
} compiler;

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* An ascending span without repetitions. */
static ap_span ascending(compiler *c, uint32_t *numbers, size_t n)
{
	size_t used = 0;

	if (n == 0)
		return (ap_span){ 0 };
	qsort(numbers, n, sizeof(*numbers), by_number);
	for (size_t i = 0; i < n; i++)
		if (used == 0 || numbers[used - 1] != numbers[i])
			numbers[used++] = numbers[i];
	return ap_builder_span(&c->image, numbers, used);
}

/*
 * Client types and their hints
 */

static void add_client(compiler *c, const char *name, bool local)
{
	uint32_t number = ap_names_find(c->clients, name);
	ap_image_client *client;

	if (number != AP_NONE) {
		c->image.clients[number].local |= local ? 1 : 0;
		return;
	}
	ap_names_put(c->clients, name, (uint32_t)c->image.n_clients);
	client = AP_PUSH(c->arena, c->image.clients, c->image.n_clients);
	*client = (ap_image_client){ .name = ap_builder_string(&c->image, name), .local = local ? 1 : 0 };
}

static void add_hint(compiler *c, const ap_client_def *def)
{
	ap_image_hint hint = { .client = ap_names_find(c->clients, def->name),
			       .file = ap_builder_string(&c->image, def->place.file),
			       .line = def->place.line };

	/* an entry without hints only declares its type */
	if (def->service.n + def->tty.n + def->ruser.n + def->env.n == 0)
		return;
	hint.service = ap_builder_strings(&c->image, &def->service);
	hint.tty = ap_builder_strings(&c->image, &def->tty);
	hint.ruser = ap_builder_strings(&c->image, &def->ruser);
	hint.env = ap_builder_strings(&c->image, &def->env);
	*AP_PUSH(c->arena, c->image.hints, c->image.n_hints) = hint;
}

/* The last file's entries are tried first, within a file in order. */
static void compile_clients(compiler *c)
{
	const ap_client_def *defs = c->set->client_types;
	size_t end = c->set->n_client_types;

	for (size_t i = 0; ap_builtin_client_types[i] != NULL; i++)
		add_client(c, ap_builtin_client_types[i], strcmp(ap_builtin_client_types[i], "system") == 0);
	for (size_t i = 0; i < c->set->n_client_types; i++)
		add_client(c, defs[i].name, defs[i].local);
	while (end > 0) {
		size_t start = end - 1;

		while (start > 0 && defs[start - 1].file_number == defs[end - 1].file_number)
			start--;
		for (size_t i = start; i < end; i++)
			add_hint(c, &defs[i]);
		end = start;
	}
}

static ap_span compile_client_list(compiler *c, const ap_list *list)
{
	uint32_t *numbers = ap_arena_alloc(c->arena, (list->n + 1) * sizeof(*numbers));

	for (size_t i = 0; i < list->n; i++)
		numbers[i] = ap_names_find(c->clients, list->items[i].text);
	return ascending(c, numbers, list->n);
}

/*
 * Members, departments and groups
 */

/* The index of the member that is written so, which is added at its first use. */
static uint32_t intern_member(compiler *c, const char *written)
{
	ap_member normal;
	uint32_t index;

	if (!ap_member_init(&normal, written, c->set->default_domain.text))
		ap_out_of_memory();
	index = ap_names_find(c->member_names, normal.text);
	if (index == AP_NONE) {
		member *added;

		index = (uint32_t)c->n_members;
		added = AP_PUSH(c->arena, c->members, c->n_members);
		added->key = ap_arena_strdup(c->arena, normal.text);
		ap_names_put(c->member_names, added->key, index);
	}
	ap_member_clear(&normal);
	return index;
}

static void intern_members_of(compiler *c, const ap_objects *objects)
{
	for (size_t i = 0; i < objects->members.n; i++)
		(void)intern_member(c, objects->members.items[i].text);
}

static int by_member_then_department(const void *a, const void *b)
{
	const membership *x = a, *y = b;

	if (x->member != y->member)
		return x->member < y->member ? -1 : 1;
	return x->department < y->department ? -1 : x->department > y->department;
}

static void intern_all_members(compiler *c)
{
	const ap_policy_set *set = c->set;

	c->n_memberships = set->n_memberships;
	c->memberships = ap_arena_alloc(c->arena, (set->n_memberships + 1) * sizeof(*c->memberships));
	for (size_t i = 0; i < set->n_memberships; i++)
		c->memberships[i] = (membership){ .member = intern_member(c, set->memberships[i].member),
						  .department = set->memberships[i].department };
	qsort(c->memberships, c->n_memberships, sizeof(*c->memberships), by_member_then_department);
	for (size_t i = 0; i < set->n_policies; i++) {
		intern_members_of(c, &set->policies[i].scope);
		intern_members_of(c, &set->policies[i].except);
	}
	for (size_t i = 0; i < set->n_exceptions; i++)
		intern_members_of(c, &set->exceptions[i].who);
}

/* The departments of one member; *at is its first row in the sorted memberships and moves to the next member's. */
static ap_span departments_of(compiler *c, uint32_t index, size_t *at)
{
	size_t start = *at, n = 0;
	uint32_t *numbers;

	while (*at < c->n_memberships && c->memberships[*at].member == index)
		(*at)++;
	numbers = ap_arena_alloc(c->arena, (*at - start + 1) * sizeof(*numbers));
	for (size_t i = start; i < *at; i++)
		numbers[n++] = c->memberships[i].department;
	return ascending(c, numbers, n);
}

static void compile_members(compiler *c)
{
	size_t n_slots = 1, at = 0;

	intern_all_members(c);
	if (c->n_members == 0)
		return;
	while (n_slots < c->n_members * 2)
		n_slots *= 2;
	c->image.n_members = n_slots;
	c->image.members = ap_arena_alloc(c->arena, n_slots * sizeof(*c->image.members));
	for (size_t i = 0; i < c->n_members; i++) {
		uint64_t hash = ap_image_hash(c->members[i].key, strlen(c->members[i].key));
		size_t slot = hash & (n_slots - 1);

		while (c->image.members[slot].key != 0)
			slot = (slot + 1) & (n_slots - 1);
		c->members[i].slot = (uint32_t)slot;
		c->image.members[slot] = (ap_image_member){ .key = ap_builder_string(&c->image, c->members[i].key),
							    .hash = (uint32_t)(hash >> 32),
							    .departments = departments_of(c, (uint32_t)i, &at) };
	}
}

static uint32_t group_number(compiler *c, const char *name)
{
	uint32_t number = ap_names_find(c->groups, name);

	if (number != AP_NONE)
		return number;
	number = (uint32_t)c->image.n_groups;
	ap_names_put(c->groups, name, number);
	*AP_PUSH(c->arena, c->image.groups, c->image.n_groups) = ap_builder_string(&c->image, name);
	return number;
}

static uint32_t parent_of(compiler *c, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return AP_NONE;
	return ap_names_find(c->departments, ap_arena_strndup(c->arena, path, (size_t)(slash - path)));
}

static void compile_departments(compiler *c)
{
	size_t n_pairs = 0;
	uint32_t *pairs = NULL;

	for (size_t i = 0; i < c->set->n_departments; i++) {
		const ap_department_def *def = &c->set->departments[i];
		ap_image_department *department;
		uint32_t parent = parent_of(c, def->name);

		ap_names_put(c->departments, def->name, (uint32_t)i);
		department = AP_PUSH(c->arena, c->image.departments, c->image.n_departments);
		*department =
			(ap_image_department){ .name = ap_builder_string(&c->image, def->name), .parent = parent };
		for (size_t k = 0; k < def->groups.n; k++) {
			*AP_PUSH(c->arena, pairs, n_pairs) = group_number(c, def->groups.items[k].text);
			*AP_PUSH(c->arena, pairs, n_pairs) = (uint32_t)i;
		}
	}
	c->image.settings.group_departments = ap_builder_span(&c->image, pairs, n_pairs);
}

/*
 * Whom
 */

/* A domain's reference, in lower case; 0 for NULL. */
static uint32_t compile_domain(compiler *c, const char *written)
{
	return written != NULL ? ap_builder_string(&c->image, ap_lower_copy(c->arena, written)) : 0;
}

static ap_span compile_domains(compiler *c, const ap_list *list)
{
	uint32_t *numbers = ap_arena_alloc(c->arena, (list->n + 1) * sizeof(*numbers));

	for (size_t i = 0; i < list->n; i++)
		numbers[i] = compile_domain(c, list->items[i].text);
	return ascending(c, numbers, list->n);
}

static ap_span compile_member_list(compiler *c, const ap_list *list)
{
	uint32_t *numbers = ap_arena_alloc(c->arena, (list->n + 1) * sizeof(*numbers));

	for (size_t i = 0; i < list->n; i++)
		numbers[i] = c->members[intern_member(c, list->items[i].text)].slot;
	return ascending(c, numbers, list->n);
}

/* "finance" is its number doubled, "finance/" and a star that plus one. */
static uint32_t department_code(compiler *c, const char *written)
{
	size_t length = strlen(written);
	bool subtree = length > 2 && strcmp(written + length - 2, "/*") == 0;
	const char *name = subtree ? ap_arena_strndup(c->arena, written, length - 2) : written;

	return ap_names_find(c->departments, name) * 2 + (subtree ? 1 : 0);
}

static bool is_or_stands_below(const compiler *c, uint32_t department, uint32_t above)
{
	while (department != AP_NONE && department > above)
		department = c->image.departments[department].parent;
	return department == above;
}

/* The groups that are listed themselves, then those that fill the listed departments. */
static ap_span compile_groups(compiler *c, const ap_objects *objects, const uint32_t *codes)
{
	ap_span filled = c->image.settings.group_departments;
	uint32_t *pairs = NULL;
	size_t n = 0;

	for (size_t i = 0; i < objects->groups.n; i++) {
		*AP_PUSH(c->arena, pairs, n) = group_number(c, objects->groups.items[i].text);
		*AP_PUSH(c->arena, pairs, n) = AP_NONE;
	}
	for (size_t i = 0; i < filled.n; i += 2) {
		uint32_t group = c->image.pool[filled.start + i], department = c->image.pool[filled.start + i + 1];

		for (size_t k = 0; k < objects->departments.n; k++) {
			bool subtree = (codes[k] & 1) != 0;

			if (codes[k] / 2 != department && !(subtree && is_or_stands_below(c, department, codes[k] / 2)))
				continue;
			*AP_PUSH(c->arena, pairs, n) = group;
			*AP_PUSH(c->arena, pairs, n) = department;
			break;
		}
	}
	return ap_builder_span(&c->image, pairs, n);
}

static ap_image_who compile_who(compiler *c, const ap_objects *objects)
{
	uint32_t *codes = ap_arena_alloc(c->arena, (objects->departments.n + 1) * sizeof(*codes));
	ap_image_who who = { .flags = (objects->all ? AP_WHO_ALL : 0u) | (objects->unlisted ? AP_WHO_UNLISTED : 0u) };

	for (size_t i = 0; i < objects->departments.n; i++)
		codes[i] = department_code(c, objects->departments.items[i].text);
	who.groups = compile_groups(c, objects, codes);
	who.departments = ascending(c, codes, objects->departments.n);
	who.domains = compile_domains(c, &objects->domains);
	who.members = compile_member_list(c, &objects->members);
	return who;
}

/*
 * Policies, exceptions and settings
 */

static void compile_exceptions(compiler *c)
{
	for (size_t i = 0; i < c->set->n_exceptions; i++) {
		const ap_exception_def *def = &c->set->exceptions[i];
		ap_image_exception exception = { .name = ap_builder_string(&c->image, def->name),
						 .file = ap_builder_string(&c->image, def->place.file),
						 .line = def->place.line,
						 .comment = ap_builder_string(&c->image, def->comment.text),
						 .not_before = def->not_before.value,
						 .not_after = def->not_after.value };

		exception.who = compile_who(c, &def->who);
		exception.net = ap_compile_net(&c->nets, &def->ip, &def->regions);
		exception.clients = compile_client_list(c, &def->clients);
		*AP_PUSH(c->arena, c->image.exceptions, c->image.n_exceptions) = exception;
	}
}

static ap_image_policy compile_policy(compiler *c, const ap_policy_def *def)
{
	ap_image_policy policy = { .name = ap_builder_string(&c->image, def->name),
				   .file = ap_builder_string(&c->image, def->place.file),
				   .line = def->place.line,
				   .type = def->type,
				   .status = def->status,
				   .message = ap_builder_string(&c->image, def->message.text),
				   .comment = ap_builder_string(&c->image, def->comment.text),
				   .replaces = AP_NONE,
				   .not_before = def->not_before.value,
				   .not_after = def->not_after.value };

	if (def->required.value)
		policy.flags |= AP_POLICY_REQUIRED;
	if (def->other_clients_denied.value)
		policy.flags |= AP_POLICY_OTHER_CLIENTS_DENIED;
	policy.scope = compile_who(c, &def->scope);
	policy.except = compile_who(c, &def->except);
	policy.except_net = ap_compile_net(&c->nets, &def->except.ip, &def->except.regions);
	policy.net = ap_compile_net(&c->nets, &def->ip, &def->regions);
	policy.clients = compile_client_list(c, &def->clients);
	if (def->replaces.text != NULL)
		policy.replaces = ap_names_find(c->policies, def->replaces.text);
	return policy;
}

static void compile_policies(compiler *c)
{
	for (size_t i = 0; i < c->set->n_policies; i++)
		ap_names_put(c->policies, c->set->policies[i].name, (uint32_t)i);
	for (size_t i = 0; i < c->set->n_policies; i++) {
		ap_image_policy policy = compile_policy(c, &c->set->policies[i]);

		*AP_PUSH(c->arena, c->image.policies, c->image.n_policies) = policy;
	}
}

/* An exception names its policies; a policy wants its exceptions. */
static void link_exceptions(compiler *c)
{
	typedef struct {
		uint32_t *numbers;
		size_t n;
	} numbers;
	numbers *of = ap_arena_alloc(c->arena, (c->set->n_policies + 1) * sizeof(*of));

	for (size_t i = 0; i < c->set->n_exceptions; i++)
		for (size_t k = 0; k < c->set->exceptions[i].policies.n; k++) {
			numbers *to = &of[ap_names_find(c->policies, c->set->exceptions[i].policies.items[k].text)];

			*AP_PUSH(c->arena, to->numbers, to->n) = (uint32_t)i;
		}
	for (size_t i = 0; i < c->set->n_policies; i++)
		c->image.policies[i].exceptions = ap_builder_span(&c->image, of[i].numbers, of[i].n);
}

static void compile_settings(compiler *c)
{
	const ap_policy_set *set = c->set;
	ap_image_settings *settings = &c->image.settings;

	settings->default_domain = compile_domain(c, set->default_domain.text);
	settings->message = ap_builder_string(&c->image, set->message.text);
	settings->default_client = ap_names_find(c->clients, set->default_client_type.text);
	settings->system_client = ap_names_find(c->clients, "system");
	settings->undetermined_allows = set->undetermined_allows ? 1 : 0;
	settings->audit_file = ap_builder_string(&c->image, set->audit_file.text);
	settings->audit_record = set->audit_file.text != NULL ? set->audit_record : AP_AUDIT_NONE;
}

ap_status ap_compile(const ap_policy_set *set, void **ret_bytes, size_t *ret_size, ap_error *error)
{
	ap_arena *arena = ap_arena_new();
	compiler c = { .set = set,
		       .arena = arena,
		       .member_names = ap_names_new(arena),
		       .departments = ap_names_new(arena),
		       .groups = ap_names_new(arena),
		       .clients = ap_names_new(arena),
		       .policies = ap_names_new(arena) };
	ap_status status;

	ap_builder_init(&c.image, arena);
	ap_net_compiler_init(&c.nets, set, &c.image);
	compile_clients(&c);
	compile_settings(&c);
	compile_departments(&c);
	compile_members(&c);
	compile_exceptions(&c);
	compile_policies(&c);
	link_exceptions(&c);
	status = ap_builder_finish(&c.image, ret_bytes, ret_size, error);
	ap_arena_free(arena);
	return status;
}

ap_status ap_compile_image(const ap_policy_set *set, ap_image **ret_image, ap_error *error)
{
	void *bytes;
	size_t size;
	ap_status status = ap_compile(set, &bytes, &size, error);

	if (status != AP_OK)
		return status;
	status = ap_image_open("the compiled policy", bytes, size, ret_image, error);
	if (status != AP_OK)
		free(bytes);
	return status;
}
