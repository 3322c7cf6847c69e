/* The machine that is examined: files below another root, programs that run, hang or write without end, and processes. */
#include "../../lib/doctor/host.h"
#include "../../lib/doctor/sshd_instances.h"
#include "root.h"
#include "rows.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
	char *folder; /* what is outside the root is here */
	char *root;
	ap_arena *arena;
	ap_host host;
} machine;

static machine new_machine(void)
{
	machine m = { .folder = ap_scratch_new(), .arena = ap_arena_new() };

	root_make_folder(m.folder, "root");
	m.root = ap_scratch_path(m.folder, "root");
	m.host = (ap_host){ .arena = m.arena, .root = m.root };
	return m;
}

static void free_machine(machine *m)
{
	ap_arena_free(m->arena);
	ap_scratch_free(m->folder);
	free(m->root);
}

static void make_link(const machine *m, const char *target, const char *name)
{
	char *path = ap_scratch_path(m->root, name);

	assert_int_equal(symlink(target, path), 0);
	free(path);
}

static void expect_text(const machine *m, const char *path, const char *expected)
{
	size_t length = 0;
	const char *text = ap_host_read(&m->host, path, &length);

	assert_non_null(text);
	assert_string_equal(text, expected);
	assert_int_equal(length, strlen(expected));
}

static void expect_error(const machine *m, const char *path, int error)
{
	errno = 0;
	assert_null(ap_host_read(&m->host, path, NULL));
	assert_int_equal(errno, error);
}

/* What others open by its path is named as it stands on this machine, wherever the other machine's links lead. */
static void test_where_a_path_leads(void **state)
{
	machine m = new_machine();

	(void)state;
	root_write(m.root, "/srv/policy/accesspolicy.conf", "inside\n");
	root_make_folder(m.root, "etc");
	make_link(&m, "/srv/policy", "etc/accesspolicy");
	root_write(m.folder, "outside", "outside\n");
	make_link(&m, ap_format(m.arena, "%s/outside", m.folder), "srv/policy/outside");
	assert_string_equal(ap_host_where(&m.host, "/etc/accesspolicy/accesspolicy.conf"),
			    ap_format(m.arena, "%s/srv/policy/accesspolicy.conf", m.root));
	assert_string_equal(ap_host_find(&m.host, "/etc/accesspolicy/accesspolicy.conf"),
			    ap_format(m.arena, "%s/srv/policy/accesspolicy.conf", m.root));
	errno = 0;
	assert_null(ap_host_find(&m.host, "/etc/accesspolicy/outside"));
	assert_int_equal(errno, ENOENT);
	assert_null(ap_host_find(&m.host, "/etc/accesspolicy/../../../outside"));
	assert_string_equal(ap_host_where(&m.host, "/var/lib/accesspolicy"),
			    ap_format(m.arena, "%s/var/lib/accesspolicy", m.root));
	free_machine(&m);
}

/* A link of the other machine leads nowhere but there. */
static void test_files_below_a_root(void **state)
{
	machine m = new_machine();

	(void)state;
	root_write(m.root, "/etc/file", "inside\n");
	root_write(m.folder, "outside", "outside\n");
	make_link(&m, "/etc/file", "absolute");
	make_link(&m, "../../../../../../etc/file", "above");
	make_link(&m, "../outside", "secret");
	make_link(&m, "/proc/self/exe", "magic");
	make_link(&m, "circle", "circle");
	expect_text(&m, "/etc/file", "inside\n");
	expect_text(&m, "/absolute", "inside\n");
	expect_text(&m, "/above", "inside\n");
	expect_text(&m, "/../etc/file", "inside\n");
	expect_error(&m, "/secret", ENOENT);
	expect_error(&m, "/magic", ENOENT);
	expect_error(&m, "/circle", ELOOP);
	expect_error(&m, "/none", ENOENT);
	assert_true(ap_host_has(&m.host, "/absolute"));
	assert_true(ap_host_has(&m.host, "/etc"));
	assert_false(ap_host_has(&m.host, "/secret"));
	free_machine(&m);
}

