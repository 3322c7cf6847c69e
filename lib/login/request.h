/*
 * request.h - one login, made of what its host said.
 */
#ifndef AP_REQUEST_H
#define AP_REQUEST_H

#include "member.h"
#include "nss.h"
#include "view.h"

/* What a host or a test says of a login. Everything is borrowed, and may be NULL but for `user`. */
typedef struct {
	const char *user;
	const char *rhost;   /* PAM_RHOST: a name, an address or absent, by service */
	const char *service; /* PAM_SERVICE */
	const char *tty;
	const char *ruser;
	const char *const *env; /* "NAME=value", ended by NULL: the PAM environment */
	const char *client;     /* client= on the module's line: it wins over every hint */
	bool at_machine;        /* a test says that the address is `local`; rhost is then ignored */
	int64_t now;            /* seconds since 1970-01-01T00:00:00Z */
	const ap_nss *nss;      /* NULL: the system's */
} ap_facts;

typedef enum {
	AP_CLIENT_GIVEN,     /* client= said so */
	AP_CLIENT_HINTED,    /* the hints of an entry of client_types fit */
	AP_CLIENT_DEFAULT,   /* no hint fits, and the login has an address */
	AP_CLIENT_NO_ADDRESS /* no hint fits, and it has none: "system" */
} ap_client_source;

typedef enum {
	AP_ADDRESS_ABSENT,              /* none was given: local or unknown, by the client type */
	AP_ADDRESS_GIVEN,               /* PAM_RHOST, or a test, said it */
	AP_ADDRESS_FROM_SSH_CONNECTION, /* PAM_RHOST did not, and sshd's environment does */
	AP_ADDRESS_ILLEGIBLE            /* something was given that is no address */
} ap_address_source;

typedef struct {
	ap_facts facts; /* as given, borrowed */
	ap_member member;
	ap_address address;
	ap_address_source address_source;
	uint32_t client; /* client number in the image */
	ap_client_source client_source;
	uint32_t hint; /* with AP_CLIENT_HINTED, the hint's number */
	ap_account account;
} ap_request;

/*
 * Takes an address as a test writes it: "local" is the machine itself, anything else (NULL too) what PAM_RHOST would
 * be.
 */
void ap_facts_set_ip(ap_facts *facts, const char *ip);

/*
 * Makes a request of the facts. AP_ERR_POLICY where facts->client is no client type of the image, AP_ERR_DAMAGED,
 * AP_ERR_MEMORY; *ret_request is then zeroed. `facts` and what it points to must outlive it. Free with
 * ap_request_clear.
 */
ap_status ap_request_init(ap_request *ret_request, const ap_image *image, const ap_facts *facts, ap_error *error);

void ap_request_clear(ap_request *request);

#endif
