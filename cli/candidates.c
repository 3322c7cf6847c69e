#include "candidates.h"

#include "../lib/login/member.h"

#include <string.h>

enum { MOST_LINES = 40 };

void ap_candidates_add(ap_candidates *candidates, const char *text, const char *note)
{
	if (candidates->n == AP_CANDIDATES_MOST)
		candidates->n_left++;
	else
		*AP_PUSH(candidates->arena, candidates->items, candidates->n) =
			(ap_candidate){ .text = text, .note = note };
}

size_t ap_candidates_common(const ap_candidates *candidates)
{
	const char *first = candidates->items[0].text;
	size_t length = strlen(first);

	for (size_t i = 1; i < candidates->n; i++) {
		const char *text = candidates->items[i].text;
		size_t k = 0;

		while (k < length && ap_ascii_lower(first[k]) == ap_ascii_lower(text[k]))
			k++;
		length = k;
	}
	while (length > 0 && ((unsigned char)first[length] & 0xc0) == 0x80)
		length--;
	return length;
}

static size_t widest(const ap_candidates *candidates)
{
	size_t most = 0;

	for (size_t i = 0; i < candidates->n; i++) {
		size_t width = ap_width(ap_printable(candidates->arena, candidates->items[i].text));

		most = width > most ? width : most;
	}
	return most;
}

static bool have_notes(const ap_candidates *candidates)
{
	for (size_t i = 0; i < candidates->n; i++)
		if (candidates->items[i].note != NULL)
			return true;
	return false;
}

void ap_candidates_write(const ap_screen *screen, const ap_candidates *candidates)
{
	ap_arena *arena = candidates->arena;
	size_t width = widest(candidates) + 2, columns = screen->columns > 0 ? screen->columns : 80;
	size_t per_line = have_notes(candidates) || width >= columns ? 1 : columns / width;
	size_t shown = candidates->n;

	if (shown > MOST_LINES * per_line)
		shown = MOST_LINES * per_line;
	for (size_t i = 0; i < shown; i++) {
		const char *text = ap_printable(arena, candidates->items[i].text);
		bool last = (i + 1) % per_line == 0 || i + 1 == shown;

		fputs(text, stdout);
		if (candidates->items[i].note == NULL) {
			if (last)
				putchar('\n');
			else
				ap_blanks(width - ap_width(text));
			continue;
		}
		ap_blanks(width - ap_width(text));
		ap_paint_wrapped(screen, AP_DIM, ap_printable(arena, candidates->items[i].note),
				 width < columns / 2 ? width : 2);
	}
	if (shown < candidates->n + candidates->n_left)
		printf("… and %zu more\n", candidates->n + candidates->n_left - shown);
}
