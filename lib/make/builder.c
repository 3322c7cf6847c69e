#include "builder.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

/* Strings that are looked at again before one is written anew. */
enum { RECENT_MAX = 16 };

static size_t stored_at(uint32_t place)
{
	return (size_t)place / AP_BLOCK_BYTES * AP_BLOCK_SIZE + place % AP_BLOCK_BYTES;
}

void ap_builder_init(ap_builder *builder, ap_arena *arena)
{
	memset(builder, 0, sizeof(*builder));
	builder->arena = arena;
	memcpy(builder->head.magic, AP_IMAGE_MAGIC, sizeof(builder->head.magic));
	builder->head.version = AP_IMAGE_VERSION;
	builder->head.byte_order = AP_IMAGE_BYTE_ORDER;
	(void)ap_builder_reserve(builder, sizeof(builder->head));
}

void ap_builder_free(ap_builder *builder)
{
	free(builder->blocks);
	builder->blocks = NULL;
}

/* Room for an image of `size` bytes. Memory is touched when it is needed: there may be a hundred MB of it. */
static void make_room(ap_builder *builder, uint64_t size)
{
	size_t needed = (size_t)ap_block_count(size) * AP_BLOCK_SIZE, room = builder->room;

	if (needed > room) {
		uint8_t *larger;

		room = needed + needed / 2 / AP_BLOCK_SIZE * AP_BLOCK_SIZE + 4 * (size_t)AP_BLOCK_SIZE;
		larger = realloc(builder->blocks, room);
		if (larger == NULL)
			ap_out_of_memory();
		ap_will_use_whole(larger + builder->zeroed, room - builder->zeroed);
		builder->blocks = larger;
		builder->room = room;
	}
	if (needed > builder->zeroed) {
		memset(builder->blocks + builder->zeroed, 0, needed - builder->zeroed);
		builder->zeroed = needed;
	}
}

/* Past the format's limit everything goes to where there is room already, and the end refuses it. */
static uint32_t grow(ap_builder *builder, uint64_t size)
{
	uint64_t place = builder->size;

	builder->size = place + size;
	if (builder->size > UINT32_MAX)
		return 0;
	make_room(builder, builder->size);
	return (uint32_t)place;
}

uint32_t ap_builder_reserve(ap_builder *builder, uint64_t size)
{
	(void)grow(builder, (4 - builder->size % 4) % 4);
	return grow(builder, size);
}

void ap_builder_write(ap_builder *builder, uint32_t place, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	while (size > 0 && builder->size <= UINT32_MAX) {
		size_t left = AP_BLOCK_BYTES - place % AP_BLOCK_BYTES, part = left < size ? left : size;

		memcpy(builder->blocks + stored_at(place), from, part);
		from += part;
		place += (uint32_t)part;
		size -= part;
	}
}

uint32_t ap_builder_put(ap_builder *builder, const void *bytes, size_t size)
{
	uint32_t place = ap_builder_reserve(builder, size);

	ap_builder_write(builder, place, bytes, size);
	return place;
}

void ap_builder_start_block(ap_builder *builder)
{
	uint64_t used = builder->size % AP_BLOCK_BYTES;

	if (used > 0)
		(void)grow(builder, AP_BLOCK_BYTES - used);
}

void ap_builder_keep_together(ap_builder *builder, uint64_t size)
{
	uint64_t used = builder->size % AP_BLOCK_BYTES;

	if (size <= AP_BLOCK_BYTES && used + size > AP_BLOCK_BYTES)
		ap_builder_start_block(builder);
}

/*
 * Strings
 */

uint32_t ap_builder_string_bytes(const char *text)
{
	return text != NULL && text[0] != '\0' ? (uint32_t)(strlen(text) + 8) / 4 * 4 + 4 : 0;
}

/* True if the string at `place`, in one block, is `text`. */
static bool is_at(const ap_builder *builder, uint32_t place, const char *text, uint32_t length)
{
	const uint8_t *at = builder->blocks + stored_at(place);
	uint32_t found;

	memcpy(&found, at, sizeof(found));
	return found == length && memcmp(at + sizeof(found), text, length) == 0;
}

uint32_t ap_builder_next_string(ap_builder *builder, const char *text)
{
	uint32_t length = (uint32_t)strlen(text), place = ap_builder_put(builder, &length, sizeof(length));

	(void)grow(builder, (uint64_t)length + 1);
	ap_builder_write(builder, place + (uint32_t)sizeof(length), text, (size_t)length + 1);
	return place;
}

uint32_t ap_builder_string(ap_builder *builder, const char *text)
{
	uint32_t length, place;

	if (text == NULL || text[0] == '\0')
		return 0;
	length = (uint32_t)strlen(text);
	if (builder->recent_block != builder->size / AP_BLOCK_BYTES)
		builder->n_recent = 0;
	for (size_t i = builder->n_recent; i > 0 && builder->n_recent - i < RECENT_MAX; i--)
		if (is_at(builder, builder->recent[i - 1], text, length))
			return builder->recent[i - 1];
	place = ap_builder_next_string(builder, text);
	/* only what stands in one block whole is looked at again */
	if (place / AP_BLOCK_BYTES == (builder->size - 1) / AP_BLOCK_BYTES && builder->size <= UINT32_MAX) {
		builder->recent_block = place / AP_BLOCK_BYTES;
		*AP_PUSH(builder->arena, builder->recent, builder->n_recent) = place;
	}
	return place;
}

