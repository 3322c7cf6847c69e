/*
 * small_policy.h - a policy of a few blocks, of which the last ones are read only by the logins that they concern; and
 * logins whose answers are known, so that a test can spoil the image and ask again.
 */
#ifndef AP_TEST_SMALL_POLICY_H
#define AP_TEST_SMALL_POLICY_H

#include "../../lib/login/evaluate.h"

#include <stdbool.h>

/*
 * Its text, which the caller frees. Each policy's network is below `octet`, of two digits: two of them are two policies
 * of the same size and layout that decide otherwise.
 */
char *ap_test_small_policy(unsigned octet);

enum { AP_TEST_LOGINS = 9 };

/* For `octet` 10. The name services are of the test's own. */
extern const ap_facts ap_test_logins[AP_TEST_LOGINS];

/* A decision, or the lack of one. */
typedef struct {
	ap_status status;
	ap_verdict verdict;
	ap_reason reason;
	uint32_t policy;
	uint32_t n_would;
	uint32_t would; /* of the first: its policy's number and verdict, or 0 */
	char message[64];
} ap_test_answer;

ap_test_answer ap_test_answer_of(const ap_image *image, const ap_facts *facts);

/*
 * True if it is the same decision, with the same message or none at all (which is read after the decision), or an
 * error that lets nobody in.
 */
bool ap_test_same_or_error(const ap_test_answer *found, const ap_test_answer *expected);

#endif
