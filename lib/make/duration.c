#include "duration.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The larger first. */
static const struct {
	const char *names;
	int64_t seconds;
} units[] = {
	{ " w week weeks ", 7 * 24 * 60 * 60 }, { " d day days ", 24 * 60 * 60 },     { " h hour hours ", 60 * 60 },
	{ " m min mins minute minutes ", 60 },  { " s sec secs second seconds ", 1 },
};

enum { N_UNITS = sizeof(units) / sizeof(units[0]), DAYS = 1, WORD_MAX = 7 };

static const int64_t most = (int64_t)AP_DURATION_DAYS_MAX * 24 * 60 * 60;

static bool take_number(const char **text, int64_t *ret_number)
{
	const char *at = *text;
	int64_t number = 0;

	for (; *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (*at - '0');
		if (number > most)
			return false;
	}
	if (at == *text)
		return false;
	*ret_number = number;
	*text = at + strspn(at, " ");
	return true;
}

/* The number of the unit whose name is at *text, or N_UNITS. */
static size_t take_unit(const char **text)
{
	size_t length = strspn(*text, "abcdefghijklmnopqrstuvwxyz"), unit = 0;
	char word[WORD_MAX + 3] = " ";

	if (length == 0 || length > WORD_MAX)
		return N_UNITS;
	memcpy(word + 1, *text, length);
	word[length + 1] = ' ';
	while (unit < N_UNITS && strstr(units[unit].names, word) == NULL)
		unit++;
	*text += length;
	*text += strspn(*text, " ");
	return unit;
}

bool ap_duration_parse(const char *text, int64_t *ret_seconds)
{
	int64_t seconds = 0, number;
	size_t allowed = 0;

	do {
		size_t unit;

		if (!take_number(&text, &number))
			return false;
		unit = take_unit(&text);
		if (unit < allowed || unit == N_UNITS || number > (most - seconds) / units[unit].seconds)
			return false;
		seconds += number * units[unit].seconds;
		allowed = unit + 1;
	} while (*text != '\0');
	*ret_seconds = seconds;
	return true;
}

const char *ap_duration_format(int64_t seconds, char buffer[AP_DURATION_TEXT_MAX])
{
	size_t used = 0;

	(void)snprintf(buffer, AP_DURATION_TEXT_MAX, "0s");
	for (size_t i = DAYS; i < N_UNITS && used < AP_DURATION_TEXT_MAX; i++) {
		long long n = seconds / units[i].seconds;

		if (n <= 0)
			continue;
		used += (size_t)snprintf(buffer + used, AP_DURATION_TEXT_MAX - used, "%lld%c", n, units[i].names[1]);
		seconds %= units[i].seconds;
	}
	return buffer;
}
