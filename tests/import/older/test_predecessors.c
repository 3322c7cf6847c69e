/*
 * Rules of the feature's predecessors decide as the policies do that they are imported as: what each predecessor did is
 * written down once more below, without any policy, and held against the library over random rules and logins.
 *
 * AP_SEED repeats a run, AP_SETS makes it longer.
 */
#include "../../../lib/import/import.h"
#include "../../../lib/login/evaluate.h"
#include "compiled.h"
#include "drawn_text.h"
#include "prng.h"
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_SETS = 1000, N_LOGINS = 40, LIST_MAX = 4, RULES_MAX = 3, TEXT_MAX = 16384 };

/*
 * The organisation, and the addresses of the world
 */

typedef struct {
	const char *name;
	const char *department; /* or NULL */
} member;

static const member members[] = {
	{ "alice@a.test", "d1" }, { "bob@a.test", "d1/s1" },     { "carol@b.test", "d2" },
	{ "dave@b.test", NULL },  { "postmaster@a.test", NULL },
};

static const char organisation[] = "region_database = \"/nowhere/injected.mmdb\";\n"
				   "departments = ( { name = \"d1\"; members = [ \"alice@a.test\" ]; },\n"
				   "                { name = \"d1/s1\"; members = [ \"bob@a.test\" ]; },\n"
				   "                { name = \"d2\"; members = [ \"carol@b.test\" ]; } );\n";

/* So that each set names all three regions, which then are where `places` has them. */
static const ap_policy_form all_regions = { .name = "all regions",
					    .type = AP_POLICY_BLACKLIST,
					    .scope.members = { (const char *[]){ "nobody@nowhere.test" }, 1 },
					    .regions = { (const char *[]){ "CN", "DE", "SG" }, 3 } };

/* Who may be listed: members, and departments with and without those below them. */
static const char *const listable[] = { "alice@a.test", "bob@a.test", "carol@b.test", "postmaster@a.test",
					"d1",           "d1/*",       "d1/s1",        "d2" };
enum { N_MEMBERS_LISTABLE = 4 };

/* 10.0.0.N and 2001:db8:ffff::N are in no region; 198.18.N.1 is in the region of that number. */
typedef struct {
	const char *text;
	char family; /* '4', '6', or 'r': a region */
	unsigned first;
	unsigned last;
} place;

static const place places[] = {
	{ "10.0.0.1", '4', 1, 1 },
	{ "10.0.0.2-10.0.0.5", '4', 2, 5 },
	{ "10.0.0.4/30", '4', 4, 7 },
	{ "2001:db8:ffff::/126", '6', 0, 3 },
	{ "2001:db8:ffff::5", '6', 5, 5 },
	{ "CN", 'r', 0, 0 },
	{ "DE", 'r', 1, 1 },
	{ "SG", 'r', 2, 2 },
};
enum { N_PLACES_IP = 5 };

static const char *const clients[] = { "native",        "web",    "dingtalk-pc", "dingtalk-mobile",
				       "outlook-addin", "wechat", "third-party" };

typedef struct {
	const member *who;
	char family;
	unsigned number;
	const char *client;
} login;

/*
 * The rules
 */

typedef struct {
	const char *items[LIST_MAX];
	size_t n;
} list;

typedef struct {
	bool enabled;
	bool all;
	list scope;
	list except;
	const place *from[LIST_MAX];
	size_t n_from;
} rule;

typedef struct {
	rule restrictions[RULES_MAX];
	size_t n_restrictions;
	rule blacklist[RULES_MAX];
	size_t n_blacklist;
	bool has_native, has_secure, third_party_on;
	rule native;
	rule secure;
	list global;
} rules;

/*
 * What the predecessors decided
 */

static bool names(const list *l, const member *who)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *item = l->items[i];
		size_t length = strlen(item);

		if (strcmp(item, who->name) == 0 || (who->department != NULL && strcmp(item, who->department) == 0))
			return true;
		if (who->department != NULL && length > 2 && strcmp(item + length - 2, "/*") == 0 &&
		    strncmp(item, who->department, length - 2) == 0 &&
		    (who->department[length - 2] == '\0' || who->department[length - 2] == '/'))
			return true;
	}
	return false;
}

static bool comes_from(const rule *r, const login *l)
{
	for (size_t i = 0; i < r->n_from; i++)
		if (r->from[i]->family == l->family && r->from[i]->first <= l->number && l->number <= r->from[i]->last)
			return true;
	return false;
}

static bool restricts(const rule *r, const login *l)
{
	return r->enabled && (r->all || names(&r->scope, l->who)) && !names(&r->except, l->who);
}

