#include "dovecot_chain.h"

#include <string.h>
#include <strings.h>

/* A walk along the list; what Dovecot keeps of a login between two passdbs is `authenticated` and `success`. */
typedef struct {
	const ap_passdb *passdbs;
	size_t n;
	const bool *asks;
	ap_chain_start start;
	bool allowed; /* the policy allows the login */
	const char *mechanism;
	unsigned filtered; /* the passdbs whose username_filter does not hold the user */
	ap_chain_way way;
	ap_chain_way best;
	bool found;
} walk;

static void visit(walk *self, size_t at, bool authenticated, bool success);

/* A passdb that names no mechanisms is asked for all. */
static bool takes_mechanism(const ap_passdb *passdb, const char *mechanism)
{
	const char *list = passdb->mechanisms;
	size_t length = strlen(mechanism);

	if (*list == '\0')
		return true;
	while (*(list += strspn(list, " ,")) != '\0') {
		size_t word = strcspn(list, " ,");

		if (word == length && strncasecmp(list, mechanism, length) == 0)
			return true;
		list += word;
	}
	return false;
}

/*
 * Nobody is authenticated before the first passdb, so Dovecot leaves out those that could only be asked then; masters
 * come before.
 */
static bool is_left_out(const walk *self, size_t at)
{
	for (size_t i = 0; i <= at; i++)
		if (!self->passdbs[i].master && self->passdbs[i].skip != AP_PASSDB_SKIP_UNAUTHENTICATED)
			return false;
	return true;
}

static bool is_skipped(const walk *self, size_t at, bool authenticated)
{
	const ap_passdb *passdb = &self->passdbs[at];

	return passdb->master || is_left_out(self, at) || !takes_mechanism(passdb, self->mechanism) ||
	       (self->filtered & 1U << at) != 0 || (passdb->skip == AP_PASSDB_SKIP_AUTHENTICATED && authenticated) ||
	       (passdb->skip == AP_PASSDB_SKIP_UNAUTHENTICATED && !authenticated);
}

static void arrive(walk *self, bool success)
{
	/* where all were passed over Dovecot itself fails */
	if (!success || self->way.n_steps == 0 || (self->found && self->best.n_steps <= self->way.n_steps))
		return;
	self->best = self->way;
	self->best.mechanism = self->mechanism;
	self->found = true;
}

ap_passdb_rule ap_chain_rule(const ap_passdb *passdb, ap_passdb_answer answer)
{
	switch (answer) {
	case AP_PASSDB_YES:
		return passdb->success;
	case AP_PASSDB_NO:
		return passdb->failure;
	case AP_PASSDB_NO_ANSWER:
		break;
	}
	return passdb->internal;
}

/* What comes of an answer. Going on behind the last passdb ends as what was had on the way. */
static void follow(walk *self, size_t at, ap_passdb_answer answer, bool authenticated, bool success)
{
	const ap_passdb *passdb = &self->passdbs[at];

	/* "found" denies, and so does the lack of an answer, whatever the rules say */
	if (passdb->deny && answer != AP_PASSDB_NO)
		return;
	self->way.steps[self->way.n_steps++] = (ap_chain_step){ .passdb = at, .answer = answer };
	switch (ap_chain_rule(passdb, answer)) {
	case AP_PASSDB_RETURN:
		arrive(self, success);
		break;
	case AP_PASSDB_RETURN_OK:
		arrive(self, true);
		break;
	case AP_PASSDB_RETURN_FAIL:
		break;
	case AP_PASSDB_CONTINUE:
		visit(self, at + 1, authenticated || answer == AP_PASSDB_YES, success);
		break;
	case AP_PASSDB_CONTINUE_OK:
		visit(self, at + 1, true, true);
		break;
	case AP_PASSDB_CONTINUE_FAIL:
		visit(self, at + 1, authenticated, false);
		break;
	}
	self->way.n_steps--;
}

