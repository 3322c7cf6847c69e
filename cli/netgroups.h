/* netgroups.h - who is in a netgroup, and which accounts there are, by the machine's name services. */
#ifndef AP_NETGROUPS_H
#define AP_NETGROUPS_H

#include "../lib/import/import.h"

ap_netgroup_look_up ap_netgroup_of_system;

/* Those of sources that list what they have; a directory server often does not. */
ap_accounts_list ap_accounts_of_system;

#endif
