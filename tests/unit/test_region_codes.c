#include "../../lib/make/region_codes.h"
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECTED "; expected an ISO 3166 code such as \"CN\" or \"CN-ZJ\", or \"unlocated\""
#define NO_COUNTRY "is no country of ISO 3166-1"

static const struct {
	const char *text, *sentence; /* NULL: nothing is wrong */
} faults[] = {
	{ "unlocated", NULL },
	{ "CN", NULL },
	{ "XK", NULL },
	{ "CN-ZJ", NULL },
	{ "FR-01", NULL },
	{ "AT-9", NULL },
	{ "GB-ENG", NULL },
	/* whether these exist, a database knows */
	{ "CN-33", NULL },
	{ "CN-XXX", NULL },
	{ "XK-1", NULL },

	{ "", "is no region" EXPECTED },
	{ "-", "is no region" EXPECTED },
	{ "*", "is no region" EXPECTED },
	{ "C", "is no region" EXPECTED },
	{ "-ZJ", "is no region" EXPECTED },
	{ "CN-ABCD", "is no region" EXPECTED },
	{ "CN-Z.", "is no region" EXPECTED },
	{ "CN-ZJ-HZ", "is no region" EXPECTED },
	{ "10.0.0.0/8", "is no region" EXPECTED },
	{ "\xff\xfe", "is no region" EXPECTED },
	{ "office", "is no region" EXPECTED },

	{ "QQ", NO_COUNTRY EXPECTED },
	{ "qq", NO_COUNTRY EXPECTED },
	{ "QQ-12", "is no region: \"QQ\" " NO_COUNTRY EXPECTED },

	{ "cn", "is no region; expected upper-case letters: \"CN\"" },
	{ "Cn", "is no region; expected upper-case letters: \"CN\"" },
	{ "cn-zj", "is no region; expected upper-case letters: \"CN-ZJ\"" },
	{ "CN-zj", "is no region; expected upper-case letters: \"CN-ZJ\"" },
	{ "cn-xx", "is no region; expected upper-case letters: \"CN-XX\"" },
	{ "sk", "is no region; expected upper-case letters: \"SK\"" }, /* withdrawn, and given again */
	{ "UNLOCATED", "is no region; expected lower-case letters: \"unlocated\"" },
	{ "Unlocated", "is no region; expected lower-case letters: \"unlocated\"" },

	{ "UNLOCATEDX", "is no region; did you mean \"unlocated\" (no country)?" },

	{ "UK", NO_COUNTRY "; did you mean \"GB\" (United Kingdom)?" },
	{ "uk", NO_COUNTRY "; did you mean \"GB\" (United Kingdom)?" },
	{ "EL", NO_COUNTRY "; did you mean \"GR\" (Greece)?" },
	{ "ZZ", NO_COUNTRY "; did you mean \"unlocated\" (no country)?" },
	{ "UK-ENG", "is no region: \"UK\" " NO_COUNTRY "; did you mean \"GB-ENG\" (England, United Kingdom)?" },
	{ "UK-XYZ", "is no region: \"UK\" " NO_COUNTRY "; did you mean \"GB\" (United Kingdom)?" },
	{ "USA", "is no region; did you mean \"US\" (United States)?" },
	{ "Germany", "is no region; did you mean \"DE\" (Germany)?" },
	{ "CN_ZJ", "is no region; did you mean \"CN-ZJ\" (Zhejiang Sheng, China)?" },
	{ "Zhejiang", "is no region; did you mean \"CN-ZJ\" (Zhejiang Sheng, China)?" },

	{ "BU", NO_COUNTRY ": it was withdrawn in 1989; did you mean \"MM\" (Myanmar)?" },
	{ "bu", NO_COUNTRY ": it was withdrawn in 1989; did you mean \"MM\" (Myanmar)?" },
	{ "DD", NO_COUNTRY ": it was withdrawn in 1990; did you mean \"DE\" (Germany)?" },
	{ "DD-15", "is no region: \"DD\" " NO_COUNTRY "; did you mean \"DE\" (Germany)?" },
	/* several countries took its place; of two that had the code, the later one */
	{ "AN", NO_COUNTRY ": it was withdrawn in 2010; list the countries that took its place" },
	{ "CS", NO_COUNTRY ": it was withdrawn in 2006; list the countries that took its place" },

	{ "EU", NO_COUNTRY "; list the codes of its members, such as \"DE\" and \"FR\"" },
	{ "eu", NO_COUNTRY "; list the codes of its members, such as \"DE\" and \"FR\"" },
	{ "EZ", NO_COUNTRY "; list the codes of its members, such as \"DE\" and \"FR\"" },
	{ "AP", NO_COUNTRY ", but what some call Asia and the Pacific; list the codes of its countries" },
	{ "EA", NO_COUNTRY "; Ceuta is \"ES-CE\", and Melilla is \"ES-ML\"" },
	{ "Europe", NO_COUNTRY "; list the codes of its countries" },
	{ "north-america", NO_COUNTRY "; list the codes of its countries" },
	{ "Congo", "is no region; Congo is \"CG\", and the Democratic Republic of the Congo is \"CD\"" },
	{ "Korea", "is no region; South Korea is \"KR\", and North Korea is \"KP\"" },
	{ "Virgin Islands", "is no region; the British ones are \"VG\", and those of the United States are \"VI\"" },
	{ "local", "is no region, but an IP entry; list it under \"ip\"" },
};

