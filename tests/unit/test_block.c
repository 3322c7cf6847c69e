/* The checksums that an image's blocks are checked with. */
#include "../../lib/login/block.h"
#include "../../lib/login/crc32c.h"
#include "prng.h"
#include "rows.h"

#include <string.h>

/* CRC-32C written down bit by bit. */
static uint32_t plain_crc32c(uint32_t crc, const uint8_t *bytes, size_t size)
{
	crc = ~crc;
	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return ~crc;
}

static void fill(ap_prng *prng, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)ap_prng_next(prng);
}

/* RFC 3720, appendix B.4: 32 bytes of zeros, of ones, ascending and descending, and a read command. */
static void test_crc32c_of_the_standards_examples(void **state)
{
	static const uint8_t command[48] = {
		0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18,
		0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	};
	uint8_t bytes[4][32];
	static const uint32_t expected[4] = { 0x8a9136aa, 0x62a8ab43, 0x46dd794e, 0x113fdb5c };
	int failed = 0;

	(void)state;
	for (uint8_t i = 0; i < 32; i++) {
		bytes[0][i] = 0;
		bytes[1][i] = 0xff;
		bytes[2][i] = i;
		bytes[3][i] = (uint8_t)(31 - i);
	}
	for (size_t i = 0; i < AP_N(expected); i++) {
		AP_ROW(failed, ap_crc32c(0, bytes[i], 32) == expected[i], "example %zu: %#x", i,
		       ap_crc32c(0, bytes[i], 32));
		AP_ROW(failed, plain_crc32c(0, bytes[i], 32) == expected[i], "example %zu, bit by bit", i);
	}
	AP_ROW(failed, ap_crc32c(0, command, sizeof(command)) == 0xd9963a56, "the read command");
	AP_ROWS_END(failed);
}

static void test_crc32c_of_any_bytes_in_any_parts(void **state)
{
	uint8_t bytes[600];
	ap_prng prng = ap_prng_seeded(31);
	int failed = 0;

	(void)state;
	AP_ROW(failed, ap_crc32c(0, bytes, 0) == 0, "of nothing");
	for (int i = 0; i < 2000; i++) {
		size_t size = ap_prng_below(&prng, sizeof(bytes)),
		       part = size > 0 ? ap_prng_below(&prng, (uint32_t)size) : 0;
		uint32_t start = (uint32_t)ap_prng_next(&prng), whole;

		fill(&prng, bytes, size);
		whole = ap_crc32c(start, bytes, size);
		AP_ROW(failed, whole == plain_crc32c(start, bytes, size), "%zu bytes", size);
		AP_ROW(failed, whole == ap_crc32c(ap_crc32c(start, bytes, part), bytes + part, size - part),
		       "%zu bytes, then %zu", part, size - part);
	}
	AP_ROWS_END(failed);
}

/* With the processor's instruction, without, and one third after the other. */
static void test_crc32c_of_thirds(void **state)
{
	uint8_t bytes[AP_BLOCK_BYTES + 8];
	ap_prng prng = ap_prng_seeded(32);
	int failed = 0;

	(void)state;
	for (int i = 0; i < 600; i++) {
		size_t size = i < 20 ? AP_BLOCK_BYTES : ap_prng_below(&prng, AP_BLOCK_BYTES / 24 + 1) * (size_t)24;
		uint8_t *at = bytes + ap_prng_below(&prng, 8); /* however it is aligned */
		uint32_t by_instruction[3], plain[3], expected[3];

		fill(&prng, bytes, sizeof(bytes));
		for (size_t k = 0; k < 3; k++) {
			by_instruction[k] = plain[k] = (uint32_t)ap_prng_next(&prng);
			expected[k] = plain_crc32c(plain[k], at + k * (size / 3), size / 3);
		}
		ap_crc32c_thirds(by_instruction, at, size);
		ap_crc32c_thirds_plain(plain, at, size);
		AP_ROW(failed, memcmp(by_instruction, expected, sizeof(expected)) == 0, "%zu bytes", size);
		AP_ROW(failed, memcmp(plain, expected, sizeof(expected)) == 0, "%zu bytes, plain", size);
	}
	AP_ROWS_END(failed);
}

