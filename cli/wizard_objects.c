#include "wizard_objects.h"

#include "../lib/make/names.h"
#include "../lib/make/region_codes.h"
#include "words.h"

#include <stddef.h>
#include <string.h>

static const char everyone[] = "everyone", unlisted[] = "unlisted";

typedef enum { DEPARTMENT, MEMBER, DOMAIN, GROUP, ADDRESS, REGION, N_KINDS } kind;

static const struct {
	const char *prefix;
	const char *note;
	size_t words; /* in ap_objects_form */
	bool except;  /* it is for exceptions alone */
} kinds[N_KINDS] = {
	[DEPARTMENT] = { "department:", "a department; with /* its sub-departments too",
			 offsetof(ap_objects_form, departments), false },
	[MEMBER] = { "member:", "a member: user@domain, user@ in any domain, user", offsetof(ap_objects_form, members),
		     false },
	[DOMAIN] = { "domain:", "the members of a domain", offsetof(ap_objects_form, domains), false },
	[GROUP] = { "group:", "a group of the system", offsetof(ap_objects_form, groups), false },
	[ADDRESS] = { "ip:", "logins from an address, range or @network", offsetof(ap_objects_form, ip), true },
	[REGION] = { "region:", "logins from a country or subdivision", offsetof(ap_objects_form, regions), true },
};

static ap_words *words_of(ap_objects_form *objects, kind k)
{
	return (ap_words *)(void *)((char *)objects + kinds[k].words);
}

/*
 * What a word is
 */

static bool has_department(const ap_policy_set *set, const char *word)
{
	size_t length = strlen(word);

	if (length > 2 && strcmp(word + length - 2, "/*") == 0)
		length -= 2;
	for (size_t i = 0; i < set->n_departments; i++)
		if (strncmp(set->departments[i].name, word, length) == 0 && set->departments[i].name[length] == '\0')
			return true;
	return false;
}

static bool is_same_name(const char *a, const char *b)
{
	return ap_word_begins(a, b) && strlen(a) == strlen(b);
}

static bool has_member(const ap_policy_set *set, const char *word)
{
	for (size_t i = 0; i < set->administrators.n; i++)
		if (is_same_name(set->administrators.items[i].text, word))
			return true;
	for (size_t i = 0; i < set->n_memberships; i++)
		if (is_same_name(set->memberships[i].member, word))
			return true;
	return false;
}

/* Also what was meant to be an entry, so that it is told what is wrong with it. */
static bool seems_entry(const char *word)
{
	return word[0] == '@' || strcmp(word, "local") == 0 ||
	       (strpbrk(word, "0123456789") != NULL && strpbrk(word, ".:") != NULL &&
		word[strspn(word, "0123456789abcdefABCDEF.:/-")] == '\0');
}

static bool seems_region(const char *word)
{
	return ap_region_is_valid(word);
}

static kind kind_of(const ap_object_words *in, const char *word, bool *ret_guessed)
{
	*ret_guessed = false;
	if (has_department(in->set, word))
		return DEPARTMENT;
	if (in->except && seems_entry(word))
		return ADDRESS;
	if (strchr(word, '@') != NULL || has_member(in->set, word))
		return MEMBER;
	if (in->except && seems_region(word))
		return REGION;
	*ret_guessed = true;
	return DEPARTMENT;
}

static bool is_keyword(const char *word)
{
	return strcmp(word, everyone) == 0 || strcmp(word, unlisted) == 0;
}

/* The kind that is written before the word, or N_KINDS. */
static kind written_kind(const ap_object_words *in, const char *word)
{
	kind k = DEPARTMENT;

	while (k < N_KINDS && (!ap_word_begins(word, kinds[k].prefix) || (kinds[k].except && !in->except)))
		k++;
	return k;
}

static void take_word(const ap_object_words *in, const char *word, ap_objects_form *objects, bool *guessed)
{
	kind k = written_kind(in, word);

	if (strcmp(word, everyone) == 0) {
		objects->all = true;
	} else if (strcmp(word, unlisted) == 0) {
		objects->unlisted = true;
	} else if (k < N_KINDS) {
		ap_words_add(in->arena, words_of(objects, k), word + strlen(kinds[k].prefix));
	} else {
		bool this_one;

		k = kind_of(in, word, &this_one);
		*guessed = *guessed || this_one;
		ap_words_add(in->arena, words_of(objects, k), word);
	}
}

