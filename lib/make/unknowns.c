/* What cannot be known at a login, and so leaves it undetermined. */
#include "unknowns.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
	const ap_text **items; /* in reading order, until they are sorted */
	size_t n;
} group_list;

static void add_groups(ap_finder *f, group_list *groups, const ap_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		*AP_PUSH(f->arena, groups->items, groups->n) = &list->items[i];
}

static int compare_groups(const void *a, const void *b)
{
	const ap_text *first = *(const ap_text *const *)a, *second = *(const ap_text *const *)b;
	int order = strcmp(first->text, second->text);

	if (order == 0)
		order = strcmp(first->place.file, second->place.file);
	return order != 0 ? order : (first->place.line > second->place.line) - (first->place.line < second->place.line);
}

void ap_judge_group(const ap_nss *nss, const ap_text *group, ap_diagnostics *diagnostics)
{
	ap_tri known = ap_nss_group_exists(nss, group->text);

	if (known == AP_NO)
		ap_diagnostics_add(
			diagnostics, AP_WARNING, group->place.file, group->place.line,
			"the name services do not know the group \"%s\"; logins that it decides are undetermined",
			group->text);
	if (known == AP_UNKNOWN)
		ap_diagnostics_add(
			diagnostics, AP_WARNING, group->place.file, group->place.line,
			"the group \"%s\" could not be looked up; logins that it decides are undetermined as long "
			"as the name services fail",
			group->text);
}

void ap_find_unknown_groups(ap_finder *f)
{
	group_list groups = { .n = 0 };

	for (size_t i = 0; i < f->set->n_departments; i++)
		add_groups(f, &groups, &f->set->departments[i].groups);
	for (size_t i = 0; i < f->set->n_policies; i++) {
		if (f->set->policies[i].status == AP_POLICY_DISABLED)
			continue;
		add_groups(f, &groups, &f->set->policies[i].scope.groups);
		add_groups(f, &groups, &f->set->policies[i].except.groups);
	}
	for (size_t i = 0; i < f->set->n_exceptions; i++)
		if (f->now < f->set->exceptions[i].not_after.value)
			add_groups(f, &groups, &f->set->exceptions[i].who.groups);
	if (groups.n > 0)
		qsort(groups.items, groups.n, sizeof(*groups.items), compare_groups);
	for (size_t i = 0; i < groups.n; i++) {
		const ap_text *group = groups.items[i];

		if (i > 0 && strcmp(groups.items[i - 1]->text, group->text) == 0)
			continue;
		ap_judge_group(f->nss, group, f->diagnostics);
	}
}
