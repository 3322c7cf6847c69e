#include "text.h"

#include "utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Printable ASCII that stands for itself: most of all text, and passed over as fast as it can be. */
static bool is_plain(char c, bool quoted)
{
	return c >= 0x20 && c < 0x7f && c != '\\' && (!quoted || c != '"');
}

/* One character of `text` as it is written, of which *ret_n bytes are taken; how long it is. */
static size_t escape_one(const char *text, size_t left, bool quoted, char piece[20], size_t *ret_n)
{
	uint32_t code = 0;
	size_t n = ap_utf8_sequence(text, left, &code), i, length = 0;

	*ret_n = n == 0 ? 1 : n;
	if (n == 0 || ap_utf8_is_control(code)) {
		for (i = 0; i < *ret_n; i++)
			length += (size_t)snprintf(piece + length, 20 - length, "\\x%02x",
						   (unsigned)(unsigned char)text[i]);
		return length;
	}
	if (code == '\\' || (quoted && code == '"'))
		piece[length++] = '\\';
	memcpy(piece + length, text, n);
	return length + n;
}

/* Copies `text`, escaped, up to `size` with its end: `close` if all of it fits, else `cut`. */
static const char *escape(const char *text, bool quoted, const char *close, const char *cut, char *buffer, size_t size)
{
	size_t used = strlen(buffer), most = size - strlen(cut) - 1, left = strlen(text);

	while (left > 0) {
		char piece[20];
		size_t n = 0, length;

		while (n < left && used + n < most && is_plain(text[n], quoted))
			n++;
		memcpy(buffer + used, text, n);
		used += n;
		text += n;
		left -= n;
		if (left == 0)
			break;
		length = escape_one(text, left, quoted, piece, &n);
		if (used + length > most) {
			close = cut;
			break;
		}
		memcpy(buffer + used, piece, length);
		used += length;
		text += n;
		left -= n;
	}
	memcpy(buffer + used, close, strlen(close) + 1);
	return buffer;
}

const char *ap_text_quote(const char *text, char *buffer, size_t size)
{
	memcpy(buffer, text != NULL ? "\"" : "-", 2);
	return text != NULL ? escape(text, true, "\"", "\"…", buffer, size) : buffer;
}

const char *ap_text_escape(const char *text, char *buffer, size_t size)
{
	buffer[0] = '\0';
	return escape(text, false, "", "…", buffer, size);
}

const char *ap_text_message(const char *message, char *buffer, size_t size)
{
	size_t used = 0, left = strlen(message);

	while (left > 0) {
		uint32_t code = (unsigned char)*message;
		size_t n = is_plain(*message, false) ? 1 : ap_utf8_sequence(message, left, &code);
		bool blank = n == 0 || ap_utf8_is_control(code) || code == ' ';
		bool leading = used == 0 && (blank || code == '[');

		n = n == 0 ? 1 : n;
		if (!leading && used + n + 1 > size)
			break;
		if (!leading && blank) {
			buffer[used++] = ' ';
		} else if (!leading) {
			memcpy(buffer + used, message, n);
			used += n;
		}
		message += n;
		left -= n;
	}
	buffer[used] = '\0';
	return buffer;
}
