/* Audit records through the module: which are written, where they cannot be, and by many processes at once. */
#include "fixture.h"
#include "rows.h"
#include "scratch.h"

#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_PROCESSES = 100, N_LATE = 10, N_EACH = 5 };

static char *file;

static const ap_pam_login watched = { .service = "webmail", .user = "W@watch.test", .rhost = "10.0.0.1", .tty = "t" };
static const ap_pam_login other = { .service = "test", .user = "a@else.test", .rhost = "a.host" };

/* The fixture's policies with this setting; `file` is what it names. */
static void write_policy(const char *record)
{
	char *text;

	assert_true(asprintf(&text, "audit = { file = \"%s\"; record = \"%s\"; };\n%s", file, record,
			     ap_fixture_policies) > 0);
	free(ap_scratch_write(ap_fixture_folder, "accesspolicy.conf", text, 0644));
	free(text);
}

static int set_up(void **state)
{
	assert_int_equal(ap_fixture_set_up(state), 0);
	file = ap_scratch_path(ap_fixture_folder, "audit.jsonl");
	return 0;
}

static int tear_down(void **state)
{
	free(file);
	return ap_fixture_tear_down(state);
}

static void empty_file(void)
{
	(void)unlink(file);
	free(ap_scratch_write(ap_fixture_folder, "audit.jsonl", "", 0640));
}

/* How many records the file holds; each of its lines must be one. */
static size_t count_records(const char *path)
{
	char *text = ap_scratch_read(path, NULL), *line = text, *end;
	size_t n = 0;

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1, n++) {
		json_t *record;

		*end = '\0';
		record = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		if (record == NULL || json_object_size(record) != 13)
			fail_msg("no record: %s", line);
		json_decref(record);
	}
	assert_string_equal(line, "");
	free(text);
	return n;
}

static void test_decisions_are_recorded(void **state)
{
	static const struct {
		const char *record;
		size_t n; /* of the logins below */
	} settings[] = { { "all", 5 }, { "denied", 3 }, { "none", 0 } };
	const struct {
		const ap_pam_login *login;
		const char *options, *part;
		int code;
	} logins[] = {
		{ &ap_fixture_allowed, "", "\"decision\":\"allow\",\"reason\":\"whitelisted\",\"policy\":\"White\"",
		  PAM_SUCCESS },
		{ &ap_fixture_denied, "",
		  "\"decision\":\"deny\",\"reason\":\"blacklisted\",\"policy\":\"Black\",\"would\":[],\"user\":\"alice@black.test\"",
		  PAM_PERM_DENIED },
		{ &watched, "",
		  "\"would\":[{\"policy\":\"Watch \\\"closely\\\"\",\"decision\":\"deny\",\"reason\":\"blacklisted\"}],\"user\":"
		  "\"W@watch.test\",\"ip\":\"10.0.0.1\",\"region\":null,\"client\":\"web\",\"service\":\"webmail\",\"tty\":\"t\"",
		  PAM_SUCCESS },
		{ &other, "",
		  "\"reason\":\"default\",\"policy\":null,\"would\":[],\"user\":\"a@else.test\",\"ip\":\"unknown\"",
		  PAM_SUCCESS },
		{ &ap_fixture_allowed, "client=nonesuch", "\"decision\":\"error\",\"reason\":null,\"policy\":null",
		  PAM_SERVICE_ERR },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(settings); i++) {
		ap_pam_outcome outcome;
		char *text;

		write_policy(settings[i].record);
		empty_file();
		for (size_t k = 0; k < AP_N(logins); k++) {
			ap_fixture_ask_with(logins[k].options, logins[k].login, AP_PAM_ACCOUNT, &outcome);
			AP_ROW(failed, outcome.code == logins[k].code && outcome.n_lines == 1, "%s, login %zu: %d\n%s",
			       settings[i].record, k, outcome.code, outcome.log);
			text = ap_scratch_read(file, NULL);
			AP_ROW(failed, i > 0 || strstr(text, logins[k].part) != NULL, "login %zu: no %s in\n%s", k,
			       logins[k].part, text);
			free(text);
		}
		AP_ROW(failed, count_records(file) == settings[i].n, "%s: %zu records", settings[i].record,
		       count_records(file));
	}
	AP_ROWS_END(failed);
}

