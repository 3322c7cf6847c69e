/* Anything at all in any item: a decision, never a crash, and a clean log line. */
#include "fixture.h"
#include "prng.h"
#include "rows.h"

#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>

static char big[65537]; /* 64 KB and its end */

static const struct {
	const char *what;
	const char *text;
} hostile[] = {
	{ "nothing", "" },
	{ "a blank", " " },
	{ "a newline", "\n" },
	{ "a second log line", "x\npam_unix(sshd:auth): decision=allow user=root" },
	{ "a carriage return", "x\rdecision=allow" },
	{ "terminal control", "\x1b[2J\x1b]0;x\x07" },
	{ "C1 control", "\xc2\x9b"
			"31m" },
	{ "DEL", "\x7f" },
	{ "all of C0", "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17"
		       "\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f" },
	{ "format directives", "%s%s%s%s%n%n%x%100000d%1$*2$s" },
	{ "quotes", "\" policy=\"White\" decision=allow \"" },
	{ "backslashes", "\\\\\\x41\\" },
	{ "no UTF-8", "\xff\xfe\x80\xc0\xaf" },
	{ "a line separator", "a\xe2\x80\xa8"
			      "b" },
	{ "right to left", "a\xe2\x80\xae"
			   "txt.exe" },
	{ "a host name", "mail.example.com" },
	{ "an address with a port", "192.0.2.1:993" },
	{ "an IPv6 address with a port", "[2001:db8::1]:993" },
	{ "an enormous address",
	  "1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111" },
	{ "many colons", "::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::" },
	{ "many percents", "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%" },
	{ "brackets", "[[[[[[[[]]]]]]]]" },
	{ "a path", "../../../../etc/passwd" },
	{ "64 KB", big },
};

/* What the login is with the text in one item, the others being in order. */
static ap_pam_login login_with(size_t item, const char *text, const char **env)
{
	ap_pam_login login = {
		.service = "test", .user = "alice@white.test", .rhost = "10.0.0.1", .tty = "ssh", .ruser = "joe"
	};
	static char variable[sizeof(big) + 32];

	switch (item) {
	case 0:
		login.user = text;
		break;
	case 1:
		login.rhost = text;
		break;
	case 2:
		login.tty = text;
		break;
	case 3:
		login.ruser = text;
		break;
	default:
		(void)snprintf(variable, sizeof(variable), "SSH_CONNECTION=%s", text);
		env[0] = variable;
		env[1] = NULL;
		login.env = env;
		login.service = "sshd";
		login.rhost = "not.an.address";
	}
	return login;
}

static const char *const item_names[] = { "PAM_USER", "PAM_RHOST", "PAM_TTY", "PAM_RUSER", "SSH_CONNECTION" };

/*
 * libpam tells the kernel's audit of every answer, where it may; audit refuses items of 64 KB, and libpam then fails.
 */
static bool audit_failed(const char *text, int code)
{
	return code == PAM_SYSTEM_ERR && text == big;
}

/* White holds 10.0.0.0/8 for white.test, so each of these is known: who is not in that domain gets in by default. */
static bool code_is_right(size_t item, const char *text, const ap_pam_outcome *outcome)
{
	bool allowed = strstr(outcome->log, "decision=allow") != NULL;
	bool denied = strstr(outcome->log, "decision=deny") != NULL;

	if (audit_failed(text, outcome->code))
		return allowed || denied;
	if (item == 2 || item == 3)
		return outcome->code == PAM_SUCCESS;
	return outcome->code == PAM_SUCCESS || outcome->code == PAM_PERM_DENIED;
}

/* The module's own lines alone: of that libpam tells once. */
static void drop_audit_line(ap_pam_outcome *outcome)
{
	char *line = strstr(outcome->log, "<2> PAM audit_log_acct_message()");

	if (line == NULL)
		return;
	*line = '\0';
	outcome->n_lines--;
}

