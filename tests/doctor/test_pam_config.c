/*
 * How PAM files are read: row by row, what becomes of a text. That libpam reads them so is shown in test_pam_stack.c; what is
 * here are the parts that libpam does not show, and what it would take this machine's own folders for.
 */
#include "../../lib/doctor/pam_config.h"
#include "../../lib/doctor/pam_text.h"
#include "effort.h"
#include "prng.h"
#include "root.h"
#include "rows.h"
#include "scratch.h"

#include <security/pam_appl.h>
#include <string.h>

/* Rows that failed, of all tests. */
static int failed;

/* Lines as "NUMBER:word|word|…" with a blank between them; "broken:NUMBER" where the text is. */
static void write_words(char *into, size_t size, const char *text)
{
	ap_arena *arena = ap_arena_new();
	ap_pam_text left = { text, 1 };
	ap_pam_text_result result;
	unsigned number;
	char *line;

	into[0] = '\0';
	while ((result = ap_pam_text_next(arena, &left, &line, &number)) == AP_PAM_TEXT_LINE) {
		size_t length = strlen(into);
		const char *word;

		(void)snprintf(into + length, size - length, "%s%u:", length > 0 ? " " : "", number);
		for (int i = 0; (word = ap_pam_word(&line)) != NULL; i++) {
			length = strlen(into);
			(void)snprintf(into + length, size - length, "%s%s", i > 0 ? "|" : "", word);
		}
	}
	if (result == AP_PAM_TEXT_BROKEN)
		(void)snprintf(into + strlen(into), size - strlen(into), "%sbroken:%u", into[0] != '\0' ? " " : "",
			       number);
	ap_arena_free(arena);
}

static void test_lines_and_words(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "", "" },
		{ "\n \t\n# remark\n", "" },
		{ "a b\tc", "1:a|b|c" },
		{ "a b # c\nd", "1:a|b 2:d" },
		{ "a#b", "1:a" },
		{ "\n\na \\\n b\nc", "3:a|b 5:c" },
		{ "a \\ \t\nb", "1:a|b" },
		{ "a \\\n# remark\n\n b", "1:a|b" },
		{ "a \\ # remark\nb", "1:a|\\ 2:b" },
		{ "a\\b c", "1:a\\b|c" },
		{ "a \\", "broken:1" },
		{ "a\nb \\\n", "1:a broken:2" },
		{ "[a b] c", "1:a b|c" },
		{ "[a \\] b] c", "1:a ] b|c" },
		{ "[a]b[c", "1:a|b[c" },
		{ "[a [b] c", "1:a [b|c" },
		{ "[]", "1:" },
		{ "a [] b", "1:a||b" },
		{ "[a\nb", "1:a\n 2:b" },
		{ "[a # b]\nc", "1:a  2:c" },
		{ "a\r\nb", "1:a\r 2:b" },
	};

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		char seen[512];

		write_words(seen, sizeof(seen), rows[i].text);
		AP_ROW(failed, strcmp(seen, rows[i].expected) == 0, "row %zu: \"%s\", expected \"%s\"", i, seen,
		       rows[i].expected);
	}
	AP_ROWS_END(failed);
}

/* What is longer than libpam's buffer is taken apart there; a continued line that fills it is one too long. */
static void test_long_lines(void **state)
{
	char text[4096], seen[8192];

	(void)state;
	memset(text, 'a', 1030);
	strcpy(text + 1030, " b\n");
	write_words(seen, sizeof(seen), text);
	assert_int_equal(strlen(seen), strlen("1:") + 1023 + strlen(" 1:aaaaaaa|b"));
	assert_string_equal(seen + 1025, " 1:aaaaaaa|b");
	memset(text, '#', 1030);
	write_words(seen, sizeof(seen), text);
	assert_string_equal(seen, "");
	memset(text, 'a', 1022);
	strcpy(text + 1022, "\\\nb\n");
	write_words(seen, sizeof(seen), text);
	assert_string_equal(seen, "broken:1");
}

