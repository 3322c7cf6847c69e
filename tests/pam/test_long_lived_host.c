/*
 * A thousand transactions in one process, as a Dovecot worker lives: allowed, denied, with and without a policy. Run
 * under valgrind too, which looks for leaks; descriptors are counted here.
 */
#include "fixture.h"
#include "rows.h"
#include "scratch.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_TRANSACTIONS = 1000 };

static char *image_arguments, *config_arguments, *broken_arguments, *missing_arguments;

static int set_up(void **state)
{
	char *command, *broken;

	if (ap_fixture_set_up(state) != 0)
		return -1;
	assert_true(asprintf(&command, "'%s' '%s' > '%s/policy.image'", getenv("AP_TEST_COMPILER"), ap_fixture_config,
			     ap_fixture_folder) > 0);
	assert_int_equal(system(command), 0);
	broken = ap_scratch_write(ap_fixture_folder, "broken.conf", "policys = ();\n", 0644);
	config_arguments = ap_fixture_arguments("message=prompt");
	assert_true(asprintf(&image_arguments, "image=%s/policy.image debug", ap_fixture_folder) > 0);
	assert_true(asprintf(&broken_arguments, "config=%s compiler=%s", broken, getenv("AP_TEST_COMPILER")) > 0);
	assert_true(asprintf(&missing_arguments, "image=%s/nowhere", ap_fixture_folder) > 0);
	free(broken);
	free(command);
	return 0;
}

static int tear_down(void **state)
{
	free(image_arguments);
	free(config_arguments);
	free(broken_arguments);
	free(missing_arguments);
	return ap_fixture_tear_down(state);
}

/* Most read an image; one in ten has its text compiled, and some of those get no policy. */
static int log_in(int i, int *ret_expected)
{
	bool denied = i % 2 == 0;
	ap_pam_login login = denied ? ap_fixture_denied : ap_fixture_allowed;
	const char *arguments = image_arguments;
	static ap_pam_outcome outcome;

	*ret_expected = denied ? PAM_PERM_DENIED : PAM_SUCCESS;
	login.reply = "a secret";
	if (i % 10 == 3 || i % 10 == 4)
		arguments = i % 20 < 10 ? config_arguments : image_arguments;
	if (i % 50 == 7)
		arguments = i % 100 < 50 ? broken_arguments : missing_arguments;
	if (i % 50 == 7)
		*ret_expected = PAM_SERVICE_ERR;
	if (i % 50 == 9) {
		login.user = NULL;
		*ret_expected = PAM_SERVICE_ERR;
	}
	ap_fixture_ask(arguments, &login, AP_PAM_ACCOUNT, &outcome);
	return outcome.code;
}

static void test_nothing_is_left_after_many_transactions(void **state)
{
	size_t before = 0;
	int failed = 0;

	(void)state;
	for (int i = 0; i < N_TRANSACTIONS; i++) {
		int expected, code = log_in(i, &expected);

		AP_ROW(failed, code == expected, "transaction %d: %d, not %d", i, code, expected);
		/* what the name services keep open for themselves was opened by then */
		if (i == 100)
			before = ap_open_descriptors();
	}
	AP_ROW(failed, ap_open_descriptors() == before, "%zu descriptors, and %zu before", ap_open_descriptors(),
	       before);
	AP_ROW(failed, ap_no_child_left(), "a child is left");
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nothing_is_left_after_many_transactions) };

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
