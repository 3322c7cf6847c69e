/* Is this login in that group: with name services that answer, fail, or do neither. */
#include "../../lib/login/nss.h"
#include "rows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* How one look-up behaves, and how often it was asked. */
typedef struct {
	int result;  /* an errno, or 0 */
	int n_times; /* how often `result` is answered before the truth is; -1: always */
	size_t room; /* ERANGE for smaller buffers */
	size_t n_asked;
	char last_name[300];
} behaviour;

/* The system of the test: alice (group 100) is listed in "listed", gets "extra" from getgrouplist; bob is missing. */
static behaviour passwd_behaviour, group_behaviour, list_behaviour;
static int n_groups; /* that getgrouplist has to tell */
static const char *account_name = "alice";

enum { PRIMARY = 100, LISTED = 200, EXTRA = 300, EMPTY = 400 };

static bool fails(behaviour *b, const char *name, size_t room, int *ret_result)
{
	b->n_asked++;
	if (name != NULL)
		(void)snprintf(b->last_name, sizeof(b->last_name), "%s", name);
	if (b->n_times != 0) {
		b->n_times -= b->n_times > 0;
		*ret_result = b->result;
		return true;
	}
	*ret_result = ERANGE;
	return room < b->room;
}

static int fake_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **ret)
{
	int result;

	*ret = NULL;
	if (fails(&passwd_behaviour, name, size, &result))
		return result;
	if (strcmp(name, account_name) != 0)
		return 0;
	assert_true(size > 100);
	(void)snprintf(buffer, size, "%s", account_name);
	*entry = (struct passwd){ .pw_name = buffer,
				  .pw_passwd = buffer,
				  .pw_gecos = buffer,
				  .pw_dir = buffer,
				  .pw_shell = buffer,
				  .pw_uid = 1000,
				  .pw_gid = PRIMARY };
	*ret = entry;
	return 0;
}

static int fake_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, struct group **ret)
{
	static const struct {
		const char *name;
		gid_t gid;
	} known[] = { { "primary", PRIMARY }, { "listed", LISTED }, { "extra", EXTRA }, { "empty", EMPTY } };
	int result;

	*ret = NULL;
	if (fails(&group_behaviour, name, size, &result))
		return result;
	for (size_t i = 0; i < AP_N(known); i++) {
		char **members = (char **)(void *)buffer;

		if (strcmp(name, known[i].name) != 0)
			continue;
		assert_true(size > 100);
		members[0] = known[i].gid == LISTED ? buffer + 32 : NULL;
		members[1] = NULL;
		(void)snprintf(buffer + 32, size - 32, "%s", account_name);
		*entry = (struct group){
			.gr_name = buffer + 32, .gr_passwd = buffer + 32, .gr_gid = known[i].gid, .gr_mem = members
		};
		*ret = entry;
	}
	return 0;
}

static int fake_getgrouplist(const char *name, gid_t primary, gid_t *gids, int *n)
{
	int room = *n, result;

	if (fails(&list_behaviour, name, SIZE_MAX, &result))
		return -1;
	*n = n_groups;
	for (int i = 0; i < n_groups && i < room; i++)
		gids[i] = i == 0 ? primary : i == n_groups - 1 ? EXTRA : (gid_t)(10000 + i);
	return n_groups > room ? -1 : n_groups;
}

static behaviour gid_behaviour;

static int fake_getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **ret)
{
	int result;

	*ret = NULL;
	if (fails(&gid_behaviour, NULL, size, &result))
		return result;
	if (gid != PRIMARY && gid != EXTRA)
		return 0;
	assert_true(size > 100);
	(void)snprintf(buffer, size, "%s", gid == PRIMARY ? "primary" : "extra");
	*entry = (struct group){ .gr_name = buffer, .gr_gid = gid };
	*ret = entry;
	return 0;
}

static const ap_nss fake = { fake_getpwnam_r, fake_getgrnam_r, fake_getgrouplist, fake_getgrgid_r };