static void test_controls(void **state)
{
	static const struct {
		const char *text;
		bool legible;
		int success, perm_denied, ignore, new_authtok_reqd;
	} rows[] = {
		{ "required", true, AP_PAM_OK, AP_PAM_BAD, AP_PAM_IGNORE, AP_PAM_OK },
		{ "Requisite", true, AP_PAM_OK, AP_PAM_DIE, AP_PAM_IGNORE, AP_PAM_OK },
		{ "optional", true, AP_PAM_OK, AP_PAM_IGNORE, AP_PAM_IGNORE, AP_PAM_OK },
		{ "SUFFICIENT", true, AP_PAM_DONE, AP_PAM_IGNORE, AP_PAM_IGNORE, AP_PAM_DONE },
		{ "success=ok", true, AP_PAM_OK, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD },
		{ "default=ignore success=2", true, 2, AP_PAM_IGNORE, AP_PAM_IGNORE, AP_PAM_IGNORE },
		{ "success=ok default=die ignore=reset", true, AP_PAM_OK, AP_PAM_DIE, AP_PAM_RESET, AP_PAM_DIE },
		{ " success = done\tperm_denied=ignore ", true, AP_PAM_DONE, AP_PAM_IGNORE, AP_PAM_BAD, AP_PAM_BAD },
		{ "success=okdefault=ignore", true, AP_PAM_OK, AP_PAM_IGNORE, AP_PAM_IGNORE, AP_PAM_IGNORE },
		{ "success=12", true, 12, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD },
		{ "", true, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD },
		{ "success=0", false, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD },
		{ "success=ok perm=ok", false, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD },
		{ "success=ok ignore", false, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD },
		{ "Success=ok", false, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD },
		{ "needed", false, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD, AP_PAM_BAD },
	};

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_pam_control control;
		bool legible = ap_pam_control_parse(rows[i].text, &control);

		AP_ROW(failed,
		       legible == rows[i].legible && control.actions[PAM_SUCCESS] == rows[i].success &&
			       control.actions[PAM_PERM_DENIED] == rows[i].perm_denied &&
			       control.actions[PAM_IGNORE] == rows[i].ignore &&
			       control.actions[PAM_NEW_AUTHTOK_REQD] == rows[i].new_authtok_reqd,
		       "\"%s\": %d, success %d, perm_denied %d, ignore %d, new_authtok_reqd %d", rows[i].text, legible,
		       control.actions[PAM_SUCCESS], control.actions[PAM_PERM_DENIED], control.actions[PAM_IGNORE],
		       control.actions[PAM_NEW_AUTHTOK_REQD]);
	}
	AP_ROWS_END(failed);
}

/*
 * Services
 */

typedef struct {
	char *root;
	ap_arena *arena;
	ap_host host;
	ap_pam_config *config;
} machine;

/* Pairs of a path and a text, ended by NULL. */
static machine new_machine(const char *const *files)
{
	machine m = { .root = ap_scratch_new(), .arena = ap_arena_new() };

	for (; *files != NULL; files += 2)
		root_write(m.root, files[0], files[1]);
	return m;
}

static void read_machine(machine *m)
{
	m->host = (ap_host){ .arena = m->arena, .root = m->root };
	m->config = ap_pam_config_read(&m->host);
}

static void free_machine(machine *m)
{
	ap_arena_free(m->arena);
	ap_scratch_free(m->root);
}

/* "module@file:line" of each line, its level before it where it is in a substack, "!" before what fails. */
static void write_stack(char *into, size_t size, const ap_pam_stack *stack)
{
	into[0] = '\0';
	if (stack->of_other)
		(void)snprintf(into, size, "other");
	for (size_t i = 0; i < stack->n; i++) {
		const ap_pam_line *line = &stack->lines[i];
		const char *slash = strrchr(line->file, '/');
		size_t length = strlen(into);

		(void)snprintf(into + length, size - length, "%s%.*s%s%s@%s:%u", length > 0 ? " " : "",
			       (int)line->level, ">>>>>>>>>>>>>>>>", line->kind == AP_PAM_FAILS ? "!" : "",
			       line->kind == AP_PAM_SUBSTACK ? "substack" : ap_pam_line_module(line),
			       slash != NULL ? slash + 1 : line->file, line->line);
	}
}

static void expect_stack(const machine *m, const char *service, ap_pam_phase phase, const char *expected)
{
	const ap_pam_service *found = ap_pam_config_service(m->config, service);
	char seen[4096];

	write_stack(seen, sizeof(seen), &found->stacks[phase]);
	if (found->refused != NULL)
		(void)snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), " refused %s:%u", found->refused_file,
			       found->refused_line);
	AP_ROW(failed, strcmp(seen, expected) == 0, "%s %s: %s\nexpected %s", service, ap_pam_phase_names[phase], seen,
	       expected);
}

