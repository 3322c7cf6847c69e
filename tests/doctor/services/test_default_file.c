/*
 * What is understood of a file of /etc/default is what its readers make of it: a shell, and systemd, where its program that
 * prints what it reads of such files is installed. The texts are put together at random, of what such files hold and of what
 * only a shell could tell. Then, what is said of a line that is not understood, and of a file that is not read.
 */
#include "../../../lib/doctor/default_file.h"
#include "../../../lib/doctor/text_parts.h"
#include "../root.h"
#include "effort.h"
#include "prng.h"
#include "rows.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "/environment.d/daemon.conf"
#define SYSTEMD "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"

enum { TEXTS = 1500 };

/* The words that the daemon would be given, each in brackets. */
#define PRINT "printf '<%s>' $OPTIONS"

static const char by_sh[] = "cd / && unset OPTIONS A && . \"$AP_FOLDER" FILE_NAME "\" && " PRINT;
static const char by_systemd[] = "cd / && unset OPTIONS A && eval \"$(env -i XDG_CONFIG_HOME=\"$AP_FOLDER\" " SYSTEMD
				 " 2>/dev/null | grep '^OPTIONS=')\" && " PRINT;

static const char *words_of(ap_arena *arena, const char *script)
{
	FILE *shell = popen(script, "r");
	char text[1024];
	size_t length;

	assert_non_null(shell);
	length = fread(text, 1, sizeof(text), shell);
	assert_int_equal(pclose(shell), 0);
	return ap_arena_strndup(arena, text, length);
}

static const char *in_brackets(ap_arena *arena, const char *value)
{
	const char **words = ap_text_words(arena, value != NULL ? value : "", " \t\n"), *text = "";

	for (size_t i = 0; words[i] != NULL; i++)
		text = ap_format(arena, "%s<%s>", text, words[i]);
	return *text != '\0' ? text : "<>";
}

/* Mostly one of the first `usual`: else nearly no text would be understood. */
static const char *picked(ap_prng *prng, const char *const *all, uint32_t usual, uint32_t n)
{
	return all[ap_prng_below(prng, ap_prng_chance(prng, 85) ? usual : n)];
}

#define PICKED(prng, all, usual) picked((prng), (all), (usual), AP_N(all))

/* No command stands in it that would do anything, were it run. */
static const char *random_value(ap_arena *arena, ap_prng *prng)
{
	static const char *const parts[] = { "-c", "-m/a", "x=1", " ", "-r", "#", "\"", "'",  "\\",       "\\\n", "\n",
					     "\t", "$A",   "`A`", "*", "~",  ";", "~",  "\r", "\xc3\xa9", "\xe9" };
	static const char *const quotes[] = { "\"", "'", "" };
	const char *quote = AP_PICK(prng, quotes), *text = "";

	for (uint32_t n = ap_prng_below(prng, 4); n > 0; n--)
		text = ap_format(arena, "%s%s", text, PICKED(prng, parts, 5));
	return ap_format(arena, "%s%s%s", quote, text, quote);
}

static const char *random_line(ap_arena *arena, ap_prng *prng)
{
	static const char *const before[] = { "", " ", "\t", "export ", ";", "A=1 ", "unset " };
	static const char *const names[] = { "OPTIONS", "A", "A1", "1", "IFS" };
	static const char *const equals[] = { "=", " =", "= ", "+=", "" };
	static const char *const behind[] = { "", " ", "\t", " # b", "#b", ";", "\r", "\\", " -c" };
	/* of a comment's line, which is none to systemd */
	static const char *const ends[] = { "", "", "\\", "\rOPTIONS=-d" };

	if (ap_prng_chance(prng, 25))
		return ap_format(arena, " # %s%s\n", random_value(arena, prng), AP_PICK(prng, ends));
	return ap_format(arena, "%s%s%s%s%s\n", PICKED(prng, before, 2), PICKED(prng, names, 2),
			 PICKED(prng, equals, 1), random_value(arena, prng), PICKED(prng, behind, 2));
}

/* True if the text was understood, and so compared. */
static bool is_compared(const ap_host *host, ap_default_file_kind kind, const char *script, const char *text,
			int *failed)
{
	ap_default_setting options = { .name = "OPTIONS" };
	const char *found, *expected;

	if (ap_default_file_read(host, FILE_NAME, kind, &options, 1).what != NULL)
		return false;
	/* unlike a unit, its program passes over what is empty, expands variables, and prints a tab or ~ as something else */
	if (script == by_systemd &&
	    (options.value == NULL || *options.value == '\0' || strpbrk(options.value, "$\t~") != NULL))
		return false;
	found = in_brackets(host->arena, options.value);
	expected = words_of(host->arena, script);
	AP_ROW(*failed, strcmp(found, expected) == 0, "%s\nis %s, and was taken for %s", text, expected, found);
	return true;
}