static void ask_policy(walk *self, size_t at, bool authenticated, bool success)
{
	const ap_passdb *passdb = &self->passdbs[at];

	if (self->allowed) {
		follow(self, at, passdb->deny ? AP_PASSDB_NO : AP_PASSDB_YES, authenticated, success);
		return;
	}
	/* a deny passdb that found the user ends there */
	if (!passdb->deny) {
		follow(self, at, AP_PASSDB_NO, authenticated, success);
		follow(self, at, AP_PASSDB_NO_ANSWER, authenticated, success);
	}
}

/*
 * Without a password the driver pam has nothing to say: one that denies then denies, any other does not know the user.
 */
static void ask_without_password(walk *self, size_t at, bool authenticated, bool success)
{
	const ap_passdb *passdb = &self->passdbs[at];

	if (passdb->service == NULL) {
		follow(self, at, AP_PASSDB_YES, authenticated, success);
		follow(self, at, AP_PASSDB_NO, authenticated, success);
	} else if (!passdb->deny) {
		follow(self, at, AP_PASSDB_NO, authenticated, success);
	}
}

static void visit(walk *self, size_t at, bool authenticated, bool success)
{
	size_t skipped = self->way.skipped;

	while (at < self->n && is_skipped(self, at, authenticated)) {
		if (self->asks[at] && !self->passdbs[at].master)
			self->way.skipped = at;
		at++;
	}
	if (at == self->n) {
		arrive(self, success);
	} else if (self->start == AP_CHAIN_TICKET) {
		ask_without_password(self, at, authenticated, success);
	} else if (self->asks[at]) {
		ask_policy(self, at, authenticated, success);
	} else {
		follow(self, at, AP_PASSDB_YES, authenticated, success);
		follow(self, at, AP_PASSDB_NO, authenticated, success);
		if (!self->allowed)
			follow(self, at, AP_PASSDB_NO_ANSWER, authenticated, success);
	}
	self->way.skipped = skipped;
}

/* The first passdb with the same filter: a user whom one of them holds is held by all. */
static size_t same_filter(const ap_passdb *passdbs, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(passdbs[i].username_filter, passdbs[at].username_filter) == 0)
			return i;
	return at;
}

static bool is_consistent(const ap_passdb *passdbs, size_t n, unsigned filtered)
{
	for (size_t i = 0; i < n; i++) {
		bool is_filtered = (filtered & 1U << i) != 0;

		if (is_filtered && *passdbs[i].username_filter == '\0')
			return false;
		if (is_filtered != ((filtered & 1U << same_filter(passdbs, i)) != 0))
			return false;
	}
	return true;
}

/* Each user that the filters tell apart, with each mechanism. */
static void walk_all(walk *self, const char *const *mechanisms)
{
	for (size_t i = 0; mechanisms[i] != NULL; i++)
		for (unsigned filtered = 0; filtered < 1U << self->n; filtered++) {
			if (!is_consistent(self->passdbs, self->n, filtered))
				continue;
			self->mechanism = mechanisms[i];
			self->filtered = filtered;
			self->way = (ap_chain_way){ .skipped = AP_CHAIN_MAX };
			/* a ticket, or a master's password, counts for a success unless a passdb says otherwise */
			visit(self, 0, self->start == AP_CHAIN_MASTER, self->start != AP_CHAIN_PASSWORD);
		}
}

bool ap_chain_passes(const ap_passdb *passdbs, size_t n, const bool *asks, const char *const *mechanisms,
		     ap_chain_start start, ap_chain_way *ret_way)
{
	walk self = { .passdbs = passdbs, .n = n, .asks = asks, .start = start };

	*ret_way = (ap_chain_way){ .skipped = AP_CHAIN_MAX };
	if (n > AP_CHAIN_MAX)
		return true;
	walk_all(&self, mechanisms);
	if (self.found)
		*ret_way = self.best;
	return self.found;
}

bool ap_chain_lets_in(const ap_passdb *passdbs, size_t n, const bool *asks, const char *const *mechanisms)
{
	walk self = { .passdbs = passdbs, .n = n, .asks = asks, .allowed = true };

	if (n > AP_CHAIN_MAX)
		return true;
	walk_all(&self, mechanisms);
	return self.found;
}