static void test_faults_say_what_is_wrong_and_what_to_write(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(faults); i++) {
		char found[AP_REGION_SENTENCE_MAX] = "untouched";
		const char *sentence = faults[i].sentence != NULL ? faults[i].sentence : "untouched";
		bool wrong = ap_region_fault_of(faults[i].text, found, sizeof(found));

		AP_ROW(failed, wrong == (faults[i].sentence != NULL) && strcmp(found, sentence) == 0, "%s: %s",
		       faults[i].text, found);
		AP_ROW(failed, ap_region_is_valid(faults[i].text) == !wrong, "%s", faults[i].text);
	}
	AP_ROWS_END(failed);
}

static const struct {
	const char *code, *name;
} named[] = {
	{ "CN", "China" },
	{ "BO", "Bolivia" }, /* the common name is preferred */
	{ "XK", "Kosovo" },
	{ "CI", "C\303\264te d'Ivoire" },
	{ "CN-ZJ", "Zhejiang Sheng, China" },
	{ "US-CA", "California, United States" },
	{ "CH-ZH", "Z\303\274rich, Switzerland" },
	/* footnotes, and the codes and repetitions in brackets */
	{ "MK-804", "Gazi Baba, North Macedonia" },
	{ "SE-AB", "Stockholms l\303\244n, Sweden" },
	{ "ES-B", "Barcelona, Spain" },
	{ "GB-WLS", "Wales [Cymru], United Kingdom" },
	{ "CN-XX", "a subdivision of China" },
	{ "unlocated", "no country" },
	{ "", "" },
	{ "cn", "" },
	{ "UK", "" },
	{ "UK-ENG", "" },
	{ "CN-", "" },
	{ "CN-ABCD", "" },
	{ "China", "" },
};

static void test_names_are_those_of_the_standard(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(named); i++) {
		char name[AP_REGION_NAME_MAX] = "something";

		AP_ROW(failed, ap_region_name(named[i].code, name, sizeof(name)) == name, "%s", named[i].code);
		AP_ROW(failed, strcmp(name, named[i].name) == 0, "%s: %s", named[i].code, name);
	}
	AP_ROWS_END(failed);
}

