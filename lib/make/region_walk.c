#include "region_walk.h"

#include "names.h"
#include "region_codes.h"

#include <stdlib.h>
#include <string.h>

/* The codes of one record: indices into `found`, the country's first; none: it is not placed. */
typedef struct {
	uint32_t codes[AP_LOCATION_MAX];
	uint32_t n;
	uint32_t location; /* or AP_NONE where no region of it is wanted */
} record;

typedef struct {
	FILE *out;
	const MMDB_s *db;
	ap_arena *arena;
	ap_names *wanted;      /* codes to their numbers */
	uint32_t unlocated;    /* its location, or AP_NONE */
	uint64_t visits;       /* nodes that the walk came to */
	uint64_t visits_limit; /* more than that only a tree that is none */
	int family;            /* that is being walked */
	unsigned bits;         /* of its addresses */
	uint32_t *offsets;     /* a hash table: of the data to records, as offset + 1 */
	uint32_t *numbers;     /* the record's, in the same slot */
	size_t n_slots;
	record *records;
	size_t n_records;
	ap_names *location_numbers; /* by the numbers of their regions, as text */
	ap_names *found_numbers;
	ap_region_walked made;
} walking;

/*
 * Records
 */

static uint32_t found_number(walking *w, const char *code)
{
	uint32_t number = ap_names_find(w->found_numbers, code);

	if (number != AP_NONE)
		return number;
	number = (uint32_t)w->made.n_found;
	(void)snprintf(AP_PUSH(w->arena, w->made.found, w->made.n_found)->code, AP_REGION_CODE_MAX, "%s", code);
	ap_names_put(w->found_numbers, ap_arena_strdup(w->arena, code), number);
	return number;
}

static void add_code(walking *w, record *to, ap_region_location *location, const char *code)
{
	uint32_t wanted = ap_names_find(w->wanted, code), number = found_number(w, code);

	/* a record may say the same twice */
	for (uint32_t i = 0; i < to->n; i++)
		if (to->codes[i] == number)
			return;
	to->codes[to->n++] = number;
	if (wanted != AP_NONE)
		location->regions[location->n++] = wanted;
}

/* The number of the location that is in these regions, AP_NONE where it is in none. */
static uint32_t location_number(walking *w, const ap_region_location *location)
{
	char key[AP_LOCATION_MAX * 12] = "";
	size_t length = 0;
	uint32_t number;

	if (location->n == 0)
		return AP_NONE;
	for (uint32_t i = 0; i < location->n; i++)
		length += (size_t)snprintf(key + length, sizeof(key) - length, "%u,", location->regions[i]);
	number = ap_names_find(w->location_numbers, key);
	if (number != AP_NONE)
		return number;
	number = (uint32_t)w->made.n_locations;
	*AP_PUSH(w->arena, w->made.locations, w->made.n_locations) = *location;
	ap_names_put(w->location_numbers, ap_arena_strdup(w->arena, key), number);
	return number;
}

/* Is it a subdivision's code as ISO 3166-2 has them, without the country's? */
static bool is_subdivision_code(const char *code)
{
	size_t length = strlen(code);

	return length >= 1 && length <= 3 && strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == length;
}

static record make_record(walking *w, const ap_region_codes *codes)
{
	ap_region_location location = { .n = 0 };
	record made = { .location = w->unlocated };

	if (!ap_region_is_country(codes->country))
		return made;
	add_code(w, &made, &location, codes->country);
	for (size_t i = 0; i < codes->n_subdivisions; i++) {
		char code[AP_REGION_CODE_MAX];

		if (!is_subdivision_code(codes->subdivisions[i]))
			continue;
		w->made.has_subdivisions = true;
		(void)snprintf(code, sizeof(code), "%.2s-%.3s", codes->country, codes->subdivisions[i]);
		add_code(w, &made, &location, code);
	}
	made.location = location_number(w, &location);
	return made;
}

