#include "spawn.h"

#include "../login/image.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_MS = 1000 }; /* for the compiler and its keeper to end once there is nothing more to wait for */

/* AddressSanitizer reserves terabytes of addresses. */
#if defined(__SANITIZE_ADDRESS__)
#define AP_COMPILER_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AP_COMPILER_MEMORY 0
#endif
#endif
#ifndef AP_COMPILER_MEMORY
#define AP_COMPILER_MEMORY ((size_t)1024 * 1024 * 1024)
#endif

const ap_spawn_limits ap_spawn_default_limits = {
	.timeout_ms = 10 * 1000,
	.memory_bytes = AP_COMPILER_MEMORY,
	.output_bytes = 256u * 1024 * 1024,
};

/*
 * The compiler runs as a grandchild. Its parent, the keeper, was cloned without an exit signal: its end sends no
 * SIGCHLD to the host, a host that ignores SIGCHLD does not make the kernel reap it, and a host that waits for any
 * child does not see it (wait(2), __WCLONE). An execve would give such a child SIGCHLD back as its exit signal, so
 * the keeper never executes anything: it waits for the compiler and ends.
 */
static pid_t clone_keeper(void)
{
	return (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
}

/* From here to execve only what is async-signal-safe: the host may have threads that hold locks. */
static void limit(int resource, rlim_t most)
{
	struct rlimit value;

	if (getrlimit((__rlimit_resource_t)resource, &value) != 0)
		return;
	if (value.rlim_max == RLIM_INFINITY || value.rlim_max > most)
		value.rlim_max = most;
	value.rlim_cur = value.rlim_max;
	(void)setrlimit((__rlimit_resource_t)resource, &value);
}

static void reset_signals(const sigset_t *blocked)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	int number;

	for (number = 1; number < NSIG; number++)
		(void)sigaction(number, &action, NULL);
	(void)sigprocmask(SIG_SETMASK, blocked, NULL);
}

static void close_descriptors_from(int first)
{
	int fd, most = 65536;

	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
		return;
	for (fd = first; fd < most; fd++)
		(void)close(fd);
}

static unsigned seconds_of(const ap_spawn_limits *limits)
{
	return (unsigned)(limits->timeout_ms + 999) / 1000;
}

static void write_text(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		return; /* then it is the lack of it that is told */
}

__attribute__((noreturn)) static void run_compiler(const char *compiler, const char *config,
						   const ap_spawn_limits *limits, int output)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	char *const environment[] = { path, locale, NULL };
	char *const arguments[] = { (char *)(uintptr_t)compiler, (char *)(uintptr_t)config, NULL };
	int nothing = open("/dev/null", O_RDWR);
	const char *why;

	/* Should the keeper be killed, the compiler goes with it. In a host that closed its standard descriptors the
	   pipe may have their numbers, and dup2 of one to itself would leave it close-on-exec. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || nothing < 0 || fcntl(output, F_SETFD, 0) != 0 ||
	    dup2(output, STDOUT_FILENO) < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDERR_FILENO) < 0)
		_exit(127);
	close_descriptors_from(3);
	/* not by the keeper alone: that stands still until execve is done, and should it die nobody counts */
	(void)alarm(seconds_of(limits) + 1);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, seconds_of(limits));
	if (limits->memory_bytes > 0)
		limit(RLIMIT_AS, limits->memory_bytes);
	(void)execve(compiler, arguments, environment);
	why = strerrordesc_np(errno);
	write_text(STDOUT_FILENO, AP_SPAWN_ERRORS);
	write_text(STDOUT_FILENO, compiler);
	write_text(STDOUT_FILENO, ": cannot be executed: ");
	write_text(STDOUT_FILENO, why != NULL ? why : "unknown error");
	write_text(STDOUT_FILENO, "\n");
	_exit(127);
}

/* True once the compiler has ended. It is not taken in yet: until then its number stays its group's. */
static bool has_ended(pid_t compiler)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)compiler, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

/* Waits for the compiler's end, or for a word that it is to be ended: SIGTERM from the host, or SIGALRM. */
static void watch(pid_t compiler, const sigset_t *words)
{
	int word = 0;

	while (word != SIGTERM && word != SIGALRM && !has_ended(compiler))
		word = sigwaitinfo(words, NULL);
}

/*
 * Ends whatever the compiler started, and takes in what died: nobody else adopts it. A process that left the group
 * cannot be told, and is waited for but for so long.
 */
static void end_group(pid_t group, const sigset_t *words)
{
	const struct timespec patience = { .tv_nsec = 100 * 1000 * 1000 };
	pid_t ended;

	(void)kill(-group, SIGKILL);
	while ((ended = waitpid(-1, NULL, WNOHANG)) > 0 || (ended == 0 && sigtimedwait(words, NULL, &patience) > 0))
		;
}

