/*
 * effort.h - how much a test tries that would try everything. Under a sanitizer or valgrind, which look for faults that
 * show in few cases as in many, and take ten or fifty times as long, it tries a part.
 */
#ifndef AP_TEST_EFFORT_H
#define AP_TEST_EFFORT_H

#include <stdlib.h>
#include <string.h>

typedef enum { AP_EFFORT_FULL, AP_EFFORT_SANITIZED, AP_EFFORT_VALGRIND } ap_effort;

static inline ap_effort ap_effort_now(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

#ifdef __SANITIZE_ADDRESS__
	return AP_EFFORT_SANITIZED;
#endif
	/* valgrind puts a library of its own there */
	return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL ? AP_EFFORT_VALGRIND : AP_EFFORT_FULL;
}

/* One of how many cases is tried. */
static inline unsigned ap_effort_step(unsigned sanitized, unsigned under_valgrind)
{
	const unsigned steps[] = {
		[AP_EFFORT_FULL] = 1, [AP_EFFORT_SANITIZED] = sanitized, [AP_EFFORT_VALGRIND] = under_valgrind
	};

	return steps[ap_effort_now()];
}

#endif
