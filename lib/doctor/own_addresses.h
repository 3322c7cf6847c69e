/* own_addresses.h - the machine's own addresses: those that any of its users can connect from. */
#ifndef AP_DOCTOR_OWN_ADDRESSES_H
#define AP_DOCTOR_OWN_ADDRESSES_H

#include "../login/address.h"
#include "host.h"

typedef struct {
	ap_range *items; /* 127.0.0.0/8, ::1, and each interface's own */
	size_t n;
} ap_own_addresses;

/* Of another machine's root, the addresses of "lo" alone are known. */
ap_own_addresses ap_own_addresses_of(const ap_host *host);

/* The addresses that are in both; false where none is. */
bool ap_ranges_meet(const ap_range *a, const ap_range *b, ap_range *ret_range);

#endif
