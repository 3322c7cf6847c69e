/*
 * crc32c.h - CRC-32C, the checksum of the image's blocks (Castagnoli's polynomial; RFC 3720, appendix B.4).
 *
 * It finds every single bit error, every burst of up to 32 bits, and any other damage but for one in 2^32.
 */
#ifndef AP_CRC32C_H
#define AP_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc`, which is 0 at the start, over `size` bytes. */
uint32_t ap_crc32c(uint32_t crc, const void *bytes, size_t size);

/*
 * Continues crcs[k] over the k-th of three thirds of `size` bytes, a multiple of 24: three sums that do not wait for
 * each other take a processor hardly longer than one.
 */
void ap_crc32c_thirds(uint32_t crcs[3], const void *bytes, size_t size);

/* The same without the processor's own instruction, so that a test can hold one against the other. */
void ap_crc32c_thirds_plain(uint32_t crcs[3], const void *bytes, size_t size);

#endif
