/* audit_output.h - records as they are shown: a line for a person, the record itself, CSV; counted; and evaluated again. */
#ifndef AP_AUDIT_OUTPUT_H
#define AP_AUDIT_OUTPUT_H

#include "audit_entry.h"
#include "audit_filter.h"

/* "2026-12-01 09:00:00 +0100  deny   alice@… from 192.0.2.7 (KP) with web …", wrapped at a terminal. */
void ap_audit_write_text(ap_context *context, const ap_audit_entry *entry);

/* The record as it stands in its file, but that what must not reach a terminal is escaped as JSON does it. */
void ap_audit_write_json(ap_context *context, const ap_audit_entry *entry);

/* Writes an object of them, of ASCII alone at a terminal, and releases it. */
void ap_audit_write_object(const ap_context *context, json_t *object);

/*
 * RFC 4180, a column a key, in the record's order. A text that a spreadsheet would take for a formula gets "'" before it:
 * who logs in chooses some of these texts.
 */
void ap_audit_write_csv_header(void);
void ap_audit_write_csv(ap_context *context, ap_audit_entry *entry);

/* One value, quoted if it must be. */
void ap_csv_value(const char *text);

/*
 * Counts
 */
enum { AP_SUMMARY_POLICY, AP_SUMMARY_MEMBER, AP_SUMMARY_DAY, AP_N_SUMMARIES };

extern const char *const ap_summary_names[AP_N_SUMMARIES]; /* "policy", "member", "day" */

typedef struct ap_summary ap_summary;

ap_summary *ap_summary_new(ap_context *context, const ap_image *image);
void ap_summary_add(ap_summary *summary, const ap_audit_entry *entry);

/* The tables that `wanted` marks, of each the `top` first (0: all); as JSON or CSV all of them. */
void ap_summary_write(ap_summary *summary, const bool wanted[AP_N_SUMMARIES], size_t top, bool csv);

/*
 * Evaluates a record again, by the revision that was in force then, and shows every policy's part. AP_EXIT_YES, or
 * AP_EXIT_POLICY where that revision's image is no longer kept or cannot be read, which was reported.
 */
int ap_audit_explain(ap_context *context, ap_audit_entry *entry);

#endif