/* The decision is the same, and the system's log gets why, and the record. */
static void check_logged(const char *why, int *failed)
{
	ap_pam_outcome denied, allowed;

	ap_fixture_ask_with("", &ap_fixture_denied, AP_PAM_ACCOUNT, &denied);
	ap_fixture_ask_with("", &ap_fixture_allowed, AP_PAM_ACCOUNT, &allowed);
	AP_ROW(*failed, denied.code == PAM_PERM_DENIED && denied.n_messages == 1, "%s: denied: %d", why, denied.code);
	AP_ROW(*failed, allowed.code == PAM_SUCCESS && allowed.n_messages == 0, "%s: allowed: %d", why, allowed.code);
	AP_ROW(*failed, ap_fixture_clean_log(&denied, 2), "%s: %s", why, denied.log);
	AP_ROW(*failed, strstr(denied.log, "<3>") != NULL, "%s: no error: %s", why, denied.log);
	AP_ROW(*failed,
	       strstr(denied.log, "the audit record could not be written: ") != NULL && strstr(denied.log, why) != NULL,
	       "%s: %s", why, denied.log);
	AP_ROW(*failed, strstr(denied.log, "\"user\":\"alice@black.test\",\"ip\":\"10.0.0.1\"") != NULL,
	       "%s: no record: %s", why, denied.log);
}

static void test_a_file_that_cannot_be_written(void **state)
{
	size_t before = ap_open_descriptors();
	int failed = 0;

	(void)state;
	write_policy("all");
	(void)unlink(file);
	check_logged("does not exist", &failed);
	assert_int_equal(symlink("/etc/passwd", file), 0);
	check_logged("is a symbolic link", &failed);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0640), 0);
	check_logged("is a FIFO", &failed);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkdir(file, 0755), 0);
	check_logged("is a folder", &failed);
	assert_int_equal(rmdir(file), 0);
	empty_file();
	assert_int_equal(chmod(file, 0666), 0);
	check_logged("can be written by group or others", &failed);
	assert_int_equal(chmod(file, 0440), 0);
	if (geteuid() != 0)
		check_logged("Permission denied", &failed);
	assert_int_equal(ap_open_descriptors(), before);
	AP_ROWS_END(failed);
}

/* In a child: by SIGXFSZ it would end. */
static void test_a_limit_of_the_file_size_does_not_end_the_host(void **state)
{
	int wait_status = 0;
	pid_t child;

	(void)state;
	write_policy("all");
	empty_file();
	child = fork();
	if (child == 0) {
		const struct rlimit limit = { 300, 300 };
		ap_pam_outcome outcome;
		char *arguments = ap_fixture_arguments("");

		ap_pam_write_service(ap_fixture_confdir, "test", "account", arguments);
		if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
			_exit(99);
		ap_pam_run(ap_fixture_confdir, &ap_fixture_denied, AP_PAM_ACCOUNT, &outcome);
		_exit(outcome.code == PAM_PERM_DENIED && strstr(outcome.log, "RLIMIT_FSIZE, 300 bytes") != NULL ? 0
														: 1);
	}
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	assert_int_equal(wait_status, 0);
	assert_int_equal(count_records(file), 0);
}

/*
 * Many at once
 */

static void log_in_often(int go)
{
	ap_pam_outcome *outcome = malloc(sizeof(*outcome));
	char unused;

	if (outcome == NULL || read(go, &unused, 1) != 0) /* until all are there */
		_exit(1);
	for (int i = 0; i < N_EACH; i++) {
		bool denied = i % 2 == 0;

		ap_pam_run(ap_fixture_confdir, denied ? &ap_fixture_denied : &ap_fixture_allowed, AP_PAM_ACCOUNT,
			   outcome);
		if (outcome->code != (denied ? PAM_PERM_DENIED : PAM_SUCCESS) || outcome->n_lines != 1)
			_exit(1);
	}
	free(outcome);
	_exit(0);
}

/* They begin when the one or, the late ones among them, the other descriptor is closed. */
static void start_all(int *ret_go, int *ret_go_late)
{
	char *arguments = ap_fixture_arguments("");
	int go[2], go_late[2];

	ap_pam_write_service(ap_fixture_confdir, "test", "account", arguments);
	free(arguments);
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(go_late), 0);
	for (int i = 0; i < N_PROCESSES; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			(void)close(go[1]);
			(void)close(go_late[1]);
			log_in_often(i < N_LATE ? go_late[0] : go[0]);
		}
	}
	(void)close(go[0]);
	(void)close(go_late[0]);
	*ret_go = go[1];
	*ret_go_late = go_late[1];
}

static void wait_for_all(void)
{
	int wait_status;

	for (int i = 0; i < N_PROCESSES; i++) {
		assert_true(wait(&wait_status) > 0);
		assert_int_equal(wait_status, 0);
	}
}

static void test_a_hundred_processes_at_once(void **state)
{
	int go, go_late;

	(void)state;
	write_policy("all");
	empty_file();
	start_all(&go, &go_late);
	(void)close(go);
	(void)close(go_late);
	wait_for_all();
	assert_int_equal(count_records(file), N_PROCESSES * N_EACH);
}

