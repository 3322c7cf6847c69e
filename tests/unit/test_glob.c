/* Hints of client types: exact text, or a pattern of * and ?. */
#include "../../lib/login/glob.h"
#include "rows.h"

#include <string.h>

static const struct {
	const char *pattern;
	const char *text;
	bool matches;
} rows[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "a", "", false },
	{ "a", "a", true },
	{ "a", "A", false },
	{ "A", "a", false },
	{ "sshd", "sshd", true },
	{ "sshd", "sshd2", false },
	{ "sshd2", "sshd", false },
	{ "ssh", "sshd", false },
	{ "shd", "sshd", false },
	{ "*", "", true },
	{ "*", "anything at all", true },
	{ "**", "", true },
	{ "***", "abc", true },
	{ "?", "", false },
	{ "?", "a", true },
	{ "?", "ab", false },
	{ "??", "ab", true },
	{ "?", "\xc3\xa4", false },
	{ "??", "\xc3\xa4", true },
	{ "?", "?", true },
	{ "*", "*", true },
	{ "kiosk-*", "kiosk-", true },
	{ "kiosk-*", "kiosk-7", true },
	{ "kiosk-*", "kiosk", false },
	{ "kiosk-*", "a-kiosk-7", false },
	{ "*-1143", "dovecot-policy-imap-1143", true },
	{ "*-1143", "dovecot-policy-imap-1143-", false },
	{ "*-1143", "-1143-1143", true },
	{ "dovecot-policy-*-1143", "dovecot-policy-imap-1143", true },
	{ "dovecot-policy-*-1143", "dovecot-policy--1143", true },
	{ "dovecot-policy-*-1143", "dovecot-policy-1143", false },
	{ "dovecot-policy-*-1143", "dovecot-policy-imap-143", false },
	{ "*a*b*c*", "xxaxxbxxcxx", true },
	{ "*a*b*c*", "xxaxxcxxbxx", false },
	{ "a*a", "a", false },
	{ "a*a", "aa", true },
	{ "*aab", "aaaab", true },
	{ "*ab?", "abcabd", true },
	{ "?*", "", false },
	{ "?*", "a", true },
	{ "*?", "", false },
	{ "*?", "abc", true },
	/* nothing else is special */
	{ "[a-z]", "a", false },
	{ "[a-z]", "[a-z]", true },
	{ "\\*", "*", false },
	{ "\\*", "\\x", true },
	{ "{a,b}", "a", false },
	{ "a/*", "a/b/c", true },
	{ "*", ".hidden", true },
	{ "%s%n", "%s%n", true },
	{ "KIOSK=*", "KIOSK=", true },
	{ "KIOSK=*", "KIOSK2=1", false },
};

static void test_glob_rows(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++)
		AP_ROW(failed, ap_glob_match(rows[i].pattern, rows[i].text) == rows[i].matches,
		       "row %zu: \"%s\" and \"%s\"", i, rows[i].pattern, rows[i].text);
	AP_ROWS_END(failed);
}

/* A matcher that tries every split would not come back from this. */
static void test_glob_time_is_bounded(void **state)
{
	static char text[65536];
	char pattern[201];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	for (size_t i = 0; i < 100; i++)
		memcpy(pattern + 2 * i, "*a", 3);
	assert_true(ap_glob_match(pattern, text));
	pattern[199] = 'b';
	assert_false(ap_glob_match(pattern, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_glob_rows),
		cmocka_unit_test(test_glob_time_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
