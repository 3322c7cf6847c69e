/* records.h - a record of the history as a line of JSON. A part of state.c. */
#ifndef AP_RECORDS_H
#define AP_RECORDS_H

#include "state.h"

/* The line with its newline, which the caller frees with free(3). */
char *ap_record_format(const ap_record *record);

/* False where the line, of `length` bytes, is no record. */
bool ap_record_parse(const char *line, size_t length, ap_arena *arena, ap_record *ret_record);

#endif
