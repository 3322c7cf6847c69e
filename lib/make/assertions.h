/*
 * assertions.h - do the decisions that the policy files expect come about.
 */
#ifndef AP_ASSERTIONS_H
#define AP_ASSERTIONS_H

#include "../login/evaluate.h"
#include "diagnostics.h"
#include "policyset.h"

/*
 * Evaluates each assertion. One that fails is added as an error with what was expected and what was decided. Returns
 * how many failed.
 */
size_t ap_assertions_run(const ap_policy_set *set, const ap_image *image, int64_t now, const ap_nss *nss,
			 ap_diagnostics *diagnostics);

#endif
