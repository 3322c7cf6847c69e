/* drawn_text.h - a text that a test writes piece by piece, as it is drawn. */
#ifndef AP_TEST_DRAWN_TEXT_H
#define AP_TEST_DRAWN_TEXT_H

#include "rows.h"

#include <stdio.h>
#include <string.h>

/* Adds to the text, which has room for `size` bytes; that it has not is a failure. */
__attribute__((format(printf, 3, 4))) static inline void ap_append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	assert_true(vsnprintf(text + used, size - used, format, arguments) < (int)(size - used));
	va_end(arguments);
}

#endif
