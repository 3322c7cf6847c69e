/* What runs on the machine that is examined. */
#include "host.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_BYTES = 4096, ARGUMENTS_BYTES = 64 * 1024, ARGUMENTS_MAX = 1000 };

static int compare_numbers(const void *a, const void *b)
{
	const ap_host_process *first = a, *second = b;

	return (first->pid > second->pid) - (first->pid < second->pid);
}

/* Of a process, which a descriptor of its folder in /proc stands for: of another one that has its number since, that tells nothing. */
static size_t read_entry(int process, const char *name, char *into, size_t room)
{
	int fd = openat(process, name, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		return 0;
	while (length < room && (got = read(fd, into + length, room - length)) > 0)
		length += (size_t)got;
	(void)close(fd);
	return length;
}

/* By the folder itself: a name says nothing of which mounts lead to it. */
static bool is_at_root(const ap_host *host, int process)
{
	struct stat its, wanted;

	return fstatat(process, "root", &its, 0) == 0 && stat(host->root[0] != '\0' ? host->root : "/", &wanted) == 0 &&
	       its.st_dev == wanted.st_dev && its.st_ino == wanted.st_ino;
}

/* A program that was replaced since is still the one that runs. */
static const char *program_of(const ap_host *host, int process)
{
	static const char gone[] = " (deleted)";
	char target[PATH_MAX], root[PATH_MAX];
	ssize_t n = readlinkat(process, "exe", target, sizeof(target));
	char *path;
	size_t length;

	if (n < 0 || (size_t)n == sizeof(target))
		return "";
	path = ap_arena_strndup(host->arena, target, (size_t)n);
	length = strlen(path);
	if (length > sizeof(gone) && strcmp(path + length - (sizeof(gone) - 1), gone) == 0)
		path[length - (sizeof(gone) - 1)] = '\0';
	if (host->root[0] == '\0' || realpath(host->root, root) == NULL)
		return path;
	length = strlen(root);
	return strncmp(path, root, length) == 0 && path[length] == '/' ? path + length : path;
}

/* Ends of arguments are NUL bytes. */
static const char *const *arguments_of(const ap_host *host, int process)
{
	char bytes[ARGUMENTS_BYTES + 1];
	size_t length = read_entry(process, "cmdline", bytes, ARGUMENTS_BYTES), n = 0;
	const char **arguments = NULL;

	bytes[length] = '\0';
	for (size_t at = 0; at < length && n < ARGUMENTS_MAX; at += strlen(bytes + at) + 1)
		*AP_PUSH(host->arena, arguments, n) = ap_arena_strdup(host->arena, bytes + at);
	*AP_PUSH(host->arena, arguments, n) = NULL;
	return arguments;
}

typedef struct {
	unsigned real, effective;
} users;

/* The first two of the line's four numbers. */
static bool users_of(int process, users *ret_users)
{
	char text[STATUS_BYTES + 1];
	const char *line;

	text[read_entry(process, "status", text, STATUS_BYTES)] = '\0';
	line = strstr(text, "\nUid:");
	return line != NULL && sscanf(line + 5, "%u %u", &ret_users->real, &ret_users->effective) == 2;
}

/* False where it is none of the machine's, or not one thing all the while. */
static bool look_at(const ap_host *host, int process, ap_host_process *ret_process)
{
	static const char *const none[] = { NULL };
	users before, after;

	if (!is_at_root(host, process) || !users_of(process, &before))
		return false;
	ret_process->uid = before.real;
	ret_process->euid = before.effective;
	ret_process->program = program_of(host, process);
	ret_process->argv = before.real == 0 ? arguments_of(host, process) : none;
	return users_of(process, &after) && after.real == before.real && after.effective == before.effective;
}

bool ap_host_processes(const ap_host *host, const ap_host_process **ret_processes, size_t *ret_n)
{
	const ap_host here = { .arena = host->arena, .root = "" };
	ap_host_process *processes = NULL;
	const char *const *names;
	size_t n_names, n = 0;

	if (!ap_host_list(&here, "/proc", &names, &n_names))
		return false;
	for (size_t i = 0; i < n_names; i++) {
		ap_host_process one = { .pid = (pid_t)strtol(names[i], NULL, 10) };
		int process;

		if (one.pid <= 0)
			continue;
		process = open(ap_format(host->arena, "/proc/%s", names[i]), O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (process >= 0 && look_at(host, process, &one))
			*AP_PUSH(host->arena, processes, n) = one;
		if (process >= 0)
			(void)close(process);
	}
	if (n > 0)
		qsort(processes, n, sizeof(*processes), compare_numbers);
	*ret_processes = processes;
	*ret_n = n;
	return true;
}
