/* unknowns.h - policies that ask for what cannot be known. */
#ifndef AP_UNKNOWNS_H
#define AP_UNKNOWNS_H

#include "finder.h"

/* Reports each policy and exception that has regions: no region database is read in this release. */
void ap_find_regions(ap_finder *f);

/* Reports each group that the name services do not know, or cannot look up. */
void ap_find_unknown_groups(ap_finder *f);

#endif
