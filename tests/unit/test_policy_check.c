/*
 * One policy that is judged beside files that were read: the check says what ap_load says of the same files with the
 * policy's drop-in among them, to the letter, and accepts what that accepts. A row is a form.
 */
#include "../../lib/make/load.h"
#include "../../lib/make/policy_check.h"
#include "reader_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FILES                                                                                                          \
	"departments = ( { name = \"finance/board\"; members = [ \"cfo\" ]; } );\n"                                    \
	"networks = ( { name = \"office\"; ip = [ \"192.0.2.0/24\" ]; } );\n"                                          \
	"client_types = ( { name = \"kiosk\"; service = [ \"kiosk\" ]; } );\n"                                         \
	"policies = ( { name = \"Here\"; type = \"blacklist\"; scope = { all = true; }; },\n"                          \
	"  { name = \"Seen\"; type = \"whitelist\"; status = \"report-only\"; scope = { all = true; }; } );\n"

#define WORDS(...)                                                                                                     \
	{                                                                                                              \
		.items = (const char *[]){ __VA_ARGS__ },                                                              \
		.n = sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *)                                    \
	}
#define EVERYONE                                                                                                       \
	{                                                                                                              \
		.all = true                                                                                            \
	}

typedef struct {
	ap_policy_form form;
	bool valid;
} row;

static const row rows[] = {
	{ { .name = "N", .scope = EVERYONE }, true },
	{ { .name = "n\"\\\xe8\xa1\xa8", .scope = EVERYONE }, true },
	{ { .name = "N", .scope = { .departments = WORDS("finance", "finance/*", "finance/board") } }, true },
	{ { .name = "N", .scope = { .all = true }, .except = { .members = WORDS("root"), .ip = WORDS("@office") } },
	  true },
	{ { .name = "N", .scope = EVERYONE, .ip = WORDS("@office", "local", "::1", "10.0.0.1-10.0.0.9") }, true },
	{ { .name = "N", .scope = EVERYONE, .clients = WORDS("kiosk", "web") }, true },
	{ { .name = "N", .scope = EVERYONE, .clients = WORDS("web"), .other_clients_denied = true }, true },
	{ { .name = "N", .scope = EVERYONE, .status = AP_POLICY_REPORT_ONLY, .replaces = "Here" }, true },
	{ { .name = "N", .scope = EVERYONE, .not_before = "2026-12-01T00:00:00Z" }, true },
	{ { .name = "", .scope = EVERYONE }, false },
	{ { .name = "N\nM", .scope = EVERYONE }, false },
	{ { .name = " N", .scope = EVERYONE }, false },
	{ { .name = "Here", .scope = EVERYONE }, false },
	{ { .name = "hERE", .scope = EVERYONE }, false },
	{ { .name = "N", .scope = { .departments = WORDS("finanse") } }, false },
	{ { .name = "N", .scope = { .departments = WORDS("elsewhere") } }, false },
	{ { .name = "N", .scope = { .members = WORDS("a b", "@x", "a@b@c") } }, false },
	{ { .name = "N", .scope = { .domains = WORDS("example.org", "EXAMPLE.org") } }, false },
	{ { .name = "N", .scope = { .all = true, .unlisted = true } }, false },
	{ { .name = "N", .scope = { .all = false } }, false },
	{ { .name = "N", .scope = EVERYONE, .ip = WORDS("10.0.0.1/8", "@offise", "10.0.0.9-10.0.0.1", "mail") },
	  false },
	{ { .name = "N", .scope = EVERYONE, .except = { .ip = WORDS("@offise") } }, false },
	{ { .name = "N", .scope = EVERYONE, .regions = WORDS("CN", "china", "UK") }, false },
	{ { .name = "N", .scope = EVERYONE, .clients = WORDS("wbe") }, false },
	{ { .name = "N", .scope = EVERYONE, .other_clients_denied = true }, false },
	{ { .name = "N", .type = AP_POLICY_BLACKLIST, .scope = EVERYONE, .required = true }, false },
	{ { .name = "N", .scope = EVERYONE, .replaces = "Here" }, false },
	{ { .name = "N", .scope = EVERYONE, .status = AP_POLICY_REPORT_ONLY, .replaces = "Ther" }, false },
	{ { .name = "N", .scope = EVERYONE, .status = AP_POLICY_REPORT_ONLY, .replaces = "Seen" }, false },
	{ { .name = "N", .scope = EVERYONE, .not_after = "soon" }, false },
	{ { .name = "N", .scope = EVERYONE, .not_before = "2026-12-01T00:00:00Z", .not_after = "2026-11-01T00:00:00Z" },
	  false },
	{ { .name = "N", .scope = EVERYONE, .message = "a\001b" }, false },
};

