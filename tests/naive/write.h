/* write.h - a model's policy set as the text of a policy file. */
#ifndef AP_NAIVE_WRITE_H
#define AP_NAIVE_WRITE_H

#include "model.h"

/* The caller frees it. */
char *write_set(const policy_set *set, size_t *ret_size);

#endif
