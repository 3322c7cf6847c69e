/* names.h - from a name to the number of what bears it. */
#ifndef AP_NAMES_H
#define AP_NAMES_H

#include "arena.h"

#include <stddef.h>
#include <stdint.h>

typedef struct ap_names ap_names;

/* A copy in lower case, of ASCII letters only: a key for names that are the same in whatever case. */
char *ap_lower_copy(ap_arena *arena, const char *name);

/* Lives in the arena. */
ap_names *ap_names_new(ap_arena *arena);

/* The number that was put under `name`, or AP_NONE (image.h). */
uint32_t ap_names_find(const ap_names *names, const char *name);

/* Puts `number` under `name`, which is borrowed and must not be there yet. */
void ap_names_put(ap_names *names, const char *name, uint32_t number);

#endif
