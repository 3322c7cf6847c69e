/* utf8.h - well-formed UTF-8 (RFC 3629, section 4), and which of it a person can see. */
#ifndef AP_UTF8_H
#define AP_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The length of the sequence at the start of `size` bytes of `text`, with its code in *ret_code; 0 where it is not
 * well-formed, or cut off.
 */
size_t ap_utf8_sequence(const char *text, size_t size, uint32_t *ret_code);

/*
 * True for what must not reach a terminal or a log: C0, DEL, C1, the line and paragraph separators, and what is
 * invisible or reorders a line (zero-width characters, directional marks, the byte-order mark).
 */
bool ap_utf8_is_control(uint32_t code);

/* True if any code in `text` is one of those, or `text` is not well-formed. */
bool ap_utf8_has_control(const char *text);

#endif
