#include "compile_whom.h"

#include "../login/member.h"

#include <stdlib.h>
#include <string.h>

/* A table or dictionary that takes no more than this stands at the image's front, where a login finds it read. */
enum { FRONT_BYTES = 1024, BESIDE_MAX = 16 };

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

size_t ap_ascending(uint32_t *numbers, size_t n)
{
	size_t used = 0;

	if (n > 1)
		qsort(numbers, n, sizeof(*numbers), by_number);
	for (size_t i = 0; i < n; i++)
		if (used == 0 || numbers[used - 1] != numbers[i])
			numbers[used++] = numbers[i];
	return used;
}

/* The number of `name`, which is added, borrowed, at its first use. */
static uint32_t number_of(ap_whom_compiler *w, ap_numbered *among, const char *name)
{
	uint32_t number = ap_names_find(among->numbers, name);

	if (number == AP_NONE) {
		number = (uint32_t)among->n;
		*AP_PUSH(w->arena, among->items, among->n) = name;
		ap_names_put(among->numbers, name, number);
	}
	return number;
}

static bool is_normal(const ap_whom_compiler *w, const char *written)
{
	bool has_domain = w->set->default_domain.text == NULL;

	for (; *written != '\0'; written++) {
		if (*written >= 'A' && *written <= 'Z')
			return false;
		has_domain = has_domain || *written == '@';
	}
	return has_domain;
}

/* A member as logins are compared: in lower case, with the default domain. Most are written so: there may be millions. */
static const char *member_key(ap_whom_compiler *w, const char *written)
{
	ap_member normal;
	char *key;

	if (is_normal(w, written))
		return written;
	if (!ap_member_init(&normal, written, w->set->default_domain.text))
		ap_out_of_memory();
	key = ap_arena_strdup(w->arena, normal.text);
	ap_member_clear(&normal);
	return key;
}

static void find_departments(ap_whom_compiler *w)
{
	const ap_policy_set *set = w->set;

	w->parents = ap_arena_alloc(w->arena, (set->n_departments + 1) * sizeof(*w->parents));
	w->places = ap_arena_alloc(w->arena, (set->n_departments + 1) * sizeof(*w->places));
	for (size_t i = 0; i < set->n_departments; i++) {
		const char *path = set->departments[i].name, *slash = strrchr(path, '/');

		ap_names_put(w->departments, path, (uint32_t)i);
		w->parents[i] = slash == NULL ? AP_NONE
					      : ap_names_find(w->departments,
							      ap_arena_strndup(w->arena, path, (size_t)(slash - path)));
		for (size_t k = 0; k < set->departments[i].groups.n; k++) {
			uint32_t group = number_of(w, &w->groups, set->departments[i].groups.items[k].text);

			*AP_PUSH(w->arena, w->filled, w->n_filled) = group;
			*AP_PUSH(w->arena, w->filled, w->n_filled) = (uint32_t)i;
		}
	}
}

void ap_whom_compiler_init(ap_whom_compiler *w, const ap_policy_set *set, ap_builder *image)
{
	*w = (ap_whom_compiler){ .set = set, .image = image, .arena = image->arena };
	w->members.numbers = ap_names_new(w->arena);
	w->domains.numbers = ap_names_new(w->arena);
	w->groups.numbers = ap_names_new(w->arena);
	w->departments = ap_names_new(w->arena);
	find_departments(w);
}

/*
 * Whom a policy or an exception lists
 */

/* "finance" is its number doubled, "finance/" and a star that plus one. */
static uint32_t department_code(const ap_whom_compiler *w, const char *written)
{
	size_t length = strlen(written);
	bool subtree = length > 2 && strcmp(written + length - 2, "/*") == 0;
	const char *name = subtree ? ap_arena_strndup(w->arena, written, length - 2) : written;

	return ap_names_find(w->departments, name) * 2 + (subtree ? 1 : 0);
}

static bool is_or_stands_below(const ap_whom_compiler *w, uint32_t department, uint32_t above)
{
	while (department != AP_NONE && department > above)
		department = w->parents[department];
	return department == above;
}

static bool is_covered(const ap_whom_compiler *w, const ap_whom *whom, uint32_t department)
{
	for (size_t i = 0; i < whom->n_departments; i++) {
		uint32_t code = whom->departments[i];

		if (code / 2 == department || ((code & 1) != 0 && is_or_stands_below(w, department, code / 2)))
			return true;
	}
	return false;
}

