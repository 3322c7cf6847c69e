/*
 * rounds.c - has several stacks make the same logins in turn, and prints how long each took.
 *
 *     bench-rounds HARNESS fresh|loop ROUNDS COUNT quiet|log (NAME CONFDIR LOGINS listed|success none|each|denied)...
 *
 * fresh: in each round each stack has one login after the other, COUNT in all, each in a process of its own. The
 * time is from before posix_spawn(3) until the process was waited for. loop: each stack has a process that makes COUNT
 * logins. In a round all stacks make logins of the same numbers, and each round begins with another stack: what
 * disturbs the machine for a while disturbs all of them. One round goes before, and does not count.
 *
 * Prints a line for each process: NAME, nanoseconds a login, nanoseconds of processor time a login.
 *
 * log: makes the socket /dev/log, with a process that reads it, for as long as it runs; so it must be run where /dev is
 * its own (own_dev.sh). A line that the stacks are said to write (none, each login, each denied one) and that did
 * not come, or one too many, is an error. The last line is then "log", the number of lines and the number of bytes.
 */
#include "logins.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOG_SOCKET "/dev/log"

enum { FIRST_STACK = 6, STACK_WORDS = 5, STACKS_MAX = 32 };

static char service[] = "imap"; /* not const, for it becomes a word of an argv */

typedef struct {
	char *name;
	char *confdir;
	char *logins_path;
	bench_logins logins;
	bool listed;
	bool log_each;
	bool log_denied;
} stack;

typedef struct {
	atomic_ulong n_lines;
	atomic_ulong n_bytes;
} received;

typedef struct {
	char *harness;
	bool fresh;
	bool log;
	size_t n_rounds;
	size_t count;
	size_t n_stacks;
	stack stacks[STACKS_MAX];
	unsigned long n_lines_due;
	received *seen;
	pid_t reader;
} bench;

/*
 * All stacks take turns on one and the same processor, the first: processors differ by more than modules do where each
 * shares its core with somebody else's. What reads the log has the last. With one processor they share that.
 */
static void stay_on(bool first)
{
	cpu_set_t allowed, one;
	size_t chosen = CPU_SETSIZE;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		err(EXIT_FAILURE, "sched_getaffinity");
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && (chosen == CPU_SETSIZE || !first))
			chosen = cpu;
	CPU_ZERO(&one);
	CPU_SET(chosen, &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		err(EXIT_FAILURE, "sched_setaffinity");
}

/*
 * The log
 */

static void read_log(int fd, received *seen)
{
	char line[4096];
	ssize_t n;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on(false);
	while ((n = recv(fd, line, sizeof(line), 0)) >= 0) {
		atomic_fetch_add(&seen->n_bytes, (unsigned long)n);
		atomic_fetch_add(&seen->n_lines, 1);
	}
	_exit(EXIT_FAILURE);
}

static int bind_log(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = LOG_SOCKET };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || chmod(LOG_SOCKET, 0666) != 0)
		err(EXIT_FAILURE, LOG_SOCKET);
	return fd;
}

static void start_log(bench *b)
{
	int fd = bind_log();

	b->seen = mmap(NULL, sizeof(*b->seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->seen == MAP_FAILED)
		err(EXIT_FAILURE, "mmap");
	b->reader = fork();
	if (b->reader < 0)
		err(EXIT_FAILURE, "fork");
	if (b->reader == 0)
		read_log(fd, b->seen);
	(void)close(fd);
}

static void check_log(const bench *b)
{
	const struct timespec a_while = { .tv_nsec = 10000000 };
	unsigned long n_lines;

	/* what was sent has arrived; the reader may have to catch up, and one line too many must have its time too */
	for (int i = 0; i < 200 && atomic_load(&b->seen->n_lines) < b->n_lines_due; i++)
		(void)nanosleep(&a_while, NULL);
	(void)nanosleep(&a_while, NULL);
	n_lines = atomic_load(&b->seen->n_lines);
	if (n_lines != b->n_lines_due)
		errx(EXIT_FAILURE, "%lu lines were logged, and %lu are due", n_lines, b->n_lines_due);
	printf("log\t%lu\t%lu\n", n_lines, atomic_load(&b->seen->n_bytes));
}

static void stop_log(const bench *b)
{
	(void)kill(b->reader, SIGKILL);
	(void)waitpid(b->reader, NULL, 0);
	(void)unlink(LOG_SOCKET);
}

static void count_line(bench *b, const stack *s, const bench_login *login)
{
	b->n_lines_due += s->log_each || (s->log_denied && login->code != 0);
}

/*
 * Processes
 */

static uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_time(const struct rusage *usage)
{
	return ((uint64_t)usage->ru_utime.tv_sec + (uint64_t)usage->ru_stime.tv_sec) * 1000000000U +
	       ((uint64_t)usage->ru_utime.tv_usec + (uint64_t)usage->ru_stime.tv_usec) * 1000U;
}

static pid_t start(const posix_spawn_file_actions_t *actions, char *const *words)
{
	static char *const environment[] = { NULL };
	pid_t child;

	errno = posix_spawn(&child, words[0], actions, NULL, words, environment);
	if (errno != 0)
		err(EXIT_FAILURE, "%s", words[0]);
	return child;
}

static void wait_for(pid_t child, const stack *s, struct rusage *ret_usage)
{
	int status;

	if (wait4(child, &status, 0, ret_usage) != child)
		err(EXIT_FAILURE, "wait4");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
		errx(EXIT_FAILURE, "%s: a login failed", s->name);
}

static void log_in_fresh(bench *b, const stack *s, size_t number, bool counts)
{
	const bench_login *login = bench_logins_at(&s->logins, number);
	char code[16];
	char *words[] = { b->harness, (char[]){ "once" }, s->confdir, service, NULL, NULL, code, NULL };
	struct rusage usage;
	uint64_t began, ended;

	words[4] = strdupa(login->user);
	words[5] = strdupa(login->rhost);
	(void)snprintf(code, sizeof(code), "%d", s->listed ? login->code : 0);
	began = now();
	wait_for(start(NULL, words), s, &usage);
	ended = now();
	count_line(b, s, login);
	if (counts)
		printf("%s\t%" PRIu64 "\t%" PRIu64 "\n", s->name, ended - began, cpu_time(&usage));
}

/* Starts the process with its standard output in a pipe, and reads the two numbers that it prints. */
static void run_loop(const stack *s, char *const *words, uint64_t *ret_ns, uint64_t *ret_cpu_ns)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int ends[2];
	FILE *out;
	pid_t child;

	if (pipe(ends) != 0 || posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) != 0 ||
	    posix_spawn_file_actions_addclose(&actions, ends[0]) != 0)
		err(EXIT_FAILURE, "pipe");
	child = start(&actions, words);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(ends[1]);
	out = fdopen(ends[0], "re");
	if (out == NULL || fscanf(out, "%" SCNu64 " %" SCNu64, ret_ns, ret_cpu_ns) != 2)
		errx(EXIT_FAILURE, "%s: a loop of logins failed", s->name);
	(void)fclose(out);
	wait_for(child, s, &usage);
}

