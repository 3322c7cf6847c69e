/* wizard_verify.h - test and verify: logins that are tried against a draft, as if it were in force. */
#ifndef AP_WIZARD_VERIFY_H
#define AP_WIZARD_VERIFY_H

#include "line.h"
#include "subject.h"

/*
 * Asks for logins until an empty line: AP_LINE_ANSWER, with *ret_back where "<" was answered. What else ends it is
 * ap_line_ask's.
 */
ap_line_outcome ap_verify_ask(ap_context *context, ap_line *line, const ap_subject *draft, bool *ret_back);

#endif
