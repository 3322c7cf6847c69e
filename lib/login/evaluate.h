/*
 * evaluate.h - which policies govern this login, and what they decide together.
 *
 *     active(P)    enabled, not_before <= now < not_after, and no exception frees the request from P
 *     governs(P)   active AND scope AND client
 *     matches(P)   governs AND network
 *     fails(P)     governs AND NOT network
 *
 *     denied = ANY blacklist matches
 *           OR ANY required whitelist fails
 *           OR (ANY other whitelist fails AND NOT ANY other whitelist matches)
 */
#ifndef AP_EVALUATE_H
#define AP_EVALUATE_H

#include "request.h"
#include "tri.h"

typedef enum { AP_ALLOW = 1, AP_DENY = 2 } ap_verdict; /* never 0: a zeroed decision lets nobody in */

typedef enum {
	AP_REASON_BLACKLISTED = 1,
	AP_REASON_NOT_WHITELISTED,
	AP_REASON_UNDETERMINED,
	AP_REASON_WHITELISTED,
	AP_REASON_DEFAULT
} ap_reason;

const char *ap_verdict_name(ap_verdict verdict); /* "allow", "deny" */
const char *ap_reason_name(ap_reason reason);    /* "blacklisted", "not-whitelisted" … */

/*
 * Why a condition answered as it did. Which members are filled is said at each kind; the others are zero. The kinds
 * stand in the order of their conditions: scope, client, network, active.
 */
typedef enum {
	AP_WHY_NONE = 0,
	/* scope; `excepted` tells whether it is the exception that answered */
	AP_WHY_ALL,            /* every member */
	AP_WHY_MEMBER,         /* name: the entry */
	AP_WHY_DOMAIN,         /* name: the domain */
	AP_WHY_DEPARTMENT,     /* name: the entry's department, subtree; via: the member's own department */
	AP_WHY_GROUP,          /* name: the group; via: the department that it fills, or 0 */
	AP_WHY_UNLISTED,       /* a member of no department */
	AP_WHY_NOT_LISTED,     /* nothing that is listed holds the member */
	AP_WHY_MALFORMED_NAME, /* unknown: an empty part or a control character */
	AP_WHY_GROUP_UNKNOWN,  /* unknown: name: the group, phrase; via as above */
	/* client */
	AP_WHY_EVERY_CLIENT, /* none are listed */
	AP_WHY_CLIENT,       /* name: the selected type */
	AP_WHY_OTHER_CLIENT, /* not selected, and other_clients = "deny" */
	AP_WHY_CLIENT_NOT_SELECTED,
	/* network, and the scope's excepted addresses */
	AP_WHY_EVERY_ADDRESS, /* neither IP entries nor regions are listed */
	AP_WHY_ENTRY,         /* name: the entry as written or 0; via: the named network or 0; range */
	AP_WHY_REGION,        /* name: the region's code */
	AP_WHY_LOCAL,         /* name: "local"; via */
	AP_WHY_NO_ENTRY,      /* nothing that is listed holds the address: IP entries alone are */
	AP_WHY_NO_REGION,     /* the same where regions are listed */
	AP_WHY_ADDRESS_UNKNOWN,
	AP_WHY_REGION_UNKNOWN,       /* the region database could not be read, or does not tell */
	AP_WHY_OTHER_CLIENT_NETWORK, /* the client is not selected and other_clients = "deny": no network holds */
	/* active */
	AP_WHY_ENABLED,
	AP_WHY_DISABLED,
	AP_WHY_REPORT_ONLY,
	AP_WHY_NOT_YET,
	AP_WHY_OVER,
	AP_WHY_EXCEPTION /* name: the exception that frees the request, or may */
} ap_why_kind;

typedef struct {
	ap_why_kind kind;
	bool excepted;
	bool subtree;
	uint32_t name;      /* string reference */
	uint32_t via;       /* string reference */
	const char *phrase; /* static */
	ap_range range;
} ap_why;

/* One policy's sub-answers over one request. */
typedef struct {
	uint32_t policy; /* its number: reading order */
	uint32_t at;     /* the place of its record */
	ap_tri active;
	ap_tri scope;
	ap_tri client;
	ap_tri network;
	ap_tri governs;
	ap_tri matches;
	ap_tri fails;
	ap_why why_active;
	ap_why why_scope;
	ap_why why_client;
	ap_why why_network;
} ap_answer;

/* A report-only policy that alone would have changed the decision, and the decision with it. */
typedef struct {
	uint32_t policy;
	uint32_t at; /* the place of its record */
	ap_verdict verdict;
	ap_reason reason;
} ap_would;

typedef struct {
	ap_verdict verdict;
	ap_reason reason;
	uint32_t policy; /* the number of the one that decided, or AP_NONE */
	uint32_t at;     /* the place of its record */
	ap_would *would; /* owned, in reading order */
	size_t n_would;
} ap_decision;

/*
 * Called once for each policy, disabled ones too, in reading order; `policy` and `answer` live as long as the call.
 */
typedef void ap_answer_hook(void *context, const ap_image_policy *policy, const ap_answer *answer);

typedef struct {
	uint32_t only; /* evaluate this policy alone, as what it is, a report-only one as if enabled; AP_NONE: all */
	ap_answer_hook *hook; /* may be NULL */
	void *hook_context;
} ap_evaluate_options;

/*
 * Decides. `options` may be NULL: all policies, no hook. AP_ERR_DAMAGED where the image was found unsound on the way,
 * AP_ERR_MEMORY: nobody may be let in then, and *ret_decision is zeroed. Free what AP_OK returned with
 * ap_decision_clear.
 */
ap_status ap_evaluate(const ap_image *image, ap_request *request, const ap_evaluate_options *options,
		      ap_decision *ret_decision, ap_error *error);

void ap_decision_clear(ap_decision *decision);

/* The message for a denied user: the deciding policy's own, else the settings'. NULL where it cannot be had. */
const char *ap_decision_message(const ap_image *image, const ap_decision *decision);

#endif
