/* The machine that is examined: files below another root, programs that run, hang or write without end, and processes. */
#include "../../lib/doctor/host.h"
#include "root.h"
#include "rows.h"
#include "scratch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

static void test_processes(void **state)
{
	machine m = new_machine();
	const ap_host here = { .arena = m.arena, .root = "" };
	const ap_host_process *processes, *found = NULL;
	pid_t child = fork();
	size_t n;

	(void)state;
	if (child == 0) {
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
	assert_non_null(found->argv[0]);
	/* they are none of the other machine's */
	assert_true(ap_host_processes(&m.host, &processes, &n));
	assert_int_equal(n, 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	free_machine(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_a_path_leads), cmocka_unit_test(test_files_below_a_root),
		cmocka_unit_test(test_what_is_no_text),    cmocka_unit_test(test_names_in_a_folder),
		cmocka_unit_test(test_programs),           cmocka_unit_test(test_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
