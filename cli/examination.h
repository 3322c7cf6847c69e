/* examination.h - files that are examined: read, compiled, held against their assertions, and searched for what was not meant. */
#ifndef AP_EXAMINATION_H
#define AP_EXAMINATION_H

#include "../lib/make/load.h"
#include "command.h"

/* Everything that a check finds; `set` and `image` are NULL where the files make no policy. */
typedef struct {
	ap_policy_set *set;
	ap_image *image;
	ap_diagnostics problems;
	ap_diagnostics failed;
	ap_diagnostics findings;
	size_t n_failed;
} ap_examination;

/* Fills a zeroed result; free with ap_examination_clear. */
void ap_examine(const ap_load_options *options, ap_examination *result);

void ap_examination_clear(ap_examination *result);

/* Writes each, a warning under the word `warning`. */
void ap_write_findings(ap_context *context, const ap_diagnostics *list, const char *warning);

#endif
