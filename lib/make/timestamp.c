#include "timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SECONDS_A_DAY = 86400 };

typedef struct {
	int year, month, day, hour, minute, second;
	bool has_time, has_seconds;
} clock_face;

/* Exactly `n` digits at *text, which is then moved behind them. */
static bool take_digits(const char **text, int n, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if ((*text)[i] < '0' || (*text)[i] > '9')
			return false;
		value = value * 10 + ((*text)[i] - '0');
	}
	*text += n;
	*ret_value = value;
	return true;
}

static bool take_char(const char **text, const char *one_of)
{
	if (**text == '\0' || strchr(one_of, **text) == NULL)
		return false;
	(*text)++;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(const char **text, clock_face *face)
{
	return take_digits(text, 4, &face->year) && take_char(text, "-") && take_digits(text, 2, &face->month) &&
	       take_char(text, "-") && take_digits(text, 2, &face->day) && face->month >= 1 && face->month <= 12 &&
	       face->day >= 1 && face->day <= days_in_month(face->year, face->month);
}

/* Hours, minutes and, where there are any, seconds with a fraction. Second 60 is for the caller to judge. */
static bool take_time(const char **text, clock_face *face)
{
	face->has_time = true;
	if (!take_digits(text, 2, &face->hour) || !take_char(text, ":") || !take_digits(text, 2, &face->minute) ||
	    face->hour > 23 || face->minute > 59)
		return false;
	if (**text != ':')
		return true;
	(*text)++;
	face->has_seconds = true;
	if (!take_digits(text, 2, &face->second) || face->second > 60)
		return false;
	if (**text != '.')
		return true;
	(*text)++;
	if (strspn(*text, "0123456789") == 0)
		return false;
	*text += strspn(*text, "0123456789");
	return true;
}

/* "Z", "+08:00" or "-08:00". */
static bool take_offset(const char **text, int *ret_seconds)
{
	int hours, minutes, sign = **text == '-' ? -1 : 1;

	if (take_char(text, "Zz")) {
		*ret_seconds = 0;
		return true;
	}
	if (!take_char(text, "+-") || !take_digits(text, 2, &hours) || !take_char(text, ":") ||
	    !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

/*
 * Days from 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, so that the leap day is the
 * last; 400 of them have 146097 days.
 */
static int64_t days_from_epoch(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t month_from_march = (month + 9) % 12;
	int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static int64_t seconds_of(const clock_face *face)
{
	return days_from_epoch(face->year, face->month, face->day) * SECONDS_A_DAY + face->hour * 3600 +
	       face->minute * 60 + face->second;
}

/* A leap second is inserted at the end of June or December in UTC only (RFC 3339, section 5.7). */
static bool is_leap_second_slot(int64_t second_after)
{
	time_t time = (time_t)second_after;
	struct tm utc;

	return gmtime_r(&time, &utc) != NULL && utc.tm_hour == 0 && utc.tm_min == 0 && utc.tm_sec == 0 &&
	       utc.tm_mday == 1 && (utc.tm_mon == 0 || utc.tm_mon == 6);
}

static bool with_offset(const char *text, const clock_face *face, int64_t *ret_time)
{
	int64_t time = seconds_of(face);
	int offset;

	if (!take_offset(&text, &offset) || *text != '\0')
		return false;
	time -= offset;
	if (face->second == 60 && !is_leap_second_slot(time))
		return false;
	*ret_time = time;
	return true;
}

bool ap_timestamp_parse(const char *text, int64_t *ret_time)
{
	clock_face face = { .has_time = false };

	return take_date(&text, &face) && take_char(&text, "Tt ") && take_time(&text, &face) && face.has_seconds &&
	       with_offset(text, &face, ret_time);
}

static bool in_local_time(const clock_face *face, int64_t *ret_time)
{
	struct tm local = { .tm_year = face->year - 1900,
			    .tm_mon = face->month - 1,
			    .tm_mday = face->day,
			    .tm_hour = face->hour,
			    .tm_min = face->minute,
			    .tm_sec = face->second,
			    .tm_isdst = -1 };
	time_t time;

	if (face->second > 59)
		return false;
	time = mktime(&local);
	/* an hour that the clocks skipped comes back as another one */
	if (local.tm_mday != face->day || local.tm_hour != face->hour || local.tm_min != face->minute)
		return false;
	*ret_time = (int64_t)time;
	return true;
}

bool ap_timestamp_parse_local(const char *text, int64_t *ret_time)
{
	clock_face face = { .has_time = false };

	if (!take_date(&text, &face))
		return false;
	if (take_char(&text, "Tt ") && !take_time(&text, &face))
		return false;
	if (*text == '\0')
		return in_local_time(&face, ret_time);
	return face.has_time && with_offset(text, &face, ret_time);
}

const char *ap_timestamp_format_utc(int64_t time, char buffer[AP_TIMESTAMP_TEXT_MAX])
{
	time_t seconds = (time_t)time;
	struct tm utc;
	char rest[24];

	/* %Y pads no year under 1000 */
	if (gmtime_r(&seconds, &utc) == NULL || strftime(rest, sizeof(rest), "-%m-%dT%H:%M:%SZ", &utc) == 0)
		(void)snprintf(buffer, AP_TIMESTAMP_TEXT_MAX, "@%lld", (long long)time);
	else
		(void)snprintf(buffer, AP_TIMESTAMP_TEXT_MAX, "%04d%s", utc.tm_year + 1900, rest);
	return buffer;
}

const char *ap_timestamp_format_local(int64_t time, char buffer[AP_TIMESTAMP_TEXT_MAX])
{
	time_t seconds = (time_t)time;
	struct tm local;
	char rest[24];

	if (localtime_r(&seconds, &local) == NULL || strftime(rest, sizeof(rest), "-%m-%d %H:%M:%S %z", &local) == 0)
		(void)snprintf(buffer, AP_TIMESTAMP_TEXT_MAX, "@%lld", (long long)time);
	else
		(void)snprintf(buffer, AP_TIMESTAMP_TEXT_MAX, "%04d%s", local.tm_year + 1900, rest);
	return buffer;
}

const char *ap_timestamp_format_offset(int64_t time, char buffer[AP_TIMESTAMP_TEXT_MAX])
{
	time_t seconds = (time_t)time;
	struct tm local;
	char rest[16], offset[6];

	/* RFC 3339 has a colon within the offset, which strftime has no letter for */
	if (localtime_r(&seconds, &local) == NULL || strftime(rest, sizeof(rest), "-%m-%dT%H:%M:%S", &local) == 0 ||
	    strftime(offset, sizeof(offset), "%z", &local) != 5)
		return ap_timestamp_format_utc(time, buffer);
	(void)snprintf(buffer, AP_TIMESTAMP_TEXT_MAX, "%04d%s%.3s:%.2s", local.tm_year + 1900, rest, offset,
		       offset + 3);
	return buffer;
}
