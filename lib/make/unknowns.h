/* unknowns.h - policies that ask for what cannot be known. */
#ifndef AP_UNKNOWNS_H
#define AP_UNKNOWNS_H

#include "finder.h"

/* Reports each group that the name services do not know, or cannot look up. */
void ap_find_unknown_groups(ap_finder *f);

#endif
