/* region_text.h - regions, and the databases that know them, in words for a person. */
#ifndef AP_REGION_TEXT_H
#define AP_REGION_TEXT_H

#include "../lib/login/view.h"
#include "../lib/make/arena.h"

#include <jansson.h>

/* "CN (China)"; "unlocated". In the arena. */
const char *ap_region_shown(ap_arena *arena, const char *code);

/* The name alone, as JSON; null for what has none: "unlocated". */
json_t *ap_json_region_name(ap_arena *arena, const char *code);

/* "GeoLite2-City, built 2026-11-20 …". In the arena. */
const char *ap_database_shown(ap_arena *arena, const char *type, int64_t built);

/* The same of the database that the image's regions are from; NULL where there is none. */
const char *ap_image_database_shown(ap_arena *arena, const ap_image *image);

/* The file that it was. False where there is none. */
bool ap_image_database_source(ap_view *view, ap_image_source *ret_source);

/* Where that database stood; NULL where there is none. */
const char *ap_image_database_path(ap_arena *arena, const ap_image *image);

/* {path, type, built, size, sha256} of that database, or null. */
json_t *ap_image_database_json(ap_arena *arena, const ap_image *image);

#endif
