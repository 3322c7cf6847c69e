#include "own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

static void add(ap_arena *arena, ap_own_addresses *own, const ap_range *range)
{
	*AP_PUSH(arena, own->items, own->n) = *range;
}

static void add_text(ap_arena *arena, ap_own_addresses *own, const char *text)
{
	ap_range range;

	if (ap_range_parse(text, &range) == AP_RANGE_OK)
		add(arena, own, &range);
}

static void add_interfaces(ap_arena *arena, ap_own_addresses *own)
{
	struct ifaddrs *list;

	if (getifaddrs(&list) != 0)
		return;
	for (const struct ifaddrs *one = list; one != NULL; one = one->ifa_next) {
		const struct sockaddr *address = one->ifa_addr;
		ap_range range = { .family = AP_ADDRESS_IPV4 };

		if (address == NULL || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
			continue;
		if (address->sa_family == AF_INET) {
			memcpy(range.first, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
		} else {
			range.family = AP_ADDRESS_IPV6;
			memcpy(range.first, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
		}
		memcpy(range.last, range.first, sizeof(range.last));
		add(arena, own, &range);
	}
	freeifaddrs(list);
}

ap_own_addresses ap_own_addresses_of(const ap_host *host)
{
	ap_own_addresses own = { .n = 0 };

	add_text(host->arena, &own, "127.0.0.0/8");
	add_text(host->arena, &own, "::1");
	if (*host->root == '\0')
		add_interfaces(host->arena, &own);
	return own;
}

bool ap_ranges_meet(const ap_range *a, const ap_range *b, ap_range *ret_range)
{
	size_t size = sizeof(a->first);

	if (a->family != b->family || memcmp(a->last, b->first, size) < 0 || memcmp(b->last, a->first, size) < 0)
		return false;
	ret_range->family = a->family;
	memcpy(ret_range->first, memcmp(a->first, b->first, size) < 0 ? b->first : a->first, size);
	memcpy(ret_range->last, memcmp(a->last, b->last, size) < 0 ? a->last : b->last, size);
	return true;
}
