#include "finder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint32_t number_at(ap_finder *f, uint32_t place)
{
	return ap_view_department_at(&f->view, place).number;
}

/* The number of the department above, or AP_NONE. */
static uint32_t parent_of(ap_finder *f, uint32_t number)
{
	uint32_t place = ap_view_department(&f->view, number).parent;

	return place != AP_NONE ? number_at(f, place) : AP_NONE;
}

static void find_department_members(ap_finder *f)
{
	size_t n = f->set->n_departments;

	f->first_members = ap_arena_alloc(f->arena, (n + 1) * sizeof(*f->first_members));
	f->has_own_members = ap_arena_alloc(f->arena, (n + 1) * sizeof(*f->has_own_members));
	for (size_t i = 0; i < f->set->n_memberships; i++) {
		const ap_membership *membership = &f->set->memberships[i];

		f->has_own_members[membership->department] = true;
		if (f->first_members[membership->department] == NULL)
			f->first_members[membership->department] = membership->member;
	}
	/* a child's number is above its parent's */
	for (size_t i = n; i > 0; i--) {
		uint32_t parent = parent_of(f, (uint32_t)(i - 1));

		if (parent != AP_NONE && f->first_members[parent] == NULL)
			f->first_members[parent] = f->first_members[i - 1];
	}
}

static void find_region_intervals(ap_finder *f)
{
	const ap_region_data *data = &f->set->region_data;

	for (int family = 0; family < 2; family++) {
		const ap_interval **first = ap_arena_alloc(f->arena, (f->set->n_regions + 1) * sizeof(ap_interval *));

		for (size_t i = data->n_intervals[family]; i > 0; i--) {
			const ap_interval *interval = &data->intervals[family][i - 1];
			const ap_region_location *location = &data->locations[interval->origin];

			for (uint32_t k = 0; k < location->n; k++)
				first[location->regions[k]] = interval;
		}
		f->region_intervals[family] = first;
	}
}

void ap_finder_init(ap_finder *ret_finder, const ap_policy_set *set, const ap_image *image, int64_t now,
		    const ap_nss *nss, ap_diagnostics *diagnostics)
{
	*ret_finder = (ap_finder){ .set = set,
				   .image = image,
				   .view = ap_view_of(image),
				   .now = now,
				   .nss = nss != NULL ? nss : &ap_nss_system,
				   .diagnostics = diagnostics,
				   .arena = ap_arena_new() };
	ret_finder->networks_seen = ap_arena_alloc(ret_finder->arena, set->n_networks + 1);
	find_department_members(ret_finder);
	find_region_intervals(ret_finder);
}

void ap_finder_report(ap_finder *f, const ap_place *place, const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	ap_diagnostics_add(f->diagnostics, AP_WARNING, place->file, place->line, "%s", message);
}

bool ap_finder_is_over(const ap_finder *f, const ap_image_policy *policy)
{
	return f->now >= policy->not_after;
}

bool ap_finder_is_in_force(const ap_finder *f, const ap_image_policy *policy)
{
	return policy->status == AP_POLICY_ENABLED && f->now >= policy->not_before && !ap_finder_is_over(f, policy);
}

/*
 * Networks
 */

bool ap_finder_holds_nothing(ap_finder *f, uint32_t number)
{
	ap_image_net net = ap_view_net(&f->view, number);

	return ap_net_holds_nothing(&net);
}

/* Moves the address to the one behind `last`; false where there is none. */
static bool step_behind(ap_address *address, const uint8_t last[16])
{
	size_t n = address->family == AP_ADDRESS_IPV4 ? 4 : 16;

	memcpy(address->bytes, last, n);
	while (n-- > 0)
		if (++address->bytes[n] != 0)
			return true;
	return false;
}

