/* Text from outside, made fit for a log line; text for outside, made fit for a protocol's one line. */
#include "../../lib/login/text.h"
#include "prng.h"
#include "rows.h"

#include <stdbool.h>
#include <string.h>

static const struct {
	const char *text;
	const char *quoted;
} quotes[] = {
	{ NULL, "-" },
	{ "", "\"\"" },
	{ "-", "\"-\"" },
	{ "alice@example.com", "\"alice@example.com\"" },
	{ "two words", "\"two words\"" },
	{ "a\"b", "\"a\\\"b\"" },
	{ "a\\b", "\"a\\\\b\"" },
	{ "%s%n%x", "\"%s%n%x\"" },
	{ "a\nb\rc\td", "\"a\\x0ab\\x0dc\\x09d\"" },
	{ "\x01\x1b[31m", "\"\\x01\\x1b[31m\"" },
	{ "\x7f", "\"\\x7f\"" },
	{ "~", "\"~\"" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
	{ "\xef\xbf\xbd", "\"\xef\xbf\xbd\"" },
	{ "\xf4\x8f\xbf\xbd", "\"\xf4\x8f\xbf\xbd\"" },
	/* C1 controls, though valid UTF-8: a terminal may obey them */
	{ "\xc2\x80", "\"\\xc2\\x80\"" },
	{ "\xc2\x9b"
	  "31m",
	  "\"\\xc2\\x9b"
	  "31m\"" },
	{ "\xc2\xa0", "\"\xc2\xa0\"" },
	/* not UTF-8: stray, truncated, overlong, surrogates, beyond U+10FFFF, obsolete lengths */
	{ "\x80", "\"\\x80\"" },
	{ "\xff\xfe", "\"\\xff\\xfe\"" },
	{ "\xc3", "\"\\xc3\"" },
	{ "\xc3(", "\"\\xc3(\"" },
	{ "\xe2\x82", "\"\\xe2\\x82\"" },
	{ "\xe2\x82z", "\"\\xe2\\x82z\"" },
	{ "\xf0\x9f\x98", "\"\\xf0\\x9f\\x98\"" },
	{ "\xc0\x80", "\"\\xc0\\x80\"" },
	{ "\xc1\xbf", "\"\\xc1\\xbf\"" },
	{ "\xe0\x80\x80", "\"\\xe0\\x80\\x80\"" },
	{ "\xe0\x9f\xbf", "\"\\xe0\\x9f\\xbf\"" },
	{ "\xf0\x80\x80\x80", "\"\\xf0\\x80\\x80\\x80\"" },
	{ "\xf0\x8f\xbf\xbf", "\"\\xf0\\x8f\\xbf\\xbf\"" },
	{ "\xed\xa0\x80", "\"\\xed\\xa0\\x80\"" },
	{ "\xed\x9f\xbf", "\"\xed\x9f\xbf\"" },
	{ "\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\"" },
	{ "\xf8\x88\x80\x80\x80", "\"\\xf8\\x88\\x80\\x80\\x80\"" },
	{ "a\xc3\n\xc3\xa4", "\"a\\xc3\\x0a\xc3\xa4\"" },
};

static void test_quote_rows(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(quotes); i++) {
		char buffer[256];

		AP_ROW(failed, ap_text_quote(quotes[i].text, buffer, sizeof(buffer)) == buffer, "row %zu: result", i);
		AP_ROW(failed, strcmp(buffer, quotes[i].quoted) == 0, "row %zu: %s, not %s", i, buffer,
		       quotes[i].quoted);
	}
	AP_ROWS_END(failed);
}

/* One step of a quoted text: how many bytes the next escape or character has; 0 if there is neither. */
static size_t quoted_step(const char *at)
{
	size_t n = 1;

	if (*at == '\\')
		return at[1] == '"' || at[1] == '\\'                             ? 2
		       : at[1] == 'x' && strspn(at + 2, "0123456789abcdef") >= 2 ? 4
										 : 0;
	if ((unsigned char)*at < 0x20 || *at == '"' || *at == 0x7f)
		return 0;
	if ((unsigned char)*at >= 0x80) {
		while (((unsigned char)at[n] & 0xc0) == 0x80)
			n++;
		if (n != ((unsigned char)*at >= 0xf0 ? 4u : (unsigned char)*at >= 0xe0 ? 3u : 2u))
			return 0;
	}
	return n;
}

/* Cut or not: an opening quote, whole escapes and characters, a closing quote, and then nothing or the mark. */
static bool well_quoted(const char *buffer, bool *ret_cut)
{
	const char *at = buffer + 1;

	if (buffer[0] != '"')
		return false;
	while (*at != '"' && *at != '\0') {
		size_t step = quoted_step(at);

		if (step == 0)
			return false;
		at += step;
	}
	if (*at != '"')
		return false;
	*ret_cut = strcmp(at + 1, "\xe2\x80\xa6") == 0;
	return at[1] == '\0' || *ret_cut;
}

