/*
 * applied.h - the policy that was put in force, as the file that holds it.
 *
 * One that is on trial (ap_image_trial) ends without anybody's doing: whoever opens what is in force at a time that is
 * not before its end is given what counts then, which the history has beside it. So a login, which runs no daemon and
 * changes no file, and the command agree on it; the next command that changes what is in force makes it so on the disk.
 */
#ifndef AP_APPLIED_H
#define AP_APPLIED_H

#include "file.h"
#include "image.h"
#include "status.h"

/* The file's name within the state folder; the number is the format's, AP_IMAGE_VERSION. */
#define AP_APPLIED_IMAGE "policy.v1.image"
#define AP_APPLIED_HISTORY "history"

/* More than 4 GiB, the format's limit, in blocks. */
#define AP_APPLIED_BYTES_MAX ((size_t)6 * 1024 * 1024 * 1024)

/*
 * Opens the image in force that stands in the file `path`, to be read block by block as a login needs it: what counts at
 * `now`, in seconds since 1970-01-01T00:00:00Z. It must be a file that only root or the effective user could have
 * written (file.h). AP_ERR_MISSING where there is none. Where a trial has ended, that of the history is opened in the
 * same way; if it is missing, that is AP_ERR_DAMAGED.
 */
ap_status ap_applied_open_file(const char *path, int64_t now, ap_image **ret_image, ap_error *error);

/*
 * Opens the image in force. AP_ERR_MISSING means that nothing was ever applied: there is neither an image nor a
 * history of any. An image that is gone while its history is there is AP_ERR_DAMAGED.
 */
ap_status ap_applied_open(const char *state_dir, int64_t now, ap_image **ret_image, ap_error *error);

/*
 * The same, all of it read and checked at once: for whoever asks it many things. `elsewhere` says of which machine `state_dir`
 * is the folder; NULL: this one.
 */
ap_status ap_applied_load(const char *state_dir, const ap_elsewhere *elsewhere, int64_t now, ap_image **ret_image,
			  ap_error *error);

/* The image that stands in a file, on trial or not, all of it read and checked: one of the history. */
ap_status ap_applied_load_file(const char *path, ap_image **ret_image, ap_error *error);

#endif
