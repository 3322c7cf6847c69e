#include "host.h"

#include "../login/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* O_NONBLOCK: to open a FIFO must not wait for a writer. */
enum { READ_FLAGS = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, READ_FIRST = 64 * 1024 };

static void close_keeping_errno(int fd)
{
	int kept = errno;

	(void)close(fd);
	errno = kept;
}

/* Below another root, an absolute link starts there, and ".." ends there. */
static int open_below(const char *root, const char *path, int flags)
{
	struct open_how how = { .flags = (__u64)(unsigned)flags, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (folder < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
	close_keeping_errno(folder);
	return fd;
}

static int open_on(const ap_host *host, const char *path, int flags)
{
	return host->root[0] == '\0' ? open(path, flags) : open_below(host->root, path, flags);
}

/* To the end of the file, of which `room` is one byte more than it may have. */
static bool read_all(int fd, char *into, size_t room, size_t *ret_length)
{
	size_t length = 0;

	while (length < room) {
		ssize_t n = read(fd, into + length, room - length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	*ret_length = length;
	errno = EFBIG;
	return length < room;
}

/* All of the file, in *buffer, which grows with what is there: most files are small. */
static bool read_whole(int fd, char **buffer, size_t *ret_length)
{
	size_t room = READ_FIRST, more = 0;

	*ret_length = 0;
	for (;; room *= 2) {
		*buffer = realloc(*buffer, room);
		if (*buffer == NULL)
			ap_out_of_memory();
		if (read_all(fd, *buffer + *ret_length, room - *ret_length, &more))
			break;
		if (errno != EFBIG)
			return false;
		*ret_length = room;
		if (room > AP_HOST_FILE_MAX)
			return false;
	}
	*ret_length += more;
	errno = EFBIG;
	return *ret_length <= AP_HOST_FILE_MAX;
}

static char *read_text(const ap_host *host, int fd, size_t *ret_length)
{
	char *buffer = NULL, *text = NULL;
	struct stat info;
	size_t length = 0;

	if (fstat(fd, &info) == 0 && !S_ISREG(info.st_mode)) {
		errno = EINVAL;
	} else if (read_whole(fd, &buffer, &length)) {
		if (memchr(buffer, '\0', length) == NULL)
			text = ap_arena_strndup(host->arena, buffer, length);
		else
			errno = EINVAL;
	}
	if (text != NULL && ret_length != NULL)
		*ret_length = length;
	free(buffer);
	return text;
}

char *ap_host_read(const ap_host *host, const char *path, size_t *ret_length)
{
	int fd = open_on(host, path, READ_FLAGS);
	char *text;

	if (fd < 0)
		return NULL;
	text = read_text(host, fd, ret_length);
	close_keeping_errno(fd);
	return text;
}

/* Where a line begins that is whole, in what was read from `start` of the file on. */
static size_t first_line(const char *buffer, size_t length, off_t start)
{
	const char *newline = start > 0 ? memchr(buffer, '\n', length) : NULL;

	return start == 0 ? 0 : newline == NULL ? length : (size_t)(newline + 1 - buffer);
}

static char *read_end(const ap_host *host, int fd, size_t size)
{
	off_t start = lseek(fd, 0, SEEK_END);
	size_t length = 0, first;
	char *buffer;

	if (start < 0)
		return NULL;
	start = start > (off_t)size ? start - (off_t)size : 0;
	if (lseek(fd, start, SEEK_SET) < 0)
		return NULL;
	buffer = ap_arena_alloc(host->arena, size + 1);
	/* that it grows meanwhile is no failure */
	if (!read_all(fd, buffer, size, &length) && errno != EFBIG)
		return NULL;
	for (size_t i = 0; i < length; i++)
		if (buffer[i] == '\0')
			buffer[i] = ' ';
	first = first_line(buffer, length, start);
	return buffer + first;
}

char *ap_host_read_end(const ap_host *host, const char *path, size_t size)
{
	int fd = open_on(host, path, READ_FLAGS);
	struct stat info;
	char *text = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
		text = read_end(host, fd, size);
	else
		errno = EINVAL;
	close_keeping_errno(fd);
	return text;
}

bool ap_host_stat(const ap_host *host, const char *path, struct stat *ret_info)
{
	int fd = open_on(host, path, O_PATH | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return false;
	done = fstat(fd, ret_info) == 0;
	close_keeping_errno(fd);
	return done;
}

bool ap_host_is_trusted(const ap_host *host, const char *path)
{
	int fd;

	if (ap_file_open_below(host->root[0] != '\0' ? host->root : "/", path, &fd, NULL) != AP_OK)
		return false;
	(void)close(fd);
	return true;
}

bool ap_host_has(const ap_host *host, const char *path)
{
	struct stat info;

	return ap_host_stat(host, path, &info);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Takes the descriptor over. */
static bool list_descriptor(ap_arena *arena, int fd, const char ***ret_names, size_t *ret_n)
{
	DIR *folder = fdopendir(fd);
	const char **names = NULL;
	struct dirent *entry;
	size_t n = 0;
	int fault;

	if (folder == NULL) {
		close_keeping_errno(fd);
		return false;
	}
	errno = 0;
	while ((entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			*AP_PUSH(arena, names, n) = ap_arena_strdup(arena, entry->d_name);
		errno = 0;
	}
	fault = errno;
	(void)closedir(folder);
	errno = fault;
	*ret_names = names;
	*ret_n = n;
	return fault == 0;
}

bool ap_host_list(const ap_host *host, const char *path, const char *const **ret_names, size_t *ret_n)
{
	int fd = open_on(host, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char **names;
	size_t n;

	if (fd < 0 || !list_descriptor(host->arena, fd, &names, &n))
		return false;
	if (n > 0)
		qsort(names, n, sizeof(*names), compare_names);
	*ret_names = names;
	*ret_n = n;
	return true;
}

const char *ap_host_find(const ap_host *host, const char *path)
{
	char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)], target[PATH_MAX];
	int fd = open_on(host, path, O_PATH | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return NULL;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target));
	close_keeping_errno(fd);
	if (n > 0 && (size_t)n < sizeof(target))
		return ap_arena_strndup(host->arena, target, (size_t)n);
	if (n >= 0)
		errno = ENAMETOOLONG;
	return NULL;
}

const char *ap_host_where(const ap_host *host, const char *path)
{
	const char *found = ap_host_find(host, path);

	return found != NULL ? found : ap_format(host->arena, "%s%s", host->root, path);
}
