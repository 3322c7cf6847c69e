#include "reach.h"

#include <string.h>

ap_reach ap_reach_of(const ap_host *host)
{
	ap_reach reach = { .arena = host->arena, .own = ap_own_addresses_of(host) };

	reach.firewall = ap_firewall_read(host, &reach.fault);
	return reach;
}

void ap_reach_end(ap_reach *reach)
{
	ap_firewall_free(reach->firewall);
	reach->firewall = NULL;
}

static ap_address address_of(const ap_range *range, const uint8_t bytes[16])
{
	ap_address address = { .family = range->family };

	memcpy(address.bytes, bytes, sizeof(address.bytes));
	return address;
}

static bool is_loopback(const ap_address *address)
{
	static const uint8_t one[16] = { [15] = 1 };

	return address->family == AP_ADDRESS_IPV4 ? address->bytes[0] == 127
						  : memcmp(address->bytes, one, sizeof(one)) == 0;
}

/* An address of the range that a program can have: 127.0.0.0 is the network's. */
static ap_address usable(const ap_range *range)
{
	ap_address address = address_of(range, range->first);

	if (address.family == AP_ADDRESS_IPV4 && address.bytes[0] == 127 && address.bytes[3] == 0 &&
	    memcmp(range->first, range->last, sizeof(range->first)) != 0)
		address.bytes[3] = 1;
	return address;
}

static bool is_any(const char *host)
{
	return *host == '\0' || strcmp(host, "*") == 0 || strcmp(host, "all") == 0 || strcmp(host, "::") == 0 ||
	       strcmp(host, "0.0.0.0") == 0;
}

/* The addresses that a connection to the service can go to. One that is a name is taken for any. */
static const ap_address *destinations(const ap_reach *reach, const char *host, size_t *ret_n)
{
	ap_address *list = NULL, one;

	*ret_n = 0;
	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (!is_any(host) && ap_address_parse(host, &one)) {
		*(ap_address *)ap_arena_push(reach->arena, &list, ret_n, sizeof(*list)) = one;
		return list;
	}
	for (size_t i = 0; i < reach->own.n; i++)
		*(ap_address *)ap_arena_push(reach->arena, &list, ret_n, sizeof(*list)) = usable(&reach->own.items[i]);
	return list;
}

/* From one of the addresses in the range: its first and its last stand for all. */
static bool comes_from(const ap_reach *reach, const ap_range *sources, const ap_address *to, unsigned port,
		       ap_address *ret_source)
{
	const ap_address ends[] = { usable(sources), address_of(sources, sources->last) };

	for (size_t i = 0; i < 2; i++) {
		const ap_connection connection = {
			.source = ends[i], .destination = *to, .port = port, .from_here = true
		};

		if (ends[i].family == to->family && !ap_firewall_keeps_out(reach->firewall, &connection)) {
			*ret_source = ends[i];
			return true;
		}
	}
	return false;
}

/* A network as Dovecot and Postfix write it: "10.0.0.0/8", "[::1]/128". */
static bool read_network(ap_arena *arena, const char *text, ap_range *ret_range)
{
	char *copy = ap_arena_strdup(arena, text), *end = strchr(copy, ']');
	ap_range_fault fault;

	if (*copy == '[' && end != NULL) {
		memmove(end, end + 1, strlen(end));
		copy++;
	}
	fault = ap_range_parse(strcmp(copy, "localhost") == 0 ? "127.0.0.1" : copy, ret_range);
	return fault == AP_RANGE_OK || fault == AP_RANGE_HOST_BITS;
}

bool ap_reach_is_network(ap_arena *arena, const char *text)
{
	ap_range range;

	return read_network(arena, text, &range);
}

bool ap_reach_from_here(const ap_reach *reach, const char *network, const char *host, unsigned port,
			ap_address *ret_source)
{
	ap_range wanted, sources;
	size_t n;
	const ap_address *to = destinations(reach, host, &n);

	if (network != NULL && !read_network(reach->arena, network, &wanted))
		return false;
	for (size_t i = 0; i < reach->own.n; i++) {
		sources = reach->own.items[i];
		if (network != NULL && !ap_ranges_meet(&wanted, &reach->own.items[i], &sources))
			continue;
		for (size_t k = 0; k < n; k++)
			if (comes_from(reach, &sources, &to[k], port, ret_source))
				return true;
	}
	return false;
}

/* True if somebody elsewhere, whose address no rule names, can. */
static bool is_open_to_others(const ap_reach *reach, const char *host, unsigned port)
{
	size_t n;
	const ap_address *to = destinations(reach, host, &n);

	for (size_t i = 0; i < n; i++) {
		const ap_connection connection = { .destination = to[i], .port = port };

		if (!is_loopback(&to[i]) && !ap_firewall_keeps_out(reach->firewall, &connection))
			return true;
	}
	return false;
}

const char *ap_reach_who(const ap_reach *reach, const char *host, unsigned port)
{
	ap_address source;

	if (is_open_to_others(reach, host, port))
		return "anybody";
	return ap_reach_from_here(reach, NULL, host, port, &source) ? "any local user" : NULL;
}

const char *ap_reach_rules(ap_arena *arena, const char *match, const char *user)
{
	return ap_format(arena, "%s meta skuid { \"root\", \"%s\" } accept, and behind it: %s tcp flags syn reject",
			 match, user, match);
}

ap_finding_kind ap_reach_kind(const ap_reach *reach)
{
	return reach->fault == NULL ? AP_FINDING_BYPASS : AP_FINDING_UNCERTAIN;
}

const char *ap_reach_why(const ap_reach *reach, const char *why)
{
	return reach->fault == NULL
		       ? why
		       : ap_format(reach->arena, "%s, unless the packet filter prevents it: %s", why, reach->fault);
}
