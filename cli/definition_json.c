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

void ap_conditions_json(ap_arena *arena, json_t *object, const ap_entries *ip, const ap_list *regions,
			const ap_list *clients)
{
	ap_json_set(object, "ip", ip->n > 0 ? ap_entries_json(arena, ip) : json_null());
	ap_json_set(object, "regions", regions->n > 0 ? ap_list_json(arena, regions) : json_null());
	ap_json_set(object, "clients", clients->n > 0 ? ap_list_json(arena, clients) : json_null());
}
