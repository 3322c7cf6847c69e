#include "trial.h"

#include "../lib/login/text.h"
#include "report.h"

#include <string.h>

typedef struct {
	ap_arena *arena;
	ap_trial *trial;
} collector;

static void collect(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	collector *into = context;
	ap_trial_row *row = AP_PUSH(into->arena, into->trial->rows, into->trial->n_rows);

	row->policy = *policy;
	row->answer = *answer;
}

static bool is_disabled(const ap_image *image, uint32_t number, ap_image_policy *ret_policy)
{
	ap_view view = ap_view_of(image);

	*ret_policy = ap_view_policy(&view, number);
	return ret_policy->status == AP_POLICY_DISABLED;
}

bool ap_trial_run(ap_context *context, const ap_subject *subject, ap_request *request, uint32_t only,
		  ap_trial *ret_trial)
{
	ap_trial trial = { .evaluated = true };
	collector into = { .arena = context->arena, .trial = &trial };
	const ap_evaluate_options options = { .only = only, .hook = collect, .hook_context = &into };
	ap_image_policy policy;
	ap_error error = { 0 };

	memset(ret_trial, 0, sizeof(*ret_trial));
	if (only != AP_NONE && is_disabled(subject->image, only, &policy)) {
		const ap_answer unanswered = { .policy = only };

		trial.evaluated = false;
		collect(&into, &policy, &unanswered);
	} else if (ap_evaluate(subject->image, request, &options, &trial.decision, &error) != AP_OK) {
		ap_report_error(context, &error);
		return false;
	}
	*ret_trial = trial;
	return true;
}

void ap_trial_clear(ap_trial *trial)
{
	ap_decision_clear(&trial->decision);
	memset(trial, 0, sizeof(*trial));
}

const char *ap_trial_message(ap_context *context, const ap_image *image, const ap_trial *trial)
{
	const char *message;
	size_t size;

	if (!trial->evaluated || trial->decision.verdict != AP_DENY)
		return NULL;
	message = ap_decision_message(image, &trial->decision);
	if (message == NULL)
		return NULL;
	size = strlen(message) + 8;
	return ap_text_message(message, ap_arena_alloc(context->arena, size), size);
}
