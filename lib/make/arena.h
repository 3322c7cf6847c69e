/* arena.h - memory that is freed all at once: a policy set owns one, and everything in the set lives in it. */
#ifndef AP_ARENA_H
#define AP_ARENA_H

#include <stdarg.h>
#include <stddef.h>

typedef struct ap_arena ap_arena;

/*
 * Ends a process that makes images and has no memory left, with a message and status 70. This code never runs inside a
 * login service (see ../textmode/spawn.h).
 */
__attribute__((noreturn)) void ap_out_of_memory(void);

/*
 * Tells the kernel that a run of fresh memory will be used whole, so that it is had in large pages. A hint: nothing
 * hangs on it.
 */
void ap_will_use_whole(void *memory, size_t size);

ap_arena *ap_arena_new(void);
void ap_arena_free(ap_arena *arena);

/* Zeroed memory, aligned for any type. Never NULL: where there is none left, the process ends. */
void *ap_arena_alloc(ap_arena *arena, size_t size);
char *ap_arena_strdup(ap_arena *arena, const char *text);
char *ap_arena_strndup(ap_arena *arena, const char *text, size_t length);

/* A text as printf(3) makes it. */
__attribute__((format(printf, 2, 3))) const char *ap_format(ap_arena *arena, const char *format, ...);
__attribute__((format(printf, 2, 0))) const char *ap_vformat(ap_arena *arena, const char *format, va_list arguments);

/*
 * Room for one more item at the end of a growing array: `*items` (of `size` bytes each, `n` of them used) is moved
 * within the arena when it is full, by doubling. Returns the new item, zeroed. AP_PUSH is the same with the types
 * of the array and the item checked.
 */
void *ap_arena_push(ap_arena *arena, void *items_pointer, size_t *n, size_t size);

#define AP_PUSH(arena, items, n) ((typeof(items))ap_arena_push((arena), &(items), &(n), sizeof(*(items))))

#endif
