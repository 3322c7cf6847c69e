#include "stamp.h"

#include <string.h>

bool ap_stamp_read(const void *block, ap_image_head *ret_head)
{
	ap_image_head head;
	ap_block_trailer trailer;

	memcpy(&head, block, sizeof(head));
	memcpy(&trailer, (const uint8_t *)block + AP_BLOCK_BYTES, sizeof(trailer));
	if (memcmp(head.magic, AP_IMAGE_MAGIC, sizeof(head.magic)) != 0 || head.version != AP_IMAGE_VERSION ||
	    head.byte_order != AP_IMAGE_BYTE_ORDER ||
	    !ap_block_is_sound(ap_block_seed(head.revision), 0, block, &trailer))
		return false;
	*ret_head = head;
	return true;
}

static void write_head(void *block, const ap_image_head *head)
{
	ap_block_trailer trailer;

	memcpy(block, head, sizeof(*head));
	trailer = ap_block_seal(ap_block_seed(head->revision), 0, block);
	memcpy((uint8_t *)block + AP_BLOCK_BYTES, &trailer, sizeof(trailer));
}

void ap_stamp_set(void *bytes, int64_t now, int64_t seconds, const uint8_t then[AP_REVISION_BYTES])
{
	ap_image_head head;

	memcpy(&head, bytes, sizeof(head));
	head.made = now;
	head.trial.ends = now + seconds;
	memcpy(head.trial.then, then, sizeof(head.trial.then));
	write_head(bytes, &head);
}

void ap_stamp_clear(void *block)
{
	ap_image_head head;

	if (!ap_stamp_read(block, &head) || head.trial.ends == 0)
		return;
	memset(&head.trial, 0, sizeof(head.trial));
	write_head(block, &head);
}
