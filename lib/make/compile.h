/*
 * compile.h - makes the image of a policy set.
 */
#ifndef AP_COMPILE_H
#define AP_COMPILE_H

#include "../login/image.h"
#include "policyset.h"

/*
 * Compiles `set` into an image of *ret_size bytes that the caller frees with free(3). AP_ERR_LIMIT, with *error filled,
 * where something does not fit the format's 32-bit numbers.
 */
ap_status ap_compile(const ap_policy_set *set, void **ret_bytes, size_t *ret_size, ap_error *error);

/* The same, opened. */
ap_status ap_compile_image(const ap_policy_set *set, ap_image **ret_image, ap_error *error);

#endif
