/*
 * A compiler that hangs, crashes, sends rubbish or the truth, in a host that treats its children as it likes: the
 * answer is right, and nothing is left behind.
 */
#include "../../lib/login/image.h"
#include "../../lib/login/view.h"
#include "../../lib/textmode/spawn.h"
#include "compiled.h"
#include "rich_policy.h"
#include "rows.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char *scratch, *image_path;
static int left_behind; /* a FIFO that a process which outlives its script holds open */
static size_t image_size;

/* Scripts find the image and the scratch folder by these. */
static char *write_script(const char *name, const char *body)
{
	char *text, *path;

	assert_true(asprintf(&text, "#!/bin/sh\nimage='%s' scratch='%s' size=%zu\n%s\n", image_path, scratch,
			     image_size, body) > 0);
	path = ap_scratch_write(scratch, name, text, 0755);
	free(text);
	return path;
}

static int make_scratch(void **state)
{
	char *fifo;
	void *bytes = ap_test_image_bytes(rich_policy, &image_size);

	(void)state;
	scratch = ap_scratch_new();
	image_path = ap_scratch_write_bytes(scratch, "image", bytes, image_size, 0644);
	free(bytes);
	fifo = ap_scratch_path(scratch, "left");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	left_behind = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(left_behind >= 0);
	free(fifo);
	return 0;
}

static int free_scratch(void **state)
{
	(void)state;
	(void)close(left_behind);
	free(image_path);
	ap_scratch_free(scratch);
	return 0;
}

/*
 * Hosts
 */

/* The last one adopts orphans, as the first process of a container does: none may come its way. */
typedef enum { HOST_DEFAULT, HOST_IGNORES, HOST_NO_CLDWAIT, HOST_REAPS, HOST_ADOPTS, N_HOSTS } host;
static const char *const host_names[] = { "plain", "SIG_IGN", "SA_NOCLDWAIT", "reaping", "adopting" };

static volatile sig_atomic_t n_handled;

static void reap_any_child(int number)
{
	int saved = errno;

	(void)number;
	n_handled++;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static void become(host kind)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	if (kind == HOST_IGNORES)
		action.sa_handler = SIG_IGN;
	if (kind == HOST_NO_CLDWAIT)
		action.sa_flags = SA_NOCLDWAIT;
	if (kind == HOST_REAPS || kind == HOST_ADOPTS)
		action.sa_handler = reap_any_child;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, kind == HOST_ADOPTS ? 1 : 0), 0);
	assert_int_equal(sigaction(SIGCHLD, &action, NULL), 0);
	n_handled = 0;
}

/* What of a host a library has no business to change. */
typedef struct {
	sigset_t mask;
	struct sigaction actions[32];
	size_t n_descriptors;
	mode_t umask;
	char folder[4096];
	pid_t group;
} host_state;

static void look_at_host(host_state *seen)
{
	memset(seen, 0, sizeof(*seen));
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &seen->mask), 0);
	for (int number = 1; number < 32; number++)
		(void)sigaction(number, NULL, &seen->actions[number]);
	seen->n_descriptors = ap_open_descriptors();
	seen->umask = umask(077);
	(void)umask(seen->umask);
	assert_non_null(getcwd(seen->folder, sizeof(seen->folder)));
	seen->group = getpgrp();
}

static bool same_signals(const sigset_t *a, const sigset_t *b)
{
	for (int number = 1; number < 64; number++)
		if (sigismember(a, number) != sigismember(b, number))
			return false;
	return true;
}

static bool same_actions(const struct sigaction *a, const struct sigaction *b)
{
	for (int number = 1; number < 32; number++)
		if (a[number].sa_handler != b[number].sa_handler || a[number].sa_flags != b[number].sa_flags ||
		    !same_signals(&a[number].sa_mask, &b[number].sa_mask))
			return false;
	return true;
}

static bool host_is_as_before(const host_state *before)
{
	host_state now;

	look_at_host(&now);
	return same_signals(&before->mask, &now.mask) && same_actions(before->actions, now.actions) &&
	       before->n_descriptors == now.n_descriptors && before->umask == now.umask &&
	       strcmp(before->folder, now.folder) == 0 && before->group == now.group;
}

