/*
 * Eight threads, fifty transactions each, at once: every answer is right, and nothing is left. And a thread that is cancelled
 * while the module decides: it ends in its host's code, once the module has answered and closed what it opened.
 */
#include "fixture.h"
#include "rows.h"
#include "scratch.h"

#include <dlfcn.h>
#include <pthread.h>
#include <security/pam_appl.h>
#include <stdio.h>
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

static int say_nothing(int n, const struct pam_message **messages, struct pam_response **replies, void *data)
{
	(void)messages;
	(void)data;
	*replies = calloc((size_t)n, sizeof(**replies));
	return PAM_SUCCESS;
}

typedef struct {
	int (*entry)(pam_handle_t *, int, int, const char **);
	pam_handle_t *pamh;
	const char **arguments;
	int n;
	int code;
} login;

static void *answer_once(void *argument)
{
	login *one = argument;

	/* it counts at the first call of the module's that waits for something */
	(void)pthread_cancel(pthread_self());
	one->code = one->entry(one->pamh, 0, one->n, one->arguments);
	pthread_testcancel();
	return NULL;
}

static void test_cancelled_thread_leaves_nothing_open(void **state)
{
	const struct pam_conv conversation = { say_nothing, NULL };
	char *config, *compiler;
	void *module = dlopen(getenv("AP_TEST_MODULE"), RTLD_NOW), *ended = NULL;
	size_t before = ap_open_descriptors();
	login one = { .code = -1 };
	pthread_t thread;

	(void)state;
	assert_non_null(module);
	*(void **)&one.entry = dlsym(module, "pam_sm_acct_mgmt");
	assert_true(asprintf(&config, "config=%s", ap_fixture_config) > 0);
	assert_true(asprintf(&compiler, "compiler=%s", getenv("AP_TEST_COMPILER")) > 0);
	one.arguments = (const char *[]){ config, compiler };
	one.n = 2;
	ap_pam_write_service(ap_fixture_confdir, "test", "account", "");
	assert_int_equal(
		pam_start_confdir("test", ap_fixture_denied.user, &conversation, ap_fixture_confdir, &one.pamh),
		PAM_SUCCESS);
	assert_int_equal(pam_set_item(one.pamh, PAM_RHOST, ap_fixture_denied.rhost), PAM_SUCCESS);
	assert_int_equal(pthread_create(&thread, NULL, answer_once, &one), 0);
	assert_int_equal(pthread_join(thread, &ended), 0);
	assert_ptr_equal(ended, PTHREAD_CANCELED);
	assert_int_equal(one.code, PAM_PERM_DENIED);
	assert_int_equal(ap_open_descriptors(), before);
	(void)pam_end(one.pamh, one.code);
	(void)dlclose(module);
	free(compiler);
	free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_threads_do_not_disturb_each_other),
					    cmocka_unit_test(test_cancelled_thread_leaves_nothing_open) };

	return cmocka_run_group_tests(tests, ap_fixture_set_up, ap_fixture_tear_down);
}
