/*
 * file_edits.h - policy files are changed, all of them or none.
 *
 * In three steps, so that nothing has changed where one of them fails: the new texts are written beside the files
 * under names that nobody reads (".NAME.new"); they take the files' places, which are kept as ".NAME.old"; those are let
 * go. Until the last step everything can be taken back without any room on the disk. What a crash leaves of the second
 * step are edits of files that are not in force yet, which "accesspolicy status" tells of.
 *
 * A file that is a symbolic link stays one: what it leads to is changed. Owner, group and mode stay as they are; a new
 * file gets those of the root file, or of the file that it takes the place of under another name.
 */
#ifndef AP_FILE_EDITS_H
#define AP_FILE_EDITS_H

#include "../login/status.h"
#include "arena.h"
#include "diagnostics.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
	const char *path;   /* absolute: the root file, or a drop-in beside it, which need not exist yet */
	const char *text;   /* the new text; NULL: the file is removed */
	const char *before; /* the text that the edit was made from; NULL: there was no such file */
	const char *like;   /* of a new file: the file whose owner, group and mode it gets; NULL: the root file */
} ap_file_edit;

typedef struct ap_file_edits ap_file_edits;

/*
 * True if each file still is what its edit was made from. Else what was found is added to *refusals: a text that is
 * another, a file that is gone, one that is there already, one that cannot be read.
 */
bool ap_file_edits_are_current(const ap_file_edit *edits, size_t n, ap_diagnostics *refusals);

/*
 * The first step. `root` is the root file's path; the folder of a new file is made if need be. The edits are borrowed.
 * On failure nothing is left behind.
 */
ap_status ap_file_edits_prepare(ap_arena *arena, const char *root, const ap_file_edit *edits, size_t n,
				ap_file_edits **ret_edits, ap_error *error);

/* The second step. On failure what was done of it is taken back. */
ap_status ap_file_edits_carry_out(ap_file_edits *edits, ap_error *error);

/* Takes back whatever was done. AP_ERR_IO, with *error, where a file could not be put back: it is in ".NAME.old". */
ap_status ap_file_edits_take_back(ap_file_edits *edits, ap_error *error);

/* The third step. NULL is fine. */
void ap_file_edits_keep(ap_file_edits *edits);

#endif
