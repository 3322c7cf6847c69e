/*
 * A module that is installed over another, as a package does it: written under a name of its own, and renamed. A process
 * that goes on has its next login answered by the new one, and nothing of the old one is left in it.
 */
#include "fixture.h"
#include "rows.h"
#include "scratch.h"

#include <dirent.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N_UPGRADES = 20 };

static char *module_path, *textmode_path, *module_folder;

/* Writes a copy beside the one that is there, and renames it over that. */
static void install(const char *from, const char *path)
{
	size_t size;
	char *bytes = ap_scratch_read(from, &size);
	char *unfinished = ap_scratch_write_bytes(module_folder, "new", bytes, size, 0755);

	assert_int_equal(rename(unfinished, path), 0);
	free(unfinished);
	free(bytes);
}

static size_t count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[8192];
	size_t n = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL)
		n += strstr(line, module_folder) != NULL;
	(void)fclose(maps);
	return n;
}

/* Descriptors that lead into the module's folder, of files that are there or no longer. */
static size_t count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		char target[4096] = "";

		if (readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1) > 0)
			n += strncmp(target, module_folder, strlen(module_folder)) == 0;
	}
	(void)closedir(folder);
	return n;
}

static void write_service(void)
{
	char *lines;

	assert_true(asprintf(&lines, "account required %s config=%s compiler=%s\n", module_path, ap_fixture_config,
			     getenv("AP_TEST_COMPILER")) > 0);
	ap_pam_write_stack(ap_fixture_confdir, "upgrade", lines);
	free(lines);
}