/*
 * Compilers
 */

enum { SOON = 200, LATE = 20000, LITTLE = 100000, PLENTY = 10000000 };

static const struct {
	const char *what;
	const char *body;
	int timeout_ms;
	size_t output_bytes;
	ap_status status;
	const char *file; /* NULL: any */
	unsigned line;
	const char *message; /* part of it, or NULL */
} rows[] = {
	{ "a true image", "exec cat \"$image\"", LATE, PLENTY, AP_OK, NULL, 0, NULL },
	{ "a true image in small pieces",
	  "for at in 0 1 2 3; do dd if=\"$image\" bs=500 skip=$at count=1 2>/dev/null; done\n"
	  "exec dd if=\"$image\" bs=500 skip=4 2>/dev/null",
	  LATE, PLENTY, AP_OK, NULL, 0, NULL },
	{ "hangs", "exec sleep 60", SOON, PLENTY, AP_ERR_TIMEOUT, NULL, 0, NULL },
	{ "hangs in the middle", "head -c 200 \"$image\"; exec sleep 60", SOON, PLENTY, AP_ERR_TIMEOUT, NULL, 0, NULL },
	{ "ignores every signal and hangs", "trap '' HUP INT TERM PIPE ALRM; exec sleep 60", SOON, PLENTY,
	  AP_ERR_TIMEOUT, NULL, 0, NULL },
	{ "drips for ever", "while :; do printf x; sleep 0.02; done", SOON, PLENTY, AP_ERR_TIMEOUT, NULL, 0, NULL },
	{ "leaves a process with the pipe", "exec 9> \"$scratch/left\"; echo x >&9; sleep 60 & exit 0", LATE, PLENTY,
	  AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "closes its output and goes on", "exec >&-; exec sleep 60", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "crashes", "kill -SEGV $$", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "is killed", "kill -KILL $$", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "stops itself", "kill -STOP $$", SOON, PLENTY, AP_ERR_TIMEOUT, NULL, 0, NULL },
	{ "crashes in the middle", "head -c 500 \"$image\"; kill -SEGV $$", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0,
	  NULL },
	{ "fails without a word", "exit 1", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "sends nothing", ":", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "sends a word", "echo hello", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "sends zeros", "head -c 50000 /dev/zero", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "sends random bytes", "head -c 50000 /dev/urandom", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "sends too much", "exec cat /dev/zero", LATE, LITTLE, AP_ERR_LIMIT, NULL, 0, NULL },
	{ "sends an image one byte short", "exec head -c $((size - 1)) \"$image\"", LATE, PLENTY, AP_ERR_DAMAGED, NULL,
	  0, NULL },
	{ "sends a header alone", "exec head -c 100 \"$image\"", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "sends a byte too many", "{ cat \"$image\"; printf x; } | dd bs=1M iflag=fullblock 2>/dev/null", LATE, PLENTY,
	  AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "sends two images", "cat \"$image\" \"$image\" | dd bs=1M iflag=fullblock 2>/dev/null", LATE, PLENTY,
	  AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "reads its input", "cat", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0, NULL },
	{ "sends an error", "printf 'APERROR\\n/etc/a b/x.conf:14: \"10.0.1.0/8\" has host bits set\\n'; exit 1", LATE,
	  PLENTY, AP_ERR_POLICY, "/etc/a b/x.conf", 14, "\"10.0.1.0/8\" has host bits set" },
	{ "sends an error of a whole file", "printf 'APERROR\\n/etc/x.conf: does not exist\\n'; exit 1", LATE, PLENTY,
	  AP_ERR_POLICY, "/etc/x.conf", 0, "does not exist" },
	{ "sends three errors", "printf 'APERROR\\n/x.conf:1: first\\n/x.conf:2: second\\n/x.conf:3: third\\n'", LATE,
	  PLENTY, AP_ERR_POLICY, "/x.conf", 1, "2 more" },
	{ "sends format directives", "printf 'APERROR\\n/%%s%%n.conf:7: %%s%%s%%n%%x %%100000d\\n'", LATE, PLENTY,
	  AP_ERR_POLICY, "/%s%n.conf", 7, "%s%s%n%x %100000d" },
	{ "sends control characters", "printf 'APERROR\\n/x.conf:7: a\\033[2J\\001\\tb\\n'", LATE, PLENTY,
	  AP_ERR_POLICY, "/x.conf", 7, NULL },
	{ "sends a NUL byte in an error", "printf 'APERROR\\n/x.conf:7: ab\\000cd\\n'", LATE, PLENTY, AP_ERR_POLICY,
	  NULL, 7, NULL },
	{ "sends an error without a newline", "printf 'APERROR\\n/x.conf:7: cut sho'", LATE, PLENTY, AP_ERR_POLICY,
	  "/x.conf", 7, "cut sho" },
	{ "sends an error without a place", "printf 'APERROR\\nall is lost\\n'", LATE, PLENTY, AP_ERR_POLICY, NULL, 0,
	  "all is lost" },
	{ "sends an enormous line number", "printf 'APERROR\\n/x.conf:99999999999999999999999: far\\n'", LATE, PLENTY,
	  AP_ERR_POLICY, NULL, 0, "far" },
	{ "sends an enormous error", "printf 'APERROR\\n/x.conf:7: '; head -c 90000 /dev/zero | tr '\\0' a; echo", LATE,
	  PLENTY, AP_ERR_POLICY, "/x.conf", 7, "aaaaaaaa" },
	{ "sends an error of exactly a buffer", "printf 'APERROR\\n'; head -c 65528 /dev/zero | tr '\\0' a", LATE,
	  PLENTY, AP_ERR_POLICY, NULL, 0, "aaaaaaaa" },
	{ "sends the start of an error", "printf 'APERRO'", LATE, PLENTY, AP_ERR_DAMAGED, NULL, 0, NULL },
};

