/* glob.h - hints of client types: exact text, or a pattern of * (any run of bytes) and ? (one byte). */
#ifndef AP_GLOB_H
#define AP_GLOB_H

#include <stdbool.h>

/* True if the whole of `text` fits `pattern`. Time is bounded by the product of their lengths; nothing is allocated. */
bool ap_glob_match(const char *pattern, const char *text);

#endif
