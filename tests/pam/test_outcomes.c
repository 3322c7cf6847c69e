/* The table from outcome to PAM code, row by row; the log line of each; and what the user is shown. */
#include "fixture.h"
#include "rows.h"
#include "scratch.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *what;
	const char *user;
	const char *rhost;
	const char *options;
	int account;
	int auth;
	const char *logged; /* part of the line */
} outcomes[] = {
	{ "allowed by a whitelist", "a@white.test", "10.0.0.1", "", PAM_SUCCESS, PAM_IGNORE,
	  "decision=allow reason=whitelisted policy=\"White\"" },
	{ "allowed by default", "a@else.test", "10.0.0.1", "", PAM_SUCCESS, PAM_IGNORE,
	  "decision=allow reason=default policy=-" },
	{ "denied by a blacklist", "a@black.test", "10.0.0.1", "", PAM_PERM_DENIED, PAM_PERM_DENIED,
	  "decision=deny reason=blacklisted policy=\"Black\"" },
	{ "denied by a whitelist", "a@white.test", "192.0.2.1", "", PAM_PERM_DENIED, PAM_PERM_DENIED,
	  "decision=deny reason=not-whitelisted policy=\"White\"" },
	{ "undetermined", "a@white.test", NULL, "client=web", PAM_PERM_DENIED, PAM_PERM_DENIED,
	  "decision=deny reason=undetermined policy=\"White\"" },
	{ "allowed, success written", "a@white.test", "10.0.0.1", "allowed=success", PAM_SUCCESS, PAM_SUCCESS,
	  "decision=allow" },
	{ "default, success written", "a@else.test", "10.0.0.1", "allowed=success", PAM_SUCCESS, PAM_SUCCESS,
	  "decision=allow" },
	{ "denied, success written", "a@black.test", "10.0.0.1", "allowed=success", PAM_PERM_DENIED, PAM_PERM_DENIED,
	  "decision=deny" },
	{ "undetermined, success written", "a@white.test", NULL, "client=web allowed=success", PAM_PERM_DENIED,
	  PAM_PERM_DENIED, "decision=deny" },
	{ "allowed, user-unknown written", "a@white.test", "10.0.0.1", "allowed=user-unknown", PAM_USER_UNKNOWN,
	  PAM_USER_UNKNOWN, "decision=allow" },
	{ "denied, user-unknown written", "a@black.test", "10.0.0.1", "allowed=user-unknown", PAM_PERM_DENIED,
	  PAM_PERM_DENIED, "decision=deny" },
	{ "no user", NULL, "10.0.0.1", "", PAM_SERVICE_ERR, PAM_SERVICE_ERR, "user" },
	{ "no user, user-unknown written", NULL, "10.0.0.1", "allowed=user-unknown", PAM_SERVICE_ERR, PAM_SERVICE_ERR,
	  "user" },
};

static void test_outcomes_have_their_codes(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(outcomes); i++) {
		const ap_pam_login login = { .service = "test", .user = outcomes[i].user, .rhost = outcomes[i].rhost };
		char *arguments = ap_fixture_arguments(outcomes[i].options);
		ap_pam_outcome outcome;
		int auth =
			ap_fixture_entry_point("pam_sm_authenticate", arguments, outcomes[i].user, outcomes[i].rhost);
		int account =
			ap_fixture_entry_point("pam_sm_acct_mgmt", arguments, outcomes[i].user, outcomes[i].rhost);

		AP_ROW(failed, auth == outcomes[i].auth, "row %zu (%s): auth: %d", i, outcomes[i].what, auth);
		AP_ROW(failed, account == outcomes[i].account, "row %zu (%s): account: %d", i, outcomes[i].what,
		       account);
		ap_fixture_ask(arguments, &login, AP_PAM_ACCOUNT, &outcome);
		AP_ROW(failed, outcome.code == outcomes[i].account, "row %zu (%s): PAM: %d", i, outcomes[i].what,
		       outcome.code);
		AP_ROW(failed, ap_fixture_clean_log(&outcome, 1), "row %zu (%s): log: %s", i, outcomes[i].what,
		       outcome.log);
		AP_ROW(failed, strstr(outcome.log, outcomes[i].logged) != NULL, "row %zu (%s): log: %s", i,
		       outcomes[i].what, outcome.log);
		free(arguments);
	}
	AP_ROWS_END(failed);
}

/* A host that asks nobody: without a user the module does not ask for one. */
static void test_without_a_user_nothing_is_asked(void **state)
{
	const ap_pam_login login = { .service = "test", .rhost = "10.0.0.1", .reply = "alice@white.test" };
	ap_pam_outcome outcome;

	(void)state;
	ap_fixture_ask_with("", &login, AP_PAM_ACCOUNT, &outcome);
	assert_int_equal(outcome.code, PAM_SERVICE_ERR);
	assert_int_equal(outcome.n_messages, 0);
}

