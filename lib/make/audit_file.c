#include "audit_file.h"

#include "../login/file.h"
#include "../login/view.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0640, FOLDER_MODE = 0750 };

/* Where a path's last component begins, and the folder before it, without its slashes at the end, but for "/". */
static const char *split(const char *path, char folder[PATH_MAX])
{
	const char *name = strrchr(path, '/');
	size_t length = name != NULL ? (size_t)(name - path) : 0;

	if (name == NULL || length >= PATH_MAX)
		return NULL;
	while (length > 1 && path[length - 1] == '/')
		length--;
	memcpy(folder, length > 0 ? path : "/", length > 0 ? length : 1);
	folder[length > 0 ? length : 1] = '\0';
	return name + 1;
}

static ap_status cannot(const char *path, const char *what, ap_error *error)
{
	return ap_error_set(error, AP_ERR_IO, path, 0, "cannot be %s: %s", what, strerror(errno));
}

/* AP_OK if a record could be appended now. */
static ap_status try_file(const char *path, ap_error *error)
{
	uint64_t unused;
	int fd;
	ap_status status = ap_file_open_append(path, &fd, &unused, error);

	if (status == AP_OK)
		(void)close(fd);
	return status;
}

/*
 * Checking
 */

/* Of a path that is not there: the folder that it, or its folder, would be made in. */
static ap_status try_folders(const char *path, ap_error *error)
{
	char folder[PATH_MAX], above[PATH_MAX];
	ap_status status;
	int fd;

	if (split(path, folder) == NULL)
		return ap_error_set(error, AP_ERR_LIMIT, path, 0, "is no absolute path of a file");
	status = ap_folder_open(folder, &fd, error);
	if (status == AP_ERR_MISSING && split(folder, above) != NULL)
		status = ap_folder_open(above, &fd, error);
	if (status == AP_OK)
		(void)close(fd);
	else if (status == AP_ERR_MISSING)
		ap_error_set(error, status, path, 0,
			     "is in a folder that does not exist; apply makes one folder, and not those "
			     "above it");
	return status;
}

void ap_audit_file_check(const ap_policy_set *set, ap_diagnostics *diagnostics)
{
	const ap_text *file = &set->audit_file;
	ap_error error = { .status = AP_OK };
	ap_status status;

	if (file->text == NULL || set->audit_record == AP_AUDIT_NONE)
		return;
	status = try_file(file->text, &error);
	if (status == AP_ERR_MISSING)
		status = try_folders(file->text, &error);
	if (status == AP_OK || (geteuid() != 0 && status == AP_ERR_IO))
		return;
	ap_diagnostics_add(diagnostics, AP_WARNING, file->place.file, file->place.line,
			   "no audit record can be written to \"%s\": %s", file->text, error.message);
}

/*
 * Making
 */

/* The system's logs are for this group to read; without it they are for their owner. */
static void give_to_group(int fd, mode_t mode)
{
	const struct group *adm = geteuid() == 0 ? getgrnam("adm") : NULL;

	/* where it cannot be given the mode is still such that nobody else reads it */
	if (adm != NULL && fchown(fd, (uid_t)-1, adm->gr_gid) != 0)
		mode &= (mode_t) ~(S_IRWXG | S_IRWXO);
	(void)fchmod(fd, mode);
}

static ap_status make_folder(const char *folder, ap_error *error)
{
	char above[PATH_MAX];
	const char *name = split(folder, above);
	bool made;
	int parent, fd;
	ap_status status = name != NULL ? ap_folder_open(above, &parent, error)
					: ap_error_set(error, AP_ERR_LIMIT, folder, 0, "the path is too long");

	if (status != AP_OK)
		return status;
	made = mkdirat(parent, name, 0700) == 0;
	if (!made && errno != EEXIST)
		status = cannot(folder, "made", error);
	fd = status == AP_OK ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (status == AP_OK && fd < 0)
		status = cannot(folder, "opened", error);
	if (fd >= 0) {
		if (made)
			give_to_group(fd, FOLDER_MODE);
		(void)close(fd);
	}
	(void)close(parent);
	return status;
}

static ap_status make_file(const char *path, ap_error *error)
{
	char folder[PATH_MAX];
	const char *name = split(path, folder);
	int parent, fd;
	ap_status status;

	if (name == NULL || name[0] == '\0')
		return ap_error_set(error, AP_ERR_LIMIT, path, 0, "is no absolute path of a file");
	status = ap_folder_open(folder, &parent, error);
	if (status == AP_ERR_MISSING) {
		status = make_folder(folder, error);
		if (status == AP_OK)
			status = ap_folder_open(folder, &parent, error);
	}
	if (status != AP_OK)
		return status;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd >= 0) {
		give_to_group(fd, FILE_MODE);
		(void)close(fd);
	} else if (errno != EEXIST) {
		status = cannot(path, "made", error);
	}
	(void)close(parent);
	return status;
}

void ap_audit_file_make(const ap_image *image, ap_diagnostics *diagnostics)
{
	ap_view view = ap_view_of(image);
	ap_image_settings settings = ap_view_settings(&view);
	const char *path = ap_view_string(&view, settings.audit_file);
	ap_error error = { .status = AP_OK };
	ap_status status;

	if (settings.audit_file == 0 || settings.audit_record == AP_AUDIT_NONE || !view.sound)
		return;
	status = try_file(path, &error);
	if (status == AP_ERR_MISSING)
		status = make_file(path, &error);
	if (status == AP_OK)
		status = try_file(path, &error);
	if (status != AP_OK)
		ap_diagnostics_add(
			diagnostics, AP_WARNING, path, 0,
			"no audit record can be written to it: %s; the system's log gets each that could not be",
			error.message);
}
