/* rivals.h - whitelists that open what others close on purpose. */
#ifndef AP_RIVALS_H
#define AP_RIVALS_H

#include "finder.h"

/* Reports each whitelist that lets in whom another alone denies. */
void ap_find_openers(ap_finder *f);

#endif
