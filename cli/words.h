/*
 * words.h - a line that somebody typed, and the words in it.
 *
 * Blanks and commas stand between words. A word that holds some is quoted as a whole: "a \"b\" c" with \" and \\, or
 * 'a b' with nothing special in it. Only what begins a word quotes, so that o'brien@example.com is one. Outside quotes
 * a backslash takes a blank, a comma, a quote or a backslash as it is, and is itself elsewhere.
 */
#ifndef AP_WORDS_H
#define AP_WORDS_H

#include "../lib/make/policy_form.h"

#include <stdbool.h>

/* True with the words, in the arena; false where a quote is not closed, with *ret_words untouched. */
bool ap_words_of_line(ap_arena *arena, const char *line, ap_words *ret_words);

/* The word as it is typed: quoted where it must be. */
const char *ap_word_as_typed(ap_arena *arena, const char *word);

/* The words as one line, which ap_words_of_line takes apart into the same. */
const char *ap_line_of_words(ap_arena *arena, const ap_words *words);

/*
 * The word that a line ends in the middle of, "" behind a separator: what is to be completed. Returns the offset in
 * `line` at which it begins, its quote included.
 */
size_t ap_unfinished_word(ap_arena *arena, const char *line, const char **ret_word);

/* True if `text` begins with `start`, without regard to ASCII case. */
bool ap_word_begins(const char *text, const char *start);

#endif