void ap_builder_string_late(ap_builder *builder, uint32_t slot, const char *text)
{
	if (text != NULL && text[0] != '\0')
		*AP_PUSH(builder->arena, builder->late, builder->n_late) = (ap_late_string){ slot, text };
}

/*
 * Spans and places to come
 */

ap_span ap_builder_span(ap_builder *builder, const uint32_t *numbers, size_t n)
{
	ap_span span = { .n = (uint32_t)n };

	if (n == 1)
		span.at = numbers[0];
	else if (n > 1)
		span.at = ap_builder_put(builder, numbers, n * sizeof(*numbers));
	return span;
}

void ap_builder_ref(ap_builder *builder, ap_ref_kind kind, uint32_t place)
{
	*AP_PUSH(builder->arena, builder->refs, builder->n_refs) = (ap_ref){ .slot = place, .kind = kind };
}

ap_span ap_builder_refs(ap_builder *builder, ap_ref_kind kind, const uint32_t *numbers, size_t n)
{
	ap_span span = ap_builder_span(builder, numbers, n);

	for (uint32_t i = 0; n > 1 && i < n; i++)
		ap_builder_ref(builder, kind, span.at + i * (uint32_t)sizeof(*numbers));
	return span;
}

void ap_builder_ref_span(ap_builder *builder, ap_ref_kind kind, uint32_t place, ap_span span)
{
	if (span.n == 1)
		ap_builder_ref(builder, kind, place + (uint32_t)offsetof(ap_span, at));
}

void ap_builder_ref_concern(ap_builder *builder, uint32_t place, const ap_image_concern *concern)
{
	ap_builder_ref_span(builder, AP_REF_POLICY, place + (uint32_t)offsetof(ap_image_concern, policies),
			    concern->policies);
	ap_builder_ref_span(builder, AP_REF_EXCEPTION, place + (uint32_t)offsetof(ap_image_concern, exceptions),
			    concern->exceptions);
}

/*
 * Tables and dictionaries
 */

ap_image_table ap_builder_reserve_table(ap_builder *builder, size_t n, size_t record_bytes)
{
	size_t fit = AP_BLOCK_BYTES / record_bytes;
	ap_image_table table = { .n = (uint32_t)n };

	if (n == 0)
		return table;
	if (n <= fit) {
		ap_builder_keep_together(builder, n * record_bytes);
		table.at = ap_builder_reserve(builder, n * record_bytes);
	} else {
		ap_builder_start_block(builder);
		table.at = ap_builder_reserve(builder, n / fit * (uint64_t)AP_BLOCK_BYTES + n % fit * record_bytes);
	}
	return table;
}

uint32_t ap_builder_table_place(ap_image_table table, uint32_t number, size_t record_bytes)
{
	uint32_t fit = AP_BLOCK_BYTES / (uint32_t)record_bytes;

	return table.at + number / fit * AP_BLOCK_BYTES + number % fit * (uint32_t)record_bytes;
}

ap_image_table ap_builder_table(ap_builder *builder, const void *records, size_t n, size_t record_bytes)
{
	ap_image_table table = ap_builder_reserve_table(builder, n, record_bytes);

	for (uint32_t i = 0; i < n; i++)
		ap_builder_write(builder, ap_builder_table_place(table, i, record_bytes),
				 (const uint8_t *)records + i * record_bytes, record_bytes);
	return table;
}

static bool is_concerned(const ap_dictionary_item *item)
{
	return item->concern.policies.n + item->concern.exceptions.n > 0;
}

uint64_t ap_dictionary_item_bytes(uint32_t name_length, bool may_be_concerned)
{
	uint64_t bytes = sizeof(ap_image_entry) + name_length + (may_be_concerned ? sizeof(ap_image_concern) : 0);

	return (bytes + 3) / 4 * 4;
}

static void write_entry(ap_builder *builder, uint32_t place, const ap_dictionary_item *item)
{
	const ap_image_entry entry = { .hash = (uint32_t)(item->hash >> 32),
				       .name_bytes = (uint16_t)item->length,
				       .concerned = is_concerned(item) ? 1 : 0,
				       .number = item->number,
				       .departments = item->departments };

	ap_builder_write(builder, place, &entry, sizeof(entry));
	place += (uint32_t)sizeof(entry);
	if (entry.concerned != 0) {
		ap_builder_write(builder, place, &item->concern, sizeof(item->concern));
		ap_builder_ref_concern(builder, place, &item->concern);
		place += (uint32_t)sizeof(item->concern);
	}
	ap_builder_write(builder, place, item->name, item->length);
}

