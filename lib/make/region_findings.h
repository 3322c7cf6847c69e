/* region_findings.h - regions that are valid and probably not what was meant. A part of findings.c. */
#ifndef AP_REGION_FINDINGS_H
#define AP_REGION_FINDINGS_H

#include "finder.h"

/*
 * Reports a region in use that has no address, that the region database has no IPv6, or no IPv4, and a subdivision that
 * is listed beside its country.
 */
void ap_find_regions(ap_finder *f);

#endif
