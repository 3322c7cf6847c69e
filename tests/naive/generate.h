/* generate.h - random policy sets and logins, small and alike enough to meet. */
#ifndef AP_NAIVE_GENERATE_H
#define AP_NAIVE_GENERATE_H

#include "model.h"
#include "prng.h"

void generate_set(ap_prng *prng, policy_set *set);
void generate_login(ap_prng *prng, const policy_set *set, login *request);

#endif
