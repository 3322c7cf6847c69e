#include "../../lib/make/load.h"
#include "../../lib/make/rawtext.h"
#include "prng.h"
#include "rich_policy.h"
#include "rows.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

static bool sound(const char *text, size_t size)
{
	ap_diagnostics diagnostics = { 0 };
	ap_arena *arena = ap_arena_new();
	ap_raw_value *values;
	size_t n_values;
	bool result = ap_rawtext_read("test.conf", text, size, &diagnostics, arena, &values, &n_values);

	assert_true(result == (diagnostics.n_errors == 0));
	ap_arena_free(arena);
	ap_diagnostics_clear(&diagnostics);
	return result;
}

/* What is accepted; libconfig must take each as well. */
static const char *const accepted[] = {
	"a = 1;\n",
	"a : 1;\n",
	"a = 1, b = 2;\n",
	"a = 1;\r\nb = 2;\r\n",
	"a-b_c1 = -5;\n",
	"a = +5;\n",
	"a = 0x7fffffff;\n",
	"a = -2147483648;\n",
	"a = 1.5;\n",
	"a = TRUE; b = fAlSe;\n",
	"a = \"\";\n",
	"a = \"x\" \"y\"\n\"z\";\n",
	"a = \"\\\\ \\\" \\n \\r \\t \\f \\x41 \\X7f\";\n",
	"a = \"# no comment // nor this /* nor this */\";\n",
	"a = { };\n",
	"a = { b = 1; };\n",
	"a = { b = 1; c = 2 };\n",
	"a = { b = { c = [ 1, 2 ]; } };\n",
	"a = [ ];\n",
	"a = ( );\n",
	"a = ( 1, \"x\", [ true ], ( ), { b = 1; } );\n",
	"# x\na = 1; // y\n/* z\n * @include \"x\" */ # @include\n",
	"a = 1;#\n",
	"a=1;/**/b=2;/***/\n",
	"a = 1; // é\n",
	"a = \"é\";\n",
	"a = [ \"x\",\n\"y\" # z\n, /* z */ \"z\" ];\n",
	"a = ((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))));\n",
};

static void test_what_is_accepted_libconfig_takes_too(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(accepted); i++) {
		config_t config;

		config_init(&config);
		AP_ROW(failed, sound(accepted[i], strlen(accepted[i])), "refused: %s", accepted[i]);
		AP_ROW(failed, config_read_string(&config, accepted[i]) == CONFIG_TRUE, "libconfig refuses: %s",
		       accepted[i]);
		config_destroy(&config);
	}
	AP_ROWS_END(failed);
}

static void test_escapes_mean_what_libconfig_makes_of_them(void **state)
{
	config_t config;
	const char *text = NULL;

	(void)state;
	config_init(&config);
	assert_int_equal(config_read_string(&config, "a = \"\\\\ \\\" \\n\\r\\t\\f \\x41\\X7f\";\n"), CONFIG_TRUE);
	assert_int_equal(config_lookup_string(&config, "a", &text), CONFIG_TRUE);
	assert_string_equal(text, "\\ \" \n\r\t\f A\x7f");
	config_destroy(&config);
}

/*
 * A file that was cut short is refused, but where it is cut right behind a section and its newline: then nothing
 * tells that there was more.
 */
static void test_truncations_are_refused(void **state)
{
	size_t whole = strlen(rich_policy), n_accepted = 0;

	(void)state;
	for (size_t size = 0; size <= whole; size++) {
		char *text = malloc(size + 1); /* of the exact size, so that a read behind it is seen */

		assert_non_null(text);
		memcpy(text, rich_policy, size);
		if (sound(text, size)) {
			n_accepted++;
			assert_true(size >= 2 && strncmp(text + size - 2, ";\n", 2) == 0);
			assert_true(size == whole || (rich_policy[size] >= 'a' && rich_policy[size] <= 'z'));
		}
		free(text);
	}
	assert_int_equal(n_accepted, 9); /* its nine settings */
}

/* Whatever is broken, the check ends, and what it lets through libconfig reads in the same way. */
static void test_damaged_texts_are_never_read_otherwise_than_they_are_checked(void **state)
{
	static const char damage[] = "{}[]()=:;,\"#/*\\\n @a1x-.\xff\r\t";
	size_t size = strlen(rich_policy);
	ap_prng prng = ap_prng_seeded(0x5eed);

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		char *text = malloc(size);
		ap_policy_set *set = NULL;
		ap_diagnostics diagnostics = { 0 };

		assert_non_null(text);
		memcpy(text, rich_policy, size);
		for (unsigned n = 1 + ap_prng_below(&prng, 4); n > 0; n--)
			text[ap_prng_below(&prng, (uint32_t)size)] = damage[ap_prng_below(&prng, sizeof(damage) - 1)];
		if (ap_load_text("/nowhere/test.conf", text, size, &set, &diagnostics) == AP_OK)
			ap_policy_set_free(set);
		else
			assert_true(diagnostics.n_errors > 0);
		for (size_t i = 0; i < diagnostics.n; i++)
			assert_null(strstr(diagnostics.items[i].message, "libconfig"));
		ap_diagnostics_clear(&diagnostics);
		free(text);
	}
}

static void test_lines_need_no_syntax(void **state)
{
	static const struct {
		const char *text;
		bool sound;
	} rows[] = {
		{ "", true },
		{ "\n", true },
		{ "10.0.0.0/8 ; \"x\n", true },
		{ "x", false },
		{ "\xef\xbb\xbfx\n", false },
		{ "\xc3\xa9\n", true },
		{ "\xc3\n", false },
	};
	ap_diagnostics diagnostics = { 0 };
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++)
		AP_ROW(failed,
		       ap_rawtext_check_lines("x", rows[i].text, strlen(rows[i].text), &diagnostics) == rows[i].sound,
		       "row %zu", i);
	ap_diagnostics_clear(&diagnostics);
	AP_ROWS_END(failed);
}

static void test_a_line_may_be_as_long_as_the_limit(void **state)
{
	size_t size = (size_t)AP_RAWTEXT_LINE_MAX + 2;
	char *text = malloc(size);
	ap_diagnostics diagnostics = { 0 };

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	text[size - 2] = '\n';
	assert_true(ap_rawtext_check_lines("x", text, size - 1, &diagnostics));
	text[size - 2] = 'x';
	text[size - 1] = '\n';
	assert_false(ap_rawtext_check_lines("x", text, size, &diagnostics));
	ap_diagnostics_clear(&diagnostics);
	free(text);
}

static void test_a_file_in_another_encoding_is_told_a_few_times_only(void **state)
{
	char text[400];
	ap_diagnostics diagnostics = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "\xe9\n", 2);
	assert_false(ap_rawtext_check_lines("x", text, sizeof(text), &diagnostics));
	assert_int_equal(diagnostics.n_errors, 5);
	ap_diagnostics_clear(&diagnostics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_accepted_libconfig_takes_too),
		cmocka_unit_test(test_escapes_mean_what_libconfig_makes_of_them),
		cmocka_unit_test(test_truncations_are_refused),
		cmocka_unit_test(test_damaged_texts_are_never_read_otherwise_than_they_are_checked),
		cmocka_unit_test(test_lines_need_no_syntax),
		cmocka_unit_test(test_a_line_may_be_as_long_as_the_limit),
		cmocka_unit_test(test_a_file_in_another_encoding_is_told_a_few_times_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
