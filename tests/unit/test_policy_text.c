/*
 * Policies written from forms, and changed in place: each row is a text, a change of its first policy, and the text that
 * must come of it to the letter. Then policies by chance are changed into others, and read again.
 */
#include "../../lib/make/load.h"
#include "../../lib/make/policy_text.h"
#include "../support/effort.h"
#include "../support/prng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the policies refer to. */
#define BACKGROUND                                                                                                     \
	"departments = ( { name = \"finance/board\"; members = [ \"cfo\" ]; }, { name = \"sales\"; } );\n"             \
	"networks = ( { name = \"vpn\"; ip = [ \"10.0.0.0/8\" ]; } );\n"

/* Reads a text that must be valid. The caller frees the set. */
static ap_policy_set *read_text(const char *text)
{
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;

	if (ap_load_text("/policy/accesspolicy.conf", text, strlen(text), &set, &diagnostics) != AP_OK)
		fail_msg("%s\nline %u: %s", text, diagnostics.items[0].line, diagnostics.items[0].message);
	ap_diagnostics_clear(&diagnostics);
	return set;
}

/*
 * Changes
 */

static const char *edited_words[] = { "10.0.0.1", "192.0.2.0/24", "@vpn" };

static void disable(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->status = AP_POLICY_DISABLED;
}

static void enable(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->status = AP_POLICY_ENABLED;
}

static void add_address(ap_arena *arena, ap_policy_form *form)
{
	ap_words_add(arena, &form->ip, "198.51.100.7");
}

static void add_two_addresses(ap_arena *arena, ap_policy_form *form)
{
	add_address(arena, form);
	ap_words_add(arena, &form->ip, "local");
}

static void remove_first_address(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->ip.items++;
	form->ip.n--;
}

static void remove_last_address(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->ip.n--;
}

static void remove_addresses(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->ip.n = 0;
}

static void replace_addresses(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->ip = (ap_words){ .items = edited_words, .n = 3 };
}

static void replace_address(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->ip.items[0] = "192.0.2.77";
}

static void except_member(ap_arena *arena, ap_policy_form *form)
{
	ap_words_add(arena, &form->except.members, "root");
}

static void except_nobody(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->except = (ap_objects_form){ .all = false };
}

static void scope_to_finance(ap_arena *arena, ap_policy_form *form)
{
	form->scope = (ap_objects_form){ .all = false };
	ap_words_add(arena, &form->scope.departments, "finance/*");
}

static void scope_to_all(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->scope = (ap_objects_form){ .all = true };
}

static void comment(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->comment = "a \"quoted\" \\ word";
}

static void rename_it(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->name = "B";
}

static void turn_into_blacklist(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	form->type = AP_POLICY_BLACKLIST;
	form->required = form->other_clients_denied = false;
}

static void nothing(ap_arena *arena, ap_policy_form *form)
{
	(void)arena;
	(void)form;
}

/* A policy of several lines, and one of one line. */
#define LINES(more)                                                                                                    \
	"policies = (\n"                                                                                               \
	"  { name = \"A\"; # its name\n"                                                                               \
	"    type = \"blacklist\";   // as asked\n" more "    scope = { all = true; }; } // end\n"                     \
	");\n"
#define LINE(more) "policies = ( { name = \"A\"; type = \"blacklist\"; scope = { all = true; };" more " } );\n"
#define SCOPED(scope)                                                                                                  \
	"policies = (\n  { name = \"A\"; type = \"whitelist\"; ip = [ \"10.0.0.1\" ];\n    scope = " scope             \
	";\n  }\n);\n"
#define IP(list)                                                                                                       \
	"policies = (\n  { name = \"A\"; type = \"whitelist\"; scope = { all = true; };\n    ip = " list ";\n  }\n);\n"

