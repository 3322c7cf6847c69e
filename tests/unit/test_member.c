/* A login name, made comparable. */
#include "../../lib/login/member.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	const char *default_domain;
	const char *text;
	size_t name_len;
	const char *domain;
	bool malformed;
} rows[] = {
	{ "alice@example.com", NULL, "alice@example.com", 5, "example.com", false },
	{ "Alice@Example.COM", NULL, "alice@example.com", 5, "example.com", false },
	{ "Alice@Example.COM", "example.org", "alice@example.com", 5, "example.com", false },
	{ "alice", NULL, "alice", 5, NULL, false },
	{ "alice", "", "alice", 5, NULL, false },
	{ "ALICE", "example.com", "alice@example.com", 5, "example.com", false },
	{ "alice", "Example.COM", "alice@example.com", 5, "example.com", false },
	{ "a@b@c", NULL, "a@b@c", 3, "c", false },
	{ "a@b@c", "d", "a@b@c", 3, "c", false },
	{ "al ice", NULL, "al ice", 6, NULL, false },
	{ "al%n%sice", NULL, "al%n%sice", 9, NULL, false },
	/* only ASCII letters have another case here */
	{ "\xc3\x84RGER", NULL, "\xc3\x84rger", 6, NULL, false },
	{ "[]^_`{}~", NULL, "[]^_`{}~", 8, NULL, false },
	{ "", NULL, "", 0, NULL, true },
	{ "", "example.com", "@example.com", 0, "example.com", true },
	{ "@", NULL, "@", 0, "", true },
	{ "@example.com", NULL, "@example.com", 0, "example.com", true },
	{ "alice@", NULL, "alice@", 5, "", true },
	{ "alice@", "example.com", "alice@", 5, "", true },
	{ "al\nice", NULL, "al\nice", 6, NULL, true },
	{ "al\x7fice@example.com", NULL, "al\x7fice@example.com", 6, "example.com", true },
	{ "alice@exa\tmple.com", NULL, "alice@exa\tmple.com", 5, "exa\tmple.com", true },
	{ "\x01", "example.com", "\x01@example.com", 1, "example.com", true },
	{ "al\x1b[31mice", NULL, "al\x1b[31mice", 10, NULL, true },
};

static void test_member_rows(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_member member;
		bool same_domain;

		assert_true(ap_member_init(&member, rows[i].name, rows[i].default_domain));
		AP_ROW(failed, strcmp(member.text, rows[i].text) == 0, "row %zu: \"%s\" became \"%s\"", i, rows[i].name,
		       member.text);
		AP_ROW(failed, member.name_len == rows[i].name_len, "row %zu: \"%s\": name of %zu bytes", i,
		       rows[i].name, member.name_len);
		same_domain = (member.domain == NULL) == (rows[i].domain == NULL) &&
			      (member.domain == NULL || strcmp(member.domain, rows[i].domain) == 0);
		AP_ROW(failed, same_domain, "row %zu: \"%s\": domain \"%s\"", i, rows[i].name,
		       member.domain != NULL ? member.domain : "(none)");
		AP_ROW(failed, member.malformed == rows[i].malformed, "row %zu: \"%s\": malformed is %d", i,
		       rows[i].name, member.malformed);
		ap_member_clear(&member);
		AP_ROW(failed, member.text == NULL && member.domain == NULL && member.name_len == 0,
		       "row %zu: not zeroed", i);
	}
	AP_ROWS_END(failed);
}

static void test_member_clear_may_be_called_again(void **state)
{
	ap_member member;

	(void)state;
	memset(&member, 0, sizeof(member));
	ap_member_clear(&member);
	assert_true(ap_member_init(&member, "alice", "example.com"));
	ap_member_clear(&member);
	ap_member_clear(&member);
	assert_null(member.text);
}

static void test_member_takes_64_kilobytes(void **state)
{
	static char name[65537];
	ap_member member;

	(void)state;
	memset(name, 'A', sizeof(name) - 1);
	assert_true(ap_member_init(&member, name, "example.com"));
	assert_int_equal(member.name_len, sizeof(name) - 1);
	assert_int_equal(strlen(member.text), sizeof(name) - 1 + strlen("@example.com"));
	assert_int_equal(strspn(member.text, "a"), sizeof(name) - 1);
	assert_string_equal(member.domain, "example.com");
	assert_false(member.malformed);
	ap_member_clear(&member);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_member_rows),
		cmocka_unit_test(test_member_clear_may_be_called_again),
		cmocka_unit_test(test_member_takes_64_kilobytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
