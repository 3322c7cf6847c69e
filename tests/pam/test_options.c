/* Every option of the module, and every way to write one wrongly: logged, and nobody is let in. */
#include "fixture.h"
#include "rows.h"
#include "scratch.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *options; /* after config= and compiler= */
	int allowed_account; /* what a login that the policies allow gets */
	int allowed_auth;    /* IGNORED: PAM_IGNORE, which libpam turns into something else */
	size_t n_lines;
} good[] = {
#define IGNORED (-2)
	{ "", PAM_SUCCESS, IGNORED, 1 },
	{ "client=native", PAM_SUCCESS, IGNORED, 1 },
	{ "client=system", PAM_SUCCESS, IGNORED, 1 },
	{ "message=error", PAM_SUCCESS, IGNORED, 1 },
	{ "message=info", PAM_SUCCESS, IGNORED, 1 },
	{ "message=prompt", PAM_SUCCESS, IGNORED, 1 },
	{ "message=none", PAM_SUCCESS, IGNORED, 1 },
	{ "silent=obey", PAM_SUCCESS, IGNORED, 1 },
	{ "silent=ignore", PAM_SUCCESS, IGNORED, 1 },
	{ "allowed=success", PAM_SUCCESS, PAM_SUCCESS, 1 },
	{ "allowed=user-unknown", PAM_USER_UNKNOWN, PAM_USER_UNKNOWN, 1 },
	{ "message=prompt allowed=user-unknown client=web", PAM_USER_UNKNOWN, PAM_USER_UNKNOWN, 1 },
	{ "debug", PAM_SUCCESS, IGNORED, 5 },
};

static void test_options_are_taken(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(good); i++) {
		char *arguments = ap_fixture_arguments(good[i].options);
		ap_pam_outcome outcome;
		int code;

		ap_fixture_ask(arguments, &ap_fixture_allowed, AP_PAM_ACCOUNT, &outcome);
		AP_ROW(failed, outcome.code == good[i].allowed_account, "row %zu: \"%s\": %d: %s", i, good[i].options,
		       outcome.code, outcome.log);
		AP_ROW(failed, ap_fixture_clean_log(&outcome, good[i].n_lines), "row %zu: %s", i, outcome.log);
		code = ap_fixture_entry_point("pam_sm_authenticate", arguments, "alice@white.test", "10.0.0.1");
		AP_ROW(failed, code == (good[i].allowed_auth == IGNORED ? PAM_IGNORE : good[i].allowed_auth),
		       "row %zu: \"%s\": auth: %d", i, good[i].options, code);
		ap_fixture_ask(arguments, &ap_fixture_denied, AP_PAM_ACCOUNT, &outcome);
		AP_ROW(failed, outcome.code == PAM_PERM_DENIED, "row %zu: denied: %d", i, outcome.code);
		ap_fixture_ask(arguments, &ap_fixture_denied, AP_PAM_AUTH, &outcome);
		AP_ROW(failed, outcome.code == PAM_PERM_DENIED, "row %zu: denied in auth: %d", i, outcome.code);
		free(arguments);
	}
	AP_ROWS_END(failed);
}

/* @CONFIG@ and @COMPILER@ stand for the fixture's. */
static const struct {
	const char *arguments;
	const char *named; /* in the log line */
} bad[] = {
	{ "config=@CONFIG@ compiler=@COMPILER@ bogus", "bogus" },
	{ "config=@CONFIG@ compiler=@COMPILER@ bogus=1", "bogus" },
	{ "config=@CONFIG@ compiler=@COMPILER@ Debug", "Debug" },
	{ "config=@CONFIG@ compiler=@COMPILER@ CLIENT=web", "CLIENT" },
	{ "config=@CONFIG@ compiler=@COMPILER@ =web", "=web" },
	{ "config=@CONFIG@ compiler=@COMPILER@ web", "web" },
	{ "config=@CONFIG@ compiler=@COMPILER@ clients=web", "clients" },
	{ "config=@CONFIG@ compiler=@COMPILER@ messag=none", "messag" },
	{ "config=@CONFIG@ compiler=@COMPILER@ client", "client" },
	{ "config=@CONFIG@ compiler=@COMPILER@ client=", "client" },
	{ "config=@CONFIG@ compiler=@COMPILER@ client=wbe", "wbe" },
	{ "config=@CONFIG@ compiler=@COMPILER@ client=Web", "Web" },
	{ "config=@CONFIG@ compiler=@COMPILER@ client=web,native", "web,native" },
	{ "config=@CONFIG@ compiler=@COMPILER@ message", "message" },
	{ "config=@CONFIG@ compiler=@COMPILER@ message=", "message" },
	{ "config=@CONFIG@ compiler=@COMPILER@ message=loud", "message" },
	{ "config=@CONFIG@ compiler=@COMPILER@ message=Error", "message" },
	{ "config=@CONFIG@ compiler=@COMPILER@ message=error,info", "message" },
	{ "config=@CONFIG@ compiler=@COMPILER@ silent", "silent" },
	{ "config=@CONFIG@ compiler=@COMPILER@ silent=", "silent" },
	{ "config=@CONFIG@ compiler=@COMPILER@ silent=no", "silent" },
	{ "config=@CONFIG@ compiler=@COMPILER@ silent=obey silent=ignore", "silent" },
	{ "config=@CONFIG@ compiler=@COMPILER@ allowed", "allowed" },
	{ "config=@CONFIG@ compiler=@COMPILER@ allowed=ignore", "allowed" },
	{ "config=@CONFIG@ compiler=@COMPILER@ allowed=user_unknown", "allowed" },
	{ "config=@CONFIG@ compiler=@COMPILER@ allowed=", "allowed" },
	{ "config=@CONFIG@ compiler=@COMPILER@ debug=1", "debug" },
	{ "config=@CONFIG@ compiler=@COMPILER@ debug debug", "debug" },
	{ "config=@CONFIG@ compiler=@COMPILER@ client=web client=web", "client" },
	{ "config=@CONFIG@ compiler=@COMPILER@ message=none message=error", "message" },
	{ "config=@CONFIG@ compiler=@COMPILER@ allowed=success allowed=success", "allowed" },
	{ "config=@CONFIG@ config=@CONFIG@ compiler=@COMPILER@", "config" },
	{ "config=@CONFIG@ compiler=@COMPILER@ compiler=@COMPILER@", "compiler" },
	{ "config=@CONFIG@ compiler=@COMPILER@ image=/nowhere/policy.image", "image" },
	{ "image=/nowhere/policy.image config=@CONFIG@ compiler=@COMPILER@", "config" },
	{ "image=/nowhere/a image=/nowhere/b", "image" },
	{ "config=accesspolicy.conf compiler=@COMPILER@", "accesspolicy.conf" },
	{ "config=./accesspolicy.conf compiler=@COMPILER@", "accesspolicy.conf" },
	{ "config=@CONFIG@ compiler=accesspolicy-compile", "accesspolicy-compile" },
	{ "image=policy.image", "policy.image" },
	{ "config= compiler=@COMPILER@", "config" },
	{ "config compiler=@COMPILER@", "config" },
	{ "config=@CONFIG@ compiler=", "compiler" },
	{ "image=", "image" },
	{ "config=@CONFIG@ compiler=@COMPILER@ %s%s%n", "%s%s%n" },
	{ "config=@CONFIG@ compiler=@COMPILER@ message=%s%n", "message" },
};

