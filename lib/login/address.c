#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* ::ffff:0:0/96 */
static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* An address without brackets or zone. An IPv4-mapped one is told by *ret_mapped, since its prefix counts from /96. */
static bool parse_plain(const char *text, size_t length, ap_address *ret_address, bool *ret_mapped)
{
	char copy[INET6_ADDRSTRLEN];
	ap_address address = { .family = AP_ADDRESS_UNKNOWN };

	if (length == 0 || length >= sizeof(copy) || memchr(text, '\0', length) != NULL)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	*ret_mapped = false;
	if (inet_pton(AF_INET, copy, address.bytes) == 1) {
		address.family = AP_ADDRESS_IPV4;
	} else if (inet_pton(AF_INET6, copy, address.bytes) == 1) {
		address.family = AP_ADDRESS_IPV6;
		if (memcmp(address.bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
			*ret_mapped = true;
			address.family = AP_ADDRESS_IPV4;
			memmove(address.bytes, address.bytes + 12, 4);
			memset(address.bytes + 4, 0, 12);
		}
	} else {
		return false;
	}
	*ret_address = address;
	return true;
}

bool ap_address_parse(const char *text, ap_address *ret_address)
{
	size_t length = strlen(text);
	const char *zone;
	ap_address address;
	bool mapped;

	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	zone = memchr(text, '%', length);
	if (zone != NULL) {
		if (zone + 1 == text + length || memchr(text, ':', (size_t)(zone - text)) == NULL)
			return false;
		length = (size_t)(zone - text);
	}
	if (!parse_plain(text, length, &address, &mapped))
		return false;
	*ret_address = address;
	return true;
}

const char *ap_address_format(const ap_address *address, char buffer[AP_ADDRESS_TEXT_MAX])
{
	if (address->family == AP_ADDRESS_IPV4)
		return inet_ntop(AF_INET, address->bytes, buffer, AP_ADDRESS_TEXT_MAX);
	if (address->family == AP_ADDRESS_IPV6)
		return inet_ntop(AF_INET6, address->bytes, buffer, AP_ADDRESS_TEXT_MAX);
	(void)snprintf(buffer, AP_ADDRESS_TEXT_MAX, "%s", address->family == AP_ADDRESS_LOCAL ? "local" : "unknown");
	return buffer;
}

static size_t family_bytes(ap_family family)
{
	return family == AP_ADDRESS_IPV4 ? 4 : 16;
}

/* Decimal without sign or leading zeros, at most `max`. */
static bool parse_prefix(const char *text, unsigned max, unsigned *ret_bits)
{
	unsigned bits = 0;
	size_t i;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return false;
	for (i = 0; text[i] != '\0'; i++) {
		if (i >= 3 || text[i] < '0' || text[i] > '9')
			return false;
		bits = bits * 10 + (unsigned)(text[i] - '0');
	}
	if (bits > max)
		return false;
	*ret_bits = bits;
	return true;
}

/* Why a text that is no address is none, as far as its form tells. */
static ap_range_fault classify_no_address(const char *text, size_t length)
{
	const char *colon = memchr(text, ':', length);
	ap_address address;
	bool mapped;

	if (memchr(text, '%', length) != NULL)
		return AP_RANGE_HAS_ZONE;
	if (text[0] == '[')
		return AP_RANGE_HAS_PORT;
	if (colon != NULL && parse_plain(text, (size_t)(colon - text), &address, &mapped))
		return AP_RANGE_HAS_PORT;
	return AP_RANGE_NOT_ADDRESS;
}

static ap_range_fault parse_network(const char *text, const char *slash, ap_range *ret_range)
{
	ap_range range = { .family = AP_ADDRESS_UNKNOWN };
	ap_address address;
	unsigned bits;
	size_t n, i;
	bool mapped, host_bits = false;

	if (!parse_plain(text, (size_t)(slash - text), &address, &mapped))
		return classify_no_address(text, (size_t)(slash - text));
	n = family_bytes(address.family);
	if (mapped) {
		/* ::ffff:10.0.0.0/104 is 10.0.0.0/8; a prefix under 96 would reach out of the mapped block */
		if (!parse_prefix(slash + 1, 128, &bits) || bits < 96)
			return AP_RANGE_PREFIX;
		bits -= 96;
	} else if (!parse_prefix(slash + 1, (unsigned)n * 8, &bits)) {
		return AP_RANGE_PREFIX;
	}
	range.family = address.family;
	for (i = 0; i < n; i++) {
		unsigned kept = bits >= (i + 1) * 8 ? 8 : bits > i * 8 ? bits - (unsigned)i * 8 : 0;
		uint8_t host = (uint8_t)(0xff >> kept);

		host_bits = host_bits || (address.bytes[i] & host) != 0;
		range.first[i] = (uint8_t)(address.bytes[i] & ~host);
		range.last[i] = (uint8_t)(address.bytes[i] | host);
	}
	*ret_range = range;
	return host_bits ? AP_RANGE_HOST_BITS : AP_RANGE_OK;
}

static ap_range_fault parse_first_last(const char *text, const char *dash, ap_range *ret_range)
{
	ap_range range = { .family = AP_ADDRESS_UNKNOWN };
	ap_address first, last;
	bool first_mapped, last_mapped;

	if (!parse_plain(text, (size_t)(dash - text), &first, &first_mapped))
		return classify_no_address(text, (size_t)(dash - text));
	if (!parse_plain(dash + 1, strlen(dash + 1), &last, &last_mapped))
		return classify_no_address(dash + 1, strlen(dash + 1));
	if (first.family != last.family)
		return AP_RANGE_MIXED;
	if (memcmp(first.bytes, last.bytes, sizeof(first.bytes)) > 0)
		return AP_RANGE_REVERSED;
	range.family = first.family;
	memcpy(range.first, first.bytes, sizeof(range.first));
	memcpy(range.last, last.bytes, sizeof(range.last));
	*ret_range = range;
	return AP_RANGE_OK;
}

ap_range_fault ap_range_parse(const char *text, ap_range *ret_range)
{
	const char *slash = strchr(text, '/');
	const char *dash = strchr(text, '-');
	ap_address address;
	bool mapped;

	if (text[0] == '\0')
		return AP_RANGE_EMPTY;
	if (strpbrk(text, " \t\r\n\v\f") != NULL)
		return AP_RANGE_SPACES;
	if (slash != NULL)
		return parse_network(text, slash, ret_range);
	if (parse_plain(text, strlen(text), &address, &mapped)) {
		ap_range range = { .family = address.family };

		memcpy(range.first, address.bytes, sizeof(range.first));
		memcpy(range.last, address.bytes, sizeof(range.last));
		*ret_range = range;
		return AP_RANGE_OK;
	}
	if (dash != NULL)
		return parse_first_last(text, dash, ret_range);
	return classify_no_address(text, strlen(text));
}

void ap_range_fault_format(ap_range_fault fault, const char *text, const ap_range *network, char *buffer, size_t size)
{
	static const char *const sentences[] = {
		[AP_RANGE_OK] = "is an entry",
		[AP_RANGE_EMPTY] = "is empty; expected an address, first-last or a network such as 192.0.2.0/24",
		[AP_RANGE_NOT_ADDRESS] = "is no IP address; expected an address such as 192.0.2.1 or 2001:db8::1, "
					 "first-last or a network such as 192.0.2.0/24 (names are never looked up)",
		[AP_RANGE_HAS_PORT] = "has brackets or a port; expected the address alone",
		[AP_RANGE_HAS_ZONE] = "has a zone; expected the address alone, without \"%\" and what follows",
		[AP_RANGE_SPACES] = "has blanks in it; expected an address, first-last or a network without blanks",
		[AP_RANGE_PREFIX] = "has no valid prefix length; expected /0 to /32 for IPv4, /0 to /128 for IPv6 "
				    "(/96 to /128 for IPv4-mapped addresses), without leading zeros",
		[AP_RANGE_HOST_BITS] = "has host bits set",
		[AP_RANGE_REVERSED] = "is reversed: its first address is above its last; write the lower one first",
		[AP_RANGE_MIXED] = "mixes IPv4 and IPv6; expected two addresses of one family",
	};
	char network_text[AP_RANGE_TEXT_MAX];

	if (fault == AP_RANGE_HOST_BITS && network != NULL)
		(void)snprintf(buffer, size, "\"%s\" has host bits set; the network is %s", text,
			       ap_range_format(network, network_text));
	else
		(void)snprintf(buffer, size, "\"%s\" %s", text, sentences[fault]);
}

/* The prefix length if the range is a whole network, else -1. */
static int range_prefix_bits(const ap_range *range)
{
	size_t n = family_bytes(range->family), i;
	int bits = 0;
	bool in_host = false;

	for (i = 0; i < n; i++) {
		uint8_t differing = range->first[i] ^ range->last[i];

		/* host bits: zeros in the first address, ones in the last, and nothing but host bits behind them */
		if ((differing & range->first[i]) != 0 || (differing & (differing + 1)) != 0 ||
		    (in_host && differing != 0xff))
			return -1;
		if (!in_host)
			bits += 8 - __builtin_popcount(differing);
		in_host = in_host || differing != 0;
	}
	return bits;
}

const char *ap_range_format(const ap_range *range, char buffer[AP_RANGE_TEXT_MAX])
{
	ap_address first = { .family = range->family }, last = { .family = range->family };
	char first_text[AP_ADDRESS_TEXT_MAX], last_text[AP_ADDRESS_TEXT_MAX];
	int bits = range_prefix_bits(range);

	memcpy(first.bytes, range->first, sizeof(first.bytes));
	memcpy(last.bytes, range->last, sizeof(last.bytes));
	ap_address_format(&first, first_text);
	ap_address_format(&last, last_text);
	if (bits == (int)family_bytes(range->family) * 8)
		(void)snprintf(buffer, AP_RANGE_TEXT_MAX, "%s", first_text);
	else if (bits >= 0)
		(void)snprintf(buffer, AP_RANGE_TEXT_MAX, "%s/%d", first_text, bits);
	else
		(void)snprintf(buffer, AP_RANGE_TEXT_MAX, "%s-%s", first_text, last_text);
	return buffer;
}

bool ap_range_holds(const ap_range *range, const ap_address *address)
{
	return address->family == range->family && memcmp(range->first, address->bytes, sizeof(range->first)) <= 0 &&
	       memcmp(address->bytes, range->last, sizeof(range->last)) <= 0;
}
