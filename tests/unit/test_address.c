/* Where a login comes from: which texts are addresses, and which address each is. */
#include "../../lib/login/address.h"
#include "prng.h"
#include "rows.h"

#include <arpa/inet.h>
#include <string.h>

static const struct {
	const char *text;
	const char *canonical; /* RFC 5952 */
	ap_family family;
} accepted[] = {
	{ "0.0.0.0", "0.0.0.0", AP_ADDRESS_IPV4 },
	{ "192.0.2.1", "192.0.2.1", AP_ADDRESS_IPV4 },
	{ "255.255.255.255", "255.255.255.255", AP_ADDRESS_IPV4 },
	{ "::", "::", AP_ADDRESS_IPV6 },
	{ "::1", "::1", AP_ADDRESS_IPV6 },
	{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1", AP_ADDRESS_IPV6 },
	{ "2001:0db8::0001", "2001:db8::1", AP_ADDRESS_IPV6 },
	{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", AP_ADDRESS_IPV6 },
	{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1", AP_ADDRESS_IPV6 },
	{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", AP_ADDRESS_IPV6 },
	{ "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", AP_ADDRESS_IPV6 },
	{ "fe80::", "fe80::", AP_ADDRESS_IPV6 },
	{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221", AP_ADDRESS_IPV6 },
	/* brackets and a zone are dropped */
	{ "[2001:db8::1]", "2001:db8::1", AP_ADDRESS_IPV6 },
	{ "fe80::1%eth0", "fe80::1", AP_ADDRESS_IPV6 },
	{ "fe80::1%2", "fe80::1", AP_ADDRESS_IPV6 },
	{ "[fe80::1%eth0]", "fe80::1", AP_ADDRESS_IPV6 },
	/* IPv4-mapped is IPv4, however it is written; its neighbours are not */
	{ "::ffff:198.51.100.77", "198.51.100.77", AP_ADDRESS_IPV4 },
	{ "::FFFF:c633:644d", "198.51.100.77", AP_ADDRESS_IPV4 },
	{ "0:0:0:0:0:ffff:0:0", "0.0.0.0", AP_ADDRESS_IPV4 },
	{ "[::ffff:198.51.100.77]", "198.51.100.77", AP_ADDRESS_IPV4 },
	{ "::ffff:198.51.100.77%eth0", "198.51.100.77", AP_ADDRESS_IPV4 },
	{ "::fffe:c633:644d", "::fffe:c633:644d", AP_ADDRESS_IPV6 },
	{ "::ffff:0:c633:644d", "::ffff:0:c633:644d", AP_ADDRESS_IPV6 },
	{ "1::ffff:c633:644d", "1::ffff:c633:644d", AP_ADDRESS_IPV6 },
};

static const char *const refused[] = {
	"",
	" ",
	"local",
	"unknown",
	"localhost",
	"mail.example.com",
	"1",
	"1.2.3",
	"1.2.3.",
	".1.2.3",
	"1..2.3",
	"1.2.3.4.",
	"1.2.3.4.5",
	"256.0.0.1",
	"1.2.3.256",
	"1.2.3.1000",
	"1.2.3.4294967297",
	"010.0.0.1",
	"10.0.0.01",
	"1.2.3.00",
	"0x7f.0.0.1",
	"127.1",
	"2130706433",
	"1.2.3.-4",
	"1.2.3.+4",
	"1.2.3.4a",
	"1.2.3.4 ",
	" 1.2.3.4",
	"1.2.3.4\n",
	"1.2.3.4\t",
	"1.2.3.4:22",
	"[1.2.3.4]:22",
	"1.2.3.4/32",
	"1.2.3.4-1.2.3.5",
	"1,2,3,4",
	"[2001:db8::1]:22",
	"2001:db8::1]",
	"[2001:db8::1",
	"[[2001:db8::1]]",
	"[]",
	"[",
	"]",
	"%eth0",
	"[%eth0]",
	":",
	":::",
	"::1::",
	"1::2::3",
	"12345::",
	"::g",
	"1:2:3:4:5:6:7",
	"1:2:3:4:5:6:7:8:9",
	"1:2:3:4:5:6:7:8:",
	":1:2:3:4:5:6:7:8",
	"2001:db8::1/128",
	"2001:db8::1 ",
	"::ffff:1.2.3",
	"::ffff:1.2.3.256",
	"::ffff:01.2.3.4",
	"::1.2.3.4:5",
	"1.2.3.4::",
	"%s%s%s%n",
	"\xff\xfe",
	"\xef\xbc\x91.2.3.4",
};

static void test_address_accepts_and_formats(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(accepted); i++) {
		ap_address address = { .family = AP_ADDRESS_UNKNOWN };
		char text[AP_ADDRESS_TEXT_MAX];
		bool parsed = ap_address_parse(accepted[i].text, &address);

		AP_ROW(failed, parsed, "row %zu: \"%s\" was refused", i, accepted[i].text);
		AP_ROW(failed, address.family == accepted[i].family, "row %zu: \"%s\" has family %d", i,
		       accepted[i].text, (int)address.family);
		AP_ROW(failed, strcmp(ap_address_format(&address, text), accepted[i].canonical) == 0,
		       "row %zu: \"%s\" became %s, not %s", i, accepted[i].text, text, accepted[i].canonical);
	}
	AP_ROWS_END(failed);
}

static void test_address_refuses_and_leaves_untouched(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(refused); i++) {
		ap_address before, address;

		memset(&before, 0x5a, sizeof(before));
		memset(&address, 0x5a, sizeof(address));
		AP_ROW(failed, !ap_address_parse(refused[i], &address), "row %zu: \"%s\" was accepted", i, refused[i]);
		AP_ROW(failed, memcmp(&before, &address, sizeof(address)) == 0, "row %zu: \"%s\" wrote its output", i,
		       refused[i]);
	}
	AP_ROWS_END(failed);
}

static void test_address_holds_ipv4_in_the_first_four_bytes(void **state)
{
	static const uint8_t expected[16] = { 198, 51, 100, 77 };
	static const char *const texts[] = { "198.51.100.77", "::ffff:198.51.100.77", "[::ffff:c633:644d]" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(texts); i++) {
		ap_address address;

		memset(&address, 0xff, sizeof(address));
		AP_ROW(failed,
		       ap_address_parse(texts[i], &address) && memcmp(address.bytes, expected, sizeof(expected)) == 0,
		       "row %zu: \"%s\"", i, texts[i]);
	}
	AP_ROWS_END(failed);
}

static void test_address_formats_what_has_no_number(void **state)
{
	ap_address address = { .family = AP_ADDRESS_LOCAL };
	char text[AP_ADDRESS_TEXT_MAX];

	(void)state;
	assert_string_equal(ap_address_format(&address, text), "local");
	memset(&address, 0, sizeof(address));
	assert_string_equal(ap_address_format(&address, text), "unknown");
}

/* A very long text is refused like any other, wherever it goes wrong. */
static void test_address_refuses_long_texts(void **state)
{
	static char text[70000];
	static const char *const starts[] = { "1.2.3.4", "::1", "[::1", "fe80::1:", "" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(starts); i++) {
		ap_address address;

		memset(text, '0', sizeof(text) - 1);
		memcpy(text, starts[i], strlen(starts[i]));
		AP_ROW(failed, !ap_address_parse(text, &address), "row %zu", i);
	}
	AP_ROWS_END(failed);
}

/* What the system's own function writes is read back as the same bytes. */
static void test_address_reads_what_inet_ntop_writes(void **state)
{
	ap_prng prng = ap_prng_seeded(11);
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		bool four = ap_prng_chance(&prng, 30);
		uint8_t bytes[16] = { 0 };
		char text[INET6_ADDRSTRLEN], again[AP_ADDRESS_TEXT_MAX];
		ap_address address;

		for (size_t at = 0; at < (four ? 4 : 16); at++)
			bytes[at] = ap_prng_chance(&prng, 60) ? 0 : (uint8_t)ap_prng_below(&prng, 256);
		if (!four)
			bytes[0] |= 0x20; /* apart from the mapped and compatible ones, which rows above cover */
		assert_non_null(inet_ntop(four ? AF_INET : AF_INET6, bytes, text, sizeof(text)));
		AP_ROW(failed,
		       ap_address_parse(text, &address) && memcmp(address.bytes, bytes, 16) == 0 &&
			       address.family == (four ? AP_ADDRESS_IPV4 : AP_ADDRESS_IPV6),
		       "%s", text);
		AP_ROW(failed, strcmp(ap_address_format(&address, again), text) == 0, "%s became %s", text, again);
	}
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_accepts_and_formats),
		cmocka_unit_test(test_address_refuses_and_leaves_untouched),
		cmocka_unit_test(test_address_holds_ipv4_in_the_first_four_bytes),
		cmocka_unit_test(test_address_formats_what_has_no_number),
		cmocka_unit_test(test_address_refuses_long_texts),
		cmocka_unit_test(test_address_reads_what_inet_ntop_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
