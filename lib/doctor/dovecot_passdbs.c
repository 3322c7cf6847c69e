/*
 * Dovecot's passdbs: does each way in ask the policy, can a login get past what it says, does a denied user read why,
 * and does who is allowed get in.
 */
#include "dovecot_chain.h"
#include "dovecot_examination.h"

#include <string.h>
#include <strings.h>

#define LINE "auth required pam_accesspolicy.so message=prompt allowed=user-unknown"

/* The line as it should be, with the client type that it says now. */
static const char *right_line(ap_arena *arena, const ap_passdb_role *role)
{
	const char *client = role->options.client;

	return client == NULL ? LINE : ap_format(arena, LINE " client=%s", client);
}

/* The setting by which a passdb has failure_show_msg, and the service. */
static const char *show_setting(ap_arena *arena, const ap_dovecot *dovecot, const ap_passdb *passdb)
{
	return dovecot->named ? ap_format(arena, "pam_failure_show_msg = yes in %s", passdb->name)
			      : ap_format(arena, "args = failure_show_msg=yes %s in %s", passdb->service, passdb->name);
}

/*
 * The service that one who denies asks has no file, so that "other" answers: it never says that there is no such user.
 */
static void examine_missing(ap_dovecot_examination *of, const ap_dovecot_way *way, size_t i)
{
	const ap_passdb_role *role = &way->roles[i];
	const char *name = role->name.name;
	const char *what = ap_format(of->arena, "%s asks the PAM service %s, which has no file",
				     ap_passdb_title(of->arena, &way->passdbs[i]), name);
	ap_finding finding = { .check = "dovecot-missing-service", .service = name, .what = what };

	if (way->passdbs[i].deny) {
		finding.kind = AP_FINDING_LOCKOUT;
		finding.why = ap_format(of->arena, "every login by %s is denied, and nobody reads why", way->title);
		finding.change = ap_format(of->arena, "/etc/pam.d/%s: " LINE " client=TYPE, or close the port", name);
	} else {
		finding.kind = AP_FINDING_BYPASS;
		finding.why = ap_format(
			of->arena,
			"the service \"other\" answers in its place, which does not ask the policy: logins by %s "
			"pass it",
			way->title);
		finding.change =
			ap_format(of->arena, "/etc/pam.d/%s, with the lines of the other services' files", name);
	}
	ap_dovecot_noted(of, way, &finding);
}

/* Another one that the passdb asks, on another way, has the policy. */
static bool is_governed_elsewhere(const ap_dovecot_examination *of, const ap_passdb *passdb)
{
	for (size_t i = 0; i < of->n_ways; i++)
		for (size_t k = 0; k < of->ways[i].n; k++)
			if (of->ways[i].roles[k].line != NULL && of->ways[i].passdbs[k].service != NULL &&
			    strcmp(of->ways[i].passdbs[k].service, passdb->service) == 0)
				return true;
	return false;
}

static void examine_name(ap_dovecot_examination *of, const ap_dovecot_way *way, size_t i)
{
	const ap_passdb_role *role = &way->roles[i];
	const ap_passdb *passdb = &way->passdbs[i];
	ap_finding finding = {
		.kind = AP_FINDING_BYPASS,
		.check = "dovecot-client-chooses",
		.what = ap_format(
			of->arena,
			"%s asks the PAM service %s, and %s is what the client says, or who stands in front of it",
			ap_passdb_title(of->arena, passdb), passdb->service, role->name.variable),
		.why = "a client chooses which service is asked, and so its client type, or one that does not ask the policy",
		.change =
			ap_format(of->arena, "%s in %s",
				  of->dovecot.named ? "pam_service_name = dovecot-policy-%{protocol}-%{real_local_port}"
						    : "args = failure_show_msg=yes dovecot-policy-%s-%{real_lport}",
				  passdb->name)
	};

	if (role->name.kind == AP_NAME_KNOWN) {
		/* one for a single address fails closed: that address is not known to need it */
		if (role->missing && role->line == NULL && !(passdb->deny && way->only_from != NULL) &&
		    (passdb->deny || is_governed_elsewhere(of, passdb)))
			examine_missing(of, way, i);
		return;
	}
	if (role->name.kind == AP_NAME_VARIES) {
		finding.kind = AP_FINDING_UNCERTAIN;
		finding.check = "dovecot-service-varies";
		finding.what = ap_format(of->arena, "%s asks the PAM service %s, and %s differs from login to login",
					 ap_passdb_title(of->arena, passdb), passdb->service, role->name.variable);
		finding.why = "which service is asked is not known here; one without a file is answered by \"other\"";
	}
	ap_dovecot_noted(of, way, &finding);
}