static void test_services(void **state)
{
	static const char *const files[] = {
		"/etc/pam.d/common",
		"auth required a.so\naccount required b.so\n",
		"/etc/pam.d/one",
		"@include common\naccount include common\n-session optional c.so\n",
		"/etc/pam.d/two",
		"account substack one\nACCOUNT required d.so x [y z]\n",
		"/etc/pam.d/other",
		"auth required deny.so\naccount required deny.so\n",
		"/etc/pam.d/broken",
		"account required a.so\n@include nowhere\n",
		"/etc/pam.d/within",
		"account include broken\naccount required a.so\n",
		"/etc/pam.d/missing",
		"account include nowhere\naccount required a.so\n",
		"/etc/pam.d/circle",
		"account required a.so\naccount include circle\n",
		"/etc/pam.d/deep",
		"account substack deep\n",
		"/etc/pam.d/odd",
		"accuont required a.so\naccount\naccount required\naccount required .so\n",
		"/etc/pam.d/nothing",
		"account include\n",
		"/etc/pam.d/continued",
		"account required a.so \\\n",
		"/etc/pam.d/one.dpkg-old",
		"account required permit.so\n",
		"/etc/pam.d/Upper",
		"account required permit.so\n",
		"/usr/lib/pam.d/vendor",
		"account required v.so\n",
		"/usr/lib/pam.d/one",
		"account required v.so\n",
		"/usr/lib/pam.d/including",
		"account include vendor\n",
		NULL,
	};
	machine m = new_machine(files);
	const char *names = "";

	(void)state;
	read_machine(&m);
	for (size_t i = 0; i < m.config->n; i++)
		names = ap_format(m.arena, "%s%s ", names, m.config->services[i].name);
	AP_ROW(failed,
	       strcmp(names,
		      "broken circle common continued deep including missing nothing odd one other two vendor within ") ==
		       0,
	       "the services are %s", names);
	expect_stack(&m, "one", AP_PAM_AUTH, "a.so@common:1");
	expect_stack(&m, "one", AP_PAM_ACCOUNT, "b.so@common:2 b.so@common:2");
	expect_stack(&m, "one", AP_PAM_SESSION, "c.so@one:3");
	expect_stack(&m, "one", AP_PAM_PASSWORD, "other");
	expect_stack(&m, "ONE", AP_PAM_SESSION, "c.so@one:3");
	expect_stack(&m, "two", AP_PAM_AUTH, "other deny.so@other:1");
	expect_stack(&m, "two", AP_PAM_ACCOUNT, "substack@two:1 >b.so@common:2 >b.so@common:2 d.so@two:2");
	expect_stack(&m, "no-such", AP_PAM_ACCOUNT, "other deny.so@other:2");
	expect_stack(&m, "other", AP_PAM_ACCOUNT, "deny.so@other:2");
	/* what nobody can open is a whole service's end, and within an include one line's */
	expect_stack(&m, "broken", AP_PAM_ACCOUNT, "a.so@broken:1 refused /etc/pam.d/broken:2");
	expect_stack(&m, "within", AP_PAM_ACCOUNT, "a.so@broken:1 !@broken:2 a.so@within:2");
	expect_stack(&m, "missing", AP_PAM_ACCOUNT, "!@missing:1 a.so@missing:2");
	expect_stack(&m, "circle", AP_PAM_ACCOUNT, "a.so@circle:1 a.so@circle:1 !@circle:2");
	expect_stack(&m, "nothing", AP_PAM_ACCOUNT, "other refused /etc/pam.d/nothing:1");
	expect_stack(&m, "continued", AP_PAM_ACCOUNT, "other refused /etc/pam.d/continued:1");
	/* a line of no type is one of auth; a module must have a name */
	expect_stack(&m, "odd", AP_PAM_AUTH, "!@odd:1 refused /etc/pam.d/odd:4");
	expect_stack(&m, "odd", AP_PAM_ACCOUNT, "!@odd:2 !@odd:3 refused /etc/pam.d/odd:4");
	/* a service is looked for in both folders, what is included in one */
	expect_stack(&m, "vendor", AP_PAM_ACCOUNT, "v.so@vendor:1");
	expect_stack(&m, "including", AP_PAM_ACCOUNT, "!@including:1");
	assert_int_equal(ap_pam_config_service(m.config, "deep")->stacks[AP_PAM_ACCOUNT].n, 16 + 1);
	assert_true(ap_pam_config_is_included(m.config, ap_pam_config_find(m.config, "common")));
	assert_false(ap_pam_config_is_included(m.config, ap_pam_config_find(m.config, "two")));
	assert_null(ap_pam_config_find(m.config, "no-such"));
	free_machine(&m);
	AP_ROWS_END(failed);
}

