/* flatten.h - overlapping ranges made into sorted, disjoint intervals. */
#ifndef AP_FLATTEN_H
#define AP_FLATTEN_H

#include "../login/address.h"
#include "arena.h"

#include <stddef.h>
#include <stdint.h>

/* IPv4 and IPv6 addresses as numbers. */
__extension__ typedef unsigned __int128 ap_u128;

typedef struct {
	ap_u128 first;
	ap_u128 last;
	uint32_t origin;
} ap_interval;

/* How many IPv6 networks of 64 bits so many addresses fill, the last perhaps in part. */
static inline uint64_t ap_networks_of_64(ap_u128 addresses)
{
	uint64_t whole = (uint64_t)(addresses >> 64);

	return whole + ((uint64_t)addresses != 0 && whole != UINT64_MAX ? 1 : 0);
}

ap_u128 ap_u128_of(const uint8_t bytes[16], ap_family family);

/*
 * Rewrites `*n` intervals of one family in place as the sorted, disjoint intervals of their union. Where several
 * overlap, the lowest origin number has the stretch; neighbours of one origin become one interval. `arena` gives
 * scratch room; the result may be another array in it.
 */
void ap_flatten(ap_arena *arena, ap_interval **intervals, size_t *n);

#endif
