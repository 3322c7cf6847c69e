/* netgroups.h - who is in a netgroup, by the machine's name services. */
#ifndef AP_NETGROUPS_H
#define AP_NETGROUPS_H

#include "../lib/make/import.h"

ap_netgroup_look_up ap_netgroup_of_system;

#endif
