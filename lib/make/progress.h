/* progress.h - how far something is that may take a while. */
#ifndef AP_PROGRESS_H
#define AP_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
	/* `done` of `total` of what is named by `what` ("reading", "writing") and `of`, a file or ""; total 0: not known */
	void (*tell)(void *context, const char *what, const char *of, uint64_t done, uint64_t total);
	void *context;
} ap_progress;

/* `progress` may be NULL. */
static inline void ap_progress_tell(const ap_progress *progress, const char *what, const char *of, uint64_t done,
				    uint64_t total)
{
	if (progress != NULL)
		progress->tell(progress->context, what, of, done, total);
}

#endif
