/* name_services.h - who is in a netgroup, and which accounts there are, by the machine's name services. */
#ifndef AP_NAME_SERVICES_H
#define AP_NAME_SERVICES_H

#include "import.h"

ap_netgroup_look_up ap_netgroup_of_system;

/* Those of sources that list what they have; a directory server often does not. */
ap_accounts_list ap_accounts_of_system;

#endif