static const struct {
	const char *before;
	void (*change)(ap_arena *arena, ap_policy_form *form);
	const char *after;
} rows[] = {
	/* nothing asked, nothing done */
	{ LINES(""), nothing, LINES("") },

	/* a setting that comes: behind the one before it, and what is said of that */
	{ LINES(""), disable, LINES("    status = \"disabled\";\n") },
	{ LINE(""), disable,
	  "policies = ( { name = \"A\"; type = \"blacklist\"; status = \"disabled\"; scope = { all = true; }; } );\n" },
	{ LINE(" comment = \"why\""), add_address, LINE(" ip = [ \"198.51.100.7\" ]; comment = \"why\"") },
	{ LINE(" ip = [ \"10.0.0.1\" ]"), comment,
	  LINE(" ip = [ \"10.0.0.1\" ]; comment = \"a \\\"quoted\\\" \\\\ word\";") },
	{ LINE(""), comment, LINE(" comment = \"a \\\"quoted\\\" \\\\ word\";") },
	{ LINES(""), comment,
	  "policies = (\n"
	  "  { name = \"A\"; # its name\n"
	  "    type = \"blacklist\";   // as asked\n"
	  "    scope = { all = true; };\n"
	  "    comment = \"a \\\"quoted\\\" \\\\ word\"; } // end\n"
	  ");\n" },

	/* a value that is another: in its place */
	{ LINES("    status = \"disabled\"; /* until Monday */\n"), enable,
	  LINES("    status = \"enabled\"; /* until Monday */\n") },
	{ LINES("    status : \"report\" \"-only\";\n"), disable, LINES("    status : \"disabled\";\n") },
	{ LINE(""), rename_it, "policies = ( { name = \"B\"; type = \"blacklist\"; scope = { all = true; }; } );\n" },

	/* elements that come and go */
	{ IP("[ \"10.0.0.1\", \"10.0.0.2\" ]"), add_address, IP("[ \"10.0.0.1\", \"10.0.0.2\", \"198.51.100.7\" ]") },
	{ IP("[\"10.0.0.1\"]"), add_two_addresses, IP("[\"10.0.0.1\", \"198.51.100.7\", \"local\"]") },
	{ IP("( \"10.0.0.1\" )"), add_address, IP("( \"10.0.0.1\", \"198.51.100.7\" )") },
	{ IP("[ \"10.0.0.1\", \"10.0.0.2\" ]"), remove_first_address, IP("[ \"10.0.0.2\" ]") },
	{ IP("[ \"10.0.0.1\", \"10.0.0.2\" ]"), remove_last_address, IP("[ \"10.0.0.1\" ]") },
	{ IP("[\n      \"10.0.0.1\", // the office\n      \"10.0.0.2\" // the branch\n    ]"), add_two_addresses,
	  IP("[\n      \"10.0.0.1\", // the office\n      \"10.0.0.2\", // the branch\n      \"198.51.100.7\",\n      "
	     "\"local\"\n    ]") },
	{ IP("[\n      \"10.0.0.1\", // the office\n      /* old */\n      \"10.0.0.2\" // the branch\n    ]"),
	  remove_last_address, IP("[\n      \"10.0.0.1\" // the office\n      /* old */\n      // the branch\n    ]") },
	{ IP("[\n      \"10.0.0.1\",\n      \"10.0.0.2\"\n    ]"), remove_first_address,
	  IP("[\n      \"10.0.0.2\"\n    ]") },
	{ IP("[\n      \"10.0.0.1\",\n      \"10.0.0.2\"\n    ]"), remove_last_address,
	  IP("[\n      \"10.0.0.1\"\n    ]") },
	{ IP("[ \"10.0.0.1\", // the office\n           \"10.0.0.2\" ]"), add_address,
	  IP("[ \"10.0.0.1\", // the office\n           \"10.0.0.2\", \"198.51.100.7\" ]") },
	{ IP("[ \"10.0.0.1\", // the office\n           \"10.0.0.2\" // the branch\n    ]"), add_two_addresses,
	  IP("[ \"10.0.0.1\", // the office\n           \"10.0.0.2\", // the branch\n           \"198.51.100.7\",\n"
	     "           \"local\"\n    ]") },
	{ IP("[ \"10.0.0.1\" // the office\n    ]"), add_address,
	  IP("[ \"10.0.0.1\", // the office\n           \"198.51.100.7\"\n    ]") },
	{ IP("[ \"10.0.0.1\" /* office */ ]"), add_address, IP("[ \"10.0.0.1\", \"198.51.100.7\" /* office */ ]") },
	{ IP("[ \"10.0.0.1\" ]"), replace_addresses, IP("[ \"10.0.0.1\", \"192.0.2.0/24\", \"@vpn\" ]") },
	{ IP("[ \"10.0.0.9\" ]"), replace_addresses, IP("[ \"10.0.0.1\", \"192.0.2.0/24\", \"@vpn\" ]") },
	{ IP("[ \"@vpn\", \"10.0.0.9\", \"10.0.0.1\" ]"), replace_addresses,
	  IP("[ \"@vpn\", \"10.0.0.1\", \"192.0.2.0/24\" ]") },

	{ IP("[ \"10.0.0.1\" /* office */ ]"), replace_address, IP("[ \"192.0.2.77\" /* office */ ]") },
	{ IP("[\n      \"10.0.0.1\", // one\n      \"@vpn\" // two\n    ]"), replace_address,
	  IP("[\n      \"192.0.2.77\", // one\n      \"@vpn\" // two\n    ]") },

	/* settings that go */
	{ "policies = ( { name = \"A\"; type = \"blacklist\"; ip = [ \"10.0.0.1\" ]; scope = { all = true; }; } );\n",
	  remove_addresses, LINE("") },
	{ LINES("    ip = [ \"10.0.0.1\" ]; // gone\n"), remove_addresses, LINES("    // gone\n") },
	{ LINES("    ip = [ \"10.0.0.1\",\n           \"10.0.0.2\" ];\n"), remove_addresses, LINES("") },

	/* scopes */
	{ SCOPED("{ all = true; }"), except_member,
	  SCOPED("{ all = true; except = {\n      members = [ \"root\" ];\n    }; }") },
	{ SCOPED("{ all = true; except = { ip = [ \"local\" ]; }; }"), except_member,
	  SCOPED("{ all = true; except = { ip = [ \"local\" ]; members = [ \"root\" ]; }; }") },
	{ SCOPED("{ all = true; except = { members = [ \"cfo\" ]; }; }"), except_member,
	  SCOPED("{ all = true; except = { members = [ \"cfo\", \"root\" ]; }; }") },
	{ SCOPED("{ all = true; except = { members = [ \"cfo\" ]; }; }"), except_nobody, SCOPED("{ all = true; }") },
	{ SCOPED("{ all = true; }"), scope_to_finance, SCOPED("{\n      departments = [ \"finance/*\" ];\n    }") },
	{ SCOPED("{ departments = [ \"sales\" ]; /* all of it */ }"), scope_to_all, SCOPED("{ all = true; }") },
	{ SCOPED("{ departments = [ \"sales\" ]; except = { members = [ \"cfo\" ]; }; }"), scope_to_all,
	  SCOPED("{ except = { members = [ \"cfo\" ]; }; all = true; }") },

	/* whitelists' own settings do not stay where there is no place for them */
	{ "policies = ( { name = \"A\"; type = \"whitelist\"; scope = { all = true; }; clients = [ \"web\" ];\n"
	  "  other_clients = \"deny\"; required = true; } );\n",
	  turn_into_blacklist,
	  "policies = ( { name = \"A\"; type = \"blacklist\"; scope = { all = true; }; clients = [ \"web\" ];\n"
	  "  } );\n" },
};

