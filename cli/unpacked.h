/*
 * unpacked.h - what a file holds, also one that is compressed: by gzip, which zlib reads, or by xz, zstd or bzip2, which
 * the program reads that made it.
 */
#ifndef AP_UNPACKED_H
#define AP_UNPACKED_H

#include "../lib/make/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <zlib.h>

typedef struct {
	gzFile in;
	const char *program; /* that unpacks it, or NULL */
	pid_t child;         /* which runs that */
} ap_unpacked;

/* The ending of a compressed file's name, ".gz" and the like, within `name`; NULL: it has none. */
const char *ap_unpacked_suffix(const char *name);

/*
 * Unpacks what is read from the descriptor, by the ending of `name`. NULL with *ret_file filled, which has taken the
 * descriptor over; close with ap_unpacked_close. Else why not, in the arena: the descriptor is still the caller's.
 */
const char *ap_unpacked_open(ap_arena *arena, int fd, const char *name, ap_unpacked *ret_file);

/* The next bytes, at most `size`; 0 at the end, or where it cannot be read further, which ap_unpacked_fault tells. */
size_t ap_unpacked_read(ap_unpacked *file, char *buffer, size_t size);

/* At the end: NULL if it was read whole, or why not, in the arena. */
const char *ap_unpacked_fault(ap_arena *arena, ap_unpacked *file);

void ap_unpacked_close(ap_unpacked *file);

#endif
