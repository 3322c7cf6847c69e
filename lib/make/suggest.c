#include "suggest.h"

#include "../login/member.h"

#include <string.h>

enum { LENGTH_MAX = 200 };

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The distance of two texts of at most LENGTH_MAX bytes; three rows of the table are kept. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t rows[3][LENGTH_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *here = rows[2];

	for (size_t j = 0; j <= n_b; j++)
		above[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t *spare = before;

		here[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t change = ap_ascii_lower(a[i - 1]) == ap_ascii_lower(b[j - 1]) ? 0 : 1;
			size_t best = min(above[j] + 1, here[j - 1] + 1);

			best = min(best, above[j - 1] + change);
			if (i > 1 && j > 1 && ap_ascii_lower(a[i - 1]) == ap_ascii_lower(b[j - 2]) &&
			    ap_ascii_lower(a[i - 2]) == ap_ascii_lower(b[j - 1]))
				best = min(best, before[j - 2] + 1);
			here[j] = best;
		}
		before = above;
		above = here;
		here = spare;
	}
	return above[n_b];
}

const char *ap_suggest(const char *text, const char *const *candidates, size_t n)
{
	const char *nearest = NULL;
	size_t nearest_distance = LENGTH_MAX + 1, length = strlen(text);

	if (length > LENGTH_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(candidates[i]);
		size_t longer = length > other ? length : other;
		size_t apart = length > other ? length - other : other - length;
		size_t found;

		/* the difference in length is the least that the distance can be */
		if (longer > LENGTH_MAX || apart * 3 > longer || apart >= nearest_distance)
			continue;
		found = distance(text, length, candidates[i], other);
		if (found * 3 <= longer && found < nearest_distance) {
			nearest = candidates[i];
			nearest_distance = found;
		}
	}
	return nearest;
}
