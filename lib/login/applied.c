#include "applied.h"

#include "file.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(AP_IMAGE_VERSION == 1, "the image's name carries its format's version");

typedef ap_status open_file(const char *path, ap_image **ret_image, ap_error *error);

/* How images are opened, and of which machine. */
typedef struct {
	open_file *open_file;
	const ap_elsewhere *elsewhere; /* NULL: this one */
} opener;

static ap_status open_one(const char *path, ap_image **ret_image, ap_error *error)
{
	int fd;
	uint64_t size;
	ap_status status = ap_file_open_sized(path, &fd, &size, error);

	if (status != AP_OK)
		return status;
	status = ap_image_open_file(path, fd, size, ret_image, error);
	if (status != AP_OK)
		(void)close(fd);
	return status;
}

ap_status ap_applied_load_file(const char *path, ap_image **ret_image, ap_error *error)
{
	char *bytes;
	size_t size;
	ap_status status = ap_file_read(path, AP_APPLIED_BYTES_MAX, &bytes, &size, error);

	if (status != AP_OK)
		return status;
	status = ap_image_open(path, bytes, size, ret_image, error);
	if (status != AP_OK)
		free(bytes);
	return status;
}

static ap_status open_with(const opener *o, const char *path, ap_image **ret_image, ap_error *error)
{
	const char *here;
	ap_status status = ap_file_where(o->elsewhere, path, "the file", &here, error);

	return status == AP_OK ? o->open_file(here, ret_image, error) : status;
}

/*
 * Trials
 */

/* The image that `trial` says, beside the file `path`. */
static ap_status path_of_then(const char *path, const ap_image_trial *trial, char then[PATH_MAX], ap_error *error)
{
	const char *slash = strrchr(path, '/');
	int folder = slash != NULL ? (int)(slash + 1 - path) : 0;
	char revision[AP_HEX_REVISION + 1];

	ap_revision_format(trial->then, revision);
	if (snprintf(then, PATH_MAX, "%.*s%s/%s.image", folder, path, AP_APPLIED_HISTORY, revision) >= PATH_MAX)
		return ap_error_set(error, AP_ERR_LIMIT, path, 0, "the path of the state folder is too long");
	return AP_OK;
}

/* It must be what it is said to be, and be for good: a trial does not lead to another. */
static ap_status open_checked(const opener *o, const char *path, const ap_image_trial *trial, ap_image **ret_image,
			      ap_error *error)
{
	ap_image *image = NULL;
	ap_status status = open_with(o, path, &image, error);
	const ap_image_head *head;

	if (status != AP_OK)
		return status;
	head = ap_image_head_of(image);
	if (memcmp(head->revision, trial->then, sizeof(trial->then)) == 0 && head->trial.ends == 0) {
		*ret_image = image;
		return AP_OK;
	}
	ap_image_free(image);
	return ap_error_set(error, AP_ERR_DAMAGED, path, 0, "it holds another image");
}

/* A trial has ended. That what counts since is missing must not look as if nothing had ever been applied. */
static ap_status open_then(const opener *o, const char *path, const ap_image_head *ended, ap_image **ret_image,
			   ap_error *error)
{
	char then[PATH_MAX], revision[AP_HEX_REVISION + 1];
	ap_error cause = { 0 };
	ap_status status = path_of_then(path, &ended->trial, then, error);

	if (status != AP_OK)
		return status;
	status = open_checked(o, then, &ended->trial, ret_image, &cause);
	if (status == AP_OK)
		return status;
	ap_revision_format(ended->revision, revision);
	return ap_error_set(error, status == AP_ERR_MISSING ? AP_ERR_DAMAGED : status, then, 0,
			    "counts since the trial of revision %.12s has ended, and cannot be had: %s; \"accesspolicy "
			    "rollback\" puts the newest earlier policy that is whole in force",
			    revision, cause.message);
}

/* What counts at `now`, of the file of an image in force. */
static ap_status open_counting(const opener *o, const char *path, int64_t now, ap_image **ret_image, ap_error *error)
{
	ap_image *image = NULL;
	ap_status status = open_with(o, path, &image, error);
	const ap_image_head *head;

	if (status != AP_OK)
		return status;
	head = ap_image_head_of(image);
	if (head->trial.ends == 0 || now < head->trial.ends) {
		*ret_image = image;
		return AP_OK;
	}
	status = open_then(o, path, head, ret_image, error);
	ap_image_free(image);
	return status;
}

/*
 * In force
 */

ap_status ap_applied_open_file(const char *path, int64_t now, ap_image **ret_image, ap_error *error)
{
	return open_counting(&(const opener){ .open_file = open_one }, path, now, ret_image, error);
}

/* True where the folder itself or the entry is not there; an entry that cannot be looked at may be there. */
static bool surely_absent(const char *path)
{
	struct stat unused;

	return lstat(path, &unused) != 0 && errno == ENOENT;
}

static ap_status in_force(const opener *o, const char *state_dir, int64_t now, ap_image **ret_image, ap_error *error)
{
	char image[PATH_MAX], history[PATH_MAX];
	ap_status status = ap_file_where(o->elsewhere, state_dir, "the folder", &state_dir, error);

	if (status != AP_OK)
		return status;
	if (snprintf(image, sizeof(image), "%s/%s", state_dir, AP_APPLIED_IMAGE) >= (int)sizeof(image) ||
	    snprintf(history, sizeof(history), "%s/%s", state_dir, AP_APPLIED_HISTORY) >= (int)sizeof(history))
		return ap_error_set(error, AP_ERR_LIMIT, state_dir, 0, "the path of the state folder is too long");
	status = open_counting(o, image, now, ret_image, error);
	if (status == AP_ERR_MISSING && !(surely_absent(image) && surely_absent(history)))
		return ap_error_set(error, AP_ERR_DAMAGED, image, 0,
				    "is missing, though %s tells that a policy was applied", history);
	return status;
}

ap_status ap_applied_open(const char *state_dir, int64_t now, ap_image **ret_image, ap_error *error)
{
	return in_force(&(const opener){ .open_file = open_one }, state_dir, now, ret_image, error);
}

ap_status ap_applied_load(const char *state_dir, const ap_elsewhere *elsewhere, int64_t now, ap_image **ret_image,
			  ap_error *error)
{
	const opener o = { .open_file = ap_applied_load_file, .elsewhere = elsewhere };

	return in_force(&o, state_dir, now, ret_image, error);
}
