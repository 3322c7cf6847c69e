/*
 * Where an address is: the image's answer against libmaxminddb's own look-up in the database that it was made of.
 *
 *     test-agreement DATABASE [TABLE4 TABLE6]
 *
 * All regions that the database has are named, and "unlocated". Asked are the ends of all ranges, of the image and of the
 * tables (those of tor-geoipdb, of which the database was made), the addresses beside them, and a million of each family
 * by chance.
 */
#include "../../lib/login/view.h"
#include "../../lib/make/compile.h"
#include "../../lib/make/load.h"
#include "../../lib/make/region_codes.h"
#include "effort.h"
#include "prng.h"
#include "rows.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM = 1000000, SHOWN = 20, REGIONS = AP_LOCATION_MAX, CODE_BYTES = 12 };

static const char *database, *tables[2];

typedef struct {
	ap_policy_set *set;
	ap_image *image;
	ap_view view;
	MMDB_s db;
	size_t n_asked[2], n_placed[2];
	int failed;
} comparison;

/* The codes of the regions that hold an address; none: it is in none that is named. */
typedef struct {
	char codes[REGIONS][CODE_BYTES];
	uint32_t n;
} places;

static void add_place(places *to, const char *country, const char *subdivision)
{
	char code[2 * CODE_BYTES];

	(void)snprintf(code, sizeof(code), "%.9s%s%.3s", country, subdivision[0] != '\0' ? "-" : "", subdivision);
	for (uint32_t i = 0; i < to->n; i++)
		if (strcmp(to->codes[i], code) == 0)
			return;
	(void)snprintf(to->codes[to->n++], CODE_BYTES, "%.*s", CODE_BYTES - 1, code);
}

static const char *join(const places *of, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (uint32_t i = 0; i < of->n; i++)
		used += (size_t)snprintf(buffer + used, size - used, "%s%s", i > 0 ? " " : "", of->codes[i]);
	return buffer;
}

static bool text_at(MMDB_lookup_result_s *found, const char *const *path, char text[AP_REGION_CODE_MAX])
{
	MMDB_entry_data_s data;

	if (MMDB_aget_value(&found->entry, &data, path) != MMDB_SUCCESS || data.type != MMDB_DATA_TYPE_UTF8_STRING ||
	    data.data_size >= AP_REGION_CODE_MAX)
		return false;
	(void)snprintf(text, AP_REGION_CODE_MAX, "%.*s", (int)data.data_size, data.utf8_string);
	return true;
}

static places by_library(comparison *c, const ap_address *address)
{
	const char *const country_path[] = { "country", "iso_code", NULL };
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	bool is4 = address->family == AP_ADDRESS_IPV4;
	char country[AP_REGION_CODE_MAX], subdivision[AP_REGION_CODE_MAX];
	places result = { .n = 0 };
	MMDB_lookup_result_s found;
	int error;

	memcpy(&in4.sin_addr, address->bytes, 4);
	memcpy(&in6.sin6_addr, address->bytes, 16);
	found = MMDB_lookup_sockaddr(&c->db, is4 ? (const struct sockaddr *)&in4 : (const struct sockaddr *)&in6,
				     &error);
	assert_int_equal(error, MMDB_SUCCESS);
	if (!found.found_entry || !text_at(&found, country_path, country) || !ap_region_is_country(country)) {
		add_place(&result, "unlocated", "");
		return result;
	}
	add_place(&result, country, "");
	for (char i = '0'; i < '0' + AP_SUBDIVISIONS_MAX; i++) {
		const char index[] = { i, '\0' };
		const char *const path[] = { "subdivisions", index, "iso_code", NULL };

		if (text_at(&found, path, subdivision))
			add_place(&result, country, subdivision);
	}
	return result;
}

static places by_image(comparison *c, const ap_address *address)
{
	places result = { .n = 0 };
	ap_span regions;
	uint32_t number;
	ap_range range;

	if (!ap_view_locate(&c->view, address, &range, &number))
		return result;
	regions = ap_view_location(&c->view, number).regions;
	for (uint32_t i = 0; i < regions.n && i < REGIONS; i++)
		add_place(&result,
			  ap_view_string(&c->view, ap_view_region(&c->view, ap_view_number(&c->view, regions, i)).code),
			  "");
	return result;
}

