/*
 * scratch.h - folders of a test's own, and what a process must not leave behind.
 */
#ifndef AP_TEST_SCRATCH_H
#define AP_TEST_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A new folder below TMPDIR or /tmp that nobody else can write; the caller gives it to ap_scratch_free. */
char *ap_scratch_new(void);

/* Removes the folder with all that is in it, and frees its name; NULL is fine. */
void ap_scratch_free(char *folder);

/* "folder/name", which the caller frees. */
char *ap_scratch_path(const char *folder, const char *name);

/* Writes a file of `mode` whatever the umask; returns its path, which the caller frees. */
char *ap_scratch_write(const char *folder, const char *name, const char *text, mode_t mode);
char *ap_scratch_write_bytes(const char *folder, const char *name, const void *bytes, size_t size, mode_t mode);

/*
 * Copies a tree of regular files with modes that the reader trusts: a checkout may belong to another user or be
 * writable by a group.
 */
void ap_scratch_copy(const char *from, const char *to);

/* The whole file, ended by a NUL byte; the caller frees it. */
char *ap_scratch_read(const char *path, size_t *ret_size);

/* How many descriptors this process has open. */
size_t ap_open_descriptors(void);

/* True if this process has no child, running or waited for. */
bool ap_no_child_left(void);

#endif
