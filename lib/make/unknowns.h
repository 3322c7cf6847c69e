/* unknowns.h - policies that ask for what cannot be known. */
#ifndef AP_UNKNOWNS_H
#define AP_UNKNOWNS_H

#include "finder.h"

/* Warns of the group, at its place, if the name services do not know it, or cannot look it up. */
void ap_judge_group(const ap_nss *nss, const ap_text *group, ap_diagnostics *diagnostics);

/* Reports each group that the name services do not know, or cannot look up. */
void ap_find_unknown_groups(ap_finder *f);

#endif
