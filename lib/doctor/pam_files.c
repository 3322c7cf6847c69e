#include "pam_files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* It keeps files that are included many times from taking all memory. */
enum { BYTES_MAX = 8 * AP_HOST_FILE_MAX };

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
		return "is not read: the services' files, each as often as it is included, are larger than is read here";
	return error == EFBIG ? "is larger than is read here" : strerror(error);
}

bool ap_pam_has_folders(const ap_host *host)
{
	return ap_pam_is_folder(host, AP_PAM_ETC_FOLDER) || ap_pam_is_folder(host, AP_PAM_DIST_FOLDER);
}

void ap_pam_note_included(ap_pam_files *files, const char *path)
{
	for (size_t i = 0; i < files->n_included; i++)
		if (strcmp(files->included[i], path) == 0)
			return;
	*AP_PUSH(files->host->arena, files->included, files->n_included) = path;
}
