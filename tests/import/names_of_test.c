#include "names_of_test.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

const char ap_test_host_name[] = "gate.example.net";

enum { TRIPLES_MAX = 64, FIELD_MAX = 64 };

/* Its name, host, user and domain. */
static char triples[TRIPLES_MAX][4][FIELD_MAX];
static size_t n_triples;

void ap_test_read_netgroups(const char *path)
{
	FILE *in = fopen(path, "re");
	char line[256];

	if (in == NULL)
		abort();
	n_triples = 0;
	while (n_triples < TRIPLES_MAX && fgets(line, sizeof(line), in) != NULL)
		if (line[0] != '#' && sscanf(line, "%63s %63s %63s %63s", triples[n_triples][0], triples[n_triples][1],
					     triples[n_triples][2], triples[n_triples][3]) == 4)
			n_triples++;
	(void)fclose(in);
}

static const char *field(size_t triple, int n)
{
	return strcmp(triples[triple][n], "-") == 0 ? NULL : triples[triple][n];
}

size_t ap_test_netgroup(ap_arena *arena, const char *name, const ap_netgroup_triple **ret_triples)
{
	ap_netgroup_triple *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < n_triples; i++)
		if (strcmp(triples[i][0], name) == 0)
			*AP_PUSH(arena, found, n) =
				(ap_netgroup_triple){ .host = field(i, 1), .user = field(i, 2), .domain = field(i, 3) };
	*ret_triples = found;
	return n;
}

/*
 * What pam_access and libpam call
 */

#pragma GCC visibility push(default)

int innetgr(const char *netgroup, const char *host, const char *user, const char *domain);

/* As glibc compares: hosts without regard to case, users and domains with it; what is empty on either side fits. */
int innetgr(const char *netgroup, const char *host, const char *user, const char *domain)
{
	for (size_t i = 0; i < n_triples; i++) {
		const char *h = field(i, 1), *u = field(i, 2), *d = field(i, 3);

		if (strcmp(triples[i][0], netgroup) == 0 && (host == NULL || h == NULL || strcasecmp(host, h) == 0) &&
		    (user == NULL || u == NULL || strcmp(user, u) == 0) &&
		    (domain == NULL || d == NULL || strcmp(domain, d) == 0))
			return 1;
	}
	return 0;
}

int gethostname(char *name, size_t size)
{
	(void)snprintf(name, size, "%s", ap_test_host_name);
	return 0;
}

int getdomainname(char *name, size_t size)
{
	(void)snprintf(name, size, "nis.example.net");
	return 0;
}

/* libpam tells the kernel's audit of each transaction where it may, which takes its time. */
int audit_open(void);
int audit_open(void)
{
	errno = EPROTONOSUPPORT;
	return -1;
}

/* The process's own terminal is none. */
char *ttyname(int fd)
{
	(void)fd;
	return NULL;
}

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* No name has an address. What is an address is one. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret_found)
{
	struct addrinfo numeric = *hints;
	look_up *real;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	numeric.ai_flags |= AI_NUMERICHOST;
	return real(node, service, &numeric, ret_found);
}

#pragma GCC visibility pop
