#include "reader_files.h"

#include <stdio.h>

static void test_entries_are_read_line_by_line(void **state)
{
	static const char feed[] = "# a comment\n"
				   "; another\n"
				   "\n"
				   "192.0.2.1\n"
				   "  198.51.100.0/24\t# behind an entry\n"
				   "203.0.113.1-203.0.113.9;behind an entry\r\n"
				   "\t2001:db8::/32 \n"
				   "::ffff:10.0.0.1\n"
				   " \t \r\n"
				   "192.0.2.1\n";
	static const char *const expected[] = { "192.0.2.1",     "198.51.100.0/24", "203.0.113.1-203.0.113.9",
						"2001:db8::/32", "10.0.0.1",        "192.0.2.1" };
	reader_files files =
		reader_files_new(ONE_POLICY "networks = ( { name = \"drop\"; file = \"lists/../drop\"; } );\n");
	const ap_network_def *network;
	char *lists = ap_scratch_path(files.folder, "lists");

	(void)state;
	assert_int_equal(mkdir(lists, 0755), 0);
	reader_files_write(&files, "drop", feed);
	network = reader_files_read(&files)->networks;
	assert_int_equal(files.diagnostics.n, 0);
	assert_int_equal(network->n_ranges, AP_N(expected));
	for (size_t i = 0; i < AP_N(expected); i++) {
		char text[AP_RANGE_TEXT_MAX];

		assert_string_equal(ap_range_format(&network->ranges[i], text), expected[i]);
	}
	assert_string_equal(reader_files_name(&files, network->feed.text), "lists/../drop");
	assert_int_equal(network->feed.place.line, 2);
	free(lists);
	reader_files_free(&files);
}

static void test_host_bits_are_a_warning_and_the_network_is_used(void **state)
{
	reader_files files = reader_files_new(ONE_POLICY "networks = ( { name = \"drop\"; file = \"drop\"; } );\n");
	const ap_network_def *network;
	char text[AP_RANGE_TEXT_MAX];

	(void)state;
	reader_files_write(&files, "drop", "10.0.0.1/8\n2001:db8::1/32\n");
	network = reader_files_read(&files)->networks;
	assert_int_equal(files.diagnostics.n_warnings, 2);
	assert_int_equal(network->n_ranges, 2);
	assert_string_equal(ap_range_format(&network->ranges[0], text), "10.0.0.0/8");
	assert_string_equal(ap_range_format(&network->ranges[1], text), "2001:db8::/32");
	reader_files_free(&files);
}

static void test_an_empty_feed_may_be_allowed(void **state)
{
	reader_files files = reader_files_new(
		ONE_POLICY "networks = ( { name = \"drop\"; file = \"drop\"; may_be_empty = true; } );\n");

	(void)state;
	reader_files_write(&files, "drop", "");
	assert_int_equal(reader_files_read(&files)->networks[0].n_ranges, 0);
	assert_true(files.set->networks[0].may_be_empty);
	reader_files_free(&files);
}

static void test_control_characters_in_a_line_are_refused(void **state)
{
	static const struct {
		const char *line, *code; /* NULL: it is accepted */
	} rows[] = {
		{ "192.0.2.1\r", NULL },         { "192.0.2.1\r192.0.2.2", "(U+000D)" },
		{ "192.0.2.1\r\r", "(U+000D)" }, { "192.0.2.1 \r # why", "(U+000D)" },
		{ "192.0.2.1 # why\v", NULL },   { "192.0.2.1\v", "(U+000B)" },
		{ "\f192.0.2.1", "(U+000C)" },   { "192.0.2.1\xe2\x80\x8b", "(U+200B)" },
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		reader_files files =
			reader_files_new(ONE_POLICY "networks = ( { name = \"drop\"; file = \"drop\"; } );\n");
		ap_status expected = rows[i].code != NULL ? AP_ERR_POLICY : AP_OK;
		char feed[128];

		(void)snprintf(feed, sizeof(feed), "%s\n", rows[i].line);
		reader_files_write(&files, "drop", feed);
		AP_ROW(failed, reader_files_load(&files, NULL, NULL) == expected, "row %zu", i);
		AP_ROW(failed, files.diagnostics.n == (rows[i].code != NULL ? 1 : 0), "row %zu: %zu", i,
		       files.diagnostics.n);
		if (rows[i].code != NULL && files.diagnostics.n > 0)
			AP_ROW(failed, strstr(files.diagnostics.items[0].message, rows[i].code) != NULL, "row %zu: %s",
			       i, files.diagnostics.items[0].message);
		reader_files_free(&files);
	}
	AP_ROWS_END(failed);
}

/* A feed may be written by a program that whoever it lists can influence. */
static void test_hostile_lines_are_told_in_one_printable_line(void **state)
{
	reader_files files = reader_files_new(ONE_POLICY "networks = ( { name = \"drop\"; file = \"drop\"; } );\n");
	size_t length = 500000;
	char *feed = malloc(length + 64);
	unsigned failed = 0;

	(void)state;
	assert_non_null(feed);
	memset(feed, 'x', length);
	memcpy(feed + length, "\n\x1b[2Jx%s%n\n\xe2\x80\xae\n", 16);
	reader_files_write(&files, "drop", feed);
	assert_int_equal(reader_files_load(&files, NULL, NULL), AP_ERR_POLICY);
	assert_int_equal(files.diagnostics.n_errors, 3);
	for (size_t i = 0; i < files.diagnostics.n; i++) {
		const char *message = files.diagnostics.items[i].message;

		AP_ROW(failed, strlen(message) < 600, "message %zu is long", i);
		AP_ROW(failed, strpbrk(message, "\n\x1b") == NULL, "message %zu has control characters", i);
		AP_ROW(failed, strstr(message, "\xe2\x80\xae") == NULL, "message %zu reorders the line", i);
		AP_ROW(failed, strstr(message, "expected") != NULL, "message %zu is cut", i);
	}
	free(feed);
	reader_files_free(&files);
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_are_read_line_by_line),
		cmocka_unit_test(test_host_bits_are_a_warning_and_the_network_is_used),
		cmocka_unit_test(test_an_empty_feed_may_be_allowed),
		cmocka_unit_test(test_control_characters_in_a_line_are_refused),
		cmocka_unit_test(test_hostile_lines_are_told_in_one_printable_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
