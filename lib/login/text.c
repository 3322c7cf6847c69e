#include "text.h"

#include "utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Copies `text`, escaped, up to `size` with its end: `close` if all of it fits, else `cut`. */
static const char *escape(const char *text, bool quoted, const char *close, const char *cut, char *buffer, size_t size)
{
	size_t used = strlen(buffer), reserved = strlen(cut) + 1, left = strlen(text);

	while (left > 0) {
		char piece[20];
		uint32_t code = 0;
		size_t n = ap_utf8_sequence(text, left, &code), i, length = 0;

		bool escaped = n == 0 || ap_utf8_is_control(code);

		n = n == 0 ? 1 : n;
		if (escaped) {
			for (i = 0; i < n; i++)
				length += (size_t)snprintf(piece + length, sizeof(piece) - length, "\\x%02x",
							   (unsigned)(unsigned char)text[i]);
		} else {
			if (code == '\\' || (quoted && code == '"'))
				piece[length++] = '\\';
			memcpy(piece + length, text, n);
			length += n;
		}
		if (used + length + reserved > size) {
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
	(void)snprintf(buffer, size, "%s", text != NULL ? "\"" : "-");
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
		uint32_t code = 0;
		size_t n = ap_utf8_sequence(message, left, &code);
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
