/*
 * The PAM files: does every login of a service come to the module, and does its denial count?
 *
 * The stacks are followed (pam_ways.h), and what stands on the module's lines is held against what the module takes.
 */
#include "module_line.h"
#include "pam_examined.h"
#include "pam_ways.h"

#include <security/pam_appl.h>
#include <string.h>

/* The line as it is to be typed: required, with a name that libpam finds, and what else stands on it. */
static const char *required_line(const ap_pam_examined *e, const ap_pam_line *line, ap_pam_phase phase)
{
	const char *module = ap_module_line_is_missing(&e->folders, line) ? AP_MODULE_NAME : line->module;
	const char *text = ap_format(e->arena, "%s required %s", ap_pam_phase_names[phase], module);

	for (size_t i = 0; i < line->n_arguments; i++) {
		bool brackets = strpbrk(line->arguments[i], " \t]") != NULL;

		text = ap_format(e->arena, "%s %s%s%s", text, brackets ? "[" : "", line->arguments[i],
				 brackets ? "]" : "");
	}
	return text;
}

/*
 * What becomes of its answers
 */

static void tell_too_many(const ap_pam_examined *e, ap_pam_phase phase)
{
	ap_pam_add_finding(
		e, AP_FINDING_UNCERTAIN, "too-many-ways", NULL,
		ap_format(e->arena, "the %s stack has more ways than can be followed", ap_pam_phase_names[phase]),
		"a way past the module may be among those that were not",
		"make the stack simpler: fewer jumps and substacks");
}

static const char *why_of(const ap_pam_way *way, const char *otherwise)
{
	return ap_ways_needs_new_password(way)
		       ? "whoever must change a password that has expired is let in to do so, whatever the policy says"
		       : otherwise;
}

static void tell_never(const ap_pam_examined *e, ap_pam_phase phase, const ap_pam_way *way)
{
	const ap_pam_line *line;
	const char *what = ap_ways_explain_never(e->arena, &e->service->stacks[phase], way, &line);

	ap_pam_add_finding(e, AP_FINDING_BYPASS, "never-asked", line, what,
			   why_of(way, "such a login succeeds whatever the policy says of it"),
			   ap_format(e->arena, "make it the first %s line of the service: %s",
				     ap_pam_phase_names[phase], required_line(e, line, phase)));
}

static void tell_denied(const ap_pam_examined *e, ap_pam_phase phase, const ap_pam_way *way)
{
	const ap_pam_line *line;
	const char *what = ap_ways_explain_denied(e->arena, &e->service->stacks[phase], way, &line);

	ap_pam_add_finding(e, AP_FINDING_BYPASS, "denial-lost", line, what,
			   why_of(way, "a login succeeds that the policy denies"),
			   ap_format(e->arena, "make it required, and the first %s line of the service: %s",
				     ap_pam_phase_names[phase], required_line(e, line, phase)));
}

/*
 * Ways on which the policy's denial does not count; `success` is what the service takes for a yes. Of several, one is told for
 * which no password need have expired.
 */
static void check_past(const ap_pam_examined *e, ap_pam_phase phase, ap_pam_answers success)
{
	ap_pam_outcome past = ap_ways_ask(e->arena, e->service, phase, AP_WAYS_PAST, success, &e->folders);
	ap_pam_outcome plain = ap_ways_ask(e->arena, e->service, phase, AP_WAYS_PAST_PLAIN, success, &e->folders);

	for (int kind = 0; kind < AP_N_ASKED; kind++)
		if (plain.ways[kind].possible)
			past.ways[kind] = plain.ways[kind];
	if (past.ways[AP_ASKED_NEVER].possible)
		tell_never(e, phase, &past.ways[AP_ASKED_NEVER]);
	if (past.ways[AP_ASKED_DENIED].possible)
		tell_denied(e, phase, &past.ways[AP_ASKED_DENIED]);
	if (!past.whole)
		tell_too_many(e, phase);
}

static bool can_succeed(const ap_pam_outcome *outcome)
{
	return outcome->ways[AP_ASKED_NEVER].possible || outcome->ways[AP_ASKED_LET_IN].possible ||
	       outcome->ways[AP_ASKED_DENIED].possible;
}