/* An interval around the address that is in one of the net's regions. False if the address is in none of them. */
static bool find_in_regions(ap_finder *f, const ap_image_net *net, const ap_address *address, ap_range *ret_range)
{
	ap_span location;
	uint32_t number;

	if (net->regions.n == 0 || !ap_view_locate(&f->view, address, ret_range, &number))
		return false;
	location = ap_view_location(&f->view, number).regions;
	for (uint32_t i = 0; i < location.n && f->view.sound; i++)
		if (ap_view_span_holds(&f->view, net->regions, ap_view_number(&f->view, location, i)))
			return true;
	return false;
}

/* The family's lowest address that is not in the net; false where all are in it. */
static bool find_gap(ap_finder *f, const ap_image_net *net, ap_family family, ap_address *ret_address)
{
	uint32_t origin;
	ap_range range;

	*ret_address = (ap_address){ .family = family };
	do
		if (!ap_view_find_range(&f->view, net, ret_address, &range, &origin) &&
		    !find_in_regions(f, net, ret_address, &range))
			return true;
	while (step_behind(ret_address, range.last));
	return false;
}

bool ap_finder_holds_every_address(ap_finder *f, uint32_t number)
{
	return ap_finder_address_outside(f, number) == NULL;
}

const char *ap_finder_address_outside(ap_finder *f, uint32_t number)
{
	char text[AP_ADDRESS_TEXT_MAX];
	ap_address address;
	ap_image_net net;

	if (number == AP_NONE)
		return NULL;
	net = ap_view_net(&f->view, number);
	if (!find_gap(f, &net, AP_ADDRESS_IPV4, &address) && !find_gap(f, &net, AP_ADDRESS_IPV6, &address))
		return NULL;
	return ap_arena_strdup(f->arena, ap_address_format(&address, text));
}

/*
 * Addresses that stand for a network
 */

static void add_address(ap_finder *f, ap_addresses *list, ap_family family, const uint8_t bytes[16])
{
	ap_address address = { .family = family };
	char text[AP_ADDRESS_TEXT_MAX];

	if (list->n >= AP_FINDER_ADDRESSES)
		return;
	memcpy(address.bytes, bytes, sizeof(address.bytes));
	list->items[list->n++] = ap_arena_strdup(f->arena, ap_address_format(&address, text));
}

static void add_range(ap_finder *f, ap_addresses *list, const ap_range *range)
{
	add_address(f, list, range->family, range->first);
	if (memcmp(range->first, range->last, sizeof(range->first)) != 0)
		add_address(f, list, range->family, range->last);
}

static void add_entries(ap_finder *f, ap_addresses *list, const ap_entries *entries)
{
	for (size_t i = 0; i < entries->n && list->n < AP_FINDER_ADDRESSES; i++) {
		const ap_entry *entry = &entries->items[i];
		const ap_network_def *network;

		if (entry->kind == AP_ENTRY_RANGE)
			add_range(f, list, &entry->range);
		if (entry->kind != AP_ENTRY_NETWORK || f->networks_seen[entry->network])
			continue;
		f->networks_seen[entry->network] = true;
		network = &f->set->networks[entry->network];
		add_entries(f, list, &network->ip);
		for (size_t k = 0; k < network->n_ranges && list->n < AP_FINDER_ADDRESSES; k++)
			add_range(f, list, &network->ranges[k]);
	}
}

/* The number as an address. */
static ap_address address_of(int family, ap_u128 number)
{
	ap_address address = { .family = family == 0 ? AP_ADDRESS_IPV4 : AP_ADDRESS_IPV6 };

	for (size_t n = family == 0 ? 4 : 16; n > 0; n--) {
		address.bytes[n - 1] = (uint8_t)number;
		number >>= 8;
	}
	return address;
}

static void add_regions(ap_finder *f, ap_addresses *list, const ap_list *regions)
{
	for (size_t i = 0; i < regions->n; i++) {
		uint32_t number = ap_region_number(f->set, regions->items[i].text);

		for (int family = 0; family < 2; family++) {
			const ap_interval *first = f->region_intervals[family][number];
			ap_address address;

			if (first == NULL)
				continue;
			address = address_of(family, first->first);
			add_address(f, list, address.family, address.bytes);
		}
	}
}

