/*
 * firewall_match.h - does a connection fit what a rule of nftables compares it with?
 *
 * Asked of rules as libnftables-json(5) has them, one MATCH at a time.
 */
#ifndef AP_DOCTOR_FIREWALL_MATCH_H
#define AP_DOCTOR_FIREWALL_MATCH_H

#include "../login/tri.h"
#include "connection.h"

#include <jansson.h>

/* A text of a printed object; "" where it has none. */
static inline const char *ap_nft_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* Unknown where it is not understood, or hangs on what is not known of the connection. */
ap_tri ap_firewall_match_fits(const ap_connection *connection, const json_t *match);

#endif