static void test_hostile_items_get_a_decision_and_a_clean_line(void **state)
{
	static const char *const options[] = { "message=prompt", "debug" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(hostile) * AP_N(item_names) * AP_N(options); i++) {
		size_t which = i / AP_N(options) / AP_N(item_names), item = i / AP_N(options) % AP_N(item_names);
		const char *env[2];
		ap_pam_login login = login_with(item, hostile[which].text, env);
		ap_pam_outcome outcome;

		ap_fixture_ask_with(options[i % AP_N(options)], &login, AP_PAM_ACCOUNT, &outcome);
		AP_ROW(failed, code_is_right(item, hostile[which].text, &outcome), "%s in %s: %d: %s",
		       hostile[which].what, item_names[item], outcome.code, outcome.log);
		drop_audit_line(&outcome);
		AP_ROW(failed, ap_fixture_clean_log(&outcome, outcome.n_lines) && outcome.n_lines > 0,
		       "%s in %s: log: %s", hostile[which].what, item_names[item], outcome.log);
		AP_ROW(failed, i % 2 != 0 || outcome.n_lines == 1, "%s in %s: %zu lines: %s", hostile[which].what,
		       item_names[item], outcome.n_lines, outcome.log);
		AP_ROW(failed, strlen(outcome.log) < 8192, "%s in %s: a log line of %zu bytes", hostile[which].what,
		       item_names[item], strlen(outcome.log));
	}
	AP_ROWS_END(failed);
}

/* Where the address cannot be read it is unknown, not absent: nobody gets past a whitelist so. */
static void test_unreadable_addresses_are_denied(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(hostile); i++) {
		const ap_pam_login login = { .service = "test", .user = "a@white.test", .rhost = hostile[i].text };
		ap_pam_outcome outcome;

		ap_fixture_ask_with("client=web", &login, AP_PAM_ACCOUNT, &outcome);
		AP_ROW(failed,
		       (outcome.code == PAM_PERM_DENIED || audit_failed(hostile[i].text, outcome.code)) &&
			       strstr(outcome.log, "undetermined") != NULL,
		       "%s: %d: %s", hostile[i].what, outcome.code, outcome.log);
	}
	AP_ROWS_END(failed);
}

/* libpam writes the service into its own prefix; what the module writes of it is clean. */
static void test_hostile_service_names(void **state)
{
	static const char *const names[] = { "a\nb", "\x1b[2j", "%s%n", "\xff", "a b", "\"" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(names); i++) {
		ap_pam_login login = { .service = names[i], .user = "a@black.test", .rhost = "10.0.0.1" };
		ap_pam_outcome outcome;

		ap_fixture_ask_with("", &login, AP_PAM_ACCOUNT, &outcome);
		AP_ROW(failed, outcome.code == PAM_PERM_DENIED, "row %zu: %d", i, outcome.code);
		AP_ROW(failed, ap_fixture_clean_log(&outcome, 1), "row %zu: %s", i, outcome.log);
	}
	AP_ROWS_END(failed);
}

static void fill_randomly(ap_prng *prng, char *text, size_t size)
{
	size_t n = ap_prng_below(prng, (uint32_t)size);

	for (size_t i = 0; i < n; i++)
		text[i] = (char)(1 + ap_prng_below(prng, 255));
	text[n] = '\0';
}

static void test_random_items(void **state)
{
	ap_prng prng = ap_prng_seeded(31);
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		char user[64], rhost[64], tty[64], ruser[64];
		const ap_pam_login login = {
			.service = "test", .user = user, .rhost = rhost, .tty = tty, .ruser = ruser
		};
		ap_pam_outcome outcome;

		fill_randomly(&prng, user, sizeof(user));
		fill_randomly(&prng, rhost, sizeof(rhost));
		fill_randomly(&prng, tty, sizeof(tty));
		fill_randomly(&prng, ruser, sizeof(ruser));
		ap_fixture_ask_with("debug", &login, AP_PAM_ACCOUNT, &outcome);
		AP_ROW(failed, outcome.code == PAM_SUCCESS || outcome.code == PAM_PERM_DENIED, "login %zu: %d", i,
		       outcome.code);
		AP_ROW(failed, ap_fixture_clean_log(&outcome, outcome.n_lines), "login %zu: %s", i, outcome.log);
	}
	AP_ROWS_END(failed);
}

static int set_up(void **state)
{
	memset(big, 'A', sizeof(big) - 1);
	return ap_fixture_set_up(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_items_get_a_decision_and_a_clean_line),
		cmocka_unit_test(test_unreadable_addresses_are_denied),
		cmocka_unit_test(test_hostile_service_names),
		cmocka_unit_test(test_random_items),
	};

	return cmocka_run_group_tests(tests, set_up, ap_fixture_tear_down);
}
