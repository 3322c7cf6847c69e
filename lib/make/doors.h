/* doors.h - logins at the machine itself, without which nobody could mend a policy. */
#ifndef AP_DOORS_H
#define AP_DOORS_H

#include "finder.h"

/* True if the policy is in force and can deny a system login. */
bool ap_restricts_system(ap_finder *f, const ap_image_policy *policy);

/* Reports each whitelist in force that denies logins at the machine itself to more than single members. */
void ap_find_closed_machine(ap_finder *f);

#endif