/* The groups that are listed themselves, then those that fill the listed departments. */
static void find_groups(ap_whom_compiler *w, const ap_objects *objects, ap_whom *whom)
{
	for (size_t i = 0; i < objects->groups.n; i++) {
		*AP_PUSH(w->arena, whom->groups, whom->n_groups) =
			number_of(w, &w->groups, objects->groups.items[i].text);
		*AP_PUSH(w->arena, whom->groups, whom->n_groups) = AP_NONE;
	}
	for (size_t i = 0; i < w->n_filled; i += 2) {
		if (!is_covered(w, whom, w->filled[i + 1]))
			continue;
		*AP_PUSH(w->arena, whom->groups, whom->n_groups) = w->filled[i];
		*AP_PUSH(w->arena, whom->groups, whom->n_groups) = w->filled[i + 1];
	}
}

static uint32_t *room_for(const ap_whom_compiler *w, const ap_list *list)
{
	return list->n > 0 ? ap_arena_alloc(w->arena, list->n * sizeof(uint32_t)) : NULL;
}

ap_whom ap_whom_of(ap_whom_compiler *w, const ap_objects *objects)
{
	ap_whom whom = { .flags = (objects->all ? AP_WHO_ALL : 0u) | (objects->unlisted ? AP_WHO_UNLISTED : 0u),
			 .domains = room_for(w, &objects->domains),
			 .departments = room_for(w, &objects->departments),
			 .members = room_for(w, &objects->members) };

	for (size_t i = 0; i < objects->domains.n; i++)
		whom.domains[i] = number_of(w, &w->domains, ap_lower_copy(w->arena, objects->domains.items[i].text));
	for (size_t i = 0; i < objects->departments.n; i++)
		whom.departments[i] = department_code(w, objects->departments.items[i].text);
	for (size_t i = 0; i < objects->members.n; i++)
		whom.members[i] = number_of(w, &w->members, member_key(w, objects->members.items[i].text));
	whom.n_domains = ap_ascending(whom.domains, objects->domains.n);
	whom.n_departments = ap_ascending(whom.departments, objects->departments.n);
	whom.n_members = ap_ascending(whom.members, objects->members.n);
	find_groups(w, objects, &whom);
	return whom;
}

uint64_t ap_whom_bytes(const ap_whom *whom)
{
	return (whom->n_domains + whom->n_departments + whom->n_groups + whom->n_members) * sizeof(uint32_t);
}

ap_image_who ap_whom_write(ap_whom_compiler *w, const ap_whom *whom)
{
	return (ap_image_who){ .flags = whom->flags,
			       .domains = ap_builder_span(w->image, whom->domains, whom->n_domains),
			       .departments = ap_builder_span(w->image, whom->departments, whom->n_departments),
			       .groups = ap_builder_span(w->image, whom->groups, whom->n_groups),
			       .members = ap_builder_span(w->image, whom->members, whom->n_members) };
}

/*
 * What is about whom
 */

static void relate(ap_whom_compiler *w, ap_way way, ap_ref_kind kind, uint32_t subject, uint32_t target)
{
	ap_relation *relation = &w->relations[way][kind];

	*AP_PUSH(w->arena, relation->pairs, relation->n) = (ap_relation_pair){ .subject = subject, .target = target };
}

void ap_whom_note(ap_whom_compiler *w, const ap_whom *whom, ap_ref_kind kind, uint32_t number)
{
	if ((whom->flags & AP_WHO_ALL) != 0)
		relate(w, AP_BY_EVERYONE, kind, 0, number);
	if ((whom->flags & AP_WHO_UNLISTED) != 0)
		relate(w, AP_BY_UNLISTED, kind, 0, number);
	for (size_t i = 0; i < whom->n_members; i++)
		relate(w, AP_BY_MEMBER, kind, whom->members[i], number);
	for (size_t i = 0; i < whom->n_domains; i++)
		relate(w, AP_BY_DOMAIN, kind, whom->domains[i], number);
	for (size_t i = 0; i < whom->n_departments; i++)
		relate(w, (whom->departments[i] & 1) != 0 ? AP_BY_SUBTREE : AP_BY_DEPARTMENT, kind,
		       whom->departments[i] / 2, number);
	for (size_t i = 0; i < whom->n_groups; i += 2)
		relate(w, AP_BY_GROUP, kind, whom->groups[i], number);
}

static int by_subject_then_target(const void *a, const void *b)
{
	const ap_relation_pair *x = a, *y = b;

	if (x->subject != y->subject)
		return x->subject < y->subject ? -1 : 1;
	return x->target < y->target ? -1 : x->target > y->target;
}

