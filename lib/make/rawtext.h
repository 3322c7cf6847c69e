/*
 * rawtext.h - is this text whole and of libconfig's syntax, before libconfig sees it.
 *
 * libconfig 1.5 says "syntax error", exits, or silently takes what it understood for: an @include, a NUL byte, a
 * byte-order mark, an unterminated string or comment, a trailing comma, a file that ends too soon, a number that
 * overflows. Each is called what it is here.
 */
#ifndef AP_RAWTEXT_H
#define AP_RAWTEXT_H

#include "arena.h"
#include "diagnostics.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	AP_RAWTEXT_LINE_MAX = 1024 * 1024, /* bytes */
	AP_RAWTEXT_DEPTH_MAX = 32
};

/*
 * What was seen, for who walks libconfig's tree. libconfig 1.5 gives a string in a list the line of the token behind
 * it. The check knows the right one, and that both saw the same values is a proof that they read the text alike.
 */
typedef enum {
	AP_VALUE_GROUP = 1,
	AP_VALUE_ARRAY,
	AP_VALUE_LIST,
	AP_VALUE_STRING,
	AP_VALUE_INTEGER,
	AP_VALUE_FLOAT,
	AP_VALUE_BOOLEAN
} ap_value_kind;

typedef struct {
	ap_value_kind kind;
	unsigned line;     /* of the setting's name, or of the element's first character */
	size_t n_elements; /* of a group, an array or a list: what stands directly in it */
} ap_raw_value;

/*
 * Checks a policy file's text, `size` bytes. All that is wrong is added to *diagnostics; true if nothing is, with the
 * text's values, in the order in which they begin, in `arena`.
 */
bool ap_rawtext_read(const char *file, const char *text, size_t size, ap_diagnostics *diagnostics, ap_arena *arena,
		     ap_raw_value **ret_values, size_t *ret_n_values);

/* True if the text starts as UTF-16 does: with its byte-order mark, or with a NUL in every second byte. */
bool ap_rawtext_is_utf16(const char *text, size_t size);

/*
 * The part of it that holds for feeds and CSV files too: no NUL byte, no byte-order mark, valid UTF-8 (RFC 3629), no
 * line over the limit, a newline at the end (a file without one was cut short).
 */
bool ap_rawtext_check_lines(const char *file, const char *text, size_t size, ap_diagnostics *diagnostics);

#endif
