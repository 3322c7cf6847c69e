/*
 * logins.h - the logins that are measured, from a file: a line each of member, address and the PAM code that is due,
 * between tabs.
 */
#ifndef AP_BENCH_LOGINS_H
#define AP_BENCH_LOGINS_H

#include <stddef.h>

typedef struct {
	const char *user;
	const char *rhost;
	int code;
} bench_login;

typedef struct {
	bench_login *items;
	size_t n; /* at least one */
	char *text;
} bench_logins;

/* Ends the program, with a message, where the file is not such a one. */
void bench_logins_read(const char *path, bench_logins *ret_logins);

/* The login of that number; behind the last comes the first again. */
const bench_login *bench_logins_at(const bench_logins *logins, size_t number);

void bench_logins_free(bench_logins *logins);

/* A number from the command line; ends the program where it is none. */
size_t bench_number(const char *text);

#endif
