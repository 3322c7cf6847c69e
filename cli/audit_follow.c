#include "audit_follow.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_EVERY_MS = 200, LINE_ROOM = 64 * 1024 };

static int open_log(const char *path)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0 && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* Behind the last newline: what is written after it may be a part of a line. */
static long long end_of_lines(ap_audit_follower *f, long long size)
{
	long long from = size > LINE_ROOM ? size - LINE_ROOM : 0;
	ssize_t n = pread(f->fd, f->line, LINE_ROOM, (off_t)from);
	const char *newline = n > 0 ? memrchr(f->line, '\n', (size_t)n) : NULL;

	return newline != NULL ? from + (newline - f->line) + 1 : from;
}

void ap_audit_follow_begin(ap_audit_follower *follower, ap_arena *arena, const char *path, ap_audit_end *ret_end)
{
	struct stat info;

	*ret_end = (ap_audit_end){ .bytes = 0 };
	*follower = (ap_audit_follower){ .path = path, .fd = open_log(path), .line = ap_arena_alloc(arena, LINE_ROOM) };
	if (follower->fd < 0 || fstat(follower->fd, &info) != 0)
		return;
	follower->taken = end_of_lines(follower, (long long)info.st_size);
	*ret_end = (ap_audit_end){ .device = info.st_dev, .inode = info.st_ino, .bytes = follower->taken };
}

/* Gives the whole lines that were read; the rest waits for its end. One that no record is as long as is dropped. */
static bool give_lines(ap_audit_follower *f, ap_audit_line *take, void *context)
{
	char *newline;

	while ((newline = memchr(f->line, '\n', f->length)) != NULL) {
		size_t length = (size_t)(newline - f->line);

		if (!take(context, f->path, 0, f->line, length))
			return false;
		f->length -= length + 1;
		memmove(f->line, newline + 1, f->length);
	}
	if (f->length == LINE_ROOM)
		f->length = 0;
	return true;
}

static bool read_on(ap_audit_follower *f, ap_audit_line *take, void *context)
{
	struct stat info;
	ssize_t n;

	if (f->fd < 0)
		return true;
	if (fstat(f->fd, &info) == 0 && (long long)info.st_size < f->taken) {
		f->taken = 0; /* truncated, as by copytruncate */
		f->length = 0;
	}
	while ((n = pread(f->fd, f->line + f->length, LINE_ROOM - f->length, (off_t)f->taken)) > 0) {
		f->taken += n;
		f->length += (size_t)n;
		if (!give_lines(f, take, context))
			return false;
	}
	return true;
}

static bool is_another(const ap_audit_follower *f)
{
	struct stat now, open_one;

	if (stat(f->path, &now) != 0)
		return false;
	return f->fd < 0 || fstat(f->fd, &open_one) != 0 || now.st_ino != open_one.st_ino ||
	       now.st_dev != open_one.st_dev;
}

/* False once nobody reads what is written. */
static bool pause_and_look(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	(void)fflush(stdout);
	return !ferror(stdout) &&
	       (poll(&out, 1, LOOK_EVERY_MS) <= 0 || (out.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0);
}

/* A login that had opened the old file may still be writing to it: it is looked at once more before the new one. */
static bool change_over(ap_audit_follower *f, ap_audit_line *take, void *context)
{
	if (f->fd >= 0 && (!pause_and_look() || !read_on(f, take, context)))
		return false;
	if (f->length > 0 && !take(context, f->path, 0, f->line, f->length))
		return false;
	ap_audit_follow_end(f);
	f->length = 0;
	f->taken = 0;
	f->fd = open_log(f->path);
	return read_on(f, take, context);
}

void ap_audit_follow(ap_audit_follower *f, ap_audit_line *take, void *context)
{
	while (read_on(f, take, context)) {
		if (is_another(f) && !change_over(f, take, context))
			return;
		if (!pause_and_look())
			return;
	}
}

void ap_audit_follow_end(ap_audit_follower *follower)
{
	if (follower->fd >= 0)
		(void)close(follower->fd);
	follower->fd = -1;
}
