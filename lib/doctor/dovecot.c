/* Dovecot: its settings are asked of doveconf(1), and held against the machine's PAM services. */
#include "dovecot_examination.h"

#include <string.h>

#define DOVECONF "/usr/bin/doveconf"

void ap_dovecot_found(ap_dovecot_examination *of, const ap_finding *finding)
{
	const char *file = of->dovecot.file;
	ap_finding whole = *finding;

	whole.service = "dovecot";
	whole.file = file != NULL && *file != '\0' ? file : NULL;
	ap_finding_add(of->doctor->findings, &whole);
}

static bool is_same(const ap_finding *a, const ap_finding *b)
{
	return strcmp(a->check, b->check) == 0 && strcmp(a->what, b->what) == 0 && strcmp(a->why, b->why) == 0 &&
	       strcmp(a->change, b->change) == 0 && a->file == b->file && a->line == b->line;
}

void ap_dovecot_noted(ap_dovecot_examination *of, const ap_dovecot_way *way, const ap_finding *finding)
{
	ap_dovecot_note *note = NULL;

	for (size_t i = 0; i < of->n_notes && note == NULL; i++)
		if (is_same(&of->notes[i].finding, finding))
			note = &of->notes[i];
	if (note == NULL) {
		note = AP_PUSH(of->arena, of->notes, of->n_notes);
		note->finding = *finding;
		note->holds = ap_arena_alloc(of->arena, of->n_ways * sizeof(*note->holds));
	}
	note->holds[way - of->ways] = true;
}

/* "imap on port 143, imap on port 993 and smtp through Postfix"; NULL where it holds for all. */
static const char *titles(const ap_dovecot_examination *of, const bool *holds)
{
	const char *text = "";
	size_t n = 0, last = 0;

	for (size_t i = 0; i < of->n_ways; i++)
		if (holds[i])
			last = i;
	for (size_t i = 0; i < of->n_ways; i++)
		if (holds[i])
			text = ap_format(of->arena, "%s%s%s", text,
					 n++ == 0    ? ""
					 : i == last ? " and "
						     : ", ",
					 of->ways[i].title);
	return n == of->n_ways ? NULL : text;
}

static void add_notes(ap_dovecot_examination *of)
{
	for (size_t i = 0; i < of->n_notes; i++) {
		ap_finding finding = of->notes[i].finding;
		const char *by = titles(of, of->notes[i].holds);

		/* one that is about a PAM service names the way by that */
		if (by != NULL && finding.service == NULL)
			finding.what = ap_format(of->arena, "%s; this is so for %s", finding.what, by);
		if (finding.file == NULL)
			ap_dovecot_found(of, &finding);
		else
			ap_finding_add(of->doctor->findings, &finding);
	}
}

const char *ap_passdb_title(ap_arena *arena, const ap_passdb *passdb)
{
	return ap_format(arena, "%s (%s)", passdb->name, passdb->driver);
}

static void uncertain(ap_dovecot_examination *of, const char *what)
{
	ap_dovecot_found(of,
			 &(ap_finding){ .kind = AP_FINDING_UNCERTAIN,
					.check = "dovecot-not-examined",
					.what = what,
					.why = "what Dovecot makes of a login is not known, and may pass the policy",
					.change = "mend what doveconf says, and ask again" });
}

/* What doveconf printed; NULL, with a finding, where it could not be asked. */
static const char *ask(ap_dovecot_examination *of, const char *const *command)
{
	ap_host_output output = ap_host_run(of->doctor->host, command);
	const char *fault =
		ap_host_run_fault(of->doctor->host, ap_format(of->arena, "doveconf %s", command[1]), &output);

	if (fault == NULL)
		return output.out;
	uncertain(of, fault);
	return NULL;
}

/* The passdbs of a protocol; NULL, with a finding, where doveconf does not tell. */
static const ap_passdb *passdbs_of(ap_dovecot_examination *of, const char *protocol, size_t *ret_n)
{
	const char *filter = ap_format(of->arena, "protocol=%s", protocol);
	const char *const command[] = { DOVECONF, "-f", filter, "passdb", NULL };
	ap_dovecot_section settings;
	const char *text;
	unsigned line;

	*ret_n = 0;
	if (of->dovecot.named)
		return ap_dovecot_passdbs(of->arena, &of->dovecot.settings, true, protocol, ret_n);
	text = ask(of, command);
	if (text == NULL)
		return NULL;
	if (ap_dovecot_parse(of->arena, text, &settings, &line))
		return ap_dovecot_passdbs(of->arena, &settings, false, protocol, ret_n);
	uncertain(of, ap_format(of->arena,
				"line %u of what \"doveconf -f %s passdb\" printed is neither a setting nor a section",
				line, filter));
	return NULL;
}

