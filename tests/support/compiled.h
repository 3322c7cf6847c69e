/* compiled.h - the image of a policy text, for a test that wants to begin there. */
#ifndef AP_TEST_COMPILED_H
#define AP_TEST_COMPILED_H

#include "../../lib/login/image.h"

#include <stddef.h>

/*
 * A text that names a region database gets these data in its place: the regions that it names take turns, in the order
 * of their codes, in AP_INJECTED networks of each family, 198.18.N.0/25 and 2001:db8:N::/48; where the IPv4 address
 * is that follows 2002::/16, the IPv6 address is.
 */
enum { AP_INJECTED = 100 };

/*
 * The opened image. A text that is refused ends the test program with what is wrong with it. Free with ap_image_free.
 */
ap_image *ap_test_image(const char *text);

/* Its bytes, which the caller frees with free(3). */
void *ap_test_image_bytes(const char *text, size_t *ret_size);

#endif
