#include "../../lib/make/suggest.h"
#include "rows.h"

#include <string.h>

static const char *const keys[] = { "name", "type", "status", "scope", "clients", "other_clients", "members", "ip" };

static const struct {
	const char *text, *meant; /* NULL: nothing is near enough */
} rows[] = {
	{ "name", "name" },
	{ "NAME", "name" },
	{ "nmae", "name" },
	{ "nam", "name" },
	{ "named", "name" },
	{ "Scope", "scope" },
	{ "scop", "scope" },
	{ "socpe", "scope" },
	{ "stauts", "status" },
	{ "client", "clients" },
	{ "other-clients", "other_clients" },
	{ "member", "members" },
	{ "memebrs", "members" },
	{ "nmea", NULL },
	{ "i", NULL },
	{ "up", NULL },
	{ "ips", "ip" },
	{ "", NULL },
	{ "colour", NULL },
	{ "s", NULL },
};

static void test_the_nearest_is_suggested(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		const char *meant = ap_suggest(rows[i].text, keys, AP_N(keys));

		AP_ROW(failed,
		       meant == NULL ? rows[i].meant == NULL
				     : rows[i].meant != NULL && strcmp(meant, rows[i].meant) == 0,
		       "%s: %s", rows[i].text, meant != NULL ? meant : "none");
	}
	AP_ROWS_END(failed);
}

static void test_the_first_of_equally_near_ones_is_suggested(void **state)
{
	static const char *const names[] = { "office-b", "office-a", "office-c" };

	(void)state;
	assert_string_equal(ap_suggest("office-x", names, 3), "office-b");
	assert_string_equal(ap_suggest("office-c", names, 3), "office-c");
	assert_null(ap_suggest("office-x", names, 0));
}

static void test_long_texts_have_no_suggestion(void **state)
{
	char text[4096];
	const char *const names[] = { text };

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_null(ap_suggest(text, names, 1));
	assert_null(ap_suggest("x", names, 1));
	text[200] = '\0';
	assert_ptr_equal(ap_suggest(text, names, 1), text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_nearest_is_suggested),
		cmocka_unit_test(test_the_first_of_equally_near_ones_is_suggested),
		cmocka_unit_test(test_long_texts_have_no_suggestion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
