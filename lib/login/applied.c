#include "applied.h"

#include "file.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(AP_IMAGE_VERSION == 1, "the image's name carries its format's version");

static const size_t max_bytes = (size_t)6 * 1024 * 1024 * 1024; /* more than 4 GiB, the format's limit, in blocks */

typedef ap_status opener(const char *path, ap_image **ret_image, ap_error *error);

ap_status ap_applied_open_file(const char *path, ap_image **ret_image, ap_error *error)
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
	ap_status status = ap_file_read(path, max_bytes, &bytes, &size, error);

	if (status != AP_OK)
		return status;
	status = ap_image_open(path, bytes, size, ret_image, error);
	if (status != AP_OK)
		free(bytes);
	return status;
}

/* True where the folder itself or the entry is not there; an entry that cannot be looked at may be there. */
static bool surely_absent(const char *path)
{
	struct stat unused;

	return lstat(path, &unused) != 0 && errno == ENOENT;
}

static ap_status in_force(opener *open_image, const char *state_dir, ap_image **ret_image, ap_error *error)
{
	char image[PATH_MAX], history[PATH_MAX];
	ap_status status;

	if (snprintf(image, sizeof(image), "%s/%s", state_dir, AP_APPLIED_IMAGE) >= (int)sizeof(image) ||
	    snprintf(history, sizeof(history), "%s/%s", state_dir, AP_APPLIED_HISTORY) >= (int)sizeof(history))
		return ap_error_set(error, AP_ERR_LIMIT, state_dir, 0, "the path of the state folder is too long");
	status = open_image(image, ret_image, error);
	if (status == AP_ERR_MISSING && !(surely_absent(image) && surely_absent(history)))
		return ap_error_set(error, AP_ERR_DAMAGED, image, 0,
				    "is missing, though %s tells that a policy was applied", history);
	return status;
}

ap_status ap_applied_open(const char *state_dir, ap_image **ret_image, ap_error *error)
{
	return in_force(ap_applied_open_file, state_dir, ret_image, error);
}

ap_status ap_applied_load(const char *state_dir, ap_image **ret_image, ap_error *error)
{
	return in_force(ap_applied_load_file, state_dir, ret_image, error);
}
