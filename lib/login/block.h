/*
 * block.h - the blocks that an image is stored in: what a login reads of one is checked, whatever else the file holds.
 *
 * A stored image is a run of blocks of 4096 bytes. Each begins with 4080 bytes of the image, in order, the last one's
 * filled up with zeros; then follow the block's checksums and its number, four 32-bit numbers in the byte order of the
 * image. The k-th checksum is the CRC-32C of three things one behind the other: the image's identity, the number
 * 4 × block + k (32 bits), and the k-th third of the 4080 bytes. So a block that was damaged, that belongs to another
 * image, or that stands in another's place, is found out by itself, when it is read.
 */
#ifndef AP_BLOCK_H
#define AP_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AP_BLOCK_SIZE = 4096, AP_BLOCK_BYTES = 4080, AP_IDENTITY_BYTES = 32 };

typedef struct {
	uint32_t checksums[3];
	uint32_t number;
} ap_block_trailer;

/* What the checksums of an image's blocks start from. */
uint32_t ap_block_seed(const uint8_t identity[AP_IDENTITY_BYTES]);

/* The trailer that belongs to `bytes`, AP_BLOCK_BYTES of them, as block `number`. */
ap_block_trailer ap_block_seal(uint32_t seed, uint32_t number, const void *bytes);

/* True if the trailer is the one that belongs to the bytes. */
bool ap_block_is_sound(uint32_t seed, uint32_t number, const void *bytes, const ap_block_trailer *trailer);

/* How many blocks an image of `size` bytes is stored in. */
static inline uint64_t ap_block_count(uint64_t size)
{
	return size / AP_BLOCK_BYTES + (size % AP_BLOCK_BYTES != 0);
}

#endif
