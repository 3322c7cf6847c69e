#include "aliases.h"

#include "../login/answer.h"
#include "../login/view.h"

#include <stdlib.h>
#include <string.h>

static const ap_place *place_in(const ap_list *list, const char *group)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].text, group) == 0)
			return &list->items[i].place;
	return NULL;
}

/* Where the group is written first; NULL if nowhere. */
static const ap_place *place_of(const ap_policy_set *set, const char *group)
{
	const ap_place *place = NULL;

	for (size_t i = 0; i < set->n_departments && place == NULL; i++)
		place = place_in(&set->departments[i].groups, group);
	for (size_t i = 0; i < set->n_policies && place == NULL; i++) {
		place = place_in(&set->policies[i].scope.groups, group);
		if (place == NULL)
			place = place_in(&set->policies[i].except.groups, group);
	}
	for (size_t i = 0; i < set->n_exceptions && place == NULL; i++)
		place = place_in(&set->exceptions[i].who.groups, group);
	return place;
}

void ap_find_aliases(const ap_policy_set *set, const ap_image *image, const ap_nss *nss, ap_diagnostics *diagnostics)
{
	ap_view view = ap_view_of(image);
	uint32_t n = ap_image_count(image, AP_TABLE_GROUPS);

	for (uint32_t i = AP_GROUPS_ASKED; i < n && view.sound; i++) {
		const char *group = ap_view_string(&view, ap_view_group(&view, i).name);
		const ap_place *place = place_of(set, group);
		char *name = NULL;

		if (ap_nss_group_name(nss != NULL ? nss : &ap_nss_system, group, &name) == AP_YES &&
		    strcmp(name, group) != 0)
			ap_diagnostics_add(
				diagnostics, AP_ERROR, place != NULL ? place->file : set->root,
				place != NULL ? place->line : 0,
				"the group \"%s\" has the name \"%s\" in the name services; write that: with more "
				"than %d groups, a login finds them by the names of the account's own",
				group, name, AP_GROUPS_ASKED);
		free(name);
	}
}
