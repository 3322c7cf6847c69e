#include "screen.h"

#include "../lib/login/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { NARROWEST_TERMINAL = 40 };

ap_screen ap_screen_of_stdout(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	struct winsize size;
	ap_screen screen = { 0 };

	if (!isatty(STDOUT_FILENO))
		return screen;
	screen.coloured =
		(no_color == NULL || no_color[0] == '\0') && (terminal == NULL || strcmp(terminal, "dumb") != 0);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		screen.columns = size.ws_col < NARROWEST_TERMINAL ? NARROWEST_TERMINAL : size.ws_col;
	return screen;
}

/* The next character's bytes; 0 where they are not UTF-8. *ret_width is its columns, -1 where it is not printable. */
static size_t next_character(const char *text, wchar_t *ret_character, int *ret_width)
{
	mbstate_t state = { 0 };
	size_t length = mbrtowc(ret_character, text, strlen(text), &state);

	if (length == (size_t)-1 || length == (size_t)-2)
		return 0;
	*ret_width = ap_utf8_is_control((uint32_t)*ret_character) ? -1 : wcwidth(*ret_character);
	return length;
}

static bool is_printable(const char *text)
{
	while (*text != '\0') {
		wchar_t c;
		int width;
		size_t length = next_character(text, &c, &width);

		if (length == 0 || width < 0)
			return false;
		text += length;
	}
	return true;
}

const char *ap_printable(ap_arena *arena, const char *text)
{
	size_t size = strlen(text) * 4 + 1; /* the longest escape of one byte is \xHH */
	size_t used = 0;
	char *safe;

	if (is_printable(text))
		return text;
	safe = ap_arena_alloc(arena, size);
	while (*text != '\0') {
		wchar_t c;
		int width = -1;
		size_t length = next_character(text, &c, &width);

		if (length > 0 && width >= 0) {
			memcpy(safe + used, text, length);
			used += length;
		} else if (length > 1) {
			used += (size_t)snprintf(safe + used, size - used, c > 0xffff ? "\\U%x" : "\\u%04x",
						 (unsigned)c);
		} else {
			used += (size_t)snprintf(safe + used, size - used, "\\x%02x", (unsigned char)*text);
		}
		text += length > 0 ? length : 1;
	}
	return safe;
}

/* A character's columns and bytes; what is not printable counts as one of each. */
static size_t step(const char *text, size_t *ret_width)
{
	wchar_t c;
	int width;
	size_t length = next_character(text, &c, &width);

	*ret_width = length == 0 || width < 0 ? 1 : (size_t)width;
	return length == 0 ? 1 : length;
}

size_t ap_width(const char *text)
{
	size_t total = 0;
	size_t width;

	while (*text != '\0') {
		text += step(text, &width);
		total += width;
	}
	return total;
}

/* Where a line may end: a place for each kind, the best first; 0: there is none. */
typedef struct {
	size_t separator;
	size_t slash;
	size_t hyphen;
} cuts;

static void note_cut(cuts *c, char byte, char separator, size_t at)
{
	if (byte == separator)
		c->separator = separator == ' ' ? at : at + 1;
	else if (byte == '/')
		c->slash = at + 1;
	else if (byte == '-')
		c->hyphen = at + 1;
}

static size_t best_cut(const cuts *c, size_t otherwise)
{
	return c->separator > 0 ? c->separator : c->slash > 0 ? c->slash : c->hyphen > 0 ? c->hyphen : otherwise;
}

size_t ap_wrap(const char *text, size_t columns, char separator, size_t *ret_next)
{
	bool dropped = separator == ' ';
	size_t used = 0;
	size_t at = 0;
	cuts c = { 0 };

	while (text[at] != '\0') {
		size_t width;
		size_t length = step(text + at, &width);

		if (columns != 0 && used + width > columns && at > 0)
			break;
		note_cut(&c, text[at], separator, at);
		used += width;
		at += length;
	}
	if (text[at] != '\0' && !(dropped && text[at] == ' '))
		at = best_cut(&c, at);
	*ret_next = at;
	while (dropped && text[*ret_next] == ' ')
		++*ret_next;
	return at;
}

void ap_paint(const ap_screen *screen, ap_colour colour, const char *text, size_t length)
{
	static const char *const codes[] = {
		[AP_BOLD] = "1", [AP_DIM] = "2", [AP_GREEN] = "32", [AP_YELLOW] = "33", [AP_RED] = "1;31",
	};

	if (length == 0)
		return;
	if (!screen->coloured || colour == AP_PLAIN) {
		fwrite(text, 1, length, stdout);
		return;
	}
	printf("\033[%sm", codes[colour]);
	fwrite(text, 1, length, stdout);
	fputs("\033[0m", stdout);
}

void ap_blanks(size_t n)
{
	while (n-- > 0)
		putchar(' ');
}

void ap_paint_wrapped(const ap_screen *screen, ap_colour colour, const char *text, size_t indent)
{
	size_t columns = screen->columns > indent + NARROWEST_TERMINAL / 2 ? screen->columns - indent : 0;
	size_t next;

	do {
		size_t length = ap_wrap(text, columns, ' ', &next);

		ap_paint(screen, colour, text, length);
		putchar('\n');
		text += next;
		if (*text != '\0')
			ap_blanks(indent);
	} while (*text != '\0');
}

void ap_write_text(const ap_screen *screen, ap_arena *arena, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		char *line = ap_arena_strndup(arena, text, length);

		for (char *tab = line; screen->columns != 0 && (tab = strchr(tab, '\t')) != NULL;)
			*tab = ' ';
		puts(screen->columns != 0 ? ap_printable(arena, line) : line);
		text += length + (text[length] == '\n');
	}
}

/* Writes the bytes from `at` to before `end` of the text that the pieces make together, each in its colour. */
static void paint_part(const ap_screen *screen, const ap_piece *pieces, size_t n, size_t at, size_t end)
{
	size_t start = 0;

	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(pieces[i].text);
		size_t from = at > start ? at - start : 0;
		size_t to = end < start + length ? end - start : length;

		if (end > start && from < to)
			ap_paint(screen, pieces[i].colour, pieces[i].text + from, to - from);
		start += length;
	}
}

void ap_paint_pieces(ap_arena *arena, const ap_screen *screen, const ap_piece *pieces, size_t n, size_t indent)
{
	const char *text = "";
	size_t at = 0, next, columns = screen->columns;

	for (size_t i = 0; i < n; i++)
		text = ap_format(arena, "%s%s", text, pieces[i].text);
	do {
		size_t length = ap_wrap(text + at, columns, ' ', &next);

		paint_part(screen, pieces, n, at, at + length);
		putchar('\n');
		at += next;
		columns = screen->columns > indent ? screen->columns - indent : screen->columns;
		if (text[at] != '\0')
			ap_blanks(indent);
	} while (text[at] != '\0');
}
