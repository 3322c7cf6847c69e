#include "decision_report.h"

#include "../lib/login/explain.h"
#include "jsontext.h"

#include <string.h>

enum { HEAD_INDENT = 10, DECISION_INDENT = 7 };

bool ap_decision_decider(const ap_image *image, const ap_decision *decision, ap_image_policy *ret_policy)
{
	ap_view view = ap_view_of(image);

	if (decision->verdict == 0 || decision->policy == AP_NONE)
		return false;
	*ret_policy = ap_view_policy(&view, decision->policy);
	return true;
}

/*
 * For a person
 */

void ap_report_head(ap_context *context, const char *label, const char *text)
{
	ap_paint(&context->screen, AP_BOLD, label, strlen(label));
	ap_blanks(HEAD_INDENT - ap_width(label));
	ap_paint_wrapped(&context->screen, AP_PLAIN, ap_printable(context->arena, text), HEAD_INDENT);
}

const char *ap_client_text(ap_context *context, const ap_subject *subject, const ap_request *request)
{
	ap_view view = ap_view_of(subject->image);
	const char *name = ap_view_string(&view, ap_view_client(&view, request->client).name);
	char why[AP_EXPLAIN_MAX];

	if (request->client_source == AP_CLIENT_HINTED) {
		ap_image_hint hint = ap_view_hint(&view, request->hint);

		return ap_format(
			context->arena, "%s: by the hint %s of %s", name,
			ap_printable(context->arena, ap_explain_hint(subject->image, request, why, sizeof(why))),
			ap_subject_place(context, subject, ap_view_string(&view, hint.file), hint.line));
	}
	return ap_format(context->arena, "%s: %s", name, ap_explain_client(subject->image, request, why, sizeof(why)));
}

const char *ap_policy_text(ap_context *context, const ap_subject *subject, const ap_image_policy *policy)
{
	ap_view view = ap_view_of(subject->image);

	return ap_format(context->arena, "\"%s\" (%s)",
			 ap_printable(context->arena, ap_view_string(&view, policy->name)),
			 ap_subject_place(context, subject, ap_view_string(&view, policy->file), policy->line));
}

const char *ap_reason_text(ap_context *context, const ap_subject *subject, const ap_decision *decision)
{
	ap_image_policy policy;
	const char *named;

	if (!ap_decision_decider(subject->image, decision, &policy))
		return "default: no policy denies this login, and no whitelist has a say in it";
	named = ap_policy_text(context, subject, &policy);
	if (decision->reason == AP_REASON_UNDETERMINED)
		return ap_format(context->arena, "undetermined because of %s; the setting \"undetermined\" says %s",
				 named, ap_verdict_name(decision->verdict));
	return ap_format(context->arena, "%s by %s", ap_reason_name(decision->reason), named);
}

void ap_report_verdict(ap_context *context, ap_colour colour, const char *word, const char *text)
{
	size_t width = ap_width(word);
	size_t indent = width < DECISION_INDENT ? DECISION_INDENT : width + 2;

	ap_paint(&context->screen, colour, word, strlen(word));
	ap_blanks(indent - width);
	ap_paint_wrapped(&context->screen, AP_PLAIN, text, indent);
}

const char *ap_would_text(ap_context *context, const ap_subject *subject, const ap_would *would)
{
	ap_view view = ap_view_of(subject->image);
	ap_image_policy policy = ap_view_policy(&view, would->policy);

	return ap_format(context->arena, "%s, %s, with the report-only %s", ap_verdict_name(would->verdict),
			 ap_reason_name(would->reason), ap_policy_text(context, subject, &policy));
}

/*
 * As JSON
 */

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

void ap_decision_json(ap_context *context, const ap_image *image, bool evaluated, const ap_decision *decision,
		      json_t *object)
{
	ap_arena *arena = context->arena;
	ap_view view = ap_view_of(image);
	ap_image_policy policy;
	bool decided = ap_decision_decider(image, decision, &policy);

	ap_json_set(object, "decision", ap_json_text(arena, evaluated ? ap_verdict_name(decision->verdict) : NULL));
	ap_json_set(object, "reason", ap_json_text(arena, evaluated ? ap_reason_name(decision->reason) : NULL));
	ap_json_set(object, "policy", ap_json_text(arena, decided ? ap_view_string(&view, policy.name) : NULL));
	ap_json_set(object, "file", ap_json_text(arena, decided ? ap_view_string(&view, policy.file) : NULL));
	ap_json_set(object, "line", decided ? ap_json_line(policy.line) : json_null());
	ap_json_set(object, "would", evaluated ? would_of(context, &view, decision) : json_null());
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

json_t *ap_request_json(ap_context *context, const ap_image *image, const ap_request *request)
{
	ap_arena *arena = context->arena;
	ap_view view = ap_view_of(image);
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
