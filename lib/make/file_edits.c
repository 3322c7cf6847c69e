#include "file_edits.h"

#include "../login/file.h"
#include "load.h"
#include "write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	const ap_file_edit *edit;
	int folder; /* -1: not open */
	char *name; /* within the folder */
	char *name_new;
	char *name_old;
	bool written; /* the new text stands beside */
	bool moved;   /* the file as it was is kept as name_old */
	bool placed;  /* the new text is in its place */
} step;

struct ap_file_edits {
	step *items;
	size_t n;
};

static ap_status failed(const step *s, const char *what, ap_error *error)
{
	return ap_error_set(error, AP_ERR_IO, s->edit->path, 0, "cannot be %s: %s", what, strerror(errno));
}

/*
 * Are they current?
 */

static void judge_present(const ap_file_edit *edit, const char *text, size_t size, ap_diagnostics *refusals)
{
	if (edit->before == NULL)
		ap_diagnostics_add(refusals, AP_ERROR, edit->path, 0,
				   "has come there meanwhile; look at it, and try again");
	else if (strlen(edit->before) != size || memcmp(edit->before, text, size) != 0)
		ap_diagnostics_add(refusals, AP_ERROR, edit->path, 0,
				   "was changed meanwhile, by somebody else; look at it, and try again");
}

bool ap_file_edits_are_current(const ap_file_edit *edits, size_t n, ap_diagnostics *refusals)
{
	size_t n_errors = refusals->n_errors;

	for (size_t i = 0; i < n; i++) {
		ap_error error = { 0 };
		char *text;
		size_t size;
		ap_status status = ap_file_read(edits[i].path, AP_POLICY_FILE_MAX, &text, &size, &error);

		if (status == AP_OK) {
			judge_present(&edits[i], text, size, refusals);
			free(text);
		} else if (status != AP_ERR_MISSING) {
			ap_diagnostics_add(refusals, AP_ERROR, edits[i].path, 0, "%s", error.message);
		} else if (edits[i].before != NULL) {
			ap_diagnostics_add(refusals, AP_ERROR, edits[i].path, 0,
					   "is gone meanwhile; look for it, and try again");
		}
	}
	return refusals->n_errors == n_errors;
}

/*
 * Preparing
 */

static char *beside(ap_arena *arena, const char *name, const char *end)
{
	size_t size = strlen(name) + strlen(end) + 2;
	char *text = ap_arena_alloc(arena, size);

	(void)snprintf(text, size, ".%s%s", name, end);
	return text;
}

/* Where the file stands, behind all links; of one that does not exist, the path itself. In the arena. */
static char *target_of(ap_arena *arena, const char *path)
{
	char *resolved = realpath(path, NULL);
	char *target = ap_arena_strdup(arena, resolved != NULL ? resolved : path);

	free(resolved);
	return target;
}

/* The folder of a first drop-in is made. */
static ap_status open_folder(step *s, const char *path, ap_error *error)
{
	ap_error missing = { 0 };
	ap_status status = ap_folder_open(path, &s->folder, &missing);

	if (status == AP_OK)
		return AP_OK;
	if (status != AP_ERR_MISSING || s->edit->before != NULL) {
		if (error != NULL)
			*error = missing;
		return status;
	}
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		return ap_error_set(error, AP_ERR_IO, path, 0, "cannot be made: %s", strerror(errno));
	return ap_folder_open(path, &s->folder, error);
}

static ap_status locate(ap_arena *arena, step *s, ap_error *error)
{
	char *target = target_of(arena, s->edit->path);
	char *slash = strrchr(target, '/');

	s->name = slash + 1;
	s->name_new = beside(arena, s->name, ".new");
	s->name_old = beside(arena, s->name, ".old");
	*slash = '\0';
	return open_folder(s, slash == target ? "/" : target, error);
}

/* The file's owner, group and mode; of a new one those of the file that it is to be like. */
static bool dress(int fd, const step *s, const char *root)
{
	struct stat info;

	if (fstatat(s->folder, s->name, &info, 0) != 0 &&
	    stat(s->edit->like != NULL ? s->edit->like : root, &info) != 0)
		return false;
	/* one who is not root can give a file to nobody, and need not where it is his own */
	if ((info.st_uid != geteuid() || info.st_gid != getegid()) && fchown(fd, info.st_uid, info.st_gid) != 0 &&
	    geteuid() == 0)
		return false;
	return fchmod(fd, info.st_mode & 0777) == 0;
}