/* The first policy of a text, changed and read again. */
static char *change(ap_arena *arena, const char *text, void (*how)(ap_arena *arena, ap_policy_form *form))
{
	ap_policy_set *set = read_text(text), *read_again;
	ap_policy_form before = ap_policy_form_of(arena, &set->policies[0]), after, found;
	char *changed;

	after = ap_policy_form_of(arena, &set->policies[0]);
	how(arena, &after);
	changed = ap_policy_text_change(arena, text, 0, &before, &after);
	assert_non_null(changed);
	read_again = read_text(changed);
	found = ap_policy_form_of(arena, &read_again->policies[0]);
	assert_int_equal(found.status, after.status);
	assert_string_equal(found.name, after.name);
	ap_policy_set_free(read_again);
	ap_policy_set_free(set);
	return changed;
}

static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ap_arena *arena = ap_arena_new();
		const char *before = ap_arena_alloc(arena, strlen(BACKGROUND) + strlen(rows[i].before) + 1);
		const char *after = ap_arena_alloc(arena, strlen(BACKGROUND) + strlen(rows[i].after) + 1);

		strcat(strcpy((char *)(uintptr_t)before, BACKGROUND), rows[i].before);
		strcat(strcpy((char *)(uintptr_t)after, BACKGROUND), rows[i].after);
		assert_string_equal(change(arena, before, rows[i].change), after);
		ap_arena_free(arena);
	}
}

