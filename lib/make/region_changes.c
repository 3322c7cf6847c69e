#include "region_changes.h"

#include "names.h"

#include <stdio.h>
#include <string.h>

/* One image's ranges of a family, walked from the first to the last. */
typedef struct {
	ap_view *view;
	const ap_image_ranges *ranges;
	ap_family family;
	uint32_t next;
	bool over; /* there is no range at or behind the place where the walk is */
	ap_u128 first, last;
	ap_span regions; /* of the range */
} walker;

static void step(walker *w)
{
	uint32_t location;
	ap_range range;

	w->over = w->next >= w->ranges->n || !w->view->sound;
	if (w->over)
		return;
	range = ap_view_range(w->view, w->ranges, w->family, w->next++, &location);
	w->first = ap_u128_of(range.first, w->family);
	w->last = ap_u128_of(range.last, w->family);
	w->regions = ap_view_location(w->view, location).regions;
}

static walker walk(ap_view *view, ap_family family)
{
	const ap_image_map *map = &ap_image_head_of(view->image)->map;
	walker w = { .view = view,
		     .family = family,
		     .ranges = family == AP_ADDRESS_IPV4 ? &map->ranges4 : &map->ranges6 };

	step(&w);
	return w;
}

typedef struct {
	walker before, after;
	const uint32_t *numbers;   /* of the image before to those of the image after, or AP_NONE */
	ap_region_change *changes; /* by number in the image after */
	size_t n_changes;
	int family;
} sweep;

static bool holds(const walker *w, ap_span regions, uint32_t number)
{
	for (uint32_t i = 0; i < regions.n && w->view->sound; i++)
		if (ap_view_number(w->view, regions, i) == number)
			return true;
	return false;
}

/* The regions of a stretch of `size` addresses, in either image; none where a walker is not in a range. */
static void count_stretch(sweep *s, ap_u128 size, ap_span before, ap_span after)
{
	uint32_t numbers[AP_LOCATION_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < before.n && n < AP_LOCATION_MAX && s->before.view->sound; i++) {
		uint32_t old = ap_view_number(s->before.view, before, i);
		uint32_t number =
			old < ap_image_count(s->before.view->image, AP_TABLE_REGIONS) ? s->numbers[old] : AP_NONE;

		if (number == AP_NONE)
			continue;
		numbers[n++] = number;
		if (!holds(&s->after, after, number))
			s->changes[number].went[s->family] += size;
	}
	for (uint32_t i = 0; i < after.n && s->after.view->sound; i++) {
		uint32_t number = ap_view_number(s->after.view, after, i);
		bool was = false;

		for (uint32_t k = 0; k < n; k++)
			was = was || numbers[k] == number;
		if (!was && number < s->n_changes)
			s->changes[number].came[s->family] += size;
	}
}

static bool is_in(const walker *w, ap_u128 at)
{
	return !w->over && w->first <= at;
}

/* Where the stretch that begins at `at` ends: before the next border of either. */
static ap_u128 end_of_stretch(const walker *w, ap_u128 at, ap_u128 end)
{
	ap_u128 own = w->over ? end : is_in(w, at) ? w->last : w->first - 1;

	return own < end ? own : end;
}

static void sweep_family(sweep *s)
{
	const ap_span none = { 0 };
	ap_u128 at = 0, end = ~(ap_u128)0;

	while (!s->before.over || !s->after.over) {
		ap_u128 last = end_of_stretch(&s->after, at, end_of_stretch(&s->before, at, end));

		count_stretch(s, last - at + 1, is_in(&s->before, at) ? s->before.regions : none,
			      is_in(&s->after, at) ? s->after.regions : none);
		if (!s->before.over && s->before.last <= last)
			step(&s->before);
		if (!s->after.over && s->after.last <= last)
			step(&s->after);
		if (last == end)
			break;
		at = last + 1;
	}
}

/* The numbers that the regions of the image before have in the image after. */
static uint32_t *renumber(ap_arena *arena, ap_view *before, ap_view *after, bool *named_before)
{
	uint32_t n_before = ap_image_count(before->image, AP_TABLE_REGIONS);
	uint32_t n_after = ap_image_count(after->image, AP_TABLE_REGIONS);
	uint32_t *numbers = ap_arena_alloc(arena, (n_before + 1) * sizeof(*numbers));
	ap_names *codes = ap_names_new(arena);

	for (uint32_t i = 0; i < n_after && after->sound; i++) {
		const char *code = ap_view_string(after, ap_view_region(after, i).code);

		if (ap_names_find(codes, code) == AP_NONE)
			ap_names_put(codes, code, i);
	}
	for (uint32_t i = 0; i < n_before && before->sound; i++) {
		numbers[i] = ap_names_find(codes, ap_view_string(before, ap_view_region(before, i).code));
		if (numbers[i] != AP_NONE)
			named_before[numbers[i]] = true;
	}
	return numbers;
}

