/* Dovecot: its settings are asked of doveconf(1), and held against the machine's PAM services. */
#include "dovecot_examination.h"

#include <string.h>

/* A passdb that denies by a service whose name is not known here: most likely the policy's. */
static bool denies_unknown(const ap_dovecot_way *way, size_t i)
{
	return way->passdbs[i].deny && way->passdbs[i].service != NULL && way->roles[i].name.kind != AP_NAME_KNOWN;
}

static bool is_governed(const ap_dovecot_examination *of)
{
	for (size_t i = 0; i < of->n_ways; i++)
		for (size_t k = 0; k < of->ways[i].n; k++)
			if (of->ways[i].roles[k].line != NULL || denies_unknown(&of->ways[i], k))
				return true;
	return false;
}

/* True if the machine has PAM services by which a passdb of Dovecot's would deny. */
static bool is_meant_to_be_governed(const ap_doctor *doctor)
{
	for (size_t i = 0; i < doctor->coverage.n; i++)
		if (doctor->coverage.items[i].state == AP_COVERAGE_DENIES)
			return true;
	return false;
}

/* Image and history are root's alone. */
static void examine_worker(ap_dovecot_examination *of)
{
	const ap_dovecot_section *worker = ap_dovecot_find(&of->dovecot.settings, "service", "auth-worker");
	const char *user = worker == NULL ? "" : ap_dovecot_value(worker, "user", "");

	if (*user == '\0' || strcmp(user, "root") == 0)
		return;
	ap_dovecot_found(of, &(ap_finding){ .kind = AP_FINDING_LOCKOUT,
					    .check = "dovecot-worker-user",
					    .what = ap_format(of->arena, "service auth-worker has user = %s", user),
					    .why = "the policy in force can be read by root alone, so nobody is let in",
					    .change = "user = root in service auth-worker" });
}

static void examine_ways(ap_dovecot_examination *of)
{
	for (size_t i = 0; i < of->n_ways; i++) {
		for (size_t k = 0; k < of->ways[i].n; k++)
			ap_dovecot_examine_passdb(of, &of->ways[i], k);
		ap_dovecot_examine_answers(of, &of->ways[i]);
	}
}

static void examine(ap_dovecot_examination *of)
{
	ap_dovecot_add_ways(of);
	if (!is_governed(of) && !is_meant_to_be_governed(of->doctor) && !ap_doctor_asks_by_name(of->doctor, "dovecot"))
		return;
	of->mechanisms = ap_dovecot_words(
		of->arena, ap_dovecot_list(of->arena, &of->dovecot.settings, "auth_mechanisms", "plain"));
	examine_worker(of);
	examine_ways(of);
	ap_dovecot_add_notes(of);
	ap_dovecot_examine_claims(of);
}

void ap_doctor_dovecot(ap_doctor *doctor)
{
	static const char *const version_command[] = { AP_DOVECONF, "-n", NULL };
	static const char *const all_command[] = { AP_DOVECONF, "-a", NULL };
	ap_dovecot_examination of = { .doctor = doctor, .arena = doctor->findings->arena };
	const char *text, *version, *file, *fault;

	if (!ap_doctor_asks(doctor, "dovecot") || !ap_host_has(doctor->host, AP_DOVECONF))
		return;
	text = ap_dovecot_ask(&of, version_command);
	if (text == NULL)
		return;
	/* 2.4 has its sections in the short form alone, 2.3 its listeners in the long one */
	if (ap_dovecot_version(of.arena, text, &version, &file) && !ap_dovecot_version_is_named(version))
		text = ap_dovecot_ask(&of, all_command);
	if (text == NULL)
		return;
	if (ap_dovecot_read(of.arena, text, &of.dovecot, &fault))
		examine(&of);
	else
		ap_dovecot_uncertain(&of, ap_format(of.arena, "doveconf is not understood: %s", fault));
}
