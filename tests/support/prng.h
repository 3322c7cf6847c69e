/*
 * prng.h - numbers that look random and are the same in every run (xorshift64*, S. Vigna, "An experimental
 * exploration of Marsaglia's xorshift generators, scrambled", 2016).
 */
#ifndef AP_TEST_PRNG_H
#define AP_TEST_PRNG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
	uint64_t state; /* never 0 */
} ap_prng;

static inline uint64_t ap_prng_next(ap_prng *prng)
{
	prng->state ^= prng->state >> 12;
	prng->state ^= prng->state << 25;
	prng->state ^= prng->state >> 27;
	return prng->state * UINT64_C(2685821657736338717);
}

/* 0 … n - 1; n must not be 0. */
static inline uint32_t ap_prng_below(ap_prng *prng, uint32_t n)
{
	return (uint32_t)((ap_prng_next(prng) >> 32) % n);
}

/* True `percent` times of a hundred. */
static inline bool ap_prng_chance(ap_prng *prng, uint32_t percent)
{
	return ap_prng_below(prng, 100) < percent;
}

/* One of the array's elements. */
#define AP_PICK(prng, array) ((array)[ap_prng_below((prng), (uint32_t)(sizeof(array) / sizeof((array)[0])))])

/* The seed is `standard`, or the environment's AP_SEED; it is printed, so that a failure can be had again. */
static inline ap_prng ap_prng_seeded(uint64_t standard)
{
	const char *given = getenv("AP_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : standard;

	(void)printf("seed: AP_SEED=%#llx\n", (unsigned long long)seed);
	return (ap_prng){ .state = seed != 0 ? seed : 1 };
}

#endif
