#include "region_codes.h"

#include "../login/member.h"
#include "../login/utf8.h"
#include "suggest.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rows of region_table.inc, which region_table.py makes. Names are places in name_pool. */

typedef struct {
	char code[3], alpha_3[4];
	uint32_t names; /* several, one after the other; an empty one ends them */
} country_row;

typedef struct {
	char code[7];
	uint32_t name;
} subdivision_row;

typedef struct {
	char code[3], successor[3]; /* successor: "" where several countries took its place */
	uint16_t year;
	uint32_t name;
} withdrawn_row;

typedef struct {
	uint16_t code;   /* of a letter with an accent, or of an apostrophe */
	char letters[3]; /* what is typed for it */
} fold_row;

#include "region_table.inc"

#define N(array) (sizeof(array) / sizeof((array)[0]))

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/*
 * Names as they are compared; longer ones have no suggestion. Codes in upper case; there is room for one character more
 * than any code has, so that the start of a text is not taken for all of it.
 */
enum { KEY_MAX = 128, UPPER_MAX = AP_REGION_TEXT_MAX + 1 };

/* Rows start with their code. */
static int compare_code(const void *code, const void *row)
{
	return strcmp(code, row);
}

static const country_row *find_country(const char *code)
{
	return bsearch(code, countries, N(countries), sizeof(countries[0]), compare_code);
}

static const subdivision_row *find_subdivision(const char *code)
{
	return bsearch(code, subdivisions, N(subdivisions), sizeof(subdivisions[0]), compare_code);
}

static const withdrawn_row *find_withdrawn(const char *code)
{
	return bsearch(code, withdrawn_codes, N(withdrawn_codes), sizeof(withdrawn_codes[0]), compare_code);
}

/* The country that a text of at least two characters starts with. */
static const country_row *country_at(const char *text)
{
	const char code[3] = { text[0], text[1], '\0' };

	return find_country(code);
}

/* "CC-XXX", whatever the country is. */
static bool has_subdivision_form(const char *text)
{
	size_t n;

	if (strspn(text, UPPER) != 2 || text[2] != '-')
		return false;
	n = strspn(text + 3, UPPER DIGITS);
	return n >= 1 && n <= 3 && text[3 + n] == '\0';
}

bool ap_region_is_country(const char *code)
{
	return find_country(code) != NULL;
}

bool ap_region_is_subdivision(const char *code)
{
	return find_subdivision(code) != NULL;
}

bool ap_region_is_valid(const char *text)
{
	return strcmp(text, "unlocated") == 0 || ap_region_is_country(text) ||
	       (has_subdivision_form(text) && country_at(text) != NULL);
}

const char *ap_region_name(const char *code, char *buffer, size_t size)
{
	const subdivision_row *subdivision = find_subdivision(code);
	const char *country;

	buffer[0] = '\0';
	if (!ap_region_is_valid(code))
		return buffer;
	if (strcmp(code, "unlocated") == 0) {
		(void)snprintf(buffer, size, "no country");
		return buffer;
	}
	country = name_pool + country_at(code)->names;
	if (code[2] == '\0')
		(void)snprintf(buffer, size, "%s", country);
	else if (subdivision != NULL)
		(void)snprintf(buffer, size, "%s, %s", name_pool + subdivision->name, country);
	else
		(void)snprintf(buffer, size, "a subdivision of %s", country);
	return buffer;
}

/* A country's subdivisions, or all where it is NULL. */
static const subdivision_row *subdivisions_of(const char *country, size_t *ret_n)
{
	size_t first = 0, end = N(subdivisions);

	while (country != NULL && first < end && strncmp(subdivisions[first].code, country, 2) != 0)
		first++;
	while (country != NULL && end > first && strncmp(subdivisions[end - 1].code, country, 2) != 0)
		end--;
	*ret_n = end - first;
	return subdivisions + first;
}

size_t ap_region_list_subdivisions(const char *country, const char *codes[], size_t max)
{
	const subdivision_row *rows;
	size_t n;

	if (!ap_region_is_country(country))
		return 0;
	rows = subdivisions_of(country, &n);
	for (size_t i = 0; i < n && i < max; i++)
		codes[i] = rows[i].code;
	return n;
}