/* Every message, a line each. */
static const char *said(ap_arena *arena, const ap_diagnostics *diagnostics, bool errors_alone)
{
	char *text = ap_arena_alloc(arena, 20000);
	size_t used = 0;

	for (size_t i = 0; i < diagnostics->n; i++)
		if (diagnostics->items[i].severity == AP_ERROR || !errors_alone)
			used += (size_t)snprintf(text + used, 20000 - used, "%u: %s\n", diagnostics->items[i].line,
						 diagnostics->items[i].message);
	return text;
}

static ap_policy_set *load(const reader_files *files, const ap_file_edit *edit, ap_diagnostics *diagnostics)
{
	const ap_load_options options = { .config = files->config, .edits = edit, .n_edits = edit != NULL ? 1 : 0 };
	ap_policy_set *set = NULL;

	(void)ap_load(&options, &set, diagnostics);
	return set;
}

static void test_says_what_the_loader_says(void **state)
{
	static const char *const editions[] = { "edition = \"standard\";\n", "edition = \"free\";\n" };
	ap_arena *arena = ap_arena_new();

	(void)state;
	for (size_t m = 0; m < 2; m++) {
		reader_files files = reader_files_new(editions[m]);
		ap_diagnostics none = { 0 };
		ap_policy_set *set;
		const ap_policy_check *check;

		reader_files_write(&files, "conf.d/10-here.conf", FILES);
		set = load(&files, NULL, &none);
		assert_non_null(set);
		check = ap_policy_check_new(arena, set, NULL);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const ap_policy_form *form = &rows[i].form;
			const ap_file_edit edit = {
				.path = ap_load_drop_in_path(arena, files.config, "90-new.conf"),
				.text = ap_drop_in_text(arena, &(ap_drop_in){ .policies = form, .n_policies = 1 }),
			};
			ap_diagnostics by_loader = { 0 }, by_check = { 0 };
			ap_policy_set *whole = load(&files, &edit, &by_loader);
			bool accepted = ap_policy_check_form(check, form, edit.path, &by_check);

			if (accepted != (whole != NULL) || (m == 0 && accepted != rows[i].valid) ||
			    strcmp(said(arena, &by_loader, false), said(arena, &by_check, false)) != 0)
				fail_msg("row %zu of edition %zu: the loader %s:\n%sthe check %s:\n%s", i, m,
					 whole != NULL ? "accepts" : "refuses", said(arena, &by_loader, false),
					 accepted ? "accepts" : "refuses", said(arena, &by_check, false));
			ap_diagnostics_clear(&by_loader);
			ap_diagnostics_clear(&by_check);
			ap_policy_set_free(whole);
		}
		ap_diagnostics_clear(&none);
		ap_policy_set_free(set);
		reader_files_free(&files);
	}
	ap_arena_free(arena);
}

/* One that takes another's place may have its name, and may not refer to it. */
static void test_takes_the_place_of_one(void **state)
{
	static const row instead[] = {
		{ { .name = "Here", .scope = EVERYONE }, true },
		{ { .name = "HERE", .scope = EVERYONE }, true },
		{ { .name = "Seen", .scope = EVERYONE }, false },
		{ { .name = "Other", .scope = EVERYONE, .status = AP_POLICY_REPORT_ONLY, .replaces = "Here" }, false },
	};
	reader_files files = reader_files_new(FILES);
	ap_arena *arena = ap_arena_new();
	ap_diagnostics none = { 0 };
	ap_policy_set *set = load(&files, NULL, &none);
	const ap_policy_check *check;

	(void)state;
	assert_non_null(set);
	check = ap_policy_check_new(arena, set, "Here");
	for (size_t i = 0; i < sizeof(instead) / sizeof(instead[0]); i++) {
		ap_diagnostics found = { 0 };

		if (ap_policy_check_form(check, &instead[i].form, "draft", &found) != instead[i].valid)
			fail_msg("row %zu: %s", i, said(arena, &found, true));
		ap_diagnostics_clear(&found);
	}
	ap_diagnostics_clear(&none);
	ap_policy_set_free(set);
	reader_files_free(&files);
	ap_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_says_what_the_loader_says),
		cmocka_unit_test(test_takes_the_place_of_one),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
