#include "stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

uint8_t *ap_stored_at(void *stored, uint32_t place)
{
	return (uint8_t *)stored + (size_t)place / AP_BLOCK_BYTES * AP_BLOCK_SIZE + place % AP_BLOCK_BYTES;
}

/* How many of `n` bytes from `place` on stand in its block. */
static size_t part_of(uint32_t place, size_t n)
{
	size_t left = AP_BLOCK_BYTES - place % AP_BLOCK_BYTES;

	return left < n ? left : n;
}

void ap_stored_read(const void *stored, uint32_t place, void *bytes, size_t n)
{
	uint8_t *to = bytes;

	while (n > 0) {
		size_t part = part_of(place, n);

		memcpy(to,
		       (const uint8_t *)stored + (size_t)place / AP_BLOCK_BYTES * AP_BLOCK_SIZE +
			       place % AP_BLOCK_BYTES,
		       part);
		to += part;
		place += (uint32_t)part;
		n -= part;
	}
}

void ap_stored_write(void *stored, uint32_t place, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;

	while (n > 0) {
		size_t part = part_of(place, n);

		memcpy(ap_stored_at(stored, place), from, part);
		from += part;
		place += (uint32_t)part;
		n -= part;
	}
}

ap_image_head ap_stored_head(const void *stored)
{
	ap_image_head head;

	ap_stored_read(stored, 0, &head, sizeof(head));
	return head;
}

void ap_stored_reseal(void *stored, size_t size)
{
	const ap_image_head head = ap_stored_head(stored);
	uint32_t seed = ap_block_seed(head.revision), n = (uint32_t)(size / AP_BLOCK_SIZE);

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *block = (uint8_t *)stored + (size_t)i * AP_BLOCK_SIZE;
		ap_block_trailer trailer = ap_block_seal(seed, i, block);

		memcpy(block + AP_BLOCK_BYTES, &trailer, sizeof(trailer));
	}
}

void *ap_stored_copy(const void *stored, size_t size)
{
	void *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, stored, size);
	return copy;
}

int ap_stored_file(const void *stored, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	const char *at = stored;

	while (fd >= 0 && size > 0) {
		ssize_t n = write(fd, at, size);

		if (n <= 0)
			break;
		at += n;
		size -= (size_t)n;
	}
	if (fd < 0 || size > 0) {
		perror("a file of an image");
		abort();
	}
	return fd;
}

ap_status ap_stored_open(const void *stored, size_t size, ap_image **ret_image, ap_error *error)
{
	void *copy = ap_stored_copy(stored, size);
	ap_status status = ap_image_open("small.image", copy, size, ret_image, error);

	if (status != AP_OK)
		free(copy);
	return status;
}

ap_status ap_stored_open_file(const void *stored, size_t size, ap_image **ret_image, ap_error *error)
{
	int fd = ap_stored_file(stored, size);
	ap_status status = ap_image_open_file("small.image", fd, size, ret_image, error);

	if (status != AP_OK)
		(void)close(fd);
	return status;
}

ap_status ap_stored_open_sealed(const void *stored, size_t size, ap_image **ret_image, ap_error *error)
{
	return ap_image_open_sealed("small.image", stored, size, ret_image, error);
}
