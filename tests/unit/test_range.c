/* The entries of policies and feeds: one address, first-last, CIDR. */
#include "../../lib/login/address.h"
#include "prng.h"
#include "rows.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	ap_range_fault fault;
	const char *first; /* NULL: nothing is written */
	const char *last;
	const char *shortest; /* of address, CIDR, first-last */
} entries[] = {
	{ "192.0.2.1", AP_RANGE_OK, "192.0.2.1", "192.0.2.1", "192.0.2.1" },
	{ "192.0.2.1/32", AP_RANGE_OK, "192.0.2.1", "192.0.2.1", "192.0.2.1" },
	{ "192.0.2.1-192.0.2.1", AP_RANGE_OK, "192.0.2.1", "192.0.2.1", "192.0.2.1" },
	{ "10.0.0.0/8", AP_RANGE_OK, "10.0.0.0", "10.255.255.255", "10.0.0.0/8" },
	{ "10.0.0.0-10.255.255.255", AP_RANGE_OK, "10.0.0.0", "10.255.255.255", "10.0.0.0/8" },
	{ "0.0.0.0/0", AP_RANGE_OK, "0.0.0.0", "255.255.255.255", "0.0.0.0/0" },
	{ "0.0.0.0-255.255.255.255", AP_RANGE_OK, "0.0.0.0", "255.255.255.255", "0.0.0.0/0" },
	{ "128.0.0.0/1", AP_RANGE_OK, "128.0.0.0", "255.255.255.255", "128.0.0.0/1" },
	{ "192.0.2.4/31", AP_RANGE_OK, "192.0.2.4", "192.0.2.5", "192.0.2.4/31" },
	{ "192.168.1.1-192.168.1.100", AP_RANGE_OK, "192.168.1.1", "192.168.1.100", "192.168.1.1-192.168.1.100" },
	{ "192.0.2.5-192.0.2.6", AP_RANGE_OK, "192.0.2.5", "192.0.2.6", "192.0.2.5-192.0.2.6" },
	{ "2001:db8::1", AP_RANGE_OK, "2001:db8::1", "2001:db8::1", "2001:db8::1" },
	{ "2001:db8::1/128", AP_RANGE_OK, "2001:db8::1", "2001:db8::1", "2001:db8::1" },
	{ "2001:db8:1::/48", AP_RANGE_OK, "2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff", "2001:db8:1::/48" },
	{ "2001:db8::/33", AP_RANGE_OK, "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db8::/33" },
	{ "::/0", AP_RANGE_OK, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0" },
	{ "fe80::/10", AP_RANGE_OK, "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::/10" },
	{ "2001:db8::1-2001:db8::9", AP_RANGE_OK, "2001:db8::1", "2001:db8::9", "2001:db8::1-2001:db8::9" },
	/* inside ::ffff:0:0/96 it is the IPv4 entry */
	{ "::ffff:10.0.0.1", AP_RANGE_OK, "10.0.0.1", "10.0.0.1", "10.0.0.1" },
	{ "::ffff:10.0.0.0/104", AP_RANGE_OK, "10.0.0.0", "10.255.255.255", "10.0.0.0/8" },
	{ "::ffff:a00:0/104", AP_RANGE_OK, "10.0.0.0", "10.255.255.255", "10.0.0.0/8" },
	{ "::ffff:0:0/96", AP_RANGE_OK, "0.0.0.0", "255.255.255.255", "0.0.0.0/0" },
	{ "::ffff:10.0.0.1-::ffff:10.0.0.9", AP_RANGE_OK, "10.0.0.1", "10.0.0.9", "10.0.0.1-10.0.0.9" },
	{ "::ffff:10.0.0.1-10.0.0.9", AP_RANGE_OK, "10.0.0.1", "10.0.0.9", "10.0.0.1-10.0.0.9" },

	{ "10.0.0.1/8", AP_RANGE_HOST_BITS, "10.0.0.0", "10.255.255.255", "10.0.0.0/8" },
	{ "10.0.1.0/8", AP_RANGE_HOST_BITS, "10.0.0.0", "10.255.255.255", "10.0.0.0/8" },
	{ "192.0.2.5/31", AP_RANGE_HOST_BITS, "192.0.2.4", "192.0.2.5", "192.0.2.4/31" },
	{ "0.0.0.1/0", AP_RANGE_HOST_BITS, "0.0.0.0", "255.255.255.255", "0.0.0.0/0" },
	{ "2001:db8::1/32", AP_RANGE_HOST_BITS, "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
	  "2001:db8::/32" },
	{ "::1/0", AP_RANGE_HOST_BITS, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0" },
	{ "::ffff:10.0.0.1/104", AP_RANGE_HOST_BITS, "10.0.0.0", "10.255.255.255", "10.0.0.0/8" },

	{ "", AP_RANGE_EMPTY, NULL, NULL, NULL },
	{ "local", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "mail.example.com", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "mail-1.example.com", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "1.2.3", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "1.2.3/24", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "010.0.0.1", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "256.0.0.1", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "1.2.3.4.5", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "10.0.0.*", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "-", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "10.0.0.1-", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "-10.0.0.1", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "10.0.0.1-9", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "10.0.0.1-10.0.0.2-10.0.0.3", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "10.0.0.1,10.0.0.2", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "2001:db8:::1", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "@office", AP_RANGE_NOT_ADDRESS, NULL, NULL, NULL },
	{ "192.0.2.1:22", AP_RANGE_HAS_PORT, NULL, NULL, NULL },
	{ "[2001:db8::1]:22", AP_RANGE_HAS_PORT, NULL, NULL, NULL },
	{ "fe80::1%eth0", AP_RANGE_HAS_ZONE, NULL, NULL, NULL },
	{ " 10.0.0.1", AP_RANGE_SPACES, NULL, NULL, NULL },
	{ "10.0.0.1 ", AP_RANGE_SPACES, NULL, NULL, NULL },
	{ "10.0.0.1 - 10.0.0.9", AP_RANGE_SPACES, NULL, NULL, NULL },
	{ "10.0.0.0 /8", AP_RANGE_SPACES, NULL, NULL, NULL },
	{ "10.0.0.0/33", AP_RANGE_PREFIX, NULL, NULL, NULL },
	{ "10.0.0.0/", AP_RANGE_PREFIX, NULL, NULL, NULL },
	{ "10.0.0.0/x", AP_RANGE_PREFIX, NULL, NULL, NULL },
	{ "10.0.0.0/-1", AP_RANGE_PREFIX, NULL, NULL, NULL },
	{ "10.0.0.0/+8", AP_RANGE_PREFIX, NULL, NULL, NULL },
	{ "10.0.0.0/08", AP_RANGE_PREFIX, NULL, NULL, NULL },
	{ "10.0.0.0/8x", AP_RANGE_PREFIX, NULL, NULL, NULL },
	{ "10.0.0.0/8/8", AP_RANGE_PREFIX, NULL, NULL, NULL },
	{ "10.0.0.0/4294967304", AP_RANGE_PREFIX, NULL, NULL, NULL },
	{ "10.0.0.0/255.0.0.0", AP_RANGE_PREFIX, NULL, NULL, NULL },
	{ "2001:db8::/129", AP_RANGE_PREFIX, NULL, NULL, NULL },
	{ "10.0.0.9-10.0.0.1", AP_RANGE_REVERSED, NULL, NULL, NULL },
	{ "2001:db8::9-2001:db8::1", AP_RANGE_REVERSED, NULL, NULL, NULL },
	{ "10.0.0.1-2001:db8::1", AP_RANGE_MIXED, NULL, NULL, NULL },
	{ "2001:db8::1-10.0.0.1", AP_RANGE_MIXED, NULL, NULL, NULL },
};

static bool range_is(const ap_range *range, const char *first, const char *last)
{
	ap_address from, to;

	assert_true(ap_address_parse(first, &from));
	assert_true(ap_address_parse(last, &to));
	return range->family == from.family && memcmp(range->first, from.bytes, 16) == 0 &&
	       memcmp(range->last, to.bytes, 16) == 0;
}

static void test_range_parses_or_says_what_is_wrong(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(entries); i++) {
		ap_range before, range;
		char text[AP_RANGE_TEXT_MAX];

		memset(&before, 0x5a, sizeof(before));
		memset(&range, 0x5a, sizeof(range));
		ap_range_fault fault = ap_range_parse(entries[i].text, &range);

		AP_ROW(failed, fault == entries[i].fault, "row %zu: \"%s\" is fault %d, not %d", i, entries[i].text,
		       (int)fault, (int)entries[i].fault);
		if (entries[i].first == NULL) {
			AP_ROW(failed, memcmp(&before, &range, sizeof(range)) == 0, "row %zu: \"%s\" wrote its output",
			       i, entries[i].text);
			continue;
		}
		if (fault != entries[i].fault)
			continue;
		AP_ROW(failed, range_is(&range, entries[i].first, entries[i].last), "row %zu: \"%s\" is another range",
		       i, entries[i].text);
		AP_ROW(failed, strcmp(ap_range_format(&range, text), entries[i].shortest) == 0,
		       "row %zu: \"%s\" became %s, not %s", i, entries[i].text, text, entries[i].shortest);
	}
	AP_ROWS_END(failed);
}

static void test_range_fault_names_what_was_found(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(entries); i++) {
		ap_range range = { .family = AP_ADDRESS_IPV4 };
		ap_range_fault fault = ap_range_parse(entries[i].text, &range);
		char message[400];

		if (fault == AP_RANGE_OK)
			continue;
		memset(message, 'x', sizeof(message));
		ap_range_fault_format(fault, entries[i].text, &range, message, sizeof(message));
		AP_ROW(failed, memchr(message, '\0', sizeof(message)) != NULL, "row %zu: not ended", i);
		AP_ROW(failed, strstr(message, entries[i].text) != NULL, "row %zu: \"%s\": %s", i, entries[i].text,
		       message);
		AP_ROW(failed, strlen(message) > strlen(entries[i].text) + 10, "row %zu: only \"%s\"", i, message);
		if (fault == AP_RANGE_HOST_BITS)
			AP_ROW(failed, strstr(message, entries[i].shortest) != NULL, "row %zu: \"%s\" lacks %s", i,
			       message, entries[i].shortest);
	}
	AP_ROWS_END(failed);
}

