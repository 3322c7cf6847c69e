/* candidates.h - what a word that is not typed to its end may become. */
#ifndef AP_CANDIDATES_H
#define AP_CANDIDATES_H

#include "../lib/make/arena.h"
#include "screen.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
	const char *text;
	const char *note; /* what is said of it, or NULL */
	bool goes_on;     /* it is a word's beginning alone */
} ap_candidate;

typedef struct {
	ap_arena *arena; /* of what is pushed */
	ap_candidate *items;
	size_t n;
	size_t n_left; /* that were too many */
} ap_candidates;

enum { AP_CANDIDATES_MOST = 500 };

/* Adds one, both texts borrowed; beyond AP_CANDIDATES_MOST it is counted. */
void ap_candidates_add(ap_candidates *candidates, const char *text, const char *note);

/* How many bytes all of them, of which there are some, begin with alike, without regard to ASCII case; whole characters. */
size_t ap_candidates_common(const ap_candidates *candidates);

/* Lists them on standard output: each with its note on a line, or where there are no notes as many on a line as have room. */
void ap_candidates_write(const ap_screen *screen, const ap_candidates *candidates);

#endif
