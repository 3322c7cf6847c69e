/*
 * builder.h - an image in the making: its bytes in the blocks that they are stored in, grown at the end.
 *
 * A place that is not known yet, of a policy or of an exception, is written as its number, and the slot noted: at the
 * end all of them are filled in.
 */
#ifndef AP_BUILDER_H
#define AP_BUILDER_H

#include "../login/image.h"
#include "arena.h"

#include <stdbool.h>

typedef enum { AP_REF_POLICY, AP_REF_EXCEPTION, AP_N_REFS } ap_ref_kind;

typedef struct {
	uint32_t slot; /* the place of the number */
	ap_ref_kind kind;
} ap_ref;

typedef struct {
	uint32_t slot;
	const char *text; /* borrowed */
} ap_late_string;

typedef struct {
	ap_arena *arena; /* borrowed: of what is noted on the way */
	uint8_t *blocks; /* owned: malloc(3) */
	size_t room;     /* bytes of blocks, a multiple of AP_BLOCK_SIZE */
	size_t zeroed;   /* those that are zeros where nothing was written */
	uint64_t size;   /* of the image; beyond 32 bits it is refused at the end */
	ap_image_head head;
	uint32_t *recent; /* places of the strings in the block that is being filled */
	size_t n_recent;
	uint64_t recent_block;
	ap_ref *refs;
	size_t n_refs;
	ap_late_string *late;
	size_t n_late;
} ap_builder;

/* Begins with the room for a head. Free with ap_builder_free. */
void ap_builder_init(ap_builder *builder, ap_arena *arena);
void ap_builder_free(ap_builder *builder);

/* `size` bytes of zeros at the end; their place, a multiple of 4. */
uint32_t ap_builder_reserve(ap_builder *builder, uint64_t size);

/* Writes over what was reserved. */
void ap_builder_write(ap_builder *builder, uint32_t place, const void *bytes, size_t size);
uint32_t ap_builder_put(ap_builder *builder, const void *bytes, size_t size);

/* Goes on in the next block where `size` bytes would fit into one, but not into the rest of this. */
void ap_builder_keep_together(ap_builder *builder, uint64_t size);
void ap_builder_start_block(ap_builder *builder);

/* What a string takes, at most. */
uint32_t ap_builder_string_bytes(const char *text);

/* The place of `text`, which is 0 for NULL and "". What stands in the same block already is not written again. */
uint32_t ap_builder_string(ap_builder *builder, const char *text);

/* The same, always written anew: strings that are to stand one behind the other. "" too has a place. */
uint32_t ap_builder_next_string(ap_builder *builder, const char *text);

/* Has `text` written at the image's end, and its place to `slot`. */
void ap_builder_string_late(ap_builder *builder, uint32_t slot, const char *text);

ap_span ap_builder_span(ap_builder *builder, const uint32_t *numbers, size_t n);

/* The same where the numbers stand for places: its caller notes the slot of one alone (ap_builder_ref_span). */
ap_span ap_builder_refs(ap_builder *builder, ap_ref_kind kind, const uint32_t *numbers, size_t n);

/* The span was written to `place`. */
void ap_builder_ref_span(ap_builder *builder, ap_ref_kind kind, uint32_t place, ap_span span);
void ap_builder_ref_concern(ap_builder *builder, uint32_t place, const ap_image_concern *concern);

/* The slot at `place` holds the number of a policy or an exception. */
void ap_builder_ref(ap_builder *builder, ap_ref_kind kind, uint32_t place);

/* The room for a table: where it is longer than a block it begins with one. Its records are written one by one. */
ap_image_table ap_builder_reserve_table(ap_builder *builder, size_t n, size_t record_bytes);
uint32_t ap_builder_table_place(ap_image_table table, uint32_t number, size_t record_bytes);
ap_image_table ap_builder_table(ap_builder *builder, const void *records, size_t n, size_t record_bytes);

typedef struct {
	const char *name;
	uint32_t length; /* of the name */
	uint64_t hash;   /* the same */
	uint32_t number;
	ap_span departments;
	ap_image_concern concern;
} ap_dictionary_item;

/* A dictionary in the making: first how much will be in it, then one after the other. */
typedef struct {
	ap_dictionary dictionary;
	ap_image_bucket *heads; /* by bucket, as the rest */
	uint32_t *used;
} ap_dictionary_builder;

/* What an item takes at most. */
uint64_t ap_dictionary_item_bytes(uint32_t name_length, bool may_be_concerned);

/* Room for items that take `bytes` in all. */
ap_dictionary_builder ap_dictionary_begin(ap_builder *builder, uint64_t bytes);
void ap_dictionary_add(ap_builder *builder, ap_dictionary_builder *d, const ap_dictionary_item *item);
ap_dictionary ap_dictionary_end(ap_builder *builder, const ap_dictionary_builder *d);

/*
 * Fills in places[kind][number] and late strings, the revision and `made`, and seals the blocks. The caller frees
 * *ret_bytes with free(3). AP_ERR_LIMIT where the image outgrew the format.
 */
ap_status ap_builder_finish(ap_builder *builder, const uint32_t *const places[AP_N_REFS], int64_t made,
			    void **ret_bytes, size_t *ret_size, ap_error *error);

#endif
