#include "flatten.h"

#include <stdbool.h>
#include <stdlib.h>

ap_u128 ap_u128_of(const uint8_t bytes[16], ap_family family)
{
	size_t n = family == AP_ADDRESS_IPV4 ? 4 : 16;
	ap_u128 number = 0;

	for (size_t i = 0; i < n; i++)
		number = number << 8 | bytes[i];
	return number;
}

static int by_origin_then_first(const void *a, const void *b)
{
	const ap_interval *x = a, *y = b;

	if (x->origin != y->origin)
		return x->origin < y->origin ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static int by_first(const void *a, const void *b)
{
	const ap_interval *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static int by_number(const void *a, const void *b)
{
	const ap_u128 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Appends, joining with the one before where they touch and share an origin. */
static void append(ap_interval *out, size_t *n, ap_interval next)
{
	ap_interval *before = *n > 0 ? &out[*n - 1] : NULL;

	if (before != NULL && before->origin == next.origin && next.first >= before->first &&
	    (next.first <= before->last || next.first - before->last == 1)) {
		if (next.last > before->last)
			before->last = next.last;
	} else {
		out[(*n)++] = next;
	}
}

typedef int order(const void *a, const void *b);

/* Feeds are sorted, as a rule, and to sort a million intervals takes as much memory again as they do. */
static void sort(ap_interval *intervals, size_t n, order *by)
{
	size_t i = 1;

	while (i < n && by(&intervals[i - 1], &intervals[i]) <= 0)
		i++;
	if (i < n)
		qsort(intervals, n, sizeof(*intervals), by);
}

static size_t join_within_origins(ap_interval *intervals, size_t n)
{
	size_t used = 0;

	sort(intervals, n, by_origin_then_first);
	for (size_t i = 0; i < n; i++)
		append(intervals, &used, intervals[i]);
	return used;
}

static bool overlap_free(const ap_interval *intervals, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (intervals[i].first <= intervals[i - 1].last)
			return false;
	return true;
}

/* A binary heap of the intervals that the sweep is inside of, the lowest origin on top. */
static void heap_push(const ap_interval **heap, size_t *n, const ap_interval *item)
{
	size_t at = (*n)++;

	for (; at > 0 && heap[(at - 1) / 2]->origin > item->origin; at = (at - 1) / 2)
		heap[at] = heap[(at - 1) / 2];
	heap[at] = item;
}

static void heap_pop(const ap_interval **heap, size_t *n)
{
	const ap_interval *moved = heap[--*n];
	size_t at = 0, child;

	for (; (child = at * 2 + 1) < *n; at = child) {
		if (child + 1 < *n && heap[child + 1]->origin < heap[child]->origin)
			child++;
		if (moved->origin <= heap[child]->origin)
			break;
		heap[at] = heap[child];
	}
	heap[at] = moved;
}

/* Every place where an interval begins or the first address behind one, sorted. */
static size_t list_borders(const ap_interval *intervals, size_t n, ap_u128 *borders)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		borders[used++] = intervals[i].first;
		if (intervals[i].last != ~(ap_u128)0)
			borders[used++] = intervals[i].last + 1;
	}
	qsort(borders, used, sizeof(*borders), by_number);
	return used;
}

/* Sweeps over the borders: each stretch between two of them belongs to the lowest origin that covers it. */
static size_t sweep(ap_arena *arena, const ap_interval *sorted, size_t n, ap_interval *out)
{
	ap_u128 *borders = ap_arena_alloc(arena, 2 * n * sizeof(*borders));
	const ap_interval **heap = ap_arena_alloc(arena, n * sizeof(ap_interval *));
	size_t n_borders = list_borders(sorted, n, borders), n_heap = 0, next = 0, used = 0;

	for (size_t i = 0; i < n_borders; i++) {
		ap_u128 first = borders[i];

		if (i + 1 < n_borders && borders[i + 1] == first)
			continue;
		while (next < n && sorted[next].first <= first)
			heap_push(heap, &n_heap, &sorted[next++]);
		while (n_heap > 0 && heap[0]->last < first)
			heap_pop(heap, &n_heap);
		if (n_heap > 0)
			append(out, &used,
			       (ap_interval){ .first = first,
					      .last = i + 1 < n_borders ? borders[i + 1] - 1 : ~(ap_u128)0,
					      .origin = heap[0]->origin });
	}
	return used;
}

void ap_flatten(ap_arena *arena, ap_interval **intervals, size_t *n)
{
	ap_interval *out;

	if (*n == 0)
		return;
	*n = join_within_origins(*intervals, *n);
	sort(*intervals, *n, by_first);
	if (overlap_free(*intervals, *n))
		return;
	out = ap_arena_alloc(arena, 2 * *n * sizeof(*out));
	*n = sweep(arena, *intervals, *n, out);
	*intervals = out;
}
