/*
 * text_parts.h - the parts of a text that a program printed or a file holds: its lines, its words, and the name in a path;
 * and a text as a part of a command.
 */
#ifndef AP_DOCTOR_TEXT_PARTS_H
#define AP_DOCTOR_TEXT_PARTS_H

#include "../make/arena.h"

/* The next line and its length without the newline; *text moves behind it. NULL at the end of the text. */
const char *ap_text_line(const char **text, size_t *ret_length);

/* The words between any of the separators, each a copy in the arena; ended by NULL. */
const char **ap_text_words(ap_arena *arena, const char *text, const char *separators);

/* What stands behind the last slash of a path: "sshd" of "/usr/sbin/sshd". It points into the path. */
const char *ap_path_name(const char *path);

/* As a shell takes the text for one word: quoted where it must be. In the arena, or the text itself. */
const char *ap_text_shell_word(ap_arena *arena, const char *text);

#endif