/* What keeps the message from who is denied. */
static void examine_message(ap_dovecot_examination *of, const ap_dovecot_way *way, size_t i)
{
	const ap_passdb_role *role = &way->roles[i];
	const ap_passdb *passdb = &way->passdbs[i];
	const char *title = ap_passdb_title(of->arena, passdb);

	if (!passdb->deny) {
		ap_dovecot_noted(
			of, way,
			&(ap_finding){
				.kind = AP_FINDING_MESSAGE,
				.check = "dovecot-message-discarded",
				.what = ap_format(of->arena,
						  "%s asks the policy by the PAM service %s, and has not deny = yes",
						  title, passdb->service),
				.why = "Dovecot discards what is said there: a denied user reads \"Authentication failed.\"",
				.change = ap_format(
					of->arena,
					"ask the policy in a second passdb that only denies, and take it out of "
					"the service %s: accesspolicy's page on Dovecot has both",
					passdb->service) });
		return;
	}
	if (!passdb->shows_message)
		ap_dovecot_noted(
			of, way,
			&(ap_finding){
				.kind = AP_FINDING_MESSAGE,
				.check = "dovecot-show-msg",
				.what = ap_format(of->arena,
						  "%s does not show what the module says: failure_show_msg is not set",
						  title),
				.why = "a denied user reads \"Authentication failed.\"",
				.change = show_setting(of->arena, &of->dovecot, passdb) });
	if (role->options.style != AP_MESSAGE_PROMPT)
		ap_dovecot_noted(
			of, way,
			&(ap_finding){
				.kind = AP_FINDING_MESSAGE,
				.check = "dovecot-style",
				.service = role->name.name,
				.file = role->line->file,
				.line = role->line->line,
				.what = ap_format(of->arena,
						  "%s of Dovecot asks this service, and message=prompt is not written",
						  title),
				.why = "Dovecot passes on prompts alone: a denied user reads \"Authentication failed.\"",
				.change = right_line(of->arena, role) });
}

/*
 * A passdb that denies takes every answer but "user unknown" for "denied"; any other takes that for "wrong password".
 */
static void examine_answer(ap_dovecot_examination *of, const ap_dovecot_way *way, size_t i)
{
	const ap_passdb_role *role = &way->roles[i];
	const char *title = ap_passdb_title(of->arena, &way->passdbs[i]);
	bool unknown = role->options.answer == AP_ALLOWED_USER_UNKNOWN;
	ap_finding finding = { .kind = AP_FINDING_LOCKOUT,
			       .check = "dovecot-answer",
			       .service = role->name.name,
			       .file = role->line->file,
			       .line = role->line->line };

	if (unknown == way->passdbs[i].deny)
		return;
	if (unknown) {
		finding.what = ap_format(
			of->arena,
			"allowed=user-unknown is written, and %s of Dovecot, which asks this service, has not "
			"deny = yes",
			title);
		finding.why = "whoever the policy allows is an unknown user to it, and is not let in";
		finding.change = ap_format(of->arena, "deny = yes in %s, behind the passdb that checks passwords",
					   way->passdbs[i].name);
	} else {
		finding.what = ap_format(
			of->arena,
			"%s of Dovecot, which has deny = yes, asks this service, and allowed=user-unknown is not "
			"written",
			title);
		finding.why = "whoever the policy allows is found there, and so denied";
		finding.change = right_line(of->arena, role);
	}
	ap_dovecot_noted(of, way, &finding);
}