/* As logrotate does it: under its new name the file gets what was on its way, and none is lost. */
static void test_rotation_meanwhile_loses_nothing(void **state)
{
	char *rotated = ap_scratch_path(ap_fixture_folder, "audit.jsonl.1");
	char *fresh = ap_scratch_path(ap_fixture_folder, "fresh");
	struct stat info;
	size_t n, n_rotated;
	int go, go_late;

	(void)state;
	write_policy("all");
	empty_file();
	start_all(&go, &go_late);
	(void)close(go);
	/* whoever looks while it is written may see a part of the last line */
	do {
		(void)usleep(1000);
		assert_int_equal(stat(file, &info), 0);
	} while (info.st_size < 10000);
	free(ap_scratch_write(ap_fixture_folder, "fresh", "", 0640));
	/* the old name and the new one at once, so that there is a file at every time */
	assert_int_equal(renameat2(AT_FDCWD, fresh, AT_FDCWD, file, RENAME_EXCHANGE), 0);
	assert_int_equal(rename(fresh, rotated), 0);
	/* however long this process was kept from it, some log in when it is done */
	(void)close(go_late);
	wait_for_all();
	n_rotated = count_records(rotated);
	n = count_records(file);
	assert_true(n_rotated >= 10 && n >= N_LATE * N_EACH);
	assert_int_equal(n + n_rotated, N_PROCESSES * N_EACH);
	free(fresh);
	free(rotated);
}

/*
 * A full disk
 */

static void fill(const char *folder)
{
	char *path = ap_scratch_path(folder, "filler");
	static const char zeros[4096];
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		continue;
	(void)close(fd);
	free(path);
}

/* With `used` bytes in a page of 4096 the rest of it is all the room that there is. */
static void on_a_full_disk(int out)
{
	static const size_t used[] = { 4096, 4095, 4090, 4000, 3900 };
	char *disk = ap_scratch_path(ap_fixture_folder, "disk");
	int failed = 0;

	free(file);
	file = ap_scratch_path(disk, "audit.jsonl");
	if (mkdir(disk, 0755) != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", disk, "tmpfs", 0, "size=64k,mode=755") != 0) {
		dprintf(out, "skip");
		_exit(0);
	}
	write_policy("all");
	for (size_t i = 0; i < AP_N(used); i++) {
		char *line = malloc(used[i] + 1), *text, *filler = ap_scratch_path(disk, "filler");

		memset(line, ' ', used[i]);
		line[used[i] - 1] = '\n';
		line[used[i]] = '\0';
		(void)unlink(filler);
		(void)unlink(file);
		free(ap_scratch_write(disk, "audit.jsonl", line, 0640));
		fill(disk);
		check_logged(used[i] == 4096 ? "No space left on device"
					     : "bytes could be written, and the line is not ended",
			     &failed);
		(void)unlink(filler);
		ap_fixture_ask_with("", &ap_fixture_denied, AP_PAM_ACCOUNT, &(ap_pam_outcome){ .code = 0 });
		text = ap_scratch_read(file, NULL);
		/* one that found room stands behind what is torn, whole */
		AP_ROW(failed,
		       strlen(text) > 4096 && strstr(text, "{\"time\":\"") != NULL && text[strlen(text) - 1] == '\n',
		       "%zu: %s", used[i], text + used[i]);
		free(text);
		free(filler);
		free(line);
	}
	(void)umount2(disk, MNT_DETACH);
	dprintf(out, failed == 0 ? "passed" : "failed");
	_exit(0);
}

/* What `run` says in a child; the caller frees it. */
static char *in_a_child(void (*run)(int out))
{
	int pipes[2], wait_status;
	char said[64] = "";
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run(pipes[1]);
	(void)close(pipes[1]);
	if (read(pipes[0], said, sizeof(said) - 1) < 0)
		said[0] = '\0';
	(void)close(pipes[0]);
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	return strdup(said);
}

static void test_a_full_disk_changes_no_decision(void **state)
{
	char *said = in_a_child(on_a_full_disk);
	bool skipped = strcmp(said, "skip") == 0;

	(void)state;
	if (!skipped)
		assert_string_equal(said, "passed");
	free(said);
	if (skipped)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions_are_recorded),
		cmocka_unit_test(test_a_file_that_cannot_be_written),
		cmocka_unit_test(test_a_limit_of_the_file_size_does_not_end_the_host),
		cmocka_unit_test(test_a_hundred_processes_at_once),
		cmocka_unit_test(test_rotation_meanwhile_loses_nothing),
		cmocka_unit_test(test_a_full_disk_changes_no_decision),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
