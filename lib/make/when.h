/* when.h - times as people type them at a command, by local time and the clock. */
#ifndef AP_WHEN_H
#define AP_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A time that has been: as ap_timestamp_parse_local takes it, or "now", "today", "yesterday" (their midnight),
 * "2 hours ago", "-2h". False, with *ret_time untouched, for anything else.
 */
bool ap_when_parse_past(const char *text, int64_t now, int64_t *ret_time);

/* For what is told of a time that is none. */
#define AP_WHEN_EXAMPLES "\"20 Dec 18:00\", \"2026-12-20 18:00\", \"18:00\", \"tomorrow 18:00\" or \"2h\""

/*
 * A time to come: as ap_timestamp_parse_local takes it; "2h", "+2h", "in 3 days" from now; "18:00", "20 Dec 18:00",
 * "Dec 20", "friday 18:00": the next such time after now; "20 Dec 2026 18:00", "today 18:00", "tomorrow". Without a time
 * of day it is midnight, at the day's beginning. Names are English, in whatever case, whole or of three letters.
 * What says its day may turn out to be past: that is for the caller to judge. False, with *ret_time untouched, for
 * anything else, and for a day or an hour that the calendar does not have.
 */
bool ap_when_parse_coming(const char *text, int64_t now, int64_t *ret_time);

#endif
