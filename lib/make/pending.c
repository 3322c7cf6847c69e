#include "pending.h"

#include "../login/file.h"
#include "../login/view.h"
#include "load.h"
#include "names.h"
#include "region_database.h"
#include "timestamp.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t read_limit = (size_t)512 * 1024 * 1024;

const char *const ap_pending_names[] = {
	[AP_PENDING_CHANGED] = "changed",
	[AP_PENDING_ADDED] = "new",
	[AP_PENDING_REMOVED] = "gone",
	[AP_PENDING_UNREADABLE] = "unreadable",
};

typedef struct {
	ap_arena *arena;
	ap_view view;
	ap_pending *pending;
} search;

static void note(search *s, ap_pending_kind kind, uint32_t source, const char *path, const char *why)
{
	*AP_PUSH(s->arena, s->pending->items, s->pending->n) =
		(ap_pending_file){ .kind = kind,
				   .source = (ap_source_kind)source,
				   .path = ap_arena_strdup(s->arena, path),
				   .why = why != NULL ? ap_arena_strdup(s->arena, why) : NULL };
	s->pending->n_edits += source == AP_SOURCE_POLICIES;
}

/* True if the bytes are those that the source was made of. */
static bool is_same(const char *bytes, size_t size, const ap_image_source *source)
{
	struct sha256_ctx context;
	uint8_t sha256[32];

	if (size != source->size)
		return false;
	sha256_init(&context);
	sha256_update(&context, size, (const uint8_t *)bytes);
	sha256_digest(&context, sizeof(sha256), sha256);
	return memcmp(sha256, source->sha256, sizeof(sha256)) == 0;
}

static const char *age(int64_t built, int64_t was_built)
{
	if (built == 0 || was_built == 0 || built == was_built)
		return "another";
	return built > was_built ? "newer" : "older";
}

/* "newer: TYPE, built 2026-11-20 …; in force is that built 2026-11-13 …", or why the one that is there cannot be read. */
static const char *tell_databases(search *s, const char *path)
{
	char text[2 * AP_DATABASE_TEXT_MAX + 1024], now[AP_DATABASE_TEXT_MAX], before[AP_DATABASE_TEXT_MAX];
	ap_image_database was = ap_view_database(&s->view, 0);
	ap_database_identity is;
	const ap_region_answer *none;
	ap_error error;

	if (ap_region_database_look_up(path, NULL, 0, s->arena, &is, &none, &error) != AP_OK)
		(void)snprintf(text, sizeof(text), "%s", error.message);
	else
		(void)snprintf(text, sizeof(text), "%s: %s; in force is %s", age(is.built, was.built),
			       ap_database_text(is.type, is.built, now),
			       ap_database_text(ap_view_string(&s->view, was.type), was.built, before));
	return ap_arena_strdup(s->arena, text);
}

static void compare_file(search *s, const ap_image_source *source, const char *path)
{
	ap_error error = { 0 };
	char *bytes;
	size_t size;
	ap_status status = ap_file_read(path, read_limit, &bytes, &size, &error);

	if (status == AP_ERR_MISSING) {
		note(s, AP_PENDING_REMOVED, source->kind, path, NULL);
	} else if (status != AP_OK) {
		note(s, AP_PENDING_UNREADABLE, source->kind, path, error.message);
	} else {
		if (!is_same(bytes, size, source))
			note(s, AP_PENDING_CHANGED, source->kind, path,
			     source->kind == AP_SOURCE_REGIONS ? tell_databases(s, path) : NULL);
		free(bytes);
	}
}

const char *ap_pending_root(ap_arena *arena, const ap_image *image)
{
	ap_view view = ap_view_of(image);
	ap_image_source root;

	if (ap_image_count(image, AP_TABLE_SOURCES) == 0)
		return "";
	root = ap_view_source(&view, 0);
	return ap_arena_strdup(arena, ap_view_string(&view, root.path));
}

/* Drop-ins that have come since. */
static void find_new_files(search *s, ap_names *known)
{
	const char *const *paths;
	ap_error error = { 0 };
	size_t n;

	if (ap_load_list(s->pending->root, s->arena, &paths, &n, &error) != AP_OK)
		note(s, AP_PENDING_UNREADABLE, AP_SOURCE_POLICIES, error.file, error.message);
	for (size_t i = 1; i < n; i++)
		if (ap_names_find(known, paths[i]) == AP_NONE)
			note(s, AP_PENDING_ADDED, AP_SOURCE_POLICIES, paths[i], NULL);
}

static ap_pending compare_files(ap_arena *arena, const ap_image *image, bool edits_only)
{
	ap_pending pending = { .root = ap_pending_root(arena, image) };
	search s = { .arena = arena, .view = ap_view_of(image), .pending = &pending };
	uint32_t n = ap_image_count(image, AP_TABLE_SOURCES);
	ap_names *known = ap_names_new(arena);

	for (uint32_t i = 0; i < n && s.view.sound; i++) {
		ap_image_source source = ap_view_source(&s.view, i);
		const char *path = ap_arena_strdup(arena, ap_view_string(&s.view, source.path));

		/* a feed may be named by several networks */
		if (ap_names_find(known, path) != AP_NONE || (edits_only && source.kind != AP_SOURCE_POLICIES))
			continue;
		ap_names_put(known, path, i);
		compare_file(&s, &source, path);
	}
	if (pending.root[0] != '\0')
		find_new_files(&s, known);
	return pending;
}

ap_pending ap_pending_of(ap_arena *arena, const ap_image *image)
{
	return compare_files(arena, image, false);
}

ap_pending ap_pending_edits_of(ap_arena *arena, const ap_image *image)
{
	return compare_files(arena, image, true);
}
