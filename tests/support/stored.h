/* stored.h - an image as it is stored, for a test that spoils it: its blocks, and files that are made of them. */
#ifndef AP_TEST_STORED_H
#define AP_TEST_STORED_H

#include "../../lib/login/image.h"

#include <stddef.h>
#include <stdint.h>

/* Where a place of the image stands among `stored` bytes. */
uint8_t *ap_stored_at(void *stored, uint32_t place);

/* Reads and writes `n` bytes of the image from `place` on, across blocks. */
void ap_stored_read(const void *stored, uint32_t place, void *bytes, size_t n);
void ap_stored_write(void *stored, uint32_t place, const void *bytes, size_t n);

ap_image_head ap_stored_head(const void *stored);

/* Gives each whole block the trailer that belongs to it, by the revision that the head has now. */
void ap_stored_reseal(void *stored, size_t size);

/* A copy of exactly `size` bytes, so that a read behind its end is a fault. The caller frees it. */
void *ap_stored_copy(const void *stored, size_t size);

/* An open file of these bytes that has no name and is gone when it is closed. */
int ap_stored_file(const void *stored, size_t size);

/* Opens a copy of the bytes in memory, or a file of them; *ret_image stays untouched where it is refused. */
ap_status ap_stored_open(const void *stored, size_t size, ap_image **ret_image, ap_error *error);
ap_status ap_stored_open_file(const void *stored, size_t size, ap_image **ret_image, ap_error *error);

/* The same for the bytes themselves, unchecked, which must live as long as the image. */
ap_status ap_stored_open_sealed(const void *stored, size_t size, ap_image **ret_image, ap_error *error);

#endif
