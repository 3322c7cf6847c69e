/*
 * findings.h - policies that are valid and probably not what was meant.
 */
#ifndef AP_FINDINGS_H
#define AP_FINDINGS_H

#include "../login/evaluate.h"
#include "diagnostics.h"
#include "policyset.h"

/*
 * Adds a warning for each: a policy that can never matter (its time is over, nobody is in its scope, everyone in it is
 * excepted, a blacklist's networks hold no address) or cannot matter while an exception frees everyone in its scope; a
 * whitelist whose networks hold no address; a whitelist that restricts nothing; a blacklist that denies every login; a
 * whitelist that denies logins at the machine itself; a region that is a part of another one that is listed; a group that
 * the name services do not know; an exception that is over, or frees nobody; a policy that denies or governs an
 * administrator, or leaves one no way in; that there is none; a whitelist that lets in whom another alone denies. Disabled
 * policies are passed over. `image` is the set's own, `now` the time to
 * judge by, `nss` the look-ups (NULL: the system's).
 */
void ap_findings(const ap_policy_set *set, const ap_image *image, int64_t now, const ap_nss *nss,
		 ap_diagnostics *diagnostics);

#endif
