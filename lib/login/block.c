#include "block.h"

#include "crc32c.h"

#include <string.h>

uint32_t ap_block_seed(const uint8_t identity[AP_IDENTITY_BYTES])
{
	return ap_crc32c(0, identity, AP_IDENTITY_BYTES);
}

ap_block_trailer ap_block_seal(uint32_t seed, uint32_t number, const void *bytes)
{
	ap_block_trailer trailer = { .number = number };
	uint32_t k;

	for (k = 0; k < 3; k++) {
		uint32_t place = number * 4 + k;

		trailer.checksums[k] = ap_crc32c(seed, &place, sizeof(place));
	}
	ap_crc32c_thirds(trailer.checksums, bytes, AP_BLOCK_BYTES);
	return trailer;
}

bool ap_block_is_sound(uint32_t seed, uint32_t number, const void *bytes, const ap_block_trailer *trailer)
{
	ap_block_trailer expected = ap_block_seal(seed, number, bytes);

	return memcmp(&expected, trailer, sizeof(expected)) == 0;
}