static void test_what_is_no_text(void **state)
{
	machine m = new_machine();
	char *fifo = ap_scratch_path(m.root, "fifo"), *bytes;

	(void)state;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	bytes = ap_scratch_write_bytes(m.root, "nul", "a\0b", 3, 0644);
	root_write(m.root, "/empty", "");
	expect_error(&m, "/fifo", EINVAL);
	expect_error(&m, "/nul", EINVAL);
	expect_error(&m, "/", EINVAL);
	expect_text(&m, "/empty", "");
	free(bytes);
	bytes = ap_scratch_write(m.root, "large", "", 0644);
	assert_int_equal(truncate(bytes, AP_HOST_FILE_MAX + 1), 0);
	expect_error(&m, "/large", EFBIG);
	free(bytes);
	free(fifo);
	free_machine(&m);
}

static void test_names_in_a_folder(void **state)
{
	machine m = new_machine();
	const char *const *names;
	size_t n;

	(void)state;
	root_write(m.root, "/d/b", "");
	root_write(m.root, "/d/.a", "");
	root_write(m.root, "/d/B", "");
	root_make_folder(m.root, "/empty");
	assert_true(ap_host_list(&m.host, "/d", &names, &n));
	assert_int_equal(n, 3);
	assert_string_equal(names[0], ".a");
	assert_string_equal(names[1], "B");
	assert_string_equal(names[2], "b");
	assert_true(ap_host_list(&m.host, "/empty", &names, &n));
	assert_int_equal(n, 0);
	assert_false(ap_host_list(&m.host, "/none", &names, &n));
	assert_int_equal(errno, ENOENT);
	free_machine(&m);
}

static ap_host_output run_shell(const machine *m, const char *script)
{
	const ap_host here = { .arena = m->arena, .root = "" };

	return ap_host_run(&here, (const char *const[]){ "/bin/sh", "-c", script, NULL });
}

static void test_programs(void **state)
{
	machine m = new_machine();
	const ap_host here = { .arena = m.arena, .root = "" };
	size_t descriptors = ap_open_descriptors();
	ap_host_output output;

	(void)state;
	assert_int_equal(setenv("AP_TEST_LEAK", "1", 1), 0);
	output = run_shell(&m, "echo out; echo err >&2; cat; env | grep -v -e ^PWD= -e ^_=; exit 3");
	assert_int_equal(output.status, 3);
	assert_string_equal(output.out, "out\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n");
	assert_string_equal(output.err, "err\n");
	output = run_shell(&m, "kill -TERM $$");
	assert_int_equal(output.status, 128 + SIGTERM);
	/* all of it is read, and the end is dropped */
	output = run_shell(&m, "head -c 20000000 /dev/zero | tr '\\0' x; echo end >&2");
	assert_int_equal(output.status, 0);
	assert_int_equal(strlen(output.out), AP_HOST_FILE_MAX);
	assert_string_equal(output.err, "end\n");
	output = ap_host_run(&here, (const char *const[]){ "/nowhere/program", NULL });
	assert_int_equal(output.status, -1);
	assert_int_equal(output.error, ENOENT);
	assert_string_equal(output.out, "");
	/* a root that has no such program has none, whatever is here; whoever may not enter it is told so */
	output = ap_host_run(&m.host, (const char *const[]){ "/bin/sh", "-c", "echo outside", NULL });
	assert_int_equal(output.status, -1);
	assert_int_equal(output.error, geteuid() == 0 ? ENOENT : EPERM);
	assert_string_equal(output.out, "");
	assert_int_equal(ap_open_descriptors(), descriptors);
	assert_true(ap_no_child_left());
	free_machine(&m);
}

static bool is_there(const ap_host_process *processes, size_t n, pid_t pid, const ap_host_process **ret_process)
{
	for (size_t i = 0; i < n; i++)
		if (processes[i].pid == pid) {
			*ret_process = &processes[i];
			return true;
		}
	return false;
}

