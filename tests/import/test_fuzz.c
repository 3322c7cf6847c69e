/*
 * Importers on texts that nobody would write: whatever they are given, they end, and what they make is a policy that the
 * loader takes. Texts are runs of the format's own words, and such texts with bytes changed; and bytes alone.
 */
#include "../../lib/import/import.h"
#include "../../lib/make/load.h"
#include "effort.h"
#include "prng.h"
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 2000 };

static const char *const words[] = {
	"+",
	"-",
	":",
	":",
	":",
	" ",
	" ",
	",",
	"\t",
	"\n",
	"\n",
	"\n",
	"\r\n",
	"#",
	"EXCEPT",
	"except",
	"ALL",
	"LOCAL",
	"alice",
	"bob",
	"(wheel)",
	"(staff)",
	"(",
	")",
	"()",
	"@admins",
	"@@consoles",
	"@",
	"@@@",
	"alice@here",
	"@x@y",
	"\"",
	"*/",
	"/*",
	"//",
	"\\",
	"tty1",
	"/dev/tty",
	":0",
	"tty*",
	"10.0.0.0/8",
	"10.",
	"1.2.3.4.",
	"1.2.3.4.5.",
	"300.1.",
	"::1",
	"2001:db8::/32",
	"::ffff:10.0.0.1",
	"::ffff:0:0/90",
	"0.0.0.0/0",
	"::/0",
	"10.0.0.1/255.0.255.0",
	"1.2.3.4/0x7fffffffffffffffff",
	"1.2.3.4/-1",
	"2001:db8::1/ffff::",
	"host.example",
	".example",
	"fe80::1%eth0",
	"\xff",
	"\xc3\xa9",
	"\xe2\x80\xae",
	"\x1b[31m",
	"\x01",
	"; drop",
	"@include",
	"geoip",
	"ALLOW",
};
enum { N_WORDS = sizeof(words) / sizeof(words[0]) };

/*
 * Name services of the test's own: some accounts and groups there are, and some cannot be told.
 */

static int no_account(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **found)
{
	(void)entry, (void)buffer, (void)size;
	*found = NULL;
	return name[0] == 'x' ? EIO : 0;
}

static int some_group(const char *name, struct group *entry, char *buffer, size_t size, struct group **found)
{
	static char *none[] = { NULL };

	*found = NULL;
	if (strcmp(name, "wheel") != 0 && strcmp(name, "bob") != 0)
		return 0;
	(void)snprintf(buffer, size, "%s", name);
	*entry = (struct group){ .gr_name = buffer, .gr_gid = 7, .gr_mem = none };
	*found = entry;
	return 0;
}

static int no_list(const char *name, gid_t gid, gid_t *gids, int *n)
{
	(void)name, (void)gid, (void)gids;
	*n = 0;
	return 0;
}

static int no_number(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **found)
{
	(void)gid, (void)entry, (void)buffer, (void)size;
	*found = NULL;
	return 0;
}

static const ap_nss nss = { no_account, some_group, no_list, no_number };

static size_t some_netgroup(ap_arena *arena, const char *name, const ap_netgroup_triple **ret_triples)
{
	static const ap_netgroup_triple triples[] = { { NULL, "carol", NULL },
						      { "here", "Dave", NULL },
						      { "192.0.2.7", NULL, "nis" },
						      { "host", "\xff\x01", NULL } };

	(void)arena;
	*ret_triples = triples;
	return strcmp(name, "admins") == 0 ? 4 : 0;
}

/*
 * Texts
 */

static size_t draw_words(ap_prng *prng, char *text)
{
	size_t n = 0, n_words = 1 + ap_prng_below(prng, 120);

	for (size_t i = 0; i < n_words; i++) {
		const char *word = words[ap_prng_below(prng, N_WORDS)];

		if (n + strlen(word) + 2 > TEXT_MAX)
			break;
		memcpy(text + n, word, strlen(word));
		n += strlen(word);
		if (ap_prng_chance(prng, 60))
			text[n++] = ' ';
	}
	return n;
}

