/* applied_report.h - what came of an apply or a rollback, for a person and as JSON. */
#ifndef AP_APPLIED_REPORT_H
#define AP_APPLIED_REPORT_H

#include "../lib/make/apply.h"
#include "command.h"

/* Writes the report; `asked` is "apply" or "rollback". Returns the exit status. */
int ap_applied_report(ap_context *context, const ap_apply_options *options, const ap_apply_result *result,
		      const char *asked);

/* A revision as it is shown: its first twelve digits. In the arena. */
const char *ap_revision_text(ap_arena *arena, const char *revision);

#endif
