/* draw_access.h - files of access.conf that nobody thought of. */
#ifndef AP_TEST_DRAW_ACCESS_H
#define AP_TEST_DRAW_ACCESS_H

#include "prng.h"

/* A text of a few rules, marked as drawn, which the caller frees. */
char *ap_draw_access(ap_prng *prng);

#endif
