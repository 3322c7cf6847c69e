/*
 * table.h - rows of aligned columns, cells wrapped where the terminal is too narrow, and lines of detail below a row.
 */
#ifndef AP_TABLE_H
#define AP_TABLE_H

#include "screen.h"

typedef struct ap_table ap_table;

typedef struct {
	const char *title;
	bool wraps;       /* its cells may be wrapped; others keep their width */
	bool is_path;     /* wrapped behind slashes, not between words */
	bool stacks;      /* the first column only: on a line of its own where the terminal is too narrow for all */
	bool moves_below; /* the last column only: on a line of its own where words would have to be broken for it */
} ap_column;

/* In the arena; `columns` is borrowed. */
ap_table *ap_table_new(ap_arena *arena, const ap_column *columns, size_t n_columns);

/* Begins a row, whose cells follow by ap_table_cell from left to right; those that do not follow are empty. */
void ap_table_row(ap_table *table);

/* `text` is made printable, and must live as long as the table. */
void ap_table_cell(ap_table *table, ap_colour colour, const char *text);

/* True if no line of the table would be wider than the terminal, and no word of its cells broken. */
bool ap_table_fits(const ap_table *table, const ap_screen *screen);

/* A line below the row that was begun last: a label, and text that wraps at the terminal's width. */
void ap_table_detail(ap_table *table, ap_colour colour, const char *label, const char *text);

/* Writes the table to standard output; once, as it uses the cells up. */
void ap_table_write(ap_table *table, const ap_screen *screen);

#endif
