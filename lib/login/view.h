/*
 * view.h - an image's records, strings and look-ups, for those who decide by them.
 */
#ifndef AP_VIEW_H
#define AP_VIEW_H

#include "address.h"
#include "image.h"

/* A reader's eyes: `sound` turns false, and stays it, once something out of bounds or damaged was asked for. */
typedef struct {
	const ap_image *image;
	bool sound;
} ap_view;

static inline ap_view ap_view_of(const ap_image *image)
{
	return (ap_view){ .image = image, .sound = true };
}

/* How many records a table holds. */
uint32_t ap_image_count(const ap_image *image, ap_table_kind table);

/*
 * Each copies a record, or answers a zeroed one and marks the view where there is none. A string that cannot be had is
 * "". Policies and exceptions go by number, which is reading order, departments by theirs; or by the place of their record.
 */
const char *ap_view_string(ap_view *view, uint32_t place);
uint32_t ap_view_number(ap_view *view, ap_span span, uint32_t index);
ap_image_settings ap_view_settings(ap_view *view);
ap_image_client ap_view_client(ap_view *view, uint32_t number);
ap_image_hint ap_view_hint(ap_view *view, uint32_t number);
ap_image_group ap_view_group(ap_view *view, uint32_t number);
ap_image_department ap_view_department(ap_view *view, uint32_t number);
ap_image_department ap_view_department_at(ap_view *view, uint32_t place);
ap_image_member ap_view_member(ap_view *view, uint32_t number);
uint32_t ap_view_domain(ap_view *view, uint32_t number); /* its string */
uint32_t ap_view_policy_place(ap_view *view, uint32_t number);
ap_image_policy ap_view_policy(ap_view *view, uint32_t number);
ap_image_policy ap_view_policy_at(ap_view *view, uint32_t place);
ap_image_exception ap_view_exception(ap_view *view, uint32_t number);
ap_image_exception ap_view_exception_at(ap_view *view, uint32_t place);
ap_image_net ap_view_net(ap_view *view, uint32_t place);
ap_image_origin ap_view_origin(ap_view *view, uint32_t number);
ap_image_source ap_view_source(ap_view *view, uint32_t number);
ap_image_region ap_view_region(ap_view *view, uint32_t number);
ap_image_location ap_view_location(ap_view *view, uint32_t number);
ap_image_alias ap_view_alias(ap_view *view, uint32_t number);
ap_image_database ap_view_database(ap_view *view, uint32_t number);

/* The text of a hint at *place, which moves to the next; it stays until the view reads something else. */
const char *ap_view_next_text(ap_view *view, uint32_t *place);

/* True if an ascending span holds `value`. */
bool ap_view_span_holds(ap_view *view, ap_span span, uint32_t value);

/* What the image knows of a name: an entry of one of its dictionaries. */
typedef struct {
	bool known;
	uint32_t number;     /* of a listed member, domain or group, or AP_NONE */
	ap_span departments; /* of a member: places */
	ap_image_concern concern;
} ap_subject_entry;

/* `name` is in lower case; groups as they are written. */
ap_subject_entry ap_view_find(ap_view *view, const ap_dictionary *dictionary, const char *name, size_t length);

/* A policy's number by its name, or AP_NONE. Reads them all. */
uint32_t ap_view_find_policy(ap_view *view, const char *name);

/* A client type's number by its name, or AP_NONE. */
uint32_t ap_view_find_client(ap_view *view, const char *name);

/* The interval of the net that holds the address, with the number of its origin. False if none does. */
bool ap_view_find_range(ap_view *view, const ap_image_net *net, const ap_address *address, ap_range *ret_range,
			uint32_t *ret_origin);

/*
 * The interval of the map that holds the address, with the number of its location. False if none does: the address is
 * in none of the regions that are named, or it is none that could be in one.
 */
bool ap_view_locate(ap_view *view, const ap_address *address, ap_range *ret_range, uint32_t *ret_location);

/* The smallest of the regions that are named and hold the address: its code; NULL where none does. */
const char *ap_view_region_of(ap_view *view, const ap_address *address);

/* The index-th of the ranges, which are of that family, ascending, with its origin, or the number of its location. */
ap_range ap_view_range(ap_view *view, const ap_image_ranges *ranges, ap_family family, uint32_t index,
		       uint32_t *ret_origin);

/* True where no address at all can be in it: named networks may be empty. */
static inline bool ap_net_holds_nothing(const ap_image_net *net)
{
	return net->ranges4.n == 0 && net->ranges6.n == 0 && net->regions.n == 0 && (net->flags & AP_NET_LOCAL) == 0;
}

#endif