static ap_status run(const char *compiler, const char *config, int timeout_ms, size_t output_bytes,
		     ap_image **ret_image, ap_error *error)
{
	const ap_spawn_limits limits = { .timeout_ms = timeout_ms, .output_bytes = output_bytes };
	char *bytes = NULL;
	size_t size = 0;
	ap_status status = ap_spawn_compiler(compiler, config, &limits, &bytes, &size, error);

	if (status == AP_OK)
		status = ap_image_open(compiler, bytes, size, ret_image, error);
	if (status != AP_OK)
		free(bytes);
	return status;
}

/*
 * A process that a script leaves behind holds the FIFO open for writing: when nobody does any more, it is gone. False
 * if it goes on and on.
 */
static bool left_process_is_gone(void)
{
	struct pollfd ended = { .fd = left_behind, .events = POLLIN };
	char bytes[16];

	for (;;) {
		ssize_t n = read(left_behind, bytes, sizeof(bytes));

		if (n == 0)
			return true;
		if (n < 0 && (errno != EAGAIN || poll(&ended, 1, 10000) == 0))
			return false;
	}
}

static int check_row(size_t i, host kind)
{
	char *compiler = write_script("compiler", rows[i].body);
	ap_image *image = (ap_image *)&scratch;
	ap_error error = { .status = AP_OK };
	host_state before;
	ap_status status;
	int failed = 0;

	become(kind);
	look_at_host(&before);
	status = run(compiler, "/nowhere/accesspolicy.conf", rows[i].timeout_ms, rows[i].output_bytes, &image, &error);
	AP_ROW(failed, host_is_as_before(&before), "row %zu (%s), %s host: changed", i, rows[i].what, host_names[kind]);
	AP_ROW(failed, n_handled == 0, "row %zu (%s): the host's handler was called", i, rows[i].what);
	AP_ROW(failed, ap_no_child_left(), "row %zu (%s), %s host: a child is left", i, rows[i].what, host_names[kind]);
	become(HOST_DEFAULT);
	AP_ROW(failed, left_process_is_gone(), "row %zu (%s): a process goes on", i, rows[i].what);
	AP_ROW(failed, status == rows[i].status, "row %zu (%s), %s host: status %d (%s)", i, rows[i].what,
	       host_names[kind], (int)status, error.message);
	if (status == AP_OK) {
		AP_ROW(failed, ap_image_count(image, AP_TABLE_POLICIES) == 5, "row %zu: another image", i);
		ap_image_free(image);
	} else {
		AP_ROW(failed, image == (ap_image *)&scratch, "row %zu: the image was written", i);
		AP_ROW(failed, error.status == status && error.message[0] != '\0', "row %zu: no message", i);
		AP_ROW(failed, rows[i].file == NULL || strcmp(error.file, rows[i].file) == 0, "row %zu: file %s", i,
		       error.file);
		AP_ROW(failed, rows[i].file == NULL || error.line == rows[i].line, "row %zu: line %u", i, error.line);
		AP_ROW(failed, rows[i].message == NULL || strstr(error.message, rows[i].message) != NULL, "row %zu: %s",
		       i, error.message);
	}
	free(compiler);
	return failed;
}

