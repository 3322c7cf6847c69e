/*
 * spawn.h - has the policy text read and compiled by a child process.
 *
 * libconfig 1.5 exits or crashes its process on some texts and failed allocations; no login service shall die of
 * that. The child is ours alone: the host's SIGCHLD disposition is neither relied upon nor touched, and the child is
 * bounded in time, memory and output.
 */
#ifndef AP_SPAWN_H
#define AP_SPAWN_H

#include "../login/status.h"

#include <stddef.h>

/* What the child writes before the text of its errors, in place of an image; eight bytes with the newline. */
#define AP_SPAWN_ERRORS "APERROR\n"

typedef struct {
	int timeout_ms;      /* of the whole child, by the monotonic clock */
	size_t memory_bytes; /* RLIMIT_AS; 0: none */
	size_t output_bytes;
} ap_spawn_limits;

extern const ap_spawn_limits ap_spawn_default_limits;

/*
 * Runs `compiler` (an absolute path) with `config` as its only argument and an environment of PATH and LC_ALL=C alone.
 * *ret_bytes is what it sent that is no text of errors, to be freed; that it is an image is yet to be checked. Where
 * the child sent errors, *error is AP_ERR_POLICY with the first's file, line and message, which ends in how many more
 * there are. AP_ERR_TIMEOUT, AP_ERR_LIMIT, AP_ERR_DAMAGED (nothing was sent), AP_ERR_IO. No child, descriptor or
 * memory is left behind, whatever happened.
 */
ap_status ap_spawn_compiler(const char *compiler, const char *config, const ap_spawn_limits *limits, char **ret_bytes,
			    size_t *ret_size, ap_error *error);

#endif
