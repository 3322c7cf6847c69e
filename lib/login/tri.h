/*
 * tri.h - three-valued logic (S. C. Kleene, "On notation for ordinal numbers", 1938; the strong tables).
 *
 * The values are ordered no < unknown < yes, so that AND is the minimum and OR the maximum.
 */
#ifndef AP_TRI_H
#define AP_TRI_H

#include <stdbool.h>

typedef enum { AP_NO = 0, AP_UNKNOWN = 1, AP_YES = 2 } ap_tri;

static inline ap_tri ap_tri_and(ap_tri a, ap_tri b)
{
	return a < b ? a : b;
}
static inline ap_tri ap_tri_or(ap_tri a, ap_tri b)
{
	return a > b ? a : b;
}
static inline ap_tri ap_tri_not(ap_tri a)
{
	return (ap_tri)(AP_YES - a);
}
static inline ap_tri ap_tri_of(bool holds)
{
	return holds ? AP_YES : AP_NO;
}

/* "yes", "no" or "unknown". */
static inline const char *ap_tri_name(ap_tri value)
{
	return value == AP_YES ? "yes" : value == AP_NO ? "no" : "unknown";
}

#endif
