/*
 * editor.h - a text in the editor of one's choice.
 *
 * It stands in a file of its own (0600) in a folder of its own (0700), which nobody else can write to, in $TMPDIR or
 * /tmp. Which editor that is, $VISUAL says, else $EDITOR, by way of the shell, so that they may have arguments; else it is
 * sensible-editor, editor or vi.
 *
 * One at a time: a signal that ends the process (SIGINT, SIGQUIT, SIGTERM, SIGHUP) removes the file first, unless
 * somebody has changed it; then it says where it is. While the editor runs, keys that interrupt are the editor's.
 */
#ifndef AP_EDITOR_H
#define AP_EDITOR_H

#include "../lib/login/status.h"
#include "../lib/make/arena.h"

#include <stdbool.h>

typedef struct ap_editor ap_editor;

/*
 * Writes the text into a file of that name, which has no slash in it. On failure nothing is left behind. What AP_OK
 * returned is ended with ap_editor_end.
 */
ap_status ap_editor_begin(ap_arena *arena, const char *name, const char *text, ap_editor **ret_editor, ap_error *error);

/* The file's path. */
const char *ap_editor_path(const ap_editor *editor);

/*
 * Has it edited, and reads it again. AP_OK with *ret_text in the arena; else *error tells what failed: the editor, or that
 * what it left cannot be read or has a NUL byte in it. It may be called again.
 */
ap_status ap_editor_run(ap_editor *editor, ap_arena *arena, const char **ret_text, ap_error *error);

/* Removes the file and its folder, or with `keep` leaves them where they are. NULL is fine. */
void ap_editor_end(ap_editor *editor, bool keep);

#endif