static void test_quote_cuts_between_characters(void **state)
{
	static const char *const texts[] = { "abcdefghijklmnopqrstuvwxyz", "\n\n\n\n\n\n\n\n\n\n\n\n",
					     "\"\"\"\"\"\"\\\\\\\\\\",
					     "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac",
					     "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(texts); i++) {
		char whole[128];

		ap_text_quote(texts[i], whole, sizeof(whole));
		for (size_t size = 8; size < sizeof(whole); size++) {
			char buffer[129];
			bool cut = false;

			memset(buffer, 'x', sizeof(buffer));
			ap_text_quote(texts[i], buffer, size);
			AP_ROW(failed, memchr(buffer, '\0', size) != NULL && buffer[size] == 'x',
			       "row %zu, size %zu: bounds", i, size);
			AP_ROW(failed, well_quoted(buffer, &cut), "row %zu, size %zu: %s", i, size, buffer);
			/* three bytes are kept for the mark until the end of the text is seen */
			AP_ROW(failed, cut ? strlen(whole) + 3 >= size : strcmp(buffer, whole) == 0,
			       "row %zu, size %zu: cut is %d", i, size, cut);
		}
	}
	AP_ROWS_END(failed);
}

static void test_quote_random_bytes(void **state)
{
	ap_prng prng = ap_prng_seeded(13);
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < 50000; i++) {
		char text[40], buffer[256];
		size_t n = ap_prng_below(&prng, sizeof(text)), size = 8 + ap_prng_below(&prng, sizeof(buffer) - 8);
		bool cut = false;

		for (size_t at = 0; at < n; at++)
			text[at] = (char)(1 + ap_prng_below(&prng, 255));
		text[n] = '\0';
		ap_text_quote(text, buffer, size);
		AP_ROW(failed, well_quoted(buffer, &cut), "text %zu, size %zu: %s", i, size, buffer);
	}
	AP_ROWS_END(failed);
}

static const struct {
	const char *message;
	const char *line;
} messages[] = {
	{ "", "" },
	{ "Login from the current IP is not allowed.", "Login from the current IP is not allowed." },
	{ "two\nlines", "two lines" },
	{ "a\r\nb", "a  b" },
	{ "tab\there", "tab here" },
	{ "\x1b[31mred", "31mred" },
	{ "bell\a", "bell " },
	{ "del\x7f", "del " },
	{ "  leading blanks", "leading blanks" },
	{ "[ALERT] x", "ALERT] x" },
	{ " [[ [ALERT] x", "ALERT] x" },
	{ "\n[ALERT] x", "ALERT] x" },
	{ "\r\n\t[x", "x" },
	{ "[", "" },
	{ " ", "" },
	{ "x [ALERT]", "x [ALERT]" },
	{ "100 %s %n", "100 %s %n" },
	{ "\xe6\x8b\x92\xe7\xbb\x9d", "\xe6\x8b\x92\xe7\xbb\x9d" },
};

static void test_message_rows(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(messages); i++) {
		char buffer[256];

		AP_ROW(failed, ap_text_message(messages[i].message, buffer, sizeof(buffer)) == buffer,
		       "row %zu: result", i);
		AP_ROW(failed, strcmp(buffer, messages[i].line) == 0, "row %zu: \"%s\", not \"%s\"", i, buffer,
		       messages[i].line);
	}
	AP_ROWS_END(failed);
}

/* Whatever bytes an administrator wrote: one line, which does not begin a response code. */
static void test_message_is_one_line_in_any_buffer(void **state)
{
	ap_prng prng = ap_prng_seeded(14);
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < 50000; i++) {
		static const char favourites[] = "[ \n\r\t\x7f";
		char text[40], buffer[65];
		size_t n = ap_prng_below(&prng, sizeof(text)), size = 1 + ap_prng_below(&prng, sizeof(buffer) - 1);
		bool clean = true;

		for (size_t at = 0; at < n; at++)
			text[at] = ap_prng_chance(&prng, 50) ? favourites[ap_prng_below(&prng, 6)]
							     : (char)(1 + ap_prng_below(&prng, 127));
		text[n] = '\0';
		memset(buffer, 'x', sizeof(buffer));
		ap_text_message(text, buffer, size);
		AP_ROW(failed, memchr(buffer, '\0', size) != NULL && (size == sizeof(buffer) || buffer[size] == 'x'),
		       "text %zu, size %zu: bounds", i, size);
		for (const char *at = buffer; *at != '\0'; at++)
			clean = clean && (unsigned char)*at >= 0x20 && *at != 0x7f;
		AP_ROW(failed, clean && buffer[0] != '[' && buffer[0] != ' ', "text %zu: \"%s\"", i, buffer);
	}
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quote_rows),
		cmocka_unit_test(test_quote_cuts_between_characters),
		cmocka_unit_test(test_quote_random_bytes),
		cmocka_unit_test(test_message_rows),
		cmocka_unit_test(test_message_is_one_line_in_any_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