/* Without either folder; with one, pam.conf is not looked at. */
static void test_single_file(void **state)
{
	static const char *const files[] = { "/etc/pam.conf",
					     "# one file\nSSHD account required a.so\nother account required deny.so\n"
					     "login auth required b.so\nlogin -account required c.so\n",
					     NULL };
	machine m = new_machine(files);

	(void)state;
	read_machine(&m);
	assert_int_equal(m.config->n, 3);
	expect_stack(&m, "sshd", AP_PAM_ACCOUNT, "a.so@pam.conf:2");
	expect_stack(&m, "login", AP_PAM_ACCOUNT, "c.so@pam.conf:5");
	expect_stack(&m, "login", AP_PAM_AUTH, "b.so@pam.conf:4");
	expect_stack(&m, "cron", AP_PAM_ACCOUNT, "other deny.so@pam.conf:3");
	root_write(m.root, "/etc/pam.d/other", "account required x.so\n");
	read_machine(&m);
	expect_stack(&m, "sshd", AP_PAM_ACCOUNT, "other x.so@other:1");
	free_machine(&m);
	AP_ROWS_END(failed);
}

/* A text of `size` bytes that are all the same. */
static char *uniform_text(ap_arena *arena, char byte, size_t size)
{
	char *text = ap_arena_alloc(arena, size + 1);

	memset(text, byte, size);
	text[size] = '\0';
	return text;
}

/* A file of the largest size is read in a moment, however its lines are: to look for the end of each would take hours. */
static void test_large_files(void **state)
{
	static const struct {
		char byte;
		size_t n_lines;
	} rows[] = {
		{ '\n', 0 },
		{ ' ', 0 },
		{ '#', 0 },
		{ 'x', (AP_HOST_FILE_MAX + 1022) / 1023 },
	};

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_arena *arena = ap_arena_new();
		ap_pam_text left = { uniform_text(arena, rows[i].byte, AP_HOST_FILE_MAX), 1 };
		size_t n = 0;
		unsigned number;
		char *line;

		while (ap_pam_text_next(arena, &left, &line, &number) == AP_PAM_TEXT_LINE)
			n++;
		AP_ROW(failed, n == rows[i].n_lines, "row %zu: %zu lines, expected %zu", i, n, rows[i].n_lines);
		ap_arena_free(arena);
	}
	AP_ROWS_END(failed);
}

/* What many services include is not read without end: what is left over is refused, and not by libpam. */
static void test_large_includes(void **state)
{
	machine m = new_machine((const char *const[]){ NULL });
	const ap_pam_service *service;

	(void)state;
	root_write(m.root, "/etc/pam.d/large", uniform_text(m.arena, '#', AP_HOST_FILE_MAX));
	root_write(m.root, "/etc/pam.d/few", "@include large\n@include large\naccount required a.so\n");
	root_write(m.root, "/etc/pam.d/many",
		   "@include large\n@include large\n@include large\n@include large\n@include large\n"
		   "@include large\n@include large\n@include large\n@include large\n@include large\n");
	m.host = (ap_host){ .arena = m.arena, .root = m.root };
	m.config = &(ap_pam_config){ .files = ap_pam_files_of(&m.host) };
	service = ap_pam_config_service(m.config, "few");
	assert_null(service->refused);
	assert_int_equal(service->stacks[AP_PAM_ACCOUNT].n, 1);
	service = ap_pam_config_service(m.config, "many");
	assert_true(service->refused != NULL && service->unexamined);
	assert_string_equal(service->refused_file, "/etc/pam.d/large");
	assert_string_equal(
		service->refused,
		"is not read: the PAM files, each as often as it is included, are more than the 128 MiB that are read here");
	free_machine(&m);
}

