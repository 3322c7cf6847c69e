/* text.h - text from outside, made fit for a log line, and text for outside, made fit for a protocol's one line. */
#ifndef AP_TEXT_H
#define AP_TEXT_H

#include <stddef.h>

/*
 * Writes `text` as a double-quoted string of printable ASCII and valid UTF-8: quotes and backslashes are escaped,
 * what must not be seen (ap_utf8_is_control) and bytes that are not UTF-8 become \xHH. What does not fit is cut and
 * ends in "…" outside the quotes. A NULL `text` is written as a bare `-`. Returns `buffer`; `size` must be at least
 * 8.
 */
const char *ap_text_quote(const char *text, char *buffer, size_t size);

/* The same without the quotes around it, and with quotes left as they are: for sentences. `text` must not be NULL. */
const char *ap_text_escape(const char *text, char *buffer, size_t size);

/*
 * Writes `message` as one line that no mail protocol can misread: control characters become blanks, blanks and "["
 * at its start are dropped (IMAP reads a leading "[" as a response code, RFC 9051 section 7.1). Returns `buffer`.
 */
const char *ap_text_message(const char *message, char *buffer, size_t size);

#endif