static void test_other_phases_are_ignored(void **state)
{
	static const char *const names[] = { "pam_sm_setcred", "pam_sm_open_session", "pam_sm_close_session",
					     "pam_sm_chauthtok" };
	char *arguments = ap_fixture_arguments("");
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(names); i++) {
		AP_ROW(failed, ap_fixture_entry_point(names[i], arguments, "a@white.test", "10.0.0.1") == PAM_IGNORE,
		       "%s", names[i]);
		AP_ROW(failed, ap_fixture_entry_point(names[i], arguments, "a@black.test", "10.0.0.1") == PAM_IGNORE,
		       "%s", names[i]);
		AP_ROW(failed, ap_fixture_entry_point(names[i], "bogus", NULL, "10.0.0.1") == PAM_IGNORE, "%s",
		       names[i]);
	}
	free(arguments);
	AP_ROWS_END(failed);
}

/* As whole stacks: what the answers above make of one that asks for a password, and of one that does not. */
static void test_outcomes_in_stacks(void **state)
{
	static const struct {
		const char *format;
		ap_pam_phase phase;
		int allowed, denied;
	} stacks[] = {
		{ "auth required pam_permit.so\nauth required @MODULE@ %s\n", AP_PAM_AUTH, PAM_SUCCESS,
		  PAM_PERM_DENIED },
		{ "auth required @MODULE@ %s\nauth required pam_permit.so\n", AP_PAM_AUTH, PAM_SUCCESS,
		  PAM_PERM_DENIED },
		{ "auth required @MODULE@ %s\nauth required pam_deny.so\n", AP_PAM_AUTH, PAM_AUTH_ERR,
		  PAM_PERM_DENIED },
		{ "auth sufficient @MODULE@ %s\nauth required pam_deny.so\n", AP_PAM_AUTH, PAM_AUTH_ERR, PAM_AUTH_ERR },
		{ "account required @MODULE@ %s\naccount required pam_permit.so\n", AP_PAM_ACCOUNT, PAM_SUCCESS,
		  PAM_PERM_DENIED },
		{ "account required pam_permit.so\naccount required @MODULE@ %s\n", AP_PAM_ACCOUNT, PAM_SUCCESS,
		  PAM_PERM_DENIED },
		{ "session required @MODULE@ %s\nsession required pam_permit.so\n", AP_PAM_SESSION, PAM_SUCCESS,
		  PAM_SUCCESS },
	};
	char *arguments = ap_fixture_arguments("");
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(stacks); i++) {
		ap_pam_outcome allowed, denied;
		size_t before = (size_t)(strstr(stacks[i].format, "%s") - stacks[i].format);
		char lines[4096];

		(void)snprintf(lines, sizeof(lines), "%.*s%s%s", (int)before, stacks[i].format, arguments,
			       stacks[i].format + before + 2);
		ap_pam_write_stack(ap_fixture_confdir, "test", lines);
		ap_pam_run(ap_fixture_confdir, &ap_fixture_allowed, stacks[i].phase, &allowed);
		ap_pam_run(ap_fixture_confdir, &ap_fixture_denied, stacks[i].phase, &denied);
		AP_ROW(failed, allowed.code == stacks[i].allowed, "stack %zu: allowed: %d", i, allowed.code);
		AP_ROW(failed, denied.code == stacks[i].denied, "stack %zu: denied: %d", i, denied.code);
	}
	free(arguments);
	AP_ROWS_END(failed);
}

/* The line names everything that an administrator looks for, and is worth a notice only where it denies. */
static void test_log_line_tells_all(void **state)
{
	const ap_pam_login login = { .service = "webmail", .user = "Alice@black.test", .rhost = "::ffff:10.0.0.1" };
	static const char *const parts[] = { "decision=deny",
					     "reason=blacklisted",
					     "policy=\"Black\"",
					     "accesspolicy.conf\"",
					     "user=\"alice@black.test\"",
					     "ip=10.0.0.1 rhost=\"::ffff:10.0.0.1\"",
					     "client=\"web\" client_source=hint",
					     "service=\"webmail\"",
					     "tty=- ruser=- would=- unknown=-" };
	ap_pam_outcome outcome;
	int failed = 0;

	(void)state;
	ap_fixture_ask_with("", &login, AP_PAM_ACCOUNT, &outcome);
	for (size_t i = 0; i < AP_N(parts); i++)
		AP_ROW(failed, strstr(outcome.log, parts[i]) != NULL, "%s is not in %s", parts[i], outcome.log);
	/* "Black" is written in the fourth line */
	AP_ROW(failed, strstr(outcome.log, "line=4") != NULL || strstr(outcome.log, ".conf:4") != NULL, "%s",
	       outcome.log);
	AP_ROW(failed, strstr(outcome.log, "pam_accesspolicy(webmail:account)") != NULL, "%s", outcome.log);
	AP_ROWS_END(failed);
}