/* The targets of a subject, ascending, each once. */
static ap_span targets_of(ap_whom_compiler *w, ap_way way, ap_ref_kind kind, uint32_t subject)
{
	ap_relation *relation = &w->relations[way][kind];
	size_t low = 0, high = relation->n, n = 0;
	uint32_t *targets = NULL;

	if (!relation->sorted && relation->n > 1)
		qsort(relation->pairs, relation->n, sizeof(*relation->pairs), by_subject_then_target);
	relation->sorted = true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (relation->pairs[middle].subject < subject)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < relation->n && relation->pairs[low].subject == subject; low++)
		if (n == 0 || targets[n - 1] != relation->pairs[low].target)
			*AP_PUSH(w->arena, targets, n) = relation->pairs[low].target;
	return ap_builder_refs(w->image, kind, targets, n);
}

static ap_image_concern concern_of(ap_whom_compiler *w, ap_way way, uint32_t subject)
{
	return (ap_image_concern){ .policies = targets_of(w, way, AP_REF_POLICY, subject),
				   .exceptions = targets_of(w, way, AP_REF_EXCEPTION, subject) };
}

/*
 * Members
 */

/* That a member is in a department, or is listed. */
typedef struct {
	const char *key;
	uint64_t hash;
	uint32_t department; /* AP_NONE: only that it is listed */
	uint32_t number;     /* of a listed one, or AP_NONE */
	uint16_t length;     /* of the key */
	bool anywhere;       /* it is "user@" */
} membership;

static int by_key(const void *a, const void *b)
{
	const membership *x = a, *y = b;
	int order;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	order = strcmp(x->key, y->key);
	if (order != 0)
		return order;
	return x->department < y->department ? -1 : x->department > y->department;
}

/* So many of a hash's upper bits that a bin holds a few of `n` entries. */
static unsigned bin_bits(size_t n)
{
	unsigned bits = 1;

	while (bits < 16 && n >> (bits + 1) > 0)
		bits++;
	return bits;
}

/*
 * Sorts by key: first into bins by the hash's upper bits, which spread evenly, then each of these, which are short. It
 * takes a third of the time that one sort takes for a million. Returns the sorted array.
 */
static membership *sort_by_key(ap_arena *arena, const membership *list, size_t n)
{
	const unsigned shift = 64 - bin_bits(n);
	const size_t n_bins = (size_t)1 << (64 - shift);
	membership *sorted = ap_arena_alloc(arena, (n + 1) * sizeof(*sorted));
	size_t *ends = ap_arena_alloc(arena, (n_bins + 1) * sizeof(*ends)), start = 0;

	for (size_t i = 0; i < n; i++)
		ends[(list[i].hash >> shift) + 1]++;
	for (size_t bin = 1; bin <= n_bins; bin++)
		ends[bin] += ends[bin - 1];
	/* ends[bin] is the bin's start now, and its end when all are in */
	for (size_t i = 0; i < n; i++)
		sorted[ends[list[i].hash >> shift]++] = list[i];
	for (size_t bin = 0; bin < n_bins; start = ends[bin++])
		if (ends[bin] - start > 1)
			qsort(sorted + start, ends[bin] - start, sizeof(*sorted), by_key);
	return sorted;
}

static membership *list_memberships(ap_whom_compiler *w, size_t *ret_n)
{
	const ap_policy_set *set = w->set;
	size_t n = 0;
	membership *list = ap_arena_alloc(w->arena, (set->n_memberships + w->members.n + 1) * sizeof(*list));

	for (size_t i = 0; i < set->n_memberships; i++)
		list[n++] = (membership){ .key = member_key(w, set->memberships[i].member),
					  .department = set->memberships[i].department,
					  .number = AP_NONE };
	for (size_t i = 0; i < w->members.n; i++)
		list[n++] = (membership){ .key = w->members.items[i], .department = AP_NONE, .number = (uint32_t)i };
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(list[i].key);

		list[i].hash = ap_image_hash(list[i].key, length);
		list[i].length = (uint16_t)length;
		list[i].anywhere = list[i].key[length - 1] == '@';
	}
	*ret_n = n;
	return sort_by_key(w->arena, list, n);
}

/* One member of `n` rows, which are sorted by department. */
static ap_dictionary_item item_of(ap_whom_compiler *w, const membership *rows, size_t n)
{
	ap_dictionary_item item = {
		.name = rows[0].key, .length = rows[0].length, .hash = rows[0].hash, .number = AP_NONE
	};
	uint32_t *departments = w->places_of_one;
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (rows[i].number != AP_NONE)
			item.number = rows[i].number;
		if (rows[i].department != AP_NONE && (i == 0 || rows[i - 1].department != rows[i].department))
			departments[used++] = w->places[rows[i].department];
	}
	item.departments = ap_builder_span(w->image, departments, used);
	if (item.number != AP_NONE) {
		item.concern = concern_of(w, AP_BY_MEMBER, item.number);
		w->member_departments[item.number] = item.departments;
	}
	return item;
}