static void examine_cache(ap_dovecot_examination *of, const ap_dovecot_way *way, size_t i)
{
	const ap_passdb *passdb = &way->passdbs[i];
	const char *size = ap_dovecot_value(&of->dovecot.settings, "auth_cache_size", "0");

	if (!passdb->caches || !of->dovecot.has_cache)
		return;
	ap_dovecot_noted(
		of, way,
		&(ap_finding){
			.kind = AP_FINDING_BYPASS,
			.check = "dovecot-cache",
			.what = ap_format(of->arena,
					  "%s asks the policy, and its answers are kept: %s, and auth_cache_size = %s",
					  ap_passdb_title(of->arena, passdb),
					  of->dovecot.named ? "use_cache is yes" : "cache_key is in its args", size),
			.why = "who was let in once is let in again without the policy being asked",
			.change = of->dovecot.named
					  ? ap_format(of->arena, "use_cache = no in %s", passdb->name)
					  : ap_format(of->arena,
						      "no cache_key in the args of %s; the passdb that checks "
						      "passwords may have one",
						      passdb->name) });
}

static bool is_used_by_others(const ap_dovecot_examination *of)
{
	for (size_t i = 0; i < of->n_ways; i++)
		if (of->ways[i].listener == NULL)
			return true;
	return false;
}

static void examine_nologin(ap_dovecot_examination *of, const ap_dovecot_way *way, size_t i)
{
	const ap_passdb *passdb = &way->passdbs[i];

	if (!passdb->nologin || !is_used_by_others(of))
		return;
	ap_dovecot_noted(
		of, way,
		&(ap_finding){
			.kind = AP_FINDING_BYPASS,
			.check = "dovecot-nologin",
			.what = ap_format(of->arena, "the fields of %s hold nologin",
					  ap_passdb_title(of->arena, passdb)),
			.why = "Postfix does not know it, and takes such an answer for a yes: a denied user can send",
			.change = ap_format(
				of->arena,
				"no nologin in the fields of %s: deny = yes denies, and failure_show_msg=yes says why",
				passdb->name) });
}

static const char *rule_setting(ap_arena *arena, const ap_passdb *passdb, ap_passdb_answer answer)
{
	static const char *const names[] = { "result_success", "result_failure", "result_internalfail" };

	return ap_format(arena, "%s = %s", names[answer], ap_passdb_rule_names[ap_chain_rule(passdb, answer)]);
}

/* The passdb that asks the policy: the first, for a finding to name it. */
static size_t policy_passdb(const ap_dovecot_way *way)
{
	for (size_t i = 0; i < way->n; i++)
		if (way->roles[i].asks)
			return i;
	return 0;
}

/* The policy was asked, denied or gave no answer, and the login went on. */
static void tell_unheeded(ap_dovecot_examination *of, const ap_dovecot_way *way, const ap_chain_way *in, size_t at,
			  ap_finding *finding)
{
	const ap_passdb *policy = &way->passdbs[in->steps[at].passdb];
	const ap_passdb *last = &way->passdbs[in->steps[in->n_steps - 1].passdb];
	const char *rule = rule_setting(of->arena, policy, in->steps[at].answer);
	const char *then = at + 1 < in->n_steps ? ap_format(of->arena, "goes on to %s, which may let in",
							    ap_passdb_title(of->arena, last))
						: "leaves it let in by the passdb before";

	finding->check = "dovecot-unheeded";
	finding->what = in->steps[at].answer == AP_PASSDB_NO
				? ap_format(of->arena, "a login that %s denies %s: %s",
					    ap_passdb_title(of->arena, policy), then, rule)
				: ap_format(of->arena,
					    "a login for which %s gives no answer, as when its process fails, %s: %s",
					    ap_passdb_title(of->arena, policy), then, rule);
	finding->change = ap_format(
		of->arena, "result_failure = return-fail and result_internalfail = return-fail in %s", policy->name);
}

