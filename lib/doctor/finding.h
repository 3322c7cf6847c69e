/*
 * finding.h - what the doctor says: each thing that would let a login past the policy, keep its message from the user, or deny
 * who should come in.
 */
#ifndef AP_DOCTOR_FINDING_H
#define AP_DOCTOR_FINDING_H

#include "../make/arena.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum {
	AP_FINDING_BYPASS,   /* a login can succeed that the policy denies, or was never asked about */
	AP_FINDING_LOCKOUT,  /* logins are denied, whatever the policy says of them */
	AP_FINDING_MESSAGE,  /* a denied user does not read why */
	AP_FINDING_UNCERTAIN /* could not be examined: which file or program, and why */
} ap_finding_kind;

/* "bypass", "lockout", "message", "uncertain". */
extern const char *const ap_finding_kind_names[AP_FINDING_UNCERTAIN + 1];

/* Texts without a full stop at their end; those from outside are made printable where they are written. */
typedef struct {
	ap_finding_kind kind;
	const char *check;   /* the check's name, which does not change between releases: "auth-only" */
	const char *service; /* the PAM service, or "sshd", "dovecot", "postfix", "saslauthd", "policy", "pam" */
	const char *file;    /* as the machine's user would name it; NULL: no file */
	unsigned line;       /* 0: the file as a whole */
	const char *what;    /* what was found */
	const char *why;     /* what comes of it */
	const char *change;  /* the line or setting to change, and to what */
} ap_finding;

/* Everything lives in the arena. Findings are in the order in which they were added; ap_finding_sort. */
typedef struct {
	ap_arena *arena;
	ap_finding *items;
	size_t n;
} ap_finding_list;

/*
 * Adds one; texts are borrowed: make them in the list's arena. The very same thing found again, as the line of a file that
 * several services include, is kept once: the same check at the same place, with the same texts.
 */
void ap_finding_add(ap_finding_list *list, const ap_finding *finding);

/* By service, then kind, then file and line; what is equal in these stays in the order in which it was added. */
void ap_finding_sort(ap_finding_list *list);

#endif
