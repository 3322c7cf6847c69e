/* Overlapping ranges become disjoint intervals of the same addresses, each with the lowest origin that holds it. */
#include "../../lib/make/flatten.h"
#include "../support/prng.h"
#include "../support/rows.h"

enum { TOP = 40, MOST = 12, ROUNDS = 20000 };

/* The origin of the first range that holds the address; `none` where no one does. */
static uint32_t naive_origin(const ap_interval *ranges, size_t n, ap_u128 address)
{
	uint32_t best = UINT32_MAX;
	size_t i;

	for (i = 0; i < n; i++)
		if (ranges[i].first <= address && address <= ranges[i].last && ranges[i].origin < best)
			best = ranges[i].origin;
	return best;
}

static void test_union_is_kept_with_the_lowest_origin(void **state)
{
	ap_prng prng = ap_prng_seeded(7);
	int round;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		ap_arena *arena = ap_arena_new();
		ap_interval written[MOST], *made = ap_arena_alloc(arena, MOST * sizeof(*made));
		size_t n = ap_prng_below(&prng, MOST + 1), n_made = n, i;
		/* half of the rounds end at the last address there is, where last + 1 wraps */
		ap_u128 base = ap_prng_below(&prng, 2) == 0 ? 0 : ~(ap_u128)0 - TOP;
		ap_u128 at;

		for (i = 0; i < n; i++) {
			ap_u128 first = ap_prng_below(&prng, TOP + 1),
				last = first + ap_prng_below(&prng, (uint32_t)(TOP + 1 - first));

			written[i] = made[i] = (ap_interval){ base + first, base + last, ap_prng_below(&prng, 5) };
		}
		ap_flatten(arena, &made, &n_made);
		for (i = 1; i < n_made; i++)
			assert_true(made[i - 1].last < made[i].first);
		for (i = 1; i < n_made; i++)
			assert_false(made[i - 1].last + 1 == made[i].first && made[i - 1].origin == made[i].origin);
		for (at = 0; at <= TOP; at++)
			if (naive_origin(written, n, base + at) != naive_origin(made, n_made, base + at))
				fail_msg("round %d: the address base + %u has another origin", round, (unsigned)at);
		ap_arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_union_is_kept_with_the_lowest_origin) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
