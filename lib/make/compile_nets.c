#include "compile_nets.h"

#include <stdio.h>
#include <string.h>

/* Ranges that take no more than this stand with their net. */
enum { NEAR_BYTES = 1024 };

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
	net->regions = regions;
	net->room = count_ranges(c, entries);
	add_entries(c, net, entries, NULL);
	for (int family = 0; family < 2; family++)
		ap_flatten(c->image->arena, &net->intervals[family], &net->n[family]);
	if (regions->n > 0)
		net->net.flags |= AP_NET_REGIONS4_UNKNOWN | AP_NET_REGIONS6_UNKNOWN;
	ap_names_put(c->numbers, key, (uint32_t)c->n_nets);
	*AP_PUSH(c->image->arena, c->nets, c->n_nets) = net;
	return net;
}

/*
 * Ranges and their samples
 */

static const size_t key_bytes[2] = { 4, 16 };
static const size_t range_bytes[2] = { sizeof(ap_image_range4), sizeof(ap_image_range6) };

static bool are_near(const ap_prepared_net *net, int family)
{
	return net->n[family] * range_bytes[family] <= NEAR_BYTES;
}

static size_t stretches(size_t n, size_t record_bytes)
{
	size_t fit = AP_BLOCK_BYTES / record_bytes;

	return (n + fit - 1) / fit;
}

static void write_key(ap_u128 number, uint8_t *bytes, size_t n)
{
	while (n-- > 0) {
		bytes[n] = (uint8_t)number;
		number >>= 8;
	}
}

static uint32_t write_ranges(ap_net_compiler *c, const ap_prepared_net *net, int family)
{
	ap_image_table table = ap_builder_reserve_table(c->image, net->n[family], range_bytes[family]);
	size_t n = key_bytes[family];

	for (uint32_t i = 0; i < net->n[family]; i++) {
		const ap_interval *interval = &net->intervals[family][i];
		uint8_t record[sizeof(ap_image_range6)];

		write_key(interval->first, record, n);
		write_key(interval->last, record + n, n);
		memcpy(record + 2 * n, &interval->origin, sizeof(interval->origin));
		ap_builder_write(c->image, ap_builder_table_place(table, i, range_bytes[family]), record,
				 range_bytes[family]);
	}
	return table.at;
}

/* The samples of every step-th range: n of them. */
static uint32_t write_samples(ap_net_compiler *c, const ap_prepared_net *net, int family, size_t n, size_t step)
{
	ap_image_table table = ap_builder_reserve_table(c->image, n, key_bytes[family]);

	for (uint32_t i = 0; i < n; i++) {
		uint8_t key[16];

		write_key(net->intervals[family][i * step].first, key, key_bytes[family]);
		ap_builder_write(c->image, ap_builder_table_place(table, i, key_bytes[family]), key, key_bytes[family]);
	}
	return table.at;
}

static ap_image_ranges *ranges_of(ap_prepared_net *net, int family)
{
	return family == 0 ? &net->net.ranges4 : &net->net.ranges6;
}

/* The levels of samples above the ranges of a family: of each how many, and of every which range; their number. */
static int list_levels(const ap_prepared_net *net, int family, size_t counts[AP_RANGES_LEVELS],
		       size_t steps[AP_RANGES_LEVELS])
{
	size_t n = stretches(net->n[family], range_bytes[family]), step = AP_BLOCK_BYTES / range_bytes[family];
	int levels = 0;

	/* 1,024 bytes above 255 stretches of 255 of 113: some hundred million ranges, more than an image holds */
	while (n > 1 && levels < AP_RANGES_LEVELS) {
		counts[levels] = n;
		steps[levels++] = step;
		if (n * key_bytes[family] <= AP_RANGES_TOP_BYTES)
			break;
		step *= AP_BLOCK_BYTES / key_bytes[family];
		n = stretches(n, key_bytes[family]);
	}
	return levels;
}

/* With the net: its few ranges, or the topmost samples of many. */
static void write_near(ap_net_compiler *c, ap_prepared_net *net, int family)
{
	size_t counts[AP_RANGES_LEVELS], steps[AP_RANGES_LEVELS];
	int levels = list_levels(net, family, counts, steps);
	ap_image_ranges *ranges = ranges_of(net, family);

	ranges->n = (uint32_t)net->n[family];
	if (net->n[family] > 0 && are_near(net, family))
		ranges->at = write_ranges(c, net, family);
	else if (levels > 0)
		ranges->samples[levels - 1] = write_samples(c, net, family, counts[levels - 1], steps[levels - 1]);
}

static void write_far(ap_net_compiler *c, ap_prepared_net *net, int family)
{
	size_t counts[AP_RANGES_LEVELS], steps[AP_RANGES_LEVELS];
	int levels = list_levels(net, family, counts, steps);
	ap_image_ranges *ranges = ranges_of(net, family);

	if (are_near(net, family))
		return;
	for (int i = levels - 2; i >= 0; i--)
		ranges->samples[i] = write_samples(c, net, family, counts[i], steps[i]);
	ranges->at = write_ranges(c, net, family);
}

/*
 * Writing
 */

uint64_t ap_net_bytes(const ap_prepared_net *net)
{
	uint64_t bytes = sizeof(net->net);

	if (net == NULL || net->place != 0)
		return 0;
	for (int family = 0; family < 2; family++)
		bytes += are_near(net, family) ? net->n[family] * range_bytes[family] : AP_RANGES_TOP_BYTES;
	for (size_t i = 0; i < net->regions->n; i++)
		bytes += sizeof(uint32_t) + ap_builder_string_bytes(net->regions->items[i].text);
	return bytes;
}

uint32_t ap_write_net(ap_net_compiler *c, ap_prepared_net *net)
{
	uint32_t *regions;

	if (net == NULL)
		return AP_NONE;
	if (net->place != 0)
		return net->place;
	net->place = ap_builder_reserve(c->image, sizeof(net->net));
	write_near(c, net, 0);
	write_near(c, net, 1);
	regions = ap_arena_alloc(c->image->arena, (net->regions->n + 1) * sizeof(*regions));
	for (size_t i = 0; i < net->regions->n; i++)
		regions[i] = ap_builder_string(c->image, net->regions->items[i].text);
	net->net.regions = ap_builder_span(c->image, regions, net->regions->n);
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

		if (are_near(net, 0) && are_near(net, 1))
			continue;
		write_far(c, net, 0);
		write_far(c, net, 1);
		ap_builder_write(c->image, net->place, &net->net, sizeof(net->net));
	}
	write_origins(c);
}