static ap_status write_beside(step *s, const char *root, ap_error *error)
{
	ap_status status = AP_OK;
	int fd;

	(void)unlinkat(s->folder, s->name_new, 0);
	fd = openat(s->folder, s->name_new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(s, "written", error);
	s->written = true;
	if (!ap_write_all(fd, s->edit->text, strlen(s->edit->text), NULL) || !dress(fd, s, root) || fsync(fd) != 0)
		status = failed(s, "written", error);
	if (close(fd) != 0 && status == AP_OK)
		status = failed(s, "written", error);
	return status;
}

ap_status ap_file_edits_prepare(ap_arena *arena, const char *root, const ap_file_edit *edits, size_t n,
				ap_file_edits **ret_edits, ap_error *error)
{
	ap_file_edits *prepared = ap_arena_alloc(arena, sizeof(*prepared));
	ap_status status = AP_OK;

	prepared->items = ap_arena_alloc(arena, (n + 1) * sizeof(*prepared->items));
	for (size_t i = 0; i < n && status == AP_OK; i++) {
		step *s = &prepared->items[prepared->n++];

		*s = (step){ .edit = &edits[i], .folder = -1 };
		status = locate(arena, s, error);
		if (status == AP_OK && edits[i].text != NULL)
			status = write_beside(s, root, error);
	}
	if (status == AP_OK)
		*ret_edits = prepared;
	else
		(void)ap_file_edits_take_back(prepared, NULL);
	return status;
}

/*
 * Carrying out
 */

static ap_status carry_out(step *s, ap_error *error)
{
	if (s->edit->before != NULL) {
		(void)unlinkat(s->folder, s->name_old, 0);
		/* a link, so that there is no moment without the file */
		if (linkat(s->folder, s->name, s->folder, s->name_old, 0) != 0)
			return failed(s, "kept beside", error);
		s->moved = true;
	}
	if (s->edit->text == NULL) {
		if (unlinkat(s->folder, s->name, 0) != 0)
			return failed(s, "removed", error);
	} else {
		if (renameat(s->folder, s->name_new, s->folder, s->name) != 0)
			return failed(s, "replaced", error);
		s->written = false;
	}
	s->placed = true;
	return fsync(s->folder) == 0 ? AP_OK : failed(s, "synchronized", error);
}

ap_status ap_file_edits_carry_out(ap_file_edits *edits, ap_error *error)
{
	ap_status status = AP_OK;

	for (size_t i = 0; i < edits->n && status == AP_OK; i++)
		status = carry_out(&edits->items[i], error);
	/* that a file could not be put back is the worse news */
	if (status != AP_OK)
		(void)ap_file_edits_take_back(edits, error);
	return status;
}

static ap_status take_back(step *s, ap_error *error)
{
	if (s->written)
		(void)unlinkat(s->folder, s->name_new, 0);
	s->written = false;
	if (s->placed && s->moved) {
		if (renameat(s->folder, s->name_old, s->folder, s->name) != 0)
			return failed(s, "put back", error);
	} else if (s->placed) {
		if (unlinkat(s->folder, s->name, 0) != 0)
			return failed(s, "removed again", error);
	} else if (s->moved) {
		(void)unlinkat(s->folder, s->name_old, 0);
	}
	s->placed = s->moved = false;
	return AP_OK;
}

static void close_folder(step *s)
{
	if (s->folder >= 0)
		(void)close(s->folder);
	s->folder = -1;
}

ap_status ap_file_edits_take_back(ap_file_edits *edits, ap_error *error)
{
	ap_status status = AP_OK;

	for (size_t i = edits->n; i > 0; i--) {
		step *s = &edits->items[i - 1];

		if (s->folder >= 0 && take_back(s, status == AP_OK ? error : NULL) != AP_OK)
			status = AP_ERR_IO;
		close_folder(s);
	}
	return status;
}

void ap_file_edits_keep(ap_file_edits *edits)
{
	for (size_t i = 0; edits != NULL && i < edits->n; i++) {
		if (edits->items[i].moved)
			(void)unlinkat(edits->items[i].folder, edits->items[i].name_old, 0);
		close_folder(&edits->items[i]);
	}
}
