/* write.h - all of some bytes into a file that is open. */
#ifndef AP_WRITE_H
#define AP_WRITE_H

#include "progress.h"

#include <stdbool.h>
#include <stddef.h>

/* Goes on after a signal and a short write. False where a write failed, by errno. `progress` may be NULL. */
bool ap_write_all(int fd, const void *bytes, size_t size, const ap_progress *progress);

#endif
