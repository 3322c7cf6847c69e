#include "finding.h"

#include <stdlib.h>
#include <string.h>

const char *const ap_finding_kind_names[AP_FINDING_UNCERTAIN + 1] = { "bypass", "lockout", "message", "uncertain" };

static int compare_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

/* The service is not compared: it is but the first of those that come to the place. */
static bool is_same(const ap_finding *a, const ap_finding *b)
{
	bool same_place = a->file != NULL ? compare_text(a->file, b->file) == 0 && a->line == b->line
					  : b->file == NULL && strcmp(a->service, b->service) == 0;

	return same_place && a->kind == b->kind && strcmp(a->check, b->check) == 0 && strcmp(a->what, b->what) == 0 &&
	       strcmp(a->why, b->why) == 0 && strcmp(a->change, b->change) == 0;
}

void ap_finding_add(ap_finding_list *list, const ap_finding *finding)
{
	for (size_t i = 0; i < list->n; i++)
		if (is_same(&list->items[i], finding))
			return;
	*AP_PUSH(list->arena, list->items, list->n) = *finding;
}

static int compare(const ap_finding *a, const ap_finding *b)
{
	int order = strcmp(a->service, b->service);

	if (order == 0)
		order = (a->kind > b->kind) - (a->kind < b->kind);
	if (order == 0)
		order = compare_text(a->file, b->file);
	return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

/* There are few, and insertion keeps the order of equal ones, which qsort(3) need not. */
void ap_finding_sort(ap_finding_list *list)
{
	for (size_t i = 1; i < list->n; i++) {
		ap_finding moved = list->items[i];
		size_t k = i;

		for (; k > 0 && compare(&list->items[k - 1], &moved) > 0; k--)
			list->items[k] = list->items[k - 1];
		list->items[k] = moved;
	}
}
