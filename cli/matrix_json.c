#include "decision_report.h"
#include "in_force.h"
#include "jsontext.h"
#include "matrix.h"

static json_t *answer_json(ap_context *context, const ap_image *image, const ap_matrix_answer *answer)
{
	json_t *object = ap_json_object();

	ap_decision_json(context, image, answer->evaluated, &answer->decision, object);
	return object;
}

static json_t *login_json(ap_context *context, const ap_matrix *matrix, const ap_matrix_login *login)
{
	const ap_matrix_question *question = &matrix->question;
	const ap_image *image = question->subject->image;
	ap_view view = ap_view_of(image);
	json_t *object = answer_json(context, image, &login->asked);
	bool compared = question->before != NULL && login->before.evaluated;

	ap_json_set(object, "region", ap_json_text(context->arena, ap_view_region_of(&view, &login->request.address)));
	ap_json_set(object, "request", ap_request_json(context, image, &login->request));
	ap_json_set(object, "with_rest",
		    question->with_rest ? answer_json(context, image, &login->with_rest) : json_null());
	ap_json_set(object, "before",
		    compared ? answer_json(context, question->before->image, &login->before) : json_null());
	ap_json_set(object, "differs", compared ? json_boolean(ap_matrix_differs(matrix, login)) : json_null());
	return object;
}

static json_t *before_json(ap_context *context, const ap_matrix_question *question)
{
	json_t *object;

	if (question->before == NULL && question->before_fault == NULL)
		return json_null();
	object = ap_json_object();
	ap_json_set(object, "asked",
		    ap_json_text(context->arena, question->before == NULL        ? NULL
						 : question->before->set != NULL ? "files"
										 : "image"));
	ap_json_set(object, "revision",
		    ap_json_text(context->arena, question->before != NULL
							 ? ap_subject_revision(context->arena, question->before)
							 : NULL));
	ap_json_set(object, "error", ap_json_text(context->arena, question->before_fault));
	return object;
}

void ap_matrix_json(ap_context *context, const ap_matrix *matrix)
{
	const ap_subject *subject = matrix->question.subject;
	json_t *object = ap_json_object();
	json_t *logins = ap_json_array();
	json_int_t n_allowed = 0;
	bool evaluated = true;

	for (size_t i = 0; i < matrix->n_logins; i++) {
		const ap_matrix_login *login = &matrix->logins[i];

		ap_json_append(logins, login_json(context, matrix, login));
		evaluated = evaluated && login->asked.evaluated;
		n_allowed += login->asked.evaluated && login->asked.decision.verdict == AP_ALLOW;
	}
	ap_json_set(object, "logins", logins);
	ap_json_set(object, "allowed", json_integer(n_allowed));
	ap_json_set(object, "denied", json_integer(evaluated ? (json_int_t)matrix->n_logins - n_allowed : 0));
	ap_json_set(object, "evaluated", json_boolean(evaluated));
	ap_json_set(object, "asked", ap_json_text(context->arena, subject->set != NULL ? "files" : "image"));
	ap_json_set(object, "revision", ap_json_text(context->arena, ap_subject_revision(context->arena, subject)));
	ap_json_set(object, "differs",
		    subject->set == NULL && !subject->earlier ? ap_in_force_json_of(context, subject->image)
							      : json_null());
	ap_json_set(object, "before", before_json(context, &matrix->question));
	ap_json_write(object);
}