/* Lines that are rules, so that more than their shape is tried. */
static size_t draw_rules(ap_prng *prng, char *text)
{
	size_t n = 0, n_rules = 1 + ap_prng_below(prng, 8);

	for (size_t i = 0; i < n_rules && n < TEXT_MAX - 300; i++) {
		n += (size_t)sprintf(text + n, "%c :", ap_prng_chance(prng, 50) ? '+' : '-');
		for (int field = 0; field < 2; field++) {
			for (uint32_t k = 0, n_tokens = 1 + ap_prng_below(prng, 4); k < n_tokens; k++)
				n += (size_t)sprintf(text + n, " %s", words[13 + ap_prng_below(prng, N_WORDS - 13)]);
			n += (size_t)sprintf(text + n, field == 0 ? " :" : "\n");
		}
	}
	return n;
}

static size_t draw_text(ap_prng *prng, char *text)
{
	uint32_t kind = ap_prng_below(prng, 10);
	size_t n = kind < 6 ? draw_rules(prng, text) : draw_words(prng, text);

	if (kind == 9) {
		n = ap_prng_below(prng, TEXT_MAX);
		for (size_t i = 0; i < n; i++)
			text[i] = (char)ap_prng_below(prng, 256);
	} else if (kind >= 4 && n > 0) {
		for (uint32_t i = 0, n_changes = ap_prng_below(prng, 6); i < n_changes; i++)
			text[ap_prng_below(prng, (uint32_t)n)] = (char)ap_prng_below(prng, 256);
	}
	text[n] = '\0';
	return n;
}

/*
 * What is made of them
 */

static const char *load_fault(const char *text, char *room, size_t size)
{
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	const char *fault = NULL;

	if (ap_load_text("drop-in", text, strlen(text), &set, &diagnostics) != AP_OK) {
		(void)snprintf(room, size, "line %u: %s", diagnostics.items[0].line, diagnostics.items[0].message);
		fault = room;
	}
	ap_policy_set_free(set);
	ap_diagnostics_clear(&diagnostics);
	return fault;
}

static void check(const ap_import_format *format, ap_prng *prng, const char *text, size_t size, unsigned *n_made)
{
	ap_arena *arena = ap_arena_new();
	const ap_import_source source = { .arena = arena,
					  .name = ap_prng_chance(prng, 50) ? "a\"b*/.conf" : "standard input",
					  .text = text,
					  .size = size,
					  .nss = &nss,
					  .nodefgroup = ap_prng_chance(prng, 30),
					  .host_name = ap_prng_chance(prng, 80) ? "here" : NULL,
					  .netgroup = some_netgroup };
	char room[1200];
	const char *fault, *written;
	ap_import import;

	ap_import_read(format, &source, &import);
	if (ap_import_count(&import, AP_IMPORT_ERROR) == 0 && import.n_policies > 0) {
		written = ap_drop_in_text(arena, &(ap_drop_in){ .client_types = import.client_types,
								.n_client_types = import.n_client_types,
								.policies = import.policies,
								.n_policies = import.n_policies,
								.exceptions = import.exceptions,
								.n_exceptions = import.n_exceptions });
		fault = load_fault(written, room, sizeof(room));
		if (fault != NULL)
			fail_msg("%s: of this text a drop-in is made that is refused, %s\n%s\n%s", format->name, fault,
				 text, written);
		(*n_made)++;
	}
	ap_arena_free(arena);
}

static void test_whatever_it_is_given(void **state)
{
	const ap_import_format *format = *state;
	ap_prng prng = ap_prng_seeded(1501);
	unsigned n = 3000 / ap_effort_step(3, 30), n_made = 0;
	char *text = malloc(TEXT_MAX + 1);

	for (unsigned i = 0; i < n; i++) {
		size_t size = draw_text(&prng, text);

		check(format, &prng, text, size, &n_made);
	}
	(void)printf("%s: %u texts, %u make policies\n", format->name, n, n_made);
	free(text);
}

int main(void)
{
	struct CMUnitTest tests[16] = { { 0 } };
	size_t n = 0;

	for (const ap_import_format *format = ap_import_formats; format->name != NULL && n < 16; format++)
		tests[n++] = (struct CMUnitTest){ .name = format->name,
						  .test_func = test_whatever_it_is_given,
						  .initial_state = (void *)(uintptr_t)format };
	return _cmocka_run_group_tests("importers, whatever they are given", tests, n, NULL, NULL);
}