static void test_understood_as_its_readers_do(void **state)
{
	ap_prng prng = ap_prng_seeded(0xdefa017);
	char *folder = ap_scratch_new();
	unsigned compared[3] = { 0, 0, 0 }, texts = TEXTS / ap_effort_step(5, 20);
	int failed = 0;

	(void)state;
	assert_int_equal(setenv("AP_FOLDER", folder, 1), 0);
	for (unsigned i = 0; i < texts && failed == 0; i++) {
		ap_arena *arena = ap_arena_new();
		ap_host host = { .arena = arena, .root = folder };
		const char *text = "";

		for (uint32_t n = 1 + ap_prng_below(&prng, 3); n > 0; n--)
			text = ap_format(arena, "%s%s", text, random_line(arena, &prng));
		root_write(folder, FILE_NAME, text);
		compared[0] += is_compared(&host, AP_DEFAULT_FILE_OF_SH, by_sh, text, &failed) ? 1 : 0;
		compared[1] += is_compared(&host, AP_DEFAULT_FILE_OF_UNIT, by_sh, text, &failed) ? 1 : 0;
		if (access(SYSTEMD, X_OK) == 0)
			compared[2] += is_compared(&host, AP_DEFAULT_FILE_OF_UNIT, by_systemd, text, &failed) ? 1 : 0;
		ap_arena_free(arena);
	}
	print_message("compared with a shell: %u and %u of %u texts; with systemd: %u\n", compared[0], compared[1],
		      texts, compared[2]);
	assert_true(failed > 0 || (compared[0] > texts / 10 && compared[1] > texts / 10));
	ap_scratch_free(folder);
	AP_ROWS_END(failed);
}

static char *repeated(const char *text, size_t size)
{
	char *all = malloc(size + 1);

	assert_non_null(all);
	for (size_t i = 0; i < size; i++)
		all[i] = text[i % strlen(text)];
	all[size] = '\0';
	return all;
}

static void test_what_is_told(void **state)
{
	static const struct {
		const char *text; /* over and over, to the size */
		size_t size;
		const char *found;
	} rows[] = {
		{ "# a\n", AP_DEFAULT_FILE_MAX, NULL },
		{ "# a\n", AP_DEFAULT_FILE_MAX + 4, "0 the file is not read: it is larger than 64 KiB" },
		{ " \t. /etc/more\n", 14, "1 a line that is not understood: . /etc/more" },
		{ ": 3456789 ", 200,
		  "1 a line that is not understood: : 3456789 : 3456789 : 3456789 : 3456789 : 3456789 : 3456789 …" },
		{ "\xe2\x82\xac", 66, /* a character of three bytes: 60 are 20 of them */
		  "1 a line that is not understood: €€€€€€€€€€€€€€€€€€€€…" },
		{ "-\xe2\x82\xac\xe2\x82\xac", 77, "1 a line that is not understood: -€€-€€-€€-€€-€€-€€-€€-€€-€…" },
	};
	ap_arena *arena = ap_arena_new();
	char *folder = ap_scratch_new();
	ap_host host = { .arena = arena, .root = folder };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		char *text = repeated(rows[i].text, rows[i].size);
		ap_default_doubt doubt;
		const char *found;

		root_write(folder, FILE_NAME, text);
		free(text);
		doubt = ap_default_file_read(&host, FILE_NAME, AP_DEFAULT_FILE_OF_SH, NULL, 0);
		found = doubt.what != NULL ? ap_format(arena, "%u %s", doubt.line, doubt.what) : "-";
		AP_ROW(failed, strcmp(found, rows[i].found != NULL ? rows[i].found : "-") == 0, "row %zu: %s", i,
		       found);
	}
	ap_scratch_free(folder);
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

static void test_what_cannot_be_read(void **state)
{
	ap_arena *arena = ap_arena_new();
	char *folder = ap_scratch_new();
	ap_host host = { .arena = arena, .root = folder };
	ap_default_setting options = { .name = "OPTIONS" };

	(void)state;
	assert_null(ap_default_file_read(&host, "/none", AP_DEFAULT_FILE_OF_SH, &options, 1).what);
	free(ap_scratch_write_bytes(folder, "nul", "OPTIONS=-c\n\0\n", 13, 0644));
	assert_string_equal(ap_default_file_read(&host, "/nul", AP_DEFAULT_FILE_OF_SH, &options, 1).what,
			    "the file is not read: it is no regular file, or has a NUL byte in it");
	root_make_folder(folder, "/folder");
	assert_string_equal(ap_default_file_read(&host, "/folder", AP_DEFAULT_FILE_OF_SH, &options, 1).what,
			    "the file is not read: it is no regular file, or has a NUL byte in it");
	assert_null(options.value);
	ap_scratch_free(folder);
	ap_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_understood_as_its_readers_do),
		cmocka_unit_test(test_what_is_told),
		cmocka_unit_test(test_what_cannot_be_read),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