/* As block.h has it: of the identity, the number of the third, and the third. */
static void test_block_is_sealed_as_the_format_says(void **state)
{
	static const uint32_t numbers[] = { 0, 1, 2, 255, 65536, 1052688 /* of an image of 4 GiB */ };
	uint8_t identity[AP_IDENTITY_BYTES], bytes[AP_BLOCK_BYTES];
	ap_prng prng = ap_prng_seeded(33);
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(numbers); i++) {
		uint8_t joined[AP_IDENTITY_BYTES + 4 + AP_BLOCK_BYTES / 3];
		ap_block_trailer trailer;
		uint32_t seed;

		fill(&prng, identity, sizeof(identity));
		fill(&prng, bytes, sizeof(bytes));
		seed = ap_block_seed(identity);
		trailer = ap_block_seal(seed, numbers[i], bytes);
		for (uint32_t k = 0; k < 3; k++) {
			uint32_t place = 4 * numbers[i] + k;

			memcpy(joined, identity, sizeof(identity));
			memcpy(joined + sizeof(identity), &place, sizeof(place));
			memcpy(joined + sizeof(identity) + sizeof(place), bytes + k * (AP_BLOCK_BYTES / 3),
			       AP_BLOCK_BYTES / 3);
			AP_ROW(failed, trailer.checksums[k] == plain_crc32c(0, joined, sizeof(joined)),
			       "block %u, third %u", numbers[i], k);
		}
		AP_ROW(failed, trailer.number == numbers[i], "block %u says %u", numbers[i], trailer.number);
		AP_ROW(failed, ap_block_is_sound(seed, numbers[i], bytes, &trailer), "block %u is unsound", numbers[i]);
	}
	AP_ROWS_END(failed);
}

static void test_block_is_unsound_by_a_flip_of_any_bit(void **state)
{
	uint8_t identity[AP_IDENTITY_BYTES], bytes[AP_BLOCK_BYTES], *raw;
	ap_prng prng = ap_prng_seeded(34);
	ap_block_trailer trailer;
	uint32_t seed;
	int failed = 0;

	(void)state;
	fill(&prng, identity, sizeof(identity));
	fill(&prng, bytes, sizeof(bytes));
	seed = ap_block_seed(identity);
	trailer = ap_block_seal(seed, 7, bytes);
	for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		AP_ROW(failed, !ap_block_is_sound(seed, 7, bytes, &trailer), "bit %zu", bit);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	raw = (uint8_t *)&trailer;
	for (size_t bit = 0; bit < sizeof(trailer) * 8; bit++) {
		raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
		AP_ROW(failed, !ap_block_is_sound(seed, 7, bytes, &trailer), "bit %zu of the trailer", bit);
		raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof(identity) * 8; bit++) {
		identity[bit / 8] ^= (uint8_t)(1u << bit % 8);
		AP_ROW(failed, !ap_block_is_sound(ap_block_seed(identity), 7, bytes, &trailer),
		       "bit %zu of the identity", bit);
		identity[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	AP_ROWS_END(failed);
}

/* Under any other number, and with its thirds in another order, that its own trailer says would fit or not. */
static void test_block_is_unsound_in_another_place(void **state)
{
	uint8_t identity[AP_IDENTITY_BYTES] = { 0 }, bytes[AP_BLOCK_BYTES] = { 0 };
	uint32_t seed = ap_block_seed(identity);
	const ap_block_trailer trailer = ap_block_seal(seed, 7, bytes);
	ap_block_trailer turned = trailer;
	int failed = 0;

	(void)state;
	for (uint32_t number = 0; number < 100000; number++) {
		ap_block_trailer renumbered = trailer;

		renumbered.number = number;
		AP_ROW(failed, number == 7 || !ap_block_is_sound(seed, number, bytes, &renumbered), "as block %u",
		       number);
	}
	/* of zeros all thirds are alike, and their checksums are not */
	turned.checksums[0] = trailer.checksums[1];
	turned.checksums[1] = trailer.checksums[0];
	AP_ROW(failed, !ap_block_is_sound(seed, 7, bytes, &turned), "thirds exchanged");
	AP_ROWS_END(failed);
}

static void test_block_count(void **state)
{
	static const uint64_t rows[][2] = {
		{ 0, 0 },    { 1, 1 },    { 4079, 1 }, { 4080, 1 },
		{ 4081, 2 }, { 8160, 2 }, { 8161, 3 }, { UINT32_MAX, 1052689 },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++)
		AP_ROW(failed, ap_block_count(rows[i][0]) == rows[i][1], "%llu bytes: %llu blocks",
		       (unsigned long long)rows[i][0], (unsigned long long)ap_block_count(rows[i][0]));
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c_of_the_standards_examples),
		cmocka_unit_test(test_crc32c_of_any_bytes_in_any_parts),
		cmocka_unit_test(test_crc32c_of_thirds),
		cmocka_unit_test(test_block_is_sealed_as_the_format_says),
		cmocka_unit_test(test_block_is_unsound_by_a_flip_of_any_bit),
		cmocka_unit_test(test_block_is_unsound_in_another_place),
		cmocka_unit_test(test_block_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
