/* administrators.h - those who must never be locked out. */
#ifndef AP_ADMINISTRATORS_H
#define AP_ADMINISTRATORS_H

#include "finder.h"

/* The name by which an administrator logs in, as `administrators` lists him: "postmaster@" is that name. In the arena. */
const char *ap_administrator_login(ap_arena *arena, const char *listed);

/*
 * Reports each policy that denies one of the administrators a system login, or leaves it undetermined, with such a
 * login.
 */
void ap_find_denied_administrators(ap_finder *f);

/* Reports that system logins are restricted and no administrators are named. */
void ap_find_no_administrators(ap_finder *f);

#endif
