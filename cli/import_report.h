/* import_report.h - what an import carried over, and what it could not, for a person and as JSON. */
#ifndef AP_IMPORT_REPORT_H
#define AP_IMPORT_REPORT_H

#include "../lib/import/import.h"
#include "command.h"

#include <jansson.h>

/* Writes the notes, and a line of what was found: for one who is going to be told what became of it. */
void ap_import_report(ap_context *context, const ap_import_format *format, const char *file, const ap_import *import);

/* Writes the errors to standard error, and with --json also {"errors": […]} to standard output. Returns AP_EXIT_POLICY. */
int ap_import_report_errors(ap_context *context, const char *file, const ap_import *import);

/* {format, file, rules, policies, exceptions, client_types, notes} */
json_t *ap_import_json(ap_context *context, const ap_import_format *format, const char *file, const ap_import *import);

#endif
