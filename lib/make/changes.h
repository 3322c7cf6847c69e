/* changes.h - what one image decides otherwise than another: for whoever puts it in its place. */
#ifndef AP_CHANGES_H
#define AP_CHANGES_H

#include "../login/image.h"
#include "arena.h"

typedef enum { AP_CHANGE_ADDED, AP_CHANGE_REMOVED, AP_CHANGE_CHANGED } ap_change_kind;
typedef enum {
	AP_CHANGE_SETTING,
	AP_CHANGE_CLIENTS, /* client types and their hints */
	AP_CHANGE_POLICY,
	AP_CHANGE_EXCEPTION,
	AP_CHANGE_DIRECTORY,
	AP_CHANGE_FEED,
	AP_CHANGE_DATABASE, /* the region database */
	AP_CHANGE_REGION,   /* by another region database: which addresses are in it */
	AP_CHANGE_FILE      /* a policy file: its departments, networks or settings; or nothing that decides */
} ap_change_subject;

typedef struct {
	ap_change_kind kind;
	ap_change_subject subject;
	const char *name; /* of the setting, policy, exception or file */
	const char
		*detail; /* "status enabled, was disabled; network 5 ranges, was 3"; "" where there is none to tell */
} ap_change;

typedef struct {
	ap_change *items;
	size_t n;
} ap_changes;

/* "setting", "policy" … */
extern const char *const ap_change_subject_names[AP_CHANGE_FILE + 1];

/* `before` NULL: everything is added. Texts live in the arena. */
ap_changes ap_changes_between(ap_arena *arena, const ap_image *before, const ap_image *after);

/* "2 policies changed, 1 added; 1 feed changed", in the arena. "nothing that decides" where there is no change. */
const char *ap_changes_summary(ap_arena *arena, const ap_changes *changes);

#endif
