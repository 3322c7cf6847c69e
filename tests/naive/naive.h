/*
 * naive.h - a second evaluation, straight from the formulas: no image, no tables, no code of the library's. It is
 * slow and reads like the description of a decision; where the two differ, one of them is wrong.
 */
#ifndef AP_NAIVE_NAIVE_H
#define AP_NAIVE_NAIVE_H

#include "model.h"

typedef enum { NO, YES, UNKNOWN } answer;

typedef struct {
	answer scope, client, network, governs, matches, fails;
} policy_answers;

typedef enum { R_BLACKLISTED, R_NOT_WHITELISTED, R_UNDETERMINED, R_WHITELISTED, R_DEFAULT, N_REASONS } reason;

typedef struct {
	int policy;
	bool denied;
	reason reason;
} naive_would;

/* What an answer was unknown for, and what else came to bear: so that a run can tell what it has exercised. */
typedef enum {
	C_ADDRESS_UNKNOWN,
	C_REGION_UNKNOWN,
	C_COUNTRY,
	C_SUBDIVISION,
	C_UNLOCATED,
	C_NO_REGION,
	C_NAME_MALFORMED,
	C_GROUP_NOT_KNOWN,
	C_GROUP_LOOK_UP_FAILED,
	C_ACCOUNT_LOOK_UP_FAILED,
	C_IN_GROUP,
	C_MEMBER_ENTRY,
	C_ANY_DOMAIN_ENTRY,
	C_DOMAIN,
	C_DEPARTMENT,
	C_SUB_DEPARTMENT,
	C_DEPARTMENT_GROUP,
	C_UNLISTED,
	C_EXCEPTED,
	C_EXCEPTED_ADDRESS,
	C_FREED,
	C_MAYBE_FREED,
	C_NOT_YET,
	C_OVER,
	C_OTHER_CLIENT_DENIED,
	C_EVERY_ADDRESS,
	C_LOCAL_ENTRY,
	C_NAMED_NETWORK,
	C_IPV4_MAPPED,
	C_SSH_CONNECTION,
	C_CLIENT_GIVEN,
	C_CLIENT_HINTED,
	C_CLIENT_DEFAULT,
	C_CLIENT_SYSTEM,
	C_ADDRESS_LOCAL,
	C_DEFAULT_DOMAIN,
	C_UNDETERMINED_ALLOWED,
	C_REQUIRED_DECIDES,
	C_REPLACED,
	N_CASES
} exercised;
extern const char *const naive_case_names[N_CASES];

typedef struct {
	bool denied;
	reason reason;
	int policy; /* or -1 */
	naive_would would[POLICIES_MAX];
	size_t n_would;
	policy_answers answers[POLICIES_MAX];
} naive_decision;

void naive_decide(const policy_set *set, const login *request, naive_decision *ret_decision,
		  unsigned long counts[N_CASES]);

#endif