static void test_spawn_rows_in_every_host(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++)
		for (int kind = 0; kind < N_HOSTS; kind++)
			failed += check_row(i, (host)kind);
	AP_ROWS_END(failed);
}

static void test_spawn_answers_where_nothing_can_be_run(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
		const char *text; /* NULL: there is no such file */
	} compilers[] = {
		{ "absent", 0, NULL },
		{ "not-executable", 0644, "#!/bin/sh\n" },
		{ "no-program", 0755,
		  "\x7f"
		  "ELF rubbish" },
		{ "no-interpreter", 0755, "#!/nowhere/sh\n" },
		{ "empty", 0755, "" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(compilers); i++) {
		char *path = compilers[i].text != NULL ? ap_scratch_write(scratch, compilers[i].name, compilers[i].text,
									  compilers[i].mode)
						       : ap_scratch_path(scratch, compilers[i].name);
		ap_image *image = NULL;
		host_state before;
		ap_error error;
		ap_status status;

		look_at_host(&before);
		status = run(path, "/x", LATE, PLENTY, &image, &error);
		AP_ROW(failed, status != AP_OK, "%s: status %d", compilers[i].name, (int)status);
		AP_ROW(failed, image == NULL && error.message[0] != '\0', "%s", compilers[i].name);
		AP_ROW(failed, host_is_as_before(&before) && ap_no_child_left(), "%s: something is left",
		       compilers[i].name);
		free(path);
	}
	AP_ROWS_END(failed);
}

/* Errors without text still say something. */
static void test_spawn_an_empty_error_is_an_error(void **state)
{
	char *compiler = write_script("compiler", "printf 'APERROR\\n'; exit 1");
	ap_image *image = NULL;
	ap_error error = { .status = AP_OK };

	(void)state;
	assert_int_not_equal(run(compiler, "/x", LATE, PLENTY, &image, &error), AP_OK);
	assert_null(image);
	assert_int_not_equal(error.message[0], '\0');
	free(compiler);
}

/*
 * What the compiler is given
 */

static const struct {
	const char *what;
	const char *body; /* prints one line */
	const char *line;
} givens[] = {
	{ "one argument", "echo $#", "1" },
	{ "the configuration's path", "echo \"$1\"", "/no where/%s 'x'.conf" },
	{ "PATH and LC_ALL alone", "tr '\\0' '\\n' < /proc/$$/environ | sed 's/=.*//' | sort | tr '\\n' ' '; echo",
	  "LC_ALL PATH " },
	{ "LC_ALL=C", "echo \"$LC_ALL\"", "C" },
	{ "none of the host's descriptors", "[ -e /proc/$$/fd/50 ] && echo inherited || echo none", "none" },
	{ "nothing to read", "if read line; then echo read; else echo end; fi", "end" },
	{ "no blocked signals", "sed -n 's/^SigBlk:.//p' /proc/self/status", "0000000000000000" },
	{ "no ignored signals", "sed -n 's/^SigIgn:.//p' /proc/self/status", "0000000000000000" },
};