static const struct {
	const char *text, *meant; /* NULL: nothing is suggested */
} suggestions[] = {
	/* nothing is to be suggested, or the standard knows no better */
	{ "CN", NULL },
	{ "CN-ZJ", NULL },
	{ "unlocated", NULL },
	{ "CN-XX", NULL },
	{ "", NULL },
	{ " ", NULL },
	{ "the", NULL },

	/* a code, written otherwise */
	{ "cn", "CN" },
	{ " CN", "CN" },
	{ "CN ", "CN" },
	{ "CN.", "CN" },
	{ "CN-", "CN" },
	{ "CN*", "CN" },
	{ "CN-*", "CN" },
	{ "U.S.", "US" },
	{ "UNLOCATED", "unlocated" },
	{ "cn-zj", "CN-ZJ" },
	{ "cn-xx", "CN-XX" },
	{ "cn-xxxx", NULL },
	{ "CN_ZJ", "CN-ZJ" },
	{ "CN/ZJ", "CN-ZJ" },
	{ "CN.ZJ", "CN-ZJ" },
	{ "CN:ZJ", "CN-ZJ" },
	{ "CN ZJ", "CN-ZJ" },
	{ "CN, ZJ", "CN-ZJ" },
	{ "ZJ, CN", "CN-ZJ" },
	{ "AD-2", "AD-02" },
	{ "ad/2", "AD-02" },
	{ "DZ-1", "DZ-01" },
	{ "TH-1", NULL },

	/* three letters */
	{ "CHN", "CN" },
	{ "chn", "CN" },
	{ "USA", "US" },
	{ "U.S.A.", "US" },
	{ "XKX", "XK" },
	{ "CHN-ZJ", "CN-ZJ" },
	{ "QQQ", NULL },

	/* aliases, and codes that were withdrawn */
	{ "UK", "GB" },
	{ "EL", "GR" },
	{ "AC", "SH-AC" },
	{ "CP", "FR-CP" },
	{ "CQ", "GG" },
	{ "DG", "IO" },
	{ "IC", "ES-CN" },
	{ "TA", "SH-TA" },
	{ "XX", "unlocated" },
	{ "zz", "unlocated" },
	{ "unknown", "unlocated" },
	{ "DRC", "CD" },
	{ "PRC", "CN" },
	{ "UAE", "AE" },
	{ "Britain", "GB" },
	{ "great britain", "GB" },
	{ "Cape Verde", "CV" },
	{ "Holland", "NL" },
	{ "Ivory Coast", "CI" },
	{ "Macau", "MO" },
	{ "Macedonia", "MK" },
	{ "Republic of Ireland", "IE" },
	{ "Russia", "RU" },
	{ "Swaziland", "SZ" },
	{ "Turkey", "TR" },
	{ "Vatican", "VA" },
	{ "Vatican City", "VA" },
	{ "UK-SCT", "GB-SCT" },
	{ "UK/Scotland", "GB-SCT" },
	{ "BU", "MM" },
	{ "ZR", "CD" },
	{ "CS", NULL },
	{ "EU", NULL },
	{ "Europe", NULL },

	/* names of countries */
	{ "China", "CN" },
	{ "CHINA", "CN" },
	{ "Germany", "DE" },
	{ "united kingdom", "GB" },
	{ "The Netherlands", "NL" },
	{ "the UK", "GB" },
	{ "People's Republic of China", "CN" },
	{ "Korea, Republic of", "KR" },
	{ "Republic of Korea", "KR" },
	{ "South Korea", "KR" },
	{ "Iran", "IR" },
	{ "Bosnia", "BA" },
	{ "Bosnia & Herzegovina", "BA" },
	{ "Hong_Kong", "HK" },
	{ "Timor Leste", "TL" },
	{ "Malvinas", "FK" },
	{ "Dutch", NULL }, /* not for "Sint Maarten (Dutch part)" */
	{ "Holy See", "VA" },
	{ "Holy See (Vatican City State)", "VA" },
	{ "C\303\264te d\342\200\231Ivoire", "CI" },
	{ "COTE D'IVOIRE", "CI" },
	{ "Co\314\202te d'Ivoire", "CI" }, /* the accent is a character of its own */
	{ "REUNION", "RE" },
	{ "Georgia", "GE" }, /* rather than US-GA */
	{ "Burma", "MM" },
	{ "East Timor", "TL" },
	{ "Congo", NULL },

	/* names of subdivisions */
	{ "Zhejiang", "CN-ZJ" },
	{ "zhejiang sheng", "CN-ZJ" },
	{ "CN-Zhejiang", "CN-ZJ" },
	{ "China/Zhejiang", "CN-ZJ" },
	{ "Zhejiang, China", "CN-ZJ" },
	{ "Zhejiang China", "CN-ZJ" },
	{ "Georgia, US", "US-GA" },
	{ "US New York", "US-NY" },
	{ "New York", "US-NY" },
	{ "Zurich", "CH-ZH" },
	{ "Z\303\234RICH", "CH-ZH" },
	{ "Cymru", "GB-WLS" },
	{ "FR-Ain", "FR-01" },
	{ "FR-AIN", "FR-01" },
	{ "FR-Ai\314\210n", "FR-01" },
	{ "Saint Helena", "SH-HL" }, /* all of the name; only the start of the country's */
	{ "Punjab", NULL },          /* in India and in Pakistan */
	{ "IN-Punjab", "IN-PB" },
	{ "Northern", NULL }, /* many, none of them misspelt */
	{ "GB-Isle", NULL },

	/* names that are misspelt, and what would be a guess */
	{ "Germny", "DE" },
	{ "Untied Kingdom", "GB" },
	{ "Slovena", "SI" },
	{ "unlocatd", "unlocated" },
	{ "Zhejaing", "CN-ZJ" },
	{ "CN-Zhejaing", "CN-ZJ" },
	{ "Califronia", "US-CA" },
	{ "Irak", NULL },   /* Iran, Iraq */
	{ "Peking", NULL }, /* no subdivision of Laos */
	{ "Republic of China", NULL },
	{ "unlisted", NULL },
	{ "answered", NULL },
	{ "Aonga", NULL }, /* the first letter of Tonga is another */
	{ "Pariz", NULL }, /* too short for what has so many names */
	{ "Chd", NULL },
	{ "code", NULL }, /* not the first word of "C\303\264te d'Ivoire" */
	{ "CV-Santa", NULL },
	{ "QQ", NULL },
	{ "Le", NULL }, /* two letters are a code */
	{ "CNN", NULL },
};