/* The module's line that decides in a service that Dovecot asks, which begins with the auth phase. */
static void find_module(ap_arena *arena, ap_passdb_role *role)
{
	for (ap_pam_phase phase = AP_PAM_AUTH; phase <= AP_PAM_ACCOUNT && !role->asks; phase++) {
		ap_module_lines lines = ap_module_lines_of(arena, role->service, phase);

		if (lines.n == 0)
			continue;
		role->asks = true;
		role->line = lines.items[0];
		role->phase = phase;
		/* the examiner of PAM files says what is wrong with options */
		if (ap_module_line_options(arena, role->line, &role->options) != NULL)
			role->options =
				(ap_module_options){ .answer = AP_ALLOWED_USER_UNKNOWN, .style = AP_MESSAGE_PROMPT };
	}
}

static bool trusts_somebody(const ap_dovecot_examination *of)
{
	static const char *const settings[] = { "login_trusted_networks", "haproxy_trusted_networks" };

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (*ap_dovecot_value(&of->dovecot.settings, settings[i], "") != '\0')
			return true;
	return false;
}

static ap_passdb_role role_of(ap_dovecot_examination *of, const ap_dovecot_way *way, const ap_passdb *passdb)
{
	ap_passdb_role role = { .asks = false };

	if (passdb->service == NULL)
		return role;
	role.name = ap_service_name_of(of->arena, passdb->service, of->dovecot.named, way->protocol, way->port,
				       trusts_somebody(of));
	if (role.name.kind != AP_NAME_KNOWN) {
		/* that is a finding of its own: what hangs on it is not one more */
		role.asks = true;
		return role;
	}
	role.service = ap_pam_config_service(of->doctor->pam, role.name.name);
	role.missing = ap_pam_config_find(of->doctor->pam, role.name.name) == NULL;
	find_module(of->arena, &role);
	/* "other" does not answer "user unknown" of whom the password's passdb knows */
	role.asks = role.asks || (role.missing && passdb->deny);
	return role;
}

static void add_plain_way(ap_dovecot_examination *of, ap_dovecot_way way)
{
	way.roles = ap_arena_alloc(of->arena, way.n * sizeof(*way.roles));
	for (size_t i = 0; i < way.n; i++)
		way.roles[i] = role_of(of, &way, &way.passdbs[i]);
	*AP_PUSH(of->arena, of->ways, of->n_ways) = way;
}

/* The way with another service in one of its passdbs. */
static ap_dovecot_way with_service(ap_arena *arena, const ap_dovecot_way *way, size_t i, const char *service)
{
	ap_passdb *passdbs = ap_arena_alloc(arena, way->n * sizeof(*passdbs));
	ap_dovecot_way other = *way;

	memcpy(passdbs, way->passdbs, way->n * sizeof(*passdbs));
	passdbs[i].service = service;
	other.passdbs = passdbs;
	return other;
}

static bool is_equality(const char *comparison)
{
	return strcmp(comparison, "eq") == 0 || strcmp(comparison, "==") == 0;
}

/* "real" is what the connection has, and nobody's words. */
static bool is_real_address(const char *variable)
{
	return strcmp(variable, "%{real_rip}") == 0 || strcmp(variable, "%{real_remote_ip}") == 0;
}

static void split_way(ap_dovecot_examination *of, const ap_dovecot_way *way, size_t from);

/* Both cases are ways of their own: the one of an address that the name asks for, and that of all others. */
static void split_by(ap_dovecot_examination *of, const ap_dovecot_way *way, size_t i,
		     const ap_name_condition *condition)
{
	ap_dovecot_way yes = with_service(of->arena, way, i, condition->yes);
	ap_dovecot_way no = with_service(of->arena, way, i, condition->no);

	if (is_real_address(condition->left) && is_equality(condition->comparison)) {
		yes.only_from = condition->right;
		yes.title = ap_format(of->arena, "%s from %s", way->title, condition->right);
	}
	split_way(of, &yes, i);
	split_way(of, &no, i);
}

