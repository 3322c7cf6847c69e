/*
 * applied.h - the policy that was put in force, as the file that holds it.
 */
#ifndef AP_APPLIED_H
#define AP_APPLIED_H

#include "image.h"
#include "status.h"

/* The file's name within the state folder; the number is the format's, AP_IMAGE_VERSION. */
#define AP_APPLIED_IMAGE "policy.v1.image"
#define AP_APPLIED_HISTORY "history"

/*
 * Opens an image file that only root or the effective user could have written (file.h), to be read block by block as
 * a login needs it. AP_ERR_MISSING where there is none.
 */
ap_status ap_applied_open_file(const char *path, ap_image **ret_image, ap_error *error);

/*
 * Opens the image in force. AP_ERR_MISSING means that nothing was ever applied: there is neither an image nor a
 * history of any. An image that is gone while its history is there is AP_ERR_DAMAGED.
 */
ap_status ap_applied_open(const char *state_dir, ap_image **ret_image, ap_error *error);

/* The same, all of it read and checked at once: for whoever asks it many things. */
ap_status ap_applied_load_file(const char *path, ap_image **ret_image, ap_error *error);
ap_status ap_applied_load(const char *state_dir, ap_image **ret_image, ap_error *error);

#endif
