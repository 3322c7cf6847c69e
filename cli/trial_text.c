/*
 * A test for a person: what was asked, a row for each policy with the reasons below it, and last, where the eye
 * rests at the prompt, the decision.
 */
#include "../lib/login/explain.h"
#include "../lib/make/timestamp.h"
#include "in_force.h"
#include "region_text.h"
#include "report.h"
#include "table.h"
#include "trial.h"

#include <string.h>

enum { HEAD_INDENT = 10, DECISION_INDENT = 7 };

static const ap_column columns[] = {
	{ .title = "POLICY", .wraps = true, .stacks = true },
	{ .title = "TYPE" },
	{ .title = "STATUS" },
	{ .title = "ACTIVE" },
	{ .title = "SCOPE" },
	{ .title = "CLIENT" },
	{ .title = "NETWORK" },
	{ .title = "RESULT" },
};

static void head_line(ap_context *context, const char *label, const char *text)
{
	ap_paint(&context->screen, AP_BOLD, label, strlen(label));
	ap_blanks(HEAD_INDENT - ap_width(label));
	ap_paint_wrapped(&context->screen, AP_PLAIN, ap_printable(context->arena, text), HEAD_INDENT);
}

static const char *member_text(ap_context *context, const ap_request *request)
{
	const char *given = request->facts.user;

	if (strcmp(request->member.text, given) == 0)
		return given;
	return ap_format(context->arena, "%s (given as \"%s\")", request->member.text, given);
}

static const char *address_text(ap_context *context, const ap_request *request)
{
	char address[AP_ADDRESS_TEXT_MAX];
	char why[AP_EXPLAIN_MAX];

	return ap_format(context->arena, "%s: %s", ap_address_format(&request->address, address),
			 ap_explain_address(request, why, sizeof(why)));
}

static const char *client_text(ap_context *context, const ap_subject *subject, const ap_request *request)
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

/* The image's database places no address of that family. */
static bool is_family_unknown(const ap_image *image, ap_family family)
{
	ap_view view = ap_view_of(image);

	return ap_view_database(&view, 0).n_placed[family == AP_ADDRESS_IPV4 ? 0 : 1] == 0;
}

static const char *region_text(ap_context *context, const ap_image *image, const ap_address *address)
{
	ap_view view = ap_view_of(image);
	const char *code = ap_view_region_of(&view, address);
	char text[AP_ADDRESS_TEXT_MAX];

	if (code != NULL)
		return ap_region_shown(context->arena, code);
	if (is_family_unknown(image, address->family))
		return ap_format(context->arena, "unknown: no %s address is placed",
				 address->family == AP_ADDRESS_IPV4 ? "IPv4" : "IPv6");
	return ap_format(context->arena, "none that a policy names (\"accesspolicy region %s\" tells which)",
			 ap_address_format(address, text));
}

/* Where the address is, as far as policies name regions; nothing where none does. */
static void write_region(ap_context *context, const ap_subject *subject, const ap_request *request)
{
	const char *database = ap_image_database_shown(context->arena, subject->image);
	bool is_ip = request->address.family == AP_ADDRESS_IPV4 || request->address.family == AP_ADDRESS_IPV6;

	if (!is_ip || ap_image_count(subject->image, AP_TABLE_REGIONS) == 0)
		return;
	if (database == NULL)
		head_line(context, "Region",
			  "unknown: no region database could be read; \"accesspolicy check\" says why");
	else
		head_line(context, "Region",
			  ap_format(context->arena, "%s, by %s",
				    region_text(context, subject->image, &request->address), database));
}

static void write_head(ap_context *context, const ap_test_report *report)
{
	const ap_request *request = report->request;
	char time[AP_TIMESTAMP_TEXT_MAX];

	head_line(context, "Member", member_text(context, request));
	head_line(context, "Address", address_text(context, request));
	write_region(context, report->subject, request);
	head_line(context, "Client", client_text(context, report->subject, request));
	head_line(context, "Time", ap_timestamp_format_local(request->facts.now, time));
	head_line(context, "Asked", ap_subject_text(context, report->subject));
	putchar('\n');
}

static ap_colour tri_colour(ap_tri value)
{
	return value == AP_YES ? AP_GREEN : value == AP_NO ? AP_DIM : AP_YELLOW;
}

/* What becomes of it: a blacklist matters where it matches, a whitelist either way; "–" where the policy has no say. */
static const char *result_text(const ap_trial_row *row)
{
	if (row->answer.matches == AP_YES)
		return "matches";
	if (row->answer.fails == AP_YES)
		return row->policy.type == AP_POLICY_BLACKLIST ? "no match" : "fails";
	return row->answer.governs == AP_NO ? "–" : "unknown";
}

static ap_colour result_colour(const ap_trial_row *row)
{
	bool blacklist = row->policy.type == AP_POLICY_BLACKLIST;

	if (row->answer.governs == AP_NO || (blacklist && row->answer.fails == AP_YES))
		return AP_DIM;
	if (row->policy.status != AP_POLICY_ENABLED)
		return AP_YELLOW;
	if (row->answer.matches == AP_YES)
		return blacklist ? AP_RED : AP_GREEN;
	return row->answer.fails == AP_YES ? AP_RED : AP_YELLOW;
}

static void why_line(ap_context *context, ap_table *table, const ap_test_report *report, const char *label,
		     ap_tri value, const ap_why *why)
{
	char text[AP_EXPLAIN_MAX];

	if (why->kind == AP_WHY_NONE)
		return;
	ap_explain_why(report->subject->image, report->request, why, text, sizeof(text));
	ap_table_detail(table, value == AP_UNKNOWN ? AP_YELLOW : AP_DIM, label, ap_arena_strdup(context->arena, text));
}

