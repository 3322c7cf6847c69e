/*
 * region_database.h - where addresses are, as a region database says: a file of the MaxMind DB File Format Specification
 * 2.0, of the shape of GeoIP2 Country or City, read with libmaxminddb.
 *
 * Of a record `country`.`iso_code` counts, and `subdivisions`[].`iso_code`, the largest first. An address is placed if
 * its country is one of ISO 3166-1's; any other is "unlocated": one that the database does not hold, or whose record
 * has no country, or something that is none ("EU").
 *
 * libmaxminddb trusts what it reads: there are files that make it overflow its stack or run for ever. So the file is
 * checked as others are (file.h), copied, and read in a process of its own (isolated.h): nothing that happens to the
 * file, or to that process, happens to the caller.
 */
#ifndef AP_REGION_DATABASE_H
#define AP_REGION_DATABASE_H

#include "../login/address.h"
#include "../login/image.h"
#include "../login/status.h"
#include "arena.h"
#include "flatten.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AP_REGION_CODE_MAX = 8, AP_SUBDIVISIONS_MAX = 7, AP_LOCATION_MAX = 1 + AP_SUBDIVISIONS_MAX };

/* Of each database. */
typedef struct {
	const char *type; /* "GeoLite2-City"; printable */
	int64_t built;    /* seconds since 1970-01-01T00:00:00Z; 0: it says none that is a date */
	size_t size;      /* bytes */
	uint8_t sha256[32];
} ap_database_identity;

/* A region that the database has addresses in. */
typedef struct {
	ap_u128 n_addresses[2]; /* IPv4, IPv6, as everywhere here */
	char code[AP_REGION_CODE_MAX];
} ap_region_found;

/* The regions of one location that are wanted: their numbers, the country's first. */
typedef struct {
	uint32_t regions[AP_LOCATION_MAX];
	uint32_t n;
} ap_region_location;

typedef struct {
	ap_database_identity identity;
	bool holds[2]; /* it places addresses of this family at all */
	bool has_subdivisions;
	uint64_t n_placed[2];         /* IPv4 addresses, and IPv6 networks of 64 bits, that are placed */
	const ap_region_found *found; /* ascending by code; "unlocated" is none of them */
	size_t n_found;
	const ap_interval *intervals[2]; /* sorted and disjoint; origin: index into locations */
	size_t n_intervals[2];
	const ap_region_location *locations;
	size_t n_locations;
	const ap_image_alias *aliases; /* IPv6 addresses that are where an IPv4 address is; not among the intervals */
	size_t n_aliases;
} ap_region_data;

enum { AP_DATABASE_TEXT_MAX = 160 };

/* "GeoLite2-City, built 2026-11-20 …", in local time. Returns `buffer`. */
const char *ap_database_text(const char *type, int64_t built, char buffer[AP_DATABASE_TEXT_MAX]);

/* How long a database may be read, in seconds of the processor: none that is sound takes a tenth of the longer. */
enum { AP_REGION_SECONDS = 60, AP_REGION_SECONDS_AT_LOGIN = 6 };

/*
 * Reads all of the database, but of the intervals only those in a region of `codes`, which are ascending; numbers are
 * indices into them. What it returns lives in the arena. AP_ERR_MISSING, AP_ERR_TRUST, AP_ERR_IO as of ap_file_open;
 * AP_ERR_DAMAGED for what is no such database.
 */
ap_status ap_region_database_read(const char *path, unsigned seconds, const char *const *codes, size_t n_codes,
				  ap_arena *arena, ap_region_data *ret_data, ap_error *error);

/* What the database says of one address. Codes as they stand there, printable; "" where there is none. */
typedef struct {
	bool known; /* false: it places no address of this family */
	bool found; /* it has a record */
	char country[AP_REGION_CODE_MAX];
	char subdivisions[AP_SUBDIVISIONS_MAX][AP_REGION_CODE_MAX];
	size_t n_subdivisions;
	ap_range network; /* all of it has that record */
} ap_region_answer;

/*
 * Looks `n` addresses up as libmaxminddb does, in a database that has been found sound as a whole. With 0 it is only
 * opened, to tell which it is. Errors as above. The answers live in the arena.
 */
ap_status ap_region_database_look_up(const char *path, const ap_address *addresses, size_t n, ap_arena *arena,
				     ap_database_identity *ret_identity, const ap_region_answer **ret_answers,
				     ap_error *error);

#endif
