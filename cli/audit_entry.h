/* audit_entry.h - one audit record, read from its line. */
#ifndef AP_AUDIT_ENTRY_H
#define AP_AUDIT_ENTRY_H

#include "../lib/login/audit.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts are the entry's own, which must not be moved, and NULL where the record has null. */
typedef struct {
	json_t *object;   /* NULL: the texts stand in `copy`; ap_audit_entry_object */
	const char *line; /* borrowed: the record as it stands, without its newline */
	size_t length;
	int64_t time;
	const char *decision, *reason, *policy, *user, *ip, *region, *client, *service, *tty, *revision;
	const json_t *would; /* an array, or NULL for an empty one */
	char copy[AP_AUDIT_RECORD_MAX + 1];
} ap_audit_entry;

/*
 * Reads a line. True with *ret_entry, to be freed with ap_audit_entry_clear; false where there is no record on it.
 * *ret_torn is true where anything on it is no record: a part that its writer could not end, with or without another
 * writer's record behind it, which is then the one that is read.
 */
bool ap_audit_entry_read(const char *line, size_t length, ap_audit_entry *ret_entry, bool *ret_torn);

/* The record as JSON, which the entry owns. */
const json_t *ap_audit_entry_object(ap_audit_entry *entry);

void ap_audit_entry_clear(ap_audit_entry *entry);

#endif