static const struct {
	const char *what;
	const char *user;
	const char *group;
	behaviour passwd, groups, list;
	int n_groups;
	ap_tri expected;
} rows[] = {
	{ "the primary group", "alice", "primary", { 0 }, { 0 }, { 0 }, 3, AP_YES },
	{ "a group that lists the account", "alice", "listed", { 0 }, { 0 }, { 0 }, 3, AP_YES },
	{ "a group that only getgrouplist tells", "alice", "extra", { 0 }, { 0 }, { 0 }, 3, AP_YES },
	{ "a group without the account", "alice", "empty", { 0 }, { 0 }, { 0 }, 3, AP_NO },
	{ "more groups than fit at first", "alice", "extra", { 0 }, { 0 }, { 0 }, 1000, AP_YES },
	{ "many groups, none of them this", "alice", "empty", { 0 }, { 0 }, { 0 }, 1000, AP_NO },

	{ "no such account", "bob", "listed", { 0 }, { 0 }, { 0 }, 3, AP_NO },
	/* what glibc hands on from a service that is down is no answer */
	{ "passwd: ENOENT", "alice", "listed", { ENOENT, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN },
	{ "passwd: ESRCH", "alice", "listed", { ESRCH, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN },
	{ "no such account, no such group", "bob", "nowhere", { 0 }, { 0 }, { 0 }, 3, AP_NO },
	{ "no such group", "alice", "nowhere", { 0 }, { 0 }, { 0 }, 3, AP_UNKNOWN },
	{ "group: ENOENT", "alice", "listed", { 0 }, { ENOENT, -1, 0, 0, "" }, { 0 }, 3, AP_UNKNOWN },

	{ "passwd: EIO", "alice", "listed", { EIO, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN },
	{ "passwd: EIO, no such account", "bob", "listed", { EIO, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN },
	{ "passwd: EMFILE", "alice", "listed", { EMFILE, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN },
	{ "passwd: EAGAIN", "alice", "listed", { EAGAIN, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN },
	{ "passwd: ETIMEDOUT", "alice", "listed", { ETIMEDOUT, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN },
	{ "passwd: EINTR once", "alice", "listed", { EINTR, 1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_YES },
	{ "passwd: EINTR for ever", "alice", "listed", { EINTR, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN },
	{ "passwd: needs 100 KB", "alice", "listed", { 0, 0, 100000, 0, "" }, { 0 }, { 0 }, 3, AP_YES },
	{ "passwd: ERANGE for ever", "alice", "listed", { ERANGE, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN },

	{ "group: EIO", "alice", "listed", { 0 }, { EIO, -1, 0, 0, "" }, { 0 }, 3, AP_UNKNOWN },
	{ "group: EINTR once", "alice", "listed", { 0 }, { EINTR, 1, 0, 0, "" }, { 0 }, 3, AP_YES },
	{ "group: EINTR for ever", "alice", "listed", { 0 }, { EINTR, -1, 0, 0, "" }, { 0 }, 3, AP_UNKNOWN },
	{ "group: needs 1 MB", "alice", "listed", { 0 }, { 0, 0, 1000000, 0, "" }, { 0 }, 3, AP_YES },
	{ "group: ERANGE for ever", "alice", "listed", { 0 }, { ERANGE, -1, 0, 0, "" }, { 0 }, 3, AP_UNKNOWN },

	{ "getgrouplist fails for ever", "alice", "empty", { 0 }, { 0 }, { EIO, -1, 0, 0, "" }, 3, AP_UNKNOWN },
	{ "getgrouplist fails, and is not needed", "alice", "primary", { 0 }, { 0 }, { EIO, -1, 0, 0, "" }, 3, AP_YES },
};

static void set_up(size_t i)
{
	passwd_behaviour = rows[i].passwd;
	group_behaviour = rows[i].groups;
	list_behaviour = rows[i].list;
	gid_behaviour = (behaviour){ 0 };
	n_groups = rows[i].n_groups;
	account_name = "alice";
}

static void test_nss_rows(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_account account;
		const char *why = NULL;
		ap_tri answer;

		set_up(i);
		ap_account_init(&account, &fake, rows[i].user, NULL);
		answer = ap_account_in_group(&account, rows[i].group, &why);
		AP_ROW(failed, answer == rows[i].expected, "row %zu: %s: %s", i, rows[i].what, ap_tri_name(answer));
		AP_ROW(failed, answer != AP_UNKNOWN || (why != NULL && why[0] != '\0'), "row %zu: %s: no reason", i,
		       rows[i].what);
		AP_ROW(failed, ap_account_in_group(&account, "nowhere", NULL) != AP_YES, "row %zu: unknown group", i);
		ap_account_clear(&account);
	}
	AP_ROWS_END(failed);
}

/* A look-up that failed for one group says nothing of the next; the account is looked up once. */
static void test_nss_asks_for_the_account_once_and_late(void **state)
{
	ap_account account;

	(void)state;
	set_up(0);
	ap_account_init(&account, &fake, "alice", "example.com");
	assert_int_equal(passwd_behaviour.n_asked + group_behaviour.n_asked + list_behaviour.n_asked, 0);
	assert_int_equal(ap_account_in_group(&account, "nowhere", NULL), AP_UNKNOWN);
	assert_int_equal(ap_account_in_group(&account, "extra", NULL), AP_YES);
	assert_int_equal(ap_account_in_group(&account, "empty", NULL), AP_NO);
	assert_int_equal(passwd_behaviour.n_asked, 1);
	assert_int_equal(list_behaviour.n_asked, 1);
	ap_account_clear(&account);
	ap_account_clear(&account);
}

static const struct {
	const char *user;
	const char *default_domain;
	const char *account; /* what the system knows */
	ap_tri expected;
	size_t n_asked;
} names[] = {
	{ "alice", NULL, "alice", AP_YES, 1 },
	{ "alice", "example.com", "alice", AP_YES, 1 },
	{ "alice@example.com", NULL, "alice", AP_NO, 1 },
	{ "alice@example.com", "", "alice", AP_NO, 1 },
	{ "alice@example.com", "example.com", "alice", AP_YES, 2 },
	{ "alice@Example.COM", "example.com", "alice", AP_YES, 2 },
	{ "alice@example.com", "example.com", "alice@example.com", AP_YES, 1 },
	{ "alice@example.org", "example.com", "alice", AP_NO, 1 },
	{ "alice@sub.example.com", "example.com", "alice", AP_NO, 1 },
	{ "alice@notexample.com", "example.com", "alice", AP_NO, 1 },
	{ "a@b@example.com", "example.com", "a@b", AP_YES, 2 },
	{ "alice", "example.com", "alice@example.com", AP_NO, 1 },
	/* then both in lower case: a spelling leads nobody out of a group */
	{ "Alice", "example.com", "alice", AP_YES, 2 },
	{ "ALICE@Example.com", "example.com", "alice", AP_YES, 4 },
	{ "ALICE@Example.com", "example.com", "alice@example.com", AP_YES, 3 },
	{ "Alice", "example.com", "Alice", AP_YES, 1 },
	{ "ALICE@Example.com", "example.com", "ALICE", AP_YES, 2 },
	{ "Alice@example.org", "example.com", "alice", AP_NO, 2 },
};

static void test_nss_tries_the_name_as_given_then_without_the_default_domain(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(names); i++) {
		ap_account account;
		ap_tri answer;

		set_up(0);
		account_name = names[i].account;
		ap_account_init(&account, &fake, names[i].user, names[i].default_domain);
		answer = ap_account_in_group(&account, "listed", NULL);
		AP_ROW(failed, answer == names[i].expected, "row %zu: %s: %s", i, names[i].user, ap_tri_name(answer));
		AP_ROW(failed, passwd_behaviour.n_asked == names[i].n_asked, "row %zu: %s: asked %zu times", i,
		       names[i].user, passwd_behaviour.n_asked);
		ap_account_clear(&account);
	}
	AP_ROWS_END(failed);
}

/* Where the first look-up fails, an answer to the second would be a guess. */
static void test_nss_does_not_go_on_after_a_failure(void **state)
{
	ap_account account;

	(void)state;
	set_up(0);
	passwd_behaviour = (behaviour){ .result = EIO, .n_times = 1 };
	ap_account_init(&account, &fake, "alice@example.com", "example.com");
	assert_int_equal(ap_account_in_group(&account, "listed", NULL), AP_UNKNOWN);
	ap_account_clear(&account);
}

/*
 * The groups that the account is said to be in
 */

static const struct {
	const char *what;
	const char *user;
	behaviour passwd, list, gid;
	int n_groups;
	ap_tri expected;
	size_t n_names; /* "primary", then "extra"; groups between them have no name */
} own[] = {
	{ "the primary group alone", "alice", { 0 }, { 0 }, { 0 }, 1, AP_YES, 1 },
	{ "two groups", "alice", { 0 }, { 0 }, { 0 }, 2, AP_YES, 2 },
	{ "groups without a name are left out", "alice", { 0 }, { 0 }, { 0 }, 7, AP_YES, 2 },
	{ "more groups than fit at first", "alice", { 0 }, { 0 }, { 0 }, 1000, AP_YES, 2 },
	{ "as many as there may be", "alice", { 0 }, { 0 }, { 0 }, 65536, AP_YES, 2 },
	{ "more than there may be", "alice", { 0 }, { 0 }, { 0 }, 65537, AP_UNKNOWN, 0 },

	{ "no such account", "bob", { 0 }, { 0 }, { 0 }, 3, AP_NO, 0 },
	{ "passwd: ENOENT", "alice", { ENOENT, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN, 0 },
	{ "no such account, and groups fail", "bob", { 0 }, { EIO, -1, 0, 0, "" }, { EIO, -1, 0, 0, "" }, 3, AP_NO, 0 },
	{ "passwd: EIO", "alice", { EIO, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN, 0 },
	{ "passwd: EINTR for ever", "alice", { EINTR, -1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_UNKNOWN, 0 },
	{ "passwd: EINTR once", "alice", { EINTR, 1, 0, 0, "" }, { 0 }, { 0 }, 3, AP_YES, 2 },

	{ "getgrouplist fails for ever", "alice", { 0 }, { EIO, -1, 0, 0, "" }, { 0 }, 3, AP_UNKNOWN, 0 },

	{ "gid: EIO", "alice", { 0 }, { 0 }, { EIO, -1, 0, 0, "" }, 3, AP_UNKNOWN, 0 },
	{ "gid: EIO for the first alone", "alice", { 0 }, { 0 }, { EIO, 1, 0, 0, "" }, 3, AP_UNKNOWN, 0 },
	{ "gid: EMFILE", "alice", { 0 }, { 0 }, { EMFILE, -1, 0, 0, "" }, 3, AP_UNKNOWN, 0 },
	{ "gid: ETIMEDOUT", "alice", { 0 }, { 0 }, { ETIMEDOUT, -1, 0, 0, "" }, 3, AP_UNKNOWN, 0 },
	{ "gid: EINTR once", "alice", { 0 }, { 0 }, { EINTR, 1, 0, 0, "" }, 3, AP_YES, 2 },
	{ "gid: EINTR for ever", "alice", { 0 }, { 0 }, { EINTR, -1, 0, 0, "" }, 3, AP_UNKNOWN, 0 },
	{ "gid: needs 1 MB", "alice", { 0 }, { 0 }, { 0, 0, 1000000, 0, "" }, 3, AP_YES, 2 },
	{ "gid: ERANGE for ever", "alice", { 0 }, { 0 }, { ERANGE, -1, 0, 0, "" }, 3, AP_UNKNOWN, 0 },
	{ "gid: ENOENT", "alice", { 0 }, { 0 }, { ENOENT, -1, 0, 0, "" }, 3, AP_UNKNOWN, 0 },
	{ "gid: ESRCH", "alice", { 0 }, { 0 }, { ESRCH, 1, 0, 0, "" }, 1, AP_UNKNOWN, 0 },
};

static void set_up_own(size_t i)
{
	set_up(0);
	passwd_behaviour = own[i].passwd;
	list_behaviour = own[i].list;
	gid_behaviour = own[i].gid;
	n_groups = own[i].n_groups;
}

static bool are_own_names(const char *const *found, size_t n)
{
	return n == 0 || (strcmp(found[0], "primary") == 0 && (n == 1 || strcmp(found[1], "extra") == 0));
}

/* Unknown or not, what is answered at first stays answered; the services are not asked again. */
static void test_nss_tells_the_groups_of_an_account(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(own); i++) {
		const char *const *found;
		ap_account account;
		size_t n = 4711, n_asked;
		ap_tri answer;

		set_up_own(i);
		ap_account_init(&account, &fake, own[i].user, NULL);
		assert_int_equal(passwd_behaviour.n_asked + list_behaviour.n_asked + gid_behaviour.n_asked, 0);
		answer = ap_account_groups(&account, "empty", &found, &n);
		AP_ROW(failed, answer == own[i].expected, "row %zu: %s: %s", i, own[i].what, ap_tri_name(answer));
		AP_ROW(failed, n == own[i].n_names && are_own_names(found, n), "row %zu: %s: %zu names", i, own[i].what,
		       n);
		AP_ROW(failed, answer != AP_NO || list_behaviour.n_asked + gid_behaviour.n_asked == 0,
		       "row %zu: %s: groups were asked for", i, own[i].what);
		n_asked = passwd_behaviour.n_asked + gid_behaviour.n_asked;
		AP_ROW(failed, ap_account_groups(&account, "empty", &found, &n) == answer && n == own[i].n_names,
		       "row %zu: %s: another answer", i, own[i].what);
		AP_ROW(failed, passwd_behaviour.n_asked + gid_behaviour.n_asked == n_asked, "row %zu: %s: asked again",
		       i, own[i].what);
		ap_account_clear(&account);
	}
	AP_ROWS_END(failed);
}

/* getgrouplist answers success with the primary group where the source of groups is down. */
static void test_nss_does_not_believe_a_list_where_groups_cannot_be_looked_up(void **state)
{
	const char *const *found;
	ap_account account;
	size_t n;

	(void)state;
	set_up(0);
	n_groups = 1;
	group_behaviour = (behaviour){ .result = EIO, .n_times = -1 };
	ap_account_init(&account, &fake, "alice", NULL);
	assert_int_equal(ap_account_groups(&account, "empty", &found, &n), AP_UNKNOWN);
	assert_int_equal(n, 0);
	ap_account_clear(&account);
}

/* Both questions share one look-up of the account and one of its groups, whichever comes first. */
static void test_nss_shares_look_ups_between_both_questions(void **state)
{
	int failed = 0;

	(void)state;
	for (int groups_first = 0; groups_first < 2; groups_first++) {
		const char *const *found;
		ap_account account;
		size_t n;

		set_up(0);
		ap_account_init(&account, &fake, "ALICE@Example.com", "example.com");
		if (groups_first != 0)
			AP_ROW(failed, ap_account_groups(&account, "empty", &found, &n) == AP_YES && n == 2,
			       "%zu names", n);
		AP_ROW(failed, ap_account_in_group(&account, "extra", NULL) == AP_YES, "extra");
		AP_ROW(failed, ap_account_groups(&account, "empty", &found, &n) == AP_YES && n == 2, "%zu names", n);
		/* as given, without the domain, both in lower case: the last is hers */
		AP_ROW(failed, passwd_behaviour.n_asked == 4 && list_behaviour.n_asked == 1, "%zu accounts, %zu lists",
		       passwd_behaviour.n_asked, list_behaviour.n_asked);
		AP_ROW(failed, strcmp(list_behaviour.last_name, "alice") == 0, "the groups of %s",
		       list_behaviour.last_name);
		ap_account_clear(&account);
	}
	AP_ROWS_END(failed);
}

/* Without a descriptor no source can be opened, and one that needs none says that nobody is there (`su` has one left). */
static void test_nss_believes_no_source_where_none_could_be_opened(void **state)
{
	struct rlimit before, limited;
	int lowest = dup(STDIN_FILENO);

	(void)state;
	assert_true(lowest >= 0);
	(void)close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (int n_free = 0; n_free <= 2; n_free++) {
		ap_tri account, extra, groups, exists;
		const char *const *own_names;
		ap_account one, other;
		size_t n;

		set_up_own(0);
		n_groups = 3;
		limited = (struct rlimit){ .rlim_cur = (rlim_t)(lowest + n_free), .rlim_max = before.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limited), 0);
		ap_account_init(&one, &fake, "nobody-of-that-name", NULL);
		account = ap_account_in_group(&one, "listed", NULL);
		ap_account_init(&other, &fake, "alice", NULL);
		extra = ap_account_in_group(&other, "extra", NULL);
		groups = ap_account_groups(&other, "nowhere", &own_names, &n);
		exists = ap_nss_group_exists(&fake, "nowhere");
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		ap_account_clear(&one);
		ap_account_clear(&other);
		assert_int_equal(account, n_free < 2 ? AP_UNKNOWN : AP_NO);
		assert_int_equal(extra, n_free < 2 ? AP_UNKNOWN : AP_YES);
		assert_int_equal(groups, n_free < 2 ? AP_UNKNOWN : AP_YES);
		assert_int_equal(exists, n_free < 2 ? AP_UNKNOWN : AP_NO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nss_rows),
		cmocka_unit_test(test_nss_asks_for_the_account_once_and_late),
		cmocka_unit_test(test_nss_tries_the_name_as_given_then_without_the_default_domain),
		cmocka_unit_test(test_nss_does_not_go_on_after_a_failure),
		cmocka_unit_test(test_nss_tells_the_groups_of_an_account),
		cmocka_unit_test(test_nss_does_not_believe_a_list_where_groups_cannot_be_looked_up),
		cmocka_unit_test(test_nss_shares_look_ups_between_both_questions),
		cmocka_unit_test(test_nss_believes_no_source_where_none_could_be_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
