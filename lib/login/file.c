#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAX_LINKS = 40, /* as the kernel's own limit */
	/* O_NONBLOCK: should the file have become a FIFO meanwhile, opening it must not wait for a writer */
	OPEN_FLAGS = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	READ_FLAGS = O_RDONLY | OPEN_FLAGS,
	APPEND_FLAGS = O_WRONLY | O_APPEND | OPEN_FLAGS
};

/* A walk from the root to the wanted file; `folder` is a descriptor of where it stands. */
typedef struct {
	const char *root;   /* "/", or the folder that is another machine's */
	const char *wanted; /* the path as it was asked for: what messages name */
	bool want_folder;
	bool append; /* the file is to be written at its end: it must be where it seems to be */
	int folder;
	unsigned n_links;
	char at[PATH_MAX];   /* where it stands, as text */
	char rest[PATH_MAX]; /* what is still to go */
	ap_error *error;
} walk;

static bool trusted_owner(const struct stat *info)
{
	return info->st_uid == 0 || info->st_uid == geteuid();
}

static ap_status refuse(const char *wanted, const char *what, ap_error *error)
{
	int code = errno;

	if (code == ENOENT || code == ENOTDIR)
		return ap_error_set(error, AP_ERR_MISSING, wanted, 0, "%s does not exist (%s)", what, strerror(code));
	return ap_error_set(error, AP_ERR_IO, wanted, 0, "%s cannot be opened: %s", what, strerror(code));
}

static ap_status refuse_errno(const walk *w, const char *what)
{
	return refuse(w->wanted, what, w->error);
}

static ap_status check_owner(const walk *w, const char *what, const struct stat *info)
{
	if (trusted_owner(info))
		return AP_OK;
	if (geteuid() == 0)
		return ap_error_set(w->error, AP_ERR_TRUST, w->wanted, 0,
				    "%s is owned by user %lu; expected root: whoever owns it could write the %s", what,
				    (unsigned long)info->st_uid, w->append ? "records" : "policy");
	return ap_error_set(w->error, AP_ERR_TRUST, w->wanted, 0, "%s is owned by user %lu; expected root or user %lu",
			    what, (unsigned long)info->st_uid, (unsigned long)geteuid());
}

