/*
 * nth_call.so - preloaded into the command by test_interrupted.py: something happens at the n-th call that could change
 * the state folder.
 *
 *     AP_NTH_CALL=N          from 1; 0: nothing happens
 *     AP_NTH_ACTION=WHAT     kill: SIGKILL, before the call
 *                            torn: a write writes half of its bytes before that
 *                            short: a write writes half of its bytes, and goes on: the kernel may do so at any time
 *                            a number: the call fails with this errno
 *                            a number and "+": so does each one after it that needs room (all but unlink)
 *     AP_NTH_REPORT=FILE     a line for each call: what it was called with, and whether something happened
 *
 * The calls are made as system calls: there is nothing to look up, and what is preloaded beside it stays out of it.
 */
#undef _FILE_OFFSET_BITS /* both openat and openat64 are defined here */
#undef _FORTIFY_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

typedef enum { GOES_ON, FAILS, SHORT } fate;

static unsigned long n_calls;

static void report(const char *call, const char *name, const char *fate_text)
{
	const char *path = getenv("AP_NTH_REPORT");
	char line[512];
	int fd, length;

	if (path == NULL)
		return;
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	length = snprintf(line, sizeof(line), "%lu %s %s%s\n", n_calls, call, name, fate_text);
	if (fd >= 0 && syscall(SYS_write, fd, line, (size_t)length) < 0)
		abort();
	if (fd >= 0)
		(void)syscall(SYS_close, fd);
}

static fate fate_of(const char *call, const char *name, bool needs_room)
{
	const char *number = getenv("AP_NTH_CALL"), *action = getenv("AP_NTH_ACTION");
	unsigned long wanted = number != NULL ? strtoul(number, NULL, 10) : 0;
	bool from_then_on = action != NULL && strchr(action, '+') != NULL && needs_room;

	n_calls++;
	if (wanted == 0 || action == NULL || (n_calls != wanted && !(from_then_on && n_calls > wanted))) {
		report(call, name, "");
		return GOES_ON;
	}
	report(call, name, " *");
	if (strcmp(action, "kill") == 0)
		(void)raise(SIGKILL);
	if (strcmp(action, "torn") == 0 || strcmp(action, "short") == 0)
		return SHORT;
	errno = atoi(action);
	return FAILS;
}

static bool is_torn(void)
{
	const char *action = getenv("AP_NTH_ACTION");

	return action != NULL && strcmp(action, "torn") == 0;
}

/* A call that has no half of it: torn is before it, and short is nothing. */
static bool fails(const char *call, const char *name, bool needs_room)
{
	fate f = fate_of(call, name, needs_room);

	if (f == SHORT && is_torn())
		(void)raise(SIGKILL);
	return f == FAILS;
}

EXPORTED int openat(int folder, const char *name, int flags, ...);
EXPORTED int openat64(int folder, const char *name, int flags, ...);
EXPORTED ssize_t write(int fd, const void *bytes, size_t size);
EXPORTED ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset);
EXPORTED ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset);
EXPORTED int ftruncate(int fd, off_t size);
EXPORTED int ftruncate64(int fd, off64_t size);
EXPORTED int fsync(int fd);
EXPORTED int fchmod(int fd, mode_t mode);
EXPORTED int mkdir(const char *path, mode_t mode);
EXPORTED int mkdirat(int folder, const char *name, mode_t mode);
EXPORTED int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags);
EXPORTED int unlinkat(int folder, const char *name, int flags);
EXPORTED int renameat(int from_folder, const char *from, int to_folder, const char *to);

static int open_at(int folder, const char *name, int flags, mode_t mode)
{
	if ((flags & O_CREAT) != 0 && fails("openat", name, true))
		return -1;
	return (int)syscall(SYS_openat, folder, name, flags, mode);
}

int openat(int folder, const char *name, int flags, ...)
{
	va_list arguments;
	mode_t mode = 0;

	va_start(arguments, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return open_at(folder, name, flags, mode);
}

int openat64(int folder, const char *name, int flags, ...)
{
	va_list arguments;
	mode_t mode = 0;

	va_start(arguments, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return open_at(folder, name, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	fate f = fd > 2 ? fate_of("write", "", true) : GOES_ON;

	if (f == FAILS)
		return -1;
	if (f == SHORT && size > 1) {
		ssize_t n = syscall(SYS_write, fd, bytes, size / 2);

		if (is_torn())
			(void)raise(SIGKILL);
		return n;
	}
	return syscall(SYS_write, fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	return fails("pwrite", "", true) ? -1 : syscall(SYS_pwrite64, fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
	return fails("pwrite", "", true) ? -1 : syscall(SYS_pwrite64, fd, bytes, size, offset);
}

int ftruncate(int fd, off_t size)
{
	return fails("ftruncate", "", true) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	return fails("ftruncate", "", true) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int fsync(int fd)
{
	return fails("fsync", "", true) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fchmod(int fd, mode_t mode)
{
	return fails("fchmod", "", true) ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int mkdir(const char *path, mode_t mode)
{
	return fails("mkdir", path, true) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int mkdirat(int folder, const char *name, mode_t mode)
{
	return fails("mkdirat", name, true) ? -1 : (int)syscall(SYS_mkdirat, folder, name, mode);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
	return fails("linkat", to, true) ? -1 : (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int unlinkat(int folder, const char *name, int flags)
{
	return fails("unlinkat", name, false) ? -1 : (int)syscall(SYS_unlinkat, folder, name, flags);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	return fails("renameat", to, true) ? -1 : (int)syscall(SYS_renameat, from_folder, from, to_folder, to);
}
