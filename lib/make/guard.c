#include "guard.h"

#include "administrators.h"
#include "timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOMENTS_MAX = 256,
	LOGINS_MAX = 10 * 1000000 /* of administrators: then no further moment is looked at */
};

typedef struct {
	const ap_guard *g;
	ap_arena *arena;
	ap_view view;     /* of the new image */
	int64_t *moments; /* ascending; the first is now */
	size_t n_moments;
	size_t n_logins;
	bool all_moments;
} inquiry;

/*
 * When
 */

static void add_moment(inquiry *q, int64_t time)
{
	if (time > q->g->now && time < INT64_MAX)
		*AP_PUSH(q->arena, q->moments, q->n_moments) = time;
}

static void add_moments(inquiry *q, const ap_image *image)
{
	ap_view view = ap_view_of(image);
	uint32_t n_policies = ap_image_count(image, AP_TABLE_POLICIES);
	uint32_t n_exceptions = ap_image_count(image, AP_TABLE_EXCEPTIONS);

	for (uint32_t i = 0; i < n_policies && view.sound; i++) {
		ap_image_policy policy = ap_view_policy(&view, i);

		if (policy.status != AP_POLICY_ENABLED)
			continue;
		add_moment(q, policy.not_before);
		add_moment(q, policy.not_after);
	}
	for (uint32_t i = 0; i < n_exceptions && view.sound; i++) {
		ap_image_exception exception = ap_view_exception(&view, i);

		add_moment(q, exception.not_before);
		add_moment(q, exception.not_after);
	}
}

static int compare_moments(const void *a, const void *b)
{
	int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;

	return (first > second) - (first < second);
}

static void find_moments(inquiry *q)
{
	size_t n = 0;

	*AP_PUSH(q->arena, q->moments, q->n_moments) = q->g->now;
	add_moments(q, q->g->image);
	if (q->g->in_force != NULL)
		add_moments(q, q->g->in_force);
	qsort(q->moments, q->n_moments, sizeof(*q->moments), compare_moments);
	for (size_t i = 0; i < q->n_moments; i++)
		if (n == 0 || q->moments[n - 1] != q->moments[i])
			q->moments[n++] = q->moments[i];
	q->all_moments = n <= MOMENTS_MAX;
	q->n_moments = q->all_moments ? n : MOMENTS_MAX;
}

static inquiry begin(const ap_guard *guard)
{
	inquiry q = { .g = guard, .arena = ap_arena_new(), .view = ap_view_of(guard->image) };

	find_moments(&q);
	return q;
}

static void end(inquiry *q, const char *whose)
{
	const char *file = ap_view_string(&q->view, ap_view_policy(&q->view, 0).file);
	char time[AP_TIMESTAMP_TEXT_MAX];

	if (!q->all_moments)
		ap_diagnostics_add(
			q->g->warnings, AP_WARNING, file, 0,
			"policies and exceptions begin and end so often that the logins of %s were tried up to "
			"%s only",
			whose, ap_timestamp_format_local(q->moments[q->n_moments - 1], time));
	if (q->n_logins > LOGINS_MAX)
		ap_diagnostics_add(
			q->g->warnings, AP_WARNING, file, 0,
			"so many logins of %s were tried in vain that not every time was asked about at which "
			"policies and exceptions begin and end",
			whose);
	ap_arena_free(q->arena);
}

/*
 * What is told
 */

/* Writes `"alice" from 192.0.2.7, service sshd (third-party)`. */
static void format_login(inquiry *q, const ap_login *login, const ap_login_answer *answer, char *buffer, size_t size)
{
	const char *client = answer->client != AP_NONE
				     ? ap_view_string(&q->view, ap_view_client(&q->view, answer->client).name)
				     : "unknown";

	if (login->service == NULL)
		(void)snprintf(buffer, size, "\"%s\" from %s with the client type %s", login->user, login->address,
			       client);
	else
		(void)snprintf(buffer, size, "\"%s\" %s%s, service %s (%s)", login->user,
			       login->address != NULL ? "from " : "",
			       login->address != NULL ? login->address : "at the machine itself", login->service,
			       client);
}

typedef struct {
	char name[512]; /* `policy "Name"`, or another subject */
	const char *file;
	unsigned line;
	bool is_whitelist;
} denier;

static denier denier_of(inquiry *q, const ap_login_answer *answer)
{
	denier d = { .name = "the image, which could not be evaluated," };
	ap_image_policy policy;

	if (answer->policy == AP_NONE) {
		d.file = ap_view_string(&q->view, ap_view_policy(&q->view, 0).file);
		return d;
	}
	policy = ap_view_policy(&q->view, answer->policy);
	(void)snprintf(d.name, sizeof(d.name), "policy \"%s\"", ap_view_string(&q->view, policy.name));
	d.file = ap_view_string(&q->view, policy.file);
	d.line = policy.line;
	d.is_whitelist = policy.type == AP_POLICY_WHITELIST;
	return d;
}

/* ", from … on," for a later time, else "". */
static const char *since(const inquiry *q, int64_t moment, char *buffer, size_t size)
{
	char time[AP_TIMESTAMP_TEXT_MAX];

	buffer[0] = '\0';
	if (moment > q->g->now)
		(void)snprintf(buffer, size, ", from %s on,", ap_timestamp_format_local(moment, time));
	return buffer;
}

/*
 * The login that the command is run from
 */