static const struct {
	const char *before;
	size_t n;
	const char *after; /* NULL: there is no such element */
	bool empty;
} removals[] = {
	{ LINES(""), 0, "", true },
	{ "message = \"no\";\n" LINES(""), 0, "message = \"no\";\n", false },
	{ "policies = (\n  { a = 1; },\n  // the second\n  { a = 2; }, // and why\n  { a = 3; }\n);\n", 1,
	  "policies = (\n  { a = 1; },\n  // the second\n  // and why\n  { a = 3; }\n);\n", false },
	{ "policies = (\n  { a = 1; },\n  { a = 2; }\n);\n", 1, "policies = (\n  { a = 1; }\n);\n", false },
	{ "policies = ( { a = 1; }, { a = 2; } );\n", 0, "policies = ( { a = 2; } );\n", false },
	{ "policies = ( { a = 1; }, { a = 2; } );\n", 1, "policies = ( { a = 1; } );\n", false },
	{ "policies = ( { a = 1; } );\n", 1, NULL, false },
	{ "exceptions = ( { a = 1; } );\n", 0, NULL, false },
};

static void test_removals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(removals) / sizeof(removals[0]); i++) {
		ap_arena *arena = ap_arena_new();
		bool empty;
		char *after =
			ap_policy_text_remove(arena, removals[i].before, AP_SECTION_POLICIES, removals[i].n, &empty);

		assert_int_equal(after != NULL, removals[i].after != NULL);
		if (after != NULL)
			assert_string_equal(after, removals[i].empty ? after : removals[i].after);
		assert_int_equal(empty, removals[i].empty);
		ap_arena_free(arena);
	}
}

static const struct {
	const char *text;
	size_t n;
	const char *span; /* NULL: there is no such element */
} spans[] = {
	{ "policies = ( { a = 1; }, { a = 2; } );\n", 0, "{ a = 1; }" },
	{ "policies = ( { a = 1; }, { a = 2; } );\n", 1, "{ a = 2; }" },
	{ "policies = ( { a = 1; }, { a = 2; } );\n", 2, NULL },
	{ "exceptions = ( { a = 1; } );\n", 0, NULL },
	{ "// of the file\npolicies = (\n  // one\n  { a = 1;\n  }, // and why\n\n  # two\n  // more\n  { a = 2; }\n);\n",
	  0, "  // one\n  { a = 1;\n  }" },
	{ "policies = (\n  { a = 1;\n  }, // and why\n\n  # two\n  // more\n  { a = 2; } // end\n);\n", 1,
	  "  # two\n  // more\n  { a = 2; }" },
	{ "policies = ( // all of them\n  { a = 1; } );\n", 0, "  { a = 1; }" },
	{ "policies = ( { a = 1; }, // not this\n// but this\n{ a = 2; } );\n", 1, "// but this\n{ a = 2; }" },
	{ "policies = ( { a = \"\n\"; } );\n", 0, NULL }, /* no string has a newline in it */
};

