/* describe.h - what a policy's settings come to: in short for a table's cell, and counted. */
#ifndef AP_DESCRIBE_H
#define AP_DESCRIBE_H

#include "../lib/make/policyset.h"
#include "subject.h"

/* Each in the arena, printable, and short: the first few, and how many more there are. */
const char *ap_describe_scope(ap_arena *arena, const ap_policy_def *policy);
const char *ap_describe_network(ap_arena *arena, const ap_policy_def *policy);
const char *ap_describe_clients(ap_arena *arena, const ap_policy_def *policy);

/* The same of an exception: whom it frees, from which policies, and from where and with what alone ("": it is narrowed by nothing). */
const char *ap_describe_freed(ap_arena *arena, const ap_exception_def *exception);
const char *ap_describe_freed_from(ap_arena *arena, const ap_exception_def *exception);
const char *ap_describe_narrowing(ap_arena *arena, const ap_exception_def *exception);

typedef enum { AP_TIME_NOT_YET, AP_TIME_NOW, AP_TIME_OVER } ap_time_state;

ap_time_state ap_time_state_of(const ap_moment *not_before, const ap_moment *not_after, int64_t now);
const char *ap_time_state_name(ap_time_state state); /* "not-yet", "now", "over" */

/*
 * How many members the files put in a department, "finance", or in it and those below it, "finance/…". Members of its
 * groups are not counted.
 */
size_t ap_count_members(const ap_subject *subject, const char *entry);

/* How many groups of the name services fill it. */
size_t ap_count_groups(const ap_subject *subject, const char *entry);

/*
 * How many entries a named network comes to, those of its feed and of the networks in it included. A network that
 * several of them hold counts once.
 */
size_t ap_count_entries(const ap_policy_set *set, uint32_t network);

#endif