static void test_range_fault_fits_any_buffer(void **state)
{
	int failed = 0;
	ap_range network;
	char message[128];

	(void)state;
	assert_int_equal(ap_range_parse("10.0.0.1/8", &network), AP_RANGE_HOST_BITS);
	for (size_t size = 1; size < 100; size++) {
		memset(message, 'x', sizeof(message));
		ap_range_fault_format(AP_RANGE_HOST_BITS, "10.0.0.1/8", &network, message, size);
		AP_ROW(failed, memchr(message, '\0', size) != NULL && message[size] == 'x', "size %zu", size);
	}
	AP_ROWS_END(failed);
}

static const struct {
	const char *range;
	const char *address;
	bool holds;
} holdings[] = {
	{ "10.0.0.0/8", "10.0.0.0", true },
	{ "10.0.0.0/8", "10.255.255.255", true },
	{ "10.0.0.0/8", "9.255.255.255", false },
	{ "10.0.0.0/8", "11.0.0.0", false },
	{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
	{ "::ffff:10.0.0.0/104", "10.1.2.3", true },
	{ "192.168.1.1-192.168.1.100", "192.168.1.1", true },
	{ "192.168.1.1-192.168.1.100", "192.168.1.100", true },
	{ "192.168.1.1-192.168.1.100", "192.168.1.0", false },
	{ "192.168.1.1-192.168.1.100", "192.168.1.101", false },
	{ "0.0.0.0/0", "203.0.113.9", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "0.0.0.0/0", "::", false },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true },
	{ "::/0", "203.0.113.9", false },
	{ "::/0", "::ffff:203.0.113.9", false },
	{ "::/0", "0.0.0.0", false },
	{ "2001:db8::/32", "2001:db8:ffff::1", true },
	{ "2001:db8::/32", "2001:db9::", false },
	{ "2001:db8::1-2001:db8::9", "2001:db8::9", true },
	{ "2001:db8::1-2001:db8::9", "2001:db8::a", false },
	/* the same bytes in the other family */
	{ "32.1.13.184", "2001:db8::", false },
	{ "2001:db8::", "32.1.13.184", false },
};