ap_words ap_words_once(ap_arena *arena, const ap_words *words)
{
	ap_names *seen = ap_names_new(arena);
	ap_words once = { .n = 0 };

	for (size_t i = 0; i < words->n; i++)
		if (ap_names_find(seen, words->items[i]) == AP_NONE) {
			ap_names_put(seen, words->items[i], 0);
			ap_words_add(arena, &once, words->items[i]);
		}
	return once;
}

ap_objects_form ap_objects_of_words(const ap_object_words *in, const ap_words *words, bool *ret_guessed)
{
	ap_objects_form objects = { .all = false };

	*ret_guessed = false;
	for (size_t i = 0; i < words->n; i++)
		take_word(in, words->items[i], &objects, ret_guessed);
	for (kind k = DEPARTMENT; k < N_KINDS; k++)
		*words_of(&objects, k) = ap_words_once(in->arena, words_of(&objects, k));
	return objects;
}

static const char *word_of(const ap_object_words *in, kind k, const char *text)
{
	bool guessed;

	if (!is_keyword(text) && written_kind(in, text) == N_KINDS && kind_of(in, text, &guessed) == k && !guessed)
		return text;
	return ap_format(in->arena, "%s%s", kinds[k].prefix, text);
}

ap_words ap_words_of_objects(const ap_object_words *in, const ap_objects_form *objects)
{
	ap_objects_form copy = *objects;
	ap_words words = { .n = 0 };

	if (objects->all)
		ap_words_add(in->arena, &words, everyone);
	if (objects->unlisted)
		ap_words_add(in->arena, &words, unlisted);
	for (kind k = DEPARTMENT; k < N_KINDS; k++)
		for (size_t i = 0; i < words_of(&copy, k)->n; i++)
			ap_words_add(in->arena, &words, word_of(in, k, words_of(&copy, k)->items[i]));
	return words;
}

/*
 * Completion
 */

static void offer(ap_candidates *candidates, const char *prefix, const char *text, const char *note, const char *word)
{
	if (!ap_word_begins(text, word))
		return;
	if (prefix[0] != '\0' && candidates->n < AP_CANDIDATES_MOST)
		text = ap_format(candidates->arena, "%s%s", prefix, text);
	ap_candidates_add(candidates, text, note);
}

static bool has_children(const ap_policy_set *set, const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < set->n_departments; i++)
		if (strncmp(set->departments[i].name, path, length) == 0 && set->departments[i].name[length] == '/')
			return true;
	return false;
}

/* One level at a time: what is below a department is offered once its name stands there. */
static void complete_departments(const ap_policy_set *set, const char *prefix, const char *word,
				 ap_candidates *candidates)
{
	for (size_t i = 0; i < set->n_departments; i++) {
		const char *path = set->departments[i].name;

		if (!ap_word_begins(path, word) || strchr(path + strlen(word), '/') != NULL)
			continue;
		offer(candidates, prefix, path, "department", word);
		if (candidates->n < AP_CANDIDATES_MOST && has_children(set, path))
			offer(candidates, prefix, ap_format(candidates->arena, "%s/*", path),
			      "with its sub-departments", word);
	}
}

/* A member may be in several departments: the first is told. */
void ap_complete_members(const ap_policy_set *set, const char *prefix, const char *word, ap_candidates *candidates)
{
	ap_names *seen = ap_names_new(candidates->arena);

	for (size_t i = 0; i < set->administrators.n; i++) {
		const char *member = set->administrators.items[i].text;

		if (ap_names_find(seen, member) != AP_NONE)
			continue;
		ap_names_put(seen, member, 0);
		offer(candidates, prefix, member, "administrator", word);
	}
	for (size_t i = 0; i < set->n_memberships; i++) {
		const char *member = set->memberships[i].member;

		if (!ap_word_begins(member, word) || ap_names_find(seen, member) != AP_NONE)
			continue;
		ap_names_put(seen, member, 0);
		offer(candidates, prefix, member, set->departments[set->memberships[i].department].name, word);
	}
}

