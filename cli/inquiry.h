/* inquiry.h - one request held against the policy, with every policy's sub-answers. */
#ifndef AP_INQUIRY_H
#define AP_INQUIRY_H

#include "subject.h"

#include <jansson.h>

typedef struct {
	ap_image_policy policy;
	ap_answer answer;
} ap_inquiry_row;

/*
 * One evaluation. Of a policy that is not evaluated, as it is disabled, the row's answer is zeroed and there is no
 * decision.
 */
typedef struct {
	bool evaluated;
	ap_decision decision;
	ap_inquiry_row *rows; /* in reading order; in the context's arena */
	size_t n_rows;
} ap_inquiry;

/*
 * Evaluates all policies, or with `only` that one alone. True if there is a decision, or the policy is disabled; else
 * the error was reported and *ret_inquiry is zeroed. Free with ap_inquiry_clear.
 */
bool ap_inquiry_run(ap_context *context, const ap_subject *subject, ap_request *request, uint32_t only,
		    ap_inquiry *ret_inquiry);

void ap_inquiry_clear(ap_inquiry *inquiry);

/* A test as it is shown: what was asked, and what came of it. */
typedef struct {
	const ap_subject *subject;
	const ap_request *request;
	const ap_inquiry *inquiry;   /* of everything, or of the policy that was named, or of the draft alone */
	const ap_inquiry *with_rest; /* of everything with the draft in it; NULL without a draft */
} ap_test_report;

void ap_test_report_text(ap_context *context, const ap_test_report *report);
void ap_test_report_json(ap_context *context, const ap_test_report *report);

/* The object that the latter writes. */
json_t *ap_test_report_object(ap_context *context, const ap_test_report *report);

/* The message as a denied user reads it, or NULL for one who is allowed. In the arena. */
const char *ap_inquiry_message(ap_context *context, const ap_image *image, const ap_inquiry *inquiry);

#endif
