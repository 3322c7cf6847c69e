/*
 * reach.h - who can connect to a port of the machine: its own users, and others.
 *
 * What a service believes because of the address that a connection comes from, or the port that it comes to, is as
 * good as what keeps others from that address and port.
 */
#ifndef AP_DOCTOR_REACH_H
#define AP_DOCTOR_REACH_H

#include "finding.h"
#include "firewall.h"
#include "own_addresses.h"

typedef struct {
	ap_arena *arena;
	ap_own_addresses own;
	ap_firewall *firewall;
	/* Why the packet filter's rules could not be read, and so keep nobody out; NULL: they could. */
	const char *fault;
} ap_reach;

/* Free with ap_reach_end. */
ap_reach ap_reach_of(const ap_host *host);
void ap_reach_end(ap_reach *reach);

/*
 * True if a user of the machine, one that no rule names, can connect to the port from one of its addresses in the
 * network; of any of its addresses where that is NULL. `host` is what the service listens on: an address; "", "*" or
 * "all": all of them. *ret_source is an address by which it works.
 */
bool ap_reach_from_here(const ap_reach *reach, const char *network, const char *host, unsigned port,
			ap_address *ret_source);

/* True if it is an address or a network, as Dovecot and Postfix write them; no name, file or table. */
bool ap_reach_is_network(ap_arena *arena, const char *text);

/*
 * The rules of nftables' output that keep connections which `match` fits ("ip saddr 127.0.0.9") for root and this user.
 * Who may is accepted: a connection that no user can be told of fits no rule about users.
 */
const char *ap_reach_rules(ap_arena *arena, const char *match, const char *user);

/* "anybody" or "any local user", who can connect to the port; NULL: neither. */
const char *ap_reach_who(const ap_reach *reach, const char *host, unsigned port);

/*
 * How sure that is: a bypass, or, where the packet filter's rules could not be read, not certain; and `why`, with that
 * said.
 */
ap_finding_kind ap_reach_kind(const ap_reach *reach);
const char *ap_reach_why(const ap_reach *reach, const char *why);

#endif
