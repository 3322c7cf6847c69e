/* definition_json.h - what a policy and an exception list alike, as JSON. */
#ifndef AP_DEFINITION_JSON_H
#define AP_DEFINITION_JSON_H

#include "../lib/make/policyset.h"

#include <jansson.h>

/* An array of the texts as they are written; an empty one where there are none. */
json_t *ap_list_json(ap_arena *arena, const ap_list *list);
json_t *ap_entries_json(ap_arena *arena, const ap_entries *entries);

/* Adds "ip", "regions" and "clients", each null where none is listed: then it narrows nothing. */
void ap_conditions_json(ap_arena *arena, json_t *object, const ap_entries *ip, const ap_list *regions,
			const ap_list *clients);

#endif
