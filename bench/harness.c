/*
 * harness.c - logins through libpam and nothing else: what a service does that asks a module.
 *
 *     bench-harness once CONFDIR SERVICE USER RHOST CODE
 *     bench-harness peak CONFDIR SERVICE USER RHOST CODE
 *     bench-harness loop CONFDIR SERVICE LOGINS FIRST COUNT listed|success
 *
 * `once` is a process a login; `peak` is the same and prints the most memory in KiB that the process had resident.
 * `loop` makes COUNT logins of the file in one process, from the one numbered FIRST on, after one that does not count,
 * and prints how many nanoseconds they took, and how many of processor time.
 *
 * A login that is not answered as it is due (CODE; the file's code with `listed`) ends the program: what is
 * measured is never the way of an error.
 */
#include "logins.h"

#include <err.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Takes all messages, and answers none: a mail server that shows them to nobody. */
static int converse(int n, const struct pam_message **messages, struct pam_response **ret_responses, void *data)
{
	(void)messages;
	(void)data;
	*ret_responses = calloc((size_t)n, sizeof(**ret_responses));
	return *ret_responses != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* The items that Dovecot sets. */
static bool set_items(pam_handle_t *pamh, const char *user, const char *rhost)
{
	return pam_set_item(pamh, PAM_RHOST, rhost) == PAM_SUCCESS &&
	       pam_set_item(pamh, PAM_RUSER, user) == PAM_SUCCESS &&
	       pam_set_item(pamh, PAM_TTY, "dovecot") == PAM_SUCCESS;
}

static void login(const char *confdir, const char *service, const char *user, const char *rhost, int expected)
{
	const struct pam_conv conversation = { converse, NULL };
	pam_handle_t *pamh = NULL;
	int code = pam_start_confdir(service, user, &conversation, confdir, &pamh);

	if (code != PAM_SUCCESS || !set_items(pamh, user, rhost))
		errx(EXIT_FAILURE, "%s: the transaction could not be started", confdir);
	code = pam_acct_mgmt(pamh, 0);
	if (code != expected)
		errx(EXIT_FAILURE, "%s: %s from %s: the answer is %d (%s), and %d is due", confdir, user, rhost, code,
		     pam_strerror(pamh, code), expected);
	(void)pam_end(pamh, code);
}

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void loop(const char *confdir, const char *service, const bench_logins *logins, size_t first, size_t count,
		 bool listed)
{
	uint64_t began = 0, began_cpu = 0;

	/* the one before the first does not count: it pays for what a process pays for once */
	for (size_t i = 0; i <= count; i++) {
		const bench_login *l = bench_logins_at(logins, first + i);

		if (i == 1) {
			began_cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
			began = nanoseconds(CLOCK_MONOTONIC);
		}
		login(confdir, service, l->user, l->rhost, listed ? l->code : PAM_SUCCESS);
	}
	printf("%llu ", (unsigned long long)(nanoseconds(CLOCK_MONOTONIC) - began));
	printf("%llu\n", (unsigned long long)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - began_cpu));
}

static void print_peak(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	unsigned long kib;

	while (status != NULL && fgets(line, sizeof(line), status) != NULL)
		if (sscanf(line, "VmHWM: %lu kB", &kib) == 1)
			printf("%lu\n", kib);
	if (status != NULL)
		(void)fclose(status);
}

int main(int argc, char **argv)
{
	bench_logins logins;

	if (argc == 7 && (strcmp(argv[1], "once") == 0 || strcmp(argv[1], "peak") == 0)) {
		login(argv[2], argv[3], argv[4], argv[5], (int)bench_number(argv[6]));
		if (strcmp(argv[1], "peak") == 0)
			print_peak();
		return EXIT_SUCCESS;
	}
	if (argc != 8 || strcmp(argv[1], "loop") != 0)
		errx(EXIT_FAILURE, "once or peak with 5 arguments, or loop with 6");
	bench_logins_read(argv[4], &logins);
	loop(argv[2], argv[3], &logins, bench_number(argv[5]), bench_number(argv[6]), strcmp(argv[7], "listed") == 0);
	bench_logins_free(&logins);
	return EXIT_SUCCESS;
}
