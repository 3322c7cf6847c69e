/*
 * file.h - opens a file that nobody but root or the effective user could have put there.
 *
 * The way is walked folder by folder, every link followed by hand, and each is looked at on its open
 * descriptor: a check followed by an open of the same path is a race. (Not where the check is that nobody could change
 * what the path leads to: then it is a shorter way to the same answer, and taken first.)
 */
#ifndef AP_FILE_H
#define AP_FILE_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Opens `path` for reading. The file must be regular, owned by root or the effective user, and not writable by group
 * or others; so must each folder on the way be, but for sticky ones (their entries must then be owned by root or the
 * effective user). Returns a descriptor in *ret_fd, close-on-exec, which the caller closes, or a status
 * (AP_ERR_MISSING, AP_ERR_TRUST, AP_ERR_LIMIT, AP_ERR_IO) with *error saying what was found, expected and where;
 * *ret_fd is then untouched.
 */
ap_status ap_file_open(const char *path, int *ret_fd, ap_error *error);

/*
 * The same of another machine, whose root is here the folder `root`, an absolute path: the way begins there, and no link and no
 * ".." leads out of it. What is above `root` is not looked at.
 */
ap_status ap_file_open_below(const char *root, const char *path, int *ret_fd, ap_error *error);

/* ap_file_open with the file's size as it was looked at. */
ap_status ap_file_open_sized(const char *path, int *ret_fd, uint64_t *ret_size, ap_error *error);

/*
 * The same for writing at its end (O_APPEND); nothing is made. It must stand where its path says: a symbolic link in the
 * last place is refused (on the way one of a trusted owner is followed), and so is a file with a second name.
 */
ap_status ap_file_open_append(const char *path, int *ret_fd, uint64_t *ret_size, ap_error *error);

/* The same for a folder: AP_ERR_MISSING where there is none. */
ap_status ap_folder_open(const char *path, int *ret_fd, ap_error *error);

/*
 * Reads the whole of a trusted file (ap_file_open) into memory with a NUL byte behind the last, which `*ret_size`
 * does not count. More than `limit` bytes is AP_ERR_LIMIT. The caller frees *ret_bytes with free(3).
 */
ap_status ap_file_read(const char *path, size_t limit, char **ret_bytes, size_t *ret_size, ap_error *error);

/*
 * Where the files of another machine are on this one, below whatever folder: the path here of what `path` is there, or NULL with
 * errno where it leads to nothing there. A caller that goes on by the path that it was asked for would come to this machine's.
 */
typedef const char *ap_where(const void *machine, const char *path);

typedef struct {
	ap_where *where;
	const void *machine; /* what `where` is given */
} ap_elsewhere;

/*
 * The path to open for `path`: as `elsewhere` has it, or with NULL, of this machine, itself. AP_ERR_MISSING or AP_ERR_IO, as above,
 * where there is none, with *ret_here untouched; `what` is "the file", or what else it is that *error says is missing.
 */
ap_status ap_file_where(const ap_elsewhere *elsewhere, const char *path, const char *what, const char **ret_here,
			ap_error *error);

/* The same for what is open already, to its end; `name` is what messages call it. The descriptor stays the caller's. */
ap_status ap_file_read_descriptor(int fd, const char *name, size_t limit, char **ret_bytes, size_t *ret_size,
				  ap_error *error);

#endif