static void test_spawn_gives_the_compiler_what_it_needs_alone(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	sigset_t blocked, old_mask;
	int failed = 0;

	(void)state;
	assert_int_equal(dup2(1, 50), 50);
	assert_int_equal(setenv("LD_PRELOAD_OF_A_TEST", "/nowhere", 1), 0);
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigaddset(&blocked, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &blocked, &old_mask);
	(void)sigaction(SIGPIPE, &ignore, &old);
	for (size_t i = 0; i < AP_N(givens); i++) {
		char *body, *compiler;
		ap_image *image = NULL;
		ap_error error;

		assert_true(asprintf(&body, "echo APERROR\n%s", givens[i].body) > 0);
		compiler = write_script("compiler", body);
		AP_ROW(failed, run(compiler, "/no where/%s 'x'.conf", LATE, PLENTY, &image, &error) == AP_ERR_POLICY,
		       "row %zu (%s): %s", i, givens[i].what, error.message);
		AP_ROW(failed, strcmp(error.message, givens[i].line) == 0, "row %zu (%s): \"%s\"", i, givens[i].what,
		       error.message);
		free(compiler);
		free(body);
	}
	(void)sigaction(SIGPIPE, &old, NULL);
	(void)sigprocmask(SIG_SETMASK, &old_mask, NULL);
	(void)unsetenv("LD_PRELOAD_OF_A_TEST");
	(void)close(50);
	AP_ROWS_END(failed);
}

/* A login service's standard error may be a client's connection. */
static void test_spawn_keeps_the_compilers_complaints_to_itself(void **state)
{
	char *compiler = write_script("compiler", "echo complaint >&2; exec cat \"$image\"");
	char *path = ap_scratch_write(scratch, "stderr", "", 0600), *written;
	int saved = dup(2), file = open(path, O_WRONLY | O_CLOEXEC);
	ap_image *image = NULL;
	ap_status status;

	(void)state;
	assert_int_equal(dup2(file, 2), 2);
	status = run(compiler, "/x", LATE, PLENTY, &image, NULL);
	assert_int_equal(dup2(saved, 2), 2);
	(void)close(saved);
	(void)close(file);
	written = ap_scratch_read(path, NULL);
	assert_int_equal(status, AP_OK);
	assert_string_equal(written, "");
	ap_image_free(image);
	free(written);
	free(path);
	free(compiler);
}

static void test_spawn_bounds_memory(void **state)
{
	char *compiler = write_script("compiler", "x=x; while :; do x=$x$x$x; done");
	const ap_spawn_limits limits = { .timeout_ms = LATE, .output_bytes = PLENTY, .memory_bytes = 64 << 20 };
	char *bytes = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(ap_spawn_compiler(compiler, "/x", &limits, &bytes, &size, NULL), AP_ERR_DAMAGED);
	assert_null(bytes);
	assert_true(ap_no_child_left());
	free(compiler);
}

/*
 * Odd hosts
 */

/* A daemon may have closed 0, 1 and 2: the pipe then gets their numbers. */
static void test_spawn_in_a_host_without_standard_descriptors(void **state)
{
	static char *compiler; /* reachable in the child, for those who look for leaks there */
	int failed = 0;

	(void)state;
	compiler = write_script("compiler", "exec cat \"$image\"");
	for (int closed = 0; closed < 8; closed++) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			ap_image *image = NULL;
			size_t before;

			(void)close(left_behind);
			for (int fd = 0; fd < 3; fd++)
				if ((closed & 1 << fd) != 0)
					(void)close(fd);
			before = ap_open_descriptors();
			if (run(compiler, "/x", LATE, PLENTY, &image, NULL) != AP_OK)
				_exit(1);
			ap_image_free(image);
			_exit(ap_open_descriptors() == before && ap_no_child_left() ? 0 : 2);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		AP_ROW(failed, WIFEXITED(status) && WEXITSTATUS(status) == 0,
		       "without descriptors (mask %d): status %#x", closed, (unsigned)status);
	}
	free(compiler);
	AP_ROWS_END(failed);
}

