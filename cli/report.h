/* report.h - why no policy could be had or changed, and what is wrong with the files, on standard error and as JSON. */
#ifndef AP_REPORT_H
#define AP_REPORT_H

#include "../lib/login/status.h"
#include "../lib/make/diagnostics.h"
#include "command.h"

#include <jansson.h>
#include <stdint.h>

/* "file:line", or "file" where there is no line. In the arena, printable. */
const char *ap_place_text(ap_arena *arena, const char *file, unsigned line);

/* As a shell takes it for one word: quoted where it must be. In the arena, printable. */
const char *ap_shell_word(ap_arena *arena, const char *text);

/* "1 policy", "2 policies". In the arena. */
const char *ap_count_text(ap_arena *arena, size_t n, const char *one, const char *many);

/* A length of time in its largest unit, cut: "3 days", "2 hours", "less than a minute". In the arena. */
const char *ap_span_text(ap_arena *arena, int64_t seconds);

/*
 * Writes each diagnostic and a closing line with their number to standard error, and with --json also {"errors": […]}
 * to standard output. Returns AP_EXIT_POLICY.
 */
int ap_report_diagnostics(ap_context *context, const ap_diagnostics *diagnostics);

/* The same for one error. */
int ap_report_error(ap_context *context, const ap_error *error);

/* The same for one error that is not of the policy: without a closing line. */
void ap_report_alone(ap_context *context, const ap_error *error);

/* The same for one error that keeps a change from being made, of which the closing line tells. Returns AP_EXIT_NO. */
int ap_report_refusal(ap_context *context, const ap_error *error);

/* {file, line, message, severity} */
json_t *ap_report_json(ap_arena *arena, const ap_diagnostic *diagnostic);
json_t *ap_report_error_json(ap_arena *arena, const ap_error *error);

#endif
