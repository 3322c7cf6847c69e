/*
 * audit_files.h - the files that hold the records: the one that is written, and those that logrotate made of it.
 *
 * Of "audit.jsonl" these are "audit.jsonl.1", "audit.jsonl-20261201" and the like, also compressed. They are read
 * in the order of their first records, the oldest first.
 */
#ifndef AP_AUDIT_FILES_H
#define AP_AUDIT_FILES_H

#include "command.h"

#include <stdint.h>
#include <sys/types.h>

/* Called for each line, without its newline; `number` counts from 1. False ends the reading. */
typedef bool ap_audit_line(void *context, const char *path, size_t number, const char *line, size_t length);

/* Of one file no more than this is read: somebody follows it from there. */
typedef struct {
	dev_t device;
	ino_t inode;
	long long bytes; /* ends behind a newline */
} ap_audit_end;

/*
 * Reads the lines of all files of `path`, or with `alone` of that file only ("-": standard input). Files that were last
 * written an hour before `since`, or that begin an hour after `until`, are passed over. `end` may
 * be NULL. False where one could not be read,
 * which was reported; the others were read all the same.
 */
bool ap_audit_files_read(ap_context *context, const char *path, bool alone, int64_t since, int64_t until,
			 const ap_audit_end *end, ap_audit_line *take, void *take_context);

#endif
