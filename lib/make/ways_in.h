/* ways_in.h - does somebody get in by this login; is there any by which they do. */
#ifndef AP_WAYS_IN_H
#define AP_WAYS_IN_H

#include "../login/evaluate.h"
#include "arena.h"

/* A login that is asked about. Everything is borrowed. */
typedef struct {
	const char *user;
	const char *address; /* what PAM_RHOST would be; NULL: at the machine itself */
	const char *service; /* or NULL, with `client` */
	const char *tty;     /* or NULL */
	const char *client;  /* or NULL: as the service's hints say */
} ap_login;

typedef struct {
	ap_tri let_in; /* AP_UNKNOWN: undetermined, whatever the setting makes of that; or it could not be evaluated */
	uint32_t policy; /* the number of the one that decided, or AP_NONE */
	uint32_t client; /* the client type's number, or AP_NONE */
} ap_login_answer;

/* What the image decides over the login at that time. */
ap_login_answer ap_login_ask(const ap_image *image, const ap_login *login, int64_t now, const ap_nss *nss);

/* A login that did not succeed, and why. */
typedef struct {
	bool tried;
	ap_login login;
	ap_login_answer answer;
} ap_closed_way;

typedef struct {
	ap_tri open;                /* AP_NO: each login is denied; AP_UNKNOWN: none is certainly let in */
	bool complete;              /* every address that makes a difference was tried */
	size_t n_addresses;         /* how many were */
	size_t n_logins;            /* and how many logins */
	ap_closed_way at_machine;   /* the login there, with an account, that did not succeed */
	ap_closed_way from_address; /* the first of those from addresses that did not */
} ap_ways_in;

/*
 * Looks for a login of `user` that succeeds at that time. Somebody with an account of the system comes by the services
 * through which a policy is mended: login at the console, sshd and cockpit from any address. Somebody whom the name
 * services know for certain not to have one comes with each client type that a hint leads to, or that is the default,
 * but for those that are local, and `system`. Whether he has one being unknown, or where there is no such type, he is asked about as if he had.
 *
 * Policies tell addresses apart at the ends of their ranges and regions alone, so addresses on both sides of each end
 * that concerns the user stand for all. Beyond two million logins the search stops, and is not complete.
 * Texts live in the arena.
 */
ap_ways_in ap_find_way_in(const ap_image *image, const char *user, int64_t now, const ap_nss *nss, ap_arena *arena);

#endif
