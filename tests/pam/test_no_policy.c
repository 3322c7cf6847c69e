/* Where no policy can be had nobody is let in, and the log line says why, with file and line. */
#include "fixture.h"
#include "rows.h"
#include "scratch.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FOREIGN = 12345 };

/* Nobody is let in, in either phase and whatever allowed= says; the log has one clean line with `named`. */
static int check_refused(const char *what, const char *arguments, const char *named)
{
	static const ap_pam_phase phases[] = { AP_PAM_ACCOUNT, AP_PAM_AUTH };
	int failed = 0;

	for (size_t i = 0; i < AP_N(phases); i++) {
		size_t before = ap_open_descriptors();
		ap_pam_outcome outcome;

		ap_fixture_ask(arguments, &ap_fixture_allowed, phases[i], &outcome);
		AP_ROW(failed, outcome.code == PAM_SERVICE_ERR, "%s: %d: %s", what, outcome.code, outcome.log);
		AP_ROW(failed, ap_fixture_clean_log(&outcome, 1), "%s: log: %s", what, outcome.log);
		AP_ROW(failed, strstr(outcome.log, named) != NULL, "%s: no \"%s\" in %s", what, named, outcome.log);
		AP_ROW(failed, outcome.n_messages == 0, "%s: the user was told \"%s\"", what, outcome.messages[0]);
		AP_ROW(failed, ap_open_descriptors() == before, "%s: a descriptor is left", what);
		AP_ROW(failed, ap_no_child_left(), "%s: a child is left", what);
	}
	return failed;
}

static const struct {
	const char *what;
	const char *text;
	const char *named;
} broken[] = {
	{ "an unknown key",
	  "policies = (\n  { name = \"A\"; type = \"blacklist\"; scope = { all = true; };\n    colour = \"red\"; "
	  "}\n);\n",
	  ".conf:3" },
	{ "a syntax error", "message = \"x\";\npolicies = (\n  { name = \"A\"; type = ; }\n);\n", ".conf:3" },
	{ "no scope", "policies = (\n  { name = \"A\"; type = \"blacklist\"; }\n);\n", ".conf:2" },
	{ "host bits",
	  "policies = (\n  { name = \"A\"; type = \"blacklist\"; scope = { all = true; };\n    ip = [ \"10.0.1.0/8\" "
	  "]; }\n);\n",
	  "10.0.0.0/8" },
	{ "no policies", "message = \"x\";\n", "policies" },
	{ "an empty file", "", ".conf" },
	{ "no newline at the end", "policies = ( { name = \"A\"; type = \"blacklist\"; scope = { all = true; }; } );",
	  ".conf:1" },
	{ "a string that does not end", "message = \"x;\npolicies = (\n", ".conf:1" },
	{ "an include", "@include \"/dev/zero\"\n", ".conf:1" },
	{ "control characters and format directives", "mess\x1b[2J%s%n = \"\x01\";\n", ".conf:1" },
	{ "a carriage return in a name",
	  "policies = ( { name = \"a\\rdecision=allow\"; type = \"\\x1b[2J%n\"; scope = { all = true; }; } );\n",
	  ".conf:1" },
};

static void test_broken_text(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(broken); i++) {
		char *path = ap_scratch_write(ap_fixture_folder, "broken.conf", broken[i].text, 0644), *arguments;

		assert_true(asprintf(&arguments, "config=%s compiler=%s allowed=success", path,
				     getenv("AP_TEST_COMPILER")) > 0);
		failed += check_refused(broken[i].what, arguments, broken[i].named);
		free(arguments);
		free(path);
	}
	AP_ROWS_END(failed);
}

static void test_many_errors_are_one_line(void **state)
{
	static const char text[] =
		"policies = (\n"
		"  { name = \"A\"; type = \"greylist\"; scope = { all = true; }; },\n"
		"  { name = \"B\"; type = \"blacklist\"; },\n"
		"  { name = \"C\"; type = \"blacklist\"; scope = { all = true; }; ip = [ \"300.0.0.1\" ]; }\n"
		");\n";
	char *path = ap_scratch_write(ap_fixture_folder, "broken.conf", text, 0644), *arguments;

	(void)state;
	assert_true(asprintf(&arguments, "config=%s compiler=%s", path, getenv("AP_TEST_COMPILER")) > 0);
	assert_int_equal(check_refused("three errors", arguments, "2 more"), 0);
	free(arguments);
	free(path);
}

static void make_root(char *path)
{
	free(ap_scratch_write_bytes(path, "accesspolicy.conf", ap_fixture_policies, strlen(ap_fixture_policies), 0644));
}

static void write_then_chmod(char *path)
{
	char *file = ap_scratch_path(path, "accesspolicy.conf");

	make_root(path);
	assert_int_equal(chmod(file, 0664), 0);
	free(file);
}

static void write_then_open_folder(char *path)
{
	make_root(path);
	assert_int_equal(chmod(path, 0777), 0);
}

static void make_folder_of_it(char *path)
{
	char *file = ap_scratch_path(path, "accesspolicy.conf");

	assert_int_equal(mkdir(file, 0755), 0);
	free(file);
}