/* How names are compared: keys are in lower case, without accents, apostrophes and full stops, with single blanks. */

static int compare_fold(const void *code, const void *row)
{
	uint32_t a = *(const uint32_t *)code, b = ((const fold_row *)row)->code;

	return (a > b) - (a < b);
}

/* What stands in a key for one character of `n` bytes at `text`; `itself` has room for it. */
static const char *folded(const char *text, size_t n, uint32_t code, char itself[5])
{
	const fold_row *row = bsearch(&code, folds, N(folds), sizeof(folds[0]), compare_fold);

	if (row != NULL)
		return row->letters;
	if (code == '\'' || code == '.' || (code >= 0x300 && code <= 0x36f)) /* the last: accents behind their letter */
		return "";
	if (code == '&')
		return "and";
	memcpy(itself, text, n);
	itself[n] = '\0';
	if (n == 1)
		itself[0] = strchr(" \t-_", text[0]) != NULL ? ' ' : ap_ascii_lower(text[0]);
	return itself;
}

/* The key of `size` bytes of `text`; false where there is none. */
static bool make_key(const char *text, size_t size, char key[KEY_MAX])
{
	size_t length = 0;

	while (size > 0) {
		char itself[5];
		const char *letters;
		uint32_t code;
		size_t n = ap_utf8_sequence(text, size, &code), n_letters;

		if (n == 0)
			return false;
		letters = folded(text, n, code, itself);
		n_letters = strlen(letters);
		if (letters[0] == ' ' && (length == 0 || key[length - 1] == ' '))
			n_letters = 0;
		if (length + n_letters >= KEY_MAX)
			return false;
		memcpy(key + length, letters, n_letters);
		length += n_letters;
		text += n;
		size -= n;
	}
	if (length > 0 && key[length - 1] == ' ')
		length--;
	key[length] = '\0';
	if (strncmp(key, "the ", 4) == 0)
		memmove(key, key + 4, length - 4 + 1);
	return key[0] != '\0';
}

/* As a code is written; as much of it as there is room for. */
static void to_upper(const char *text, char *code, size_t size)
{
	size_t n = 0;

	for (; text[n] != '\0' && n + 1 < size; n++)
		code[n] = text[n] >= 'a' && text[n] <= 'z' ? (char)(text[n] - 'a' + 'A') : text[n];
	code[n] = '\0';
}

/*
 * Spares most names the making of a key: what starts with another letter is neither equal to it nor taken for near.
 * "The" is no part of keys.
 */
static bool starts_alike(const char *name, const char *key)
{
	char first = ap_ascii_lower(name[strspn(name, " ")]);

	return first == key[0] || first == 't' || first < 'a' || first > 'z';
}

/* A name may consist of several: "Wales [Cymru]", "Holy See (Vatican City State)", "Bolama / Bijagós". */
static const char *const name_ends = "[]()/";

typedef enum { MATCH_NONE, MATCH_START, MATCH_WHOLE } match;

/* MATCH_START: the name's first words, as "Zhejiang" is of "Zhejiang Sheng". */
static match match_name(const char *name, const char *key)
{
	size_t length = strlen(key);
	char own[KEY_MAX];

	if (starts_alike(name, key) && make_key(name, strlen(name), own) && strcmp(own, key) == 0)
		return MATCH_WHOLE;
	for (const char *at = name; *at != '\0';) {
		size_t n = strcspn(at, name_ends);

		if (starts_alike(at, key) && make_key(at, n, own) && strncmp(own, key, length) == 0) {
			if (own[length] == '\0')
				return MATCH_WHOLE;
			if (at == name && (own[length] == ' ' || own[length] == ','))
				return MATCH_START;
		}
		at += at[n] != '\0' ? n + 1 : n;
	}
	return MATCH_NONE;
}

/* The best match of the names that were looked at, and the one region that has it: NULL where several have. */
typedef struct {
	const char *key;
	match best;
	const char *code;
} name_search;

