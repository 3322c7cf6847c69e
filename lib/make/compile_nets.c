#include "compile_nets.h"

#include "compile_whom.h"

#include <stdio.h>
#include <string.h>

struct ap_net_origin {
	const char *text;
	const char *network;
};

void ap_net_compiler_init(ap_net_compiler *c, const ap_policy_set *set, ap_builder *image)
{
	*c = (ap_net_compiler){ .set = set, .image = image, .numbers = ap_names_new(image->arena) };
	c->networks_counted = ap_arena_alloc(image->arena, (set->n_networks + 1) * sizeof(*c->networks_counted));
	c->networks_seen = ap_arena_alloc(image->arena, (set->n_networks + 1) * sizeof(*c->networks_seen));
}

static uint32_t add_origin(ap_net_compiler *c, const char *text, const char *network)
{
	*AP_PUSH(c->image->arena, c->origins, c->n_origins) =
		(struct ap_net_origin){ .text = text, .network = network };
	return (uint32_t)c->n_origins - 1;
}

static void add_range(ap_net_compiler *c, ap_prepared_net *net, const ap_range *range, uint32_t origin)
{
	int family = range->family == AP_ADDRESS_IPV4 ? 0 : 1;

	if (net->intervals[family] == NULL)
		net->intervals[family] = ap_arena_alloc(c->image->arena, net->room * sizeof(ap_interval));
	net->intervals[family][net->n[family]++] = (ap_interval){ .first = ap_u128_of(range->first, range->family),
								  .last = ap_u128_of(range->last, range->family),
								  .origin = origin };
}

/* How many ranges the entries come to, those of a network once, however many ways lead to it. */
static size_t count_ranges(ap_net_compiler *c, const ap_entries *entries)
{
	size_t n = entries->n;

	for (size_t i = 0; i < entries->n; i++) {
		uint32_t number = entries->items[i].network;

		if (entries->items[i].kind != AP_ENTRY_NETWORK || c->networks_counted[number] == c->n_nets + 1)
			continue;
		c->networks_counted[number] = c->n_nets + 1;
		n += c->set->networks[number].n_ranges + count_ranges(c, &c->set->networks[number].ip);
	}
	return n;
}

/* `through` is the named network that the policy itself lists, or NULL. The reader has refused circles. */
static void add_entries(ap_net_compiler *c, ap_prepared_net *net, const ap_entries *entries, const char *through);

static void add_network(ap_net_compiler *c, ap_prepared_net *net, uint32_t number, const char *through)
{
	const ap_network_def *network = &c->set->networks[number];
	const char *name = through != NULL ? through : network->name;

	/* once is enough, however many ways lead to it */
	if (c->networks_seen[number] == c->n_nets + 1)
		return;
	c->networks_seen[number] = c->n_nets + 1;
	add_entries(c, net, &network->ip, name);
	if (network->n_ranges > 0) {
		uint32_t origin = add_origin(c, NULL, name);

		for (size_t i = 0; i < network->n_ranges; i++)
			add_range(c, net, &network->ranges[i], origin);
	}
}