static void make_fifo_of_it(char *path)
{
	char *file = ap_scratch_path(path, "accesspolicy.conf");

	assert_int_equal(mkfifo(file, 0644), 0);
	free(file);
}

static void make_loop_of_it(char *path)
{
	char *file = ap_scratch_path(path, "accesspolicy.conf");

	assert_int_equal(symlink("accesspolicy.conf", file), 0);
	free(file);
}

static void add_drop_in(char *path)
{
	char *folder = ap_scratch_path(path, "conf.d");

	make_root(path);
	assert_int_equal(mkdir(folder, 0755), 0);
	free(ap_scratch_write(folder, "10-wrong.conf", "\n\npolicys = ();\n", 0644));
	free(folder);
}

static void add_writable_drop_in(char *path)
{
	char *folder = ap_scratch_path(path, "conf.d");

	make_root(path);
	assert_int_equal(mkdir(folder, 0755), 0);
	free(ap_scratch_write(folder, "10-open.conf", "message = \"x\";\n", 0666));
	free(folder);
}

static void give_away(char *path)
{
	char *file = ap_scratch_path(path, "accesspolicy.conf");

	make_root(path);
	assert_int_equal(chown(file, FOREIGN, FOREIGN), 0);
	free(file);
}

static void make_nothing(char *path)
{
	(void)path;
}

static const struct {
	const char *what;
	void (*make)(char *);
	const char *named;
	bool root_only;
} files[] = {
	{ "a missing file", make_nothing, "accesspolicy.conf", false },
	{ "a file that a group may write", write_then_chmod, "accesspolicy.conf", false },
	{ "a folder that all may write", write_then_open_folder, "accesspolicy.conf", false },
	{ "a folder in its place", make_folder_of_it, "accesspolicy.conf", false },
	{ "a FIFO in its place", make_fifo_of_it, "accesspolicy.conf", false },
	{ "a link to itself in its place", make_loop_of_it, "accesspolicy.conf", false },
	{ "a wrong drop-in", add_drop_in, "10-wrong.conf:3", false },
	{ "a drop-in that all may write", add_writable_drop_in, "10-open.conf", false },
	{ "another user's file", give_away, "12345", true },
};

static void test_files_that_are_not_to_be_trusted(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(files); i++) {
		char *folder = ap_scratch_new(), *arguments;

		assert_true(asprintf(&arguments, "config=%s/accesspolicy.conf compiler=%s", folder,
				     getenv("AP_TEST_COMPILER")) > 0);
		if (!files[i].root_only || geteuid() == 0) {
			files[i].make(folder);
			failed += check_refused(files[i].what, arguments, files[i].named);
		}
		free(arguments);
		ap_scratch_free(folder);
	}
	AP_ROWS_END(failed);
}

static const struct {
	const char *what;
	const char *body;
	const char *named;
} compilers[] = {
	{ "crashes", "kill -SEGV $$", "compiler" },
	{ "sends nothing", ":", "compiler" },
	{ "sends rubbish", "echo rubbish", "compiler" },
	{ "sends zeros", "head -c 100000 /dev/zero", "compiler" },
	{ "closes its output and goes on", "exec >&-; sleep 60", "compiler" },
	{ "sends an error", "printf 'APERROR\\n/etc/x.conf:14: wrong\\n'", "/etc/x.conf:14: wrong" },
	{ "sends format directives", "printf 'APERROR\\n/%%s%%n:7: %%s%%n%%x\\n'", "/%s%n:7: %s%n%x" },
	{ "sends control characters", "printf 'APERROR\\n/x\\033[2J:7: a\\001\\033[2J\\rb\\n'", ":7" },
	{ "sends no UTF-8", "printf 'APERROR\\n/x:7: a\\377\\376\\n'", "/x:7" },
	{ "sends no text of an error", "printf 'APERROR\\n'", "nobody" },
};

static void test_compilers_that_fail(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(compilers); i++) {
		char *path = ap_fixture_compiler(compilers[i].body), *arguments;

		assert_true(asprintf(&arguments, "config=%s compiler=%s", ap_fixture_config, path) > 0);
		failed += check_refused(compilers[i].what, arguments, compilers[i].named);
		free(arguments);
		free(path);
	}
	AP_ROWS_END(failed);
}

static void test_a_compiler_that_is_not_there(void **state)
{
	char *arguments;

	(void)state;
	assert_true(asprintf(&arguments, "config=%s compiler=/nowhere/compile", ap_fixture_config) > 0);
	assert_int_equal(check_refused("missing", arguments, "/nowhere/compile"), 0);
	free(arguments);
}

/* It comes back by the module's own limit; how long that is, is not measured here. */
static void test_a_compiler_that_hangs(void **state)
{
	char *path = ap_fixture_compiler("exec sleep 600"), *arguments;
	ap_pam_outcome outcome;

	(void)state;
	assert_true(asprintf(&arguments, "config=%s compiler=%s", ap_fixture_config, path) > 0);
	ap_fixture_ask(arguments, &ap_fixture_allowed, AP_PAM_ACCOUNT, &outcome);
	assert_int_equal(outcome.code, PAM_SERVICE_ERR);
	assert_true(ap_fixture_clean_log(&outcome, 1));
	assert_true(ap_no_child_left());
	free(arguments);
	free(path);
}