/* A host may end its process when its client is gone at the prompt: by then the denial stands in the log. */
static void test_the_log_is_written_before_the_message(void **state)
{
	const ap_pam_login login = { .service = "webmail", .user = "a@black.test", .rhost = "10.0.0.1" };
	ap_pam_outcome outcome;

	(void)state;
	ap_fixture_ask_with("", &login, AP_PAM_ACCOUNT, &outcome);
	assert_int_equal(outcome.n_messages, 1);
	assert_int_equal(outcome.n_lines_before, 1);
}

/* No environment is not an empty one: a hint may wait for it. */
static void test_an_environment_that_cannot_be_had_lets_nobody_in(void **state)
{
	const ap_pam_login login = {
		.service = "test", .user = "a@else.test", .rhost = "10.0.0.1", .environment_fails = true
	};
	ap_pam_outcome outcome;

	(void)state;
	ap_fixture_ask_with("", &login, AP_PAM_ACCOUNT, &outcome);
	assert_int_equal(outcome.code, PAM_SERVICE_ERR);
	assert_non_null(strstr(outcome.log, "the PAM environment cannot be had"));
}

/* A report-only policy that would have changed the decision is told, and nothing else comes of it. */
static void test_report_only_is_logged(void **state)
{
	const ap_pam_login login = { .service = "test", .user = "a@watch.test", .rhost = "10.0.0.1" };
	ap_pam_outcome outcome;

	(void)state;
	ap_fixture_ask_with("", &login, AP_PAM_ACCOUNT, &outcome);
	assert_int_equal(outcome.code, PAM_SUCCESS);
	assert_int_equal(outcome.n_messages, 0);
	assert_int_equal(outcome.n_lines, 1);
	assert_non_null(strstr(outcome.log, "user=\"a@watch.test\""));
	assert_non_null(strstr(outcome.log, "would=\"Watch \\\"closely\\\"\""));
	assert_true(ap_fixture_clean_log(&outcome, outcome.n_lines));
}

/*
 * Messages
 */

static const struct {
	const char *what;
	const char *options;
	ap_pam_login login;
	int code;
	int style; /* 0: nothing is shown */
	const char *message;
	bool wiped;
} messages[] = {
#define DENIED .service = "test", .user = "a@black.test", .rhost = "10.0.0.1"
#define WORDS .service = "test", .user = "a@words.test", .rhost = "10.0.0.1"
	{ "by default as an error", "", { DENIED }, PAM_PERM_DENIED, PAM_ERROR_MSG, "Not from here.", false },
	{ "error", "message=error", { DENIED }, PAM_PERM_DENIED, PAM_ERROR_MSG, "Not from here.", false },
	{ "info", "message=info", { DENIED }, PAM_PERM_DENIED, PAM_TEXT_INFO, "Not from here.", false },
	{ "prompt",
	  "message=prompt",
	  { DENIED, .reply = "the user's secret" },
	  PAM_PERM_DENIED,
	  PAM_PROMPT_ECHO_OFF,
	  "Not from here.",
	  true },
	{ "prompt, an empty reply",
	  "message=prompt",
	  { DENIED, .reply = "" },
	  PAM_PERM_DENIED,
	  PAM_PROMPT_ECHO_OFF,
	  "Not from here.",
	  true },
	{ "prompt, no reply",
	  "message=prompt",
	  { DENIED, .conversation = AP_CONV_NO_REPLY },
	  PAM_PERM_DENIED,
	  PAM_PROMPT_ECHO_OFF,
	  "Not from here.",
	  false },
	{ "none", "message=none", { DENIED }, PAM_PERM_DENIED, 0, NULL, false },
	{ "silent", "", { DENIED, .flags = PAM_SILENT }, PAM_PERM_DENIED, 0, NULL, false },
	{ "silent, prompt",
	  "message=prompt",
	  { DENIED, .flags = PAM_SILENT, .reply = "x" },
	  PAM_PERM_DENIED,
	  0,
	  NULL,
	  false },
	{ "silent, obeyed", "silent=obey", { DENIED, .flags = PAM_SILENT }, PAM_PERM_DENIED, 0, NULL, false },
	{ "silent, ignored",
	  "silent=ignore",
	  { DENIED, .flags = PAM_SILENT },
	  PAM_PERM_DENIED,
	  PAM_ERROR_MSG,
	  "Not from here.",
	  false },
	{ "silent, ignored, and nothing to say",
	  "silent=ignore message=none",
	  { DENIED, .flags = PAM_SILENT },
	  PAM_PERM_DENIED,
	  0,
	  NULL,
	  false },
	{ "not silent, and ignored if it were",
	  "silent=ignore",
	  { DENIED },
	  PAM_PERM_DENIED,
	  PAM_ERROR_MSG,
	  "Not from here.",
	  false },
	{ "another flag",
	  "",
	  { DENIED, .flags = PAM_DISALLOW_NULL_AUTHTOK },
	  PAM_PERM_DENIED,
	  PAM_ERROR_MSG,
	  "Not from here.",
	  false },
	{ "no conversation", "", { DENIED, .conversation = AP_CONV_NONE }, PAM_PERM_DENIED, 0, NULL, false },
	{ "no conversation, prompt",
	  "message=prompt",
	  { DENIED, .conversation = AP_CONV_NONE },
	  PAM_PERM_DENIED,
	  0,
	  NULL,
	  false },
	{ "a conversation that fails", "", { DENIED, .conversation = AP_CONV_FAILS }, PAM_PERM_DENIED, 0, NULL, false },
	{ "a prompt that fails",
	  "message=prompt",
	  { DENIED, .conversation = AP_CONV_FAILS },
	  PAM_PERM_DENIED,
	  0,
	  NULL,
	  false },
	{ "one line, without what a protocol could misread",
	  "",
	  { WORDS },
	  PAM_PERM_DENIED,
	  PAM_ERROR_MSG,
	  "ALERT] Ask the desk, 100% %s sure.",
	  false },
	{ "the same as a prompt",
	  "message=prompt",
	  { WORDS, .reply = "x" },
	  PAM_PERM_DENIED,
	  PAM_PROMPT_ECHO_OFF,
	  "ALERT] Ask the desk, 100% %s sure.",
	  true },
	{ "nothing is said to those who may",
	  "message=prompt",
	  { .service = "test", .user = "a@white.test", .rhost = "10.0.0.1", .reply = "x" },
	  PAM_SUCCESS,
	  0,
	  NULL,
	  false },
};

