#include "inquiry.h"

#include "../lib/login/text.h"
#include "report.h"

#include <string.h>

typedef struct {
	ap_arena *arena;
	ap_inquiry *inquiry;
} collector;

static void collect(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	collector *into = context;
	ap_inquiry_row *row = AP_PUSH(into->arena, into->inquiry->rows, into->inquiry->n_rows);

	row->policy = *policy;
	row->answer = *answer;
}

static bool is_disabled(const ap_image *image, uint32_t number, ap_image_policy *ret_policy)
{
	ap_view view = ap_view_of(image);

	*ret_policy = ap_view_policy(&view, number);
	return ret_policy->status == AP_POLICY_DISABLED;
}

bool ap_inquiry_run(ap_context *context, const ap_subject *subject, ap_request *request, uint32_t only,
		    ap_inquiry *ret_inquiry)
{
	ap_inquiry inquiry = { .evaluated = true };
	collector into = { .arena = context->arena, .inquiry = &inquiry };
	const ap_evaluate_options options = { .only = only, .hook = collect, .hook_context = &into };
	ap_image_policy policy;
	ap_error error = { 0 };

	memset(ret_inquiry, 0, sizeof(*ret_inquiry));
	if (only != AP_NONE && is_disabled(subject->image, only, &policy)) {
		const ap_answer unanswered = { .policy = only };

		inquiry.evaluated = false;
		collect(&into, &policy, &unanswered);
	} else if (ap_evaluate(subject->image, request, &options, &inquiry.decision, &error) != AP_OK) {
		ap_report_error(context, &error);
		return false;
	}
	*ret_inquiry = inquiry;
	return true;
}

void ap_inquiry_clear(ap_inquiry *inquiry)
{
	ap_decision_clear(&inquiry->decision);
	memset(inquiry, 0, sizeof(*inquiry));
}

const char *ap_inquiry_message(ap_context *context, const ap_image *image, const ap_inquiry *inquiry)
{
	const char *message;
	size_t size;

	if (!inquiry->evaluated || inquiry->decision.verdict != AP_DENY)
		return NULL;
	message = ap_decision_message(image, &inquiry->decision);
	if (message == NULL)
		return NULL;
	size = strlen(message) + 8;
	return ap_text_message(message, ap_arena_alloc(context->arena, size), size);
}
