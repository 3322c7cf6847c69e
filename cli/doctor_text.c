#include "doctor_report.h"
#include "report.h"
#include "table.h"

#include <string.h>

enum { SUMMARY_INDENT = 4, LABEL_COLUMNS = 20, NARROW_COLUMNS = 60 };

static const ap_column columns[] = {
	{ .title = "SERVICE" },
	{ .title = "FINDING" },
	{ .title = "WHERE", .wraps = true, .is_path = true, .moves_below = true },
};

/* By ap_finding_kind. */
static const ap_colour colours[] = { AP_RED, AP_RED, AP_YELLOW, AP_YELLOW };

static const char *place(ap_arena *arena, const ap_finding *finding)
{
	return finding->file != NULL ? ap_place_text(arena, finding->file, finding->line) : "";
}

static void write_findings(ap_context *context, const ap_finding_list *findings)
{
	ap_table *table = ap_table_new(context->arena, columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < findings->n; i++) {
		const ap_finding *finding = &findings->items[i];

		ap_table_row(table);
		ap_table_cell(table, AP_BOLD, finding->service);
		ap_table_cell(table, colours[finding->kind], ap_finding_kind_names[finding->kind]);
		ap_table_cell(table, AP_DIM, place(context->arena, finding));
		ap_table_detail(table, AP_PLAIN, "found", finding->what);
		ap_table_detail(table, AP_PLAIN, "why", finding->why);
		ap_table_detail(table, AP_PLAIN, "change", finding->change);
	}
	ap_table_write(table, &context->screen);
}

/* What each state of a service is called before the services of that state. */
static const struct {
	ap_colour colour;
	const char *label;
} states[] = {
	[AP_COVERAGE_WHOLE] = { AP_GREEN, "Ask the policy:     " },
	[AP_COVERAGE_PARTLY] = { AP_RED, "Ask it in part:     " },
	[AP_COVERAGE_DENIES] = { AP_GREEN, "Deny for Dovecot:   " },
	[AP_COVERAGE_BESIDE] = { AP_PLAIN, "Left to a passdb:   " },
	[AP_COVERAGE_NONE] = { AP_PLAIN, "Do not ask it:      " },
};

static void write_coverage(ap_context *context, const ap_doctor *doctor)
{
	bool narrow = context->screen.columns != 0 && context->screen.columns < NARROW_COLUMNS;

	for (size_t state = 0; state <= AP_COVERAGE_NONE; state++) {
		const char *names = "";

		for (size_t i = 0; i < doctor->coverage.n; i++) {
			const ap_coverage *item = &doctor->coverage.items[i];

			if (item->state == state && ap_doctor_asks_pam(doctor, item->service->name))
				names = ap_format(context->arena, "%s%s%s", names, names[0] != '\0' ? ", " : "",
						  ap_printable(context->arena, item->service->name));
		}
		if (names[0] != '\0')
			ap_paint_pieces(context->arena, &context->screen,
					(const ap_piece[]){ { states[state].colour, states[state].label },
							    { AP_PLAIN, names } },
					2, narrow ? SUMMARY_INDENT : LABEL_COLUMNS);
	}
}

static void write_summary(ap_context *context, const ap_finding_list *findings)
{
	static const struct {
		const char *one, *many;
	} kinds[] = { { "way past the policy", "ways past the policy" },
		      { "lockout", "lockouts" },
		      { "message that is not read", "messages that are not read" },
		      { "thing not examined", "things not examined" } };
	const char *text = "", *verdict = findings->n == 0 ? "nothing found" : "";

	for (size_t kind = 0; kind <= AP_FINDING_UNCERTAIN; kind++) {
		size_t n = 0;

		for (size_t i = 0; i < findings->n; i++)
			n += findings->items[i].kind == kind ? 1 : 0;
		if (n > 0)
			text = ap_format(context->arena, "%s%s%s", text, text[0] != '\0' ? ", " : ": ",
					 ap_count_text(context->arena, n, kinds[kind].one, kinds[kind].many));
	}
	if (findings->n > 0)
		verdict = ap_count_text(context->arena, findings->n, "finding", "findings");
	ap_paint_pieces(context->arena, &context->screen,
			(const ap_piece[]){ { findings->n == 0 ? AP_GREEN : AP_RED, verdict }, { AP_PLAIN, text } }, 2,
			SUMMARY_INDENT);
}

void ap_doctor_report_text(ap_context *context, const ap_doctor_report *report)
{
	const ap_finding_list *findings = report->doctor->findings;

	if (findings->n > 0) {
		write_findings(context, findings);
		putchar('\n');
	}
	write_coverage(context, report->doctor);
	write_summary(context, findings);
}