/* No change of its user is made after it, which takes it back. */
static int end_with_parent(void)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void test_processes(void **state)
{
	machine m = new_machine();
	const ap_host here = { .arena = m.arena, .root = "" };
	const ap_host_process *processes, *found = NULL;
	pid_t child = fork();
	size_t n;

	(void)state;
	if (child == 0) {
		(void)end_with_parent();
		(void)pause();
		_exit(0);
	}
	assert_true(ap_host_processes(&here, &processes, &n));
	for (size_t i = 1; i < n; i++)
		assert_true(processes[i - 1].pid < processes[i].pid);
	assert_true(is_there(processes, n, getpid(), &found));
	assert_true(is_there(processes, n, child, &found));
	assert_int_equal(found->uid, getuid());
	assert_int_equal(found->euid, geteuid());
	assert_non_null(strstr(found->program, "test-doctor-host"));
	assert_true(found->argv[0] != NULL || getuid() != 0);
	/* they are none of the other machine's */
	assert_true(ap_host_processes(&m.host, &processes, &n));
	assert_int_equal(n, 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	free_machine(&m);
}

/*
 * What is read of a process
 */

enum { NOBODY = 65534 };

/* A child that waits, and becomes nobody's once it is told to. */
typedef struct {
	pid_t pid;
	int tell, told;
} changeling;

static changeling new_changeling(void)
{
	int to[2], from[2];
	changeling c;
	char byte;

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	c.pid = fork();
	if (c.pid == 0) {
		if (read(to[0], &byte, 1) != 1 || setresuid(NOBODY, NOBODY, NOBODY) != 0 || end_with_parent() != 0 ||
		    write(from[1], "", 1) != 1)
			_exit(1);
		(void)pause();
		_exit(0);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	c.tell = to[1];
	c.told = from[0];
	return c;
}

static void change(changeling *c)
{
	char byte;

	assert_int_equal(write(c->tell, "", 1), 1);
	assert_int_equal(read(c->told, &byte, 1), 1);
}

static void free_changeling(changeling *c)
{
	assert_int_equal(kill(c->pid, SIGKILL), 0);
	assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
	(void)close(c->tell);
	(void)close(c->told);
}

static changeling *changes_at_exe; /* once its program is asked for */

ssize_t __real_readlinkat(int folder, const char *path, char *buffer, size_t size);
ssize_t __wrap_readlinkat(int folder, const char *path, char *buffer, size_t size);

ssize_t __wrap_readlinkat(int folder, const char *path, char *buffer, size_t size)
{
	char link[64], target[64] = "", its[64];

	if (changes_at_exe != NULL) {
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
		(void)snprintf(its, sizeof(its), "/proc/%d", (int)changes_at_exe->pid);
		(void)__real_readlinkat(AT_FDCWD, link, target, sizeof(target) - 1);
		if (strcmp(target, its) == 0) {
			change(changes_at_exe);
			changes_at_exe = NULL;
		}
	}
	return __real_readlinkat(folder, path, buffer, size);
}

/* A child of cron's becomes its user's while it is looked at: root's is then neither its program nor what it says of itself. */
static void test_process_whose_user_changes(void **state)
{
	machine m = new_machine();
	const ap_host here = { .arena = m.arena, .root = "" };
	const ap_host_process *processes, *found = NULL;
	size_t descriptors = ap_open_descriptors(), n;
	changeling child;

	(void)state;
	if (geteuid() != 0) {
		free_machine(&m);
		skip();
	}
	child = new_changeling();
	changes_at_exe = &child;
	assert_true(ap_host_processes(&here, &processes, &n));
	assert_null(changes_at_exe);
	assert_false(is_there(processes, n, child.pid, &found));
	/* what it said when it was root's is not asked of whose it is now */
	assert_true(ap_host_processes(&here, &processes, &n));
	assert_true(is_there(processes, n, child.pid, &found));
	assert_int_equal(found->uid, NOBODY);
	assert_non_null(strstr(found->program, "test-doctor-host"));
	assert_null(found->argv[0]);
	free_changeling(&child);
	assert_int_equal(ap_open_descriptors(), descriptors);
	free_machine(&m);
}

/* A shell that has stopped itself, with these arguments more. */
static pid_t start_with(char *const *more, size_t n_more)
{
	char **argv = calloc(n_more + 5, sizeof(*argv));
	int started[2];
	char byte;
	pid_t pid;

	assert_non_null(argv);
	assert_int_equal(pipe(started), 0);
	argv[0] = (char[]){ "sh" };
	argv[1] = (char[]){ "-c" };
	argv[2] = (char[]){ "echo; exec >&-; kill -STOP $$" };
	argv[3] = (char[]){ "sh" };
	memcpy(argv + 4, more, n_more * sizeof(*argv));
	pid = fork();
	if (pid == 0) {
		(void)end_with_parent();
		(void)dup2(started[1], STDOUT_FILENO);
		(void)close(started[0]);
		(void)close(started[1]);
		(void)execv("/bin/sh", argv);
		_exit(127);
	}
	(void)close(started[1]);
	assert_int_equal(read(started[0], &byte, 1), 1);
	(void)close(started[0]);
	free(argv);
	return pid;
}

static size_t count_bytes(const char *const *argv, size_t *ret_n)
{
	size_t bytes = 0;

	for (*ret_n = 0; argv[*ret_n] != NULL; (*ret_n)++)
		bytes += strlen(argv[*ret_n]) + 1;
	return bytes;
}

/* However much a process was given, it does not take all memory. */
static void test_process_of_many_arguments(void **state)
{
	enum { MANY = 100000, LONG = 100000 };
	machine m = new_machine();
	const ap_host here = { .arena = m.arena, .root = "" };
	char **many = calloc(MANY, sizeof(*many)), *one = calloc(LONG + 1, 1);
	const ap_host_process *processes, *found = NULL;
	size_t n, n_arguments;

	(void)state;
	assert_non_null(many);
	assert_non_null(one);
	memset(one, 'x', LONG);
	for (size_t i = 0; i < MANY; i++)
		many[i] = one + LONG;
	for (size_t i = 0; i < 2; i++) {
		pid_t child = i == 0 ? start_with(many, MANY) : start_with(&one, 1);

		assert_true(ap_host_processes(&here, &processes, &n));
		assert_true(is_there(processes, n, child, &found));
		if (getuid() == 0) {
			assert_string_equal(found->argv[0], "sh");
			assert_in_range(count_bytes(found->argv, &n_arguments), 1000, 64 * 1024 + 1);
			assert_in_range(n_arguments, 5, 1000);
		}
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
	}
	free(many);
	free(one);
	free_machine(&m);
}

/* What root runs is run by the doctor too, but not where somebody else could have put it there. */
static void test_sshd_that_others_write(void **state)
{
	static const char *const argv[] = { "sshd: /opt/sbin/sshd -D [listener] 0 of 10-100 startups", NULL };
	static const ap_host_process process = { .pid = 1, .program = "/opt/sbin/sshd", .argv = argv };
	machine m = new_machine();
	const ap_sshd_instance *instances;
	const char *program = ap_format(m.arena, "%s/opt/sbin/sshd", m.root);
	const char *folder = ap_format(m.arena, "%s/opt", m.root);

	(void)state;
	root_write(m.root, "/opt/sbin/sshd", "");
	assert_int_equal(chmod(program, 0755), 0);
	assert_true(ap_host_is_trusted(&m.host, "/opt/sbin/sshd"));
	assert_int_equal(ap_sshd_instances(&m.host, &process, 1, &instances), 1);
	assert_string_equal(instances[0].program, "/opt/sbin/sshd");
	assert_int_equal(chmod(folder, 0777), 0);
	assert_false(ap_host_is_trusted(&m.host, "/opt/sbin/sshd"));
	assert_int_equal(ap_sshd_instances(&m.host, &process, 1, &instances), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(program, 0775), 0);
	assert_int_equal(ap_sshd_instances(&m.host, &process, 1, &instances), 0);
	free_machine(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_a_path_leads),
		cmocka_unit_test(test_files_below_a_root),
		cmocka_unit_test(test_what_is_no_text),
		cmocka_unit_test(test_names_in_a_folder),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_process_whose_user_changes),
		cmocka_unit_test(test_process_of_many_arguments),
		cmocka_unit_test(test_sshd_that_others_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
