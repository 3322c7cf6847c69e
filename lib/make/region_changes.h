/* region_changes.h - which regions grew or shrank from one image to another. A part of changes.c. */
#ifndef AP_REGION_CHANGES_H
#define AP_REGION_CHANGES_H

#include "../login/view.h"
#include "arena.h"
#include "region_database.h"

enum { AP_GROUPED_MAX = 32 };

/* Of a region that policies of both images name. */
typedef struct {
	const char *code;
	uint32_t number; /* in the image after */
	ap_u128 came[2]; /* IPv4 and IPv6 addresses */
	ap_u128 went[2];
} ap_region_change;

/*
 * Those that changed, in the order of their numbers; their number in *ret_n. In the arena. Addresses that only an alias
 * leads to are not counted, and none of a family that either database has nothing of: where those are is unknown.
 */
ap_region_change *ap_region_changes(ap_arena *arena, ap_view *before, ap_view *after, size_t *ret_n);

/* How many IPv4 and IPv6 addresses each region of an image has, by its number; in the arena. */
typedef struct {
	ap_u128 n[2];
} ap_region_size;
ap_region_size *ap_region_sizes(ap_arena *arena, ap_view *view);

/* "1,024" */
const char *ap_grouped(uint64_t number, char buffer[AP_GROUPED_MAX]);

/* "+512 -1,024 IPv4 addresses, +3 networks of 64 bits of IPv6": in the arena. */
const char *ap_region_change_text(ap_arena *arena, const ap_region_change *change);

#endif
