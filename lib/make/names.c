#include "names.h"

#include "../login/image.h"
#include "../login/member.h"

#include <string.h>

typedef struct {
	const char *name; /* NULL: an empty slot */
	uint32_t number;
	uint32_t hash;
} slot;

struct ap_names {
	ap_arena *arena;
	slot *slots;
	size_t n_slots; /* a power of two */
	size_t used;
};

enum { FIRST_SLOTS = 64 };

char *ap_lower_copy(ap_arena *arena, const char *name)
{
	char *copy = ap_arena_strdup(arena, name);

	for (char *c = copy; *c != '\0'; c++)
		*c = ap_ascii_lower(*c);
	return copy;
}

ap_names *ap_names_new(ap_arena *arena)
{
	ap_names *names = ap_arena_alloc(arena, sizeof(*names));

	names->arena = arena;
	names->n_slots = FIRST_SLOTS;
	names->slots = ap_arena_alloc(arena, FIRST_SLOTS * sizeof(slot));
	return names;
}

/* The slot that holds the name, or the empty one where it belongs. */
static slot *slot_of(const ap_names *names, const char *name, uint32_t hash)
{
	size_t at = hash & (names->n_slots - 1);

	while (names->slots[at].name != NULL &&
	       (names->slots[at].hash != hash || strcmp(names->slots[at].name, name) != 0))
		at = (at + 1) & (names->n_slots - 1);
	return &names->slots[at];
}

static uint32_t hash_of(const char *name)
{
	return (uint32_t)ap_image_hash(name, strlen(name));
}

uint32_t ap_names_find(const ap_names *names, const char *name)
{
	const slot *found = slot_of(names, name, hash_of(name));

	return found->name != NULL ? found->number : AP_NONE;
}

static void grow(ap_names *names)
{
	slot *old = names->slots;
	size_t n_old = names->n_slots;

	names->n_slots *= 2;
	names->slots = ap_arena_alloc(names->arena, names->n_slots * sizeof(slot));
	for (size_t i = 0; i < n_old; i++)
		if (old[i].name != NULL)
			*slot_of(names, old[i].name, old[i].hash) = old[i];
}

void ap_names_put(ap_names *names, const char *name, uint32_t number)
{
	uint32_t hash = hash_of(name);

	if (++names->used * 2 > names->n_slots)
		grow(names);
	*slot_of(names, name, hash) = (slot){ .name = name, .number = number, .hash = hash };
}
