/*
 * address.h - where a login comes from, and is it in this range.
 *
 * Nothing here asks DNS, and nothing but the canonical text of RFC 4291 section 2.2 and of dotted-quad IPv4 with
 * four decimal numbers without leading zeros is an address.
 */
#ifndef AP_ADDRESS_H
#define AP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
	AP_ADDRESS_UNKNOWN = 0, /* so that a zeroed address is an unknown one */
	AP_ADDRESS_LOCAL,       /* a login at the machine itself */
	AP_ADDRESS_IPV4,
	AP_ADDRESS_IPV6
} ap_family;

/* `bytes` is in network byte order; an IPv4 address fills the first four, the rest is zero. An
   IPv4-mapped IPv6 address (::ffff:0:0/96, RFC 4291 section 2.5.5.2) is always held as the IPv4 one. */
typedef struct {
	ap_family family;
	uint8_t bytes[16];
} ap_address;

/* first <= last, both of `family`, both included. */
typedef struct {
	ap_family family; /* AP_ADDRESS_IPV4 or AP_ADDRESS_IPV6 */
	uint8_t first[16];
	uint8_t last[16];
} ap_range;

enum { AP_ADDRESS_TEXT_MAX = 48, AP_RANGE_TEXT_MAX = 96 };

typedef enum {
	AP_RANGE_OK = 0,
	AP_RANGE_EMPTY,       /* "" */
	AP_RANGE_NOT_ADDRESS, /* neither an address, a range nor a network: a host name, "1.2.3", "010.0.0.1" … */
	AP_RANGE_HAS_PORT,    /* "192.0.2.1:22" */
	AP_RANGE_HAS_ZONE,    /* "fe80::1%eth0" */
	AP_RANGE_SPACES,
	AP_RANGE_PREFIX,    /* "/33", "/x", "/" */
	AP_RANGE_HOST_BITS, /* "10.0.0.1/8": *ret_range is then the network */
	AP_RANGE_REVERSED,  /* "10.0.0.9-10.0.0.1" */
	AP_RANGE_MIXED      /* "10.0.0.1-2001:db8::1" */
} ap_range_fault;

/*
 * Parses an address as a login brings it: brackets and a zone suffix are dropped, an IPv4-mapped address becomes
 * the IPv4 one. False, with *ret_address untouched, where the text is anything else ("local" too).
 */
bool ap_address_parse(const char *text, ap_address *ret_address);

/* Writes the canonical text (RFC 5952), "local" or "unknown", and returns `buffer`. */
const char *ap_address_format(const ap_address *address, char buffer[AP_ADDRESS_TEXT_MAX]);

/*
 * Parses an entry of a policy or a feed: one address, first-last, or CIDR without host bits. *ret_range is written
 * on AP_RANGE_OK and on AP_RANGE_HOST_BITS only.
 */
ap_range_fault ap_range_parse(const char *text, ap_range *ret_range);

/* Writes a sentence that names what was found and what was expected, for an entry that ap_range_parse refused. */
void ap_range_fault_format(ap_range_fault fault, const char *text, const ap_range *network, char *buffer, size_t size);

/* Writes the shortest of: one address, CIDR, first-last. Returns `buffer`. */
const char *ap_range_format(const ap_range *range, char buffer[AP_RANGE_TEXT_MAX]);

/* True if the address is of the range's family and between its ends. */
bool ap_range_holds(const ap_range *range, const ap_address *address);

#endif