static void test_spans(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		ap_arena *arena = ap_arena_new();
		size_t start = 0, end = 0;
		bool found = ap_policy_text_span(arena, spans[i].text, AP_SECTION_POLICIES, spans[i].n, &start, &end);

		assert_int_equal(found, spans[i].span != NULL);
		if (found)
			assert_string_equal(ap_arena_strndup(arena, spans[i].text + start, end - start), spans[i].span);
		ap_arena_free(arena);
	}
}

static const struct {
	const char *value;
	const char *name; /* NULL: it is none */
} named[] = {
	{ "\"A\"", "A" },
	{ "\"a \\\"b\\\" \\\\\" /* and */ \" c\"", "a \"b\" \\ c" },
	{ "\"\xe5\xb0\x81\"", "\xe5\xb0\x81" },
	{ "\"\"", "" },
	{ "1", NULL },
	{ "[ \"A\" ]", NULL },
	{ "\"A", NULL },
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		ap_arena *arena = ap_arena_new();
		char text[200];
		const char *found;

		(void)snprintf(text, sizeof(text), "policies = ( { a = 1; }, { name = %s; } );\n", named[i].value);
		found = ap_policy_text_name(arena, text, AP_SECTION_POLICIES, 1);
		assert_int_equal(found != NULL, named[i].name != NULL);
		if (found != NULL)
			assert_string_equal(found, named[i].name);
		assert_null(ap_policy_text_name(arena, text, AP_SECTION_POLICIES, 0));
		ap_arena_free(arena);
	}
}

/* The second policy of three is another one's neighbour, and must leave them as they are. */
static void test_the_policy_of_a_number_is_changed(void **state)
{
	ap_arena *arena = ap_arena_new();
	const char *text = "policies = (\n  { name = \"one\"; type = \"blacklist\"; scope = { all = true; }; },\n"
			   "  { name = \"A\"; type = \"blacklist\"; scope = { all = true; }; },\n"
			   "  { name = \"three\"; type = \"blacklist\"; scope = { all = true; }; }\n);\n";
	ap_policy_set *set = read_text(text);
	ap_policy_form before = ap_policy_form_of(arena, &set->policies[1]), after = before;

	(void)state;
	after.status = AP_POLICY_DISABLED;
	assert_string_equal(
		ap_policy_text_change(arena, text, 1, &before, &after),
		"policies = (\n  { name = \"one\"; type = \"blacklist\"; scope = { all = true; }; },\n"
		"  { name = \"A\"; type = \"blacklist\"; status = \"disabled\"; scope = { all = true; }; },\n"
		"  { name = \"three\"; type = \"blacklist\"; scope = { all = true; }; }\n);\n");
	assert_null(ap_policy_text_change(arena, text, 3, &before, &after));
	ap_policy_set_free(set);
	ap_arena_free(arena);
}

/*
 * By chance
 */

static const char *const members[] = { "root", "alice@", "bob@example.com", "cfo", "\xe5\xbc\xa0\xe4\xbc\x9f@" };
static const char *const departments[] = { "finance/*", "finance/board", "sales" };
static const char *const domains[] = { "example.com", "example.org" };
static const char *const groups[] = { "wheel", "a \"group\"", "back\\slash" };
static const char *const addresses[] = { "10.0.0.1",    "192.0.2.0/24", "@vpn", "local", "2001:db8::1-2001:db8::9",
					 "203.0.113.77" };
