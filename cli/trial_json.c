#include "../lib/login/explain.h"
#include "in_force.h"
#include "jsontext.h"
#include "trial.h"

static const char *client_source_name(ap_client_source source)
{
	switch (source) {
	case AP_CLIENT_GIVEN:
		return "given";
	case AP_CLIENT_HINTED:
		return "hint";
	case AP_CLIENT_DEFAULT:
		return "default";
	case AP_CLIENT_NO_ADDRESS:
		return "no-address";
	}
	return "unknown";
}

static json_t *would_of(ap_context *context, ap_view *view, const ap_decision *decision)
{
	json_t *list = ap_json_array();

	for (size_t i = 0; i < decision->n_would; i++) {
		const ap_would *would = &decision->would[i];
		json_t *object = ap_json_object();

		ap_json_set(
			object, "policy",
			ap_json_text(context->arena, ap_view_string(view, ap_view_policy(view, would->policy).name)));
		ap_json_set(object, "decision", ap_json_text(context->arena, ap_verdict_name(would->verdict)));
		ap_json_set(object, "reason", ap_json_text(context->arena, ap_reason_name(would->reason)));
		ap_json_append(list, object);
	}
	return list;
}

/* Sets decision, reason, policy, file, line and would: null each where nothing was evaluated. */
static void set_decision(ap_context *context, const ap_image *image, const ap_trial *trial, json_t *object)
{
	ap_arena *arena = context->arena;
	const ap_decision *decision = &trial->decision;
	ap_view view = ap_view_of(image);
	ap_image_policy policy;
	bool decided = ap_trial_decider(image, decision, &policy);

	ap_json_set(object, "decision",
		    ap_json_text(arena, trial->evaluated ? ap_verdict_name(decision->verdict) : NULL));
	ap_json_set(object, "reason", ap_json_text(arena, trial->evaluated ? ap_reason_name(decision->reason) : NULL));
	ap_json_set(object, "policy", ap_json_text(arena, decided ? ap_view_string(&view, policy.name) : NULL));
	ap_json_set(object, "file", ap_json_text(arena, decided ? ap_view_string(&view, policy.file) : NULL));
	ap_json_set(object, "line", decided ? ap_json_line(policy.line) : json_null());
	ap_json_set(object, "would", trial->evaluated ? would_of(context, &view, decision) : json_null());
}

static json_t *environment_of(ap_arena *arena, const char *const *env)
{
	json_t *array;

	if (env == NULL || *env == NULL)
		return json_null();
	array = ap_json_array();
	for (; *env != NULL; env++)
		ap_json_append(array, ap_json_text(arena, *env));
	return array;
}

static json_t *request_of(ap_context *context, const ap_test_report *report)
{
	const ap_request *request = report->request;
	ap_arena *arena = context->arena;
	ap_view view = ap_view_of(report->subject->image);
	char address[AP_ADDRESS_TEXT_MAX];
	bool known = request->address.family != AP_ADDRESS_UNKNOWN;
	json_t *object = ap_json_object();

	ap_json_set(object, "user", ap_json_text(arena, request->facts.user));
	ap_json_set(object, "ip", ap_json_text(arena, known ? ap_address_format(&request->address, address) : NULL));
	ap_json_set(object, "client",
		    ap_json_text(arena, ap_view_string(&view, ap_view_client(&view, request->client).name)));
	ap_json_set(object, "client_source", ap_json_text(arena, client_source_name(request->client_source)));
	ap_json_set(object, "service", ap_json_text(arena, request->facts.service));
	ap_json_set(object, "tty", ap_json_text(arena, request->facts.tty));
	ap_json_set(object, "ruser", ap_json_text(arena, request->facts.ruser));
	ap_json_set(object, "env", environment_of(arena, request->facts.env));
	ap_json_set(object, "time", ap_json_time(request->facts.now));
	return object;
}

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
		ap_json_set(
			object, answers[i].key,
			ap_json_text(context->arena, report->trial->evaluated ? ap_tri_name(answers[i].value) : NULL));
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

	for (size_t i = 0; i < report->trial->n_rows; i++) {
		const ap_trial_row *row = &report->trial->rows[i];
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

	set_decision(context, image, report->trial, object);
	ap_json_set(object, "region", ap_json_text(arena, ap_view_region_of(&view, &report->request->address)));
	ap_json_set(object, "evaluated", json_boolean(report->trial->evaluated));
	ap_json_set(object, "asked", ap_json_text(arena, report->subject->set != NULL ? "files" : "image"));
	ap_json_set(object, "revision", ap_json_text(arena, ap_subject_revision(arena, report->subject)));
	ap_json_set(object, "differs",
		    report->subject->set == NULL && !report->subject->earlier ? ap_in_force_json_of(context, image)
									      : json_null());
	ap_json_set(object, "message", ap_json_text(arena, ap_trial_message(context, image, report->trial)));
	ap_json_set(object, "request", request_of(context, report));
	ap_json_set(object, "policies", policies_of(context, report));
	if (report->with_rest != NULL) {
		json_t *rest = ap_json_object();

		set_decision(context, image, report->with_rest, rest);
		ap_json_set(rest, "message", ap_json_text(arena, ap_trial_message(context, image, report->with_rest)));
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
