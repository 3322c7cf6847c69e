/* Eight threads, fifty transactions each, at once: every answer is right, and nothing is left. */
#include "fixture.h"
#include "rows.h"
#include "scratch.h"

#include <pthread.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>

enum { N_THREADS = 8, N_EACH = 50 };

static bool is_right(const ap_pam_outcome *outcome, bool denied)
{
	if (!denied)
		return outcome->code == PAM_SUCCESS && outcome->n_messages == 0;
	return outcome->code == PAM_PERM_DENIED && outcome->n_messages == 1 &&
	       strcmp(outcome->messages[0], "Not from here.") == 0 && outcome->reply_wiped;
}

static void *log_in_often(void *number)
{
	ap_pam_outcome *outcome = malloc(sizeof(*outcome));
	uintptr_t n_right = 0;

	for (uintptr_t i = 0; i < N_EACH; i++) {
		bool denied = ((uintptr_t)number + i) % 2 == 0;
		ap_pam_login login = denied ? ap_fixture_denied : ap_fixture_allowed;

		login.reply = "a secret";
		ap_pam_run(ap_fixture_confdir, &login, AP_PAM_ACCOUNT, outcome);
		n_right += is_right(outcome, denied) && ap_fixture_clean_log(outcome, 1);
	}
	free(outcome);
	return (void *)n_right;
}

static void test_threads_do_not_disturb_each_other(void **state)
{
	char *arguments = ap_fixture_arguments("message=prompt");
	size_t before = ap_open_descriptors();
	pthread_t threads[N_THREADS];

	(void)state;
	ap_pam_write_service(ap_fixture_confdir, "test", "account", arguments);
	for (uintptr_t i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_in_often, (void *)i), 0);
	for (size_t i = 0; i < N_THREADS; i++) {
		void *n_right = NULL;

		assert_int_equal(pthread_join(threads[i], &n_right), 0);
		assert_int_equal((uintptr_t)n_right, N_EACH);
	}
	assert_int_equal(ap_open_descriptors(), before);
	assert_true(ap_no_child_left());
	free(arguments);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_threads_do_not_disturb_each_other) };

	return cmocka_run_group_tests(tests, ap_fixture_set_up, ap_fixture_tear_down);
}