static bool denies(const rules *all, const login *l)
{
	bool restricted = false, from_allowed = false;

	/* the blacklist is for everyone, whoever is excepted elsewhere */
	for (size_t i = 0; i < all->n_blacklist; i++)
		if (all->blacklist[i].enabled && comes_from(&all->blacklist[i], l))
			return true;
	if (names(&all->global, l->who))
		return false;
	if (all->has_native && strcmp(l->client, "native") == 0 && restricts(&all->native, l) &&
	    !comes_from(&all->native, l))
		return true;
	if (all->has_secure && !all->third_party_on && strcmp(l->client, "third-party") == 0 &&
	    restricts(&all->secure, l) && !comes_from(&all->secure, l))
		return true;
	for (size_t i = 0; i < all->n_restrictions; i++) {
		restricted = restricted || restricts(&all->restrictions[i], l);
		from_allowed =
			from_allowed || (restricts(&all->restrictions[i], l) && comes_from(&all->restrictions[i], l));
	}
	return restricted && !from_allowed;
}

/*
 * Random ones
 */

static list some(ap_prng *prng, uint32_t n)
{
	list l = { .n = 0 };

	while (n-- > 0) {
		const char *item = AP_PICK(prng, listable);
		size_t i = 0;

		while (i < l.n && l.items[i] != item)
			i++;
		if (i == l.n)
			l.items[l.n++] = item;
	}
	return l;
}

static void add_places(ap_prng *prng, rule *r, uint32_t n)
{
	while (n-- > 0) {
		const place *from = &AP_PICK(prng, places);
		size_t i = 0;

		while (i < r->n_from && r->from[i] != from)
			i++;
		if (i == r->n_from)
			r->from[r->n_from++] = from;
	}
}

static rule random_rule(ap_prng *prng, uint32_t fewest_places)
{
	rule r = { .enabled = !ap_prng_chance(prng, 20), .all = ap_prng_chance(prng, 50) };

	if (!r.all)
		r.scope = some(prng, 1 + ap_prng_below(prng, 2));
	if (ap_prng_chance(prng, 40))
		r.except = some(prng, 1 + ap_prng_below(prng, 2));
	add_places(prng, &r, fewest_places + ap_prng_below(prng, 3));
	return r;
}

static rules random_rules(ap_prng *prng)
{
	rules all = { .has_native = ap_prng_chance(prng, 40),
		      .has_secure = ap_prng_chance(prng, 60),
		      .third_party_on = ap_prng_chance(prng, 25) };

	all.n_restrictions = ap_prng_below(prng, RULES_MAX + 1);
	all.n_blacklist = ap_prng_below(prng, RULES_MAX);
	for (size_t i = 0; i < all.n_restrictions; i++)
		all.restrictions[i] = random_rule(prng, 1);
	for (size_t i = 0; i < all.n_blacklist; i++)
		all.blacklist[i] = random_rule(prng, 1);
	all.native = random_rule(prng, 0);
	all.secure = random_rule(prng, 0);
	if (ap_prng_chance(prng, 40))
		all.global = some(prng, 1 + ap_prng_below(prng, 2));
	/* a file says something */
	all.has_secure = all.has_secure || all.n_restrictions + all.n_blacklist == 0;
	return all;
}

static login random_login(ap_prng *prng)
{
	static const char families[] = { '4', '4', '6', 'r' };
	login l = { .who = &AP_PICK(prng, members),
		    .family = AP_PICK(prng, families),
		    .client = AP_PICK(prng, clients) };

	l.number = ap_prng_below(prng, l.family == 'r' ? 3 : 9);
	if (ap_prng_chance(prng, 30))
		l.client = "third-party";
	return l;
}

/*
 * As a file has them
 */

#define append(text, ...) ap_append((text), TEXT_MAX, __VA_ARGS__)

static void write_listed(char *text, const list *l, const char *key, bool want_members)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if ((strchr(l->items[i], '@') != NULL) == want_members) {
			append(text, n == 0 ? "%s = [ " : "%s", n == 0 ? key : ", ");
			append(text, "\"%s\"", l->items[i]);
			n++;
		}
	append(text, "%s", n > 0 ? " ]; " : "");
}

static void write_list(char *text, const list *l)
{
	write_listed(text, l, "members", true);
	write_listed(text, l, "departments", false);
}

static void write_from(char *text, const rule *r, const char *key, bool regions)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_from; i++)
		if ((r->from[i]->family == 'r') == regions) {
			append(text, n == 0 ? "%s = [ " : "%s", n == 0 ? key : ", ");
			append(text, "\"%s\"", r->from[i]->text);
			n++;
		}
	append(text, "%s", n > 0 ? " ]; " : "");
}

