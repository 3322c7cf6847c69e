#include "../../lib/make/timestamp.h"
#include "rows.h"

#include <stdlib.h>
#include <time.h>

static const struct {
	const char *text;
	int64_t time;
} valid[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1969-12-31T23:59:59Z", -1 },
	{ "2026-12-01T00:00:00+08:00", 1796054400 },
	{ "2026-11-30T16:00:00Z", 1796054400 },
	{ "2026-11-30T11:30:00-04:30", 1796054400 },
	{ "2026-12-01t00:00:00+08:00", 1796054400 },
	{ "2026-11-30 16:00:00z", 1796054400 },
	{ "2026-11-30T16:00:00.999999999999Z", 1796054400 },
	{ "2026-11-30T16:00:00-00:00", 1796054400 },
	{ "2024-02-29T00:00:00Z", 1709164800 },
	{ "2000-02-29T12:00:00Z", 951825600 },
	{ "2024-03-01T00:00:00Z", 1709251200 },
	{ "2023-03-01T00:00:00Z", 1677628800 },
	{ "2024-12-31T23:59:59Z", 1735689599 },
	{ "2038-01-19T03:14:08Z", INT64_C(2147483648) },
	{ "0000-01-01T00:00:00Z", INT64_C(-62167219200) },
	{ "0001-01-01T00:00:00Z", INT64_C(-62135596800) },
	{ "9999-12-31T23:59:59Z", INT64_C(253402300799) },
	{ "9999-12-31T23:59:59-23:59", INT64_C(253402387139) },
	{ "2016-12-31T23:59:60Z", 1483228800 },
	{ "2017-01-01T00:59:60+01:00", 1483228800 },
};

static const char *const invalid[] = {
	"",
	"2026",
	"2026-12-01",
	"2026-12-01T00:00:00", /* no offset */
	"2026-12-01T00:00Z",
	"2026-12-01T24:00:00Z",
	"2026-12-01T00:60:00Z",
	"2026-12-01T00:00:61Z",
	"2026-12-01T00:00:60Z", /* no leap second then */
	"2026-13-01T00:00:00Z",
	"2026-00-01T00:00:00Z",
	"2026-12-00T00:00:00Z",
	"2026-12-32T00:00:00Z",
	"2026-11-31T00:00:00Z",
	"2023-02-29T00:00:00Z",
	"1900-02-29T00:00:00Z",
	"2100-02-29T00:00:00Z",
	"2026-12-01T00:00:00.Z",
	"2026-12-01T00:00:00+8:00",
	"2026-12-01T00:00:00+0800",
	"2026-12-01T00:00:00+24:00",
	"2026-12-01T00:00:00+08:60",
	"2026-12-01T00:00:00ZZ",
	"2026-12-01T00:00:00Z ",
	" 2026-12-01T00:00:00Z",
	"2026-12-01  00:00:00Z",
	"02026-12-01T00:00:00Z",
	"+2026-12-01T00:00:00Z",
	"2026-1-01T00:00:00Z",
	"2026/12/01T00:00:00Z",
	"tomorrow",
};

static void test_parse_counts_seconds_since_the_epoch(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(valid); i++) {
		int64_t time = 42;
		bool parsed = ap_timestamp_parse(valid[i].text, &time);

		AP_ROW(failed, parsed && time == valid[i].time, "%s: %d, %lld", valid[i].text, parsed, (long long)time);
	}
	AP_ROWS_END(failed);
}

static void test_parse_refuses_what_is_no_time(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(invalid); i++) {
		int64_t time = 42;
		bool parsed = ap_timestamp_parse(invalid[i], &time);

		AP_ROW(failed, !parsed && time == 42, "\"%s\": %d, %lld", invalid[i], parsed, (long long)time);
	}
	AP_ROWS_END(failed);
}

/* Each day of four centuries follows the one before by a day, in the count and in the calendar of the C library. */
static void test_days_follow_each_other(void **state)
{
	(void)state;
	for (int64_t day = -25567; day < 120529; day++) { /* 1900-01-01 to 2299-12-31 */
		char text[AP_TIMESTAMP_TEXT_MAX];
		int64_t time = 0;

		ap_timestamp_format_utc(day * 86400, text);
		assert_true(ap_timestamp_parse(text, &time));
		assert_int_equal(time, day * 86400);
	}
}

static const struct {
	const char *text;
	int64_t time;
} local[] = {
	/* Berlin: UTC+1, in summer UTC+2 */
	{ "2026-12-01", 1796079600 },
	{ "2026-12-01 18:00", 1796144400 },
	{ "2026-12-01T18:00:05", 1796144405 },
	{ "2026-07-01 12:00", 1782900000 },
	{ "2026-12-01T00:00:00+08:00", 1796054400 },
	{ "2026-12-01T00:00+08:00", 1796054400 },
	{ "2026-12-01T00:00:00Z", 1796083200 },
};

static const char *const not_local[] = {
	"",
	"2026-12",
	"2026-12-01 ",
	"2026-12-01Z",
	"2026-12-01 18",
	"2026-12-01 24:00",
	"2026-02-29",
	"2026-12-01 18:00:60",
	"18:00",
	"2026-03-29 02:30" /* the clocks skip it */,
	"2026-12-01 18:00 x",
};

static void test_parse_local_takes_what_a_person_types(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(local); i++) {
		int64_t time = 42;
		bool parsed = ap_timestamp_parse_local(local[i].text, &time);

		AP_ROW(failed, parsed && time == local[i].time, "%s: %d, %lld", local[i].text, parsed, (long long)time);
	}
	for (size_t i = 0; i < AP_N(not_local); i++) {
		int64_t time = 42;

		AP_ROW(failed, !ap_timestamp_parse_local(not_local[i], &time) && time == 42, "\"%s\"", not_local[i]);
	}
	AP_ROWS_END(failed);
}

static void test_format_writes_what_parse_reads(void **state)
{
	static const struct {
		int64_t time;
		const char *utc, *berlin;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z", "1970-01-01 01:00:00 +0100" },
		{ 1782900000, "2026-07-01T10:00:00Z", "2026-07-01 12:00:00 +0200" },
		{ INT64_C(-62135596800), "0001-01-01T00:00:00Z", NULL },
		{ INT64_MAX, "@9223372036854775807", "@9223372036854775807" },
		{ INT64_MIN, "@-9223372036854775808", "@-9223372036854775808" },
	};
	char buffer[AP_TIMESTAMP_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		assert_string_equal(ap_timestamp_format_utc(rows[i].time, buffer), rows[i].utc);
		if (rows[i].berlin != NULL)
			assert_string_equal(ap_timestamp_format_local(rows[i].time, buffer), rows[i].berlin);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_counts_seconds_since_the_epoch),
		cmocka_unit_test(test_parse_refuses_what_is_no_time),
		cmocka_unit_test(test_days_follow_each_other),
		cmocka_unit_test(test_parse_local_takes_what_a_person_types),
		cmocka_unit_test(test_format_writes_what_parse_reads),
	};

	/* Berlin's rule, spelled out: a minimal system has no time zone data */
	(void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