static void tell_origin(inquiry *q, const ap_origin_login *origin, const ap_login_answer *answer, int64_t moment,
			bool already)
{
	denier d = denier_of(q, answer);
	char login[768], time[AP_TIMESTAMP_TEXT_MAX + 16];

	format_login(q, &origin->login, answer, login, sizeof(login));
	if (already)
		ap_diagnostics_add(
			q->g->warnings, AP_WARNING, d.file, d.line,
			"%s denies the login that this command is run from, and so does what is in force: %s, "
			"as %s tells",
			d.name, login, origin->found);
	else
		ap_diagnostics_add(q->g->refusals, AP_ERROR, d.file, d.line,
				   "%s would%s %s the login that this command is run from: %s, as %s tells; except the "
				   "member or the address from it%s",
				   d.name, since(q, moment, time, sizeof(time)),
				   answer->let_in == AP_NO ? "deny" : "leave undetermined, which counts as denied,",
				   login, origin->found, d.is_whitelist ? ", or list the address" : "");
}

static void guard_login(inquiry *q, const ap_origin_login *origin)
{
	for (size_t i = 0; i < q->n_moments; i++) {
		int64_t moment = q->moments[i];
		ap_login_answer answer = ap_login_ask(q->g->image, &origin->login, moment, q->g->nss);
		bool already;

		if (answer.let_in == AP_YES)
			continue;
		already = q->g->in_force != NULL &&
			  ap_login_ask(q->g->in_force, &origin->login, moment, q->g->nss).let_in == AP_NO;
		if (!already || i == 0)
			tell_origin(q, origin, &answer, moment, already);
		if (!already)
			return;
	}
}

void ap_guard_origin(const ap_guard *guard, const ap_origin *origin)
{
	inquiry q;

	if (origin->n == 0)
		return;
	q = begin(guard);
	for (size_t i = 0; i < origin->n; i++)
		guard_login(&q, &origin->items[i]);
	end(&q, "whoever runs this command");
}

/*
 * Administrators
 */

/* Writes `policy "Name" (file:line) denies "root" at the machine itself, service login (system)`. */
static void format_closed(inquiry *q, const ap_closed_way *way, char *buffer, size_t size)
{
	denier d = denier_of(q, &way->answer);
	char login[768];

	buffer[0] = '\0';
	if (!way->tried)
		return;
	format_login(q, &way->login, &way->answer, login, sizeof(login));
	(void)snprintf(buffer, size, "%s (%s:%u) %s %s", d.name, d.file, d.line,
		       way->answer.let_in == AP_NO ? "denies" : "does not tell whether to let in", login);
}

/* Writes `policy … denies …; policy … denies …, and so from each of the 7 addresses that make a difference`. */
static const char *reasons(inquiry *q, const ap_ways_in *ways, char *buffer, size_t size)
{
	char there[1536], from[1536];

	format_closed(q, &ways->at_machine, there, sizeof(there));
	format_closed(q, &ways->from_address, from, sizeof(from));
	(void)snprintf(buffer, size, "%s%s%s, and so from each of the %zu addresses that %s", there,
		       there[0] != '\0' ? "; " : "", from, ways->n_addresses,
		       ways->complete ? "make a difference" : "were tried; there are more");
	return buffer;
}

static void tell_administrator(inquiry *q, const ap_text *listed, const ap_ways_in *ways, int64_t moment, bool already)
{
	denier d = denier_of(q, ways->at_machine.tried ? &ways->at_machine.answer : &ways->from_address.answer);
	const char *succeeds = ways->open == AP_NO ? "succeeds" : "is certain to succeed";
	char why[4096], time[AP_TIMESTAMP_TEXT_MAX + 16];

	(void)reasons(q, ways, why, sizeof(why));
	if (already)
		ap_diagnostics_add(
			q->g->warnings, AP_WARNING, d.file, d.line,
			"the administrator \"%s\" has no login that %s, and has none by what is in force: %s",
			listed->text, succeeds, why);
	else
		ap_diagnostics_add(
			q->g->refusals, AP_ERROR, d.file, d.line,
			"the administrator \"%s\" would%s have no login left that %s: %s; except = { members = "
			"[ \"%s\" ]; } frees him from a policy",
			listed->text, since(q, moment, time, sizeof(time)), succeeds, why, listed->text);
}

static void guard_administrator(inquiry *q, const ap_text *listed)
{
	const char *user = ap_administrator_login(q->arena, q->g->image, listed->text);

	for (size_t i = 0; i < q->n_moments && (i == 0 || q->n_logins <= LOGINS_MAX); i++) {
		int64_t moment = q->moments[i];
		ap_ways_in ways = ap_find_way_in(q->g->image, user, moment, q->g->nss, q->arena);
		bool already = false;

		q->n_logins += ways.n_logins;
		if (ways.open == AP_YES)
			continue;
		if (q->g->in_force != NULL) {
			ap_ways_in before = ap_find_way_in(q->g->in_force, user, moment, q->g->nss, q->arena);

			q->n_logins += before.n_logins;
			already = before.open == AP_NO && before.complete;
		}
		if (!already || i == 0)
			tell_administrator(q, listed, &ways, moment, already);
		if (!already)
			return;
	}
}

void ap_guard_administrators(const ap_guard *guard, const ap_list *administrators)
{
	inquiry q;

	if (administrators->n == 0)
		return;
	q = begin(guard);
	for (size_t i = 0; i < administrators->n; i++)
		guard_administrator(&q, &administrators->items[i]);
	end(&q, "the administrators");
}