/* The row behind those of one member. */
static size_t end_of(const membership *list, size_t n, size_t start)
{
	size_t end = start + 1;

	while (end < n && list[end].hash == list[start].hash && strcmp(list[end].key, list[start].key) == 0)
		end++;
	return end;
}

/* The members of one of both dictionaries. */
static ap_dictionary write_dictionary(ap_whom_compiler *w, const membership *list, size_t n, bool anywhere)
{
	ap_dictionary_builder d;
	uint64_t bytes = 0;

	/* one that is in several departments is counted with each: room that stays empty */
	for (size_t i = 0; i < n; i++)
		if (list[i].anywhere == anywhere)
			bytes += ap_dictionary_item_bytes(list[i].length, list[i].number != AP_NONE);
	d = ap_dictionary_begin(w->image, bytes);
	for (size_t i = 0, end; i < n; i = end) {
		ap_dictionary_item item;

		end = end_of(list, n, i);
		if (list[i].anywhere != anywhere)
			continue;
		item = item_of(w, list + i, end - i);
		ap_dictionary_add(w->image, &d, &item);
	}
	return ap_dictionary_end(w->image, &d);
}

static void write_members(ap_whom_compiler *w)
{
	size_t n;
	membership *list = list_memberships(w, &n);
	ap_image_table *table = &w->image->head.tables[AP_TABLE_MEMBERS];

	w->member_departments = ap_arena_alloc(w->arena, (w->members.n + 1) * sizeof(*w->member_departments));
	w->places_of_one = ap_arena_alloc(w->arena, (w->set->n_departments + 1) * sizeof(*w->places_of_one));
	w->image->head.anywhere = write_dictionary(w, list, n, true);
	w->image->head.members = write_dictionary(w, list, n, false);
	*table = ap_builder_reserve_table(w->image, w->members.n, sizeof(ap_image_member));
	for (uint32_t i = 0; i < w->members.n; i++) {
		const ap_image_member member = { .departments = w->member_departments[i] };
		uint32_t place = ap_builder_table_place(*table, i, sizeof(member));

		ap_builder_write(w->image, place, &member, sizeof(member));
		ap_builder_string_late(w->image, place + (uint32_t)offsetof(ap_image_member, name),
				       w->members.items[i]);
	}
}

/*
 * Domains, groups and departments
 */

/* What is about each of the domains or groups; and their dictionary. */
static ap_image_concern *write_named(ap_whom_compiler *w, const ap_numbered *among, ap_way way,
				     ap_dictionary *ret_dictionary)
{
	ap_image_concern *concerns = ap_arena_alloc(w->arena, (among->n + 1) * sizeof(*concerns));
	ap_dictionary_builder d;
	uint64_t bytes = 0;

	for (size_t i = 0; i < among->n; i++) {
		concerns[i] = concern_of(w, way, (uint32_t)i);
		bytes += ap_dictionary_item_bytes((uint32_t)strlen(among->items[i]), true);
	}
	d = ap_dictionary_begin(w->image, bytes);
	for (size_t i = 0; i < among->n; i++) {
		size_t length = strlen(among->items[i]);
		const ap_dictionary_item item = { .name = among->items[i],
						  .length = (uint32_t)length,
						  .hash = ap_image_hash(among->items[i], length),
						  .number = (uint32_t)i,
						  .concern = concerns[i] };

		ap_dictionary_add(w->image, &d, &item);
	}
	*ret_dictionary = ap_dictionary_end(w->image, &d);
	return concerns;
}

static void write_domains(ap_whom_compiler *w)
{
	ap_image_table *table = &w->image->head.tables[AP_TABLE_DOMAINS];

	(void)write_named(w, &w->domains, AP_BY_DOMAIN, &w->image->head.domains);
	*table = ap_builder_reserve_table(w->image, w->domains.n, sizeof(uint32_t));
	for (uint32_t i = 0; i < w->domains.n; i++)
		ap_builder_string_late(w->image, ap_builder_table_place(*table, i, sizeof(uint32_t)),
				       w->domains.items[i]);
}

