#include "compile_nets.h"

#include "flatten.h"

#include <stdio.h>
#include <string.h>

void ap_net_compiler_init(ap_net_compiler *c, const ap_policy_set *set, ap_builder *image)
{
	*c = (ap_net_compiler){ .set = set, .image = image, .nets = ap_names_new(image->arena) };
	c->networks_seen = ap_arena_alloc(image->arena, (set->n_networks + 1) * sizeof(*c->networks_seen));
}

typedef struct {
	ap_image_net net;
	ap_interval *intervals[2]; /* IPv4, IPv6 */
	size_t n[2];
} net_maker;

static uint32_t add_origin(ap_net_compiler *c, const char *text, const char *network)
{
	*AP_PUSH(c->image->arena, c->image->origins, c->image->n_origins) =
		(ap_image_origin){ .text = ap_builder_string(c->image, text),
				   .network = ap_builder_string(c->image, network) };
	return (uint32_t)c->image->n_origins - 1;
}

static void add_range(ap_net_compiler *c, net_maker *maker, const ap_range *range, uint32_t origin)
{
	int family = range->family == AP_ADDRESS_IPV4 ? 0 : 1;
	ap_interval *added = AP_PUSH(c->image->arena, maker->intervals[family], maker->n[family]);

	*added = (ap_interval){ .first = ap_u128_of(range->first, range->family),
				.last = ap_u128_of(range->last, range->family),
				.origin = origin };
}

/* `through` is the named network that the policy itself lists, or NULL. The reader has refused circles. */
static void add_entries(ap_net_compiler *c, net_maker *maker, const ap_entries *entries, const char *through);

static void add_network(ap_net_compiler *c, net_maker *maker, uint32_t number, const char *through)
{
	const ap_network_def *network = &c->set->networks[number];
	const char *name = through != NULL ? through : network->name;

	/* once is enough, however many ways lead to it */
	if (c->networks_seen[number] == c->image->n_nets + 1)
		return;
	c->networks_seen[number] = c->image->n_nets + 1;
	add_entries(c, maker, &network->ip, name);
	if (network->n_ranges > 0) {
		uint32_t origin = add_origin(c, NULL, name);

		for (size_t i = 0; i < network->n_ranges; i++)
			add_range(c, maker, &network->ranges[i], origin);
	}
}

static void add_entries(ap_net_compiler *c, net_maker *maker, const ap_entries *entries, const char *through)
{
	for (size_t i = 0; i < entries->n; i++) {
		const ap_entry *entry = &entries->items[i];

		if (entry->kind == AP_ENTRY_NETWORK) {
			add_network(c, maker, entry->network, through);
		} else if (entry->kind == AP_ENTRY_RANGE) {
			add_range(c, maker, &entry->range, add_origin(c, entry->text, through));
		} else if ((maker->net.flags & AP_NET_LOCAL) == 0) {
			maker->net.flags |= AP_NET_LOCAL;
			maker->net.local_origin = add_origin(c, entry->text, through);
		}
	}
}

static void write_u128(ap_u128 number, uint8_t bytes[16])
{
	for (int i = 15; i >= 0; i--, number >>= 8)
		bytes[i] = (uint8_t)number;
}

static void write_ranges(ap_net_compiler *c, net_maker *maker)
{
	ap_flatten(c->image->arena, &maker->intervals[0], &maker->n[0]);
	ap_flatten(c->image->arena, &maker->intervals[1], &maker->n[1]);
	maker->net.ranges4 = (ap_span){ (uint32_t)c->image->n_ranges4, (uint32_t)maker->n[0] };
	maker->net.ranges6 = (ap_span){ (uint32_t)c->image->n_ranges6, (uint32_t)maker->n[1] };
	for (size_t i = 0; i < maker->n[0]; i++) {
		ap_image_range4 *range = AP_PUSH(c->image->arena, c->image->ranges4, c->image->n_ranges4);

		range->first = (uint32_t)maker->intervals[0][i].first;
		range->last = (uint32_t)maker->intervals[0][i].last;
		range->origin = maker->intervals[0][i].origin;
	}
	for (size_t i = 0; i < maker->n[1]; i++) {
		ap_image_range6 *range = AP_PUSH(c->image->arena, c->image->ranges6, c->image->n_ranges6);

		write_u128(maker->intervals[1][i].first, range->first);
		write_u128(maker->intervals[1][i].last, range->last);
		range->origin = maker->intervals[1][i].origin;
	}
}

/* The entries and regions as written, a line each: equal texts make equal nets. */
static char *net_key(ap_net_compiler *c, const ap_entries *entries, const ap_list *regions)
{
	size_t length = 2;
	char *key, *end;

	for (size_t i = 0; i < entries->n; i++)
		length += strlen(entries->items[i].text) + 1;
	for (size_t i = 0; i < regions->n; i++)
		length += strlen(regions->items[i].text) + 1;
	key = end = ap_arena_alloc(c->image->arena, length);
	for (size_t i = 0; i < entries->n; i++)
		end += sprintf(end, "%s\n", entries->items[i].text);
	*end++ = '|';
	for (size_t i = 0; i < regions->n; i++)
		end += sprintf(end, "%s\n", regions->items[i].text);
	return key;
}

uint32_t ap_compile_net(ap_net_compiler *c, const ap_entries *entries, const ap_list *regions)
{
	net_maker maker = { .net = { .flags = 0 } };
	uint32_t number;
	char *key;

	if (entries->n == 0 && regions->n == 0)
		return AP_NONE;
	key = net_key(c, entries, regions);
	number = ap_names_find(c->nets, key);
	if (number != AP_NONE)
		return number;
	add_entries(c, &maker, entries, NULL);
	write_ranges(c, &maker);
	maker.net.regions = ap_builder_strings(c->image, regions);
	if (regions->n > 0)
		maker.net.flags |= AP_NET_REGIONS4_UNKNOWN | AP_NET_REGIONS6_UNKNOWN;
	number = (uint32_t)c->image->n_nets;
	*AP_PUSH(c->image->arena, c->image->nets, c->image->n_nets) = maker.net;
	ap_names_put(c->nets, key, number);
	return number;
}