ap_addresses ap_finder_addresses(ap_finder *f, const ap_policy_def *def)
{
	ap_addresses list = { .n = 0 };

	if (def->ip.n == 0 && def->regions.n == 0) {
		list.items[list.n++] = "192.0.2.1";
		list.items[list.n++] = "2001:db8::1";
	}
	memset(f->networks_seen, false, f->set->n_networks);
	add_entries(f, &list, &def->ip);
	add_regions(f, &list, &def->regions);
	return list;
}

/*
 * Does one set of people hold all of another
 */

/*
 * True if `departments` lists it, or one above it with its sub-departments. `code` is number * 2, plus 1 with those
 * below.
 */
static bool department_is_covered(ap_finder *f, ap_span departments, uint32_t code)
{
	uint32_t at = code / 2;

	if (ap_view_span_holds(&f->view, departments, code))
		return true;
	while (at != AP_NONE && f->view.sound) {
		if (ap_view_span_holds(&f->view, departments, at * 2 + 1))
			return true;
		at = parent_of(f, at);
	}
	return false;
}

static bool group_is_covered(ap_finder *f, const ap_image_who *cover, uint32_t group, uint32_t department)
{
	for (uint32_t i = 0; i + 1 < cover->groups.n; i += 2)
		if (ap_view_number(&f->view, cover->groups, i) == group)
			return true;
	return department != AP_NONE && department_is_covered(f, cover->departments, department * 2);
}

bool ap_finder_covers_domain(ap_finder *f, const ap_image_who *cover, const char *domain)
{
	uint32_t number = ap_view_find(&f->view, &ap_image_head_of(f->image)->domains, domain, strlen(domain)).number;

	return number != AP_NONE && ap_view_span_holds(&f->view, cover->domains, number);
}

bool ap_finder_covers_entry(ap_finder *f, const ap_image_who *cover, const ap_subject_entry *entry)
{
	if (entry->number != AP_NONE && ap_view_span_holds(&f->view, cover->members, entry->number))
		return true;
	for (uint32_t i = 0; i < entry->departments.n; i++)
		if (department_is_covered(f, cover->departments,
					  number_at(f, ap_view_number(&f->view, entry->departments, i)) * 2))
			return true;
	return false;
}

bool ap_finder_covers_member(ap_finder *f, const ap_image_who *cover, uint32_t number)
{
	ap_image_member member = ap_view_member(&f->view, number);
	const char *at = strrchr(ap_view_string(&f->view, member.name), '@');
	const ap_subject_entry entry = { .known = true, .number = number, .departments = member.departments };

	return ap_finder_covers_entry(f, cover, &entry) ||
	       (at != NULL && at[1] != '\0' && ap_finder_covers_domain(f, cover, at + 1));
}

static bool all_departments_are_covered(ap_finder *f, const ap_image_who *cover, const ap_image_who *who)
{
	for (uint32_t i = 0; i < who->departments.n; i++)
		if (!department_is_covered(f, cover->departments, ap_view_number(&f->view, who->departments, i)))
			return false;
	return true;
}

bool ap_finder_covers(ap_finder *f, const ap_image_who *cover, const ap_image_who *who)
{
	if ((cover->flags & AP_WHO_ALL) != 0)
		return true;
	if ((who->flags & AP_WHO_ALL) != 0 || (who->flags & ~cover->flags & AP_WHO_UNLISTED) != 0)
		return false;
	for (uint32_t i = 0; i < who->domains.n; i++)
		if (!ap_view_span_holds(&f->view, cover->domains, ap_view_number(&f->view, who->domains, i)))
			return false;
	for (uint32_t i = 0; i < who->members.n; i++)
		if (!ap_finder_covers_member(f, cover, ap_view_number(&f->view, who->members, i)))
			return false;
	for (uint32_t i = 0; i + 1 < who->groups.n; i += 2)
		if (!group_is_covered(f, cover, ap_view_number(&f->view, who->groups, i),
				      ap_view_number(&f->view, who->groups, i + 1)))
			return false;
	return all_departments_are_covered(f, cover, who);
}
