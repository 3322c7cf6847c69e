#include "../lib/login/applied.h"
#include "../lib/make/state.h"
#include "../lib/make/timestamp.h"
#include "applied_report.h"
#include "audit_output.h"
#include "decision_report.h"
#include "inquiry.h"
#include "jsontext.h"
#include "report.h"

#include <string.h>
#include <time.h>

static bool is_revision(const char *text)
{
	return text != NULL && strlen(text) == AP_HEX_REVISION && text[strspn(text, "0123456789abcdef")] == '\0';
}

static bool is_of(const ap_image *image, const char *revision)
{
	char found[AP_HEX_REVISION + 1];

	ap_revision_format(ap_image_head_of(image)->revision, found);
	return strcmp(found, revision) == 0;
}

/* From the history, or where it is not there what is in force, if that is the revision. */
static ap_status open_revision(ap_context *context, const char *revision, ap_subject *ret_subject, ap_error *error)
{
	const char *path =
		ap_format(context->arena, "%s/" AP_APPLIED_HISTORY "/%s.image", ap_context_state(context), revision);
	ap_image *image;
	ap_status status = ap_applied_load_file(path, &image, error);

	if (status != AP_OK &&
	    ap_applied_load(ap_context_state(context), NULL, (int64_t)time(NULL), &image, NULL) == AP_OK) {
		path = ap_format(context->arena, "%s/" AP_APPLIED_IMAGE, ap_context_state(context));
		if (is_of(image, revision))
			status = AP_OK;
		else
			ap_image_free(image);
	}
	if (status != AP_OK)
		return status;
	if (!is_of(image, revision)) {
		ap_image_free(image);
		return ap_error_set(error, AP_ERR_DAMAGED, path, 0, "holds another revision than its name says");
	}
	*ret_subject = (ap_subject){ .image = image, .path = path, .earlier = true };
	return AP_OK;
}

/*
 * Without its client type at first: where the same hint gives it again, the report can say which. Else it is given, as it
 * may have been by client= on the module's line, or by an environment that no record has.
 */
static ap_status make_request(const ap_image *image, const ap_audit_entry *entry, ap_request *ret_request,
			      ap_facts *facts, ap_error *error)
{
	ap_view view = ap_view_of(image);
	ap_status status;

	*facts = (ap_facts){ .user = entry->user, .service = entry->service, .tty = entry->tty, .now = entry->time };
	ap_facts_set_ip(facts, entry->ip);
	status = ap_request_init(ret_request, image, facts, error);
	if (status != AP_OK || entry->client == NULL ||
	    strcmp(ap_view_string(&view, ap_view_client(&view, ret_request->client).name), entry->client) == 0)
		return status;
	ap_request_clear(ret_request);
	facts->client = entry->client;
	return ap_request_init(ret_request, image, facts, error);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_decision(const ap_image *image, const ap_decision *decision, const ap_audit_entry *entry)
{
	ap_view view = ap_view_of(image);
	ap_image_policy policy;
	bool named = ap_decision_decider(image, decision, &policy);

	return same_text(ap_verdict_name(decision->verdict), entry->decision) &&
	       same_text(ap_reason_name(decision->reason), entry->reason) &&
	       same_text(named ? ap_view_string(&view, policy.name) : NULL, entry->policy);
}

static bool is_cut(const char *text)
{
	size_t length = text != NULL ? strlen(text) : 0;

	return length >= strlen("…") && strcmp(text + length - strlen("…"), "…") == 0;
}

/* What the image does not hold, and a record does not tell. */
static const char *why_it_may_differ(const ap_image *image, const ap_audit_entry *entry)
{
	if (strcmp(entry->decision, "error") == 0)
		return "then no decision could be had; the system's log says why";
	if (is_cut(entry->user) || is_cut(entry->service) || is_cut(entry->tty))
		return "a text of the record was cut, as it was too long";
	if (strstr(entry->user, "\\x") != NULL)
		return "the name was not UTF-8, which the record shows as \\xHH";
	if (ap_image_count(image, AP_TABLE_GROUPS) > 0)
		return "the groups of the name services are those of today, and may have been others then, or could not be "
		       "looked up";
	return "the record does not tell all that a login is decided by";
}

static json_t *explanation(ap_context *context, ap_audit_entry *entry, bool same, const char *why,
			   const ap_test_report *report)
{
	json_t *object = ap_json_object();

	ap_json_set(object, "record", json_deep_copy(ap_audit_entry_object(entry)));
	ap_json_set(object, "same", json_boolean(same));
	ap_json_set(object, "why", ap_json_text(context->arena, why));
	ap_json_set(object, "test", ap_test_report_object(context, report));
	return object;
}

static void show(ap_context *context, ap_audit_entry *entry, const ap_test_report *report)
{
	const ap_image *image = report->subject->image;
	bool same = same_decision(image, &report->inquiry->decision, entry);
	const char *why = same ? NULL : why_it_may_differ(image, entry);

	if (context->json) {
		ap_audit_write_object(context, explanation(context, entry, same, why, report));
		return;
	}
	ap_audit_write_text(context, entry);
	putchar('\n');
	ap_test_report_text(context, report);
	if (!same) {
		ap_paint(&context->screen, AP_YELLOW, "note", 4);
		fputs(": ", stdout);
		ap_paint_wrapped(&context->screen, AP_PLAIN,
				 ap_format(context->arena, "the record says otherwise: %s", why), 6);
	}
}

static int not_kept(ap_context *context, ap_audit_entry *entry, const ap_error *error)
{
	ap_arena *arena = context->arena;
	const char *why =
		!is_revision(entry->revision) ? "the record names no revision"
		: error->status == AP_ERR_MISSING
			? ap_format(arena, "the image of revision %.12s, by which it was decided, is no longer kept",
				    entry->revision)
			: ap_format(arena, "%s: %s", error->file, error->message);

	if (context->json) {
		json_t *object = ap_json_object();

		ap_json_set(object, "record", json_deep_copy(ap_audit_entry_object(entry)));
		ap_json_set(object, "same", json_null());
		ap_json_set(object, "why", ap_json_text(arena, why));
		ap_json_set(object, "test", json_null());
		ap_audit_write_object(context, object);
	} else {
		ap_audit_write_text(context, entry);
	}
	(void)fflush(stdout);
	fprintf(stderr, "accesspolicy audit: the record cannot be evaluated again: %s\n", ap_printable(arena, why));
	return AP_EXIT_POLICY;
}

int ap_audit_explain(ap_context *context, ap_audit_entry *entry)
{
	ap_error error = { 0 };
	ap_subject subject;
	ap_request request;
	ap_inquiry inquiry;
	ap_facts facts;
	ap_test_report report = { .subject = &subject, .request = &request, .inquiry = &inquiry };
	int result = AP_EXIT_POLICY;

	if (!is_revision(entry->revision) || open_revision(context, entry->revision, &subject, &error) != AP_OK)
		return not_kept(context, entry, &error);
	if (make_request(subject.image, entry, &request, &facts, &error) != AP_OK) {
		result = ap_report_error(context, &error);
	} else {
		if (ap_inquiry_run(context, &subject, &request, AP_NONE, &inquiry)) {
			show(context, entry, &report);
			ap_inquiry_clear(&inquiry);
			result = AP_EXIT_YES;
		}
		ap_request_clear(&request);
	}
	ap_subject_close(&subject);
	return result;
}
