/* The programs of the machine that is examined. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 65536 };

/* What the program writes to one of its outputs. */
typedef struct {
	int fd; /* to read it from; -1: it has ended */
	char *bytes;
	size_t n;
	size_t room;
} stream;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool enter_root(const char *root)
{
	return root[0] == '\0' || (chroot(root) == 0 && chdir("/") == 0);
}

/* The first failure is told through `report`, which closes by itself where the program starts. */
__attribute__((noreturn)) static void become(const ap_host *host, const char *const *argv, int out, int err, int report)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	static char *const environment[] = { path, locale, NULL };
	char **arguments;
	size_t n = 0;
	int fault;

	while (argv[n] != NULL)
		n++;
	arguments = ap_arena_alloc(host->arena, (n + 1) * sizeof(*arguments));
	for (size_t i = 0; i < n; i++)
		arguments[i] = ap_arena_strdup(host->arena, argv[i]);
	(void)setpgid(0, 0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	if (dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(err, STDERR_FILENO) >= 0 && enter_root(host->root))
		(void)execve(argv[0], arguments, environment);
	fault = errno;
	(void)!write(report, &fault, sizeof(fault));
	_exit(127);
}

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			(void)close(pair[i]);
}

static void take(stream *from)
{
	ssize_t n;

	if (from->room - from->n < CHUNK) {
		from->room = from->n + 2 * CHUNK + from->n / 2;
		from->bytes = realloc(from->bytes, from->room);
		if (from->bytes == NULL)
			ap_out_of_memory();
	}
	n = read(from->fd, from->bytes + from->n, CHUNK);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		/* what is beyond the limit is read, so that the program ends, and dropped */
		from->n += (size_t)n;
		if (from->n > AP_HOST_FILE_MAX)
			from->n = AP_HOST_FILE_MAX;
		return;
	}
	(void)close(from->fd);
	from->fd = -1;
}

/* False where the time is up before both have ended. */
static bool gather(stream streams[2], int64_t deadline)
{
	while (streams[0].fd >= 0 || streams[1].fd >= 0) {
		struct pollfd polled[2] = { { .fd = streams[0].fd, .events = POLLIN },
					    { .fd = streams[1].fd, .events = POLLIN } };
		int64_t left = deadline - now_ms();

		if (left <= 0)
			return false;
		if (poll(polled, 2, (int)left) < 0 && errno != EINTR)
			return false;
		for (int i = 0; i < 2; i++)
			if (streams[i].fd >= 0 && polled[i].revents != 0)
				take(&streams[i]);
	}
	return true;
}

/* Waits for the child's end, but not longer than till the deadline: its outputs may be closed, and it may go on. */
static bool wait_until(pid_t child, int64_t deadline, int *ret_status)
{
	const struct timespec moment = { .tv_nsec = 5000000 };

	for (;;) {
		pid_t ended = waitpid(child, ret_status, WNOHANG);

		if (ended == child)
			return true;
		if ((ended < 0 && errno != EINTR) || now_ms() >= deadline)
			return false;
		(void)nanosleep(&moment, NULL);
	}
}

static void end(pid_t child, bool ended)
{
	(void)kill(-child, SIGKILL);
	if (!ended) {
		(void)kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

static const char *text_of(const ap_host *host, stream *from)
{
	const char *text = ap_arena_strndup(host->arena, from->bytes != NULL ? from->bytes : "", from->n);

	free(from->bytes);
	if (from->fd >= 0)
		(void)close(from->fd);
	return text;
}

/* What the started child does, until it ends or has to. */
static ap_host_output follow(const ap_host *host, pid_t child, int out, int err, int report)
{
	int64_t deadline = now_ms() + (int64_t)AP_HOST_RUN_SECONDS * 1000;
	stream streams[2] = { { .fd = out }, { .fd = err } };
	ap_host_output output = { .status = -1 };
	int fault, status = 0;
	bool ended;

	if (read(report, &fault, sizeof(fault)) == sizeof(fault))
		output.error = fault;
	ended = gather(streams, deadline) && wait_until(child, deadline, &status);
	end(child, ended);
	if (output.error == 0 && !ended)
		output.error = ETIMEDOUT;
	else if (output.error == 0)
		output.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	output.out = text_of(host, &streams[0]);
	output.err = text_of(host, &streams[1]);
	return output;
}

ap_host_output ap_host_run(const ap_host *host, const char *const *argv)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, report[2] = { -1, -1 };
	ap_host_output output = { .status = -1, .out = "", .err = "" };
	pid_t child = -1;

	if (pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0)
		child = fork();
	if (child == 0)
		become(host, argv, out[1], err[1], report[1]);
	if (child < 0) {
		output.error = errno;
	} else {
		(void)close(out[1]);
		(void)close(err[1]);
		(void)close(report[1]);
		out[1] = err[1] = report[1] = -1;
		output = follow(host, child, out[0], err[0], report[0]);
		out[0] = err[0] = -1;
	}
	close_pair(out);
	close_pair(err);
	close_pair(report);
	return output;
}

const char *ap_host_run_fault(const ap_host *host, const char *command, const ap_host_output *output)
{
	const char *said = output->status < 0 ? strerror(output->error) : output->err;

	if (output->status == 0)
		return NULL;
	return ap_format(host->arena, "\"%s\" failed: %.*s", command, (int)strcspn(said, "\r\n"), said);
}
