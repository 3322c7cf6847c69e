/* timestamp.h - RFC 3339 times. */
#ifndef AP_TIMESTAMP_H
#define AP_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Parses "2026-12-01T00:00:00+08:00" (RFC 3339 section 5.6; "Z", a blank for the "T" and a fraction, which is dropped,
 * are taken) into seconds since 1970-01-01T00:00:00Z. False, with *ret_time untouched, for anything else, days that the
 * calendar does not have among it. Without an offset it is refused: the same file must mean the same on every machine.
 */
bool ap_timestamp_parse(const char *text, int64_t *ret_time);

/*
 * Parses what a person types at a command: RFC 3339 as above, or without an offset in local time, or with the seconds
 * or the whole time of day left out ("2026-12-01 18:00", "2026-12-01").
 */
bool ap_timestamp_parse_local(const char *text, int64_t *ret_time);

enum { AP_TIMESTAMP_TEXT_MAX = 40 };

/* "2026-12-01T00:00:00Z". Returns `buffer`. */
const char *ap_timestamp_format_utc(int64_t time, char buffer[AP_TIMESTAMP_TEXT_MAX]);

/* "2026-12-01 08:00:00 +0800", in local time. Returns `buffer`. */
const char *ap_timestamp_format_local(int64_t time, char buffer[AP_TIMESTAMP_TEXT_MAX]);

/* "2026-12-01T08:00:00+08:00": RFC 3339, with the offset that local time has then. Returns `buffer`. */
const char *ap_timestamp_format_offset(int64_t time, char buffer[AP_TIMESTAMP_TEXT_MAX]);

#endif
