/*
 * test-golden-clock.so - preloaded into the commands of the golden cases, so that the time is always the same: some of
 * their policies are over by then, and some have not begun.
 */
#include <stddef.h>
#include <time.h>

static const time_t always = 1795953600; /* 2026-11-29T12:00:00Z */

__attribute__((visibility("default"))) time_t time(time_t *ret_time)
{
	if (ret_time != NULL)
		*ret_time = always;
	return always;
}
