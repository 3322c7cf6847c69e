#include "../../lib/make/arena.h"
#include "../../lib/make/diagnostics.h"
#include "rows.h"

#include <string.h>

static void test_items_are_sorted_by_line_within_their_files(void **state)
{
	static const struct {
		const char *file;
		unsigned line;
		const char *message;
	} added[] = { { "b", 7, "1" }, { "a", 9, "2" }, { "b", 2, "3" },
		      { "b", 7, "4" }, { "a", 0, "5" }, { "c", 1, "6" } };
	static const char *const expected = "314526";
	ap_diagnostics diagnostics = { 0 };

	(void)state;
	for (size_t i = 0; i < AP_N(added); i++)
		ap_diagnostics_add(&diagnostics, AP_ERROR, added[i].file, added[i].line, "%s", added[i].message);
	ap_diagnostics_sort(&diagnostics);
	for (size_t i = 0; i < diagnostics.n; i++)
		assert_int_equal(diagnostics.items[i].message[0], expected[i]);
	ap_diagnostics_clear(&diagnostics);
	assert_int_equal(diagnostics.n, 0);
	ap_diagnostics_clear(&diagnostics);
}

static void test_text_from_outside_is_made_printable(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "plain %s %n", "plain %s %n" },
		{ "a\nb\tc", "a\\x0ab\\x09c" },
		{ "\x1b[2J", "\\x1b[2J" },
		{ "\x7f", "\\x7f" },
		{ "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80", "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xc3", "\\xc3" },
		{ "\xc2\x9b", "\\xc2\\x9b" },
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },
		{ "\xff\xfe", "\\xff\\xfe" },
	};
	ap_diagnostics diagnostics = { 0 };

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_diagnostics_add(&diagnostics, AP_WARNING, rows[i].text, 0, "%s", rows[i].text);
		assert_string_equal(diagnostics.items[i].message, rows[i].shown);
		assert_string_equal(diagnostics.items[i].file, rows[i].shown);
	}
	assert_int_equal(diagnostics.n_warnings, AP_N(rows));
	assert_int_equal(diagnostics.n_errors, 0);
	ap_diagnostics_clear(&diagnostics);
}

static void test_all_are_counted_and_the_first_are_kept(void **state)
{
	ap_diagnostics diagnostics = { 0 };

	(void)state;
	for (unsigned i = 0; i < AP_DIAGNOSTICS_MAX + 500; i++) {
		ap_diagnostics_add(&diagnostics, AP_ERROR, "x", i, "error");
		ap_diagnostics_add(&diagnostics, AP_WARNING, "x", i, "warning");
	}
	assert_int_equal(diagnostics.n, 2 * AP_DIAGNOSTICS_MAX);
	assert_int_equal(diagnostics.n_errors, AP_DIAGNOSTICS_MAX + 500);
	assert_int_equal(diagnostics.n_warnings, AP_DIAGNOSTICS_MAX + 500);
	assert_int_equal(diagnostics.items[diagnostics.n - 1].line, AP_DIAGNOSTICS_MAX - 1);
	ap_diagnostics_clear(&diagnostics);
}

static void test_an_array_keeps_its_items_while_it_grows(void **state)
{
	ap_arena *arena = ap_arena_new();
	uint64_t *numbers = NULL;
	size_t n = 0;

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t *added = AP_PUSH(arena, numbers, n);

		assert_int_equal(*added, 0);
		*added = i * i;
	}
	assert_int_equal(n, 100000);
	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(numbers[i], i * i);
	ap_arena_free(arena);
}

static void test_arena_memory_is_zeroed_and_aligned(void **state)
{
	ap_arena *arena = ap_arena_new();

	(void)state;
	for (size_t size = 0; size < 200000; size = size * 2 + 1) {
		unsigned char *memory = ap_arena_alloc(arena, size);
		char *text = ap_arena_strndup(arena, "abc", 2);

		assert_int_equal((uintptr_t)memory % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xff, size);
		assert_string_equal(text, "ab");
	}
	ap_arena_free(arena);
	ap_arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items_are_sorted_by_line_within_their_files),
		cmocka_unit_test(test_text_from_outside_is_made_printable),
		cmocka_unit_test(test_all_are_counted_and_the_first_are_kept),
		cmocka_unit_test(test_an_array_keeps_its_items_while_it_grows),
		cmocka_unit_test(test_arena_memory_is_zeroed_and_aligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