static void write_groups(ap_whom_compiler *w)
{
	const ap_image_concern *concerns = write_named(w, &w->groups, AP_BY_GROUP, &w->image->head.groups);
	ap_image_table *table = &w->image->head.tables[AP_TABLE_GROUPS];

	*table = ap_builder_reserve_table(w->image, w->groups.n, sizeof(ap_image_group));
	for (uint32_t i = 0; i < w->groups.n; i++) {
		const ap_image_group group = { .concern = concerns[i] };
		uint32_t place = ap_builder_table_place(*table, i, sizeof(group));

		ap_builder_write(w->image, place, &group, sizeof(group));
		ap_builder_string_late(w->image, place, w->groups.items[i]);
		ap_builder_ref_concern(w->image, place + (uint32_t)offsetof(ap_image_group, concern), &group.concern);
	}
}

/* A department after those above it. */
static void write_department(ap_whom_compiler *w, uint32_t number)
{
	ap_image_department record = { .number = number, .parent = AP_NONE };
	uint32_t place;

	if (w->places[number] != 0)
		return;
	if (w->parents[number] != AP_NONE) {
		write_department(w, w->parents[number]);
		record.parent = w->places[w->parents[number]];
	}
	record.alone = concern_of(w, AP_BY_DEPARTMENT, number);
	record.subtree = concern_of(w, AP_BY_SUBTREE, number);
	place = ap_builder_put(w->image, &record, sizeof(record));
	w->places[number] = place;
	ap_builder_string_late(w->image, place + (uint32_t)offsetof(ap_image_department, name),
			       w->set->departments[number].name);
	ap_builder_ref_concern(w->image, place + (uint32_t)offsetof(ap_image_department, alone), &record.alone);
	ap_builder_ref_concern(w->image, place + (uint32_t)offsetof(ap_image_department, subtree), &record.subtree);
}

/* The next department that belongs beside what lists `code`: itself, and those below it that follow it. */
static bool next_beside(const ap_whom_compiler *w, uint32_t code, uint32_t *number)
{
	if (*number == AP_NONE)
		*number = code / 2;
	else if ((code & 1) == 0 || ++*number >= w->set->n_departments || !is_or_stands_below(w, *number, code / 2))
		return false;
	return true;
}

uint64_t ap_whom_beside_bytes(const ap_whom_compiler *w, const ap_whom *whom)
{
	uint64_t n = 0;

	for (size_t i = 0; i < whom->n_departments && n < BESIDE_MAX; i++)
		for (uint32_t at = AP_NONE; n < BESIDE_MAX && next_beside(w, whom->departments[i], &at);)
			n += w->places[at] == 0;
	return n * sizeof(ap_image_department);
}

void ap_whom_write_beside(ap_whom_compiler *w, const ap_whom *whom)
{
	size_t n = 0;

	for (size_t i = 0; i < whom->n_departments && n < BESIDE_MAX; i++)
		for (uint32_t at = AP_NONE; n < BESIDE_MAX && next_beside(w, whom->departments[i], &at); n++)
			write_department(w, at);
}

static void write_departments(ap_whom_compiler *w)
{
	uint32_t n = (uint32_t)w->set->n_departments;

	for (uint32_t i = 0; i < n; i++)
		write_department(w, i);
	w->image->head.tables[AP_TABLE_DEPARTMENTS] = ap_builder_table(w->image, w->places, n, sizeof(*w->places));
}

/*
 * All of it
 */

typedef void writer(ap_whom_compiler *w);

/* What is small stands at the front. Members tell where their departments stand, and come after them. */
static void write_if(ap_whom_compiler *w, bool front)
{
	size_t department_bytes = w->set->n_departments * sizeof(ap_image_department);
	size_t member_bytes = (w->set->n_memberships + w->members.n) * 64;
	const struct {
		writer *write;
		size_t bytes;
	} parts[] = {
		{ write_domains, w->domains.n * 64 },
		{ write_groups, w->groups.n * 64 },
		{ write_departments, department_bytes },
		{ write_members, department_bytes > member_bytes ? department_bytes : member_bytes },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if ((parts[i].bytes <= FRONT_BYTES) == front)
			parts[i].write(w);
}

void ap_whom_write_front(ap_whom_compiler *w)
{
	ap_image_head *head = &w->image->head;

	head->settings.group_departments = ap_builder_span(w->image, w->filled, w->n_filled);
	head->everyone = concern_of(w, AP_BY_EVERYONE, 0);
	ap_builder_ref_concern(w->image, (uint32_t)offsetof(ap_image_head, everyone), &head->everyone);
	head->unlisted = concern_of(w, AP_BY_UNLISTED, 0);
	ap_builder_ref_concern(w->image, (uint32_t)offsetof(ap_image_head, unlisted), &head->unlisted);
	write_if(w, true);
}

void ap_whom_write_rest(ap_whom_compiler *w)
{
	write_if(w, false);
}