static void add_entries(ap_net_compiler *c, ap_prepared_net *net, const ap_entries *entries, const char *through)
{
	for (size_t i = 0; i < entries->n; i++) {
		const ap_entry *entry = &entries->items[i];

		if (entry->kind == AP_ENTRY_NETWORK) {
			add_network(c, net, entry->network, through);
		} else if (entry->kind == AP_ENTRY_RANGE) {
			add_range(c, net, &entry->range, add_origin(c, entry->text, through));
		} else if ((net->net.flags & AP_NET_LOCAL) == 0) {
			net->net.flags |= AP_NET_LOCAL;
			net->net.local_origin = add_origin(c, entry->text, through);
		}
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

static void add_region(ap_net_compiler *c, ap_prepared_net *net, size_t i, const char *code)
{
	uint32_t number = ap_region_number(c->set, code);

	net->regions[i] = number;
	if (c->set->regions[number].unknown[0])
		net->net.flags |= AP_NET_REGIONS4_UNKNOWN;
	if (c->set->regions[number].unknown[1])
		net->net.flags |= AP_NET_REGIONS6_UNKNOWN;
}

ap_prepared_net *ap_prepare_net(ap_net_compiler *c, const ap_entries *entries, const ap_list *regions)
{
	ap_prepared_net *net;
	uint32_t number;
	char *key;

	if (entries->n == 0 && regions->n == 0)
		return NULL;
	key = net_key(c, entries, regions);
	number = ap_names_find(c->numbers, key);
	if (number != AP_NONE)
		return c->nets[number];
	net = ap_arena_alloc(c->image->arena, sizeof(*net));
	net->room = count_ranges(c, entries);
	add_entries(c, net, entries, NULL);
	for (int family = 0; family < 2; family++)
		ap_flatten(c->image->arena, &net->intervals[family], &net->n[family]);
	net->n_regions = regions->n;
	net->regions = ap_arena_alloc(c->image->arena, (regions->n + 1) * sizeof(*net->regions));
	for (size_t i = 0; i < regions->n; i++)
		add_region(c, net, i, regions->items[i].text);
	net->n_regions = ap_ascending(net->regions, net->n_regions);
	ap_names_put(c->numbers, key, (uint32_t)c->n_nets);
	*AP_PUSH(c->image->arena, c->nets, c->n_nets) = net;
	return net;
}

/*
 * Writing
 */

static ap_ranges ranges_of(const ap_prepared_net *net, int family)
{
	return (ap_ranges){ .items = net->intervals[family], .n = net->n[family], .family = family };
}

uint64_t ap_net_bytes(const ap_prepared_net *net)
{
	if (net == NULL || net->place != 0)
		return 0;
	return sizeof(net->net) + ap_ranges_near_bytes(ranges_of(net, 0)) + ap_ranges_near_bytes(ranges_of(net, 1)) +
	       net->n_regions * sizeof(*net->regions);
}

uint32_t ap_write_net(ap_net_compiler *c, ap_prepared_net *net)
{
	if (net == NULL)
		return AP_NONE;
	if (net->place != 0)
		return net->place;
	net->place = ap_builder_reserve(c->image, sizeof(net->net));
	ap_ranges_write_near(c->image, ranges_of(net, 0), &net->net.ranges4);
	ap_ranges_write_near(c->image, ranges_of(net, 1), &net->net.ranges6);
	net->net.regions = ap_builder_span(c->image, net->regions, net->n_regions);
	ap_builder_write(c->image, net->place, &net->net, sizeof(net->net));
	return net->place;
}

static void write_origins(ap_net_compiler *c)
{
	ap_image_table *table = &c->image->head.tables[AP_TABLE_ORIGINS];

	*table = ap_builder_reserve_table(c->image, c->n_origins, sizeof(ap_image_origin));
	for (uint32_t i = 0; i < c->n_origins; i++) {
		ap_image_origin origin = { .text = ap_builder_string(c->image, c->origins[i].text),
					   .network = ap_builder_string(c->image, c->origins[i].network) };

		ap_builder_write(c->image, ap_builder_table_place(*table, i, sizeof(origin)), &origin, sizeof(origin));
	}
}

void ap_write_rest_of_nets(ap_net_compiler *c)
{
	for (size_t i = 0; i < c->n_nets; i++) {
		ap_prepared_net *net = c->nets[i];

		if (ap_ranges_are_near(ranges_of(net, 0)) && ap_ranges_are_near(ranges_of(net, 1)))
			continue;
		ap_ranges_write_far(c->image, ranges_of(net, 0), &net->net.ranges4);
		ap_ranges_write_far(c->image, ranges_of(net, 1), &net->net.ranges6);
		ap_builder_write(c->image, net->place, &net->net, sizeof(net->net));
	}
	write_origins(c);
}
