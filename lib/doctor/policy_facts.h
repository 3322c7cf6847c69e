/* policy_facts.h - what the policy in force asks of a login, and so what a service must tell. */
#ifndef AP_DOCTOR_POLICY_FACTS_H
#define AP_DOCTOR_POLICY_FACTS_H

#include "../login/image.h"
#include "../make/arena.h"

#include <stdbool.h>

/* True if it is enabled, and not over. */
bool ap_policy_is_in_force(const ap_image_policy *policy);

/*
 * True if a policy in force holds addresses against IP entries or regions; and where none can be had, since one may
 * tomorrow.
 */
bool ap_policy_asks_addresses(const ap_image *image);

/* The same for client types. */
bool ap_policy_asks_clients(const ap_image *image);

/* The client type that a login from an address has without anything that hints at another. In the arena. */
const char *ap_policy_client_anybody_has(ap_arena *arena, const ap_image *image);

/* What becomes of logins that never have an address. */
typedef enum {
	AP_WITHOUT_ADDRESS_DECIDED, /* no policy in force asks for one */
	AP_WITHOUT_ADDRESS_DENIED,  /* such a policy is undetermined, which denies */
	AP_WITHOUT_ADDRESS_ALLOWED, /* it is undetermined, which allows */
	AP_WITHOUT_ADDRESS_LOCAL /* they are taken for logins at the machine itself, which no IP entry but "local" holds */
} ap_without_address;

/*
 * Of the logins by this service, whose module line has `client`, or NULL. `rhost` is what
 * they say in the place of an address, a host's name, or NULL. *ret_policy is the first policy that asks. Without an
 * image: DENIED, with AP_NONE.
 */
ap_without_address ap_policy_without_address(const ap_image *image, const char *service, const char *client,
					     const char *rhost, uint32_t *ret_policy);

/*
 * The client type of logins by this service, which come from an address: `client` is what client= says on the module's
 * line, or NULL. `tty` is what the program says. In the arena; NULL where no policy can be had, or client= names none
 * of its types.
 */
const char *ap_policy_client_of(ap_arena *arena, const ap_image *image, const char *service, const char *tty,
				const char *client);

/*
 * How a policy is called in a finding: "the policy \"Blocked countries\" (/etc/accesspolicy/conf.d/10.conf:3)"; with AP_NONE,
 * where no policy can be had, "a policy with addresses". In the arena.
 */
const char *ap_policy_title(ap_arena *arena, const ap_image *image, uint32_t number);

#endif