/* Why a passdb is passed over, and what to write instead. */
static const char *skip_setting(ap_dovecot_examination *of, const ap_passdb *policy, const char **ret_change)
{
	if (*policy->mechanisms != '\0' || *policy->username_filter != '\0') {
		bool by_mechanism = *policy->mechanisms != '\0';
		const char *key =
			by_mechanism ? of->dovecot.named ? "mechanisms_filter" : "mechanisms" : "username_filter";

		*ret_change = ap_format(of->arena, "no %s in %s", key, policy->name);
		return ap_format(of->arena, "%s = %s", key,
				 by_mechanism ? policy->mechanisms : policy->username_filter);
	}
	if (policy->skip == AP_PASSDB_SKIP_AUTHENTICATED) {
		*ret_change = ap_format(of->arena, "skip = unauthenticated in %s", policy->name);
		return "skip = authenticated";
	}
	*ret_change = ap_format(of->arena,
				"%s behind the passdb that checks passwords, which has result_success = continue-ok",
				policy->name);
	return "skip = unauthenticated, before any passdb that could have authenticated";
}

static void tell_skipped(ap_dovecot_examination *of, const ap_dovecot_way *way, const ap_chain_way *in,
			 ap_finding *finding)
{
	const ap_passdb *policy = &way->passdbs[in->skipped];

	finding->check = "dovecot-skipped";
	finding->what = ap_format(of->arena, "%s, which asks the policy, is passed over for some logins: %s",
				  ap_passdb_title(of->arena, policy), skip_setting(of, policy, &finding->change));
}

static void tell_ended(ap_dovecot_examination *of, const ap_dovecot_way *way, const ap_chain_way *in,
		       ap_finding *finding)
{
	const ap_chain_step *last = &in->steps[in->n_steps - 1];
	const ap_passdb *ends = &way->passdbs[last->passdb];
	const char *policy = way->passdbs[policy_passdb(way)].name;
	bool fails = ends->failure == AP_PASSDB_RETURN_FAIL && ends->internal == AP_PASSDB_RETURN_FAIL;

	finding->check = "dovecot-not-reached";
	finding->what =
		ap_format(of->arena, "a login that %s lets in ends there, before %s asks the policy: %s",
			  ap_passdb_title(of->arena, ends), policy, rule_setting(of->arena, ends, last->answer));
	finding->change = ap_format(of->arena, "result_success = continue-ok%s in %s, before %s",
				    fails ? "" : ", result_failure = return-fail and result_internalfail = return-fail",
				    ends->name, policy);
}

static void tell_way_past(ap_dovecot_examination *of, const ap_dovecot_way *way, const ap_chain_way *in)
{
	ap_finding finding = { .kind = AP_FINDING_BYPASS, .why = "a user whom the policy denies is let in" };

	if (in->n_steps == 0) {
		finding.kind = AP_FINDING_UNCERTAIN;
		finding.check = "dovecot-not-examined";
		finding.what = ap_format(of->arena, "there are %zu passdbs, and no more than %d are examined", way->n,
					 AP_CHAIN_MAX);
		finding.change = "fewer passdbs";
		ap_dovecot_noted(of, way, &finding);
		return;
	}
	for (size_t i = 0; i < in->n_steps; i++)
		if (way->roles[in->steps[i].passdb].asks) {
			tell_unheeded(of, way, in, i, &finding);
			ap_dovecot_noted(of, way, &finding);
			return;
		}
	if (in->skipped < AP_CHAIN_MAX)
		tell_skipped(of, way, in, &finding);
	else
		tell_ended(of, way, in, &finding);
	ap_dovecot_noted(of, way, &finding);
}

/* A master's password lets in as anybody. */
static void examine_masters(ap_dovecot_examination *of, const ap_dovecot_way *way, const bool *asks)
{
	for (size_t i = 0; i < way->n; i++) {
		const ap_passdb *master = &way->passdbs[i];
		bool goes_on = master->success == AP_PASSDB_CONTINUE || master->success == AP_PASSDB_CONTINUE_OK;
		ap_chain_way in;

		if (!master->master ||
		    (goes_on && !ap_chain_passes(way->passdbs, way->n, asks, of->mechanisms, AP_CHAIN_MASTER, &in)))
			continue;
		ap_dovecot_noted(
			of, way,
			&(ap_finding){
				.kind = AP_FINDING_BYPASS,
				.check = "dovecot-master",
				.what = ap_format(of->arena, "%s has master = yes and %s",
						  ap_passdb_title(of->arena, master),
						  rule_setting(of->arena, master, AP_PASSDB_YES)),
				.why = "who knows a master's password logs in as any user without the policy being asked",
				.change = ap_format(
					of->arena,
					"result_success = continue-ok in %s, and skip = authenticated in the "
					"passdb that checks passwords: then the policy is asked about the user",
					master->name) });
	}
}