/* Is nobody let in whom the policy allows, though somebody would be without the module? */
static void check_lockout(const ap_pam_examined *e, ap_pam_phase phase, const ap_module_lines *lines)
{
	ap_pam_answers success = ap_ways_success(phase);
	ap_pam_outcome allowed = ap_ways_ask(e->arena, e->service, phase, AP_WAYS_ALLOWED, success, NULL);
	ap_pam_outcome without = ap_ways_ask(e->arena, e->service, phase, AP_WAYS_WITHOUT, success, NULL);
	/* without other lines it was put there for somebody to be let in */
	bool is_alone = phase == AP_PAM_ACCOUNT && lines->n == e->service->stacks[phase].n, user_unknown;
	const ap_pam_line *line = lines->items[0];
	ap_module_options options;

	for (size_t i = 0; i < lines->n; i++)
		if (ap_module_line_options(e->arena, lines->items[i], &options) != NULL)
			return; /* nobody is let in for that, and it is told already */
	if (!allowed.whole || can_succeed(&allowed) || (!can_succeed(&without) && !is_alone))
		return;
	user_unknown = ap_ways_letting_in(e->arena, line, phase) == PAM_USER_UNKNOWN;
	ap_pam_add_finding(
		e, AP_FINDING_LOCKOUT, "allowed-denied", line,
		user_unknown
			? "allowed=user-unknown, which only a passdb of Dovecot's with deny = yes reads as \"not denied\""
			: ap_format(e->arena, "its control %s takes the answer of an allowed login for a failure",
				    ap_ways_control_text(e->arena, line)),
		/* such a passdb can ask here as well, and denies whom "other" or another line knows no password of */
		user_unknown ? "whatever else asks denies every login, even those that the policy allows"
			     : "every login is denied, even those that the policy allows",
		!user_unknown ? ap_format(e->arena, "make it required: %s", required_line(e, line, phase))
		: phase == AP_PAM_AUTH
			? "take allowed=user-unknown away"
			: "take allowed=user-unknown away; for such a passdb, write auth in the place of account");
}

/* The one line that says yes: it checks no password. */
static void check_only_auth(const ap_pam_examined *e, const ap_module_lines *lines)
{
	ap_pam_answers success = ap_ways_success(AP_PAM_AUTH);
	ap_pam_outcome with = ap_ways_ask(e->arena, e->service, AP_PAM_AUTH, AP_WAYS_NO_PASSWORD, success, &e->folders);
	ap_pam_outcome nobody = ap_ways_ask(e->arena, e->service, AP_PAM_AUTH, AP_WAYS_NOBODY, success, NULL);
	const ap_pam_line *line = lines->items[0];

	if (!with.ways[AP_ASKED_LET_IN].possible || nobody.ways[AP_ASKED_NEVER].possible)
		return;
	for (size_t i = 0; i < lines->n; i++)
		if (ap_ways_letting_in(e->arena, lines->items[i], AP_PAM_AUTH) == PAM_SUCCESS)
			line = lines->items[i];
	ap_pam_add_finding(e, AP_FINDING_BYPASS, "only-auth", line,
			   ap_format(e->arena, "\"%s\" can be the only line that says yes",
				     ap_ways_line_text(e->arena, line, AP_PAM_AUTH)),
			   "the module checks no password: whoever the policy allows is let in with any",
			   "take allowed=success away and write required; the policy belongs into the account phase");
}

/* An allowed login that ends the stack is not held against what stands behind. */
static void check_skips(const ap_pam_examined *e, const ap_pam_stack *stack, const ap_pam_line *line,
			ap_pam_phase phase)
{
	int answer = ap_ways_letting_in(e->arena, line, phase);
	size_t place = (size_t)(line - stack->lines);

	if (ap_module_line_is_missing(&e->folders, line))
		return;
	if (ap_pam_action(line, answer) != AP_PAM_DONE || ap_pam_next_place(stack, place, AP_PAM_DONE) == place + 1)
		return;
	ap_pam_add_finding(e, AP_FINDING_BYPASS, "skips-others", line,
			   ap_format(e->arena, "its control %s ends the stack for an allowed login",
				     ap_ways_control_text(e->arena, line)),
			   "the modules behind it, which may know of an expired account, are not asked",
			   ap_format(e->arena, "make it required: %s", required_line(e, line, phase)));
}

static void check_unreadable(const ap_pam_examined *e, ap_pam_phase phase)
{
	const ap_pam_stack *stack = &e->service->stacks[phase];

	for (size_t i = 0; i < stack->n; i++)
		if (stack->lines[i].kind == AP_PAM_FAILS)
			ap_pam_add_finding(e, AP_FINDING_LOCKOUT, "line-unreadable", &stack->lines[i],
					   stack->lines[i].fault,
					   "libpam answers with a denial in the place of this line",
					   "correct the line, or take it away");
}

static void check_phase(const ap_pam_examined *e, ap_pam_phase phase)
{
	const ap_pam_stack *stack = &e->service->stacks[phase];
	ap_module_lines lines = ap_module_lines_of(e->arena, e->service, phase);

	for (size_t i = 0; i < lines.n; i++) {
		ap_pam_check_module_line(e, lines.items[i]);
		check_skips(e, stack, lines.items[i], phase);
	}
	if (lines.n == 0)
		return;
	check_unreadable(e, phase);
	if (e->is_deny_passdb)
		return;
	if (phase == AP_PAM_ACCOUNT)
		check_past(e, phase, ap_ways_success(phase));
	else
		check_only_auth(e, &lines);
	check_lockout(e, phase, &lines);
}

