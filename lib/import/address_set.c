#include "address_set.h"

#include <string.h>

static const ap_family families[] = { AP_ADDRESS_IPV4, AP_ADDRESS_IPV6 };

static ap_u128 last_of(int family)
{
	return family == 0 ? (ap_u128)UINT32_MAX : ~(ap_u128)0;
}

static void add(ap_arena *arena, ap_address_set *set, int family, ap_u128 first, ap_u128 last)
{
	*AP_PUSH(arena, set->items[family], set->n[family]) = (ap_interval){ .first = first, .last = last };
}

void ap_address_set_add(ap_arena *arena, ap_address_set *set, const ap_range *range)
{
	int family = range->family == AP_ADDRESS_IPV4 ? 0 : 1;

	add(arena, set, family, ap_u128_of(range->first, range->family), ap_u128_of(range->last, range->family));
	ap_flatten(arena, &set->items[family], &set->n[family]);
}

ap_address_set ap_address_set_complement(ap_arena *arena, const ap_address_set *set)
{
	ap_address_set rest = { .n = { 0 } };

	for (int family = 0; family < 2; family++) {
		ap_u128 next = 0;
		bool more = true;

		for (size_t i = 0; i < set->n[family]; i++) {
			const ap_interval *interval = &set->items[family][i];

			if (interval->first > next)
				add(arena, &rest, family, next, interval->first - 1);
			more = interval->last != last_of(family);
			next = interval->last + 1;
		}
		if (more)
			add(arena, &rest, family, next, last_of(family));
	}
	return rest;
}

ap_address_set ap_address_set_intersection(ap_arena *arena, const ap_address_set *a, const ap_address_set *b)
{
	ap_address_set both = { .n = { 0 } };

	for (int family = 0; family < 2; family++) {
		size_t i = 0, k = 0;

		while (i < a->n[family] && k < b->n[family]) {
			const ap_interval *x = &a->items[family][i], *y = &b->items[family][k];
			ap_u128 first = x->first > y->first ? x->first : y->first;
			ap_u128 last = x->last < y->last ? x->last : y->last;

			if (first <= last)
				add(arena, &both, family, first, last);
			if (x->last < y->last)
				i++;
			else
				k++;
		}
	}
	return both;
}

bool ap_address_sets_overlap(const ap_address_set *a, const ap_address_set *b)
{
	for (int family = 0; family < 2; family++) {
		size_t i = 0, k = 0;

		while (i < a->n[family] && k < b->n[family]) {
			const ap_interval *x = &a->items[family][i], *y = &b->items[family][k];

			if (x->first <= y->last && y->first <= x->last)
				return true;
			if (x->last < y->last)
				i++;
			else
				k++;
		}
	}
	return false;
}

bool ap_address_set_is_within(const ap_address_set *inner, const ap_address_set *outer)
{
	for (int family = 0; family < 2; family++) {
		size_t k = 0;

		for (size_t i = 0; i < inner->n[family]; i++) {
			const ap_interval *x = &inner->items[family][i];

			while (k < outer->n[family] && outer->items[family][k].last < x->first)
				k++;
			if (k == outer->n[family] || outer->items[family][k].first > x->first ||
			    outer->items[family][k].last < x->last)
				return false;
		}
	}
	return true;
}

static void put_number(uint8_t bytes[16], ap_u128 number, size_t n)
{
	for (size_t i = n; i > 0; i--, number >>= 8)
		bytes[i - 1] = (uint8_t)number;
}

void ap_address_set_write(ap_arena *arena, const ap_address_set *set, ap_words *words)
{
	for (int family = 0; family < 2; family++) {
		size_t n_bytes = family == 0 ? 4 : 16;

		for (size_t i = 0; i < set->n[family]; i++) {
			ap_range range = { .family = families[family] };
			char text[AP_RANGE_TEXT_MAX];

			put_number(range.first, set->items[family][i].first, n_bytes);
			put_number(range.last, set->items[family][i].last, n_bytes);
			ap_words_add(arena, words, ap_range_format(&range, text));
		}
	}
}
