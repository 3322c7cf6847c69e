/*
 * stamp.h - whether a stored image is on trial: that is written on it, read from it, and taken off again.
 *
 * It stands in the first block, and is no part of the revision (ap_image_trial): the policy is the same with it or
 * without.
 */
#ifndef AP_STAMP_H
#define AP_STAMP_H

#include "../login/image.h"

/*
 * The head of the image whose first block this is, of AP_BLOCK_SIZE bytes. False where it is none, or is damaged: then
 * *ret_head is untouched.
 */
bool ap_stamp_read(const void *block, ap_image_head *ret_head);

/*
 * Puts an image on trial that this process has made: the `seconds` from `now` on, 1 to AP_TRIAL_SECONDS_MAX; then the
 * image of the revision `then` counts, which is another. Its bytes are as stored; it counts as made `now`.
 */
void ap_stamp_set(void *bytes, int64_t now, int64_t seconds, const uint8_t then[AP_REVISION_BYTES]);

/* Has the image whose first block this is be on trial no more. What is damaged is left as it is, so that it is found to be. */
void ap_stamp_clear(void *block);

#endif
