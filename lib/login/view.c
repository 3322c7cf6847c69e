#include "view.h"

#include <string.h>

uint32_t ap_image_count(const ap_image *image, ap_table_kind table)
{
	return ap_image_head_of(image)->tables[table].n;
}

/* Bytes that stay until the next are asked for; NULL with the view marked. A sum may lie behind every place there is. */
static const void *bytes_at(ap_view *view, uint64_t place, size_t size)
{
	const void *at = place <= UINT32_MAX ? ap_image_bytes(view->image, (uint32_t)place, size) : NULL;

	if (at == NULL)
		view->sound = false;
	return at;
}

/* Copies a record out; a zeroed one where there is none. */
static void copy_at(ap_view *view, uint64_t place, void *record, size_t size)
{
	const void *at = bytes_at(view, place, size);

	if (at != NULL)
		memcpy(record, at, size);
	else
		memset(record, 0, size);
}

/* The place of a table's record: as many as fit in a stretch whole stand there. */
static uint64_t place_in(uint32_t at, uint32_t number, size_t size)
{
	uint32_t fit = AP_BLOCK_BYTES / (uint32_t)size;

	return at + (uint64_t)(number / fit) * AP_BLOCK_BYTES + number % fit * (uint32_t)size;
}

static void copy_record(ap_view *view, ap_table_kind kind, uint32_t number, void *record, size_t size)
{
	const ap_image_table *table = &ap_image_head_of(view->image)->tables[kind];

	if (number >= table->n) {
		view->sound = false;
		memset(record, 0, size);
		return;
	}
	copy_at(view, place_in(table->at, number, size), record, size);
}

#define RECORD_READER(name, type, table)                                                                               \
	type ap_view_##name(ap_view *view, uint32_t number)                                                            \
	{                                                                                                              \
		type record;                                                                                           \
                                                                                                                       \
		copy_record(view, table, number, &record, sizeof(record));                                             \
		return record;                                                                                         \
	}

#define PLACE_READER(name, type)                                                                                       \
	type ap_view_##name(ap_view *view, uint32_t place)                                                             \
	{                                                                                                              \
		type record;                                                                                           \
                                                                                                                       \
		copy_at(view, place, &record, sizeof(record));                                                         \
		return record;                                                                                         \
	}

RECORD_READER(client, ap_image_client, AP_TABLE_CLIENTS)
RECORD_READER(hint, ap_image_hint, AP_TABLE_HINTS)
RECORD_READER(group, ap_image_group, AP_TABLE_GROUPS)
RECORD_READER(member, ap_image_member, AP_TABLE_MEMBERS)
RECORD_READER(domain, uint32_t, AP_TABLE_DOMAINS)
RECORD_READER(policy_place, uint32_t, AP_TABLE_POLICIES)
RECORD_READER(origin, ap_image_origin, AP_TABLE_ORIGINS)
RECORD_READER(source, ap_image_source, AP_TABLE_SOURCES)
RECORD_READER(region, ap_image_region, AP_TABLE_REGIONS)
RECORD_READER(location, ap_image_location, AP_TABLE_LOCATIONS)
RECORD_READER(alias, ap_image_alias, AP_TABLE_ALIASES)
RECORD_READER(database, ap_image_database, AP_TABLE_DATABASES)
PLACE_READER(policy_at, ap_image_policy)
PLACE_READER(exception_at, ap_image_exception)
PLACE_READER(department_at, ap_image_department)
PLACE_READER(net, ap_image_net)

/* A record's place by its number in a table of places; AP_NONE, which is behind every image's end, where it has none. */
static uint32_t place_of(ap_view *view, ap_table_kind kind, uint32_t number)
{
	uint32_t place;

	copy_record(view, kind, number, &place, sizeof(place));
	return place != 0 ? place : AP_NONE;
}

ap_image_department ap_view_department(ap_view *view, uint32_t number)
{
	return ap_view_department_at(view, place_of(view, AP_TABLE_DEPARTMENTS, number));
}

ap_image_policy ap_view_policy(ap_view *view, uint32_t number)
{
	return ap_view_policy_at(view, place_of(view, AP_TABLE_POLICIES, number));
}

ap_image_exception ap_view_exception(ap_view *view, uint32_t number)
{
	return ap_view_exception_at(view, place_of(view, AP_TABLE_EXCEPTIONS, number));
}