/* The single file is read for each service that it names: that ends as well. What is not read is not what libpam refuses. */
static void test_single_file_that_is_not_read(void **state)
{
	machine m = new_machine((const char *const[]){ NULL });
	const ap_pam_service *service;
	char *text;

	(void)state;
	text = uniform_text(m.arena, '#', AP_HOST_FILE_MAX);
	memcpy(text, "sshd account required a.so\n", strlen("sshd account required a.so\n"));
	root_write(m.root, "/etc/pam.conf", text);
	m.host = (ap_host){ .arena = m.arena, .root = m.root };
	m.config = &(ap_pam_config){ .files = ap_pam_files_of(&m.host) };
	for (int i = 0; i < 8; i++) {
		service = ap_pam_config_service(m.config, "sshd");
		assert_null(service->refused);
		assert_int_equal(service->stacks[AP_PAM_ACCOUNT].n, 1);
	}
	(void)ap_pam_config_service(m.config, "sshd");
	service = ap_pam_config_service(m.config, "sshd");
	assert_true(service->refused != NULL && service->unexamined);
	assert_string_equal(service->refused_file, "/etc/pam.conf");
	root_write(m.root, "/etc/pam.conf", ap_format(m.arena, "%s#", text));
	m.config = &(ap_pam_config){ .files = ap_pam_files_of(&m.host) };
	service = ap_pam_config_service(m.config, "sshd");
	assert_true(service->unexamined);
	assert_string_equal(service->refused, "is larger than the 16 MiB that are read here");
	free_machine(&m);
}

/* Files that include each other twice are two to the power of their number: that ends. */
static void test_many_includes(void **state)
{
	machine m = new_machine((const char *const[]){ NULL });

	(void)state;
	for (int i = 0; i < 40; i++) {
		char path[64], text[128];

		(void)snprintf(path, sizeof(path), "/etc/pam.d/s%d", i);
		(void)snprintf(text, sizeof(text), "account include s%d\naccount include s%d\n", i + 1, i + 1);
		root_write(m.root, path, i < 39 ? text : "account required a.so\n");
	}
	m.host = (ap_host){ .arena = m.arena, .root = m.root };
	m.config = &(ap_pam_config){ .files = ap_pam_files_of(&m.host) };
	assert_non_null(ap_pam_config_service(m.config, "s0")->refused);
	assert_null(ap_pam_config_service(m.config, "s35")->refused);
	free_machine(&m);
}

/* Whatever the bytes are: it ends, and says something or nothing. */
static void test_any_bytes(void **state)
{
	static const char *const words[] = {
		"account ",  "auth ",     "include ", "substack ", "required ", "[success=1 default=die] ",
		"pam_x.so ", "@include ", "probe",    "\\\n",      "\n",        "#",
		"[",         "]",         "\\",       "=",         "-",         "/",
		"\t",        "."
	};
	ap_prng prng = ap_prng_seeded(0x5eed0003);
	machine m = new_machine((const char *const[]){ "/etc/pam.d/other", "account required x.so\n", NULL });
	unsigned n = 3000 / ap_effort_step(3, 30), n_refused = 0;

	(void)state;
	for (unsigned set = 0; set < n; set++) {
		ap_arena *arena = ap_arena_new();
		const ap_host host = { .arena = arena, .root = m.root };
		const ap_pam_service *service;
		char text[3000] = "";
		size_t length = 0;
		uint32_t pieces = ap_prng_below(&prng, 200);

		for (uint32_t i = 0; i < pieces && length + 30 < sizeof(text); i++) {
			if (ap_prng_chance(&prng, 15))
				text[length++] = (char)(1 + ap_prng_below(&prng, 255));
			else
				length += strlen(strcpy(text + length, words[ap_prng_below(&prng, AP_N(words))]));
			text[length] = '\0';
		}
		root_write(m.root, "/etc/pam.d/probe", text);
		service = ap_pam_config_service(ap_pam_config_read(&host), "probe");
		n_refused += service->refused != NULL ? 1 : 0;
		ap_arena_free(arena);
	}
	(void)printf("%u of %u are refused\n", n_refused, n);
	assert_true(n_refused > 0 && n_refused < n);
	free_machine(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_and_words),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_single_file),
		cmocka_unit_test(test_many_includes),
		cmocka_unit_test(test_large_files),
		cmocka_unit_test(test_large_includes),
		cmocka_unit_test(test_single_file_that_is_not_read),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
