/* Times as people type them. Berlin's clocks; it is Saturday 2026-11-28 19:00 there, or said otherwise. */
#include "../../lib/make/timestamp.h"
#include "../../lib/make/when.h"
#include "rows.h"

#include <stdlib.h>
#include <time.h>

#define NOW "2026-11-28T19:00:00+01:00"

typedef bool parser(const char *text, int64_t now, int64_t *ret_time);

typedef struct {
	const char *text;
	const char *expected; /* NULL: it is refused */
	const char *now;      /* NULL: NOW */
} row;

static const row coming[] = {
	{ "2026-12-20 18:00", "2026-12-20T18:00:00+01:00", NULL },
	{ "2026-12-20", "2026-12-20T00:00:00+01:00", NULL },
	{ "2026-12-20T18:00:00+08:00", "2026-12-20T18:00:00+08:00", NULL },
	{ "2h", "2026-11-28T21:00:00+01:00", NULL },
	{ "+2h", "2026-11-28T21:00:00+01:00", NULL },
	{ "in 3 days", "2026-12-01T19:00:00+01:00", NULL },
	{ "1h30m", "2026-11-28T20:30:00+01:00", NULL },
	/* the next such time */
	{ "20:00", "2026-11-28T20:00:00+01:00", NULL },
	{ "19:00", "2026-11-29T19:00:00+01:00", NULL },
	{ "9:30", "2026-11-29T09:30:00+01:00", NULL },
	{ "18:00:30", "2026-11-29T18:00:30+01:00", NULL },
	{ "20 Dec 18:00", "2026-12-20T18:00:00+01:00", NULL },
	{ "Dec 20, 18:00", "2026-12-20T18:00:00+01:00", NULL },
	{ "18:00 20 DECEMBER", "2026-12-20T18:00:00+01:00", NULL },
	{ "20 Dec", "2026-12-20T00:00:00+01:00", NULL },
	{ "28 Nov 18:59", "2027-11-28T18:59:00+01:00", NULL },
	{ "1 July", "2027-07-01T00:00:00+02:00", NULL },
	{ "29 Feb", "2028-02-29T00:00:00+01:00", NULL },
	{ "29 feb 12:00", "2104-02-29T12:00:00+01:00", "2096-03-01T00:00:00+01:00" },
	{ "friday", "2026-12-04T00:00:00+01:00", NULL },
	{ "fri at 18:00", "2026-12-04T18:00:00+01:00", NULL },
	{ "saturday 20:00", "2026-11-28T20:00:00+01:00", NULL },
	{ "Saturday 18:00", "2026-12-05T18:00:00+01:00", NULL },
	/* the day that was said, whatever it is now */
	{ "today 18:00", "2026-11-28T18:00:00+01:00", NULL },
	{ "tomorrow", "2026-11-29T00:00:00+01:00", NULL },
	{ "tomorrow 18:00", "2026-11-29T18:00:00+01:00", NULL },
	{ "20 Dec 2025 18:00", "2025-12-20T18:00:00+01:00", NULL },
	/* the night that the clocks skip an hour in, and the one that has it twice */
	{ "02:30", "2026-03-30T02:30:00+02:00", "2026-03-29T00:30:00+01:00" },
	{ "tomorrow 18:00", "2026-03-29T18:00:00+02:00", "2026-03-28T23:30:00+01:00" },
	{ "24h", "2026-10-25T22:30:00+01:00", "2026-10-24T23:30:00+02:00" },
	{ "tomorrow", "2026-10-26T00:00:00+01:00", "2026-10-25T00:30:00+02:00" },

	{ "", NULL, NULL },
	{ "soon", NULL, NULL },
	{ "now", NULL, NULL },
	{ "at", NULL, NULL },
	{ "20", NULL, NULL },
	{ "2026", NULL, NULL },
	{ "Dec", NULL, NULL },
	{ "Dec 18:00", NULL, NULL },
	{ "32 Dec", NULL, NULL },
	{ "0 Dec", NULL, NULL },
	{ "30 Feb", NULL, NULL },
	{ "29 Feb 2027", NULL, NULL },
	{ "20 Dez", NULL, NULL },
	{ "20 Dec 21 Dec", NULL, NULL },
	{ "20 Dec friday", NULL, NULL },
	{ "today tomorrow", NULL, NULL },
	{ "24:00", NULL, NULL },
	{ "18:60", NULL, NULL },
	{ "18:", NULL, NULL },
	{ ":30", NULL, NULL },
	{ "18:0:", NULL, NULL },
	{ "18:5", NULL, NULL },
	{ "18:00 19:00", NULL, NULL },
	{ "+18:00", NULL, NULL },
	{ "-2h", NULL, NULL },
	{ "2h ago", NULL, NULL },
	{ "29 Mar 2026 02:30", NULL, NULL },
	{ "a very long text that says nothing of any time at all, whatever one makes of it", NULL, NULL },
};

static const row past[] = {
	{ "now", NOW, NULL },
	{ "today", "2026-11-28T00:00:00+01:00", NULL },
	{ "yesterday", "2026-11-27T00:00:00+01:00", NULL },
	{ "yesterday", "2026-10-25T00:00:00+02:00", "2026-10-26T12:00:00+01:00" },
	{ "2 hours ago", "2026-11-28T17:00:00+01:00", NULL },
	{ "-2h", "2026-11-28T17:00:00+01:00", NULL },
	{ "1h30m ago", "2026-11-28T17:30:00+01:00", NULL },
	{ "2026-11-01 12:00", "2026-11-01T12:00:00+01:00", NULL },
	{ "2 hours", NULL, NULL },
	{ "-2h ago", NULL, NULL },
	{ " ago", NULL, NULL },
	{ "ago", NULL, NULL },
	{ "-2", NULL, NULL },
	{ "2 years ago", NULL, NULL },
	{ "tomorrow", NULL, NULL },
	{ "", NULL, NULL },
};

static int64_t time_of(const char *text)
{
	int64_t time = 0;

	assert_true(ap_timestamp_parse(text, &time));
	return time;
}

static void check_rows(const row *rows, size_t n, parser *parse)
{
	unsigned failed = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t time = 42, now = time_of(rows[i].now != NULL ? rows[i].now : NOW);
		int64_t expected = rows[i].expected != NULL ? time_of(rows[i].expected) : 42;
		bool parsed = parse(rows[i].text, now, &time);
		char shown[AP_TIMESTAMP_TEXT_MAX];

		AP_ROW(failed, parsed == (rows[i].expected != NULL) && time == expected, "\"%s\": %d, %s", rows[i].text,
		       parsed, ap_timestamp_format_offset(time, shown));
	}
	AP_ROWS_END(failed);
}

static void test_times_to_come(void **state)
{
	(void)state;
	check_rows(coming, AP_N(coming), ap_when_parse_coming);
}

static void test_times_that_have_been(void **state)
{
	(void)state;
	check_rows(past, AP_N(past), ap_when_parse_past);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_to_come),
		cmocka_unit_test(test_times_that_have_been),
	};

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
