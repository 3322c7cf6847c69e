#include "../../lib/make/duration.h"
#include "rows.h"

#include <string.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static const struct {
	const char *text;
	int64_t seconds;
	const char *shown; /* NULL: as it was written */
} valid[] = {
	{ "1s", 1, NULL },
	{ "30s", 30, NULL },
	{ "10m", 10 * MINUTE, NULL },
	{ "2h", 2 * HOUR, NULL },
	{ "1h30m", HOUR + 30 * MINUTE, NULL },
	{ "7d", 7 * DAY, NULL },
	{ "1d2h3m4s", DAY + 2 * HOUR + 3 * MINUTE + 4, NULL },
	{ "1d4s", DAY + 4, NULL },
	{ "0s", 0, NULL },
	{ "90s", 90, "1m30s" },
	{ "1h90m", HOUR + 90 * MINUTE, "2h30m" },
	{ "007m", 7 * MINUTE, "7m" },
	{ "0h5m", 5 * MINUTE, "5m" },
	{ "36500d", INT64_C(36500) * DAY, NULL },
	{ "3153600000s", INT64_C(36500) * DAY, "36500d" },
	{ "5m ", 5 * MINUTE, "5m" },
	{ "5 m", 5 * MINUTE, "5m" },
	{ "1h 30m", HOUR + 30 * MINUTE, "1h30m" },
	{ "5w", 35 * DAY, "35d" },
	{ "1 week 2 days", 9 * DAY, "9d" },
	{ "1 hour", HOUR, "1h" },
	{ "5min", 5 * MINUTE, "5m" },
	{ "2 minutes 3 secs", 2 * MINUTE + 3, "2m3s" },
};

static const char *const invalid[] = {
	"",
	"10",
	"s",
	"m5",
	"5",
	"1h30",
	"30m1h",
	"1m1m",
	"1h1h",
	"-5m",
	"+5m",
	" 5m",
	"1.5h",
	"5M",
	"1h,30m",
	"0x5m",
	"1e3s",
	" ",
	"2x",
	"2 fortnights",
	"2h ago",
	"36501d",
	"36500d1s",
	"9999999999999999999999s",
	"18446744073709551617s",
	"3153600001s",
	"36500d9223372036854775807s",
};

static void test_duration_takes_numbers_with_their_units(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(valid); i++) {
		const char *shown = valid[i].shown != NULL ? valid[i].shown : valid[i].text;
		char buffer[AP_DURATION_TEXT_MAX];
		int64_t seconds = -1, again = -1;

		AP_ROW(failed, ap_duration_parse(valid[i].text, &seconds) && seconds == valid[i].seconds,
		       "\"%s\": %lld", valid[i].text, (long long)seconds);
		AP_ROW(failed, strcmp(ap_duration_format(valid[i].seconds, buffer), shown) == 0, "\"%s\": shown as %s",
		       valid[i].text, buffer);
		AP_ROW(failed, ap_duration_parse(buffer, &again) && again == valid[i].seconds,
		       "\"%s\": what is shown, %s, is not taken again", valid[i].text, buffer);
	}
	AP_ROWS_END(failed);
}

static void test_duration_refuses_what_could_be_meant_in_two_ways(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(invalid); i++) {
		int64_t seconds = 12345;

		AP_ROW(failed, !ap_duration_parse(invalid[i], &seconds), "\"%s\" is taken", invalid[i]);
		AP_ROW(failed, seconds == 12345, "\"%s\": the result was written", invalid[i]);
	}
	AP_ROWS_END(failed);
}

static void test_duration_shows_any_number(void **state)
{
	static const struct {
		int64_t seconds;
		const char *shown;
	} rows[] = { { -1, "0s" }, { INT64_MIN, "0s" }, { INT64_MAX, "106751991167300d15h30m7s" } };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		char buffer[AP_DURATION_TEXT_MAX];

		AP_ROW(failed, strcmp(ap_duration_format(rows[i].seconds, buffer), rows[i].shown) == 0, "%lld: %s",
		       (long long)rows[i].seconds, buffer);
	}
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_duration_takes_numbers_with_their_units),
		cmocka_unit_test(test_duration_refuses_what_could_be_meant_in_two_ways),
		cmocka_unit_test(test_duration_shows_any_number),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