static void compare_name(name_search *search, const char *name, const char *code)
{
	match found = match_name(name, search->key);

	if (found > search->best) {
		search->best = found;
		search->code = code;
	} else if (found == search->best && search->code != NULL && strcmp(search->code, code) != 0) {
		search->code = NULL;
	}
}

static name_search search_countries(const char *key)
{
	name_search search = { .key = key };

	for (size_t i = 0; i < N(countries); i++)
		for (const char *name = name_pool + countries[i].names; *name != '\0'; name += strlen(name) + 1)
			compare_name(&search, name, countries[i].code);
	return search;
}

static name_search search_subdivisions(const char *country, const char *key)
{
	name_search search = { .key = key };
	size_t n;
	const subdivision_row *rows = subdivisions_of(country, &n);

	for (size_t i = 0; i < n; i++)
		compare_name(&search, name_pool + rows[i].name, rows[i].code);
	return search;
}

/* "Burma", "Zaire": under the names that went with their codes. */
static name_search search_withdrawn(const char *key)
{
	name_search search = { .key = key };

	for (size_t i = 0; i < N(withdrawn_codes); i++)
		if (withdrawn_codes[i].successor[0] != '\0')
			compare_name(&search, name_pool + withdrawn_codes[i].name, withdrawn_codes[i].successor);
	return search;
}

/* One letter more, less or other, or two that changed places. */
static bool is_one_slip(const char *a, const char *b)
{
	size_t n_a, n_b;

	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	n_a = strlen(a);
	n_b = strlen(b);
	while (n_a > 0 && n_b > 0 && a[n_a - 1] == b[n_b - 1]) {
		n_a--;
		n_b--;
	}
	return (n_a <= 1 && n_b <= 1) || (n_a == 2 && n_b == 2 && a[0] == b[1] && a[1] == b[0]);
}

/*
 * The nearest of the names that were looked at, and its region; NULL where several are as near. That there are so many
 * makes chance hits frequent: the first letter must be right, and `strict` lets but one slip pass.
 */
typedef struct {
	const char *key;
	bool strict;
	char nearest[KEY_MAX];
	const char *code;
} near_search;

static void take_if_near(near_search *search, const char *name, const char *code)
{
	const char *const better[] = { search->nearest, name }, *const as_good[] = { name, search->nearest };

	if (name[0] != search->key[0] || ap_suggest(search->key, &name, 1) == NULL)
		return;
	/* of equally near ones the first is suggested */
	if (search->nearest[0] == '\0' || ap_suggest(search->key, better, 2) == name) {
		strcpy(search->nearest, name);
		search->code = code;
	} else if (ap_suggest(search->key, as_good, 2) == name && search->code != NULL &&
		   strcmp(search->code, code) != 0) {
		search->code = NULL;
	}
}

/* With its first word: "Zhejaing" is near to that of "Zhejiang Sheng". */
static void compare_nearness(near_search *search, const char *name, const char *code)
{
	enum { WORD_MIN = 5 };

	for (const char *at = name; *at != '\0';) {
		size_t n = strcspn(at, name_ends), word;
		char own[KEY_MAX];

		if (starts_alike(at, search->key) && make_key(at, n, own)) {
			if (!search->strict || is_one_slip(search->key, own))
				take_if_near(search, own, code);
			word = strcspn(own, " ,");
			own[word] = '\0';
			if (at == name && word >= WORD_MIN && is_one_slip(search->key, own))
				take_if_near(search, own, code);
		}
		at += at[n] != '\0' ? n + 1 : n;
	}
}

static const char *nearest_subdivision(const char *country, const char *key)
{
	near_search search = { .key = key, .strict = country == NULL };
	size_t n;
	const subdivision_row *rows = subdivisions_of(country, &n);

	for (size_t i = 0; i < n; i++)
		compare_nearness(&search, name_pool + rows[i].name, rows[i].code);
	return search.code;
}

/* Of a country's names only the one that is shown: all the republics are near to each other. */
static const char *nearest_name(const char *key)
{
	enum { COUNTRY_MIN = 4, SUBDIVISION_MIN = 6 };
	near_search search = { .key = key };

	if (strlen(key) < COUNTRY_MIN)
		return NULL;
	if (is_one_slip(key, "unlocated"))
		return "unlocated";
	for (size_t i = 0; i < N(countries); i++)
		compare_nearness(&search, name_pool + countries[i].names, countries[i].code);
	if (search.nearest[0] != '\0')
		return search.code;
	return strlen(key) >= SUBDIVISION_MIN ? nearest_subdivision(NULL, key) : NULL;
}

