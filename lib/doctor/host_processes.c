/* What runs on the machine that is examined. */
#include "host.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 1024 * 1024 };

static int compare_numbers(const void *a, const void *b)
{
	const ap_host_process *first = a, *second = b;

	return (first->pid > second->pid) - (first->pid < second->pid);
}

static const char *proc_path(ap_arena *arena, pid_t pid, const char *name)
{
	return ap_format(arena, "/proc/%d/%s", (int)pid, name);
}

/* By the folder itself: a name says nothing of which mounts lead to it. */
static bool is_at_root(const ap_host *host, pid_t pid)
{
	struct stat its, wanted;

	return stat(proc_path(host->arena, pid, "root"), &its) == 0 &&
	       stat(host->root[0] != '\0' ? host->root : "/", &wanted) == 0 && its.st_dev == wanted.st_dev &&
	       its.st_ino == wanted.st_ino;
}

/* A program that was replaced since is still the one that runs. */
static const char *program_of(const ap_host *host, pid_t pid)
{
	static const char gone[] = " (deleted)";
	char target[PATH_MAX], root[PATH_MAX];
	ssize_t n = readlink(proc_path(host->arena, pid, "exe"), target, sizeof(target));
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

/* Ends of arguments are NUL bytes, so ap_host_read has no use for it. */
static const char *const *arguments_of(const ap_host *host, pid_t pid)
{
	int fd = open(proc_path(host->arena, pid, "cmdline"), O_RDONLY | O_CLOEXEC);
	const char **arguments = NULL;
	size_t n = 0, length = 0;
	char *bytes = malloc(ARGUMENTS_MAX + 1);
	ssize_t got = 0;

	if (bytes == NULL)
		ap_out_of_memory();
	while (fd >= 0 && length < ARGUMENTS_MAX && (got = read(fd, bytes + length, ARGUMENTS_MAX - length)) > 0)
		length += (size_t)got;
	bytes[length] = '\0';
	for (size_t at = 0; at < length; at += strlen(bytes + at) + 1)
		*AP_PUSH(host->arena, arguments, n) = ap_arena_strdup(host->arena, bytes + at);
	*AP_PUSH(host->arena, arguments, n) = NULL;
	free(bytes);
	if (fd >= 0)
		(void)close(fd);
	return arguments;
}

/* The first two of the line's four numbers. */
static bool users_of(const ap_host *host, pid_t pid, uid_t *ret_uid, uid_t *ret_euid)
{
	const ap_host here = { .arena = host->arena, .root = "" };
	const char *text, *line;
	unsigned real, effective;

	text = ap_host_read(&here, proc_path(host->arena, pid, "status"), NULL);
	line = text != NULL ? strstr(text, "\nUid:") : NULL;
	if (line == NULL || sscanf(line + 5, "%u %u", &real, &effective) != 2)
		return false;
	*ret_uid = real;
	*ret_euid = effective;
	return true;
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
		pid_t pid = isdigit((unsigned char)names[i][0]) ? (pid_t)strtol(names[i], NULL, 10) : 0;
		uid_t uid, euid;

		if (pid <= 0 || !is_at_root(host, pid) || !users_of(host, pid, &uid, &euid))
			continue;
		*AP_PUSH(host->arena, processes, n) = (ap_host_process){ .pid = pid,
									 .uid = uid,
									 .euid = euid,
									 .program = program_of(host, pid),
									 .argv = arguments_of(host, pid) };
	}
	if (n > 0)
		qsort(processes, n, sizeof(*processes), compare_numbers);
	*ret_processes = processes;
	*ret_n = n;
	return true;
}