/* One bucket that holds all, or as many as are then seven tenths full, so that hardly an entry finds its own full. */
ap_dictionary_builder ap_dictionary_begin(ap_builder *builder, uint64_t bytes)
{
	ap_dictionary_builder d = { .heads = NULL };
	ap_dictionary *dictionary = &d.dictionary;

	if (bytes == 0)
		return d;
	bytes += sizeof(ap_image_bucket);
	if (bytes <= AP_BLOCK_BYTES) {
		dictionary->n_buckets = 1;
		dictionary->bytes = (uint32_t)bytes;
		ap_builder_keep_together(builder, bytes);
	} else {
		dictionary->n_buckets = (uint32_t)(bytes * 10 / 7 / AP_BLOCK_BYTES + 1);
		dictionary->bytes = AP_BLOCK_BYTES;
		ap_builder_start_block(builder);
	}
	dictionary->at = ap_builder_reserve(builder, (uint64_t)dictionary->n_buckets * dictionary->bytes);
	d.heads = ap_arena_alloc(builder->arena, dictionary->n_buckets * sizeof(*d.heads));
	d.used = ap_arena_alloc(builder->arena, dictionary->n_buckets * sizeof(*d.used));
	return d;
}

void ap_dictionary_add(ap_builder *builder, ap_dictionary_builder *d, const ap_dictionary_item *item)
{
	uint32_t n = d->dictionary.n_buckets, at = (uint32_t)(item->hash % n);
	uint32_t size = (uint32_t)ap_dictionary_item_bytes(item->length, is_concerned(item));

	while (sizeof(*d->heads) + d->used[at] + size > d->dictionary.bytes) {
		d->heads[at].passed = 1;
		at = (at + 1) % n;
	}
	write_entry(builder, d->dictionary.at + at * d->dictionary.bytes + (uint32_t)sizeof(*d->heads) + d->used[at],
		    item);
	d->used[at] += size;
	d->heads[at].n_entries++;
}

ap_dictionary ap_dictionary_end(ap_builder *builder, const ap_dictionary_builder *d)
{
	for (uint32_t i = 0; i < d->dictionary.n_buckets; i++)
		ap_builder_write(builder, d->dictionary.at + i * d->dictionary.bytes, &d->heads[i],
				 sizeof(d->heads[i]));
	return d->dictionary;
}

/*
 * The end
 */

static void fill_in_refs(ap_builder *builder, const uint32_t *const places[AP_N_REFS])
{
	for (size_t i = 0; i < builder->n_refs; i++) {
		uint32_t number;

		memcpy(&number, builder->blocks + stored_at(builder->refs[i].slot), sizeof(number));
		ap_builder_write(builder, builder->refs[i].slot, &places[builder->refs[i].kind][number],
				 sizeof(number));
	}
}

static void write_late_strings(ap_builder *builder)
{
	for (size_t i = 0; i < builder->n_late; i++) {
		uint32_t place = ap_builder_string(builder, builder->late[i].text);

		ap_builder_write(builder, builder->late[i].slot, &place, sizeof(place));
	}
}

static void find_revision(const ap_builder *builder, uint8_t revision[AP_REVISION_BYTES])
{
	struct sha256_ctx context;

	sha256_init(&context);
	for (uint64_t at = 0; at < builder->size; at += AP_BLOCK_BYTES)
		sha256_update(&context,
			      builder->size - at < AP_BLOCK_BYTES ? (size_t)(builder->size - at) : AP_BLOCK_BYTES,
			      builder->blocks + stored_at((uint32_t)at));
	sha256_digest(&context, AP_REVISION_BYTES, revision);
}

static void seal(const ap_builder *builder)
{
	uint32_t seed = ap_block_seed(builder->head.revision), n = (uint32_t)ap_block_count(builder->size);

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *block = builder->blocks + (size_t)i * AP_BLOCK_SIZE;
		ap_block_trailer trailer = ap_block_seal(seed, i, block);

		memcpy(block + AP_BLOCK_BYTES, &trailer, sizeof(trailer));
	}
}

ap_status ap_builder_finish(ap_builder *builder, const uint32_t *const places[AP_N_REFS], int64_t made,
			    void **ret_bytes, size_t *ret_size, ap_error *error)
{
	write_late_strings(builder);
	if (builder->size > UINT32_MAX)
		return ap_error_set(error, AP_ERR_LIMIT, NULL, 0,
				    "the policy is too large for an image: it would have %llu bytes, the limit is %u",
				    (unsigned long long)builder->size, UINT32_MAX);
	builder->head.size = (uint32_t)builder->size;
	ap_builder_write(builder, 0, &builder->head, sizeof(builder->head));
	fill_in_refs(builder, places);
	find_revision(builder, builder->head.revision);
	ap_builder_write(builder, (uint32_t)offsetof(ap_image_head, revision), builder->head.revision,
			 AP_REVISION_BYTES);
	ap_builder_write(builder, (uint32_t)offsetof(ap_image_head, made), &made, sizeof(made));
	seal(builder);
	*ret_bytes = builder->blocks;
	*ret_size = (size_t)ap_block_count(builder->size) * AP_BLOCK_SIZE;
	builder->blocks = NULL;
	return AP_OK;
}
