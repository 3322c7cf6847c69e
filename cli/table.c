#include "table.h"

#include <stdint.h>
#include <string.h>

enum { GAP = 2, NARROWEST_COLUMN = 12, NARROWEST_TEXT = 24, DETAIL_INDENT = 4, STACK_INDENT = 2 };

typedef struct {
	ap_colour colour;
	const char *text;
} cell;

typedef struct {
	ap_colour colour;
	const char *label;
	const char *text;
} detail;

typedef struct {
	cell *cells;
	size_t n_cells;
	detail *details;
	size_t n_details;
} row;

struct ap_table {
	ap_arena *arena;
	const ap_column *columns;
	size_t n_columns;
	row *rows;
	size_t n_rows;
};

ap_table *ap_table_new(ap_arena *arena, const ap_column *columns, size_t n_columns)
{
	ap_table *table = ap_arena_alloc(arena, sizeof(*table));

	table->arena = arena;
	table->columns = columns;
	table->n_columns = n_columns;
	return table;
}

void ap_table_row(ap_table *table)
{
	row *added = AP_PUSH(table->arena, table->rows, table->n_rows);

	added->cells = ap_arena_alloc(table->arena, table->n_columns * sizeof(*added->cells));
	for (size_t i = 0; i < table->n_columns; i++)
		added->cells[i].text = "";
}

void ap_table_cell(ap_table *table, ap_colour colour, const char *text)
{
	row *last = &table->rows[table->n_rows - 1];

	if (last->n_cells < table->n_columns)
		last->cells[last->n_cells++] = (cell){ .colour = colour, .text = ap_printable(table->arena, text) };
}

void ap_table_detail(ap_table *table, ap_colour colour, const char *label, const char *text)
{
	row *last = &table->rows[table->n_rows - 1];
	detail *added = AP_PUSH(table->arena, last->details, last->n_details);

	*added = (detail){ .colour = colour, .label = label, .text = ap_printable(table->arena, text) };
}

/*
 * What of the table is written beside each other: the columns from `first` to before `end`. Those before stand on a
 * line above them, those behind on a line below, under the last that is beside.
 */
typedef struct {
	size_t first;
	size_t end;
	size_t indent;
	size_t *widths;
	size_t *least; /* what each column can shrink to */
	bool fits;     /* without breaking a word */
} layout;

static size_t total_width(const layout *l)
{
	size_t total = l->indent;

	for (size_t i = l->first; i < l->end; i++)
		total += l->widths[i] + (i > l->first ? GAP : 0);
	return total;
}

/* Takes from the widest of the columns that can give until the table fits; false if none can give any more. */
static bool shrink(layout *l, size_t columns)
{
	while (total_width(l) > columns) {
		size_t widest = SIZE_MAX;

		for (size_t i = l->first; i < l->end; i++)
			if (l->widths[i] > l->least[i] && (widest == SIZE_MAX || l->widths[i] > l->widths[widest]))
				widest = i;
		if (widest == SIZE_MAX)
			return false;
		l->widths[widest]--;
	}
	return true;
}

static char separator_of(const ap_column *column)
{
	return column->is_path ? '/' : ' ';
}

/* The columns of the longest word, or of the longest part of a path with its slash. */
static size_t longest_piece(ap_arena *arena, const char *text, char separator)
{
	const char separators[] = { separator, '\0' };
	size_t longest = 0;

	while (*text != '\0') {
		size_t length = strcspn(text, separators);
		size_t next = length + (text[length] != '\0');
		size_t width = ap_width(ap_arena_strndup(arena, text, separator == '/' ? next : length));

		if (width > longest)
			longest = width;
		text += next;
	}
	return longest;
}

/* Lets each column have what its widest cell takes. */
static layout natural_layout(const ap_table *table)
{
	layout l = { .end = table->n_columns,
		     .widths = ap_arena_alloc(table->arena, table->n_columns * sizeof(*l.widths)),
		     .least = ap_arena_alloc(table->arena, table->n_columns * sizeof(*l.least)) };

	for (size_t i = 0; i < table->n_columns; i++) {
		l.widths[i] = ap_width(table->columns[i].title);
		for (size_t r = 0; r < table->n_rows; r++) {
			size_t width = ap_width(table->rows[r].cells[i].text);

			if (width > l.widths[i])
				l.widths[i] = width;
		}
		l.least[i] = l.widths[i];
	}
	return l;
}

/* Columns that wrap may shrink as far as no word is broken, and text stays wide enough to be read. */
static void allow_wrapping(const ap_table *table, layout *l)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		const ap_column *column = &table->columns[i];
		size_t least = column->is_path ? NARROWEST_COLUMN : NARROWEST_TEXT;

		for (size_t r = 0; column->wraps && r < table->n_rows; r++) {
			size_t piece = longest_piece(table->arena, table->rows[r].cells[i].text, separator_of(column));

			if (piece > least)
				least = piece;
		}
		if (column->wraps && least < l->least[i])
			l->least[i] = least;
	}
}

