/* What a name refers to, and what it was probably meant to. */
#include "reader.h"

#include "suggest.h"

#include <string.h>

/* The names that may be meant, gathered when the first one is missed. */
struct ap_suggestions {
	const char **names[4];
	size_t n[4];
	size_t compared;
	size_t searched; /* bytes */
};

/* Candidates that are held against missed names in one run; beyond, the time would be a hostile file's to choose. */
enum { COMPARED_MAX = 5000000 };

/* The same for bytes of faulty texts that are searched. */
static const size_t searched_max = (size_t)1 << 30;

static const char *name_at(const ap_policy_set *set, ap_reference kind, size_t i)
{
	switch (kind) {
	case AP_REFERENCE_POLICY:
		return set->policies[i].name;
	case AP_REFERENCE_NETWORK:
		return set->networks[i].name;
	case AP_REFERENCE_DEPARTMENT:
		return set->departments[i].name;
	default:
		return set->client_types[i].name;
	}
}

static size_t count_builtin(void)
{
	size_t n = 0;

	while (ap_builtin_client_types[n] != NULL)
		n++;
	return n;
}

static void gather(ap_reader *reader, ap_reference kind)
{
	const ap_policy_set *set = reader->set;
	const size_t counts[] = { [AP_REFERENCE_POLICY] = set->n_policies,
				  [AP_REFERENCE_NETWORK] = set->n_networks,
				  [AP_REFERENCE_DEPARTMENT] = set->n_departments,
				  [AP_REFERENCE_CLIENT] = set->n_client_types };
	size_t n_builtin = kind == AP_REFERENCE_CLIENT ? count_builtin() : 0;
	size_t n = counts[kind] + n_builtin, i;
	const char **names = ap_arena_alloc(reader->arena, (n + 1) * sizeof(*names));

	for (i = 0; i < n_builtin; i++)
		names[i] = ap_builtin_client_types[i];
	for (; i < n; i++)
		names[i] = name_at(set, kind, i - n_builtin);
	reader->suggestions->names[kind] = names;
	reader->suggestions->n[kind] = n;
}

static struct ap_suggestions *suggestions_of(ap_reader *reader)
{
	if (reader->suggestions == NULL)
		reader->suggestions = ap_arena_alloc(reader->arena, sizeof(*reader->suggestions));
	return reader->suggestions;
}

static const char *nearest(ap_reader *reader, ap_reference kind, const char *name)
{
	struct ap_suggestions *suggestions;

	suggestions = suggestions_of(reader);
	if (suggestions->names[kind] == NULL)
		gather(reader, kind);
	if (suggestions->compared > COMPARED_MAX)
		return NULL;
	suggestions->compared += suggestions->n[kind];
	return ap_suggest(name, suggestions->names[kind], suggestions->n[kind]);
}

static void refuse(ap_reader *reader, ap_reference kind, const char *name, ap_place place)
{
	static const char *const words[] = { "policy", "network", "department", "client type" };
	static const char *const expected[] = {
		[AP_REFERENCE_POLICY] = "the name of a policy in one of the files",
		[AP_REFERENCE_NETWORK] = "the name of one that \"networks\" defines",
		[AP_REFERENCE_DEPARTMENT] = "one that \"departments\" or a directory file declares",
		[AP_REFERENCE_CLIENT] =
			("native, web, dingtalk-pc, dingtalk-mobile, outlook-addin, wechat, third-party, system or "
			 "one that \"client_types\" defines"),
	};
	const char *meant = nearest(reader, kind, name);

	if (meant != NULL)
		AP_COMPLAIN(reader, place, "unknown %s %s; did you mean %s?", words[kind], AP_SHOWN(name),
			    AP_SHOWN(meant));
	else
		AP_COMPLAIN(reader, place, "unknown %s %s; expected %s", words[kind], AP_SHOWN(name), expected[kind]);
}

static bool is_builtin_client(const char *name)
{
	for (size_t i = 0; ap_builtin_client_types[i] != NULL; i++)
		if (strcmp(ap_builtin_client_types[i], name) == 0)
			return true;
	return false;
}

/* Policies are kept by their names in lower case, and referred to by their names as written. */
static uint32_t find_policy(ap_reader *reader, const char *name)
{
	uint32_t number = ap_names_find(reader->policies, ap_lower_copy(reader->arena, name));

	return number != AP_NONE && strcmp(reader->set->policies[number].name, name) == 0 ? number : AP_NONE;
}