static pid_t start_shell(const char *command)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static void test_spawn_leaves_the_hosts_own_children_alone(void **state)
{
	char *compiler = write_script("compiler", "exec cat \"$image\"");
	ap_image *image = NULL;
	pid_t done = start_shell("exit 42"), running = start_shell("exec sleep 600");
	int status;

	(void)state;
	assert_int_equal(run(compiler, "/x", LATE, PLENTY, &image, NULL), AP_OK);
	ap_image_free(image);
	assert_int_equal(waitpid(done, &status, 0), done);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	assert_int_equal(waitpid(running, &status, WNOHANG), 0);
	assert_int_equal(kill(running, SIGKILL), 0);
	assert_int_equal(waitpid(running, &status, 0), running);
	assert_true(ap_no_child_left());
	free(compiler);
}

static void count_alarm(int number)
{
	(void)number;
	n_handled++;
}

static void test_spawn_goes_on_after_the_hosts_signals(void **state)
{
	static const char *const bodies[] = { "sleep 0.1; exec cat \"$image\"", "exec sleep 60" };
	static const ap_status expected[] = { AP_OK, AP_ERR_TIMEOUT };
	const struct itimerval every_few_ms = { { 0, 4000 }, { 0, 4000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = count_alarm }, old; /* without SA_RESTART */
	int failed = 0;

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
	for (size_t i = 0; i < AP_N(bodies); i++) {
		char *compiler = write_script("compiler", bodies[i]);
		ap_image *image = NULL;
		ap_status status;

		n_handled = 0;
		assert_int_equal(setitimer(ITIMER_REAL, &every_few_ms, NULL), 0);
		status = run(compiler, "/x", i == 0 ? LATE : SOON, PLENTY, &image, NULL);
		assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
		AP_ROW(failed, status == expected[i], "row %zu: status %d", i, (int)status);
		AP_ROW(failed, n_handled > 0, "row %zu: no signal came", i);
		ap_image_free(image);
		free(compiler);
	}
	assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
	assert_true(ap_no_child_left());
	AP_ROWS_END(failed);
}

enum { N_THREADS = 8, N_EACH = 10 };

static void *spawn_many(void *compiler)
{
	uintptr_t n_right = 0;

	for (int i = 0; i < N_EACH; i++) {
		ap_image *image = NULL;

		n_right += run(compiler, "/x", LATE, PLENTY, &image, NULL) == AP_OK &&
			   ap_image_count(image, AP_TABLE_POLICIES) == 5;
		ap_image_free(image);
	}
	return (void *)n_right;
}

static void test_spawn_in_threads(void **state)
{
	char *compiler = write_script("compiler", "exec cat \"$image\"");
	size_t before = ap_open_descriptors();
	pthread_t threads[N_THREADS];
	uintptr_t total = 0;

	(void)state;
	for (size_t i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, spawn_many, compiler), 0);
	for (size_t i = 0; i < N_THREADS; i++) {
		void *n_right;

		assert_int_equal(pthread_join(threads[i], &n_right), 0);
		total += (uintptr_t)n_right;
	}
	assert_int_equal(total, N_THREADS * N_EACH);
	assert_int_equal(ap_open_descriptors(), before);
	assert_true(ap_no_child_left());
	free(compiler);
}

static void test_spawn_default_limits_bound_everything(void **state)
{
	(void)state;
	assert_in_range(ap_spawn_default_limits.timeout_ms, 1, 60000);
	assert_in_range(ap_spawn_default_limits.output_bytes, 1 << 20, 1u << 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spawn_rows_in_every_host),
		cmocka_unit_test(test_spawn_answers_where_nothing_can_be_run),
		cmocka_unit_test(test_spawn_an_empty_error_is_an_error),
		cmocka_unit_test(test_spawn_gives_the_compiler_what_it_needs_alone),
		cmocka_unit_test(test_spawn_keeps_the_compilers_complaints_to_itself),
		cmocka_unit_test(test_spawn_bounds_memory),
		cmocka_unit_test(test_spawn_in_a_host_without_standard_descriptors),
		cmocka_unit_test(test_spawn_leaves_the_hosts_own_children_alone),
		cmocka_unit_test(test_spawn_goes_on_after_the_hosts_signals),
		cmocka_unit_test(test_spawn_in_threads),
		cmocka_unit_test(test_spawn_default_limits_bound_everything),
	};

	return cmocka_run_group_tests(tests, make_scratch, free_scratch);
}