static const char *const regions[] = { "CN", "SG", "unlocated" };
static const char *const clients[] = { "web", "native", "third-party" };
static const char *const texts[] = { "because", "a \"quote\"", "\\", "{ [ ( // # /* ;", "\xd0\xbf\xd0\xbe" };

typedef struct {
	ap_arena *arena;
	ap_prng random;
} chance;

/* With one in four none at all; each at most once. */
static ap_words any_of(chance *c, const char *const *items, size_t n)
{
	ap_words words = { .n = 0 };
	size_t first = ap_prng_below(&c->random, (uint32_t)n);

	if (ap_prng_below(&c->random, 4) == 0)
		return words;
	for (size_t i = 0; i < n; i++)
		if (ap_prng_below(&c->random, 2) == 0)
			ap_words_add(c->arena, &words, items[(first + i) % n]);
	return words;
}

#define ANY_OF(c, items) any_of((c), (items), sizeof(items) / sizeof((items)[0]))

static ap_objects_form any_objects(chance *c)
{
	return (ap_objects_form){ .unlisted = ap_prng_below(&c->random, 4) == 0,
				  .departments = ANY_OF(c, departments),
				  .members = ANY_OF(c, members),
				  .domains = ANY_OF(c, domains),
				  .groups = ANY_OF(c, groups) };
}

static const char *any_text(chance *c)
{
	uint32_t number = ap_prng_below(&c->random, (uint32_t)(2 * sizeof(texts) / sizeof(texts[0])));

	return number < sizeof(texts) / sizeof(texts[0]) ? texts[number] : NULL;
}

static ap_policy_form any_policy(chance *c)
{
	ap_policy_form form = { .name = ap_prng_below(&c->random, 2) == 0 ? "A" : "another \"name\"",
				.type = ap_prng_below(&c->random, 2) == 0 ? AP_POLICY_WHITELIST : AP_POLICY_BLACKLIST,
				.status = (ap_policy_status)ap_prng_below(&c->random, 3),
				.scope = any_objects(c),
				.ip = ANY_OF(c, addresses),
				.regions = ANY_OF(c, regions),
				.clients = ANY_OF(c, clients),
				.message = any_text(c),
				.comment = any_text(c) };
	bool is_whitelist = form.type == AP_POLICY_WHITELIST;

	if (!form.scope.unlisted &&
	    form.scope.departments.n + form.scope.members.n + form.scope.domains.n + form.scope.groups.n == 0)
		form.scope.all = true;
	if (ap_prng_below(&c->random, 2) == 0) {
		form.except = any_objects(c);
		form.except.ip = ANY_OF(c, addresses);
		form.except.regions = ANY_OF(c, regions);
	}
	form.required = is_whitelist && ap_prng_below(&c->random, 2) == 0;
	form.other_clients_denied = is_whitelist && form.clients.n > 0 && ap_prng_below(&c->random, 2) == 0;
	if (ap_prng_below(&c->random, 2) == 0)
		form.not_before = "2026-12-01T00:00:00+08:00";
	if (ap_prng_below(&c->random, 2) == 0)
		form.not_after = "2026-12-20T18:00:00+01:00";
	return form;
}

/* In lines, or on one; with the last terminator of a group left out, as it may be. */
static char *written(chance *c, const ap_policy_form *form)
{
	const ap_drop_in drop_in = { .policies = form, .n_policies = 1 };
	char *text = ap_drop_in_text(c->arena, &drop_in);
	bool on_one_line = ap_prng_below(&c->random, 2) == 0, bare = ap_prng_below(&c->random, 3) == 0;
	char *whole = ap_arena_alloc(c->arena, strlen(text) + sizeof(BACKGROUND));

	for (char *at = text; *at != '\0'; at++) {
		if (bare && at[0] == ';' && at[1] == '\n' && at[1 + strspn(at + 1, "\n ")] == '}')
			at[0] = ' ';
		if (on_one_line && *at == '\n' && at[1] != '\0')
			*at = ' ';
	}
	return strcat(strcpy(whole, BACKGROUND), text);
}

