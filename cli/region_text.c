#include "region_text.h"

#include "../lib/make/region_codes.h"
#include "../lib/make/region_database.h"
#include "../lib/make/state.h"
#include "jsontext.h"
#include "screen.h"

#include <string.h>

const char *ap_region_shown(ap_arena *arena, const char *code)
{
	char name[AP_REGION_NAME_MAX];

	if (strcmp(code, "unlocated") == 0)
		return "unlocated";
	return ap_format(arena, "%s (%s)", ap_printable(arena, code), ap_region_name(code, name, sizeof(name)));
}

json_t *ap_json_region_name(ap_arena *arena, const char *code)
{
	char name[AP_REGION_NAME_MAX];

	return strcmp(code, "unlocated") == 0 ? json_null()
					      : ap_json_name(arena, ap_region_name(code, name, sizeof(name)));
}

const char *ap_database_shown(ap_arena *arena, const char *type, int64_t built)
{
	char text[AP_DATABASE_TEXT_MAX];

	return ap_printable(arena, ap_arena_strdup(arena, ap_database_text(type, built, text)));
}

const char *ap_image_database_shown(ap_arena *arena, const ap_image *image)
{
	ap_view view = ap_view_of(image);
	ap_image_database database;

	if (ap_image_count(image, AP_TABLE_DATABASES) == 0)
		return NULL;
	database = ap_view_database(&view, 0);
	return ap_database_shown(arena, ap_view_string(&view, database.type), database.built);
}

bool ap_image_database_source(ap_view *view, ap_image_source *ret_source)
{
	if (ap_image_count(view->image, AP_TABLE_DATABASES) == 0)
		return false;
	*ret_source = ap_view_source(view, ap_view_database(view, 0).source);
	return true;
}

const char *ap_image_database_path(ap_arena *arena, const ap_image *image)
{
	ap_view view = ap_view_of(image);
	ap_image_source source;

	return ap_image_database_source(&view, &source) ? ap_arena_strdup(arena, ap_view_string(&view, source.path))
							: NULL;
}

json_t *ap_image_database_json(ap_arena *arena, const ap_image *image)
{
	ap_view view = ap_view_of(image);
	ap_image_source source;
	ap_image_database database;
	char sha256[AP_HEX_REVISION + 1];
	json_t *object;

	if (!ap_image_database_source(&view, &source))
		return json_null();
	database = ap_view_database(&view, 0);
	object = ap_json_object();
	ap_revision_format(source.sha256, sha256);
	ap_json_set(object, "path", ap_json_text(arena, ap_view_string(&view, source.path)));
	ap_json_set(object, "type", ap_json_text(arena, ap_view_string(&view, database.type)));
	ap_json_set(object, "built", database.built != 0 ? ap_json_time(database.built) : json_null());
	ap_json_set(object, "size", json_integer((json_int_t)source.size));
	ap_json_set(object, "sha256", ap_json_text(arena, sha256));
	return object;
}
