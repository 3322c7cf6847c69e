/*
 * The table for a person: a row for each user and address, a column for each client. A cell says allow or deny, and by
 * a number in brackets which of the notes below the table tells why: however long the names of policies are, the
 * table stays small. Where the terminal is too narrow, users stand above their rows; then the columns are written
 * some at a time; and where even one has no room beside an address, addresses stand above their rows as well.
 */
#include "../lib/login/explain.h"
#include "../lib/make/timestamp.h"
#include "decision_report.h"
#include "in_force.h"
#include "matrix.h"
#include "report.h"

#include <stdint.h>
#include <string.h>

enum { GAP = 2, ADDRESS_INDENT = 2, CELL_INDENT = 4, NO_NOTE = 0, NOTE_INDENT = 6 };

static const char member_title[] = "MEMBER", address_title[] = "ADDRESS";

/* Why cells say what they say. */
typedef struct {
	const ap_decision *decision;
	const char *text;
} note;

typedef struct {
	ap_context *context;
	const ap_matrix *matrix;
	const char **members;   /* of each row */
	const char **addresses; /* of each row */
	const char **clients;   /* of each column */
	size_t member_width;
	size_t address_width;
	note *notes; /* their numbers are their places and 1 */
	size_t n_notes;
	const char *plain_note; /* what a cell without a number means; NULL: there is none */
} sheet;

/* The answers of one table: of what was asked, or of everything with the draft. */
typedef struct {
	bool with_rest;
	const char **texts; /* of each login */
	size_t *widths;     /* of each column */
} grid;

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static const ap_matrix_answer *answer_of(const ap_matrix_login *login, bool with_rest)
{
	return with_rest ? &login->with_rest : &login->asked;
}

/*
 * Who, from where, with what
 */

static const char *or_quotes(const char *text)
{
	return text[0] != '\0' ? text : "\"\"";
}

static bool is_ip(const ap_address *address)
{
	return address->family == AP_ADDRESS_IPV4 || address->family == AP_ADDRESS_IPV6;
}