static void test_what_was_meant_is_suggested(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(suggestions); i++) {
		char buffer[AP_REGION_TEXT_MAX] = "untouched";
		const char *found = ap_region_suggestion(suggestions[i].text, buffer);

		AP_ROW(failed, found == NULL || (found == buffer && ap_region_is_valid(found)), "%s: %s",
		       suggestions[i].text, found);
		AP_ROW(failed,
		       found == NULL ? suggestions[i].meant == NULL && strcmp(buffer, "untouched") == 0
				     : suggestions[i].meant != NULL && strcmp(found, suggestions[i].meant) == 0,
		       "%s: %s", suggestions[i].text, found != NULL ? found : "none");
	}
	AP_ROWS_END(failed);
}

/* Calls `each` for all pairs of upper-case letters. */
static unsigned for_each_pair(unsigned (*each)(const char *pair))
{
	unsigned sum = 0;

	for (char a = 'A'; a <= 'Z'; a++) {
		for (char b = 'A'; b <= 'Z'; b++) {
			const char pair[3] = { a, b, '\0' };

			sum += each(pair);
		}
	}
	return sum;
}

static unsigned count_country(const char *pair)
{
	return ap_region_is_country(pair) ? 1 : 0;
}

static void test_countries_are_those_of_the_standard(void **state)
{
	static const struct {
		const char *code;
		bool is_country;
	} rows[] = {
		{ "AD", true },  { "ZW", true },   { "TW", true },     { "XK", true },         { "AA", false },
		{ "ZZ", false }, { "UK", false },  { "EU", false },    { "BU", false },        { "cn", false },
		{ "C", false },  { "CHN", false }, { "CN-ZJ", false }, { "unlocated", false }, { "", false },
	};
	unsigned failed = 0, n = for_each_pair(count_country);

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++)
		AP_ROW(failed, ap_region_is_country(rows[i].code) == rows[i].is_country, "%s", rows[i].code);
	/* 249 since South Sudan, and Kosovo; they come and go one by one */
	AP_ROW(failed, n >= 250 && n < 260, "%u countries", n);
	AP_ROWS_END(failed);
}

