#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A test that cannot prepare its own files has nothing to say. */
static void give_up(const char *what, const char *path)
{
	(void)fprintf(stderr, "scratch: %s %s: %s\n", what, path, strerror(errno));
	abort();
}

char *ap_scratch_path(const char *folder, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		give_up("no memory for", name);
	return path;
}

char *ap_scratch_new(void)
{
	const char *base = getenv("TMPDIR");
	char *folder = ap_scratch_path(base != NULL && base[0] == '/' ? base : "/tmp", "accesspolicy-XXXXXX");

	if (mkdtemp(folder) == NULL)
		give_up("mkdtemp", folder);
	return folder;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

void ap_scratch_free(char *folder)
{
	if (folder == NULL)
		return;
	if (nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		give_up("remove", folder);
	free(folder);
}

char *ap_scratch_write_bytes(const char *folder, const char *name, const void *bytes, size_t size, mode_t mode)
{
	char *path = ap_scratch_path(folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const char *at = bytes;

	if (fd < 0)
		give_up("create", path);
	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n <= 0)
			give_up("write", path);
		at += n;
		size -= (size_t)n;
	}
	if (fchmod(fd, mode) != 0 || close(fd) != 0)
		give_up("write", path);
	return path;
}

char *ap_scratch_write(const char *folder, const char *name, const char *text, mode_t mode)
{
	return ap_scratch_write_bytes(folder, name, text, strlen(text), mode);
}

char *ap_scratch_read(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "re");
	char *bytes = NULL;
	size_t size = 0;

	if (file == NULL)
		give_up("open", path);
	for (;;) {
		bytes = realloc(bytes, size + 65536 + 1);
		if (bytes == NULL)
			give_up("no memory for", path);
		size_t n = fread(bytes + size, 1, 65536, file);
		size += n;
		if (n == 0)
			break;
	}
	bytes[size] = '\0';
	(void)fclose(file);
	if (ret_size != NULL)
		*ret_size = size;
	return bytes;
}

static void copy_entry(const char *from, const char *to, const char *name)
{
	char *source = ap_scratch_path(from, name);
	char *target = ap_scratch_path(to, name);
	struct stat status;
	size_t size;

	if (stat(source, &status) != 0)
		give_up("stat", source);
	if (S_ISDIR(status.st_mode)) {
		ap_scratch_copy(source, target);
	} else {
		char *bytes = ap_scratch_read(source, &size);
		mode_t mode = (status.st_mode & 0100) != 0 ? 0755 : 0644;

		free(ap_scratch_write_bytes(to, name, bytes, size, mode));
		free(bytes);
	}
	free(source);
	free(target);
}

void ap_scratch_copy(const char *from, const char *to)
{
	DIR *folder = opendir(from);
	struct dirent *entry;

	if (folder == NULL)
		give_up("open", from);
	if ((mkdir(to, 0755) != 0 && errno != EEXIST) || chmod(to, 0755) != 0)
		give_up("mkdir", to);
	while ((entry = readdir(folder)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			copy_entry(from, to, entry->d_name);
	(void)closedir(folder);
}

size_t ap_open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	size_t n = 0;

	if (folder == NULL)
		give_up("open", "/proc/self/fd");
	while ((entry = readdir(folder)) != NULL)
		n += entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(folder);
	(void)closedir(folder);
	return n;
}

bool ap_no_child_left(void)
{
	int status;

	return waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD;
}
