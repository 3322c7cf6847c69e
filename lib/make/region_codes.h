/*
 * region_codes.h - the codes of ISO 3166 that regions are written in, their names, and what was probably meant by a
 * text that is no such code.
 *
 * A region is "unlocated", the code of a country ("CN", ISO 3166-1), or that of a subdivision ("CN-ZJ", ISO 3166-2).
 * "XK", which the standard leaves to its users, is a country here: Kosovo, as the region databases have it. The lists
 * are those of the iso-codes that this was built with; what they say of a subdivision is not the last word, since
 * databases have some that they do not know.
 */
#ifndef AP_REGION_CODES_H
#define AP_REGION_CODES_H

#include <stdbool.h>
#include <stddef.h>

/* What the buffers below need, the ends included; a shorter one gets a shorter text. */
enum { AP_REGION_TEXT_MAX = 10, AP_REGION_NAME_MAX = 160, AP_REGION_SENTENCE_MAX = 360 };

/* True for the two upper-case letters of a country. */
bool ap_region_is_country(const char *code);

/* True for a subdivision that the standard lists. */
bool ap_region_is_subdivision(const char *code);

/*
 * True for what a policy may say: "unlocated", a country, or a country with "-" and one to three of A-Z and 0-9,
 * whether the standard lists that subdivision or not.
 */
bool ap_region_is_valid(const char *text);

/*
 * "China" for "CN", "Zhejiang Sheng, China" for "CN-ZJ", "a subdivision of China" for one that the standard does not
 * list, "no country" for "unlocated", and "" for what is no region. Written to `buffer`, which is returned; `size`
 * must be at least 1.
 */
const char *ap_region_name(const char *code, char *buffer, size_t size);

/*
 * The code of the region that was probably meant by a text that is none, or by a subdivision that the standard does not
 * list: a code in lower case, with another separator or without its zeros ("AD-2"), one of three letters, one that was
 * withdrawn or that others use ("UK"), or a name, without regard to case and accents. Codes are never taken for
 * misspelt ones, since any two letters are near to a country; names are. NULL where nothing or no single region is
 * near, and for a text that needs no suggestion; else `buffer`, with the code written.
 */
const char *ap_region_suggestion(const char *text, char buffer[AP_REGION_TEXT_MAX]);

/*
 * True if the text is no valid region, with what is wrong as the rest of a sentence that starts with it, such as
 * `is no country of ISO 3166-1; did you mean "GB" (United Kingdom)?`, in `buffer`; else false, with `buffer` untouched.
 */
bool ap_region_fault_of(const char *text, char *buffer, size_t size);

/*
 * How many subdivisions the standard lists of a country; the first `max` of them, sorted as strcmp sorts, are written
 * to `codes`, which may be NULL if `max` is 0. They live as long as the program.
 */
size_t ap_region_list_subdivisions(const char *country, const char *codes[], size_t max);

#endif
