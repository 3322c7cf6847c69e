/*
 * screen.h - text for a person: printable whatever it came from, measured in columns, coloured where a terminal wants
 * it.
 */
#ifndef AP_SCREEN_H
#define AP_SCREEN_H

#include "../lib/make/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum { AP_PLAIN, AP_BOLD, AP_DIM, AP_GREEN, AP_YELLOW, AP_RED } ap_colour;

typedef struct {
	bool coloured;
	size_t columns; /* 0: no terminal, nothing is wrapped */
} ap_screen;

/* What standard output can show: colours at a terminal unless NO_COLOR is set and not empty (https://no-color.org). */
ap_screen ap_screen_of_stdout(void);

/*
 * Makes text from outside fit for a terminal: control characters, bytes that are not UTF-8, and the invisible
 * characters that reorder text (Unicode bidirectional controls) become \xHH or \uHHHH. In the arena, or `text` itself
 * where it is fine.
 */
const char *ap_printable(ap_arena *arena, const char *text);

/* The columns that printable text takes. */
size_t ap_width(const char *text);

/*
 * How many bytes of `text` fit on a line of `columns`, cut at a blank, or with '/' for a separator behind a slash,
 * where there is one; a word that is longer than the line behind its last slash or hyphen that fits, and one without
 * them anywhere. *ret_next is what to skip to reach the next line. At least one character; columns 0: all of it.
 */
size_t ap_wrap(const char *text, size_t columns, char separator, size_t *ret_next);

/* Writes `length` bytes of text in a colour. */
void ap_paint(const ap_screen *screen, ap_colour colour, const char *text, size_t length);

/* Writes text whose first line starts at column `indent` already; further lines are indented to it. Ends the line. */
void ap_paint_wrapped(const ap_screen *screen, ap_colour colour, const char *text, size_t indent);

/* Writes the text of a file as it is, but at a terminal for what must not reach it, and tabs, which become blanks. */
void ap_write_text(const ap_screen *screen, ap_arena *arena, const char *text);

/* A stretch of a line, with its colour. */
typedef struct {
	ap_colour colour;
	const char *text;
} ap_piece;

/* Writes pieces as one text that starts at the line's beginning; further lines are indented. Ends the line. */
void ap_paint_pieces(ap_arena *arena, const ap_screen *screen, const ap_piece *pieces, size_t n, size_t indent);

/* Writes `n` blanks. */
void ap_blanks(size_t n);

#endif
