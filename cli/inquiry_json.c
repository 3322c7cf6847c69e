#include "../lib/login/explain.h"
#include "decision_report.h"
#include "in_force.h"
#include "inquiry.h"
#include "jsontext.h"

static json_t *why_of(ap_context *context, const ap_test_report *report, const ap_why *why)
{
	char text[AP_EXPLAIN_MAX];

	if (why->kind == AP_WHY_NONE)
		return json_null();
	return ap_json_text(context->arena,
			    ap_explain_why(report->subject->image, report->request, why, text, sizeof(text)));
}

static void set_answers(ap_context *context, const ap_test_report *report, const ap_answer *answer, json_t *object)
{
	const struct {
		const char *key;
		ap_tri value;
	} answers[] = {
		{ "active", answer->active },   { "scope", answer->scope },     { "client", answer->client },
		{ "network", answer->network }, { "governs", answer->governs }, { "matches", answer->matches },
		{ "fails", answer->fails },
	};
	json_t *why = ap_json_object();

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		ap_json_set(object, answers[i].key,
			    ap_json_text(context->arena,
					 report->inquiry->evaluated ? ap_tri_name(answers[i].value) : NULL));
	ap_json_set(why, "active", why_of(context, report, &answer->why_active));
	ap_json_set(why, "scope", why_of(context, report, &answer->why_scope));
	ap_json_set(why, "client", why_of(context, report, &answer->why_client));
	ap_json_set(why, "network", why_of(context, report, &answer->why_network));
	ap_json_set(object, "why", why);
}

static json_t *policies_of(ap_context *context, const ap_test_report *report)
{
	ap_view view = ap_view_of(report->subject->image);
	json_t *list = ap_json_array();

	for (size_t i = 0; i < report->inquiry->n_rows; i++) {
		const ap_inquiry_row *row = &report->inquiry->rows[i];
		json_t *object = ap_json_object();

		ap_json_set(object, "name", ap_json_text(context->arena, ap_view_string(&view, row->policy.name)));
		ap_json_set(object, "type", ap_json_text(context->arena, ap_policy_type_name(row->policy.type)));
		ap_json_set(object, "status", ap_json_text(context->arena, ap_policy_status_name(row->policy.status)));
		ap_json_set(object, "file", ap_json_text(context->arena, ap_view_string(&view, row->policy.file)));
		ap_json_set(object, "line", ap_json_line(row->policy.line));
		set_answers(context, report, &row->answer, object);
		ap_json_append(list, object);
	}
	return list;
}

json_t *ap_test_report_object(ap_context *context, const ap_test_report *report)
{
	const ap_image *image = report->subject->image;
	ap_view view = ap_view_of(image);
	ap_arena *arena = context->arena;
	json_t *object = ap_json_object();

	ap_decision_json(context, image, report->inquiry->evaluated, &report->inquiry->decision, object);
	ap_json_set(object, "region", ap_json_text(arena, ap_view_region_of(&view, &report->request->address)));
	ap_json_set(object, "evaluated", json_boolean(report->inquiry->evaluated));
	ap_json_set(object, "asked", ap_json_text(arena, report->subject->set != NULL ? "files" : "image"));
	ap_json_set(object, "revision", ap_json_text(arena, ap_subject_revision(arena, report->subject)));
	ap_json_set(object, "differs",
		    report->subject->set == NULL && !report->subject->earlier ? ap_in_force_json_of(context, image)
									      : json_null());
	ap_json_set(object, "message", ap_json_text(arena, ap_inquiry_message(context, image, report->inquiry)));
	ap_json_set(object, "request", ap_request_json(context, image, report->request));
	ap_json_set(object, "policies", policies_of(context, report));
	if (report->with_rest != NULL) {
		json_t *rest = ap_json_object();

		ap_decision_json(context, image, report->with_rest->evaluated, &report->with_rest->decision, rest);
		ap_json_set(rest, "message",
			    ap_json_text(arena, ap_inquiry_message(context, image, report->with_rest)));
		ap_json_set(object, "with_rest", rest);
	} else {
		ap_json_set(object, "with_rest", json_null());
	}
	return object;
}

void ap_test_report_json(ap_context *context, const ap_test_report *report)
{
	ap_json_write(ap_test_report_object(context, report));
}
