/* nss_cache.h - the name services, asked once for each account and group of a batch. */
#ifndef AP_NSS_CACHE_H
#define AP_NSS_CACHE_H

#include "../lib/login/nss.h"

/*
 * Look-ups that ask `source` and remember what it answered, a failure as well; an answer that was interrupted is
 * asked for again. Of an account its name, uid and gid are answered, of a group its name, gid and members; they stay
 * as they are until the next look-up. There is one cache in the process, for one thread: end it before the next.
 */
const ap_nss *ap_nss_cache_begin(const ap_nss *source);

void ap_nss_cache_end(void);

#endif
