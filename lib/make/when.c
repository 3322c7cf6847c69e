#include "when.h"

#include "../login/member.h"
#include "duration.h"
#include "timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TEXT_MAX = 64, DAYS_A_WEEK = 7, LEAP_YEARS_APART = 8 };

/* What was said of a time; -1: nothing. */
typedef struct {
	int year, month, day;
	int weekday;
	int days_ahead; /* "today", "tomorrow" */
	int hour, minute, second;
} said_time;

/*
 * Days
 */

static bool date_of(int64_t now, int days_ahead, struct tm *ret_date)
{
	time_t seconds = (time_t)now;

	if (localtime_r(&seconds, ret_date) == NULL)
		return false;
	/* noon is on every day, whatever the clocks do at night */
	ret_date->tm_hour = 12;
	ret_date->tm_min = ret_date->tm_sec = 0;
	ret_date->tm_mday += days_ahead;
	ret_date->tm_isdst = -1;
	return mktime(ret_date) != (time_t)-1;
}

/* At the time of day that was said, or at midnight. */
static bool time_at(const said_time *said, int year, int month, int day, int64_t *ret_time)
{
	char text[TEXT_MAX];
	bool has_time = said->hour >= 0;

	(void)snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d", year, month, day, has_time ? said->hour : 0,
		       has_time ? said->minute : 0, has_time ? said->second : 0);
	return ap_timestamp_parse_local(text, ret_time);
}

static bool time_on(const said_time *said, const struct tm *date, int64_t *ret_time)
{
	return time_at(said, date->tm_year + 1900, date->tm_mon + 1, date->tm_mday, ret_time);
}

/* The first of the days from today that is the weekday, if there is one, at a time after now. */
static bool next_day(const said_time *said, int64_t now, int64_t *ret_time)
{
	struct tm date;
	int64_t found;

	for (int days = 0; days <= DAYS_A_WEEK; days++) {
		if (!date_of(now, days, &date) || (said->weekday >= 0 && date.tm_wday != said->weekday))
			continue;
		if (!time_on(said, &date, &found) || found <= now)
			continue;
		*ret_time = found;
		return true;
	}
	return false;
}

/* A 29th of February may be eight years away. */
static bool next_date(const said_time *said, int64_t now, int64_t *ret_time)
{
	struct tm today;
	int64_t found;

	if (!date_of(now, 0, &today))
		return false;
	for (int year = today.tm_year + 1900; year <= today.tm_year + 1900 + LEAP_YEARS_APART; year++) {
		if (!time_at(said, year, said->month, said->day, &found) || found <= now)
			continue;
		*ret_time = found;
		return true;
	}
	return false;
}

static bool resolve(const said_time *said, int64_t now, int64_t *ret_time)
{
	struct tm date;
	int n_days = (said->month >= 0) + (said->weekday >= 0) + (said->days_ahead >= 0);

	if (n_days > 1 || (said->month >= 0) != (said->day >= 0) || (said->year >= 0 && said->month < 0))
		return false;
	if (n_days == 0 && said->hour < 0)
		return false;
	if (said->days_ahead >= 0)
		return date_of(now, said->days_ahead, &date) && time_on(said, &date, ret_time);
	if (said->year >= 0)
		return time_at(said, said->year, said->month, said->day, ret_time);
	return said->month >= 0 ? next_date(said, now, ret_time) : next_day(said, now, ret_time);
}

/*
 * Words
 */

/* The number of the name, whole or its first three letters; -1: it is none. */
static int name_number(const char *word, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(word, names[i]) == 0 || (strlen(word) == 3 && strncmp(word, names[i], 3) == 0))
			return i;
	return -1;
}

static bool set_once(int *field, int value)
{
	bool is_first = *field < 0;

	*field = value;
	return is_first;
}

/* "9:30", "18:00", "18:00:30". */
static bool take_time_of_day(const char *word, said_time *said)
{
	int hour = 0, minute = 0, second = 0, end = 0;

	if (strspn(word, "0123456789:") != strlen(word))
		return false;
	if (sscanf(word, "%2d:%2d:%2d%n", &hour, &minute, &second, &end) < 3 || word[end] != '\0') {
		second = end = 0;
		if (sscanf(word, "%2d:%2d%n", &hour, &minute, &end) < 2 || word[end] != '\0')
			return false;
	}
	if (word[end - 2] == ':' || hour > 23 || minute > 59 || second > 59 || !set_once(&said->hour, hour))
		return false;
	said->minute = minute;
	said->second = second;
	return true;
}

