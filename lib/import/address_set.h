/* address_set.h - any set of IP addresses, and what comes of two of them. */
#ifndef AP_ADDRESS_SET_H
#define AP_ADDRESS_SET_H

#include "../make/flatten.h"
#include "../make/policy_form.h"

#include <stdbool.h>

/* Intervals that are sorted, disjoint and do not touch; of IPv4 [0] and IPv6 [1]. Zeroed is empty. */
typedef struct {
	ap_interval *items[2];
	size_t n[2];
} ap_address_set;

/* Adds a range. */
void ap_address_set_add(ap_arena *arena, ap_address_set *set, const ap_range *range);

/* Those that are not in it; those in both. New sets in the arena. */
ap_address_set ap_address_set_complement(ap_arena *arena, const ap_address_set *set);
ap_address_set ap_address_set_intersection(ap_arena *arena, const ap_address_set *a, const ap_address_set *b);

/* Is any address in both; is all of `inner` in `outer`? */
bool ap_address_sets_overlap(const ap_address_set *a, const ap_address_set *b);
bool ap_address_set_is_within(const ap_address_set *inner, const ap_address_set *outer);

static inline size_t ap_address_set_count(const ap_address_set *set)
{
	return set->n[0] + set->n[1];
}

/* Adds an IP entry to the words for each interval. */
void ap_address_set_write(ap_arena *arena, const ap_address_set *set, ap_words *words);

#endif
