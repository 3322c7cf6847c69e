/* definition_json.h - lists of a policy or an exception, as JSON. */
#ifndef AP_DEFINITION_JSON_H
#define AP_DEFINITION_JSON_H

#include "../lib/make/policyset.h"

#include <jansson.h>

/* An array of the texts as they are written; an empty one where there are none. */
json_t *ap_list_json(ap_arena *arena, const ap_list *list);
json_t *ap_entries_json(ap_arena *arena, const ap_entries *entries);

#endif