/* Of a service for a passdb that denies: is it told that somebody is not denied, who is; or that everybody is? */
static void check_deny_passdb(const ap_pam_examined *e)
{
	ap_pam_phase phase = ap_module_lines_of(e->arena, e->service, AP_PAM_AUTH).n > 0 ? AP_PAM_AUTH : AP_PAM_ACCOUNT;
	ap_pam_answers not_denied = AP_PAM_ANSWER(PAM_USER_UNKNOWN);
	ap_pam_outcome allowed = ap_ways_ask(e->arena, e->service, phase, AP_WAYS_ALLOWED, not_denied, NULL);
	const ap_pam_line *line = ap_module_lines_of(e->arena, e->service, phase).items[0];

	check_past(e, phase, not_denied);
	if (allowed.ways[AP_ASKED_LET_IN].possible)
		return;
	ap_pam_add_finding(e, AP_FINDING_LOCKOUT, "allowed-denied", line,
			   ap_format(e->arena, "its control %s does not pass on that an allowed login is unknown to it",
				     ap_ways_control_text(e->arena, line)),
			   "Dovecot takes any other answer for a denial: nobody is let in",
			   ap_format(e->arena, "make it required: %s", required_line(e, line, phase)));
}

static void check_auth_alone(const ap_pam_examined *e)
{
	ap_module_lines in_auth = ap_module_lines_of(e->arena, e->service, AP_PAM_AUTH);
	ap_pam_outcome allowed;

	if (e->is_deny_passdb || in_auth.n == 0 || ap_module_lines_of(e->arena, e->service, AP_PAM_ACCOUNT).n > 0)
		return;
	/* nobody logs in by a service that has no other line: it is one that something else asks, and tells of */
	allowed = ap_ways_ask(e->arena, e->service, AP_PAM_AUTH, AP_WAYS_ALLOWED, ap_ways_success(AP_PAM_AUTH), NULL);
	if (!can_succeed(&allowed))
		return;
	ap_pam_add_finding(
		e, AP_FINDING_BYPASS, "auth-alone", in_auth.items[0], "the module stands in the auth phase alone",
		"what never comes to that phase is not held against the policy: ssh by public key, sudo by NOPASSWD, cron",
		ap_pam_how_to_ask(e));
}

static bool names_module(const ap_pam_examined *e)
{
	for (unsigned phase = 0; phase < AP_N_PAM_PHASES; phase++)
		if (ap_module_lines_of(e->arena, e->service, (ap_pam_phase)phase).n > 0)
			return true;
	return false;
}

/* Of a service that has nothing to do with the module it is told only to whoever asks about it. */
static void tell_refused(const ap_pam_examined *e)
{
	const ap_pam_line place = { .file = e->service->refused_file, .line = e->service->refused_line };

	if (e->service->unexamined)
		ap_pam_add_finding(e, AP_FINDING_UNCERTAIN, "service-unread", &place, e->service->refused,
				   "whether the policy is asked, and can be passed, could not be examined",
				   "run this as root; let the file be one that a person could read");
	else if (names_module(e) || ap_doctor_asks_by_name(e->doctor, e->service->name))
		ap_pam_add_finding(e, AP_FINDING_LOCKOUT, "service-refused", &place, e->service->refused,
				   "libpam refuses the service as a whole: nobody is let in", "correct what is there");
}

static void check_service(const ap_pam_examined *e)
{
	if (e->service->refused != NULL) {
		tell_refused(e);
		return;
	}
	check_phase(e, AP_PAM_AUTH);
	check_phase(e, AP_PAM_ACCOUNT);
	check_auth_alone(e);
	if (e->is_deny_passdb)
		check_deny_passdb(e);
}

/* Who asks about Dovecot asks about the services that deny for it: a mistake in theirs denies its logins. */
static bool is_asked_about(const ap_doctor *doctor, const ap_coverage *item)
{
	return ap_doctor_asks_pam(doctor, item->service->name) ||
	       (item->state == AP_COVERAGE_DENIES && ap_doctor_asks(doctor, "dovecot"));
}

void ap_doctor_pam(ap_doctor *doctor)
{
	ap_arena *arena = doctor->host->arena;
	ap_pam_examined e = { .doctor = doctor, .arena = arena, .folders = ap_module_folders_of(doctor->host) };

	doctor->coverage = ap_coverage_of(&e.folders, doctor->pam);
	if (doctor->pam->folder_fault != NULL) {
		const ap_finding finding = { .kind = AP_FINDING_UNCERTAIN,
					     .check = "pam-unreadable",
					     .service = "pam",
					     .what = doctor->pam->folder_fault,
					     .why = "which services there are could not be examined",
					     .change = "run this as root" };

		ap_finding_add(doctor->findings, &finding);
	}
	for (size_t i = 0; i < doctor->coverage.n; i++) {
		e.service = doctor->coverage.items[i].service;
		if (!is_asked_about(doctor, &doctor->coverage.items[i]))
			continue;
		e.is_deny_passdb = ap_is_deny_passdb_service(arena, e.service);
		check_service(&e);
		if (doctor->coverage.items[i].state == AP_COVERAGE_NONE && e.service->refused == NULL)
			ap_pam_check_not_asking(&e);
	}
}
