/*
 * table.h - decision tables: one request and the decision that the contract gives it a row.
 *
 *     policies: FOLDER                     a folder beside the table with an accesspolicy.conf; what follows is asked
 * of it
 *     message: TEXT                        what a denied user of these policies sees, where it is not the standard
 * message
 *     message POLICY: TEXT                 the same for those whom this policy denies
 *     user | address | client | service | more | decision | reason | policy | would
 *
 * "-" is absent. A value in double quotes is taken literally, with \n, \xHH, \" and \\ for what cannot be written; a
 * bare `local` as the address is what a test says of a login at the machine itself. `more` is tty=, ruser=, env= (as
 * often as wanted) and at= (RFC 3339), parted by semicolons. `would` is "POLICY: DECISION REASON", parted by
 * semicolons.
 */
#ifndef AP_TEST_TABLE_H
#define AP_TEST_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AP_ROW_ENV_MAX = 8 };

typedef struct {
	const char *file;
	unsigned line;
	char *user;
	char *address; /* NULL: absent */
	bool at_machine;
	char *client; /* or NULL, like the rest */
	char *service;
	char *tty;
	char *ruser;
	char *env[AP_ROW_ENV_MAX + 1]; /* ended by NULL */
	char *at;                      /* as written, or NULL: now */
	char *verdict;                 /* "decision | reason | policy | would" */
	char *policy;                  /* the one that decides, or NULL */
	bool denied;
} ap_row;

typedef struct {
	char *policy; /* NULL: all of them */
	char *text;
} ap_row_message;

typedef struct {
	const char *file;
	char *policies;
	ap_row *rows;
	size_t n_rows;
	ap_row_message *messages;
	size_t n_messages;
	char *folder; /* with a trusted copy of the policies; for the routes' use */
} ap_table;

typedef struct {
	char *file;
	ap_table *items;
	size_t n;
} ap_tables;

/* Reads a file of tables; one that does not read ends the program with its line. Free with ap_tables_free. */
ap_tables ap_tables_read(const char *path);
void ap_tables_free(ap_tables *tables);

/* The message that a user whom this row denies sees. */
const char *ap_row_message_of(const ap_table *table, const ap_row *row);

/* "decision | reason | policy | would", as in a row; NULL for what is absent. The caller frees it. */
char *ap_row_verdict(const char *decision, const char *reason, const char *policy, const char *would);

/* True if it is the row's; otherwise what was found is shown with the row's file and line. */
bool ap_row_agrees(const ap_row *row, const char *route, const char *verdict);

/*
 * Runs one route over the tables of all files named on the command line: `begin` and `end` once a table (NULL: not
 * wanted), `check` once a row, which says whether it held. Returns main's result.
 */
typedef struct {
	const char *name;
	void (*begin)(ap_table *table);
	bool (*check)(const ap_table *table, const ap_row *row);
	void (*end)(ap_table *table);
} ap_route;
int ap_route_run(const ap_route *route, int argc, char **argv);

/* To be called by `check` for a row that the route has no way to ask; counted and told at the end. */
bool ap_route_cannot_ask(const ap_row *row, const char *why);

#endif