static void test_range_holds(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(holdings); i++) {
		ap_address address;
		ap_range range;

		assert_int_equal(ap_range_parse(holdings[i].range, &range), AP_RANGE_OK);
		assert_true(ap_address_parse(holdings[i].address, &address));
		AP_ROW(failed, ap_range_holds(&range, &address) == holdings[i].holds, "row %zu: %s, %s", i,
		       holdings[i].range, holdings[i].address);
	}
	AP_ROWS_END(failed);
}

static void test_range_holds_no_address_without_a_number(void **state)
{
	static const char *const ranges[] = { "0.0.0.0/0", "::/0", "0.0.0.0", "::" };
	const ap_address local = { .family = AP_ADDRESS_LOCAL }, unknown = { .family = AP_ADDRESS_UNKNOWN };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(ranges); i++) {
		ap_range range;

		assert_int_equal(ap_range_parse(ranges[i], &range), AP_RANGE_OK);
		AP_ROW(failed, !ap_range_holds(&range, &local), "row %zu: %s holds local", i, ranges[i]);
		AP_ROW(failed, !ap_range_holds(&range, &unknown), "row %zu: %s holds unknown", i, ranges[i]);
	}
	AP_ROWS_END(failed);
}

/* What is written is read back as the same interval, and is never longer than first-last. */
static void test_range_reads_what_it_writes(void **state)
{
	ap_prng prng = ap_prng_seeded(12);
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		bool four = ap_prng_chance(&prng, 50);
		size_t bits = four ? 32 : 128, prefix = ap_prng_below(&prng, (uint32_t)bits + 1);
		ap_range range = { .family = four ? AP_ADDRESS_IPV4 : AP_ADDRESS_IPV6 }, again;
		char text[AP_RANGE_TEXT_MAX];

		for (size_t bit = 0; bit < bits; bit++) {
			uint8_t mask = (uint8_t)(0x80 >> bit % 8);
			bool set = bit < 3 ? bit == 2 : ap_prng_chance(&prng, 50);

			if (set && (bit < prefix || bit < 3))
				range.first[bit / 8] |= mask;
			if ((set && bit < 3) || (set && bit < prefix) || (bit >= prefix && bit >= 3))
				range.last[bit / 8] |= mask;
		}
		if (ap_prng_chance(&prng, 30) && range.last[bits / 8 - 1] > range.first[bits / 8 - 1])
			range.last[bits / 8 - 1]--;
		ap_range_format(&range, text);
		memset(&again, 0, sizeof(again));
		AP_ROW(failed,
		       ap_range_parse(text, &again) == AP_RANGE_OK && memcmp(&range, &again, sizeof(range)) == 0, "%s",
		       text);
	}
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_range_parses_or_says_what_is_wrong),
		cmocka_unit_test(test_range_fault_names_what_was_found),
		cmocka_unit_test(test_range_fault_fits_any_buffer),
		cmocka_unit_test(test_range_holds),
		cmocka_unit_test(test_range_holds_no_address_without_a_number),
		cmocka_unit_test(test_range_reads_what_it_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
