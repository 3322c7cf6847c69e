#include "definition_json.h"

#include "jsontext.h"

json_t *ap_list_json(ap_arena *arena, const ap_list *list)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < list->n; i++)
		ap_json_append(array, ap_json_text(arena, list->items[i].text));
	return array;
}

json_t *ap_entries_json(ap_arena *arena, const ap_entries *entries)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < entries->n; i++)
		ap_json_append(array, ap_json_text(arena, entries->items[i].text));
	return array;
}