ap_image_settings ap_view_settings(ap_view *view)
{
	return ap_image_head_of(view->image)->settings;
}

const char *ap_view_string(ap_view *view, uint32_t place)
{
	const char *text = place != 0 ? ap_image_string(view->image, place) : "";

	if (text != NULL)
		return text;
	view->sound = false;
	return "";
}

const char *ap_view_next_text(ap_view *view, uint32_t *place)
{
	const void *at = bytes_at(view, *place, sizeof(uint32_t));
	uint32_t length;
	const char *text;

	if (at == NULL)
		return "";
	memcpy(&length, at, sizeof(length));
	text = length < AP_BLOCK_BYTES ? bytes_at(view, *place + (uint32_t)sizeof(length), (size_t)length + 1) : NULL;
	if (text == NULL || text[length] != '\0') {
		view->sound = false;
		return "";
	}
	*place += (uint32_t)sizeof(length) + (length + 4) / 4 * 4;
	return text;
}

uint32_t ap_view_number(ap_view *view, ap_span span, uint32_t index)
{
	uint32_t value;

	if (index >= span.n) {
		view->sound = false;
		return 0;
	}
	if (span.n == 1)
		return span.at;
	copy_at(view, span.at + (uint64_t)index * sizeof(value), &value, sizeof(value));
	return value;
}

