#include "matrix.h"

#include "../lib/login/nss.h"
#include "nss_cache.h"
#include "report.h"

#include <stdint.h>
#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_row_of(const ap_matrix_row *row, const ap_facts *facts)
{
	return row->at_machine == facts->at_machine && same_text(row->rhost, facts->rhost) &&
	       same_text(row->user, facts->user);
}

static bool is_column_of(const ap_matrix_column *column, const ap_facts *facts)
{
	return same_text(column->client, facts->client) && same_text(column->service, facts->service);
}

/* Logins come row by row as a rule: the search begins where the last one ended. */
static size_t row_of(ap_context *context, ap_matrix *matrix, const ap_facts *facts, size_t hint)
{
	ap_matrix_row *added;

	for (size_t i = 0; i < matrix->n_rows; i++) {
		size_t at = (hint + i) % matrix->n_rows;

		if (is_row_of(&matrix->rows[at], facts))
			return at;
	}
	added = AP_PUSH(context->arena, matrix->rows, matrix->n_rows);
	*added = (ap_matrix_row){ .user = facts->user,
				  .rhost = facts->rhost,
				  .at_machine = facts->at_machine,
				  .first = SIZE_MAX,
				  .last = SIZE_MAX };
	return matrix->n_rows - 1;
}

static size_t column_of(ap_context *context, ap_matrix *matrix, const ap_facts *facts, size_t hint)
{
	ap_matrix_column *added;

	for (size_t i = 0; i < matrix->n_columns; i++) {
		size_t at = (hint + i) % matrix->n_columns;

		if (is_column_of(&matrix->columns[at], facts))
			return at;
	}
	added = AP_PUSH(context->arena, matrix->columns, matrix->n_columns);
	*added = (ap_matrix_column){ .client = facts->client, .service = facts->service, .first = SIZE_MAX };
	return matrix->n_columns - 1;
}

static bool is_asked(const ap_matrix *matrix, size_t row, size_t column)
{
	for (size_t i = matrix->rows[row].first; i != SIZE_MAX; i = matrix->logins[i].next)
		if (matrix->logins[i].column == column)
			return true;
	return false;
}

/* The login's place in the table; false where one that is alike has it. */
static bool place(ap_context *context, ap_matrix *matrix, const ap_facts *facts, ap_matrix_login *login)
{
	const ap_matrix_login *before = matrix->n_logins > 0 ? &matrix->logins[matrix->n_logins - 1] : NULL;
	ap_matrix_row *row;

	login->row = row_of(context, matrix, facts, before != NULL ? before->row : 0);
	login->column = column_of(context, matrix, facts, before != NULL ? before->column + 1 : 0);
	login->next = SIZE_MAX;
	if (is_asked(matrix, login->row, login->column))
		return false;
	row = &matrix->rows[login->row];
	if (row->last != SIZE_MAX)
		matrix->logins[row->last].next = matrix->n_logins;
	else
		row->first = matrix->n_logins;
	row->last = matrix->n_logins;
	if (matrix->columns[login->column].first == SIZE_MAX)
		matrix->columns[login->column].first = matrix->n_logins;
	return true;
}

static bool is_disabled(const ap_image *image, uint32_t number)
{
	ap_view view = ap_view_of(image);

	return ap_view_policy(&view, number).status == AP_POLICY_DISABLED;
}

static ap_status answer(const ap_subject *subject, ap_request *request, uint32_t only, ap_matrix_answer *ret_answer,
			ap_error *error)
{
	const ap_evaluate_options options = { .only = only };

	ret_answer->evaluated = only == AP_NONE || !is_disabled(subject->image, only);
	if (!ret_answer->evaluated)
		return AP_OK;
	return ap_evaluate(subject->image, request, &options, &ret_answer->decision, error);
}

/* What is in force may lack a client type that the draft brings along; then there is no decision to compare. */
static ap_status answer_before(const ap_matrix *matrix, const ap_facts *facts, ap_matrix_login *login, ap_error *error)
{
	const ap_subject *before = matrix->question.before;
	ap_view view = ap_view_of(before->image);
	ap_request request;
	ap_status status;

	if (facts->client != NULL && ap_view_find_client(&view, facts->client) == AP_NONE)
		return AP_OK;
	status = ap_request_init(&request, before->image, facts, error);
	if (status != AP_OK)
		return status;
	status = answer(before, &request, AP_NONE, &login->before, error);
	ap_request_clear(&request);
	return status;
}

static ap_status decide(const ap_matrix *matrix, const ap_facts *facts, ap_matrix_login *login, ap_error *error)
{
	const ap_matrix_question *question = &matrix->question;
	const ap_subject *subject = question->subject;
	ap_status status = ap_request_init(&login->request, subject->image, facts, error);

	if (status == AP_OK)
		status = answer(subject, &login->request, question->only, &login->asked, error);
	if (status == AP_OK && question->with_rest)
		status = answer(subject, &login->request, AP_NONE, &login->with_rest, error);
	if (status == AP_OK && question->before != NULL)
		status = answer_before(matrix, facts, login, error);
	ap_account_clear(&login->request.account); /* its groups may be many, and were asked by this cache */
	return status;
}

static ap_status decide_all(ap_context *context, ap_matrix *matrix, const ap_facts *logins, size_t n, const ap_nss *nss,
			    ap_error *error)
{
	ap_status status = AP_OK;

	for (size_t i = 0; i < n && status == AP_OK; i++) {
		ap_matrix_login *login = &matrix->logins[matrix->n_logins];
		ap_facts facts = logins[i];

		facts.nss = nss;
		if (!place(context, matrix, &facts, login))
			continue;
		matrix->n_logins++; /* even of one that failed there is something to clear */
		status = decide(matrix, &facts, login, error);
	}
	return status;
}

bool ap_matrix_decide(ap_context *context, const ap_matrix_question *question, const ap_facts *logins, size_t n,
		      ap_matrix *ret_matrix)
{
	ap_matrix matrix = { .question = *question,
			     .logins = ap_arena_alloc(context->arena, (n + 1) * sizeof(*matrix.logins)) };
	ap_error error = { 0 };
	ap_status status = decide_all(context, &matrix, logins, n, ap_nss_cache_begin(&ap_nss_system), &error);

	ap_nss_cache_end();
	memset(ret_matrix, 0, sizeof(*ret_matrix));
	if (status != AP_OK) {
		ap_report_error(context, &error);
		ap_matrix_clear(&matrix);
		return false;
	}
	*ret_matrix = matrix;
	return true;
}

void ap_matrix_clear(ap_matrix *matrix)
{
	for (size_t i = 0; i < matrix->n_logins; i++) {
		ap_matrix_login *login = &matrix->logins[i];

		ap_request_clear(&login->request);
		ap_decision_clear(&login->asked.decision);
		ap_decision_clear(&login->with_rest.decision);
		ap_decision_clear(&login->before.decision);
	}
	memset(matrix, 0, sizeof(*matrix));
}

bool ap_matrix_allows_all(const ap_matrix *matrix)
{
	for (size_t i = 0; i < matrix->n_logins; i++) {
		const ap_matrix_answer *asked = &matrix->logins[i].asked;

		if (!asked->evaluated || asked->decision.verdict != AP_ALLOW)
			return false;
	}
	return matrix->n_logins > 0;
}

bool ap_matrix_differs(const ap_matrix *matrix, const ap_matrix_login *login)
{
	const ap_matrix_answer *now = matrix->question.with_rest ? &login->with_rest : &login->asked;

	return matrix->question.before != NULL && now->evaluated && login->before.evaluated &&
	       now->decision.verdict != login->before.decision.verdict;
}