/* The status has a column of its own. */
static bool stands_in_status(const ap_why *why)
{
	return why->kind == AP_WHY_ENABLED || why->kind == AP_WHY_DISABLED || why->kind == AP_WHY_REPORT_ONLY;
}

static void answer_rows(ap_context *context, ap_table *table, const ap_test_report *report, const ap_answer *answer)
{
	const ap_tri answers[] = { answer->active, answer->scope, answer->client, answer->network };

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		ap_table_cell(table, tri_colour(answers[i]), ap_tri_name(answers[i]));
	if (!stands_in_status(&answer->why_active))
		why_line(context, table, report, "active", answer->active, &answer->why_active);
	why_line(context, table, report, "scope", answer->scope, &answer->why_scope);
	why_line(context, table, report, "client", answer->client, &answer->why_client);
	why_line(context, table, report, "network", answer->network, &answer->why_network);
}

static void write_policies(ap_context *context, const ap_test_report *report, const ap_trial *trial)
{
	ap_table *table = ap_table_new(context->arena, columns, sizeof(columns) / sizeof(columns[0]));
	ap_view view = ap_view_of(report->subject->image);

	for (size_t i = 0; i < trial->n_rows; i++) {
		const ap_trial_row *row = &trial->rows[i];

		ap_table_row(table);
		ap_table_cell(table, AP_BOLD, ap_view_string(&view, row->policy.name));
		ap_table_cell(table, AP_PLAIN, ap_policy_type_name(row->policy.type));
		ap_table_cell(table, AP_PLAIN, ap_policy_status_name(row->policy.status));
		if (!trial->evaluated)
			continue;
		answer_rows(context, table, report, &row->answer);
		ap_table_cell(table, result_colour(row), result_text(row));
	}
	ap_table_write(table, &context->screen);
	putchar('\n');
}

/* `"Name" (file:line)` */
static const char *policy_text(ap_context *context, const ap_subject *subject, const ap_image_policy *policy)
{
	ap_view view = ap_view_of(subject->image);

	return ap_format(context->arena, "\"%s\" (%s)",
			 ap_printable(context->arena, ap_view_string(&view, policy->name)),
			 ap_subject_place(context, subject, ap_view_string(&view, policy->file), policy->line));
}

static const char *reason_text(ap_context *context, const ap_subject *subject, const ap_decision *decision)
{
	ap_image_policy policy;
	const char *named;

	if (!ap_trial_decider(subject->image, decision, &policy))
		return "default: no policy denies this login, and no whitelist has a say in it";
	named = policy_text(context, subject, &policy);
	if (decision->reason == AP_REASON_UNDETERMINED)
		return ap_format(context->arena, "undetermined because of %s; the setting \"undetermined\" says %s",
				 named, ap_verdict_name(decision->verdict));
	return ap_format(context->arena, "%s by %s", ap_reason_name(decision->reason), named);
}

static void decision_line(ap_context *context, ap_colour colour, const char *word, const char *text)
{
	size_t width = ap_width(word);
	size_t indent = width < DECISION_INDENT ? DECISION_INDENT : width + 2;

	ap_paint(&context->screen, colour, word, strlen(word));
	ap_blanks(indent - width);
	ap_paint_wrapped(&context->screen, AP_PLAIN, text, indent);
}

static void write_would(ap_context *context, const ap_subject *subject, const ap_decision *decision)
{
	ap_view view = ap_view_of(subject->image);

	for (size_t i = 0; i < decision->n_would; i++) {
		ap_image_policy policy = ap_view_policy(&view, decision->would[i].policy);

		decision_line(context, AP_YELLOW, "would",
			      ap_format(context->arena, "%s, %s, with the report-only %s",
					ap_verdict_name(decision->would[i].verdict),
					ap_reason_name(decision->would[i].reason),
					policy_text(context, subject, &policy)));
	}
}

static void write_decision(ap_context *context, const ap_test_report *report, const ap_trial *trial)
{
	const ap_subject *subject = report->subject;
	const char *message = ap_trial_message(context, subject->image, trial);

	if (!trial->evaluated) {
		decision_line(context, AP_YELLOW, "NOT EVALUATED",
			      ap_format(context->arena, "disabled: %s",
					policy_text(context, subject, &trial->rows[0].policy)));
		return;
	}
	decision_line(context, trial->decision.verdict == AP_ALLOW ? AP_GREEN : AP_RED,
		      trial->decision.verdict == AP_ALLOW ? "ALLOW" : "DENY",
		      reason_text(context, subject, &trial->decision));
	if (message != NULL)
		decision_line(context, AP_PLAIN, "",
			      ap_format(context->arena, "The user reads: %s", ap_printable(context->arena, message)));
	write_would(context, subject, &trial->decision);
}

void ap_test_report_text(ap_context *context, const ap_test_report *report)
{
	write_head(context, report);
	if (report->with_rest != NULL)
		fputs("The draft alone, as if it were enabled:\n\n", stdout);
	write_policies(context, report, report->trial);
	write_decision(context, report, report->trial);
	if (report->subject->set == NULL && !report->subject->earlier)
		ap_in_force_note_of(context, report->subject->image);
	if (report->with_rest == NULL)
		return;
	fputs("\nThe draft beside the rest:\n\n", stdout);
	write_policies(context, report, report->with_rest);
	write_decision(context, report, report->with_rest);
}