static void test_subdivisions_are_those_of_the_standard(void **state)
{
	static const struct {
		const char *code;
		bool is_subdivision;
	} rows[] = {
		{ "AD-02", true },  { "ZW-MW", true }, { "CN-ZJ", true },  { "AT-9", true }, { "GB-ENG", true },
		{ "CN-XX", false }, { "AD-2", false }, { "cn-zj", false }, { "CN", false },  { "", false },
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++)
		AP_ROW(failed, ap_region_is_subdivision(rows[i].code) == rows[i].is_subdivision, "%s", rows[i].code);
	AP_ROWS_END(failed);
}

enum { SUBDIVISIONS_MAX = 400 };

/* How many subdivisions are not listed as they should be. */
static unsigned check_subdivisions(const char *country)
{
	const char *codes[SUBDIVISIONS_MAX];
	size_t n = ap_region_list_subdivisions(country, codes, SUBDIVISIONS_MAX);
	char name[4 * AP_REGION_NAME_MAX], country_name[AP_REGION_NAME_MAX], end[AP_REGION_NAME_MAX + 2];
	unsigned failed = 0;

	AP_ROW(failed, n <= SUBDIVISIONS_MAX && (n == 0 || ap_region_is_country(country)), "%s: %zu", country, n);
	(void)snprintf(end, sizeof(end), ", %s", ap_region_name(country, country_name, sizeof(country_name)));
	for (size_t i = 0; i < n && i < SUBDIVISIONS_MAX; i++) {
		size_t length = strlen(ap_region_name(codes[i], name, sizeof(name)));

		AP_ROW(failed, ap_region_is_subdivision(codes[i]) && ap_region_is_valid(codes[i]), "%s", codes[i]);
		AP_ROW(failed, strncmp(codes[i], country, 2) == 0 && codes[i][2] == '-', "%s", codes[i]);
		AP_ROW(failed, i == 0 || strcmp(codes[i - 1], codes[i]) < 0, "%s", codes[i]);
		AP_ROW(failed,
		       length > strlen(end) && length < AP_REGION_NAME_MAX &&
			       strcmp(name + length - strlen(end), end) == 0,
		       "%s: %s", codes[i], name);
		AP_ROW(failed, strpbrk(name, "*") == NULL && strncmp(name, "a subdivision", 13) != 0, "%s: %s",
		       codes[i], name);
	}
	return failed;
}

static unsigned count_subdivisions(const char *country)
{
	return (unsigned)ap_region_list_subdivisions(country, NULL, 0);
}

static void test_each_country_has_its_subdivisions_in_order(void **state)
{
	unsigned n = for_each_pair(count_subdivisions);

	(void)state;
	AP_ROWS_END(for_each_pair(check_subdivisions));
	assert_true(n > 4500 && n < 6500);
	assert_int_equal(count_subdivisions("CN"), 34);
	assert_int_equal(count_subdivisions("XK"), 0);
	assert_int_equal(count_subdivisions("AQ"), 0);
	assert_int_equal(count_subdivisions("QQ"), 0);
	assert_int_equal(count_subdivisions("C"), 0);
	assert_int_equal(count_subdivisions(""), 0);
	assert_int_equal(count_subdivisions("CN-ZJ"), 0);
}

static void test_no_more_subdivisions_are_written_than_there_is_room_for(void **state)
{
	const char *codes[] = { NULL, NULL, "untouched" };

	(void)state;
	assert_int_equal(ap_region_list_subdivisions("CN", codes, 2), 34);
	assert_string_equal(codes[0], "CN-AH");
	assert_string_equal(codes[1], "CN-BJ");
	assert_string_equal(codes[2], "untouched");
}