static char *expand(const char *text)
{
	char *expanded = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&expanded, &size);

	for (const char *at = text; *at != '\0'; at++) {
		if (strncmp(at, "@CONFIG@", 8) == 0) {
			(void)fputs(ap_fixture_config, out);
			at += 7;
		} else if (strncmp(at, "@COMPILER@", 10) == 0) {
			(void)fputs(getenv("AP_TEST_COMPILER"), out);
			at += 9;
		} else {
			(void)fputc(*at, out);
		}
	}
	(void)fclose(out);
	return expanded;
}

/* In both phases, and for a login that would be allowed. */
static void test_options_that_are_wrong_let_nobody_in(void **state)
{
	static const ap_pam_phase phases[] = { AP_PAM_ACCOUNT, AP_PAM_AUTH };
	char *compiler = ap_scratch_path(ap_fixture_folder, "accesspolicy-compile");
	int failed = 0;

	(void)state;
	/* what a relative path would name is there */
	assert_int_equal(chdir(ap_fixture_folder), 0);
	assert_int_equal(symlink(getenv("AP_TEST_COMPILER"), compiler), 0);
	for (size_t i = 0; i < AP_N(bad); i++) {
		char *arguments = expand(bad[i].arguments);

		for (size_t k = 0; k < AP_N(phases); k++) {
			ap_pam_outcome outcome;

			ap_fixture_ask(arguments, &ap_fixture_allowed, phases[k], &outcome);
			AP_ROW(failed, outcome.code == PAM_SERVICE_ERR, "row %zu: \"%s\": %d", i, bad[i].arguments,
			       outcome.code);
			AP_ROW(failed, ap_fixture_clean_log(&outcome, 1), "row %zu: \"%s\": log: %s", i,
			       bad[i].arguments, outcome.log);
			AP_ROW(failed, strstr(outcome.log, bad[i].named) != NULL, "row %zu: \"%s\" is not named: %s", i,
			       bad[i].named, outcome.log);
			AP_ROW(failed, outcome.n_messages == 0, "row %zu: the user was told \"%s\"", i,
			       outcome.messages[0]);
		}
		free(arguments);
	}
	(void)unlink(compiler);
	free(compiler);
	AP_ROWS_END(failed);
}

/* What a service file cannot hold, but a caller can. */
static void test_options_of_any_bytes_let_nobody_in(void **state)
{
	static const char *const words[] = { "\n", "\x1b[2J", "\xff\xfe", "message=\x01", "client=\xff" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(words); i++) {
		char *arguments = ap_fixture_arguments(words[i]);

		AP_ROW(failed,
		       ap_fixture_entry_point("pam_sm_acct_mgmt", arguments, "alice@white.test", "10.0.0.1") ==
			       PAM_SERVICE_ERR,
		       "row %zu", i);
		free(arguments);
	}
	AP_ROWS_END(failed);
}

/* debug tells more in the log, and decides nothing else. */
static void test_debug_changes_no_answer(void **state)
{
	ap_pam_outcome with, without;

	(void)state;
	ap_fixture_ask_with("debug", &ap_fixture_denied, AP_PAM_ACCOUNT, &with);
	ap_fixture_ask_with("", &ap_fixture_denied, AP_PAM_ACCOUNT, &without);
	assert_int_equal(with.code, without.code);
	assert_int_equal(with.n_messages, without.n_messages);
	assert_string_equal(with.messages[0], without.messages[0]);
	assert_non_null(strstr(with.log, without.log));
	assert_non_null(strstr(with.log, "Watch \\\"closely\\\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_are_taken),
		cmocka_unit_test(test_options_that_are_wrong_let_nobody_in),
		cmocka_unit_test(test_options_of_any_bytes_let_nobody_in),
		cmocka_unit_test(test_debug_changes_no_answer),
	};

	return cmocka_run_group_tests(tests, ap_fixture_set_up, ap_fixture_tear_down);
}