static void check_message(size_t i, ap_pam_phase phase, int *ret_failed)
{
	ap_pam_outcome outcome;
	int failed = 0;

	ap_fixture_ask_with(messages[i].options, &messages[i].login, phase, &outcome);
	if (phase == AP_PAM_ACCOUNT || messages[i].code != PAM_SUCCESS)
		AP_ROW(failed, outcome.code == messages[i].code, "row %zu (%s): %d", i, messages[i].what, outcome.code);
	AP_ROW(failed, outcome.n_messages == (messages[i].style != 0 ? 1 : 0), "row %zu (%s): %zu messages", i,
	       messages[i].what, outcome.n_messages);
	if (messages[i].style != 0) {
		AP_ROW(failed, outcome.styles[0] == messages[i].style, "row %zu (%s): style %d", i, messages[i].what,
		       outcome.styles[0]);
		AP_ROW(failed, strcmp(outcome.messages[0], messages[i].message) == 0, "row %zu (%s): \"%s\"", i,
		       messages[i].what, outcome.messages[0]);
	}
	AP_ROW(failed, outcome.reply_wiped == messages[i].wiped, "row %zu (%s): the reply was%s wiped", i,
	       messages[i].what, outcome.reply_wiped ? "" : " not");
	AP_ROW(failed,
	       messages[i].login.reply == NULL || messages[i].login.reply[0] == '\0' ||
		       strlen(messages[i].login.reply) < 3 || strstr(outcome.log, messages[i].login.reply) == NULL,
	       "row %zu: the reply is in the log", i);
	/* of a conversation that fails libpam itself writes a line too */
	AP_ROW(failed, ap_fixture_clean_log(&outcome, messages[i].login.conversation == AP_CONV_FAILS ? 2 : 1),
	       "row %zu: log: %s", i, outcome.log);
	*ret_failed += failed;
}

static void test_messages(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(messages); i++) {
		check_message(i, AP_PAM_ACCOUNT, &failed);
		check_message(i, AP_PAM_AUTH, &failed);
	}
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes_have_their_codes),
		cmocka_unit_test(test_without_a_user_nothing_is_asked),
		cmocka_unit_test(test_other_phases_are_ignored),
		cmocka_unit_test(test_outcomes_in_stacks),
		cmocka_unit_test(test_log_line_tells_all),
		cmocka_unit_test(test_the_log_is_written_before_the_message),
		cmocka_unit_test(test_an_environment_that_cannot_be_had_lets_nobody_in),
		cmocka_unit_test(test_report_only_is_logged),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, ap_fixture_set_up, ap_fixture_tear_down);
}