static bool are_same(const places *a, const places *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (strcmp(a->codes[i], b->codes[i]) != 0)
			return false;
	return true;
}

static ap_address address_of(int family, ap_u128 number)
{
	ap_address address = { .family = family == 0 ? AP_ADDRESS_IPV4 : AP_ADDRESS_IPV6 };

	for (int i = family == 0 ? 3 : 15; i >= 0; i--, number >>= 8)
		address.bytes[i] = (uint8_t)number;
	return address;
}

static void ask(comparison *c, int family, ap_u128 number)
{
	ap_address address = address_of(family, number);
	places expected, found;
	char text[AP_ADDRESS_TEXT_MAX], shown[2][80];

	/* that is the IPv4 address, and never looked up as this */
	if (family == 1 && number >> 32 == 0xffff)
		return;
	expected = by_library(c, &address);
	found = by_image(c, &address);
	c->n_asked[family]++;
	c->n_placed[family] += strcmp(expected.codes[0], "unlocated") != 0;
	if (!are_same(&expected, &found) && c->failed++ < SHOWN)
		print_error("%s: by libmaxminddb \"%s\", by the image \"%s\"\n", ap_address_format(&address, text),
			    join(&expected, shown[0], sizeof(shown[0])), join(&found, shown[1], sizeof(shown[1])));
}

static ap_u128 last_of(int family)
{
	return family == 0 ? UINT32_MAX : ~(ap_u128)0;
}

static void ask_ends(comparison *c, int family, ap_u128 first, ap_u128 last)
{
	ask(c, family, first);
	ask(c, family, last);
	if (first > 0)
		ask(c, family, first - 1);
	if (last < last_of(family))
		ask(c, family, last + 1);
}

static void ask_intervals(comparison *c, int family)
{
	const ap_region_data *data = &c->set->region_data;

	for (size_t i = 0; i < data->n_intervals[family]; i += ap_effort_step(20, 2000))
		ask_ends(c, family, data->intervals[family][i].first, data->intervals[family][i].last);
}

/* "16777216,16777471,AU", "2001:200::,2001:200:134:…,JP" */
static void ask_line(comparison *c, int family, char *line)
{
	char *first = strtok(line, ","), *last = strtok(NULL, ",");
	ap_address ends[2];

	assert_non_null(last);
	if (family == 0) {
		ask_ends(c, 0, strtoul(first, NULL, 10), strtoul(last, NULL, 10));
		return;
	}
	assert_true(ap_address_parse(first, &ends[0]) && ap_address_parse(last, &ends[1]));
	ask_ends(c, 1, ap_u128_of(ends[0].bytes, ends[0].family), ap_u128_of(ends[1].bytes, ends[1].family));
}

static void ask_table(comparison *c, int family)
{
	FILE *in = fopen(tables[family], "re");
	char line[256];
	size_t n = 0;

	assert_non_null(in);
	while (fgets(line, sizeof(line), in) != NULL)
		if (line[0] != '#' && n++ % ap_effort_step(20, 2000) == 0)
			ask_line(c, family, line);
	assert_int_equal(fclose(in), 0);
	print_message("%s: %zu ranges\n", tables[family], n);
	assert_true(n > 1000);
}

static ap_u128 any_number(ap_prng *prng)
{
	return (ap_u128)ap_prng_next(prng) << 64 | ap_prng_next(prng);
}

/* An address of one of the ranges. */
static ap_u128 any_of_intervals(const comparison *c, int family, ap_prng *prng)
{
	const ap_interval *in =
		&c->set->region_data
			 .intervals[family][ap_prng_below(prng, (uint32_t)c->set->region_data.n_intervals[family])];
	ap_u128 size = in->last - in->first + 1;

	return size == 0 ? any_number(prng) : in->first + any_number(prng) % size;
}