static void split_way(ap_dovecot_examination *of, const ap_dovecot_way *way, size_t from)
{
	for (size_t i = from; i < way->n; i++) {
		const char *service = way->passdbs[i].service;
		ap_name_condition condition;
		ap_service_name left;

		if (service == NULL || of->dovecot.named || !ap_name_condition_of(of->arena, service, &condition))
			continue;
		left = ap_service_name_of(of->arena, condition.left, false, way->protocol, way->port,
					  trusts_somebody(of));
		/* what the client says of itself stays in the name, and is found there */
		if (left.kind == AP_NAME_CLIENT)
			continue;
		split_by(of, way, i, &condition);
		return;
	}
	add_plain_way(of, *way);
}

static void add_way(ap_dovecot_examination *of, ap_dovecot_way way)
{
	way.passdbs = passdbs_of(of, way.protocol, &way.n);
	if (way.passdbs != NULL)
		split_way(of, &way, 0);
}

static void add_listeners(ap_dovecot_examination *of)
{
	for (size_t i = 0; i < of->dovecot.n_listeners; i++) {
		const ap_dovecot_listener *one = &of->dovecot.listeners[i];

		add_way(of, (ap_dovecot_way){ .title = ap_format(of->arena, "%s on port %u", one->protocol, one->port),
					      .protocol = one->protocol,
					      .port = one->port,
					      .listener = one });
	}
}

static bool has_way(const ap_dovecot_examination *of, const char *protocol)
{
	for (size_t i = 0; i < of->n_ways; i++)
		if (of->ways[i].listener == NULL && strcmp(of->ways[i].protocol, protocol) == 0)
			return true;
	return false;
}

static void add_other_program(ap_dovecot_examination *of, const char *protocol, const char *program)
{
	if (!has_way(of, protocol))
		add_way(of, (ap_dovecot_way){ .title = ap_format(of->arena, "%s through %s", protocol, program),
					      .protocol = protocol });
}

/* Postfix names its service, and no port. What else asks there calls itself smtp, as Exim does. */
static void add_other_programs(ap_dovecot_examination *of)
{
	const char *fault;
	bool asks = false;

	if (!ap_postfix_read(of->doctor->host, &of->postfix, &fault))
		of->postfix.n = 0;
	for (size_t i = 0; i < of->postfix.n; i++) {
		const ap_postfix_service *one = &of->postfix.services[i];

		if (!one->asks || strcmp(one->type, "dovecot") != 0)
			continue;
		add_other_program(of, one->service, "Postfix");
		asks = true;
	}
	if (!asks && of->dovecot.serves_others)
		add_other_program(of, "smtp", "Dovecot's auth socket");
}

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

static void examine(ap_dovecot_examination *of)
{
	add_listeners(of);
	add_other_programs(of);
	if (!is_governed(of) && !ap_doctor_asks_by_name(of->doctor, "dovecot"))
		return;
	of->mechanisms =
		ap_dovecot_words(of->arena, ap_dovecot_value(&of->dovecot.settings, "auth_mechanisms", "plain"));
	examine_worker(of);
	ap_dovecot_examine_passdbs(of);
	add_notes(of);
	ap_dovecot_examine_claims(of);
}

void ap_doctor_dovecot(ap_doctor *doctor)
{
	static const char *const version_command[] = { DOVECONF, "-n", NULL };
	static const char *const all_command[] = { DOVECONF, "-a", NULL };
	ap_dovecot_examination of = { .doctor = doctor, .arena = doctor->findings->arena };
	const char *text, *version, *file, *fault;

	if (!ap_doctor_asks(doctor, "dovecot") || !ap_host_has(doctor->host, DOVECONF))
		return;
	text = ask(&of, version_command);
	if (text == NULL)
		return;
	/* 2.4 has its sections in the short form alone, 2.3 its listeners in the long one */
	if (ap_dovecot_version(of.arena, text, &version, &file) && !ap_dovecot_version_is_named(version))
		text = ask(&of, all_command);
	if (text == NULL)
		return;
	if (ap_dovecot_read(of.arena, text, &of.dovecot, &fault))
		examine(&of);
	else
		uncertain(&of, ap_format(of.arena, "doveconf is not understood: %s", fault));
}
