/*
 * firewall.h - does the machine's packet filter (nftables) keep a connection out for certain?
 *
 * Asked of the rules as "nft -j list ruleset" prints them. A rule that is not understood is taken to let the
 * connection through where it accepts, and to miss it where it drops: "kept out" is said only of what no reading of
 * the rules lets in.
 */
#ifndef AP_DOCTOR_FIREWALL_H
#define AP_DOCTOR_FIREWALL_H

#include "connection.h"
#include "host.h"

typedef struct ap_firewall ap_firewall;

/*
 * Asks the machine's nft(8). Never NULL; where there is none, or it prints no rules, nothing is kept out.
 * `*ret_fault`: why the rules could not be read; NULL: they could, or there is no nft. Free with ap_firewall_free.
 */
ap_firewall *ap_firewall_read(const ap_host *host, const char **ret_fault);

/* The same of a printed text; NULL where it is no such. */
ap_firewall *ap_firewall_parse(const char *json);

void ap_firewall_free(ap_firewall *firewall);

/* True if no such connection gets through. */
bool ap_firewall_keeps_out(const ap_firewall *firewall, const ap_connection *connection);

#endif
