/* Kleene's strong three-valued logic, the whole tables. */
#include "../../lib/login/tri.h"
#include "rows.h"

#include <string.h>

#define N AP_NO
#define U AP_UNKNOWN
#define Y AP_YES

static const struct {
	ap_tri a, b, conjunction, disjunction;
} pairs[] = {
	{ N, N, N, N }, { N, U, N, U }, { N, Y, N, Y }, /**/
	{ U, N, N, U }, { U, U, U, U }, { U, Y, U, Y }, /**/
	{ Y, N, N, Y }, { Y, U, U, Y }, { Y, Y, Y, Y },
};

static void test_tri_and_or(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(pairs); i++) {
		AP_ROW(failed, ap_tri_and(pairs[i].a, pairs[i].b) == pairs[i].conjunction, "row %zu: %s and %s", i,
		       ap_tri_name(pairs[i].a), ap_tri_name(pairs[i].b));
		AP_ROW(failed, ap_tri_or(pairs[i].a, pairs[i].b) == pairs[i].disjunction, "row %zu: %s or %s", i,
		       ap_tri_name(pairs[i].a), ap_tri_name(pairs[i].b));
	}
	AP_ROWS_END(failed);
}

static void test_tri_not_of_and_names(void **state)
{
	(void)state;
	assert_int_equal(ap_tri_not(AP_NO), AP_YES);
	assert_int_equal(ap_tri_not(AP_UNKNOWN), AP_UNKNOWN);
	assert_int_equal(ap_tri_not(AP_YES), AP_NO);
	assert_int_equal(ap_tri_of(false), AP_NO);
	assert_int_equal(ap_tri_of(true), AP_YES);
	assert_string_equal(ap_tri_name(AP_NO), "no");
	assert_string_equal(ap_tri_name(AP_UNKNOWN), "unknown");
	assert_string_equal(ap_tri_name(AP_YES), "yes");
}

/* A zeroed answer must be the careful one: nothing holds. */
static void test_tri_zero_is_no(void **state)
{
	ap_tri zeroed;

	(void)state;
	memset(&zeroed, 0, sizeof(zeroed));
	assert_int_equal(zeroed, AP_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tri_and_or),
		cmocka_unit_test(test_tri_not_of_and_names),
		cmocka_unit_test(test_tri_zero_is_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