/* One of all; one of the ranges; of IPv6, one that is given out (those begin with 001), and one of 6to4. */
static void ask_by_chance(comparison *c, int family)
{
	ap_prng prng = { .state = 0x5eed + (unsigned)family };

	for (size_t i = 0; i < RANDOM; i += ap_effort_step(20, 2000)) {
		ap_u128 number = any_number(&prng);
		uint32_t kind = ap_prng_below(&prng, 4);

		if (kind < 2)
			number = any_of_intervals(c, family, &prng);
		else if (family == 0)
			number = (uint32_t)number;
		else if (kind == 2)
			number = number >> 3 | (ap_u128)1 << 125;
		if (kind == 1 && family == 1)
			number = (ap_u128)0x2002 << 112 | any_of_intervals(c, 0, &prng) << 80 | (uint16_t)number;
		ask(c, family, number);
	}
}

/* All regions that the database has, and "unlocated". */
static char *policy_text(size_t *ret_size)
{
	ap_arena *arena = ap_arena_new();
	ap_region_data data;
	ap_error error = { 0 };
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);

	assert_non_null(out);
	if (ap_region_database_read(database, AP_REGION_SECONDS, NULL, 0, arena, &data, &error) != AP_OK)
		print_error("%s: %s\n", database, error.message);
	assert_int_equal(error.status, AP_OK);
	(void)fprintf(out, "region_database = \"%s\";\n", database);
	(void)fprintf(out, "policies = ( { name = \"P\"; type = \"blacklist\"; scope = { all = true; };\n"
			   "  regions = [ \"unlocated\"");
	for (size_t i = 0; i < data.n_found; i++)
		(void)fprintf(out, ",\n    \"%s\"", data.found[i].code);
	(void)fprintf(out, " ]; } );\n");
	assert_int_equal(fclose(out), 0);
	print_message("%s: %s, %zu regions\n", database, data.identity.type, data.n_found);
	ap_arena_free(arena);
	return text;
}

static void make_image(comparison *c)
{
	ap_diagnostics diagnostics = { 0 };
	ap_error error = { 0 };
	size_t size;
	char *text = policy_text(&size);

	if (ap_load_text("/nowhere/test.conf", text, size, &c->set, &diagnostics) != AP_OK)
		print_error("%s\n", diagnostics.items[0].message);
	assert_non_null(c->set);
	for (size_t i = 0; i < diagnostics.n; i++)
		print_error("warning: %s\n", diagnostics.items[i].message);
	assert_true(c->set->region_data_read);
	assert_int_equal(ap_compile_image(c->set, 0, &c->image, &error), AP_OK);
	c->view = ap_view_of(c->image);
	ap_diagnostics_clear(&diagnostics);
	free(text);
}

static void test_image_and_libmaxminddb_agree(void **state)
{
	comparison c = { .set = NULL };

	(void)state;
	make_image(&c);
	assert_int_equal(MMDB_open(database, MMDB_MODE_MMAP, &c.db), MMDB_SUCCESS);
	for (int family = 0; family < (c.db.metadata.ip_version == 6 ? 2 : 1); family++) {
		ask_intervals(&c, family);
		if (tables[0] != NULL)
			ask_table(&c, family);
		ask_by_chance(&c, family);
		assert_true(c.n_placed[family] > 0);
	}
	print_message("%zu IPv4 and %zu IPv6 addresses were asked, %zu and %zu of them placed; %d answers differ\n",
		      c.n_asked[0], c.n_asked[1], c.n_placed[0], c.n_placed[1], c.failed);
	assert_true(c.view.sound);
	MMDB_close(&c.db);
	ap_image_free(c.image);
	ap_policy_set_free(c.set);
	AP_ROWS_END(c.failed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_image_and_libmaxminddb_agree) };

	if (argc != 2 && argc != 4) {
		(void)fputs("Usage: test-agreement DATABASE [TABLE4 TABLE6]\n", stderr);
		return 2;
	}
	database = realpath(argv[1], NULL);
	if (database == NULL)
		return 2;
	if (argc == 4) {
		tables[0] = argv[2];
		tables[1] = argv[3];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