static bool is_same_address(const ap_address *a, const ap_address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* The address that all logins of the row have; NULL where they have none, or differ, as without --ip they may. */
static const ap_address *address_of(const ap_matrix *matrix, const ap_matrix_row *row)
{
	const ap_address *address = &matrix->logins[row->first].request.address;

	if (!is_ip(address) && !row->at_machine)
		return NULL;
	for (size_t i = row->first; i != SIZE_MAX; i = matrix->logins[i].next)
		if (!is_same_address(&matrix->logins[i].request.address, address))
			return NULL;
	return address;
}

/* "203.0.113.9 (CN)", "local"; what was given where that is no address. */
static const char *address_text(const sheet *s, const ap_matrix_row *row)
{
	const ap_address *address = address_of(s->matrix, row);
	ap_view view = ap_view_of(s->matrix->question.subject->image);
	char text[AP_ADDRESS_TEXT_MAX];
	const char *region;

	if (address == NULL && row->rhost != NULL && row->rhost[0] != '\0')
		return ap_printable(s->context->arena, row->rhost);
	if (address == NULL)
		return "no address";
	region = ap_view_region_of(&view, address);
	ap_address_format(address, text);
	return region != NULL ? ap_format(s->context->arena, "%s (%s)", text, region)
			      : ap_arena_strdup(s->context->arena, text);
}

static bool same_or_both_null(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_service_common(const ap_matrix *matrix)
{
	for (size_t i = 1; i < matrix->n_columns; i++)
		if (!same_or_both_null(matrix->columns[i].service, matrix->columns[0].service))
			return false;
	return true;
}

static bool is_client_common(const ap_matrix *matrix)
{
	for (size_t i = 1; i < matrix->n_columns; i++)
		if (!same_or_both_null(matrix->columns[i].client, matrix->columns[0].client))
			return false;
	return true;
}

static const char *column_text(const sheet *s, const ap_matrix_column *column, bool common_service, bool common_client)
{
	ap_arena *arena = s->context->arena;
	const char *client = column->client != NULL ? ap_printable(arena, column->client) : NULL;
	const char *service = column->service != NULL ? ap_printable(arena, or_quotes(column->service)) : NULL;

	if (client == NULL && service == NULL)
		return common_service ? "DECISION" : "no service";
	if (client == NULL || (service != NULL && common_client && !common_service))
		return service;
	if (service == NULL || common_service)
		return client;
	return ap_format(arena, "%s %s", client, service);
}

static void name_rows(sheet *s)
{
	const ap_matrix *matrix = s->matrix;
	ap_arena *arena = s->context->arena;

	s->members = ap_arena_alloc(arena, (matrix->n_rows + 1) * sizeof(*s->members));
	s->addresses = ap_arena_alloc(arena, (matrix->n_rows + 1) * sizeof(*s->addresses));
	s->member_width = strlen(member_title);
	s->address_width = strlen(address_title);
	for (size_t i = 0; i < matrix->n_rows; i++) {
		const ap_matrix_row *row = &matrix->rows[i];

		s->members[i] = or_quotes(ap_printable(arena, matrix->logins[row->first].request.member.text));
		s->addresses[i] = address_text(s, row);
		s->member_width = larger(s->member_width, ap_width(s->members[i]));
		s->address_width = larger(s->address_width, ap_width(s->addresses[i]));
	}
}

static void name_columns(sheet *s)
{
	const ap_matrix *matrix = s->matrix;
	bool common_service = is_service_common(matrix), common_client = is_client_common(matrix);

	s->clients = ap_arena_alloc(s->context->arena, (matrix->n_columns + 1) * sizeof(*s->clients));
	for (size_t i = 0; i < matrix->n_columns; i++)
		s->clients[i] = column_text(s, &matrix->columns[i], common_service, common_client);
}

/*
 * What stands above the tables
 */

static bool found_alike(const ap_request *a, const ap_request *b)
{
	return a->client == b->client && a->client_source == b->client_source &&
	       (a->client_source != AP_CLIENT_HINTED || a->hint == b->hint);
}

/* Which client type a service is: one, or several where that hangs on the address. */
static void write_clients_of(const sheet *s, size_t column, const char **label)
{
	const ap_matrix *matrix = s->matrix;
	const char *service = matrix->columns[column].service;
	const ap_request **told = NULL;
	size_t n_told = 0;

	for (size_t i = matrix->columns[column].first; i < matrix->n_logins; i++) {
		const ap_request *request = &matrix->logins[i].request;
		bool known = matrix->logins[i].column != column;
		const char *text;

		for (size_t j = 0; j < n_told && !known; j++)
			known = found_alike(told[j], request);
		if (known)
			continue;
		*AP_PUSH(s->context->arena, told, n_told) = request;
		text = ap_client_text(s->context, matrix->question.subject, request);
		ap_report_head(s->context, *label,
			       service != NULL ? ap_format(s->context->arena, "%s is %s", or_quotes(service), text)
					       : text);
		*label = "";
	}
}

static void write_clients(const sheet *s)
{
	const ap_matrix *matrix = s->matrix;
	const char *label = "Client";

	for (size_t i = 0; i < matrix->n_columns; i++)
		if (matrix->columns[i].client == NULL)
			write_clients_of(s, i, &label);
}

/* What the table's columns leave out, as it is the same in all of them. */
static void write_common(const sheet *s)
{
	const ap_matrix_column *first = &s->matrix->columns[0];
	bool several = s->matrix->n_columns > 1;

	if (first->client != NULL && several && is_client_common(s->matrix))
		ap_report_head(s->context, "Client", ap_format(s->context->arena, "%s: given", first->client));
	if (first->client != NULL && first->service != NULL && is_service_common(s->matrix))
		ap_report_head(s->context, "Service", first->service);
}

static bool is_told_before(const ap_matrix *matrix, size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (same_or_both_null(matrix->rows[i].rhost, matrix->rows[row].rhost))
			return true;
	return false;
}

/* What was given for an address and is none. */
static void write_illegible(const sheet *s)
{
	const ap_matrix *matrix = s->matrix;
	const char *label = "Address";

	for (size_t i = 0; i < matrix->n_rows; i++) {
		const ap_request *request = &matrix->logins[matrix->rows[i].first].request;
		char why[AP_EXPLAIN_MAX];

		if (request->address_source != AP_ADDRESS_ILLEGIBLE || is_told_before(matrix, i))
			continue;
		ap_report_head(
			s->context, label,
			ap_format(s->context->arena, "unknown: %s", ap_explain_address(request, why, sizeof(why))));
		label = "";
	}
}

static void write_head(const sheet *s)
{
	const ap_matrix_question *question = &s->matrix->question;
	ap_view view = ap_view_of(question->subject->image);
	char time[AP_TIMESTAMP_TEXT_MAX];

	write_illegible(s);
	write_common(s);
	write_clients(s);
	ap_report_head(s->context, "Time", ap_timestamp_format_local(s->matrix->logins[0].request.facts.now, time));
	ap_report_head(s->context, "Asked", ap_subject_text(s->context, question->subject));
	if (question->only != AP_NONE && !question->with_rest) {
		ap_image_policy policy = ap_view_policy(&view, question->only);

		ap_report_head(s->context, "Policy",
			       ap_format(s->context->arena, "%s alone",
					 ap_policy_text(s->context, question->subject, &policy)));
	}
	if (question->before != NULL)
		ap_report_head(s->context, "Compared",
			       ap_format(s->context->arena, "with %s", ap_subject_text(s->context, question->before)));
	putchar('\n');
}

/*
 * Notes
 */

static bool is_same_decision(const ap_decision *a, const ap_decision *b)
{
	if (a->verdict != b->verdict || a->reason != b->reason || a->policy != b->policy || a->n_would != b->n_would)
		return false;
	for (size_t i = 0; i < a->n_would; i++)
		if (a->would[i].policy != b->would[i].policy || a->would[i].reason != b->would[i].reason)
			return false;
	return true;
}

static const char *note_text(const sheet *s, const ap_decision *decision)
{
	const ap_subject *subject = s->matrix->question.subject;
	const char *text = ap_reason_text(s->context, subject, decision);

	for (size_t i = 0; i < decision->n_would; i++)
		text = ap_format(s->context->arena, "%s; would %s", text,
				 ap_would_text(s->context, subject, &decision->would[i]));
	return text;
}

/* The number of the note that tells why; none where there is nothing to tell. */
static size_t note_of(sheet *s, const ap_decision *decision)
{
	if (decision->reason == AP_REASON_DEFAULT && decision->n_would == 0) {
		s->plain_note = note_text(s, decision);
		return NO_NOTE;
	}
	for (size_t i = 0; i < s->n_notes; i++)
		if (is_same_decision(s->notes[i].decision, decision))
			return i + 1;
	*AP_PUSH(s->context->arena, s->notes, s->n_notes) =
		(note){ .decision = decision, .text = note_text(s, decision) };
	return s->n_notes;
}

static size_t n_differing(const sheet *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->matrix->n_logins; i++)
		n += ap_matrix_differs(s->matrix, &s->matrix->logins[i]);
	return n;
}

static void write_note(const sheet *s, const char *label, size_t width, const char *text)
{
	ap_paint(&s->context->screen, AP_BOLD, label, strlen(label));
	ap_blanks(width - ap_width(label) + GAP);
	ap_paint_wrapped(&s->context->screen, AP_PLAIN, text, width + GAP);
}

static void write_notes(const sheet *s)
{
	const ap_matrix_question *question = &s->matrix->question;
	const char *last = ap_format(s->context->arena, "[%zu]", s->n_notes);
	size_t width = larger(ap_width(last), s->plain_note != NULL ? strlen("allow") : 0);

	if (s->plain_note != NULL)
		write_note(s, "allow", width, s->plain_note);
	for (size_t i = 0; i < s->n_notes; i++)
		write_note(s, ap_format(s->context->arena, "[%zu]", i + 1), width, s->notes[i].text);
	if (n_differing(s) > 0)
		write_note(s, "*", width,
			   question->before->set == NULL ? "what is in force decides otherwise"
							 : "the files without the draft decide otherwise");
	putchar('\n');
}

/*
 * Tables
 */

static const char *cell_text(sheet *s, const ap_matrix_login *login, bool with_rest)
{
	const ap_decision *decision = &answer_of(login, with_rest)->decision;
	size_t number = note_of(s, decision);
	const char *text = ap_verdict_name(decision->verdict);
	bool marked = with_rest == s->matrix->question.with_rest && ap_matrix_differs(s->matrix, login);

	if (number != NO_NOTE)
		text = ap_format(s->context->arena, "%s [%zu]", text, number);
	return marked ? ap_format(s->context->arena, "%s *", text) : text;
}

static grid fill(sheet *s, bool with_rest)
{
	const ap_matrix *matrix = s->matrix;
	ap_arena *arena = s->context->arena;
	grid g = { .with_rest = with_rest,
		   .texts = ap_arena_alloc(arena, (matrix->n_logins + 1) * sizeof(*g.texts)),
		   .widths = ap_arena_alloc(arena, (matrix->n_columns + 1) * sizeof(*g.widths)) };

	for (size_t i = 0; i < matrix->n_columns; i++)
		g.widths[i] = ap_width(s->clients[i]);
	for (size_t i = 0; i < matrix->n_logins; i++) {
		const ap_matrix_login *login = &matrix->logins[i];

		g.texts[i] = cell_text(s, login, with_rest);
		g.widths[login->column] = larger(g.widths[login->column], ap_width(g.texts[i]));
	}
	return g;
}

typedef struct {
	bool users_above;
	bool addresses_above;
	size_t lead;      /* the columns before those of the cells, without the gap */
	size_t *widths;   /* of the cells' columns */
	size_t available; /* the terminal's columns; 0: there is none */
} layout;

/* The terminal's columns are taken by the widest layout that there is room for. */
static layout layout_for(const sheet *s, const grid *g)
{
	size_t columns = s->context->screen.columns, n_columns = s->matrix->n_columns, widest = 0, all = 0;
	layout l = { .lead = s->member_width + GAP + s->address_width, .widths = g->widths, .available = columns };

	for (size_t i = 0; i < n_columns; i++) {
		widest = larger(widest, g->widths[i]);
		all += GAP + g->widths[i];
	}
	if (columns == 0 || l.lead + all <= columns)
		return l;
	l.users_above = true;
	l.lead = ADDRESS_INDENT + s->address_width;
	if (l.lead + GAP + widest <= columns)
		return l;
	l.addresses_above = true;
	l.lead = CELL_INDENT - GAP;
	for (size_t i = 0; i < n_columns; i++)
		if (l.widths[i] > columns - CELL_INDENT)
			l.widths[i] = columns - CELL_INDENT;
	return l;
}

/* How many columns from `first` on have room beside each other; at least one. */
static size_t end_of_band(const sheet *s, const layout *l, size_t first)
{
	size_t used = l->lead;
	size_t end = first;

	while (end < s->matrix->n_columns &&
	       (end == first || l->available == 0 || used + GAP + l->widths[end] <= l->available))
		used += GAP + l->widths[end++];
	return end;
}

/* Writes text at a column of the line, and moves on to behind it. */
static void put(const sheet *s, size_t *column, size_t at, ap_colour colour, const char *text, size_t length)
{
	const char *piece = ap_arena_strndup(s->context->arena, text, length);

	if (length == 0)
		return;
	ap_blanks(at - *column);
	ap_paint(&s->context->screen, colour, piece, length);
	*column = at + ap_width(piece);
}

/* One line of each of the band's titles, which move on; false once nothing is left of any. */
static bool write_titles(const sheet *s, const layout *l, const char **titles, size_t first, size_t end, size_t *column)
{
	size_t at = l->lead + GAP;
	bool more = false;

	for (size_t i = first; i < end; i++) {
		size_t next;
		size_t length = ap_wrap(titles[i], l->widths[i], ' ', &next);

		put(s, column, at, AP_BOLD, titles[i], length);
		titles[i] += next;
		more = more || titles[i][0] != '\0';
		at += l->widths[i] + GAP;
	}
	putchar('\n');
	*column = 0;
	return more;
}

static void write_heading(const sheet *s, const layout *l, size_t first, size_t end)
{
	const ap_screen *screen = &s->context->screen;
	const char **titles = ap_arena_alloc(s->context->arena, (s->matrix->n_columns + 1) * sizeof(*titles));
	size_t column = 0;

	memcpy(titles, s->clients, s->matrix->n_columns * sizeof(*titles));
	if (l->users_above)
		ap_paint_wrapped(screen, AP_BOLD, member_title, 0);
	else
		put(s, &column, 0, AP_BOLD, member_title, strlen(member_title));
	if (l->addresses_above) {
		ap_blanks(ADDRESS_INDENT);
		ap_paint_wrapped(screen, AP_BOLD, address_title, ADDRESS_INDENT);
	} else {
		put(s, &column, l->users_above ? ADDRESS_INDENT : s->member_width + GAP, AP_BOLD, address_title,
		    strlen(address_title));
	}
	while (write_titles(s, l, titles, first, end, &column))
		;
}

/* The row's logins by column; false where the band has none of them. */
static bool collect(const sheet *s, const ap_matrix_row *row, const ap_matrix_login **cells, size_t first, size_t end)
{
	const ap_matrix *matrix = s->matrix;
	bool any = false;

	memset(cells, 0, matrix->n_columns * sizeof(*cells));
	for (size_t i = row->first; i != SIZE_MAX; i = matrix->logins[i].next) {
		size_t column = matrix->logins[i].column;

		cells[column] = &matrix->logins[i];
		any = any || (column >= first && column < end);
	}
	return any;
}

static void write_cells(const sheet *s, const grid *g, const layout *l, const ap_matrix_login *const *cells,
			size_t first, size_t end, size_t column)
{
	size_t at = l->lead + GAP;

	for (size_t i = first; i < end; i++) {
		if (cells[i] != NULL) {
			const char *text = g->texts[cells[i] - s->matrix->logins];
			bool allowed = answer_of(cells[i], g->with_rest)->decision.verdict == AP_ALLOW;

			put(s, &column, at, allowed ? AP_GREEN : AP_RED, text, strlen(text));
		}
		at += l->widths[i] + GAP;
	}
	putchar('\n');
}

/* What stands before a row's cells: the user once, above or before the first of his rows, and the address. */
static size_t write_origin(const sheet *s, const layout *l, size_t row, bool is_new_user)
{
	const ap_screen *screen = &s->context->screen;
	const char *member = s->members[row], *address = s->addresses[row];
	size_t column = 0;

	if (is_new_user && l->users_above)
		ap_paint_wrapped(screen, AP_PLAIN, member, 0);
	else if (is_new_user)
		put(s, &column, 0, AP_PLAIN, member, strlen(member));
	if (l->addresses_above) {
		ap_blanks(ADDRESS_INDENT);
		ap_paint_wrapped(screen, AP_PLAIN, address, ADDRESS_INDENT);
		return column;
	}
	put(s, &column, l->users_above ? ADDRESS_INDENT : s->member_width + GAP, AP_PLAIN, address, strlen(address));
	return column;
}

static void write_band(const sheet *s, const grid *g, const layout *l, size_t first, size_t end)
{
	const ap_matrix *matrix = s->matrix;
	const ap_matrix_login **cells = ap_arena_alloc(s->context->arena, (matrix->n_columns + 1) * sizeof(*cells));
	size_t before = SIZE_MAX;

	write_heading(s, l, first, end);
	for (size_t i = 0; i < matrix->n_rows; i++) {
		const ap_matrix_row *row = &matrix->rows[i];

		if (!collect(s, row, cells, first, end))
			continue;
		write_cells(
			s, g, l, cells, first, end,
			write_origin(s, l, i, before == SIZE_MAX || strcmp(matrix->rows[before].user, row->user) != 0));
		before = i;
	}
	putchar('\n');
}

static void write_grid(const sheet *s, const grid *g)
{
	layout l = layout_for(s, g);

	for (size_t first = 0, end; first < s->matrix->n_columns; first = end) {
		end = end_of_band(s, &l, first);
		write_band(s, g, &l, first, end);
	}
}

/*
 * What stands below
 */

static size_t n_denied(const ap_matrix *matrix, bool with_rest)
{
	size_t n = 0;

	for (size_t i = 0; i < matrix->n_logins; i++)
		n += answer_of(&matrix->logins[i], with_rest)->decision.verdict != AP_ALLOW;
	return n;
}

static void write_count(const sheet *s, bool with_rest, const char *by)
{
	size_t n = s->matrix->n_logins, denied = n_denied(s->matrix, with_rest);
	ap_arena *arena = s->context->arena;
	const char *count = denied == 0 || denied == n ? "all" : ap_format(arena, "%zu", denied);
	const char *text = ap_format(arena, "%s of %s%s", count, ap_count_text(arena, n, "login", "logins"), by);

	ap_report_verdict(s->context, denied == 0 ? AP_GREEN : AP_RED, denied == 0 ? "ALLOW" : "DENY", text);
}

static void write_would(const sheet *s, bool with_rest)
{
	const ap_matrix *matrix = s->matrix;
	size_t n = 0;

	for (size_t i = 0; i < matrix->n_logins; i++)
		n += answer_of(&matrix->logins[i], with_rest)->decision.n_would > 0;
	if (n > 0)
		ap_report_verdict(s->context, AP_YELLOW, "would",
				  ap_format(s->context->arena, "change with a report-only policy: %zu of %s", n,
					    ap_count_text(s->context->arena, matrix->n_logins, "login", "logins")));
}

static const char *differing_text(const sheet *s)
{
	const ap_subject *before = s->matrix->question.before;
	size_t n = n_differing(s);

	if (before == NULL)
		return ", beside the rest";
	return ap_format(s->context->arena, ", beside the rest; %s otherwise than %s",
			 n > 0 ? ap_format(s->context->arena, "%zu", n) : "none",
			 before->set == NULL ? "what is in force" : "without the draft");
}

static void write_before_fault(const sheet *s)
{
	const char *text = ap_format(s->context->arena, ": not compared with what is in force: %s",
				     ap_printable(s->context->arena, s->matrix->question.before_fault));

	ap_paint_pieces(s->context->arena, &s->context->screen,
			(const ap_piece[]){ { AP_YELLOW, "note" }, { AP_PLAIN, text } }, 2, NOTE_INDENT);
}

static void write_closing(const sheet *s)
{
	const ap_matrix_question *question = &s->matrix->question;

	if (question->with_rest) {
		write_count(s, false, ", by the draft alone");
		write_count(s, true, differing_text(s));
	} else {
		write_count(s, false, question->only != AP_NONE ? ", by the policy alone" : "");
	}
	write_would(s, question->with_rest);
	if (question->before_fault != NULL)
		write_before_fault(s);
	if (question->subject->set == NULL && !question->subject->earlier)
		ap_in_force_note_of(s->context, question->subject->image);
	else if (question->before != NULL && question->before->set == NULL)
		ap_in_force_note_of(s->context, question->before->image);
}

static void write_unevaluated(const sheet *s)
{
	const ap_matrix_question *question = &s->matrix->question;
	ap_view view = ap_view_of(question->subject->image);
	ap_image_policy policy = ap_view_policy(&view, question->only);

	ap_report_verdict(
		s->context, AP_YELLOW, "NOT EVALUATED",
		ap_format(s->context->arena, "disabled: %s", ap_policy_text(s->context, question->subject, &policy)));
}

void ap_matrix_text(ap_context *context, const ap_matrix *matrix)
{
	sheet s = { .context = context, .matrix = matrix };
	grid asked, rest = { 0 };

	if (matrix->n_logins == 0)
		return;
	name_rows(&s);
	name_columns(&s);
	write_head(&s);
	if (!matrix->logins[0].asked.evaluated) {
		write_unevaluated(&s);
		return;
	}
	asked = fill(&s, false);
	if (matrix->question.with_rest) {
		rest = fill(&s, true);
		fputs("The draft alone, as if it were enabled:\n\n", stdout);
	}
	write_grid(&s, &asked);
	if (matrix->question.with_rest) {
		fputs("The draft beside the rest:\n\n", stdout);
		write_grid(&s, &rest);
	}
	write_notes(&s);
	write_closing(&s);
}
