/* suggest.h - the name that was probably meant. */
#ifndef AP_SUGGEST_H
#define AP_SUGGEST_H

#include <stddef.h>

/*
 * The nearest of `n` candidates to `text` by edit distance with transpositions (F. Damerau, "A technique for computer
 * detection and correction of spelling errors", 1964), without regard to ASCII case; NULL where none is near enough to
 * be meant (more than a third of the longer one's length away).
 */
const char *ap_suggest(const char *text, const char *const *candidates, size_t n);

#endif