static void log_in_loop(bench *b, const stack *s, size_t first, bool counts)
{
	char from[32], count[32];
	char *words[] = { b->harness,
			  (char[]){ "loop" },
			  s->confdir,
			  service,
			  s->logins_path,
			  from,
			  count,
			  s->listed ? (char[]){ "listed" } : (char[]){ "success" },
			  NULL };
	uint64_t ns, cpu_ns;

	(void)snprintf(from, sizeof(from), "%zu", first);
	(void)snprintf(count, sizeof(count), "%zu", b->count);
	run_loop(s, words, &ns, &cpu_ns);
	for (size_t i = 0; i <= b->count; i++)
		count_line(b, s, bench_logins_at(&s->logins, first + i));
	if (counts)
		printf("%s\t%" PRIu64 "\t%" PRIu64 "\n", s->name, ns / b->count, cpu_ns / b->count);
}

/*
 * Rounds
 */

static void run_round(bench *b, size_t round, bool counts)
{
	size_t first = round * b->count;

	for (size_t at = 0; at < b->n_stacks; at++) {
		const stack *s = &b->stacks[(round + at) % b->n_stacks];

		if (!b->fresh)
			log_in_loop(b, s, first, counts);
		for (size_t i = 0; b->fresh && i < b->count; i++)
			log_in_fresh(b, s, first + i, counts);
	}
}

static void read_stack(char **words, stack *ret_stack)
{
	*ret_stack = (stack){ .name = words[0],
			      .confdir = words[1],
			      .logins_path = words[2],
			      .listed = strcmp(words[3], "listed") == 0,
			      .log_each = strcmp(words[4], "each") == 0,
			      .log_denied = strcmp(words[4], "denied") == 0 };
	bench_logins_read(words[2], &ret_stack->logins);
}

static void read_arguments(int argc, char **argv, bench *ret_bench)
{
	if (argc < FIRST_STACK + STACK_WORDS || (argc - FIRST_STACK) % STACK_WORDS != 0)
		errx(EXIT_FAILURE, "the arguments are five, and five a stack");
	*ret_bench = (bench){ .harness = argv[1],
			      .fresh = strcmp(argv[2], "fresh") == 0,
			      .n_rounds = bench_number(argv[3]),
			      .count = bench_number(argv[4]),
			      .log = strcmp(argv[5], "log") == 0 };
	for (int i = FIRST_STACK; i < argc; i += STACK_WORDS) {
		if (ret_bench->n_stacks == STACKS_MAX)
			errx(EXIT_FAILURE, "more than %d stacks", STACKS_MAX);
		read_stack(argv + i, &ret_bench->stacks[ret_bench->n_stacks++]);
	}
}

int main(int argc, char **argv)
{
	static bench b;

	read_arguments(argc, argv, &b);
	if (b.log)
		start_log(&b);
	stay_on(true);
	for (size_t round = 0; round <= b.n_rounds; round++)
		run_round(&b, round, round > 0);
	if (b.log) {
		check_log(&b);
		stop_log(&b);
	}
	for (size_t i = 0; i < b.n_stacks; i++)
		bench_logins_free(&b.stacks[i].logins);
	return EXIT_SUCCESS;
}