static size_t slot_of(const walking *w, uint32_t offset)
{
	size_t slot = (size_t)(offset * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (w->n_slots - 1);

	while (w->offsets[slot] != 0 && w->offsets[slot] != offset + 1)
		slot = (slot + 1) & (w->n_slots - 1);
	return slot;
}

static void enlarge_slots(walking *w)
{
	walking larger = *w;

	larger.n_slots = w->n_slots == 0 ? 1024 : w->n_slots * 2;
	larger.offsets = ap_arena_alloc(w->arena, larger.n_slots * sizeof(*larger.offsets));
	larger.numbers = ap_arena_alloc(w->arena, larger.n_slots * sizeof(*larger.numbers));
	for (size_t i = 0; i < w->n_slots; i++)
		if (w->offsets[i] != 0) {
			size_t slot = slot_of(&larger, w->offsets[i] - 1);

			larger.offsets[slot] = w->offsets[i];
			larger.numbers[slot] = w->numbers[i];
		}
	*w = larger;
}

/* The record at that offset of the data, NULL if it cannot be read. Many networks share one. */
static const record *record_at(walking *w, uint32_t offset)
{
	ap_region_codes codes;
	size_t slot;

	if (w->n_records * 2 >= w->n_slots)
		enlarge_slots(w);
	slot = slot_of(w, offset);
	if (w->offsets[slot] == 0) {
		if (!ap_region_file_codes(w->db, offset, &codes))
			return NULL;
		w->offsets[slot] = offset + 1;
		w->numbers[slot] = (uint32_t)w->n_records;
		*AP_PUSH(w->arena, w->records, w->n_records) = make_record(w, &codes);
	}
	return &w->records[w->numbers[slot]];
}

/*
 * The search tree
 */

/* All of IPv6 is one more than fits. */
static ap_u128 plus(ap_u128 count, ap_u128 size_less_one)
{
	ap_u128 sum = count + size_less_one;

	return sum < count || sum == ~(ap_u128)0 ? ~(ap_u128)0 : sum + 1;
}

/* All addresses that begin with the first `depth` bits of `first` have that record. */
static void take_network(walking *w, ap_u128 first, unsigned depth, const record *of)
{
	/* depth 0 is IPv4 alone, whole: all of IPv6 is two halves at least */
	ap_u128 size_less_one = ((ap_u128)1 << (w->bits - depth)) - 1;
	size_t *n = &w->made.n_intervals[w->family];
	ap_interval *before = *n > 0 ? &w->made.intervals[w->family][*n - 1] : NULL;

	for (uint32_t i = 0; i < of->n; i++)
		w->made.found[of->codes[i]].n_addresses[w->family] =
			plus(w->made.found[of->codes[i]].n_addresses[w->family], size_less_one);
	if (of->n > 0)
		w->made.n_placed[w->family] = plus(w->made.n_placed[w->family], size_less_one);
	if (of->location == AP_NONE)
		return;
	if (before != NULL && before->origin == of->location && first - before->last == 1)
		before->last = first + size_less_one;
	else
		*AP_PUSH(w->arena, w->made.intervals[w->family], *n) =
			(ap_interval){ .first = first, .last = first + size_less_one, .origin = of->location };
}

static ap_image_alias alias_of(ap_u128 prefix, unsigned depth)
{
	ap_image_alias alias = { .prefix_bytes = depth / 8 };

	for (unsigned i = 0; i < alias.prefix_bytes; i++)
		alias.prefix[i] = (uint8_t)(prefix >> (AP_REGION_IPV6_BITS - 8 * (i + 1)));
	return alias;
}

/* An IPv4-mapped address is the IPv4 one (address.h): nothing is ever looked up there. */
static bool is_mapped(const walking *w, ap_u128 prefix, unsigned depth)
{
	return w->family == 1 && depth == AP_REGION_IPV4_AT && prefix == (ap_u128)0xffff << AP_REGION_IPV4_BITS;
}

/* True if the node is that of the IPv4 addresses, and was noted as an alias of them. */
static bool take_alias(walking *w, uint64_t node, ap_u128 prefix, unsigned depth)
{
	if (w->family == 0 || w->db->ipv4_start_node.netmask != AP_REGION_IPV4_AT ||
	    node != w->db->ipv4_start_node.node_value || depth > AP_REGION_IPV4_AT || depth % 8 != 0)
		return false;
	if (w->made.n_aliases == AP_ALIASES_MAX)
		return false;
	w->made.aliases[w->made.n_aliases++] = alias_of(prefix, depth);
	return true;
}

static bool walk(walking *w, uint64_t node, ap_u128 prefix, unsigned depth);

/* What a record of the tree leads to: more of it, data, or nothing. */
static bool follow(walking *w, uint64_t value, uint8_t type, ap_u128 prefix, unsigned depth)
{
	const record unlocated = { .location = w->unlocated };
	const record *of = &unlocated;

	if (is_mapped(w, prefix, depth))
		return true;
	switch (type) {
	case MMDB_RECORD_TYPE_SEARCH_NODE:
		if (depth == w->bits)
			return ap_region_refuse(w->out,
						"is damaged: its search tree is deeper than addresses are long");
		return take_alias(w, value, prefix, depth) || walk(w, value, prefix, depth);
	case MMDB_RECORD_TYPE_DATA:
		if (value - w->db->metadata.node_count < AP_REGION_SEPARATOR_BYTES)
			return ap_region_refuse(w->out, "is damaged: its search tree leads out of the data");
		of = record_at(w, (uint32_t)(value - w->db->metadata.node_count - AP_REGION_SEPARATOR_BYTES));
		if (of == NULL)
			return ap_region_refuse(w->out, "is damaged: a record cannot be read");
		break;
	case MMDB_RECORD_TYPE_EMPTY:
		break;
	default:
		return ap_region_refuse(w->out, "is damaged: its search tree leads out of the file");
	}
	take_network(w, prefix, depth, of);
	return true;
}

static bool walk(walking *w, uint64_t node, ap_u128 prefix, unsigned depth)
{
	MMDB_search_node_s found;

	if (++w->visits > w->visits_limit)
		return ap_region_refuse(w->out, "is damaged: its search tree runs in circles");
	if (MMDB_read_node(w->db, (uint32_t)node, &found) != MMDB_SUCCESS)
		return ap_region_refuse(w->out, "is damaged: its search tree cannot be read");
	return follow(w, found.left_record, found.left_record_type, prefix, depth + 1) &&
	       follow(w, found.right_record, found.right_record_type, prefix | (ap_u128)1 << (w->bits - depth - 1),
		      depth + 1);
}

/* Where a tree of both families has no node of its own for IPv4, all of IPv4 is what a shorter prefix leads to. */
static bool walk_ipv4_of_both(walking *w)
{
	const MMDB_ipv4_start_node_s *start = &w->db->ipv4_start_node;
	uint32_t n = w->db->metadata.node_count, value = start->node_value;
	uint8_t type = value == n ? MMDB_RECORD_TYPE_EMPTY : MMDB_RECORD_TYPE_DATA;

	if (start->netmask == AP_REGION_IPV4_AT && value < n)
		return walk(w, value, 0, 0);
	if (value > n && value - n >= w->db->data_section_size)
		type = MMDB_RECORD_TYPE_INVALID;
	return follow(w, value, value < n ? MMDB_RECORD_TYPE_INVALID : type, 0, 0);
}

static bool walk_family(walking *w, int family)
{
	bool of_both = w->db->metadata.ip_version == 6;

	if (family == 1 && !of_both)
		return true;
	w->family = family;
	w->bits = family == 0 ? AP_REGION_IPV4_BITS : AP_REGION_IPV6_BITS;
	if (w->db->metadata.node_count == 0)
		return ap_region_refuse(w->out, "is damaged: its search tree is empty");
	if (family == 0 && of_both)
		return walk_ipv4_of_both(w);
	return walk(w, 0, 0, 0);
}

static int by_code(const void *a, const void *b)
{
	return strcmp(((const ap_region_found *)a)->code, ((const ap_region_found *)b)->code);
}

static void prepare(walking *w, const char *const *codes, size_t n_codes)
{
	w->wanted = ap_names_new(w->arena);
	w->location_numbers = ap_names_new(w->arena);
	w->found_numbers = ap_names_new(w->arena);
	for (size_t i = 0; i < n_codes; i++)
		ap_names_put(w->wanted, codes[i], (uint32_t)i);
	w->unlocated = ap_names_find(w->wanted, "unlocated");
	if (w->unlocated != AP_NONE)
		w->unlocated = location_number(w, &(ap_region_location){ .regions = { w->unlocated }, .n = 1 });
	/* the IPv4 part may be come to as often as IPv6 has ways to write it, and that by ways that are no aliases here; no
	   node otherwise more than once */
	w->visits_limit = (uint64_t)w->db->metadata.node_count * 4 * AP_ALIASES_MAX;
}

bool ap_region_walk(FILE *out, const MMDB_s *db, const char *const *codes, size_t n_codes, ap_arena *arena,
		    ap_region_walked *ret_walked)
{
	walking w = { .out = out, .db = db, .arena = arena };

	prepare(&w, codes, n_codes);
	if (!walk_family(&w, 0) || !walk_family(&w, 1))
		return false;
	if (w.made.n_found > 0)
		qsort(w.made.found, w.made.n_found, sizeof(*w.made.found), by_code);
	*ret_walked = w.made;
	return true;
}
