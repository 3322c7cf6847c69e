/* audit_filter.h - which records are asked for: all that is given must hold, and of one option's values any. */
#ifndef AP_AUDIT_FILTER_H
#define AP_AUDIT_FILTER_H

#include "../lib/login/address.h"
#include "audit_entry.h"
#include "options.h"
#include "subject.h"

typedef struct ap_audit_members ap_audit_members; /* what was found out of members: cached */

typedef struct {
	ap_texts members, departments, policies, decisions, reasons, clients, services, regions, ips;
	const char *since_text, *until_text;
	int64_t since, until; /* since <= time < until */
	ap_range *ranges;     /* of `ips`, but for "local" and "unknown" */
	size_t n_ranges;
	const ap_image *image; /* for the departments and the default domain; may be NULL */
	ap_audit_members *known;
	bool *policy_seen, *client_seen; /* by index: a record has it */
} ap_audit_filter;

/*
 * Checks what was given, and makes it ready. `image` is what is in force, or NULL; it must outlive the filter. AP_EXIT_YES,
 * or the exit status after an error was written.
 */
int ap_audit_filter_prepare(ap_context *context, const ap_usage *usage, ap_audit_filter *filter, const ap_image *image);

bool ap_audit_filter_holds(ap_audit_filter *filter, const ap_audit_entry *entry);

/*
 * When all was read: a policy or client type that neither what is in force nor a record has is a mistake in writing.
 * AP_EXIT_USAGE after an error was written, else AP_EXIT_YES.
 */
int ap_audit_filter_unknown(ap_context *context, const ap_usage *usage, const ap_audit_filter *filter);

/* The member of a record, as names are compared. In the arena. */
const char *ap_audit_member(ap_context *context, const ap_image *image, const char *user);

void ap_audit_filter_clear(ap_audit_filter *filter);

#endif
