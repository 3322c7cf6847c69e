/*
 * concern.h - which policies and exceptions may be about this login.
 *
 * What the image knows of the member, the domain, the departments and the groups names those whose scope lists them;
 * the others need not be looked at, however many there are. It only leaves out: whether a policy's scope holds the
 * member, with its exceptions, is asked of the policy itself.
 */
#ifndef AP_CONCERN_H
#define AP_CONCERN_H

#include "answer.h"

/*
 * Finds the exceptions that may free the request, so that ap_answer_policy looks at no others. Not for a malformed
 * name, which every scope may hold as far as can be known.
 */
void ap_concern_narrow(ap_evaluation *evaluation);

/* Called once for each policy, in any order. */
typedef void ap_concern_visit(ap_evaluation *evaluation, void *context, uint32_t place);

/* Visits every policy that may be about the request, after ap_concern_narrow. */
void ap_concern_each_policy(ap_evaluation *evaluation, ap_concern_visit *visit, void *context);

#endif
