/* who.h - who is using the command. */
#ifndef AP_WHO_H
#define AP_WHO_H

#include "../lib/make/arena.h"

/*
 * Whoever logged in, as far as can be told: the user before sudo, the one that the kernel noted at login (loginuid,
 * proc(5)), or the one that the process runs as. In the arena.
 */
const char *ap_who(ap_arena *arena, unsigned *ret_uid);

#endif