/* How many countries are not suggested for their name and their code in lower case. */
static unsigned check_country_is_found(const char *country)
{
	char name[4 * AP_REGION_NAME_MAX], code[AP_REGION_TEXT_MAX], sentence[AP_REGION_SENTENCE_MAX];
	const char lower[3] = { (char)(country[0] + 'a' - 'A'), (char)(country[1] + 'a' - 'A'), '\0' };
	const char *found;
	unsigned failed = 0;

	if (!ap_region_is_country(country))
		return 0;
	AP_ROW(failed, strlen(ap_region_name(country, name, sizeof(name))) - 1 < AP_REGION_NAME_MAX - 1, "%s", name);
	found = ap_region_suggestion(name, code);
	/* there are two Congos, of which neither is suggested */
	if (strcmp(country, "CG") != 0)
		AP_ROW(failed, found != NULL && strcmp(found, country) == 0, "%s: %s", name,
		       found != NULL ? found : "none");
	found = ap_region_suggestion(lower, code);
	AP_ROW(failed, found != NULL && strcmp(found, country) == 0, "%s: %s", lower, found != NULL ? found : "none");
	AP_ROW(failed, ap_region_fault_of(name, sentence, sizeof(sentence)), "%s", name);
	return failed;
}

static void test_each_country_is_found_by_its_name(void **state)
{
	(void)state;
	AP_ROWS_END(for_each_pair(check_country_is_found));
}

/* What starts as a code does is none if it goes on. */
static void test_texts_of_any_length_are_judged(void **state)
{
	static const char *const pieces[] = { "Q", "CN-", "cn ", "unlocated", "Zhejiang, ", "\303\205", "(", "-" };
	char text[600], sentence[AP_REGION_SENTENCE_MAX], code[AP_REGION_TEXT_MAX];
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(pieces); i++) {
		text[0] = '\0';
		while (strlen(text) + strlen(pieces[i]) < sizeof(text)) {
			strcat(text, pieces[i]);
			if (strcmp(text, "unlocated") == 0)
				continue;
			AP_ROW(failed, ap_region_fault_of(text, sentence, sizeof(sentence)), "%s", text);
			AP_ROW(failed, strlen(sentence) < sizeof(sentence) - 1, "%s: %s", text, sentence);
		}
		AP_ROW(failed, ap_region_suggestion(text, code) == NULL, "%s: %s", text, code);
	}
	AP_ROWS_END(failed);
}

static void test_what_does_not_fit_is_cut(void **state)
{
	char text[] = { 'x', 'x', 'x', 'x', 'x', 'x', 'x', '\0' };

	(void)state;
	assert_string_equal(ap_region_name("CN-ZJ", text, 5), "Zhej");
	assert_string_equal(ap_region_name("CN-ZJ", text, 1), "");
	assert_true(ap_region_fault_of("UK", text, 3));
	assert_string_equal(text, "is");
	assert_true(ap_region_fault_of("EU", text, 1));
	assert_string_equal(text, "");
	assert_memory_equal(text + 5, "xx", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults_say_what_is_wrong_and_what_to_write),
		cmocka_unit_test(test_names_are_those_of_the_standard),
		cmocka_unit_test(test_what_was_meant_is_suggested),
		cmocka_unit_test(test_countries_are_those_of_the_standard),
		cmocka_unit_test(test_subdivisions_are_those_of_the_standard),
		cmocka_unit_test(test_each_country_has_its_subdivisions_in_order),
		cmocka_unit_test(test_no_more_subdivisions_are_written_than_there_is_room_for),
		cmocka_unit_test(test_each_country_is_found_by_its_name),
		cmocka_unit_test(test_texts_of_any_length_are_judged),
		cmocka_unit_test(test_what_does_not_fit_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
