/*
 * Each of Dovecot's passdbs by itself: which service does it ask, does a denied user read why, is its answer the right one and
 * a new one at each login?
 */
#include "dovecot_examination.h"

#include "paths.h"

#include <string.h>

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
					"the service %s: " AP_RECIPES "/dovecot.md",
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

void ap_dovecot_examine_passdb(ap_dovecot_examination *of, const ap_dovecot_way *way, size_t i)
{
	if (way->passdbs[i].service != NULL)
		examine_name(of, way, i);
	if (way->roles[i].line != NULL && !way->passdbs[i].master) {
		examine_message(of, way, i);
		examine_answer(of, way, i);
		examine_cache(of, way, i);
	}
	examine_nologin(of, way, i);
}