static bool others_can_write(const struct stat *info)
{
	return (info->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* True if others can put entries of their own in the place of a folder's. */
static bool others_can_replace(const struct stat *folder)
{
	return others_can_write(folder) && (folder->st_mode & S_ISVTX) == 0;
}

static ap_status check_folder(const walk *w, const struct stat *info)
{
	char what[PATH_MAX + 16];

	(void)snprintf(what, sizeof(what), "the folder %s", w->at[0] != '\0' ? w->at : "/");
	if (others_can_replace(info))
		return ap_error_set(w->error, AP_ERR_TRUST, w->wanted, 0,
				    "%s can be written by group or others (mode %04o); expected chmod go-w", what,
				    (unsigned)info->st_mode & 07777u);
	return check_owner(w, what, info);
}

static ap_status check_file(const walk *w, const struct stat *info)
{
	if (S_ISDIR(info->st_mode))
		return ap_error_set(w->error, AP_ERR_TRUST, w->wanted, 0, "is a folder; expected a regular file");
	if (!S_ISREG(info->st_mode))
		return ap_error_set(w->error, AP_ERR_TRUST, w->wanted, 0, "is a %s; expected a regular file",
				    S_ISFIFO(info->st_mode)   ? "FIFO"
				    : S_ISSOCK(info->st_mode) ? "socket"
							      : "device");
	if (others_can_write(info))
		return ap_error_set(w->error, AP_ERR_TRUST, w->wanted, 0,
				    "can be written by group or others (mode %04o); expected chmod go-w",
				    (unsigned)info->st_mode & 07777u);
	/* who can make another name of a file of root's, in a folder of theirs, must not get it written to by that */
	if (w->append && info->st_nlink != 1)
		return ap_error_set(w->error, AP_ERR_TRUST, w->wanted, 0,
				    "has %lu names (hard links); expected this one alone",
				    (unsigned long)info->st_nlink);
	return check_owner(w, "the file", info);
}

/* Puts `text`, "/" and what is still to go in the place of what is still to go. */
static ap_status put_in_front(walk *w, const char *text)
{
	char joined[PATH_MAX];
	int length = snprintf(joined, sizeof(joined), "%s/%s", text, w->rest);

	if (length < 0 || (size_t)length >= sizeof(joined))
		return ap_error_set(w->error, AP_ERR_LIMIT, w->wanted, 0, "the path is longer than %d bytes", PATH_MAX);
	memcpy(w->rest, joined, (size_t)length + 1);
	return AP_OK;
}

/* Moves to the folder that `descriptor` has open, and takes the descriptor. */
static ap_status enter(walk *w, int descriptor)
{
	struct stat info;

	if (w->folder >= 0)
		(void)close(w->folder);
	w->folder = descriptor;
	if (descriptor < 0 || fstat(descriptor, &info) != 0)
		return refuse_errno(w, w->at[0] != '\0' ? w->at : "/");
	return check_folder(w, &info);
}

static ap_status enter_root(walk *w)
{
	w->at[0] = '\0';
	return enter(w, open(w->root, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static ap_status follow_link(walk *w, int link, const struct stat *info)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(link, "", target, sizeof(target) - 1);
	char *last;
	ap_status status;

	if (length <= 0)
		return refuse_errno(w, "a link on the way");
	target[length] = '\0';
	if (++w->n_links > MAX_LINKS)
		return ap_error_set(w->error, AP_ERR_LIMIT, w->wanted, 0,
				    "there are more than %d symbolic links on the way; do they run in a circle?",
				    MAX_LINKS);
	status = check_owner(w, "a symbolic link on the way", info);
	if (status != AP_OK)
		return status;
	last = strrchr(w->at, '/');
	if (last != NULL)
		*last = '\0';
	status = put_in_front(w, target);
	if (status == AP_OK && target[0] == '/')
		status = enter_root(w);
	return status;
}

/* Takes the next component off what is still to go; false at the end. */
static bool next_component(walk *w, char component[NAME_MAX + 2])
{
	const char *start = w->rest + strspn(w->rest, "/");
	size_t length = strcspn(start, "/");
	size_t copied = length < NAME_MAX + 1 ? length : NAME_MAX + 1;

	if (length == 0)
		return false;
	memcpy(component, start, copied); /* one that is too long stays too long, and the kernel refuses it */
	component[copied] = '\0';
	memmove(w->rest, start + length, strlen(start + length) + 1);
	return true;
}

static bool at_end(const walk *w)
{
	return w->rest[strspn(w->rest, "/")] == '\0';
}

/* The last component, a file: opened, then looked at on its descriptor. */
static ap_status open_last(const walk *w, const char *component, int *ret_fd)
{
	struct stat info;
	ap_status status;
	int fd = openat(w->folder, component, w->append ? APPEND_FLAGS : READ_FLAGS);

	if (fd < 0)
		return refuse_errno(w, "the file");
	status = fstat(fd, &info) != 0 ? refuse_errno(w, "the file") : check_file(w, &info);
	if (status != AP_OK) {
		(void)close(fd);
		return status;
	}
	*ret_fd = fd;
	return AP_OK;
}

/* One step; *ret_fd is written at the last one of a file. */
static ap_status step(walk *w, const char *component, int *ret_fd)
{
	struct stat info;
	ap_status status;
	size_t used = strlen(w->at);
	int next;

	if (strcmp(component, ".") == 0)
		return AP_OK;
	if (strcmp(component, "..") == 0) {
		char *last = strrchr(w->at, '/');

		/* above the root there is nothing else */
		if (last == NULL)
			return AP_OK;
		*last = '\0';
		return enter(w, openat(w->folder, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
	}
	if (used + strlen(component) + 2 > sizeof(w->at))
		return ap_error_set(w->error, AP_ERR_LIMIT, w->wanted, 0, "the path is longer than %d bytes", PATH_MAX);
	(void)snprintf(w->at + used, sizeof(w->at) - used, "/%s", component);
	next = openat(w->folder, component, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0 || fstat(next, &info) != 0) {
		status = refuse_errno(w, at_end(w) ? (w->want_folder ? "the folder" : "the file") : w->at);
	} else if (S_ISLNK(info.st_mode) && w->append && at_end(w)) {
		status = ap_error_set(w->error, AP_ERR_TRUST, w->wanted, 0,
				      "is a symbolic link; expected a regular file");
	} else if (S_ISLNK(info.st_mode)) {
		status = follow_link(w, next, &info);
	} else if (S_ISDIR(info.st_mode) && (!at_end(w) || w->want_folder)) {
		return enter(w, next);
	} else if (!at_end(w) || w->want_folder) {
		errno = ENOTDIR;
		status = w->want_folder && at_end(w)
				 ? ap_error_set(w->error, AP_ERR_TRUST, w->wanted, 0, "is no folder")
				 : refuse_errno(w, w->at);
	} else {
		status = check_file(w, &info);
		if (status == AP_OK)
			status = open_last(w, component, ret_fd);
	}
	if (next >= 0)
		(void)close(next);
	return status;
}

static ap_status start(walk *w)
{
	char here[PATH_MAX];
	int length = snprintf(w->rest, sizeof(w->rest), "%s", w->wanted);
	ap_status status = AP_OK;

	if (w->wanted[0] == '\0')
		return ap_error_set(w->error, AP_ERR_MISSING, w->wanted, 0, "the path is empty");
	if (length < 0 || (size_t)length >= sizeof(w->rest))
		return ap_error_set(w->error, AP_ERR_LIMIT, w->wanted, 0, "the path is longer than %d bytes", PATH_MAX);
	if (w->wanted[0] != '/') {
		/* the folders above the working one count too */
		if (getcwd(here, sizeof(here)) == NULL)
			return refuse_errno(w, "the working folder");
		status = put_in_front(w, here);
	}
	return status == AP_OK ? enter_root(w) : status;
}

typedef enum { TO_FILE, TO_APPEND, TO_FOLDER } destination;

static ap_status walk_to(const char *root, const char *path, destination to, int *ret_fd, ap_error *error)
{
	bool want_folder = to == TO_FOLDER;
	walk w = { .root = root,
		   .wanted = path,
		   .want_folder = want_folder,
		   .append = to == TO_APPEND,
		   .folder = -1,
		   .error = error };
	char component[NAME_MAX + 2];
	ap_status status = start(&w);
	int fd = -1;

	while (status == AP_OK && fd < 0 && next_component(&w, component))
		status = step(&w, component, &fd);
	if (status == AP_OK && want_folder) {
		fd = openat(w.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			status = refuse_errno(&w, "the folder");
	} else if (status == AP_OK && fd < 0) {
		status = ap_error_set(error, AP_ERR_TRUST, path, 0, "is a folder; expected a regular file");
	}
	if (w.folder >= 0)
		(void)close(w.folder);
	if (status == AP_OK)
		*ret_fd = fd;
	return status;
}

/*
 * The way that a login takes: the same answer as the walk's where nothing is to be complained of and no link stands on
 * the way, with a quarter of the system calls. The folders are looked at by their paths, from the root down: each was
 * looked at after the one that it stands in was found to be such that nobody but root and the effective user can
 * replace its entries, so none of them can have been replaced since by anybody else. (In a sticky folder somebody could,
 * should root remove an entry meanwhile: those are for the walk.) False where the walk is to say
 * what is wrong, or to follow a link.
 */
static bool open_straight(const char *path, bool append, int *ret_fd, uint64_t *ret_size)
{
	char at[PATH_MAX];
	size_t length = strlen(path), i;
	struct stat info;
	int fd;

	if (path[0] != '/' || length >= sizeof(at))
		return false;
	for (i = 0; path[i] != '\0'; i++) {
		if (path[i] != '/')
			continue;
		memcpy(at, path, i);
		memcpy(at + i, i == 0 ? "/" : "", i == 0 ? 2 : 1);
		if (lstat(at, &info) != 0 || !S_ISDIR(info.st_mode) || others_can_write(&info) || !trusted_owner(&info))
			return false;
		/* "." and ".." too are for the walk */
		if (path[i + 1] == '.' || path[i + 1] == '/')
			return false;
	}
	fd = open(path, append ? APPEND_FLAGS : READ_FLAGS);
	if (fd < 0)
		return false;
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || others_can_write(&info) || !trusted_owner(&info) ||
	    (append && info.st_nlink != 1)) {
		(void)close(fd);
		return false;
	}
	*ret_fd = fd;
	*ret_size = (uint64_t)info.st_size;
	return true;
}

static ap_status open_sized(const char *path, bool append, int *ret_fd, uint64_t *ret_size, ap_error *error)
{
	struct stat info;
	ap_status status;
	int fd;

	if (open_straight(path, append, ret_fd, ret_size))
		return AP_OK;
	status = walk_to("/", path, append ? TO_APPEND : TO_FILE, &fd, error);
	if (status != AP_OK)
		return status;
	if (fstat(fd, &info) != 0) {
		status = ap_error_set(error, AP_ERR_IO, path, 0, "cannot be looked at: %s", strerror(errno));
		(void)close(fd);
		return status;
	}
	*ret_fd = fd;
	*ret_size = (uint64_t)info.st_size;
	return AP_OK;
}

ap_status ap_file_open_sized(const char *path, int *ret_fd, uint64_t *ret_size, ap_error *error)
{
	return open_sized(path, false, ret_fd, ret_size, error);
}

ap_status ap_file_open_append(const char *path, int *ret_fd, uint64_t *ret_size, ap_error *error)
{
	return open_sized(path, true, ret_fd, ret_size, error);
}

ap_status ap_file_open(const char *path, int *ret_fd, ap_error *error)
{
	uint64_t unused;

	return ap_file_open_sized(path, ret_fd, &unused, error);
}

ap_status ap_file_open_below(const char *root, const char *path, int *ret_fd, ap_error *error)
{
	return walk_to(root, path, TO_FILE, ret_fd, error);
}

ap_status ap_folder_open(const char *path, int *ret_fd, ap_error *error)
{
	return walk_to("/", path, TO_FOLDER, ret_fd, error);
}

/* The size that fstat tells is a hint: the file may grow, or be a pipe. */
ap_status ap_file_read_descriptor(int fd, const char *path, size_t limit, char **ret_bytes, size_t *ret_size,
				  ap_error *error)
{
	struct stat info;
	size_t room = 4096, used = 0;
	char *bytes;

	if (fstat(fd, &info) == 0 && info.st_size >= 0 && (uintmax_t)info.st_size < limit)
		room = (size_t)info.st_size + 2;
	bytes = malloc(room);
	while (bytes != NULL) {
		ssize_t n = read(fd, bytes + used, room - used - 1);
		char *larger;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(bytes);
			return ap_error_set(error, AP_ERR_IO, path, 0, "cannot be read: %s", strerror(errno));
		}
		used += (size_t)n;
		if (used > limit) {
			free(bytes);
			return ap_error_set(error, AP_ERR_LIMIT, path, 0, "has more than %zu bytes, the limit", limit);
		}
		if (n == 0) {
			bytes[used] = '\0';
			*ret_bytes = bytes;
			*ret_size = used;
			return AP_OK;
		}
		if (room - used > 1)
			continue;
		room *= 2;
		larger = realloc(bytes, room);
		if (larger == NULL)
			free(bytes);
		bytes = larger;
	}
	return ap_error_set(error, AP_ERR_MEMORY, path, 0, "there is no memory to read it");
}

ap_status ap_file_read(const char *path, size_t limit, char **ret_bytes, size_t *ret_size, ap_error *error)
{
	int fd;
	ap_status status = ap_file_open(path, &fd, error);

	if (status != AP_OK)
		return status;
	status = ap_file_read_descriptor(fd, path, limit, ret_bytes, ret_size, error);
	(void)close(fd);
	return status;
}

ap_status ap_file_where(const ap_elsewhere *elsewhere, const char *path, const char *what, const char **ret_here,
			ap_error *error)
{
	const char *here = elsewhere != NULL ? elsewhere->where(elsewhere->machine, path) : path;

	if (here == NULL)
		return refuse(path, what, error);
	*ret_here = here;
	return AP_OK;
}