/* What is written for a country or region, and is neither its code nor its name in the standard; keys. */
static const struct {
	char key[20], code[AP_REGION_TEXT_MAX];
} aliases[] = {
	/* reserved in ISO 3166-1: the country's own wish, as in its domains */
	{ "uk", "GB" },
	/* reserved for posts, telephones and customs, which count some islands apart */
	{ "ac", "SH-AC" },
	{ "cp", "FR-CP" },
	{ "cq", "GG" },
	{ "dg", "IO" },
	{ "ic", "ES-CN" },
	{ "ta", "SH-TA" },
	/* the European Union's, from the country's name in its own letters */
	{ "el", "GR" },
	/* what databases and logs say where they know of no country */
	{ "xx", "unlocated" },
	{ "zz", "unlocated" },
	{ "unknown", "unlocated" },
	/* initials that are not the standard's three letters */
	{ "drc", "CD" },
	{ "prc", "CN" },
	{ "uae", "AE" },
	/* names in everyday use, and former ones that had the same code */
	{ "britain", "GB" },
	{ "cape verde", "CV" },
	{ "great britain", "GB" },
	{ "holland", "NL" },
	{ "ivory coast", "CI" },
	{ "macau", "MO" },
	{ "macedonia", "MK" },
	{ "republic of ireland", "IE" },
	{ "russia", "RU" },
	{ "swaziland", "SZ" },
	{ "turkey", "TR" },
	{ "vatican", "VA" },
	{ "vatican city", "VA" },
};

static const char *alias_of(const char *key)
{
	for (size_t i = 0; i < N(aliases); i++)
		if (strcmp(key, aliases[i].key) == 0)
			return aliases[i].code;
	return NULL;
}

/* A code of two letters, or NULL. */
static const char *country_of_pair(const char *key)
{
	char code[3];
	const country_row *country;
	const withdrawn_row *withdrawn;

	to_upper(key, code, sizeof(code));
	country = find_country(code);
	withdrawn = find_withdrawn(code);
	if (country != NULL)
		return country->code;
	return withdrawn != NULL && withdrawn->successor[0] != '\0' ? withdrawn->successor : NULL;
}

static const char *country_of_alpha_3(const char *key)
{
	char code[4];

	to_upper(key, code, sizeof(code));
	for (size_t i = 0; i < N(countries); i++)
		if (strcmp(code, countries[i].alpha_3) == 0)
			return countries[i].code;
	return NULL;
}

/* The country, or what an alias stands for, that a key means without a doubt; or NULL. */
static const char *country_meant(const char *key)
{
	const char *code = alias_of(key);
	name_search search;

	if (code == NULL && strlen(key) == 2)
		return country_of_pair(key);
	if (code == NULL && strlen(key) == 3)
		code = country_of_alpha_3(key);
	if (code != NULL)
		return code;
	search = search_countries(key);
	return search.best == MATCH_WHOLE ? search.code : NULL;
}

/* The subdivision with the code `key` in a country; "2" is written "02" there, or "002". */
static const char *subdivision_coded(const char *country, const char *key)
{
	const char *zeros = strspn(key, DIGITS) == strlen(key) ? "00" : "";
	char part[4], code[AP_REGION_TEXT_MAX];

	to_upper(key, part, sizeof(part));
	if (strlen(key) >= sizeof(part))
		return NULL;
	for (zeros += strlen(zeros);; zeros--) {
		const subdivision_row *row;

		(void)snprintf(code, sizeof(code), "%.2s-%.2s%.3s", country, zeros, part);
		row = find_subdivision(code);
		if (row != NULL)
			return row->code;
		if (strlen(zeros) == 2 || key[strspn(key, DIGITS)] != '\0')
			return NULL;
	}
}

