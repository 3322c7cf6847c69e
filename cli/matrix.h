/*
 * matrix.h - many logins at once: who gets in, from where, with what. Logins in, a table out.
 *
 * A row is a user and an address, a column a client type and a service. Not each need have been asked: a list of any
 * logins has as many rows and columns as it takes.
 */
#ifndef AP_MATRIX_H
#define AP_MATRIX_H

#include "subject.h"

#include <stdbool.h>
#include <stddef.h>

enum { AP_MATRIX_MOST_LOGINS = 10000 };

typedef struct {
	const ap_subject *subject; /* what is asked */
	uint32_t only;             /* this policy alone decides: one that was named, or the draft; AP_NONE: all do */
	bool with_rest;            /* with `only`, a draft: besides, what all decide with it */
	/* What decides logins now, for the decisions to be held against (ap_subject_open_before); may be NULL. */
	const ap_subject *before;
	const char *before_fault; /* why there is no such; NULL: nobody wants to know */
} ap_matrix_question;

typedef struct {
	bool evaluated; /* false: by a disabled policy alone, or the client type does not exist before */
	ap_decision decision;
} ap_matrix_answer;

typedef struct {
	ap_request request; /* as it is before the question's subject */
	ap_matrix_answer asked;
	ap_matrix_answer with_rest; /* with question.with_rest */
	ap_matrix_answer before;    /* with question.before */
	size_t row, column;
	size_t next; /* the next login of the row, or SIZE_MAX */
} ap_matrix_login;

typedef struct {
	const char *user;
	const char *rhost; /* as given, NULL: none */
	bool at_machine;
	size_t first; /* its first login */
	size_t last;
} ap_matrix_row;

typedef struct {
	const char *client; /* as given, NULL: none */
	const char *service;
	size_t first; /* its first login */
} ap_matrix_column;

typedef struct {
	ap_matrix_question question;
	ap_matrix_login *logins; /* in the order of the question */
	size_t n_logins;
	ap_matrix_row *rows; /* in the order in which they were first asked for, as the next */
	size_t n_rows;
	ap_matrix_column *columns;
	size_t n_columns;
} ap_matrix;

/*
 * Decides over each of `n` logins, at most AP_MATRIX_MOST_LOGINS; of those that are alike in user, address, client type
 * and service the first counts. Their `nss` is not looked at: the name services are asked once for each account and
 * group. The client types must exist in the subject's image. True with *ret_matrix filled, which borrows what the
 * question and the logins point to, its arrays in the context's arena; free with ap_matrix_clear. False after the error
 * was reported, status AP_EXIT_POLICY, with nothing to clear.
 */
bool ap_matrix_decide(ap_context *context, const ap_matrix_question *question, const ap_facts *logins, size_t n,
		      ap_matrix *ret_matrix);

void ap_matrix_clear(ap_matrix *matrix);

/* True if each login was evaluated and is allowed: by the policy alone where the question has one. */
bool ap_matrix_allows_all(const ap_matrix *matrix);

/* With the rest where it was asked for, a login is decided otherwise than before. */
bool ap_matrix_differs(const ap_matrix *matrix, const ap_matrix_login *login);

/* Write the table to standard output. */
void ap_matrix_text(ap_context *context, const ap_matrix *matrix);
void ap_matrix_json(ap_context *context, const ap_matrix *matrix);

#endif
