/* compiled.h - the image of a policy text, for a test that wants to begin there. */
#ifndef AP_TEST_COMPILED_H
#define AP_TEST_COMPILED_H

#include "../../lib/login/image.h"

#include <stddef.h>

/*
 * The opened image. A text that is refused ends the test program with what is wrong with it. Free with ap_image_free.
 */
ap_image *ap_test_image(const char *text);

/* Its bytes, which the caller frees with free(3). */
void *ap_test_image_bytes(const char *text, size_t *ret_size);

#endif