/* A host that ignores or reaps SIGCHLD, as login services do. */
static volatile sig_atomic_t n_handled;

static void reap(int number)
{
	int saved = errno;

	(void)number;
	n_handled++;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static void test_hosts_that_want_no_children(void **state)
{
	const struct sigaction actions[] = { { .sa_handler = SIG_IGN },
					     { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT },
					     { .sa_handler = reap } };
	struct sigaction old;
	int failed = 0;

	(void)state;
	assert_int_equal(sigaction(SIGCHLD, NULL, &old), 0);
	for (size_t i = 0; i < AP_N(actions); i++) {
		ap_pam_outcome allowed, denied;

		assert_int_equal(sigaction(SIGCHLD, &actions[i], NULL), 0);
		ap_fixture_ask_with("", &ap_fixture_allowed, AP_PAM_ACCOUNT, &allowed);
		ap_fixture_ask_with("", &ap_fixture_denied, AP_PAM_ACCOUNT, &denied);
		AP_ROW(failed, allowed.code == PAM_SUCCESS, "host %zu: allowed: %d: %s", i, allowed.code, allowed.log);
		AP_ROW(failed, denied.code == PAM_PERM_DENIED, "host %zu: denied: %d: %s", i, denied.code, denied.log);
		AP_ROW(failed, n_handled == 0, "host %zu: its handler was called", i);
		AP_ROW(failed, ap_no_child_left(), "host %zu: a child is left", i);
	}
	assert_int_equal(sigaction(SIGCHLD, &old, NULL), 0);
	AP_ROWS_END(failed);
}

/*
 * A saved image
 */

static char *saved_image(size_t *ret_size)
{
	char *path = ap_scratch_path(ap_fixture_folder, "policy.image"), *command;

	assert_true(asprintf(&command, "'%s' '%s' > '%s' && chmod 600 '%s'", getenv("AP_TEST_COMPILER"),
			     ap_fixture_config, path, path) > 0);
	assert_int_equal(system(command), 0);
	free(ap_scratch_read(path, ret_size));
	free(command);
	return path;
}

static void test_image_decides_as_the_files_do(void **state)
{
	size_t size;
	char *path = saved_image(&size), *arguments;
	ap_pam_outcome allowed, denied;

	(void)state;
	assert_true(asprintf(&arguments, "image=%s", path) > 0);
	ap_fixture_ask(arguments, &ap_fixture_allowed, AP_PAM_ACCOUNT, &allowed);
	ap_fixture_ask(arguments, &ap_fixture_denied, AP_PAM_ACCOUNT, &denied);
	assert_int_equal(allowed.code, PAM_SUCCESS);
	assert_int_equal(denied.code, PAM_PERM_DENIED);
	assert_string_equal(denied.messages[0], "Not from here.");
	free(arguments);
	free(path);
}

static void test_images_that_are_not_to_be_believed(void **state)
{
	size_t size;
	char *path = saved_image(&size), *bytes = ap_scratch_read(path, &size), *arguments;
	int failed = 0;

	(void)state;
	assert_true(asprintf(&arguments, "image=%s allowed=success", path) > 0);
	free(ap_scratch_write_bytes(ap_fixture_folder, "policy.image", bytes, size - 1, 0600));
	failed += check_refused("one byte short", arguments, "policy.image");
	bytes[size / 2] ^= 1;
	free(ap_scratch_write_bytes(ap_fixture_folder, "policy.image", bytes, size, 0600));
	failed += check_refused("one bit flipped", arguments, "policy.image");
	bytes[size / 2] ^= 1;
	free(ap_scratch_write_bytes(ap_fixture_folder, "policy.image", bytes, size, 0620));
	failed += check_refused("writable by a group", arguments, "policy.image");
	free(ap_scratch_write_bytes(ap_fixture_folder, "policy.image", bytes, 0, 0600));
	failed += check_refused("empty", arguments, "policy.image");
	assert_int_equal(unlink(path), 0);
	failed += check_refused("missing", arguments, "policy.image");
	free(arguments);
	free(bytes);
	free(path);
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken_text),
		cmocka_unit_test(test_many_errors_are_one_line),
		cmocka_unit_test(test_files_that_are_not_to_be_trusted),
		cmocka_unit_test(test_compilers_that_fail),
		cmocka_unit_test(test_a_compiler_that_is_not_there),
		cmocka_unit_test(test_a_compiler_that_hangs),
		cmocka_unit_test(test_hosts_that_want_no_children),
		cmocka_unit_test(test_image_decides_as_the_files_do),
		cmocka_unit_test(test_images_that_are_not_to_be_believed),
	};

	return cmocka_run_group_tests(tests, ap_fixture_set_up, ap_fixture_tear_down);
}
