/* aliases.h - groups that a login would not find the account in, being named otherwise than its groups are. */
#ifndef AP_ALIASES_H
#define AP_ALIASES_H

#include "../login/nss.h"
#include "diagnostics.h"
#include "policyset.h"

/*
 * Beyond the first AP_GROUPS_ASKED groups a login compares names with those of the account's own groups (answer.h). One
 * that is a second name of its number, or is written in another case than the name services have it, would be in none
 * of these, and what it decides would be passed over. Adds an error for each. `nss` NULL: the system's.
 */
void ap_find_aliases(const ap_policy_set *set, const ap_image *image, const ap_nss *nss, ap_diagnostics *diagnostics);

#endif