static void test_the_next_login_is_answered_by_the_module_that_is_there(void **state)
{
	static ap_pam_outcome outcome;
	const char *modules[] = { getenv("AP_TEST_STAND_IN"), getenv("AP_TEST_MODULE") };
	ap_pam_login logins[] = { ap_fixture_allowed, ap_fixture_denied };
	size_t descriptors = 0;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(logins); i++)
		logins[i].service = "upgrade";
	write_service();
	for (int i = 0; i < N_UPGRADES; i++) {
		bool real = i % 2 == 1;

		install(modules[i % 2], module_path);
		install(getenv("AP_TEST_TEXTMODE"), textmode_path);
		for (size_t k = 0; k < 2 * AP_N(logins); k++) {
			bool denied = k % 2 == 1;
			int expected = !real ? PAM_AUTHINFO_UNAVAIL : denied ? PAM_PERM_DENIED : PAM_SUCCESS;

			ap_pam_run(ap_fixture_confdir, &logins[k % 2], AP_PAM_ACCOUNT, &outcome);
			AP_ROW(failed, outcome.code == expected, "upgrade %d, login %zu: %d, not %d: %s", i, k,
			       outcome.code, expected, outcome.log);
			AP_ROW(failed, ap_fixture_clean_log(&outcome, real ? 1 : 0), "upgrade %d, login %zu: log: %s",
			       i, k, outcome.log);
			AP_ROW(failed, count_mappings() == 0, "upgrade %d, login %zu: %zu mappings are left", i, k,
			       count_mappings());
			AP_ROW(failed, count_descriptors() == 0, "upgrade %d, login %zu: descriptors of it are left", i,
			       k);
		}
		/* what the name services keep open for themselves was opened by then */
		if (i == 1)
			descriptors = ap_open_descriptors();
	}
	AP_ROW(failed, ap_open_descriptors() == descriptors, "%zu descriptors, and %zu before", ap_open_descriptors(),
	       descriptors);
	AP_ROW(failed, ap_no_child_left(), "a child is left");
	print_message("%d modules, one over the other, and %zu logins\n", N_UPGRADES,
		      (size_t)N_UPGRADES * 2 * AP_N(logins));
	AP_ROWS_END(failed);
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret_responses, void *data)
{
	(void)messages;
	(void)data;
	*ret_responses = calloc((size_t)n, sizeof(**ret_responses));
	return *ret_responses != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* What a transaction has loaded stays its own until it ends, whatever stands at the path by then. */
static void test_a_transaction_under_way_keeps_the_module_that_it_began_with(void **state)
{
	const struct pam_conv conversation = { converse, NULL };
	static ap_pam_outcome outcome;
	ap_pam_login login = ap_fixture_allowed;
	pam_handle_t *pamh = NULL;

	(void)state;
	write_service();
	install(getenv("AP_TEST_MODULE"), module_path);
	install(getenv("AP_TEST_TEXTMODE"), textmode_path);
	assert_int_equal(pam_start_confdir("upgrade", login.user, &conversation, ap_fixture_confdir, &pamh),
			 PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, login.rhost), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	install(getenv("AP_TEST_STAND_IN"), module_path);
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	assert_true(count_mappings() > 0);
	assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
	assert_int_equal(count_mappings(), 0);
	login.service = "upgrade";
	ap_pam_run(ap_fixture_confdir, &login, AP_PAM_ACCOUNT, &outcome);
	assert_int_equal(outcome.code, PAM_AUTHINFO_UNAVAIL);
}

/* Half of a package is there, as while it is unpacked: nobody is let in, and the log tells what is missing. */
static void test_without_its_other_half_the_module_lets_nobody_in(void **state)
{
	const struct {
		const char *what, *textmode, *log;
	} rows[] = {
		{ "none", NULL,
		  "pam_accesspolicy_text.so: is missing, and without it the policy files cannot be read; install" },
		{ "of another release", getenv("AP_TEST_STAND_IN"),
		  "pam_accesspolicy_text.so: is of another release than the module" },
		{ "cut short", "", "pam_accesspolicy_text.so: cannot be loaded: " },
		{ "whole", getenv("AP_TEST_TEXTMODE"), "decision=allow" },
	};
	static ap_pam_outcome outcome;
	ap_pam_login login = ap_fixture_allowed;
	int failed = 0;

	(void)state;
	login.service = "upgrade";
	write_service();
	install(getenv("AP_TEST_MODULE"), module_path);
	for (size_t i = 0; i < AP_N(rows); i++) {
		bool whole = i + 1 == AP_N(rows);

		(void)unlink(textmode_path);
		if (rows[i].textmode != NULL && rows[i].textmode[0] == '\0')
			free(ap_scratch_write_bytes(module_folder, "pam_accesspolicy_text.so", "\177ELF", 4, 0755));
		else if (rows[i].textmode != NULL)
			install(rows[i].textmode, textmode_path);
		ap_pam_run(ap_fixture_confdir, &login, AP_PAM_ACCOUNT, &outcome);
		AP_ROW(failed, outcome.code == (whole ? PAM_SUCCESS : PAM_SERVICE_ERR), "%s: %d: %s", rows[i].what,
		       outcome.code, outcome.log);
		AP_ROW(failed, strstr(outcome.log, rows[i].log) != NULL, "%s: log: %s", rows[i].what, outcome.log);
		AP_ROW(failed, count_mappings() == 0, "%s: %zu mappings are left", rows[i].what, count_mappings());
	}
	AP_ROWS_END(failed);
}

/* What stands beside the module is loaded only where nobody but root could have put it; a link to the module is fine. */
static void test_the_other_half_is_trusted_as_policy_files_are(void **state)
{
	static ap_pam_outcome outcome;
	ap_pam_login login = ap_fixture_allowed;
	char *link = ap_scratch_path(module_folder, "linked"), *linked, *lines;
	const struct {
		const char *what;
		mode_t mode;
		int code;
	} rows[] = { { "for all to write", 0777, PAM_SERVICE_ERR }, { "as installed", 0755, PAM_SUCCESS } };
	int failed = 0;

	(void)state;
	login.service = "upgrade";
	install(getenv("AP_TEST_MODULE"), module_path);
	install(getenv("AP_TEST_TEXTMODE"), textmode_path);
	assert_int_equal(mkdir(link, 0755), 0);
	linked = ap_scratch_path(link, "pam_accesspolicy.so");
	assert_int_equal(symlink(module_path, linked), 0);
	for (int by_link = 0; by_link < 2; by_link++) {
		assert_true(asprintf(&lines, "account required %s config=%s compiler=%s\n",
				     by_link != 0 ? linked : module_path, ap_fixture_config,
				     getenv("AP_TEST_COMPILER")) > 0);
		ap_pam_write_stack(ap_fixture_confdir, "upgrade", lines);
		free(lines);
		for (size_t i = 0; i < AP_N(rows); i++) {
			assert_int_equal(chmod(textmode_path, rows[i].mode), 0);
			ap_pam_run(ap_fixture_confdir, &login, AP_PAM_ACCOUNT, &outcome);
			AP_ROW(failed, outcome.code == rows[i].code, "%s, %s: %d: %s", rows[i].what,
			       by_link != 0 ? "by a link" : "by its path", outcome.code, outcome.log);
		}
	}
	free(linked);
	free(link);
	AP_ROWS_END(failed);
}

static int set_up(void **state)
{
	if (ap_fixture_set_up(state) != 0)
		return -1;
	module_folder = ap_scratch_new();
	module_path = ap_scratch_path(module_folder, "pam_accesspolicy.so");
	textmode_path = ap_scratch_path(module_folder, "pam_accesspolicy_text.so");
	return 0;
}

static int tear_down(void **state)
{
	free(module_path);
	free(textmode_path);
	ap_scratch_free(module_folder);
	return ap_fixture_tear_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_next_login_is_answered_by_the_module_that_is_there),
		cmocka_unit_test(test_a_transaction_under_way_keeps_the_module_that_it_began_with),
		cmocka_unit_test(test_without_its_other_half_the_module_lets_nobody_in),
		cmocka_unit_test(test_the_other_half_is_trusted_as_policy_files_are),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
