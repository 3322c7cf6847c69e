/*
 * region_walk.h - the whole of a region database: which regions it has, and where those are that are wanted. For the
 * process that reads it (region_file.h).
 */
#ifndef AP_REGION_WALK_H
#define AP_REGION_WALK_H

#include "region_file.h"

enum { AP_ALIASES_MAX = 8 };

/* As ap_region_data has them. */
typedef struct {
	bool has_subdivisions;
	ap_u128 n_placed[2]; /* addresses */
	ap_region_found *found;
	size_t n_found;
	ap_interval *intervals[2];
	size_t n_intervals[2];
	ap_region_location *locations;
	size_t n_locations;
	ap_image_alias aliases[AP_ALIASES_MAX];
	size_t n_aliases;
} ap_region_walked;

/* Walks it. What is found lives in the arena. False with what is wrong written to `out`. */
bool ap_region_walk(FILE *out, const MMDB_s *db, const char *const *codes, size_t n_codes, ap_arena *arena,
		    ap_region_walked *ret_walked);

#endif
