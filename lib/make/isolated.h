/*
 * isolated.h - work that may crash, run on or eat memory, done in a child process.
 *
 * Libraries that read files of others' making are given such work here: what happens to the child is an error, and
 * nothing happens to the process that wants the answer.
 */
#ifndef AP_ISOLATED_H
#define AP_ISOLATED_H

#include "../login/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * What the child does: writes its answer to `out`, or returns false, and what it wrote then is the error's message. It
 * has a copy of all memory, and none of its own that lasts.
 */
typedef bool ap_isolated_work(FILE *out, void *context);

typedef struct {
	const char *name;    /* the file that it is about: of errors */
	size_t memory_bytes; /* of addresses beside what the process has already; 0: no limit */
	unsigned cpu_seconds;
} ap_isolated_limits;

/*
 * Forks, and waits for the child's end. AP_OK with its answer in *ret_bytes, aligned for any type, which the caller
 * frees with free(3); AP_ERR_DAMAGED with its message, or with how it ended; AP_ERR_IO where there can be no child. To
 * be called by processes of one thread that make images, never in a login service.
 */
ap_status ap_isolated_run(const ap_isolated_limits *limits, ap_isolated_work *work, void *context, char **ret_bytes,
			  size_t *ret_size, ap_error *error);

#endif
