/* pending.h - in what the files differ from what is in force. */
#ifndef AP_PENDING_H
#define AP_PENDING_H

#include "../login/image.h"
#include "arena.h"

typedef enum { AP_PENDING_CHANGED, AP_PENDING_ADDED, AP_PENDING_REMOVED, AP_PENDING_UNREADABLE } ap_pending_kind;

typedef struct {
	ap_pending_kind kind;
	ap_source_kind source;
	const char *path;
	/* Of one that cannot be read why; of a region database that changed, what it is and was; or NULL. */
	const char *why;
} ap_pending_file;

typedef struct {
	const char *root; /* the root file that is in force; "" where the image does not tell */
	ap_pending_file *items;
	size_t n;
	size_t n_edits; /* policy files; the others are data: feeds, directory files, the region database */
} ap_pending;

/* "changed", "new", "gone", "unreadable" */
extern const char *const ap_pending_names[AP_PENDING_UNREADABLE + 1];

/* Compares the files that `image` was made of, and those that would be read now, with it. Texts live in the arena. */
ap_pending ap_pending_of(ap_arena *arena, const ap_image *image);

/* The same of policy files alone: edits. Feeds, directory files and the region database, which may be large, are not read. */
ap_pending ap_pending_edits_of(ap_arena *arena, const ap_image *image);

/* The root file that the image was made of. In the arena. */
const char *ap_pending_root(ap_arena *arena, const ap_image *image);

#endif