/*
 * Of a setuid host the real user is whoever started it: who may signal its children, and for whose sake the kernel
 * forgets PR_SET_PDEATHSIG at execve. So the effective user becomes all of them. By system calls, for the C library's
 * functions would have the host's other threads follow, which are not here.
 */
static void own_to_the_last(void)
{
	gid_t group = getegid();
	uid_t user = geteuid();

	(void)syscall(SYS_setresgid, group, group, group);
	(void)syscall(SYS_setresuid, user, user, user);
}

__attribute__((noreturn)) static void keep(const char *compiler, const char *config, const ap_spawn_limits *limits,
					   int output)
{
	sigset_t words, none;
	pid_t child;

	(void)sigemptyset(&none);
	(void)sigemptyset(&words);
	(void)sigaddset(&words, SIGCHLD);
	(void)sigaddset(&words, SIGTERM);
	(void)sigaddset(&words, SIGALRM);
	reset_signals(&words);
	own_to_the_last();
	/*
	 * out of the host's group, whose terminal may send signals, and the one to adopt what the compiler leaves
	 * behind
	 */
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	child = vfork(); /* it executes at once, and the host's memory need not be copied once more */
	if (child == 0) {
		(void)setpgid(0, 0);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		run_compiler(compiler, config, limits, output);
	}
	close_descriptors_from(0);
	if (child < 0)
		_exit(1);
	(void)setpgid(child, child); /* whoever is first */
	/* should the host end before its time is over, nobody else would count it */
	(void)alarm(seconds_of(limits) + 1);
	watch(child, &words);
	end_group(child, &words);
	_exit(0);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

typedef struct {
	char *bytes;
	size_t used, room;
} growing;

/* Room for at least one byte more. */
static bool grow(growing *output)
{
	size_t room = output->room == 0 ? 65536 : output->room * 2;
	char *larger;

	if (output->used < output->room)
		return true;
	larger = realloc(output->bytes, room);
	if (larger == NULL)
		return false;
	output->bytes = larger;
	output->room = room;
	return true;
}

/* True once as many bytes have come as the image says it has: another process of the host may hold the pipe open. */
static bool is_whole_image(const growing *output)
{
	ap_image_head head;

	if (output->used < sizeof(head))
		return false;
	memcpy(&head, output->bytes, sizeof(head));
	return memcmp(head.magic, AP_IMAGE_MAGIC, sizeof(head.magic)) == 0 &&
	       output->used >= ap_image_stored_size(&head);
}

/* Everything that the compiler writes until it closes its end, or the image is whole. */
static ap_status read_output(int fd, int64_t deadline, const char *compiler, const ap_spawn_limits *limits,
			     growing *output, ap_error *error)
{
	while (!is_whole_image(output)) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - now_ms();
		/* past the deadline nothing is waited for, however many signals or bytes keep coming */
		int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return ap_error_set(error, AP_ERR_IO, compiler, 0, "its output cannot be waited for: %s",
					    strerror(errno));
		if (ready == 0)
			return ap_error_set(error, AP_ERR_TIMEOUT, compiler, 0,
					    "did not make an image of the policy files within %d ms",
					    limits->timeout_ms);
		if (!grow(output))
			return ap_error_set(error, AP_ERR_MEMORY, compiler, 0, "there is no memory for its output");
		n = read(fd, output->bytes + output->used, output->room - output->used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ap_error_set(error, AP_ERR_IO, compiler, 0, "its output cannot be read: %s",
					    strerror(errno));
		if (n == 0)
			return AP_OK;
		output->used += (size_t)n;
		if (output->used > limits->output_bytes)
			return ap_error_set(error, AP_ERR_LIMIT, compiler, 0, "sent more than %zu bytes, the limit",
					    limits->output_bytes);
	}
	return AP_OK;
}

/* Where there is no pidfd, on kernels before 5.3 and in some sandboxes. */
static bool await_without_descriptor(pid_t keeper, int64_t until)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
	siginfo_t info = { .si_pid = 0 };

	while (waitid(P_PID, (id_t)keeper, &info, WEXITED | WNOHANG | WNOWAIT | (int)__WCLONE) == 0 &&
	       info.si_pid == 0 && now_ms() < until)
		(void)nanosleep(&pause, NULL);
	return info.si_pid != 0;
}

/* Waits for the keeper, but not past `until`: false if it goes on. */
static bool await_keeper(pid_t keeper, int64_t until)
{
	struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open, keeper, 0), .events = POLLIN };
	int64_t left;
	int ready = 0;

	if (ended.fd < 0)
		return await_without_descriptor(keeper, until);
	while ((left = until - now_ms()) > 0 && ready <= 0)
		ready = poll(&ended, 1, (int)left);
	(void)close(ended.fd);
	return ready > 0;
}

