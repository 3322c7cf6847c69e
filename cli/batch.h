/* batch.h - many requests: a JSON object a line in, a JSON object a line out. */
#ifndef AP_BATCH_H
#define AP_BATCH_H

#include "subject.h"

/*
 * Answers each line of the file at `path` ("-": standard input) on standard output. `now` is the time of the lines
 * that name none. Returns AP_EXIT_YES if every line was answered, else AP_EXIT_NO; AP_EXIT_USAGE with a message if
 * the file cannot be opened, AP_EXIT_POLICY if the image proved unsound.
 */
int ap_batch_run(const ap_context *context, const ap_subject *subject, const char *path, int64_t now);

#endif
