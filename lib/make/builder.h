/* builder.h - an image in the making: its sections, its strings once each, and its bytes at the end. */
#ifndef AP_BUILDER_H
#define AP_BUILDER_H

#include "../login/image.h"
#include "arena.h"
#include "names.h"
#include "policyset.h"

typedef struct {
	ap_arena *arena; /* borrowed */
	ap_names *strings;
	char *text; /* the strings' section */
	size_t text_used, text_room;
	uint32_t *pool;
	size_t n_pool;
	ap_image_settings settings;
	ap_image_client *clients;
	size_t n_clients;
	ap_image_hint *hints;
	size_t n_hints;
	uint32_t *groups;
	size_t n_groups;
	ap_image_department *departments;
	size_t n_departments;
	ap_image_member *members;
	size_t n_members;
	ap_image_policy *policies;
	size_t n_policies;
	ap_image_exception *exceptions;
	size_t n_exceptions;
	ap_image_net *nets;
	size_t n_nets;
	ap_image_range4 *ranges4;
	size_t n_ranges4;
	ap_image_range6 *ranges6;
	size_t n_ranges6;
	ap_image_origin *origins;
	size_t n_origins;
} ap_builder;

void ap_builder_init(ap_builder *builder, ap_arena *arena);

/* The reference of `text`, which is added at its first use. NULL and "" are 0. */
uint32_t ap_builder_string(ap_builder *builder, const char *text);

/* The references of the texts, in their order. */
ap_span ap_builder_strings(ap_builder *builder, const ap_list *texts);

/* Adds `n` numbers to the pool. */
ap_span ap_builder_span(ap_builder *builder, const uint32_t *numbers, size_t n);

/*
 * The whole image; the caller frees *ret_bytes with free(3). AP_ERR_LIMIT where a section outgrew the format,
 * AP_ERR_MEMORY.
 */
ap_status ap_builder_finish(const ap_builder *builder, void **ret_bytes, size_t *ret_size, ap_error *error);

#endif