static const char *subdivision_meant(const char *country, const char *key, bool near)
{
	const char *code = subdivision_coded(country, key);
	name_search search;

	if (code != NULL)
		return code;
	search = search_subdivisions(country, key);
	if (search.best != MATCH_NONE || !near)
		return search.code;
	return nearest_subdivision(country, key);
}

/* "CN_ZJ", "CN-Zhejiang", "China/Zhejiang", "Zhejiang, China": a country on one side of a separator. */
static const char *pair_meant(const char *text, size_t size, bool near)
{
	for (size_t i = 1; i + 1 < size; i++) {
		char left[KEY_MAX], right[KEY_MAX];
		const char *const sides[] = { left, right };

		if (strchr("-_/,:. ", text[i]) == NULL || !make_key(text, i, left) ||
		    !make_key(text + i + 1, size - i - 1, right))
			continue;
		for (size_t side = 0; side < 2; side++) {
			const char *country = country_meant(sides[side]), *code = NULL;

			if (country != NULL && ap_region_is_country(country))
				code = subdivision_meant(country, sides[1 - side], near);
			if (code != NULL)
				return code;
		}
	}
	return NULL;
}

/* A country's name is taken before a subdivision's where both are as good: "Luxembourg". */
static const char *name_meant(const char *key, bool *ret_matched)
{
	name_search country = search_countries(key), subdivision = search_subdivisions(NULL, key), withdrawn;

	*ret_matched = true;
	if (country.best != MATCH_NONE && country.best >= subdivision.best)
		return country.code;
	if (subdivision.best != MATCH_NONE)
		return subdivision.code;
	withdrawn = search_withdrawn(key);
	*ret_matched = withdrawn.best != MATCH_NONE;
	return withdrawn.code;
}

/* Without what is no part of a code at the ends of it: "CN-*", "CN.". */
static const char *trim(const char *text, size_t *ret_size)
{
	static const char *const around = " \t*-_/.,:";
	size_t size;

	text += strspn(text, around);
	size = strlen(text);
	while (size > 0 && strchr(around, text[size - 1]) != NULL)
		size--;
	*ret_size = size;
	return text;
}

/* `upper` is the text as a code is written. */
static const char *meant(const char *text, const char *upper)
{
	char key[KEY_MAX];
	size_t size;
	bool matched;
	const char *at = trim(text, &size), *code;

	/* a longer text may have a key, but is no name, and has too many separators to try */
	if (size >= KEY_MAX || !make_key(at, size, key))
		return NULL;
	if (strcmp(key, "unlocated") == 0)
		return "unlocated";
	code = country_meant(key);
	if (code != NULL || strlen(key) == 2)
		return code;
	code = pair_meant(at, size, false);
	if (code != NULL)
		return code;
	/* "cn-xx": not in the standard, but perhaps in a database */
	if (has_subdivision_form(upper))
		return country_at(upper) != NULL && strcmp(upper, text) != 0 ? upper : NULL;
	code = name_meant(key, &matched);
	if (code == NULL && !matched)
		code = pair_meant(at, size, true);
	return code == NULL && !matched ? nearest_name(key) : code;
}

#define NO_COUNTRY "is no country of ISO 3166-1"
#define UNION NO_COUNTRY "; list the codes of its members, such as \"DE\" and \"FR\""
#define CONTINENT NO_COUNTRY "; list the codes of its countries"

/* What is no region and means several, or none, and what is to be done about it; keys. */
static const struct {
	const char *key, *sentence;
} others[] = {
	{ "eu", UNION },
	{ "european union", UNION },
	{ "eurozone", UNION },
	{ "ez", UNION },
	/* of older region databases */
	{ "ap", NO_COUNTRY ", but what some call Asia and the Pacific; list the codes of its countries" },
	{ "africa", CONTINENT },
	{ "america", CONTINENT },
	{ "apac", CONTINENT },
	{ "asia", CONTINENT },
	{ "emea", CONTINENT },
	{ "europe", CONTINENT },
	{ "latin america", CONTINENT },
	{ "middle east", CONTINENT },
	{ "north america", CONTINENT },
	{ "oceania", CONTINENT },
	{ "south america", CONTINENT },
	/* reserved for customs */
	{ "ea", NO_COUNTRY "; Ceuta is \"ES-CE\", and Melilla is \"ES-ML\"" },
	/* names of two */
	{ "congo", "is no region; Congo is \"CG\", and the Democratic Republic of the Congo is \"CD\"" },
	{ "korea", "is no region; South Korea is \"KR\", and North Korea is \"KP\"" },
	{ "virgin islands", "is no region; the British ones are \"VG\", and those of the United States are \"VI\"" },
	{ "local", "is no region, but an IP entry; list it under \"ip\"" },
};

