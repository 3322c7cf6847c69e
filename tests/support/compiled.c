#include "compiled.h"

#include "../../lib/make/compile.h"
#include "../../lib/make/flatten.h"
#include "../../lib/make/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ap_interval *inject_intervals(ap_policy_set *set, ap_u128 first, unsigned step_bits, ap_u128 size)
{
	ap_interval *intervals = ap_arena_alloc(set->arena, AP_INJECTED * sizeof(*intervals));

	for (uint32_t i = 0; i < AP_INJECTED; i++) {
		intervals[i].first = first + ((ap_u128)i << step_bits);
		intervals[i].last = intervals[i].first + size - 1;
		intervals[i].origin = i % (uint32_t)set->n_regions;
	}
	return intervals;
}

static void inject_regions(ap_policy_set *set)
{
	static const ap_image_alias six_to_four = { .prefix = { 0x20, 0x02 }, .prefix_bytes = 2 };
	ap_region_location *locations = ap_arena_alloc(set->arena, set->n_regions * sizeof(*locations));
	ap_region_data *data = &set->region_data;

	for (uint32_t i = 0; i < set->n_regions; i++) {
		locations[i] = (ap_region_location){ .regions = { i }, .n = 1 };
		set->regions[i].unknown[0] = set->regions[i].unknown[1] = false;
	}
	*data = (ap_region_data){ .identity = { .type = "Injected", .built = 1790000000 },
				  .holds = { true, true },
				  .n_placed = { AP_INJECTED * 128, AP_INJECTED * 65536 },
				  .intervals = { inject_intervals(set, 0xc6120000, 8, 128),
						 inject_intervals(set, (ap_u128)0x20010db8 << 96, 80,
								  (ap_u128)1 << 80) },
				  .n_intervals = { AP_INJECTED, AP_INJECTED },
				  .locations = locations,
				  .n_locations = set->n_regions,
				  .aliases = &six_to_four,
				  .n_aliases = 1 };
	set->region_data_read = true;
	set->region_source = set->n_sources;
	*AP_PUSH(set->arena, set->sources, set->n_sources) =
		(ap_source_def){ .path = set->region_database.text, .kind = AP_SOURCE_REGIONS };
}

static ap_policy_set *read_text(const char *text)
{
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;

	if (ap_load_text("/nowhere/test.conf", text, strlen(text), &set, &diagnostics) != AP_OK) {
		for (size_t i = 0; i < diagnostics.n; i++)
			(void)fprintf(stderr, "%s:%u: %s\n", diagnostics.items[i].file, diagnostics.items[i].line,
				      diagnostics.items[i].message);
		abort();
	}
	ap_diagnostics_clear(&diagnostics);
	if (set->region_database.text != NULL && set->n_regions > 0)
		inject_regions(set);
	return set;
}

void *ap_test_image_bytes(const char *text, size_t *ret_size)
{
	ap_policy_set *set = read_text(text);
	void *bytes = NULL;
	ap_error error;

	if (ap_compile(set, 0, &bytes, ret_size, &error) != AP_OK) {
		(void)fprintf(stderr, "compile: %s\n", error.message);
		abort();
	}
	ap_policy_set_free(set);
	return bytes;
}

ap_image *ap_test_image(const char *text)
{
	ap_image *image = NULL;
	ap_error error;
	size_t size;
	void *bytes = ap_test_image_bytes(text, &size);

	if (ap_image_open("test", bytes, size, &image, &error) != AP_OK) {
		(void)fprintf(stderr, "open: %s\n", error.message);
		abort();
	}
	return image;
}
