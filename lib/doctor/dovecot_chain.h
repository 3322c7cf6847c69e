/*
 * dovecot_chain.h - does a login that the policy denies get in all the same, by what the passdbs around it answer?
 *
 * Every way is tried that Dovecot could take through the list, each passdb answering whatever it may: auth-request.c
 * of 2.3 and 2.4 says what comes of an answer. So what is found is a way in, and where none is found there is none.
 */
#ifndef AP_DOCTOR_DOVECOT_CHAIN_H
#define AP_DOCTOR_DOVECOT_CHAIN_H

#include "dovecot_auth.h"

enum { AP_CHAIN_MAX = 10 }; /* passdbs in one list */

typedef enum {
	AP_PASSDB_YES, /* the password is right */
	AP_PASSDB_NO, /* it is not, or the user is unknown there; of the policy: denied, or with deny = yes not denied */
	AP_PASSDB_NO_ANSWER /* its process failed, say */
} ap_passdb_answer;

/* What becomes of a login after this answer. */
ap_passdb_rule ap_chain_rule(const ap_passdb *passdb, ap_passdb_answer answer);

typedef struct {
	size_t passdb; /* its place in the list */
	ap_passdb_answer answer;
} ap_chain_step;

/* How a login gets in: the passdbs that were asked, and their answers. */
typedef struct {
	ap_chain_step steps[AP_CHAIN_MAX];
	size_t n_steps;
	size_t skipped;        /* the policy's passdb that was passed over; AP_CHAIN_MAX: none */
	const char *mechanism; /* for which all this holds */
} ap_chain_way;

/* What a login comes to the list with. */
typedef enum {
	AP_CHAIN_PASSWORD, /* a user's password, that each passdb asks */
	AP_CHAIN_MASTER,   /* that of a master, found to be right by a passdb that continues */
	AP_CHAIN_TICKET /* one that the mechanism itself checked, as GSSAPI does: passdbs are asked for what they know alone */
} ap_chain_start;

/*
 * The shortest way by which somebody gets in whom the policy denies. `asks[i]`: passdb i asks the policy. `mechanisms`
 * are those that clients may use, ended by NULL. Master passdbs are passed over. False: there is none. A list that is
 * longer than AP_CHAIN_MAX is not looked at: true, with no steps.
 */
bool ap_chain_passes(const ap_passdb *passdbs, size_t n, const bool *asks, const char *const *mechanisms,
		     ap_chain_start start, ap_chain_way *ret_way);

/* True if somebody can get in whom the policy allows, where each passdb that asks it gets the right answer for that. */
bool ap_chain_lets_in(const ap_passdb *passdbs, size_t n, const bool *asks, const char *const *mechanisms);

#endif
