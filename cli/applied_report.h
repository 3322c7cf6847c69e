/* applied_report.h - what came of an apply, a rollback or a confirm, for a person and as JSON. */
#ifndef AP_APPLIED_REPORT_H
#define AP_APPLIED_REPORT_H

#include "../lib/make/apply.h"
#include "command.h"

#include <jansson.h>

/* Writes the report; `asked` is the command's name. Returns the exit status. */
int ap_applied_report(ap_context *context, const ap_apply_options *options, const ap_apply_result *result,
		      const char *asked);

/* What --json writes, as a value. */
json_t *ap_applied_json(ap_context *context, const ap_apply_options *options, const ap_apply_result *result);

/* The exit status. */
int ap_applied_status(const ap_apply_result *result);

/* A trial: when it ends and what counts then; null where there is none. */
json_t *ap_trial_json(ap_context *context, const ap_image_trial *trial);

/* The revision that counts when it has ended, as it is shown. In the arena. */
const char *ap_trial_then_text(ap_arena *arena, const ap_image_trial *trial);

/* A revision as it is shown: its first twelve digits. In the arena. */
const char *ap_revision_text(ap_arena *arena, const char *revision);

#endif
