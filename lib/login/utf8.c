#include "utf8.h"

#include <string.h>

size_t ap_utf8_sequence(const char *text, size_t size, uint32_t *ret_code)
{
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)text;
	uint32_t code;
	size_t n, i;

	if (size == 0)
		return 0;
	n = bytes[0] < 0x80   ? 1
	    : bytes[0] < 0xc2 ? 0
	    : bytes[0] < 0xe0 ? 2
	    : bytes[0] < 0xf0 ? 3
	    : bytes[0] < 0xf5 ? 4
			      : 0;
	if (n == 0 || n > size)
		return 0;
	code = n == 1 ? bytes[0] : bytes[0] & (0xffu >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3fu);
	}
	if (n > 1 && (code < lowest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)))
		return 0;
	*ret_code = code;
	return n;
}

bool ap_utf8_is_control(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = { { 0, 0x1f },        { 0x7f, 0x9f },     { 0xad, 0xad },     { 0x61c, 0x61c },
		       { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		       { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb } };
	size_t i;

	if (code >= 0x20 && code < 0x7f)
		return false;
	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

bool ap_utf8_has_control(const char *text)
{
	size_t size = strlen(text);

	while (size > 0) {
		uint32_t code;
		size_t n;

		/* there may be millions of names, and most are of these */
		if (*text >= 0x20 && *text < 0x7f) {
			text++;
			size--;
			continue;
		}
		n = ap_utf8_sequence(text, size, &code);
		if (n == 0 || ap_utf8_is_control(code))
			return true;
		text += n;
		size -= n;
	}
	return false;
}
