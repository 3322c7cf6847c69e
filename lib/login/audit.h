/*
 * audit.h - the record of a decision: a line of JSON at the end of a file that many processes share.
 *
 *     {"time":"2026-12-01T08:00:00Z","decision":"deny","reason":"blacklisted","policy":"Blocked countries",
 *      "would":[{"policy":"Office","decision":"deny","reason":"not-whitelisted"}],"user":"alice@example.com",
 *      "ip":"192.0.2.7","region":"KP","client":"web","service":"roundcube","tty":null,"revision":"3f0c…","pid":4711}
 *
 * on one line, in this order, without blanks: a reader may count on `{"time":"` standing at a record's start and, since
 * quotes in values are escaped, nowhere else. So of a line that holds two records, the first of them torn when its writer
 * found the disk full or was killed, the second can still be had.
 *
 * A record is at most AP_AUDIT_RECORD_MAX bytes, its newline included, and one write(2) with O_APPEND: on a local file
 * system those of many processes do not mix (open(2)), and nobody waits for a lock. Nothing that fails here changes a
 * decision.
 */
#ifndef AP_AUDIT_H
#define AP_AUDIT_H

#include "evaluate.h"

#include <sys/types.h>

enum { AP_AUDIT_RECORD_MAX = 4096 };

/* What is recorded: one login. */
typedef struct {
	const ap_facts *facts;       /* never NULL, nor is its `user` */
	const ap_request *request;   /* NULL: none could be made of the facts */
	const ap_decision *decision; /* NULL: none could be had, which is recorded as "error" */
	pid_t pid;
} ap_audit_login;

/*
 * The file that the image has such a login recorded in; NULL where it is not to be recorded, or the image cannot be
 * read. "denied" records what was not allowed, and what a report-only policy would have changed.
 */
const char *ap_audit_file(const ap_image *image, const ap_decision *decision);

/*
 * Writes the record, with its newline and a NUL byte, and returns its length without the NUL byte. What must not be seen
 * (ap_utf8_is_control) is escaped as JSON does it; a byte that is not UTF-8 becomes the four characters \xHH. Each text
 * has its share of the record, so that all of them fit: one that is longer is cut behind a character and ends in "…";
 * `would` gets what is left, and where policies are left out its last element is {"policy":"…","decision":null,
 * "reason":null}.
 */
size_t ap_audit_format(const ap_image *image, const ap_audit_login *login, char record[AP_AUDIT_RECORD_MAX + 1]);

/*
 * Appends a record to the file, which must be there and be such that nobody but root and the effective user could have
 * put it there (ap_file_open_append). AP_OK, or with *error what was wrong: AP_ERR_LIMIT where the process's RLIMIT_FSIZE
 * leaves no room, since writing would then end the process by SIGXFSZ. Of a record that was written in part the line is
 * ended, if there is room for that.
 */
ap_status ap_audit_append(const char *path, const char *record, size_t length, ap_error *error);

#endif
