/* duration.h - lengths of time as people write them. */
#ifndef AP_DURATION_H
#define AP_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Parses "30s", "10m", "2h", "1h30m", "2 hours", "3 days": numbers, each with its unit (s, m, h, d, w, or "sec", "min" and
 * the whole words), the larger unit first, none twice, with blanks between or without. False, with *ret_seconds
 * untouched, for anything else; so too for a number without a unit, which one reader takes for seconds and another for
 * minutes, and for more than AP_DURATION_DAYS_MAX.
 */
bool ap_duration_parse(const char *text, int64_t *ret_seconds);

enum { AP_DURATION_DAYS_MAX = 36500, AP_DURATION_TEXT_MAX = 32 };

/* "1h30m", which ap_duration_parse takes; days are the largest unit, "0s" is what is not positive. Returns `buffer`. */
const char *ap_duration_format(int64_t seconds, char buffer[AP_DURATION_TEXT_MAX]);

#endif
