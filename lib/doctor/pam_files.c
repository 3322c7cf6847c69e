#include "pam_files.h"

#include "../login/image.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* It keeps files that are included many times from taking all memory. */
enum { MEBIBYTE = 1024 * 1024, BYTES_MAX = 8 * AP_HOST_FILE_MAX };
_Static_assert(AP_HOST_FILE_MAX == 16 * MEBIBYTE && BYTES_MAX == 128 * MEBIBYTE,
	       "ap_pam_why_illegible tells the limits");

bool ap_pam_is_folder(const ap_host *host, const char *path)
{
	struct stat info;

	return ap_host_stat(host, path, &info) && S_ISDIR(info.st_mode);
}

char *ap_pam_file_read(ap_pam_files *files, const char *path)
{
	size_t length = 0;
	char *text;

	if (files->n_bytes > BYTES_MAX) {
		errno = E2BIG;
		return NULL;
	}
	text = ap_host_read(files->host, path, &length);
	files->n_bytes += length;
	if (text == NULL && errno == EINVAL && ap_pam_is_folder(files->host, path))
		return ap_arena_strdup(files->host->arena, "");
	return text;
}

bool ap_pam_is_illegible(int error)
{
	return error != ENOENT && error != ENOTDIR && error != ELOOP && error != ENAMETOOLONG;
}

const char *ap_pam_why_illegible(int error)
{
	if (error == EINVAL)
		return "is no regular file, or has a NUL byte in it";
	if (error == E2BIG)
		return "is not read: the PAM files, each as often as it is included, are more than the 128 MiB that are read here";
	return error == EFBIG ? "is larger than the 16 MiB that are read here" : strerror(error);
}

bool ap_pam_has_folders(const ap_host *host)
{
	return ap_pam_is_folder(host, AP_PAM_ETC_FOLDER) || ap_pam_is_folder(host, AP_PAM_DIST_FOLDER);
}

ap_pam_files ap_pam_files_of(const ap_host *host)
{
	return (ap_pam_files){ .host = host, .included = ap_names_new(host->arena) };
}

void ap_pam_note_included(ap_pam_files *files, const char *path)
{
	if (!ap_pam_is_included(files, path))
		ap_names_put(files->included, path, 0);
}

bool ap_pam_is_included(const ap_pam_files *files, const char *path)
{
	return ap_names_find(files->included, path) != AP_NONE;
}