/* Mechanisms that check somebody by themselves. */
static void examine_mechanisms(ap_dovecot_examination *of, const ap_dovecot_way *way, const bool *asks)
{
	static const struct {
		const char *name;
		bool is_ticket; /* passdbs are asked for what they know of the user */
	} alone[] = { { "anonymous", false }, { "ntlm", false }, { "gssapi", true }, { "gss-spnego", true } };
	ap_chain_way in;

	for (size_t i = 0; of->mechanisms[i] != NULL; i++)
		for (size_t k = 0; k < sizeof(alone) / sizeof(alone[0]); k++) {
			const char *const one[] = { of->mechanisms[i], NULL };

			if (strcasecmp(of->mechanisms[i], alone[k].name) != 0 ||
			    (alone[k].is_ticket &&
			     !ap_chain_passes(way->passdbs, way->n, asks, one, AP_CHAIN_TICKET, &in)))
				continue;
			ap_dovecot_noted(
				of, way,
				&(ap_finding){
					.kind = AP_FINDING_BYPASS,
					.check = "dovecot-mechanism",
					.what = ap_format(of->arena,
							  "auth_mechanisms holds %s, by which no PAM service is asked",
							  of->mechanisms[i]),
					.why = "who logs in by it passes the policy",
					.change =
						ap_format(of->arena, "no %s in auth_mechanisms", of->mechanisms[i]) });
		}
}

static void tell_not_asked(ap_dovecot_examination *of, const ap_dovecot_way *way)
{
	ap_dovecot_noted(
		of, way,
		&(ap_finding){ .kind = AP_FINDING_BYPASS,
			       .check = "dovecot-not-asked",
			       .what = "no passdb asks the policy",
			       .why = "whoever has the right password is let in",
			       .change = "a second passdb that only denies: accesspolicy's page on Dovecot has it" });
}

static void examine_ways_in(ap_dovecot_examination *of, const ap_dovecot_way *way)
{
	bool *asks = ap_arena_alloc(of->arena, (way->n + 1) * sizeof(*asks)), any = false, sure = true;
	ap_chain_way in;

	for (size_t i = 0; i < way->n; i++) {
		const ap_passdb_role *role = &way->roles[i];

		asks[i] = role->asks && !way->passdbs[i].master;
		any = any || asks[i];
		/* what denies everybody for another reason was told with that */
		sure = sure && !role->missing &&
		       (role->line == NULL ||
			(role->options.answer == AP_ALLOWED_USER_UNKNOWN) == way->passdbs[i].deny);
	}
	if (!any) {
		/* a service that is missing was told */
		if (sure)
			tell_not_asked(of, way);
		return;
	}
	if (ap_chain_passes(way->passdbs, way->n, asks, of->mechanisms, AP_CHAIN_PASSWORD, &in))
		tell_way_past(of, way, &in);
	examine_masters(of, way, asks);
	examine_mechanisms(of, way, asks);
	if (sure && !ap_chain_lets_in(way->passdbs, way->n, asks, of->mechanisms))
		ap_dovecot_noted(
			of, way,
			&(ap_finding){
				.kind = AP_FINDING_LOCKOUT,
				.check = "dovecot-nobody",
				.what = "no answers of the passdbs let anybody in",
				.why = "nobody can log in, whatever the policy says",
				.change = "result_success = continue-ok in the passdb that checks passwords, and no"
					  " result_failure in the one that denies" });
}

void ap_dovecot_examine_passdbs(ap_dovecot_examination *of)
{
	for (size_t i = 0; i < of->n_ways; i++) {
		const ap_dovecot_way *way = &of->ways[i];

		for (size_t k = 0; k < way->n; k++) {
			if (way->passdbs[k].service != NULL)
				examine_name(of, way, k);
			if (way->roles[k].line != NULL && !way->passdbs[k].master) {
				examine_message(of, way, k);
				examine_answer(of, way, k);
				examine_cache(of, way, k);
			}
			examine_nologin(of, way, k);
		}
		examine_ways_in(of, way);
	}
}