/*
 * The keeper is ours until it is waited for, so its number cannot be another's. It is left the time to see the
 * compiler's end, then told to bring it about: killed itself, it would leave its children to whoever adopts orphans,
 * which in a container is the host.
 */
static void end_keeper(pid_t keeper, bool compiler_is_done)
{
	if (!compiler_is_done || !await_keeper(keeper, now_ms() + GRACE_MS)) {
		(void)kill(keeper, SIGTERM);
		if (!await_keeper(keeper, now_ms() + GRACE_MS))
			(void)kill(keeper, SIGKILL);
	}
	while (waitpid(keeper, NULL, (int)__WCLONE) < 0 && errno == EINTR)
		;
}

/* The first line of the compiler's errors, "file:line: message", and how many more there are. */
static ap_status report_errors(const growing *output, ap_error *error)
{
	char *text = output->bytes + strlen(AP_SPAWN_ERRORS), *end, *message, *colon;
	unsigned long line = 0;
	size_t more = 0;

	output->bytes[output->used] = '\0';
	end = strchr(text, '\n');
	if (end != NULL) {
		*end++ = '\0';
		for (; (end = strchr(end, '\n')) != NULL; end++)
			more++;
	}
	message = strstr(text, ": ");
	if (message == NULL)
		return ap_error_set(error, AP_ERR_POLICY, NULL, 0, "%s",
				    text[0] != '\0' ? text : "the compiler refused the policy files without a reason");
	*message = '\0';
	message += 2;
	colon = strrchr(text, ':');
	if (colon != NULL && colon[1] != '\0' && colon[1 + strspn(colon + 1, "0123456789")] == '\0') {
		line = strtoul(colon + 1, NULL, 10);
		*colon = '\0';
	}
	if (more > 0)
		return ap_error_set(error, AP_ERR_POLICY, text, (unsigned)line,
				    "%.800s (and %zu more; accesspolicy check shows all)", message, more);
	return ap_error_set(error, AP_ERR_POLICY, text, (unsigned)line, "%s", message);
}

static ap_status take_output(const char *compiler, growing *output, char **ret_bytes, size_t *ret_size, ap_error *error)
{
	const size_t mark = strlen(AP_SPAWN_ERRORS);

	if (output->used >= mark && output->used < output->room && memcmp(output->bytes, AP_SPAWN_ERRORS, mark) == 0)
		return report_errors(output, error);
	if (output->used == 0)
		return ap_error_set(error, AP_ERR_DAMAGED, compiler, 0,
				    "sent nothing: it crashed, or ended early, while it read the policy files");
	*ret_bytes = output->bytes;
	*ret_size = output->used;
	output->bytes = NULL;
	return AP_OK;
}

static ap_status run(const char *compiler, const char *config, const ap_spawn_limits *limits, char **ret_bytes,
		     size_t *ret_size, ap_error *error)
{
	int64_t deadline = now_ms() + limits->timeout_ms;
	growing output = { .bytes = NULL };
	sigset_t all, before;
	ap_status status;
	pid_t keeper;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return ap_error_set(error, AP_ERR_IO, compiler, 0, "no pipe can be had: %s", strerror(errno));
	/* until the keeper has put them off, a signal must not run the host's handlers in it */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	keeper = clone_keeper();
	if (keeper == 0)
		keep(compiler, config, limits, ends[1]);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)close(ends[1]);
	if (keeper < 0) {
		status = ap_error_set(error, AP_ERR_IO, compiler, 0, "cannot be started: %s", strerror(errno));
	} else {
		status = read_output(ends[0], deadline, compiler, limits, &output, error);
		end_keeper(keeper, status == AP_OK);
	}
	(void)close(ends[0]);
	if (status == AP_OK && !grow(&output))
		status = ap_error_set(error, AP_ERR_MEMORY, compiler, 0, "there is no memory for its output");
	if (status == AP_OK)
		status = take_output(compiler, &output, ret_bytes, ret_size, error);
	free(output.bytes);
	return status;
}

ap_status ap_spawn_compiler(const char *compiler, const char *config, const ap_spawn_limits *limits, char **ret_bytes,
			    size_t *ret_size, ap_error *error)
{
	ap_status status;
	int cancelling;

	/* a host that cancels its thread at a read or poll would leave the child and the pipe behind */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
	status = run(compiler, config, limits, ret_bytes, ret_size, error);
	(void)pthread_setcancelstate(cancelling, NULL);
	return status;
}
