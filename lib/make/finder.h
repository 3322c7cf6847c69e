/* finder.h - what the searches for findings share: the policies, their image, and questions about who and where. */
#ifndef AP_FINDER_H
#define AP_FINDER_H

#include "../login/nss.h"
#include "../login/view.h"
#include "diagnostics.h"
#include "policyset.h"

typedef struct {
	const ap_policy_set *set;
	const ap_image *image; /* the set's: policies, departments and networks have the same numbers */
	ap_view view;
	int64_t now;
	const ap_nss *nss;
	ap_diagnostics *diagnostics;
	ap_arena *arena;
	const char **first_members; /* by department: a member of it or of one below it; NULL where there is none */
	bool *has_own_members;      /* by department */
	bool *networks_seen;        /* by network: for a walk that comes to each once, however many ways lead to it */
	const ap_interval **region_intervals[2]; /* by family and region: the first that is in it, or NULL */
} ap_finder;

enum { AP_FINDER_ADDRESSES = 6 };

/* Addresses that stand for a network, as text. */
typedef struct {
	const char *items[AP_FINDER_ADDRESSES];
	size_t n;
} ap_addresses;

/* Fills *ret_finder. Everything is borrowed but the arena, which the caller frees. `nss` NULL: the system's. */
void ap_finder_init(ap_finder *ret_finder, const ap_policy_set *set, const ap_image *image, int64_t now,
		    const ap_nss *nss, ap_diagnostics *diagnostics);

/* Adds a finding. */
__attribute__((format(printf, 3, 4))) void ap_finder_report(ap_finder *f, const ap_place *place, const char *format,
							    ...);

/* True if the policy's time has passed. */
bool ap_finder_is_over(const ap_finder *f, const ap_image_policy *policy);

/* True if the policy is enabled, and now is within its times. */
bool ap_finder_is_in_force(const ap_finder *f, const ap_image_policy *policy);

/* True if no address is in the net of that number. */
bool ap_finder_holds_nothing(ap_finder *f, uint32_t number);

/* True if every IPv4 and IPv6 address is in the net of that number; of AP_NONE, too. */
bool ap_finder_holds_every_address(ap_finder *f, uint32_t number);

/* An address that is not in the net of that number, as text; NULL where every one is, and of AP_NONE. */
const char *ap_finder_address_outside(ap_finder *f, uint32_t number);

/* Addresses that the policy's network holds; where it holds all, two that RFC 5737 and RFC 3849 keep for examples. */
ap_addresses ap_finder_addresses(ap_finder *f, const ap_policy_def *def);

/* True if everyone in `who` is certainly in `cover` too. */
bool ap_finder_covers(ap_finder *f, const ap_image_who *cover, const ap_image_who *who);

/* True if `cover` lists the domain. */
bool ap_finder_covers_domain(ap_finder *f, const ap_image_who *cover, const char *domain);

/* True if `cover` lists the member or a department of his. */
bool ap_finder_covers_entry(ap_finder *f, const ap_image_who *cover, const ap_subject_entry *entry);

/* The same for the member of that number, or if it lists his domain. */
bool ap_finder_covers_member(ap_finder *f, const ap_image_who *cover, uint32_t number);

#endif
