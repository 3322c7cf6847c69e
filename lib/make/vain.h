/* vain.h - exceptions that free nobody from anything. */
#ifndef AP_VAIN_H
#define AP_VAIN_H

#include "finder.h"

/*
 * Reports each exception that is over, and each that certainly frees nobody from a policy that it names, and that is not
 * disabled or over: its clients, its addresses or its members are none of those that the policy denies.
 */
void ap_find_vain_exceptions(ap_finder *f);

#endif