static bool differs(const ap_region_change *change)
{
	return (change->came[0] | change->came[1] | change->went[0] | change->went[1]) != 0;
}

static bool places_any(ap_view *view, int family)
{
	return ap_image_count(view->image, AP_TABLE_DATABASES) > 0 && ap_view_database(view, 0).n_placed[family] > 0;
}

ap_region_change *ap_region_changes(ap_arena *arena, ap_view *before, ap_view *after, size_t *ret_n)
{
	uint32_t n = ap_image_count(after->image, AP_TABLE_REGIONS);
	bool *named_before = ap_arena_alloc(arena, (n + 1) * sizeof(*named_before));
	sweep s = { .numbers = renumber(arena, before, after, named_before),
		    .changes = ap_arena_alloc(arena, (n + 1) * sizeof(*s.changes)),
		    .n_changes = n };

	for (s.family = 0; s.family < 2; s.family++) {
		ap_family family = s.family == 0 ? AP_ADDRESS_IPV4 : AP_ADDRESS_IPV6;

		if (!places_any(before, s.family) || !places_any(after, s.family))
			continue;
		s.before = walk(before, family);
		s.after = walk(after, family);
		sweep_family(&s);
	}
	*ret_n = 0;
	for (uint32_t i = 0; i < n && after->sound; i++)
		if (named_before[i] && differs(&s.changes[i])) {
			ap_region_change change = s.changes[i];

			change.number = i;
			change.code = ap_view_string(after, ap_view_region(after, i).code);
			s.changes[(*ret_n)++] = change;
		}
	return s.changes;
}

ap_region_size *ap_region_sizes(ap_arena *arena, ap_view *view)
{
	uint32_t n = ap_image_count(view->image, AP_TABLE_REGIONS);
	ap_region_size *sizes = ap_arena_alloc(arena, (n + 1) * sizeof(*sizes));

	for (int family = 0; family < 2; family++)
		for (walker w = walk(view, family == 0 ? AP_ADDRESS_IPV4 : AP_ADDRESS_IPV6); !w.over; step(&w))
			for (uint32_t i = 0; i < w.regions.n && view->sound; i++) {
				uint32_t region = ap_view_number(view, w.regions, i);

				if (region < n)
					sizes[region].n[family] += w.last - w.first + 1;
			}
	return sizes;
}

/*
 * In words
 */

const char *ap_grouped(uint64_t number, char buffer[AP_GROUPED_MAX])
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number), used = 0;

	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			buffer[used++] = ',';
		buffer[used++] = digits[i];
	}
	buffer[used] = '\0';
	return buffer;
}

/* "+512 -1,024 IPv4 addresses"; nothing where there is no difference. */
static void append_counts(char *text, size_t size, uint64_t came, uint64_t went, const char *one, const char *many)
{
	size_t used = strlen(text);
	char plus[AP_GROUPED_MAX], minus[AP_GROUPED_MAX];

	if (came + went == 0)
		return;
	(void)snprintf(text + used, size - used, "%s%s%s%s%s%s %s", used > 0 ? ", " : "", came > 0 ? "+" : "",
		       came > 0 ? ap_grouped(came, plus) : "", came > 0 && went > 0 ? " " : "", went > 0 ? "-" : "",
		       went > 0 ? ap_grouped(went, minus) : "", came + went == 1 ? one : many);
}

const char *ap_region_change_text(ap_arena *arena, const ap_region_change *change)
{
	char text[256] = "";

	append_counts(text, sizeof(text), (uint64_t)change->came[0], (uint64_t)change->went[0], "IPv4 address",
		      "IPv4 addresses");
	append_counts(text, sizeof(text), ap_networks_of_64(change->came[1]), ap_networks_of_64(change->went[1]),
		      "network of 64 bits of IPv6", "networks of 64 bits of IPv6");
	return ap_arena_strdup(arena, text);
}
