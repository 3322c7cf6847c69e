/* decision_report.h - a decision and what was asked, for a person and as JSON: of one login and of many alike. */
#ifndef AP_DECISION_REPORT_H
#define AP_DECISION_REPORT_H

#include "subject.h"

#include <jansson.h>

/* The deciding policy's record; false where none decided. */
bool ap_decision_decider(const ap_image *image, const ap_decision *decision, ap_image_policy *ret_policy);

/*
 * For a person; texts are in the arena, and printable but where it is said
 */

/* A line "Label     text", further lines indented to it; `text` is made printable. */
void ap_report_head(ap_context *context, const char *label, const char *text);

/* A line "DENY   text", with the word in a colour; `text` is printable. */
void ap_report_verdict(ap_context *context, ap_colour colour, const char *word, const char *text);

/* The client type, and how it was found: "web: given". Not printable yet. */
const char *ap_client_text(ap_context *context, const ap_subject *subject, const ap_request *request);

/* `"Name" (file:line)` */
const char *ap_policy_text(ap_context *context, const ap_subject *subject, const ap_image_policy *policy);

/* `blacklisted by "Name" (file:line)` … */
const char *ap_reason_text(ap_context *context, const ap_subject *subject, const ap_decision *decision);

/* `deny, blacklisted, with the report-only "Name" (file:line)` */
const char *ap_would_text(ap_context *context, const ap_subject *subject, const ap_would *would);

/*
 * As JSON
 */

/* Sets decision, reason, policy, file, line and would of `object`: null each where nothing was evaluated. */
void ap_decision_json(ap_context *context, const ap_image *image, bool evaluated, const ap_decision *decision,
		      json_t *object);

/* {user, ip, client, client_source, service, tty, ruser, env, time} */
json_t *ap_request_json(ap_context *context, const ap_image *image, const ap_request *request);

#endif
