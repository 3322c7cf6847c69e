/* Which files were read, and what stood in them: what an image tells of where it comes from. */
#include "reader.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

void ap_note_source(ap_reader *reader, ap_source_kind kind, const char *path, const char *text, size_t size)
{
	ap_policy_set *set = reader->set;
	uint32_t number = ap_names_find(reader->sources, path);
	ap_source_def *source;
	struct sha256_ctx context;

	/* several networks may name one feed */
	reader->last_source = number != AP_NONE ? number : set->n_sources;
	if (number != AP_NONE)
		return;
	source = AP_PUSH(reader->arena, set->sources, set->n_sources);
	source->path = ap_arena_strdup(reader->arena, path);
	ap_names_put(reader->sources, source->path, (uint32_t)reader->last_source);
	source->kind = kind;
	source->size = size;
	if (kind == AP_SOURCE_POLICIES)
		source->text = ap_arena_strndup(reader->arena, text, size);
	sha256_init(&context);
	sha256_update(&context, size, (const uint8_t *)text);
	sha256_digest(&context, sizeof(source->sha256), source->sha256);
}

void ap_note_region_database(ap_reader *reader)
{
	ap_policy_set *set = reader->set;
	const ap_database_identity *identity = &set->region_data.identity;
	ap_source_def *source;

	set->region_source = set->n_sources;
	source = AP_PUSH(reader->arena, set->sources, set->n_sources);
	source->path = set->region_database.text;
	source->kind = AP_SOURCE_REGIONS;
	source->size = identity->size;
	memcpy(source->sha256, identity->sha256, sizeof(source->sha256));
}

void ap_sum_up_sources(ap_policy_set *set)
{
	struct sha256_ctx context;

	sha256_init(&context);
	for (size_t i = 0; i < set->n_sources; i++) {
		const ap_source_def *source = &set->sources[i];
		char size[32];

		if (source->kind != AP_SOURCE_POLICIES)
			continue;
		(void)snprintf(size, sizeof(size), "%zu\n", source->size);
		sha256_update(&context, strlen(source->path) + 1, (const uint8_t *)source->path);
		sha256_update(&context, strlen(size), (const uint8_t *)size);
		sha256_update(&context, source->size, (const uint8_t *)source->text);
	}
	sha256_digest(&context, sizeof(set->text_sha256), set->text_sha256);
}
