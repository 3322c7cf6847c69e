#include "isolated.h"

#include "../login/file.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The last byte of what a child wrote: without one it did not come to its end. */
enum { ANSWERED = 'A', FAILED = 'F' };

static const size_t answer_limit = (size_t)2 * 1024 * 1024 * 1024;

static void limit(__rlimit_resource_t resource, rlim_t most)
{
	struct rlimit value;

	if (getrlimit(resource, &value) != 0)
		return;
	if (value.rlim_cur == RLIM_INFINITY || value.rlim_cur > most)
		value.rlim_cur = most;
	/* one second later than the signal that tells that it was the time */
	if (value.rlim_max == RLIM_INFINITY || value.rlim_max > most)
		value.rlim_max = most + (resource == RLIMIT_CPU ? 1 : 0);
	(void)setrlimit(resource, &value);
}

/* The addresses that the process has already, which no limit can take back; 0 where that cannot be told. */
static rlim_t addresses_in_use(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "re");

	if (statm == NULL)
		return 0;
	if (fscanf(statm, "%lu", &pages) != 1)
		pages = 0;
	(void)fclose(statm);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* AddressSanitizer reserves terabytes of addresses. */
static bool can_limit_memory(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return false;
#endif
#endif
	return true;
}

static void set_limits(const ap_isolated_limits *limits)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, limits->cpu_seconds);
	if (limits->memory_bytes > 0 && can_limit_memory())
		limit(RLIMIT_AS, addresses_in_use() + limits->memory_bytes);
}

/* A handler of the caller's would go on in the child where that should end. */
static void reset_signals(void)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)sigaction(number, &action, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

__attribute__((noreturn)) static void be_child(int fd, pid_t parent, const ap_isolated_limits *limits,
					       ap_isolated_work *work, void *context)
{
	FILE *out = fdopen(fd, "wb");
	bool done;

	reset_signals();
	/* whoever waits for the answer may be killed */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || out == NULL)
		_exit(EXIT_FAILURE);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	set_limits(limits);
	done = work(out, context);
	(void)fputc(done ? ANSWERED : FAILED, out);
	/* what the process has open, and would flush at its exit, is its parent's */
	_exit(fclose(out) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static ap_status report_end(const ap_isolated_limits *limits, bool known, int status, ap_error *error)
{
	if (known && WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return ap_error_set(error, AP_ERR_DAMAGED, limits->name, 0,
				    "cannot be read: it took more than %u seconds, which no sound file does",
				    limits->cpu_seconds);
	if (known && WIFSIGNALED(status))
		return ap_error_set(error, AP_ERR_DAMAGED, limits->name, 0,
				    "cannot be read: the process that read it was ended by signal %d (%s)",
				    WTERMSIG(status), strsignal(WTERMSIG(status)));
	return ap_error_set(error, AP_ERR_DAMAGED, limits->name, 0,
			    "cannot be read: the process that read it ended before it was done");
}

/* Takes what the child wrote, if that is all of it. */
static ap_status take_answer(const ap_isolated_limits *limits, int fd, bool known, int status, char **ret_bytes,
			     size_t *ret_size, ap_error *error)
{
	char *bytes, end;
	size_t size;
	ap_status read;

	if (lseek(fd, 0, SEEK_SET) != 0)
		return ap_error_set(error, AP_ERR_IO, limits->name, 0, "what was read of it cannot be had: %s",
				    strerror(errno));
	read = ap_file_read_descriptor(fd, limits->name, answer_limit, &bytes, &size, error);
	if (read != AP_OK)
		return read;
	end = size > 0 ? bytes[size - 1] : '\0';
	if ((known && status != 0) || (end != ANSWERED && end != FAILED)) {
		free(bytes);
		return report_end(limits, known, status, error);
	}
	bytes[--size] = '\0';
	if (end == FAILED) {
		(void)ap_error_set(error, AP_ERR_DAMAGED, limits->name, 0, "%s", bytes);
		free(bytes);
		return AP_ERR_DAMAGED;
	}
	*ret_bytes = bytes;
	*ret_size = size;
	return AP_OK;
}

ap_status ap_isolated_run(const ap_isolated_limits *limits, ap_isolated_work *work, void *context, char **ret_bytes,
			  size_t *ret_size, ap_error *error)
{
	int fd = memfd_create("accesspolicy", MFD_CLOEXEC), status = 0;
	pid_t parent = getpid(), child, ended;
	ap_status result;

	if (fd < 0)
		return ap_error_set(error, AP_ERR_IO, limits->name, 0, "there is no memory to read it: %s",
				    strerror(errno));
	/* should the child end by exit(3), it would write the same once more */
	(void)fflush(NULL);
	child = fork();
	if (child == 0)
		be_child(fd, parent, limits, work, context);
	if (child < 0) {
		(void)ap_error_set(error, AP_ERR_IO, limits->name, 0, "there can be no process to read it: %s",
				   strerror(errno));
		(void)close(fd);
		return AP_ERR_IO;
	}
	do
		ended = waitpid(child, &status, 0);
	while (ended < 0 && errno == EINTR);
	/* where SIGCHLD is ignored nobody knows how it ended: what it wrote tells */
	result = take_answer(limits, fd, ended == child, status, ret_bytes, ret_size, error);
	(void)close(fd);
	return result;
}