void ap_complete_entries(const ap_policy_set *set, const char *word, ap_candidates *candidates)
{
	for (size_t i = 0; i < set->n_networks; i++) {
		const ap_network_def *network = &set->networks[i];

		offer(candidates, "", ap_format(candidates->arena, "@%s", network->name),
		      network->feed.text != NULL ? ap_printable(candidates->arena, network->feed.text) : "network",
		      word);
	}
	offer(candidates, "", "local", "at the machine itself", word);
}

static const char *region_note(ap_candidates *candidates, const char *code)
{
	char name[AP_REGION_NAME_MAX];

	return ap_arena_strdup(candidates->arena, ap_region_name(code, name, sizeof(name)));
}

static void complete_subdivisions(const char *country, const char *word, ap_candidates *candidates)
{
	size_t n = ap_region_list_subdivisions(country, NULL, 0);
	const char **codes = ap_arena_alloc(candidates->arena, (n + 1) * sizeof(*codes));

	(void)ap_region_list_subdivisions(country, codes, n);
	for (size_t i = 0; i < n; i++)
		if (ap_word_begins(codes[i], word))
			ap_candidates_add(candidates, codes[i], region_note(candidates, codes[i]));
}

static void complete_countries(const char *word, ap_candidates *candidates)
{
	char code[] = "AA";

	for (code[0] = 'A'; code[0] <= 'Z'; code[0]++)
		for (code[1] = 'A'; code[1] <= 'Z'; code[1]++) {
			const char *note;

			if (!ap_region_is_country(code))
				continue;
			note = region_note(candidates, code);
			if (ap_word_begins(code, word) || (strlen(word) > 1 && ap_word_begins(note, word)))
				ap_candidates_add(candidates, ap_arena_strdup(candidates->arena, code), note);
		}
}

void ap_complete_regions(const char *word, ap_candidates *candidates)
{
	const char country[] = { word[0], word[0] != '\0' ? word[1] : '\0', '\0' };
	char upper[sizeof(country)];

	for (size_t i = 0; i < sizeof(country); i++)
		upper[i] = country[i] >= 'a' && country[i] <= 'z' ? (char)(country[i] - 'a' + 'A') : country[i];
	if (strlen(word) > 2 && word[2] == '-') {
		complete_subdivisions(upper, word, candidates);
		return;
	}
	complete_countries(word, candidates);
	offer(candidates, "", "unlocated", "in no country, private addresses among them", word);
}

static void complete_kind(const ap_object_words *in, kind k, const char *rest, ap_candidates *candidates)
{
	const char *prefix = kinds[k].prefix;
	ap_candidates inner = { .arena = candidates->arena };

	if (k == DEPARTMENT) {
		complete_departments(in->set, prefix, rest, candidates);
	} else if (k == MEMBER) {
		ap_complete_members(in->set, prefix, rest, candidates);
	} else if (k == ADDRESS || k == REGION) {
		if (k == ADDRESS)
			ap_complete_entries(in->set, rest, &inner);
		else
			ap_complete_regions(rest, &inner);
		for (size_t i = 0; i < inner.n; i++)
			ap_candidates_add(candidates, ap_format(in->arena, "%s%s", prefix, inner.items[i].text),
					  inner.items[i].note);
	}
}

static void complete_kinds(const ap_object_words *in, const char *word, ap_candidates *candidates)
{
	for (kind k = DEPARTMENT; k < N_KINDS; k++)
		if (ap_word_begins(kinds[k].prefix, word) && (in->except || !kinds[k].except)) {
			ap_candidates_add(candidates, kinds[k].prefix, kinds[k].note);
			candidates->items[candidates->n - 1].goes_on = true;
		}
}

void ap_complete_objects(const ap_object_words *in, const char *word, ap_candidates *candidates)
{
	kind k = written_kind(in, word);

	if (k < N_KINDS) {
		complete_kind(in, k, word + strlen(kinds[k].prefix), candidates);
		return;
	}
	if (!in->except)
		offer(candidates, "", everyone, "all members", word);
	offer(candidates, "", unlisted, "members of no department", word);
	complete_kinds(in, word, candidates);
	complete_departments(in->set, "", word, candidates);
	if (word[0] == '\0')
		return;
	ap_complete_members(in->set, "", word, candidates);
	if (in->except) {
		ap_complete_entries(in->set, word, candidates);
		if (word[0] >= 'A' && word[0] <= 'Z')
			ap_complete_regions(word, candidates);
	}
}
