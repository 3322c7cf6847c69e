#include "arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>

enum { CHUNK_BYTES = 4 * 1024, CHUNK_MAX_BYTES = 4 * 1024 * 1024, ALIGNMENT = 16, FIRST_CAPACITY = 4 };

typedef struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	_Alignas(ALIGNMENT) unsigned char bytes[];
} chunk;

/* Two lists: strings need no alignment, and there may be millions of short ones. */
struct ap_arena {
	chunk *aligned;
	chunk *strings;
};

void ap_out_of_memory(void)
{
	(void)fputs("accesspolicy: there is no memory left\n", stderr);
	exit(EX_SOFTWARE);
}

void ap_will_use_whole(void *memory, size_t size)
{
	enum { LARGE = 4 * 1024 * 1024, PAGE = 4096 };
	uintptr_t start = ((uintptr_t)memory + PAGE - 1) & ~(uintptr_t)(PAGE - 1), end = (uintptr_t)memory + size;

	if (size >= LARGE)
		(void)madvise((char *)memory + (start - (uintptr_t)memory), end - start, MADV_HUGEPAGE);
}

ap_arena *ap_arena_new(void)
{
	ap_arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL)
		ap_out_of_memory();
	return arena;
}

static void free_chunks(chunk *list)
{
	while (list != NULL) {
		chunk *next = list->next;

		free(list);
		list = next;
	}
}

void ap_arena_free(ap_arena *arena)
{
	if (arena == NULL)
		return;
	free_chunks(arena->aligned);
	free_chunks(arena->strings);
	free(arena);
}

/* Chunks double: a small arena stays small, and a large one has few. */
static size_t next_chunk_bytes(const chunk *last)
{
	if (last == NULL || last->size < CHUNK_BYTES)
		return CHUNK_BYTES;
	return last->size < CHUNK_MAX_BYTES / 2 ? last->size * 2 : CHUNK_MAX_BYTES;
}

static void *take(chunk **list, size_t size)
{
	chunk *first = *list;
	void *taken;

	if (first == NULL || first->size - first->used < size) {
		size_t usual = next_chunk_bytes(first), room = size > usual ? size : usual;
		chunk *fresh = room <= SIZE_MAX / 2 ? calloc(1, sizeof(*fresh) + room) : NULL;

		if (fresh == NULL)
			ap_out_of_memory();
		ap_will_use_whole(fresh, sizeof(*fresh) + room);
		fresh->size = room;
		if (first != NULL && room == size) {
			/* a large item of its own goes behind the chunk that still has room */
			fresh->next = first->next;
			first->next = fresh;
		} else {
			fresh->next = first;
			*list = fresh;
		}
		first = fresh;
	}
	taken = first->bytes + first->used;
	first->used += size;
	return taken;
}

void *ap_arena_alloc(ap_arena *arena, size_t size)
{
	if (size > SIZE_MAX - ALIGNMENT)
		ap_out_of_memory();
	return take(&arena->aligned, (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1));
}

char *ap_arena_strndup(ap_arena *arena, const char *text, size_t length)
{
	char *copy;

	if (length == SIZE_MAX)
		ap_out_of_memory();
	copy = take(&arena->strings, length + 1);
	memcpy(copy, text, length);
	return copy;
}

const char *ap_vformat(ap_arena *arena, const char *format, va_list arguments)
{
	char *made = NULL;
	const char *kept;

	if (vasprintf(&made, format, arguments) < 0)
		ap_out_of_memory();
	kept = ap_arena_strdup(arena, made);
	free(made);
	return kept;
}

const char *ap_format(ap_arena *arena, const char *format, ...)
{
	va_list arguments;
	const char *text;

	va_start(arguments, format);
	text = ap_vformat(arena, format, arguments);
	va_end(arguments);
	return text;
}

char *ap_arena_strdup(ap_arena *arena, const char *text)
{
	return ap_arena_strndup(arena, text, strlen(text));
}

/* The capacity is not stored: an array is full at 0, 4 and each power of two behind. */
static bool is_full(size_t n)
{
	return n == 0 || (n >= FIRST_CAPACITY && (n & (n - 1)) == 0);
}

void *ap_arena_push(ap_arena *arena, void *items_pointer, size_t *n, size_t size)
{
	unsigned char *items;

	/* the caller's pointer is of another type: its bytes are copied, not read through a cast */
	memcpy(&items, items_pointer, sizeof(items));
	if (is_full(*n)) {
		size_t capacity = *n == 0 ? FIRST_CAPACITY : *n * 2;
		unsigned char *larger;

		if (capacity > SIZE_MAX / 4 / size)
			ap_out_of_memory();
		larger = ap_arena_alloc(arena, capacity * size);
		if (*n > 0)
			memcpy(larger, items, *n * size);
		items = larger;
		memcpy(items_pointer, &items, sizeof(items));
	}
	return items + size * (*n)++;
}
