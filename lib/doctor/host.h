/*
 * host.h - the machine that is examined: its files, what its own programs say of their settings, and what runs on it.
 *
 * Nothing is changed on it. What cannot be read or run is told by the caller as a finding of its own, never taken for good.
 */
#ifndef AP_DOCTOR_HOST_H
#define AP_DOCTOR_HOST_H

#include "../make/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

enum { AP_HOST_FILE_MAX = 16 * 1024 * 1024, AP_HOST_RUN_SECONDS = 20 };

/* `root` is "" for this machine, or the folder that is another one's root, without a slash at its end. */
typedef struct {
	ap_arena *arena;
	const char *root;
} ap_host;

/*
 * The file's text, NUL-terminated, in the arena; NULL with errno where it cannot be read (ENOENT: there is none; EFBIG: more
 * than AP_HOST_FILE_MAX; EINVAL: not a regular file, or a NUL byte in it). `path` is absolute, as the machine itself would
 * name it. Symbolic links are followed as the machine would follow them: an absolute one starts at its root. `ret_length` may
 * be NULL.
 */
char *ap_host_read(const ap_host *host, const char *path, size_t *ret_length);

/*
 * The whole lines among the file's last `size` bytes, which may be more than AP_HOST_FILE_MAX before them: of a log. A NUL
 * byte in it becomes a blank. NULL with errno as above.
 */
char *ap_host_read_end(const ap_host *host, const char *path, size_t size);

/* What stat(2) says of the path; false with errno. */
bool ap_host_stat(const ap_host *host, const char *path, struct stat *ret_info);

/*
 * The path as this process has to name it, in the arena, with all links followed as the machine would follow them; NULL with
 * errno where there is nothing at its end.
 */
const char *ap_host_find(const ap_host *host, const char *path);

/*
 * The same for messages: where there is nothing, the root and the path. Whoever opens that is led out of the root by the
 * machine's links.
 */
const char *ap_host_where(const ap_host *host, const char *path);

/*
 * True if nobody but root and the effective user could have put the file there: so file.h finds it, with all that is on its way from
 * the machine's root on. What is run as root must be such.
 */
bool ap_host_is_trusted(const ap_host *host, const char *path);

/* True if there is a file, a folder, or whatever else at the path. */
bool ap_host_has(const ap_host *host, const char *path);

/* The names in a folder, sorted bytewise, without "." and ".."; false with errno. */
bool ap_host_list(const ap_host *host, const char *path, const char *const **ret_names, size_t *ret_n);

typedef struct {
	int status; /* the exit status; 128 + N: ended by signal N; -1: could not be started, or ended for its time */
	int error;  /* with -1, errno: ETIMEDOUT where the time was up */
	const char *out; /* standard output, NUL-terminated, at most AP_HOST_FILE_MAX bytes */
	const char *err; /* the same of standard error */
} ap_host_output;

/*
 * Runs one of the machine's own programs, by its absolute path (argv[0]; NULL-terminated), with the rights that this process
 * has, an empty standard input, PATH and LC_ALL=C alone, within the machine's root (which only root can enter, where it is
 * another), for at most AP_HOST_RUN_SECONDS. What the program started is ended with it.
 */
ap_host_output ap_host_run(const ap_host *host, const char *const *argv);

/*
 * Why its output is of no use, in the arena: `"postconf -M" failed: ` and the first line of what it said, where `command` is
 * what a person would type. NULL: its status is 0.
 */
const char *ap_host_run_fault(const ap_host *host, const char *command, const ap_host_output *output);

/* A process of the machine. */
typedef struct {
	pid_t pid;
	uid_t uid; /* who started it */
	uid_t euid;
	const char *program; /* where /proc/PID/exe leads, from the machine's root; "" where it is not told */

	/* NULL-terminated; of 64 KiB the first thousand. Empty where anybody but root started it: he could write what takes all
	   memory to read, or, from a file system of his own, never comes. */
	const char *const *argv;
} ap_host_process;

/*
 * The processes whose root is the host's, in the order of their numbers; false with errno. A process that ends meanwhile, or
 * that may not be looked at, is left out; so is one whose users changed meanwhile, of which no two things need belong together: a
 * child of cron's is root's until it becomes what its user wrote.
 */
bool ap_host_processes(const ap_host *host, const ap_host_process **ret_processes, size_t *ret_n);

#endif
