/*
 * region_file.h - a region database that libmaxminddb has open, and what one of its records says. For the process that
 * reads it alone (region_database.h says why), whose answer is `out`: what is wrong is written there, as the rest of a
 * sentence that begins with the file's name.
 */
#ifndef AP_REGION_FILE_H
#define AP_REGION_FILE_H

#include "region_database.h"

#include <maxminddb.h>
#include <stdio.h>

/* By the MaxMind DB File Format Specification 2.0. */
enum {
	AP_REGION_SEPARATOR_BYTES = 16, /* between the search tree and the data section */
	AP_REGION_IPV4_BITS = 32,
	AP_REGION_IPV6_BITS = 128,
	AP_REGION_IPV4_AT = 96, /* the bits before the IPv4 addresses in a tree of IPv6 */
};

/* Writes what is wrong. Always false. */
__attribute__((format(printf, 2, 3))) bool ap_region_refuse(FILE *out, const char *format, ...);

/* Opens the file of `size` bytes that is open as `fd`. False if it is none that can be read. */
bool ap_region_file_open(FILE *out, int fd, size_t size, MMDB_s *db);

/* The codes of a record as they stand there, printable; "" where there is none. */
typedef struct {
	char country[AP_REGION_CODE_MAX];
	char subdivisions[AP_SUBDIVISIONS_MAX][AP_REGION_CODE_MAX];
	size_t n_subdivisions;
} ap_region_codes;

/* Reads the record at that offset of the data. False if it cannot be read, which is not written yet. */
bool ap_region_file_codes(const MMDB_s *db, uint32_t offset, ap_region_codes *ret_codes);

/* Copies a text that may be anything, without blanks and what is not printable, up to a NUL. */
void ap_region_copy_printable(char *to, size_t room, const char *from, size_t length);

#endif
