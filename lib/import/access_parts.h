/*
 * access_parts.h - what "-" rules deny, in parts, and how those are written. A part of access.c.
 */
#ifndef AP_ACCESS_PARTS_H
#define AP_ACCESS_PARTS_H

#include "access.h"

/* What is taken from a "-" rule: these users. */
typedef struct {
	const ap_access_rule *rule;
	const ap_access_people *users;
	bool anywhere; /* wherever the part is that they are taken from; else at these places */
	ap_access_places places;
	ap_words policies; /* that are to be told of it by an exception */
} ap_access_taking;

/* Takings, the last one first: parts that were one share what was taken from it before. */
typedef struct ap_access_freed {
	ap_access_taking *taking;
	const struct ap_access_freed *before;
} ap_access_freed;

/* Takings in the order of their lines. */
typedef struct ap_access_pending {
	ap_access_taking *taking;
	const struct ap_access_pending *next;
} ap_access_pending;

/* A part of what a "-" rule denies. */
typedef struct {
	const ap_access_rule *rule;
	bool all;
	ap_words members;
	ap_words groups;
	ap_words except_members;
	ap_words except_groups;
	ap_access_places places;
	const ap_access_freed *freed; /* by exceptions */
	size_t n_freed;
} ap_access_part;

typedef struct {
	ap_access *access;
	ap_arena *arena;
	ap_access_pending *takings; /* of the "+" rules so far */
	ap_access_pending *last_taking;
	size_t n_written;    /* policies of the rule that is being carried over */
	size_t n_references; /* of exceptions to policies */
	size_t effort;       /* words and intervals that were copied or looked at */
	unsigned depth;
	bool too_many;
	const ap_access_rule *unclear; /* the line that was last said to deny too many */
} ap_access_work;

enum { AP_ACCESS_POLICIES_MAX = 20 * 1000, AP_ACCESS_REFERENCES_MAX = 300 * 1000 };

/* Adds the policies of a part, three at most; none where there are too many already, which is then noted. */
void ap_access_write_part(ap_access_work *w, const ap_access_part *p);

/* Adds the exceptions of a taking, where there are policies that are to be told of it. */
void ap_access_write_exception(ap_access_work *w, const ap_access_taking *t);

#endif
