#include "compile_ranges.h"

#include <string.h>

/* Ranges that take no more than this stand with what they belong to. */
enum { NEAR_BYTES = 1024 };

static const size_t key_bytes[AP_N_FAMILIES] = { 4, 16 };
static const size_t range_bytes[AP_N_FAMILIES] = { sizeof(ap_image_range4), sizeof(ap_image_range6) };

bool ap_ranges_are_near(ap_ranges ranges)
{
	return ranges.n * range_bytes[ranges.family] <= NEAR_BYTES;
}

uint64_t ap_ranges_near_bytes(ap_ranges ranges)
{
	return ap_ranges_are_near(ranges) ? ranges.n * range_bytes[ranges.family] : AP_RANGES_TOP_BYTES;
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

static uint32_t write_ranges(ap_builder *image, ap_ranges ranges)
{
	size_t n = key_bytes[ranges.family], size = range_bytes[ranges.family];
	ap_image_table table = ap_builder_reserve_table(image, ranges.n, size);

	for (uint32_t i = 0; i < ranges.n; i++) {
		const ap_interval *interval = &ranges.items[i];
		uint8_t record[sizeof(ap_image_range6)];

		write_key(interval->first, record, n);
		write_key(interval->last, record + n, n);
		memcpy(record + 2 * n, &interval->origin, sizeof(interval->origin));
		ap_builder_write(image, ap_builder_table_place(table, i, size), record, size);
	}
	return table.at;
}

/* The samples of every step-th range: n of them. */
static uint32_t write_samples(ap_builder *image, ap_ranges ranges, size_t n, size_t step)
{
	size_t size = key_bytes[ranges.family];
	ap_image_table table = ap_builder_reserve_table(image, n, size);

	for (uint32_t i = 0; i < n; i++) {
		uint8_t key[16];

		write_key(ranges.items[i * step].first, key, size);
		ap_builder_write(image, ap_builder_table_place(table, i, size), key, size);
	}
	return table.at;
}

/* The levels of samples above the ranges: of each how many, and of every which range; their number. */
static int list_levels(ap_ranges ranges, size_t counts[AP_RANGES_LEVELS], size_t steps[AP_RANGES_LEVELS])
{
	size_t key = key_bytes[ranges.family], size = range_bytes[ranges.family];
	size_t n = stretches(ranges.n, size), step = AP_BLOCK_BYTES / size;
	int levels = 0;

	/* 1,024 bytes above 255 stretches of 255 of 113: some hundred million ranges, more than an image holds */
	while (n > 1 && levels < AP_RANGES_LEVELS) {
		counts[levels] = n;
		steps[levels++] = step;
		if (n * key <= AP_RANGES_TOP_BYTES)
			break;
		step *= AP_BLOCK_BYTES / key;
		n = stretches(n, key);
	}
	return levels;
}

void ap_ranges_write_near(ap_builder *image, ap_ranges ranges, ap_image_ranges *record)
{
	size_t counts[AP_RANGES_LEVELS], steps[AP_RANGES_LEVELS];
	int levels = list_levels(ranges, counts, steps);

	record->n = (uint32_t)ranges.n;
	if (ranges.n > 0 && ap_ranges_are_near(ranges))
		record->at = write_ranges(image, ranges);
	else if (levels > 0)
		record->samples[levels - 1] = write_samples(image, ranges, counts[levels - 1], steps[levels - 1]);
}

void ap_ranges_write_far(ap_builder *image, ap_ranges ranges, ap_image_ranges *record)
{
	size_t counts[AP_RANGES_LEVELS], steps[AP_RANGES_LEVELS];
	int levels = list_levels(ranges, counts, steps);

	if (ap_ranges_are_near(ranges))
		return;
	for (int i = levels - 2; i >= 0; i--)
		record->samples[i] = write_samples(image, ranges, counts[i], steps[i]);
	record->at = write_ranges(image, ranges);
}