static void write_rule(char *text, const rule *r, bool with_scope)
{
	append(text, "%s", r->enabled ? "" : "enabled = false; ");
	if (with_scope) {
		append(text, "scope = { %s", r->all ? "all = true; " : "");
		write_list(text, &r->scope);
		if (r->except.n > 0) {
			append(text, "except = { ");
			write_list(text, &r->except);
			append(text, "}; ");
		}
		append(text, "}; ");
	}
	write_from(text, r, "ip", false);
	write_from(text, r, "regions", true);
}

static void write_rules(char *text, const char *key, const rule *some_rules, size_t n, bool with_scope)
{
	for (size_t i = 0; i < n; i++) {
		append(text, "%s%s", i == 0 ? key : "", i == 0 ? " = (\n" : ",\n");
		append(text, "  { ");
		write_rule(text, &some_rules[i], with_scope);
		append(text, "}");
	}
	append(text, "%s", n > 0 ? "\n);\n" : "");
}

static void write_file(char *text, const rules *all)
{
	text[0] = '\0';
	write_rules(text, "ip_login_restrictions", all->restrictions, all->n_restrictions, true);
	write_rules(text, "ip_blacklist", all->blacklist, all->n_blacklist, false);
	if (all->has_native) {
		append(text, "native_client_login_security = { ");
		write_rule(text, &all->native, true);
		append(text, "};\n");
	}
	if (all->has_secure) {
		append(text, "secure_login_ip = { third_party_clients = \"%s\"; ", all->third_party_on ? "on" : "off");
		write_rule(text, &all->secure, true);
		append(text, "};\n");
	}
	if (all->global.n > 0) {
		append(text, "global_whitelist = { ");
		write_list(text, &all->global);
		append(text, "};\n");
	}
}

/*
 * What they are imported as decides
 */

static ap_image *import_text(const char *text)
{
	ap_arena *arena = ap_arena_new();
	const ap_import_source source = { .arena = arena, .name = "old.conf", .text = text, .size = strlen(text) };
	ap_drop_in drop_in = { .remark = NULL };
	char whole[2 * TEXT_MAX];
	ap_import import;
	ap_image *image;

	ap_import_read(ap_import_format_find("predecessors"), &source, &import);
	for (size_t i = 0; i < import.n_notes; i++)
		if (import.notes[i].severity != AP_IMPORT_NOTE)
			fail_msg("line %u: %s\n%s", import.notes[i].line, import.notes[i].reason, text);
	*AP_PUSH(arena, import.policies, import.n_policies) = all_regions;
	drop_in.policies = import.policies;
	drop_in.n_policies = import.n_policies;
	(void)snprintf(whole, sizeof(whole), "%s%s", organisation, ap_drop_in_text(arena, &drop_in));
	image = ap_test_image(whole);
	ap_arena_free(arena);
	return image;
}

static bool library_denies(const ap_image *image, const login *l)
{
	static const char *const formats[] = {
		['4'] = "10.0.0.%u", ['6'] = "2001:db8:ffff::%u", ['r'] = "198.18.%u.1"
	};
	char address[64];
	const ap_facts facts = { .user = l->who->name, .rhost = address, .client = l->client, .now = 1796126400 };
	ap_decision decision;
	ap_request request;
	bool denied;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(address, sizeof(address), formats[(unsigned char)l->family], l->number);
#pragma GCC diagnostic pop
	assert_int_equal(ap_request_init(&request, image, &facts, NULL), AP_OK);
	assert_int_equal(ap_evaluate(image, &request, NULL, &decision, NULL), AP_OK);
	denied = decision.verdict == AP_DENY;
	ap_decision_clear(&decision);
	ap_request_clear(&request);
	return denied;
}

static void test_imported_rules_decide_alike(void **state)
{
	const char *wanted = getenv("AP_SETS");
	unsigned long n_sets = wanted != NULL ? strtoul(wanted, NULL, 10) : N_SETS, denied = 0;
	ap_prng prng = ap_prng_seeded(20261129);
	static char text[TEXT_MAX];

	(void)state;
	for (unsigned long i = 0; i < n_sets; i++) {
		rules all = random_rules(&prng);
		ap_image *image;

		write_file(text, &all);
		image = import_text(text);
		for (int k = 0; k < N_LOGINS; k++) {
			login l = random_login(&prng);
			bool expected = denies(&all, &l);

			denied += expected;
			if (library_denies(image, &l) != expected)
				fail_msg("%s, '%c' %u, %s: the predecessors %s\n%s", l.who->name, l.family, l.number,
					 l.client, expected ? "denied" : "allowed", text);
		}
		ap_image_free(image);
	}
	print_message("%lu logins: %lu denied\n", n_sets * N_LOGINS, denied);
	/* a comparison of one answer alone would say nothing */
	assert_in_range(denied, n_sets * N_LOGINS / 5, n_sets * N_LOGINS * 4 / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_imported_rules_decide_alike) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