static void allow_breaking(const ap_table *table, layout *l)
{
	for (size_t i = 0; i < table->n_columns; i++)
		if (table->columns[i].wraps && l->least[i] > NARROWEST_COLUMN)
			l->least[i] = NARROWEST_COLUMN;
}

static layout layout_for(const ap_table *table, const ap_screen *screen)
{
	layout l = natural_layout(table);
	size_t *natural;

	l.fits = screen->columns == 0 || total_width(&l) <= screen->columns;
	if (l.fits)
		return l;
	if (table->columns[0].stacks) {
		l.first = 1;
		l.indent = STACK_INDENT;
	}
	natural = ap_arena_alloc(table->arena, table->n_columns * sizeof(*natural));
	memcpy(natural, l.widths, table->n_columns * sizeof(*natural));
	allow_wrapping(table, &l);
	l.fits = shrink(&l, screen->columns);
	if (!l.fits && table->columns[l.end - 1].moves_below) {
		l.end--;
		memcpy(l.widths, natural, table->n_columns * sizeof(*natural));
		l.fits = shrink(&l, screen->columns);
	}
	if (l.fits)
		return l;
	allow_breaking(table, &l);
	(void)shrink(&l, screen->columns);
	return l;
}

bool ap_table_fits(const ap_table *table, const ap_screen *screen)
{
	return layout_for(table, screen).fits;
}

/* Writes one line of each cell, moving each cell's text on. Blanks are held back until something follows them. */
static bool write_line(const ap_table *table, const ap_screen *screen, const layout *l, cell *cells)
{
	size_t held = l->indent;
	bool more = false;

	for (size_t i = l->first; i < l->end; i++) {
		size_t next;
		size_t length = ap_wrap(cells[i].text, l->widths[i], separator_of(&table->columns[i]), &next);
		char *piece = ap_arena_strndup(table->arena, cells[i].text, length);
		size_t width = ap_width(piece);

		if (length > 0) {
			ap_blanks(held);
			held = 0;
			ap_paint(screen, cells[i].colour, piece, length);
		}
		held += (l->widths[i] > width ? l->widths[i] - width : 0) + GAP;
		cells[i].text += next;
		more = more || *cells[i].text != '\0';
	}
	putchar('\n');
	return more;
}

/* A path is wrapped at the terminal's end only behind its slashes. */
static void write_below(const ap_table *table, const ap_screen *screen, const layout *l, const cell *below)
{
	size_t indent = total_width(l) - l->widths[l->end - 1];
	size_t columns = screen->columns > indent + NARROWEST_COLUMN ? screen->columns - indent : 0;
	const char *text = below->text;
	size_t next;

	for (; *text != '\0'; text += next) {
		size_t length = ap_wrap(text, columns, separator_of(&table->columns[l->end]), &next);

		ap_blanks(indent);
		ap_paint(screen, below->colour, text, length);
		putchar('\n');
	}
}

static void write_cells(const ap_table *table, const ap_screen *screen, const layout *l, cell *cells)
{
	if (l->first > 0)
		ap_paint_wrapped(screen, cells[0].colour, cells[0].text, 0);
	while (write_line(table, screen, l, cells))
		;
	if (l->end < table->n_columns)
		write_below(table, screen, l, &cells[l->end]);
}

static void write_heading(const ap_table *table, const ap_screen *screen, const layout *l)
{
	cell *cells = ap_arena_alloc(table->arena, table->n_columns * sizeof(*cells));

	for (size_t i = 0; i < table->n_columns; i++)
		cells[i] = (cell){ .colour = AP_BOLD, .text = table->columns[i].title };
	write_cells(table, screen, l, cells);
}

static void write_details(const row *written, const ap_screen *screen)
{
	size_t label_width = 0;

	for (size_t i = 0; i < written->n_details; i++)
		if (ap_width(written->details[i].label) > label_width)
			label_width = ap_width(written->details[i].label);
	for (size_t i = 0; i < written->n_details; i++) {
		const detail *line = &written->details[i];

		ap_blanks(DETAIL_INDENT);
		ap_paint(screen, AP_DIM, line->label, strlen(line->label));
		ap_blanks(label_width - ap_width(line->label) + GAP);
		ap_paint_wrapped(screen, line->colour, line->text, DETAIL_INDENT + label_width + GAP);
	}
}

void ap_table_write(ap_table *table, const ap_screen *screen)
{
	layout l = layout_for(table, screen);

	write_heading(table, screen, &l);
	for (size_t r = 0; r < table->n_rows; r++) {
		write_cells(table, screen, &l, table->rows[r].cells);
		write_details(&table->rows[r], screen);
	}
}
