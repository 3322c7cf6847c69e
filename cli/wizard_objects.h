/*
 * wizard_objects.h - what is named in an answer: members, departments, domains and groups as words of one line, and the
 * words that there are to complete one.
 *
 * A word is a department of the files ("finance" or "finance/…"), a member (user@domain, user@, or one that the files
 * know), "everyone" or "unlisted"; among exceptions also an IP entry or a region's code. What a word is may be written
 * before it, where it is not seen from it: "group:auditors", "domain:example.org", "member:alice".
 */
#ifndef AP_WIZARD_OBJECTS_H
#define AP_WIZARD_OBJECTS_H

#include "../lib/make/policy_form.h"
#include "line.h"

#include <stdbool.h>

/* `set` is what the files say. With `except` the words are those of a scope's exceptions. Borrowed. */
typedef struct {
	ap_arena *arena;
	const ap_policy_set *set;
	bool except;
} ap_object_words;

/*
 * What the words name. Nothing is checked; a word of which nothing tells what it is, is taken for a department, and
 * *ret_guessed says so. A word that stands twice is taken once.
 */
ap_objects_form ap_objects_of_words(const ap_object_words *in, const ap_words *words, bool *ret_guessed);

/* The words that name this: ap_objects_of_words makes the same of them. */
ap_words ap_words_of_objects(const ap_object_words *in, const ap_objects_form *objects);

void ap_complete_objects(const ap_object_words *in, const char *word, ap_candidates *candidates);

/* Members that the files know, the administrators first, each behind `prefix`. */
void ap_complete_members(const ap_policy_set *set, const char *prefix, const char *word, ap_candidates *candidates);

/* IP entries: the networks of the files, and "local". */
void ap_complete_entries(const ap_policy_set *set, const char *word, ap_candidates *candidates);

/* Regions, by their codes and names; subdivisions once a country's code stands there. */
void ap_complete_regions(const char *word, ap_candidates *candidates);

/* The words, each once. */
ap_words ap_words_once(ap_arena *arena, const ap_words *words);

#endif
