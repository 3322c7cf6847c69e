/* Sets of addresses: what of two of them becomes, against each address by itself. */
#include "../../lib/import/address_set.h"
#include "prng.h"
#include "rows.h"

#include <string.h>

enum { N_POINTS = 24 };

/* 10.0.0.N, or with `family` 1 2001:db8::N; and the ends of either family. */
static ap_address point(int family, unsigned n)
{
	ap_address address = { .family = family == 0 ? AP_ADDRESS_IPV4 : AP_ADDRESS_IPV6 };

	if (n == 0)
		return address;
	if (n == N_POINTS - 1) {
		memset(address.bytes, 0xff, family == 0 ? 4 : 16);
		return address;
	}
	memcpy(address.bytes, family == 0 ? "\x0a" : "\x20\x01\x0d\xb8", family == 0 ? 1 : 4);
	address.bytes[family == 0 ? 3 : 15] = (uint8_t)n;
	return address;
}

static bool holds(ap_arena *arena, const ap_address_set *set, const ap_address *address)
{
	ap_words words = { .n = 0 };
	bool found = false;

	ap_address_set_write(arena, set, &words);
	assert_int_equal(words.n, ap_address_set_count(set));
	for (size_t i = 0; i < words.n; i++) {
		ap_range range;

		assert_int_equal(ap_range_parse(words.items[i], &range), AP_RANGE_OK);
		found = found || ap_range_holds(&range, address);
	}
	return found;
}

static ap_address_set draw(ap_prng *prng, ap_arena *arena)
{
	ap_address_set set = { .n = { 0 } };

	for (uint32_t i = 0, n = ap_prng_below(prng, 5); i < n; i++) {
		int family = ap_prng_chance(prng, 50) ? 1 : 0;
		uint32_t a = ap_prng_below(prng, N_POINTS), b = ap_prng_below(prng, N_POINTS);
		ap_address first = point(family, a < b ? a : b), last = point(family, a < b ? b : a);
		ap_range range = { .family = first.family };

		memcpy(range.first, first.bytes, sizeof(range.first));
		memcpy(range.last, last.bytes, sizeof(range.last));
		ap_address_set_add(arena, &set, &range);
	}
	return set;
}

static void test_sets_are_what_their_addresses_are(void **state)
{
	ap_prng prng = ap_prng_seeded(44);

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		ap_arena *arena = ap_arena_new();
		ap_address_set a = draw(&prng, arena), b = draw(&prng, arena);
		ap_address_set both = ap_address_set_intersection(arena, &a, &b);
		ap_address_set not_a = ap_address_set_complement(arena, &a);
		bool overlap = false, within = true;

		for (unsigned i = 0; i < 2 * N_POINTS; i++) {
			ap_address address = point((int)(i % 2), i / 2);
			bool in_a = holds(arena, &a, &address), in_b = holds(arena, &b, &address);

			assert_int_equal(holds(arena, &both, &address), in_a && in_b);
			assert_int_equal(holds(arena, &not_a, &address), !in_a);
			overlap = overlap || (in_a && in_b);
			within = within && (!in_a || in_b);
		}
		assert_int_equal(ap_address_sets_overlap(&a, &b), overlap);
		/* all addresses between two points are in, or none is */
		if (!within)
			assert_false(ap_address_set_is_within(&a, &b));
		assert_true(ap_address_set_is_within(&both, &a));
		ap_arena_free(arena);
	}
}

static void test_everything_and_nothing(void **state)
{
	ap_arena *arena = ap_arena_new();
	ap_address_set nothing = { .n = { 0 } }, all = ap_address_set_complement(arena, &nothing);
	ap_address_set none_again = ap_address_set_complement(arena, &all);
	ap_words words = { .n = 0 };

	(void)state;
	ap_address_set_write(arena, &all, &words);
	assert_int_equal(words.n, 2);
	assert_string_equal(words.items[0], "0.0.0.0/0");
	assert_string_equal(words.items[1], "::/0");
	assert_int_equal(ap_address_set_count(&none_again), 0);
	assert_true(ap_address_set_is_within(&nothing, &nothing));
	assert_false(ap_address_sets_overlap(&nothing, &all));
	ap_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets_are_what_their_addresses_are),
		cmocka_unit_test(test_everything_and_nothing),
	};

	return cmocka_run_group_tests_name("address sets", tests, NULL, NULL);
}
