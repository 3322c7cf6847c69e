/*
 * A test for a person: what was asked, a row for each policy with the reasons below it, and last, where the eye
 * rests at the prompt, the decision.
 */
#include "../lib/login/explain.h"
#include "../lib/make/timestamp.h"
#include "decision_report.h"
#include "in_force.h"
#include "inquiry.h"
#include "region_text.h"
#include "report.h"
#include "table.h"

#include <string.h>

static const ap_column narrow_columns[] = {
	{ .title = "POLICY", .wraps = true, .stacks = true },
	{ .title = "TYPE" },
	{ .title = "STATUS" },
	{ .title = "RESULT" },
};

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
		ap_report_head(context, "Region",
			       "unknown: no region database could be read; \"accesspolicy check\" says why");
	else
		ap_report_head(context, "Region",
			       ap_format(context->arena, "%s, by %s",
					 region_text(context, subject->image, &request->address), database));
}

static void write_head(ap_context *context, const ap_test_report *report)
{
	const ap_request *request = report->request;
	char time[AP_TIMESTAMP_TEXT_MAX];

	ap_report_head(context, "Member", member_text(context, request));
	ap_report_head(context, "Address", address_text(context, request));
	write_region(context, report->subject, request);
	ap_report_head(context, "Client", ap_client_text(context, report->subject, request));
	ap_report_head(context, "Time", ap_timestamp_format_local(request->facts.now, time));
	ap_report_head(context, "Asked", ap_subject_text(context, report->subject));
	putchar('\n');
}

static ap_colour tri_colour(ap_tri value)
{
	return value == AP_YES ? AP_GREEN : value == AP_NO ? AP_DIM : AP_YELLOW;
}

/* What becomes of it: a blacklist matters where it matches, a whitelist either way; "–" where the policy has no say. */
static const char *result_text(const ap_inquiry_row *row)
{
	if (row->answer.matches == AP_YES)
		return "matches";
	if (row->answer.fails == AP_YES)
		return row->policy.type == AP_POLICY_BLACKLIST ? "no match" : "fails";
	return row->answer.governs == AP_NO ? "–" : "unknown";
}

static ap_colour result_colour(const ap_inquiry_row *row)
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

static void begin_row(ap_table *table, ap_view *view, const ap_inquiry_row *row)
{
	ap_table_row(table);
	ap_table_cell(table, AP_BOLD, ap_view_string(view, row->policy.name));
	ap_table_cell(table, AP_PLAIN, ap_policy_type_name(row->policy.type));
	ap_table_cell(table, AP_PLAIN, ap_policy_status_name(row->policy.status));
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

static ap_table *wide_table(ap_context *context, const ap_test_report *report, const ap_inquiry *inquiry)
{
	ap_table *table = ap_table_new(context->arena, columns, sizeof(columns) / sizeof(columns[0]));
	ap_view view = ap_view_of(report->subject->image);

	for (size_t i = 0; i < inquiry->n_rows; i++) {
		const ap_inquiry_row *row = &inquiry->rows[i];

		begin_row(table, &view, row);
		if (!inquiry->evaluated)
			continue;
		answer_rows(context, table, report, &row->answer);
		ap_table_cell(table, result_colour(row), result_text(row));
	}
	return table;
}

static void answer_line(ap_context *context, ap_table *table, const ap_test_report *report, const char *label,
			ap_tri value, const ap_why *why)
{
	const char *text = ap_tri_name(value);
	char reason[AP_EXPLAIN_MAX];

	if (why->kind != AP_WHY_NONE && !stands_in_status(why))
		text = ap_format(context->arena, "%s: %s", text,
				 ap_explain_why(report->subject->image, report->request, why, reason, sizeof(reason)));
	ap_table_detail(table, tri_colour(value), label, text);
}

/* For a terminal that is too narrow for the other: the answers stand below each policy. */
static ap_table *narrow_table(ap_context *context, const ap_test_report *report, const ap_inquiry *inquiry)
{
	ap_table *table =
		ap_table_new(context->arena, narrow_columns, sizeof(narrow_columns) / sizeof(narrow_columns[0]));
	ap_view view = ap_view_of(report->subject->image);

	for (size_t i = 0; i < inquiry->n_rows; i++) {
		const ap_inquiry_row *row = &inquiry->rows[i];
		const ap_answer *answer = &row->answer;

		begin_row(table, &view, row);
		if (!inquiry->evaluated)
			continue;
		ap_table_cell(table, result_colour(row), result_text(row));
		answer_line(context, table, report, "active", answer->active, &answer->why_active);
		answer_line(context, table, report, "scope", answer->scope, &answer->why_scope);
		answer_line(context, table, report, "client", answer->client, &answer->why_client);
		answer_line(context, table, report, "network", answer->network, &answer->why_network);
	}
	return table;
}

static void write_policies(ap_context *context, const ap_test_report *report, const ap_inquiry *inquiry)
{
	ap_table *table = wide_table(context, report, inquiry);

	if (!ap_table_fits(table, &context->screen))
		table = narrow_table(context, report, inquiry);
	ap_table_write(table, &context->screen);
	putchar('\n');
}

static void write_would(ap_context *context, const ap_subject *subject, const ap_decision *decision)
{
	for (size_t i = 0; i < decision->n_would; i++)
		ap_report_verdict(context, AP_YELLOW, "would", ap_would_text(context, subject, &decision->would[i]));
}

static void write_decision(ap_context *context, const ap_test_report *report, const ap_inquiry *inquiry)
{
	const ap_subject *subject = report->subject;
	const char *message = ap_inquiry_message(context, subject->image, inquiry);

	if (!inquiry->evaluated) {
		ap_report_verdict(context, AP_YELLOW, "NOT EVALUATED",
				  ap_format(context->arena, "disabled: %s",
					    ap_policy_text(context, subject, &inquiry->rows[0].policy)));
		return;
	}
	ap_report_verdict(context, inquiry->decision.verdict == AP_ALLOW ? AP_GREEN : AP_RED,
			  inquiry->decision.verdict == AP_ALLOW ? "ALLOW" : "DENY",
			  ap_reason_text(context, subject, &inquiry->decision));
	if (message != NULL)
		ap_report_verdict(
			context, AP_PLAIN, "",
			ap_format(context->arena, "The user reads: %s", ap_printable(context->arena, message)));
	write_would(context, subject, &inquiry->decision);
}

void ap_test_report_text(ap_context *context, const ap_test_report *report)
{
	write_head(context, report);
	if (report->with_rest != NULL)
		fputs("The draft alone, as if it were enabled:\n\n", stdout);
	write_policies(context, report, report->inquiry);
	write_decision(context, report, report->inquiry);
	if (report->subject->set == NULL && !report->subject->earlier)
		ap_in_force_note_of(context, report->subject->image);
	if (report->with_rest == NULL)
		return;
	fputs("\nThe draft beside the rest:\n\n", stdout);
	write_policies(context, report, report->with_rest);
	write_decision(context, report, report->with_rest);
}