/* As sets: an element that stays keeps its place, and new ones stand behind. */
static int by_text(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

static void sort_words(ap_words *words)
{
	if (words->n > 1)
		qsort(words->items, words->n, sizeof(*words->items), by_text);
}

static char *meaning(ap_arena *arena, const ap_policy_form *form)
{
	ap_policy_form sorted = *form;

	sort_words(&sorted.ip);
	sort_words(&sorted.regions);
	sort_words(&sorted.clients);
	for (int i = 0; i < 2; i++) {
		ap_objects_form *objects = i == 0 ? &sorted.scope : &sorted.except;

		sort_words(&objects->departments);
		sort_words(&objects->members);
		sort_words(&objects->domains);
		sort_words(&objects->groups);
		sort_words(&objects->ip);
		sort_words(&objects->regions);
	}
	return ap_drop_in_text(arena, &(ap_drop_in){ .policies = &sorted, .n_policies = 1 });
}

static void change_by_chance(chance *c)
{
	ap_policy_form before = any_policy(c), after = any_policy(c), found;
	char *text = written(c, &before), *changed;
	ap_policy_set *set = read_text(text), *changed_set;

	found = ap_policy_form_of(c->arena, &set->policies[0]);
	assert_string_equal(meaning(c->arena, &found), meaning(c->arena, &before));
	found = ap_policy_form_of(c->arena, &set->policies[0]);
	changed = ap_policy_text_change(c->arena, text, 0, &found, &after);
	assert_non_null(changed);
	changed_set = read_text(changed);
	found = ap_policy_form_of(c->arena, &changed_set->policies[0]);
	if (strcmp(meaning(c->arena, &found), meaning(c->arena, &after)) != 0)
		fail_msg("from\n%s\nto\n%s\ncame\n%s", text, meaning(c->arena, &after), changed);
	ap_policy_set_free(changed_set);
	ap_policy_set_free(set);
}

static void test_any_policy_can_become_any_other(void **state)
{
	chance c = { .random = ap_prng_seeded(20261124) };
	uint32_t n = ap_effort_now() == AP_EFFORT_FULL ? 5000 : 200;

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		c.arena = ap_arena_new();
		change_by_chance(&c);
		ap_arena_free(c.arena);
	}
}

/*
 * Files' names
 */

static void test_names_of_drop_ins(void **state)
{
	static const struct {
		const char *name;
		unsigned number;
		const char *file;
	} names[] = {
		{ "Blocked countries", 1, "50-blocked-countries.conf" },
		{ "Blocked countries", 2, "50-blocked-countries-2.conf" },
		{ "../../etc/passwd", 1, "50-etc-passwd.conf" },
		{ "a/b\\c\"d'e", 1, "50-a-b-c-d-e.conf" },
		{ "  ..  ", 1, "50-policy.conf" },
		{ "\xe5\xb0\x81\xe9\x94\x81 1", 1, "50-\xe5\xb0\x81\xe9\x94\x81-1.conf" },
		{ "HD-4711", 1, "50-hd-4711.conf" },
	};
	ap_arena *arena = ap_arena_new();
	char long_name[301];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(ap_drop_in_name(arena, names[i].name, names[i].number), names[i].file);
	memset(long_name, 'x', sizeof(long_name));
	long_name[300] = '\0';
	assert_true(strlen(ap_drop_in_name(arena, long_name, 99)) < 240);
	for (size_t i = 0; i < 300; i += 3)
		memcpy(long_name + i, "\xe5\xb0\x81", 3);
	assert_int_equal((strlen(ap_drop_in_name(arena, long_name, 1)) - strlen("50-.conf")) % 3, 0);
	ap_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_removals),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_the_policy_of_a_number_is_changed),
		cmocka_unit_test(test_any_policy_can_become_any_other),
		cmocka_unit_test(test_names_of_drop_ins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
