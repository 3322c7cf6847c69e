#include "compile_map.h"

#include "compile_ranges.h"

static ap_ranges ranges_of(const ap_policy_set *set, int family)
{
	return (ap_ranges){ .items = set->region_data.intervals[family],
			    .n = set->region_data.n_intervals[family],
			    .family = family };
}

void ap_map_write_front(const ap_policy_set *set, ap_builder *image)
{
	const ap_region_data *data = &set->region_data;

	ap_ranges_write_near(image, ranges_of(set, 0), &image->head.map.ranges4);
	ap_ranges_write_near(image, ranges_of(set, 1), &image->head.map.ranges6);
	image->head.tables[AP_TABLE_ALIASES] =
		ap_builder_table(image, data->aliases, data->n_aliases, sizeof(*data->aliases));
}

static void write_locations(const ap_policy_set *set, ap_builder *image)
{
	const ap_region_data *data = &set->region_data;
	ap_image_table table = ap_builder_reserve_table(image, data->n_locations, sizeof(ap_image_location));

	for (uint32_t i = 0; i < data->n_locations; i++) {
		const ap_region_location *location = &data->locations[i];
		const ap_image_location written = { ap_builder_span(image, location->regions, location->n) };

		ap_builder_write(image, ap_builder_table_place(table, i, sizeof(written)), &written, sizeof(written));
	}
	image->head.tables[AP_TABLE_LOCATIONS] = table;
}

static void write_regions(const ap_policy_set *set, ap_builder *image)
{
	ap_image_table table = ap_builder_reserve_table(image, set->n_regions, sizeof(ap_image_region));

	for (uint32_t i = 0; i < set->n_regions; i++) {
		const ap_image_region region = { .code = ap_builder_string(image, set->regions[i].code) };

		ap_builder_write(image, ap_builder_table_place(table, i, sizeof(region)), &region, sizeof(region));
	}
	image->head.tables[AP_TABLE_REGIONS] = table;
}

static void write_database(const ap_policy_set *set, ap_builder *image)
{
	const ap_region_data *data = &set->region_data;
	const ap_image_database database = { .source = (uint32_t)set->region_source,
					     .type = ap_builder_string(image, data->identity.type),
					     .built = data->identity.built,
					     .n_placed = { data->n_placed[0], data->n_placed[1] } };

	image->head.tables[AP_TABLE_DATABASES] = ap_builder_table(image, &database, 1, sizeof(database));
}

void ap_map_write_rest(const ap_policy_set *set, ap_builder *image)
{
	ap_ranges_write_far(image, ranges_of(set, 0), &image->head.map.ranges4);
	ap_ranges_write_far(image, ranges_of(set, 1), &image->head.map.ranges6);
	write_locations(set, image);
	write_regions(set, image);
	if (set->region_data_read)
		write_database(set, image);
}
