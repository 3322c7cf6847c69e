/*
 * What the answers of Dovecot's passdbs make of a login on one way: does it ask the policy, can it get past what that says,
 * and does who is allowed get in?
 */
#include "dovecot_chain.h"
#include "dovecot_examination.h"

#include "paths.h"

#include <strings.h>

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
	ap_dovecot_noted(of, way,
			 &(ap_finding){ .kind = AP_FINDING_BYPASS,
					.check = "dovecot-not-asked",
					.what = "no passdb asks the policy",
					.why = "whoever has the right password is let in",
					.change = "a second passdb that only denies: " AP_RECIPES "/dovecot.md" });
}

void ap_dovecot_examine_answers(ap_dovecot_examination *of, const ap_dovecot_way *way)
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
