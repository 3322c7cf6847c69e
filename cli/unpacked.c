#include "unpacked.h"

#include "screen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const struct {
	const char *suffix, *program, *package;
} compressions[] = {
	{ ".gz", NULL, NULL },
	{ ".xz", "xz", "xz-utils" },
	{ ".zst", "zstd", "zstd" },
	{ ".bz2", "bzip2", "bzip2" },
};
enum { N_COMPRESSIONS = sizeof(compressions) / sizeof(compressions[0]) };

static size_t compression_of(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t i = 0;

	while (i < N_COMPRESSIONS && (dot == NULL || strcmp(dot, compressions[i].suffix) != 0))
		i++;
	return i;
}

const char *ap_unpacked_suffix(const char *name)
{
	return compression_of(name) < N_COMPRESSIONS ? strrchr(name, '.') : NULL;
}

/* It ends where nobody reads any further, as programs do in a pipe, whatever this process makes of SIGPIPE. */
static int spawn(const char *program, int from, int to, pid_t *ret_child)
{
	char option[] = "-dc", name[16];
	char *words[] = { name, option, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	int code;

	(void)snprintf(name, sizeof(name), "%s", program);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGPIPE);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawnattr_setsigdefault(&attributes, &signals);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawn_file_actions_init(&actions);
	code = posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO);
	if (code == 0)
		code = posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
	if (code == 0)
		code = posix_spawnp(ret_child, program, &actions, &attributes, words, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	return code;
}

/* The reading end of what the program makes of it, or -1 with *ret_fault. */
static int unpack(ap_arena *arena, int fd, size_t number, ap_unpacked *file, const char **ret_fault)
{
	const char *program = compressions[number].program;
	int ends[2], code;

	if (pipe2(ends, O_CLOEXEC) != 0) {
		*ret_fault = strerror(errno);
		return -1;
	}
	code = spawn(program, fd, ends[1], &file->child);
	(void)close(ends[1]);
	if (code == 0) {
		file->program = program;
		return ends[0];
	}
	(void)close(ends[0]);
	*ret_fault = code == ENOENT ? ap_format(arena, "is read by %s, which is not installed; install the package %s",
						program, compressions[number].package)
				    : ap_format(arena, "is read by %s: %s", program, strerror(code));
	return -1;
}

static void end_child(ap_unpacked *file, int *ret_status)
{
	while (waitpid(file->child, ret_status, 0) < 0 && errno == EINTR)
		;
	file->child = 0;
}

const char *ap_unpacked_open(ap_arena *arena, int fd, const char *name, ap_unpacked *ret_file)
{
	size_t number = compression_of(name);
	bool by_program = number < N_COMPRESSIONS && compressions[number].program != NULL;
	ap_unpacked file = { 0 };
	const char *fault = NULL;
	int from = by_program ? unpack(arena, fd, number, &file, &fault) : fd;

	if (from < 0)
		return fault;
	file.in = gzdopen(from, "rb");
	if (file.in == NULL) {
		if (by_program)
			(void)close(from);
		if (file.child != 0)
			end_child(&file, &(int){ 0 });
		return "there is no memory to read it";
	}
	if (by_program)
		(void)close(fd);
	*ret_file = file;
	return NULL;
}

size_t ap_unpacked_read(ap_unpacked *file, char *buffer, size_t size)
{
	int n = gzread(file->in, buffer, (unsigned)size);

	return n > 0 ? (size_t)n : 0;
}

const char *ap_unpacked_fault(ap_arena *arena, ap_unpacked *file)
{
	int code = Z_OK, status = 0;
	const char *fault = gzerror(file->in, &code);

	if (code != Z_OK && code != Z_STREAM_END)
		return code == Z_ERRNO ? strerror(errno) : ap_format(arena, "%s", fault);
	if (file->child == 0)
		return NULL;
	end_child(file, &status);
	return status == 0 ? NULL : ap_format(arena, "%s failed", file->program);
}

void ap_unpacked_close(ap_unpacked *file)
{
	(void)gzclose(file->in);
	if (file->child != 0)
		end_child(file, &(int){ 0 });
}
