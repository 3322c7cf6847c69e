/*
 * decision.c - the decision alone, without PAM: from opening the image to closing it.
 *
 *     bench-decision hot|cold IMAGE LOGINS COUNT
 *
 * Prints how many nanoseconds each of COUNT decisions took. cold: before each, the file is put out of the page cache,
 * and looked at whether it is. A decision that is not the one that is due ends the program.
 */
#include "../lib/login/applied.h"
#include "../lib/login/evaluate.h"
#include "logins.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void check_cold(const char *path, int fd)
{
	struct stat about;
	size_t n_pages;
	unsigned char *resident;
	void *map;

	if (fstat(fd, &about) != 0)
		err(EXIT_FAILURE, "%s", path);
	n_pages = ((size_t)about.st_size + PAGE - 1) / PAGE;
	resident = calloc(n_pages, 1);
	map = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (resident == NULL || map == MAP_FAILED || mincore(map, (size_t)about.st_size, resident) != 0)
		err(EXIT_FAILURE, "%s: mincore", path);
	for (size_t i = 0; i < n_pages; i++)
		if ((resident[i] & 1) != 0)
			errx(EXIT_FAILURE, "%s: cannot be put out of the page cache here", path);
	(void)munmap(map, (size_t)about.st_size);
	free(resident);
}

static void make_cold(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		err(EXIT_FAILURE, "%s", path);
	errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (errno != 0)
		err(EXIT_FAILURE, "%s: posix_fadvise", path);
	check_cold(path, fd);
	(void)close(fd);
}

/* The verdict, from opening to closing. */
static ap_verdict decide(const char *path, const bench_login *login)
{
	const ap_facts facts = { .user = login->user,
				 .rhost = login->rhost,
				 .service = "imap",
				 .tty = "dovecot",
				 .ruser = login->user,
				 .now = time(NULL) };
	ap_image *image;
	ap_request request;
	ap_decision decision;
	ap_verdict verdict;
	ap_error error;

	if (ap_applied_open_file(path, facts.now, &image, &error) != AP_OK ||
	    ap_request_init(&request, image, &facts, &error) != AP_OK ||
	    ap_evaluate(image, &request, NULL, &decision, &error) != AP_OK)
		errx(EXIT_FAILURE, "%s: %s", path, error.message);
	verdict = decision.verdict;
	ap_decision_clear(&decision);
	ap_request_clear(&request);
	ap_image_free(image);
	return verdict;
}

static uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	bench_logins logins;
	size_t count;

	if (argc != 5)
		errx(EXIT_FAILURE, "hot or cold, an image, logins, and their number");
	bench_logins_read(argv[3], &logins);
	count = bench_number(argv[4]);
	for (size_t i = 0; i < count; i++) {
		const bench_login *login = bench_logins_at(&logins, i);
		ap_verdict due = login->code == 0 ? AP_ALLOW : AP_DENY, verdict;
		uint64_t began;

		if (strcmp(argv[1], "cold") == 0)
			make_cold(argv[2]);
		began = now();
		verdict = decide(argv[2], login);
		printf("%" PRIu64 "\n", now() - began);
		if (verdict != due)
			errx(EXIT_FAILURE, "%s from %s: %s, and %s is due", login->user, login->rhost,
			     ap_verdict_name(verdict), ap_verdict_name(due));
	}
	bench_logins_free(&logins);
	return EXIT_SUCCESS;
}