static uint32_t find(ap_reader *reader, ap_reference kind, const char *name)
{
	uint32_t number;

	switch (kind) {
	case AP_REFERENCE_POLICY:
		return find_policy(reader, name);
	case AP_REFERENCE_NETWORK:
		return ap_names_find(reader->networks, name);
	case AP_REFERENCE_DEPARTMENT:
		return ap_names_find(reader->departments, name);
	default:
		number = ap_names_find(reader->clients, name);
		return number == AP_NONE && is_builtin_client(name) ? 0 : number;
	}
}

static const char *skip_blanks_back(const char *start, const char *at)
{
	while (at > start && strchr(" \t\r\n", at[-1]) != NULL)
		at--;
	return at;
}

/* True if a `name =` or `name :` ends right before `at`. */
static bool follows_name_key(const char *start, const char *at)
{
	at = skip_blanks_back(start, at);
	if (at == start || (at[-1] != '=' && at[-1] != ':'))
		return false;
	at = skip_blanks_back(start, at - 1);
	return at - start >= 4 && memcmp(at - 4, "name", 4) == 0;
}

/* The sections that stand in files; -1: what no reference names. */
static const struct {
	const char *name;
	int kind;
} sections[] = {
	{ "policies", AP_REFERENCE_POLICY },
	{ "networks", AP_REFERENCE_NETWORK },
	{ "departments", AP_REFERENCE_DEPARTMENT },
	{ "client_types", AP_REFERENCE_CLIENT },
	{ "exceptions", -1 },
	{ "assertions", -1 },
};

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/*
 * Whether the "(" at `bracket` opens a section of another kind; `before` where it opens no section, but a list of
 * strings. A section under a mistyped name may be any.
 */
static bool opens_other(const char *start, const char *bracket, ap_reference kind, bool before)
{
	const char *first = bracket + 1 + strspn(bracket + 1, " \t\r\n");
	const char *end = skip_blanks_back(start, bracket), *word;

	if (*first == '"')
		return before;
	if (end > start && (end[-1] == '=' || end[-1] == ':'))
		end = skip_blanks_back(start, end - 1);
	for (word = end; word > start && is_word_byte(word[-1]);)
		word--;
	if (word == end)
		return before;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (strlen(sections[i].name) == (size_t)(end - word) &&
		    memcmp(sections[i].name, word, (size_t)(end - word)) == 0)
			return sections[i].kind != (int)kind;
	return false;
}

/* True if something of that name seems to be defined in the text, though it was not understood. */
static bool seems_defined(const char *text, ap_reference kind, const char *name)
{
	size_t length = strlen(name);
	const char *at = text, *bracket = text;
	bool other = false; /* the section that is open at `bracket` holds another kind */

	for (; (at = strstr(at, name)) != NULL; at++) {
		/* a department's ancestors exist by standing in its path */
		bool ends = at[length] == '"' || (kind == AP_REFERENCE_DEPARTMENT && at[length] == '/');

		if (!ends || at == text || at[-1] != '"' || !follows_name_key(text, at - 1))
			continue;
		for (; bracket < at; bracket++)
			if (*bracket == '(')
				other = opens_other(text, bracket, kind, other);
		if (!other)
			return true;
	}
	return false;
}

/* An error already told may be the cause of one that is not: then only the first is told. */
static bool may_be_defined(ap_reader *reader, ap_reference kind, const char *name)
{
	struct ap_suggestions *suggestions = suggestions_of(reader);

	if (kind == AP_REFERENCE_DEPARTMENT && reader->departments_incomplete)
		return true;
	for (size_t i = 0; i < reader->n_faulty && suggestions->searched < searched_max; i++) {
		suggestions->searched += strlen(reader->faulty[i]);
		if (seems_defined(reader->faulty[i], kind, name))
			return true;
	}
	return false;
}

uint32_t ap_reference_find(ap_reader *reader, ap_reference kind, const char *name, ap_place place)
{
	uint32_t number = find(reader, kind, name);

	if (number == AP_NONE && !reader->unreadable && !may_be_defined(reader, kind, name))
		refuse(reader, kind, name, place);
	return number;
}
