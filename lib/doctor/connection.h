/* connection.h - a connection by which somebody might log in. */
#ifndef AP_DOCTOR_CONNECTION_H
#define AP_DOCTOR_CONNECTION_H

#include "../login/address.h"

#include <stdbool.h>

/*
 * A new TCP connection that ends on this machine. `from_here`: by a process of this machine, over "lo", whose user and
 * group no rule names. Else from elsewhere, over an interface that no rule names; then `source` may be of the family
 * AP_ADDRESS_UNKNOWN, an address that is in nothing which a rule names. Whom a rule names, the administrator had in
 * mind.
 */
typedef struct {
	ap_address source;
	ap_address destination;
	unsigned port;
	bool from_here;
} ap_connection;

#endif
