/*
 * compile_ranges.h - sorted ranges of addresses and the samples above them, as an image has them. A part of compile.c.
 *
 * Few ranges stand with what they belong to; many are left for the image's end, and only their topmost samples stand
 * there.
 */
#ifndef AP_COMPILE_RANGES_H
#define AP_COMPILE_RANGES_H

#include "builder.h"
#include "flatten.h"

enum { AP_N_FAMILIES = 2 }; /* IPv4, IPv6 */

/* One family's, disjoint and ascending. */
typedef struct {
	const ap_interval *items;
	size_t n;
	int family; /* 0: IPv4, 1: IPv6 */
} ap_ranges;

/* True if all of them stand with what they belong to. */
bool ap_ranges_are_near(ap_ranges ranges);

/* What ap_ranges_write_near writes, at most. */
uint64_t ap_ranges_near_bytes(ap_ranges ranges);

/* Writes those that are few, or the topmost samples of many. What is known of their places goes to *record. */
void ap_ranges_write_near(ap_builder *image, ap_ranges ranges, ap_image_ranges *record);

/* Writes what ap_ranges_write_near left, and completes *record. */
void ap_ranges_write_far(ap_builder *image, ap_ranges ranges, ap_image_ranges *record);

#endif
