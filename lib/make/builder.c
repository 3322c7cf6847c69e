#include "builder.h"

#include <stdlib.h>
#include <string.h>

void ap_builder_init(ap_builder *builder, ap_arena *arena)
{
	memset(builder, 0, sizeof(*builder));
	builder->arena = arena;
	builder->strings = ap_names_new(arena);
	builder->text_room = 4096;
	builder->text = ap_arena_alloc(arena, builder->text_room);
	builder->text_used = 1; /* reference 0 is "" */
}

uint32_t ap_builder_string(ap_builder *builder, const char *text)
{
	size_t length;
	uint32_t reference;

	if (text == NULL || text[0] == '\0')
		return 0;
	reference = ap_names_find(builder->strings, text);
	if (reference != AP_NONE)
		return reference;
	length = strlen(text) + 1;
	if (builder->text_used + length > builder->text_room) {
		char *larger = ap_arena_alloc(builder->arena, (builder->text_room + length) * 2);

		memcpy(larger, builder->text, builder->text_used);
		builder->text = larger;
		builder->text_room = (builder->text_room + length) * 2;
	}
	memcpy(builder->text + builder->text_used, text, length);
	reference = (uint32_t)builder->text_used; /* ap_builder_finish refuses what does not fit */
	builder->text_used += length;
	ap_names_put(builder->strings, text, reference);
	return reference;
}

ap_span ap_builder_span(ap_builder *builder, const uint32_t *numbers, size_t n)
{
	ap_span span = { .start = (uint32_t)builder->n_pool, .n = (uint32_t)n };

	for (size_t i = 0; i < n; i++)
		*AP_PUSH(builder->arena, builder->pool, builder->n_pool) = numbers[i];
	return span;
}

ap_span ap_builder_strings(ap_builder *builder, const ap_list *texts)
{
	uint32_t *references = ap_arena_alloc(builder->arena, (texts->n + 1) * sizeof(*references));

	for (size_t i = 0; i < texts->n; i++)
		references[i] = ap_builder_string(builder, texts->items[i].text);
	return ap_builder_span(builder, references, texts->n);
}

typedef struct {
	const void *records;
	size_t n;
	size_t size; /* of one */
} part;

static size_t padded(size_t size)
{
	return (size + 7) / 8 * 8;
}

ap_status ap_builder_finish(const ap_builder *builder, void **ret_bytes, size_t *ret_size, ap_error *error)
{
	const part parts[AP_N_SECTIONS] = {
		[AP_SECTION_STRINGS] = { builder->text, builder->text_used, 1 },
		[AP_SECTION_POOL] = { builder->pool, builder->n_pool, sizeof(*builder->pool) },
		[AP_SECTION_SETTINGS] = { &builder->settings, 1, sizeof(builder->settings) },
		[AP_SECTION_CLIENTS] = { builder->clients, builder->n_clients, sizeof(*builder->clients) },
		[AP_SECTION_HINTS] = { builder->hints, builder->n_hints, sizeof(*builder->hints) },
		[AP_SECTION_GROUPS] = { builder->groups, builder->n_groups, sizeof(*builder->groups) },
		[AP_SECTION_DEPARTMENTS] = { builder->departments, builder->n_departments,
					     sizeof(*builder->departments) },
		[AP_SECTION_MEMBERS] = { builder->members, builder->n_members, sizeof(*builder->members) },
		[AP_SECTION_POLICIES] = { builder->policies, builder->n_policies, sizeof(*builder->policies) },
		[AP_SECTION_EXCEPTIONS] = { builder->exceptions, builder->n_exceptions, sizeof(*builder->exceptions) },
		[AP_SECTION_NETS] = { builder->nets, builder->n_nets, sizeof(*builder->nets) },
		[AP_SECTION_RANGES4] = { builder->ranges4, builder->n_ranges4, sizeof(*builder->ranges4) },
		[AP_SECTION_RANGES6] = { builder->ranges6, builder->n_ranges6, sizeof(*builder->ranges6) },
		[AP_SECTION_ORIGINS] = { builder->origins, builder->n_origins, sizeof(*builder->origins) },
	};
	ap_image_header header = { .magic = AP_IMAGE_MAGIC,
				   .version = AP_IMAGE_VERSION,
				   .byte_order = AP_IMAGE_BYTE_ORDER,
				   .n_sections = AP_N_SECTIONS };
	size_t size = padded(sizeof(header));
	uint8_t *bytes;

	for (int i = 0; i < AP_N_SECTIONS; i++) {
		if (parts[i].n >= AP_NONE)
			return ap_error_set(
				error, AP_ERR_LIMIT, NULL, 0,
				"the policy is too large for the image: a section holds %zu records, the limit is %u",
				parts[i].n, AP_NONE - 1);
		header.sections[i].offset = size;
		header.sections[i].size = parts[i].n * parts[i].size;
		size += padded(parts[i].n * parts[i].size);
	}
	header.size = size;
	bytes = calloc(1, size);
	if (bytes == NULL)
		return ap_error_set(error, AP_ERR_MEMORY, NULL, 0, "there is no memory for an image of %zu bytes",
				    size);
	for (int i = 0; i < AP_N_SECTIONS; i++)
		if (parts[i].n > 0)
			memcpy(bytes + header.sections[i].offset, parts[i].records, parts[i].n * parts[i].size);
	memcpy(bytes, &header, sizeof(header));
	header.checksum = ap_image_checksum(bytes, size);
	memcpy(bytes, &header, sizeof(header));
	*ret_bytes = bytes;
	*ret_size = size;
	return AP_OK;
}