/* NULL: it is none of those. */
static const char *other_sentence(const char *text)
{
	char key[KEY_MAX];

	if (!make_key(text, strlen(text), key))
		return NULL;
	for (size_t i = 0; i < N(others); i++)
		if (strcmp(key, others[i].key) == 0)
			return others[i].sentence;
	return NULL;
}

const char *ap_region_suggestion(const char *text, char buffer[AP_REGION_TEXT_MAX])
{
	char upper[UPPER_MAX];
	const char *code;

	if (strcmp(text, "unlocated") == 0 || ap_region_is_country(text) || ap_region_is_subdivision(text) ||
	    other_sentence(text) != NULL)
		return NULL;
	to_upper(text, upper, sizeof(upper));
	code = meant(text, upper);
	if (code == NULL)
		return NULL;
	strcpy(buffer, code);
	return buffer;
}

/* For "UK-XYZ", of which the standard lists nothing under "GB" either, the country. */
static const char *region_or_country_meant(const char *text, const char *upper, char code[AP_REGION_TEXT_MAX])
{
	char pair[3];

	if (ap_region_suggestion(text, code) != NULL)
		return code;
	to_upper(upper, pair, sizeof(pair));
	return has_subdivision_form(upper) ? ap_region_suggestion(pair, code) : NULL;
}

/* The start of the sentence: what is known of the two letters that stand for a country. */
static void describe_start(const char *upper, char *start, size_t size)
{
	const withdrawn_row *withdrawn = find_withdrawn(upper);

	if (withdrawn != NULL)
		(void)snprintf(start, size, NO_COUNTRY ": it was withdrawn in %u", withdrawn->year);
	else if (strspn(upper, UPPER) == 2 && upper[2] == '\0' && find_country(upper) == NULL)
		(void)snprintf(start, size, NO_COUNTRY);
	else if (has_subdivision_form(upper) && country_at(upper) == NULL)
		(void)snprintf(start, size, "is no region: \"%.2s\" " NO_COUNTRY, upper);
	else
		(void)snprintf(start, size, "is no region");
}

static void describe(const char *text, char *buffer, size_t size)
{
	char upper[UPPER_MAX], start[64], code[AP_REGION_TEXT_MAX], name[AP_REGION_NAME_MAX];
	const char *region;

	to_upper(text, upper, sizeof(upper));
	describe_start(upper, start, sizeof(start));
	region = region_or_country_meant(text, upper, code);
	if (region != NULL && strcmp(region, upper) == 0)
		(void)snprintf(buffer, size, "%s; expected upper-case letters: \"%s\"", start, region);
	else if (strcmp(upper, "UNLOCATED") == 0)
		(void)snprintf(buffer, size, "%s; expected lower-case letters: \"unlocated\"", start);
	else if (region != NULL)
		(void)snprintf(buffer, size, "%s; did you mean \"%s\" (%s)?", start, region,
			       ap_region_name(region, name, sizeof(name)));
	else if (find_withdrawn(upper) != NULL)
		(void)snprintf(buffer, size, "%s; list the countries that took its place", start);
	else
		(void)snprintf(buffer, size,
			       "%s; expected an ISO 3166 code such as \"CN\" or \"CN-ZJ\", or \"unlocated\"", start);
}

bool ap_region_fault_of(const char *text, char *buffer, size_t size)
{
	const char *sentence = other_sentence(text);

	if (ap_region_is_valid(text))
		return false;
	if (sentence != NULL)
		(void)snprintf(buffer, size, "%s", sentence);
	else
		describe(text, buffer, size);
	return true;
}