bool ap_view_span_holds(ap_view *view, ap_span span, uint32_t value)
{
	uint32_t low = 0, high = span.n;

	while (low < high && view->sound) {
		uint32_t middle = low + (high - low) / 2, found = ap_view_number(view, span, middle);

		if (found == value)
			return view->sound;
		if (found < value)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/*
 * Names
 */

static uint32_t entry_bytes(const ap_image_entry *entry)
{
	uint32_t bytes = (uint32_t)sizeof(*entry) + entry->name_bytes;

	if (entry->concerned != 0)
		bytes += (uint32_t)sizeof(ap_image_concern);
	return (bytes + 3) / 4 * 4;
}

/* The entry of the name among those of a bucket. False, with *ret_passed, where there is none. */
static bool find_in_bucket(ap_view *view, const uint8_t *bucket, uint32_t bytes, uint32_t hash, const char *name,
			   size_t length, ap_subject_entry *ret_entry, bool *ret_passed)
{
	ap_image_bucket head;
	ap_image_entry entry;
	uint32_t at = sizeof(head), i;

	memcpy(&head, bucket, sizeof(head));
	*ret_passed = head.passed != 0;
	for (i = 0; i < head.n_entries; i++, at += entry_bytes(&entry)) {
		const uint8_t *rest = bucket + at + sizeof(entry);

		if (at + sizeof(entry) > bytes) {
			view->sound = false;
			return false;
		}
		memcpy(&entry, bucket + at, sizeof(entry));
		if (entry_bytes(&entry) > bytes - at) {
			view->sound = false;
			return false;
		}
		if (entry.hash != hash || entry.name_bytes != length)
			continue;
		*ret_entry =
			(ap_subject_entry){ .known = true, .number = entry.number, .departments = entry.departments };
		if (entry.concerned != 0) {
			memcpy(&ret_entry->concern, rest, sizeof(ret_entry->concern));
			rest += sizeof(ret_entry->concern);
		}
		if (memcmp(rest, name, length) == 0)
			return true;
	}
	return false;
}

ap_subject_entry ap_view_find(ap_view *view, const ap_dictionary *dictionary, const char *name, size_t length)
{
	const ap_subject_entry none = { .number = AP_NONE };
	uint64_t hash = ap_image_hash(name, length);
	uint32_t bytes = dictionary->n_buckets > 1 ? AP_BLOCK_BYTES : dictionary->bytes, tried;
	bool passed = true;

	if (dictionary->n_buckets > 0 && bytes < sizeof(ap_image_bucket))
		view->sound = false;
	for (tried = 0; tried < dictionary->n_buckets && passed && view->sound; tried++) {
		uint32_t number = (uint32_t)((hash + tried) % dictionary->n_buckets);
		const uint8_t *bucket = bytes_at(view, dictionary->at + (uint64_t)number * AP_BLOCK_BYTES, bytes);
		ap_subject_entry entry;

		if (bucket == NULL)
			break;
		if (find_in_bucket(view, bucket, bytes, (uint32_t)(hash >> 32), name, length, &entry, &passed))
			return entry;
	}
	return none;
}

uint32_t ap_view_find_policy(ap_view *view, const char *name)
{
	uint32_t n = ap_image_count(view->image, AP_TABLE_POLICIES), i;

	for (i = 0; i < n && view->sound; i++)
		if (strcmp(ap_view_string(view, ap_view_policy(view, i).name), name) == 0)
			return i;
	return AP_NONE;
}

uint32_t ap_view_find_client(ap_view *view, const char *name)
{
	uint32_t n = ap_image_count(view->image, AP_TABLE_CLIENTS), i;

	for (i = 0; i < n && view->sound; i++)
		if (strcmp(ap_view_string(view, ap_view_client(view, i).name), name) == 0)
			return i;
	return AP_NONE;
}

/*
 * Addresses
 */

typedef struct {
	const ap_image_ranges *ranges;
	uint32_t key_bytes;
	uint32_t range_bytes;
} range_set;

static range_set set_of(const ap_image_ranges *ranges, ap_family family)
{
	if (family == AP_ADDRESS_IPV4)
		return (range_set){ ranges, 4, sizeof(ap_image_range4) };
	return (range_set){ ranges, 16, sizeof(ap_image_range6) };
}

static uint32_t stretches(uint32_t n, uint32_t record_bytes)
{
	uint32_t fit = AP_BLOCK_BYTES / record_bytes;

	return n / fit + (n % fit != 0);
}

/* How many of n records in one stretch begin with a key that is not above `key`. */
static uint32_t count_up_to(const uint8_t *records, uint32_t n, uint32_t record_bytes, const uint8_t *key,
			    uint32_t key_bytes)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(records + (size_t)middle * record_bytes, key, key_bytes) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The last of the n records of a table, within one of its stretches, that begins with a key not above `key`; its number
 * in *ret_number. NULL where there is none, or it cannot be had.
 */
static const uint8_t *find_in_stretch(ap_view *view, uint32_t at, uint32_t n, uint32_t record_bytes, uint32_t stretch,
				      const uint8_t *key, uint32_t key_bytes, uint32_t *ret_number)
{
	uint32_t fit = AP_BLOCK_BYTES / record_bytes, first = stretch * fit;
	uint32_t here = first < n ? (n - first < fit ? n - first : fit) : 0, found;
	const uint8_t *records = bytes_at(view, at + (uint64_t)stretch * AP_BLOCK_BYTES, (size_t)here * record_bytes);

	found = records != NULL ? count_up_to(records, here, record_bytes, key, key_bytes) : 0;
	if (found == 0)
		return NULL;
	*ret_number = first + found - 1;
	return records + (size_t)(found - 1) * record_bytes;
}

/* From the topmost samples down: which stretch of the ranges may hold the key. False if none does. */
static bool find_stretch(ap_view *view, const range_set *set, const uint8_t *key, uint32_t *ret_stretch)
{
	uint32_t counts[AP_RANGES_LEVELS], levels = 0, n = stretches(set->ranges->n, set->range_bytes), stretch = 0;

	while (levels < AP_RANGES_LEVELS && set->ranges->samples[levels] != 0) {
		counts[levels++] = n;
		n = stretches(n, set->key_bytes);
	}
	/* the topmost level is one stretch, and where there are no samples the ranges are */
	if (n > 1)
		view->sound = false;
	while (levels-- > 0 && view->sound)
		if (find_in_stretch(view, set->ranges->samples[levels], counts[levels], set->key_bytes, stretch, key,
				    set->key_bytes, &stretch) == NULL)
			return false;
	*ret_stretch = stretch;
	return view->sound;
}

static ap_range range_of(ap_family family, const uint8_t *record, uint32_t key_bytes)
{
	ap_range range = { .family = family };

	memcpy(range.first, record, key_bytes);
	memcpy(range.last, record + key_bytes, key_bytes);
	return range;
}

/* The range that holds the key, which is of that family, with its origin. */
static bool find_range(ap_view *view, const ap_image_ranges *ranges, ap_family family, const uint8_t *key,
		       ap_range *ret_range, uint32_t *ret_origin)
{
	range_set set = set_of(ranges, family);
	const uint8_t *record;
	uint32_t stretch, unused;

	if (ranges->n == 0 || !find_stretch(view, &set, key, &stretch))
		return false;
	record = find_in_stretch(view, ranges->at, ranges->n, set.range_bytes, stretch, key, set.key_bytes, &unused);
	if (record == NULL || memcmp(key, record + set.key_bytes, set.key_bytes) > 0)
		return false;
	*ret_range = range_of(family, record, set.key_bytes);
	memcpy(ret_origin, record + 2 * (size_t)set.key_bytes, sizeof(*ret_origin));
	return true;
}

bool ap_view_find_range(ap_view *view, const ap_image_net *net, const ap_address *address, ap_range *ret_range,
			uint32_t *ret_origin)
{
	if (address->family == AP_ADDRESS_IPV4)
		return find_range(view, &net->ranges4, AP_ADDRESS_IPV4, address->bytes, ret_range, ret_origin);
	return address->family == AP_ADDRESS_IPV6 &&
	       find_range(view, &net->ranges6, AP_ADDRESS_IPV6, address->bytes, ret_range, ret_origin);
}

/* The same IPv4 range behind an alias: all IPv6 addresses that carry one of its addresses. */
static ap_range behind_alias(const ap_image_alias *alias, const ap_range *range4)
{
	ap_range range = { .family = AP_ADDRESS_IPV6 };

	memcpy(range.first, alias->prefix, sizeof(range.first));
	memcpy(range.first + alias->prefix_bytes, range4->first, 4);
	memset(range.last, 0xff, sizeof(range.last));
	memcpy(range.last, alias->prefix, alias->prefix_bytes);
	memcpy(range.last + alias->prefix_bytes, range4->last, 4);
	return range;
}

/* The alias that the address begins with; false where there is none. */
static bool find_alias(ap_view *view, const ap_address *address, ap_image_alias *ret_alias)
{
	uint32_t n = ap_image_count(view->image, AP_TABLE_ALIASES), i;

	for (i = 0; i < n && view->sound; i++) {
		*ret_alias = ap_view_alias(view, i);
		if (ret_alias->prefix_bytes > sizeof(ret_alias->prefix) - 4)
			view->sound = false;
		else if (memcmp(address->bytes, ret_alias->prefix, ret_alias->prefix_bytes) == 0)
			return true;
	}
	return false;
}

bool ap_view_locate(ap_view *view, const ap_address *address, ap_range *ret_range, uint32_t *ret_location)
{
	const ap_image_map *map = &ap_image_head_of(view->image)->map;
	ap_image_alias alias;
	ap_range range4;

	if (address->family == AP_ADDRESS_IPV4)
		return find_range(view, &map->ranges4, AP_ADDRESS_IPV4, address->bytes, ret_range, ret_location);
	if (address->family != AP_ADDRESS_IPV6)
		return false;
	if (!find_alias(view, address, &alias))
		return find_range(view, &map->ranges6, AP_ADDRESS_IPV6, address->bytes, ret_range, ret_location);
	if (!find_range(view, &map->ranges4, AP_ADDRESS_IPV4, address->bytes + alias.prefix_bytes, &range4,
			ret_location))
		return false;
	*ret_range = behind_alias(&alias, &range4);
	return true;
}

const char *ap_view_region_of(ap_view *view, const ap_address *address)
{
	ap_image_location location;
	uint32_t number;
	ap_range range;

	if (!ap_view_locate(view, address, &range, &number))
		return NULL;
	location = ap_view_location(view, number);
	number = ap_view_number(view, location.regions, location.regions.n - 1);
	return ap_view_string(view, ap_view_region(view, number).code);
}

ap_range ap_view_range(ap_view *view, const ap_image_ranges *ranges, ap_family family, uint32_t index,
		       uint32_t *ret_origin)
{
	const range_set set = set_of(ranges, family);
	const uint8_t *record = NULL;

	if (index < ranges->n)
		record = bytes_at(view, place_in(ranges->at, index, set.range_bytes), set.range_bytes);
	else
		view->sound = false;
	*ret_origin = 0;
	if (record == NULL)
		return (ap_range){ .family = AP_ADDRESS_UNKNOWN };
	memcpy(ret_origin, record + 2 * (size_t)set.key_bytes, sizeof(*ret_origin));
	return range_of(family, record, set.key_bytes);
}
