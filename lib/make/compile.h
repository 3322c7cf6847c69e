/*
 * compile.h - makes the image of a policy set.
 */
#ifndef AP_COMPILE_H
#define AP_COMPILE_H

#include "../login/image.h"
#include "policyset.h"

/*
 * Compiles `set` into an image, in its blocks (block.h), of *ret_size bytes that the caller frees with free(3). `made`
 * is the time that it says it was made at; everything else depends on the set alone. AP_ERR_LIMIT, with *error filled,
 * where the image would outgrow the format.
 */
ap_status ap_compile(const ap_policy_set *set, int64_t made, void **ret_bytes, size_t *ret_size, ap_error *error);

/* The same, opened. */
ap_status ap_compile_image(const ap_policy_set *set, int64_t made, ap_image **ret_image, ap_error *error);

#endif
