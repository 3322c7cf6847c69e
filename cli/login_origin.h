/* login_origin.h - which login is the command being run from. */
#ifndef AP_LOGIN_ORIGIN_H
#define AP_LOGIN_ORIGIN_H

#include "../lib/make/guard.h"

/*
 * The logins that somebody who runs the command may have come by: each user that it may be, before and after sudo, from
 * each address that is found. Users are those that sudo, the kernel's loginuid and utmp name, whoever owns an ancestor
 * that came by ssh, and the users that the process runs as. Addresses are those of SSH_CONNECTION, in the command's own
 * environment and its ancestors', and of utmp's entries of their terminals (proc(5), ssh(1), utmp(5)). sudo takes the
 * variable away, which is why ancestors are asked; and gives a terminal of its own (use_pty), which is why all theirs are.
 *
 * All of it can be forged by whoever runs the command, and what is found twice, or is stale, stands beside the rest: it
 * makes the guard ask about more logins, never about fewer. None: a timer or a service, or what there is cannot be told.
 * Everything lives in the arena.
 */
ap_origin ap_login_origin(ap_arena *arena);

#endif
