/* administrators.h - those who must never be locked out. */
#ifndef AP_ADMINISTRATORS_H
#define AP_ADMINISTRATORS_H

#include "finder.h"
#include "policy_form.h"

/*
 * A name by which an administrator logs in whom `administrators` lists so: "postmaster@" is that name in the default
 * domain, or where there is none in the first that policies list, if they do. In the arena, or `listed` itself.
 */
const char *ap_administrator_login(ap_arena *arena, const ap_image *image, const char *listed);

/*
 * The administrators, as they are listed, whom the policy of that number governs whenever it is in force, with whatever
 * client: those in its scope who are not excepted from it as members. That an address or region is excepted, or that an
 * exception frees them for a time, makes no difference. Whether a group holds one being unknown, it may. `image` is the
 * set's own; `nss` NULL: the system's. In the arena.
 */
ap_words ap_governed_administrators(const ap_policy_set *set, const ap_image *image, uint32_t policy, const ap_nss *nss,
				    ap_arena *arena);

/*
 * Reports each policy that denies one of the administrators a system login, or leaves it undetermined, with such a
 * login; and each enabled one, once, with the others whom it governs.
 */
void ap_find_denied_administrators(ap_finder *f);

/* Reports that system logins are restricted and no administrators are named. */
void ap_find_no_administrators(ap_finder *f);

#endif