/* "20", "2026". */
static bool take_number(const char *word, said_time *said)
{
	size_t length = strlen(word);
	int number = 0;

	if (strspn(word, "0123456789") != length || (length != 1 && length != 2 && length != 4))
		return false;
	for (const char *at = word; *at != '\0'; at++)
		number = number * 10 + (*at - '0');
	return set_once(length == 4 ? &said->year : &said->day, number);
}

static bool take_word(const char *word, said_time *said)
{
	static const char *const months[] = { "january", "february", "march",     "april",   "may",      "june",
					      "july",    "august",   "september", "october", "november", "december" };
	static const char *const weekdays[] = { "sunday",   "monday", "tuesday", "wednesday",
						"thursday", "friday", "saturday" };
	int month = name_number(word, months, 12), weekday = name_number(word, weekdays, DAYS_A_WEEK);

	if (strcmp(word, "at") == 0)
		return true;
	if (strcmp(word, "today") == 0 || strcmp(word, "tomorrow") == 0)
		return set_once(&said->days_ahead, strcmp(word, "tomorrow") == 0);
	if (month >= 0)
		return set_once(&said->month, month + 1);
	if (weekday >= 0)
		return set_once(&said->weekday, weekday);
	return strchr(word, ':') != NULL ? take_time_of_day(word, said) : take_number(word, said);
}

static bool parse_words(char *text, int64_t now, int64_t *ret_time)
{
	said_time said = { -1, -1, -1, -1, -1, -1, -1, -1 };
	char *rest = NULL;

	for (char *word = strtok_r(text, " ,", &rest); word != NULL; word = strtok_r(NULL, " ,", &rest))
		if (!take_word(word, &said))
			return false;
	return resolve(&said, now, ret_time);
}

static bool copy_lower(const char *text, char copy[TEXT_MAX])
{
	size_t length = strlen(text);

	if (length >= TEXT_MAX)
		return false;
	for (size_t i = 0; i <= length; i++)
		copy[i] = ap_ascii_lower(text[i]);
	return true;
}

bool ap_when_parse_coming(const char *text, int64_t now, int64_t *ret_time)
{
	char lower[TEXT_MAX];
	int64_t seconds;
	size_t lead;

	if (ap_timestamp_parse_local(text, ret_time))
		return true;
	if (!copy_lower(text, lower))
		return false;
	lead = strncmp(lower, "in ", 3) == 0 ? 3 : lower[0] == '+';
	if (ap_duration_parse(lower + lead, &seconds)) {
		*ret_time = now + seconds;
		return true;
	}
	return lead == 0 && parse_words(lower, now, ret_time);
}

/*
 * The past
 */

static bool parse_ago(const char *text, int64_t now, int64_t *ret_time)
{
	char copy[TEXT_MAX];
	int64_t seconds;
	size_t length = strlen(text);

	if (length >= TEXT_MAX)
		return false;
	memcpy(copy, text, length + 1);
	if (copy[0] != '-') {
		if (length < 4 || strcmp(copy + length - 4, " ago") != 0)
			return false;
		copy[length - 4] = '\0';
	}
	if (!ap_duration_parse(copy + (copy[0] == '-'), &seconds))
		return false;
	*ret_time = now - seconds;
	return true;
}

bool ap_when_parse_past(const char *text, int64_t now, int64_t *ret_time)
{
	const said_time midnight = { -1, -1, -1, -1, -1, -1, -1, -1 };
	struct tm date;

	if (strcmp(text, "now") == 0) {
		*ret_time = now;
		return true;
	}
	if (strcmp(text, "today") == 0 || strcmp(text, "yesterday") == 0)
		return date_of(now, text[0] == 'y' ? -1 : 0, &date) && time_on(&midnight, &date, ret_time);
	return ap_timestamp_parse_local(text, ret_time) || parse_ago(text, now, ret_time);
}
