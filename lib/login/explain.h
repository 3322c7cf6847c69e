/* explain.h - an evaluator's facts in words, for `test`, the trace and the audit alike. */
#ifndef AP_EXPLAIN_H
#define AP_EXPLAIN_H

#include "evaluate.h"

enum { AP_EXPLAIN_MAX = 512 };

/* Writes why a condition answered as it did, in one line without a full stop. Returns `buffer`. */
const char *ap_explain_why(const ap_image *image, const ap_request *request, const ap_why *why, char *buffer,
			   size_t size);

/* Writes the hints that made the client type, with AP_CLIENT_HINTED: service "imap", say. Returns `buffer`. */
const char *ap_explain_hint(const ap_image *image, const ap_request *request, char *buffer, size_t size);

/* Writes how the request's client type was found: which hint, in which file and line. Returns `buffer`. */
const char *ap_explain_client(const ap_image *image, const ap_request *request, char *buffer, size_t size);

/* Writes how the request's address was found, or why it is unknown. Returns `buffer`. */
const char *ap_explain_address(const ap_request *request, char *buffer, size_t size);

#endif
