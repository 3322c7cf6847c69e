/* What holds for every text: lines, UTF-8, a newline at the end. */
#include "rawtext.h"

#include "../login/utf8.h"

#include <string.h>

enum { FAULTY_LINES_MAX = 5 }; /* a file in another encoding is wrong in each line */

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* The first byte of the line that is NUL or no UTF-8, or NULL. */
static const char *find_bad_byte(const char *line, size_t length)
{
	size_t i = 0;

	while (i < length) {
		uint32_t code;
		size_t n = line[i] > 0 ? 1 : ap_utf8_sequence(line + i, length - i, &code);

		if (n == 0 || line[i] == '\0')
			return line + i;
		i += n;
	}
	return NULL;
}

static bool check_line(const char *file, unsigned number, const char *line, size_t length, ap_diagnostics *diagnostics)
{
	const char *bad = find_bad_byte(line, length);

	if (length > AP_RAWTEXT_LINE_MAX)
		ap_diagnostics_add(diagnostics, AP_ERROR, file, number,
				   "the line has %zu bytes; at most %d are accepted", length, AP_RAWTEXT_LINE_MAX);
	if (bad != NULL && *bad == '\0')
		ap_diagnostics_add(diagnostics, AP_ERROR, file, number,
				   "found a NUL byte (byte %zu of the line); expected text: is this the right file?",
				   (size_t)(bad - line) + 1);
	else if (bad != NULL)
		ap_diagnostics_add(diagnostics, AP_ERROR, file, number,
				   "found 0x%02x (byte %zu of the line), which is not UTF-8; save the file as UTF-8",
				   (unsigned)(unsigned char)*bad, (size_t)(bad - line) + 1);
	return bad == NULL && length <= AP_RAWTEXT_LINE_MAX;
}

bool ap_rawtext_is_utf16(const char *text, size_t size)
{
	if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return true;
	if (size < 4)
		return false;
	return (text[0] == '\0') == (text[2] == '\0') && (text[1] == '\0') == (text[3] == '\0') &&
	       (text[0] == '\0') != (text[1] == '\0');
}

bool ap_rawtext_check_lines(const char *file, const char *text, size_t size, ap_diagnostics *diagnostics)
{
	const char *end = text + size;
	unsigned number = 1, faulty = 0;
	bool whole = true;

	if (ap_rawtext_is_utf16(text, size)) {
		ap_diagnostics_add(diagnostics, AP_ERROR, file, 0, "is UTF-16; expected UTF-8");
		return false;
	}
	if (size >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
		ap_diagnostics_add(diagnostics, AP_ERROR, file, 1,
				   "the file starts with a byte-order mark; save it as UTF-8 without one");
		whole = false;
	}
	for (; text < end && faulty < FAULTY_LINES_MAX; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = newline != NULL ? (size_t)(newline - text) : (size_t)(end - text);

		if (!check_line(file, number, text, length, diagnostics))
			faulty++;
		if (newline == NULL) {
			ap_diagnostics_add(diagnostics, AP_ERROR, file, number,
					   "the file does not end in a newline; was it cut short?");
			whole = false;
		}
		text += length + 1;
	}
	return whole && faulty == 0;
}
