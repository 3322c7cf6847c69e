/* show.h - one policy in full, and where each of its settings comes from. */
#ifndef AP_SHOW_H
#define AP_SHOW_H

#include "subject.h"

typedef struct {
	const ap_subject *subject; /* the files */
	const ap_policy_def *policy;
	int64_t now;
} ap_show;

void ap_show_text(ap_context *context, const ap_show *show);
void ap_show_json(ap_context *context, const ap_show *show);

/* True if the exception names the policy. */
bool ap_show_is_named_by(const ap_show *show, const ap_exception_def *exception);

/* True if `other` is a report-only policy that replaces the one that is shown. */
bool ap_show_is_replaced_by(const ap_show *show, const ap_policy_def *other);

/* The message of a login that the policy denies: its own, or that of all, with its place (line 0: the default). */
const ap_text *ap_show_message(const ap_show *show);

#endif
