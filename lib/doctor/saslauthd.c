/*
 * saslauthd: it asks PAM, and never says where a login comes from.
 *
 * One that is installed and neither started at boot, running, nor asked by Postfix is no finding.
 */
#include "doctor.h"
#include "governed.h"
#include "policy_facts.h"
#include "sasl_conf.h"
#include "saslauthd_settings.h"
#include "text_parts.h"

#include <string.h>

typedef struct {
	ap_doctor *doctor;
	ap_arena *arena;
	const char **services; /* the PAM services that are asked through it, as far as is known */
	size_t n_services;
} examination;

static void found(examination *of, ap_finding finding)
{
	finding.service = "saslauthd";
	ap_finding_add(of->doctor->findings, &finding);
}

static void add_service(examination *of, const char *name)
{
	for (size_t i = 0; i < of->n_services; i++)
		if (strcmp(of->services[i], name) == 0)
			return;
	*AP_PUSH(of->arena, of->services, of->n_services) = name;
}

/* Postfix names its own; true if it asks saslauthd. */
static bool add_postfix(examination *of)
{
	const ap_postfix *postfix = ap_readings_postfix(&of->doctor->readings, NULL);
	bool asks = false;

	for (size_t i = 0; postfix != NULL && i < postfix->n; i++) {
		const ap_postfix_service *one = &postfix->services[i];

		if (!one->asks || strcmp(one->type, "cyrus") != 0)
			continue;
		if (strstr(ap_sasl_conf_read(of->doctor->host, one->cyrus_folders, one->path).pwcheck_method,
			   "saslauthd") == NULL)
			continue;
		add_service(of, one->service);
		asks = true;
	}
	return asks;
}

/* The services that programs with Cyrus SASL are known by: those of them that ask the policy. */
static void add_known(examination *of)
{
	static const char *const names[] = { "smtp", "imap", "pop", "pop3", "sieve", "ldap", "xmpp", "svn", "nntp" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (ap_pam_config_find(of->doctor->pam, names[i]) != NULL &&
		    ap_governing_line(of->doctor, names[i]) != NULL)
			add_service(of, names[i]);
}

static bool any_governed(const examination *of)
{
	for (size_t i = 0; i < of->n_services; i++)
		if (ap_governing_line(of->doctor, of->services[i]) != NULL)
			return true;
	return false;
}

static void tell_without_address(examination *of, const char *service, const ap_pam_line *line, ap_without_address fate,
				 uint32_t policy)
{
	ap_finding finding = {
		.kind = fate == AP_WITHOUT_ADDRESS_DENIED ? AP_FINDING_LOCKOUT : AP_FINDING_BYPASS,
		.check = "saslauthd-address",
		.file = line->file,
		.line = line->line,
		.what = ap_format(
			of->arena,
			"the PAM service %s asks the policy, and logins through saslauthd never have an address",
			service),
		.change = "smtpd_sasl_type = dovecot and smtpd_sasl_path = private/auth in Postfix: Dovecot tells "
			  "the address",
	};
	const char *which = ap_policy_title(of->arena, of->doctor->image, policy);

	finding.why =
		fate == AP_WITHOUT_ADDRESS_DENIED
			? ap_format(of->arena,
				    "%s cannot be decided for them: they are denied, wherever they come from", which)
		: fate == AP_WITHOUT_ADDRESS_ALLOWED
			? ap_format(of->arena,
				    "%s cannot be decided for them, and undetermined = \"allow\" lets them in from "
				    "anywhere",
				    which)
			: ap_format(of->arena,
				    "they are taken for logins at the machine itself, and %s is never held against "
				    "where they come from",
				    which);
	found(of, finding);
}

static void examine_services(examination *of)
{
	for (size_t i = 0; i < of->n_services; i++) {
		const char *service = of->services[i];
		const ap_pam_line *line = ap_governing_line(of->doctor, service);
		ap_without_address fate;
		uint32_t policy;

		if (line == NULL)
			continue;
		fate = ap_policy_without_address(of->doctor->image, service, ap_governing_client(of->doctor, line),
						 NULL, &policy);
		if (fate != AP_WITHOUT_ADDRESS_DECIDED)
			tell_without_address(of, service, line, fate, policy);
	}
}

/* Nothing is run to learn what else its file sets. */
static void tell_doubt(examination *of, const ap_default_doubt *doubt, const char *file)
{
	found(of,
	      (ap_finding){ .kind = AP_FINDING_UNCERTAIN,
			    .check = "saslauthd-computed",
			    .file = file,
			    .line = doubt->line,
			    .what = doubt->what,
			    .why = "it may set START, MECHANISMS or OPTIONS, and so decide whether the policy is asked "
				   "at each login",
			    .change = doubt->change });
}

static const char *where_it_caches(examination *of, const ap_saslauthd *one, const char *file)
{
	if (file == NULL)
		return ap_format(of->arena, "its command line is %s: -c keeps who was let in", one->options);
	if (*one->options == '\0')
		return "OPTIONS is empty or not set, and the init script then takes " AP_SASLAUTHD_OPTIONS
		       ": -c keeps who was let in";
	return ap_format(of->arena, "OPTIONS is %s: -c keeps who was let in", one->options);
}

/* One that is configured or runs: `file` NULL, it runs. */
static void examine_one(examination *of, const ap_saslauthd *one, const char *file)
{
	bool asks_anybody = any_governed(of) || ap_governs_mail(of->doctor);

	if (one->caches && any_governed(of))
		found(of,
		      (ap_finding){
			      .kind = AP_FINDING_BYPASS,
			      .check = "saslauthd-cache",
			      .file = file,
			      .line = one->options_line,
			      .what = where_it_caches(of, one, file),
			      .why = "who was let in once is let in again without the policy being asked, for eight hours",
			      .change = "OPTIONS=\"-m /var/run/saslauthd\" with the folder that is there now, "
					"without -c" });
	if (*one->mechanism != '\0' && strcmp(one->mechanism, "pam") != 0 && asks_anybody)
		found(of,
		      (ap_finding){
			      .kind = AP_FINDING_BYPASS,
			      .check = "saslauthd-mechanism",
			      .file = file,
			      .line = one->mechanism_line,
			      .what = ap_format(of->arena, "the mechanism is %s", one->mechanism),
			      .why = "no PAM service is asked, and so not the policy: whoever has the right password is let in",
			      .change = "MECHANISMS=\"pam\"" });
	if (one->doubt.what != NULL && asks_anybody)
		tell_doubt(of, &one->doubt, file);
}

static bool is_running(const ap_host_process *process)
{
	return strcmp(ap_path_name(process->program), "saslauthd") == 0;
}

/* Its processes have one command line: the first stands for all. What another user's says there is no matter: see below. */
static void examine_running(examination *of, const ap_host_process *process)
{
	if (process->uid == 0) {
		ap_saslauthd one = ap_saslauthd_of_arguments(of->arena, process->argv);

		examine_one(of, &one, NULL);
	}
	if (process->euid != 0 && any_governed(of))
		found(of, (ap_finding){ .kind = AP_FINDING_LOCKOUT,
					.check = "saslauthd-user",
					.what = ap_format(of->arena, "process %d runs as the user with the number %u",
							  (int)process->pid, (unsigned)process->euid),
					.why = "the policy in force can be read by root alone, so nobody is let in",
					.change = "start saslauthd as root" });
}

/*
 * Root's: any user can give a program of his own that name, with any arguments. Another's where root has none, of which its
 * program and whom it runs as are believed alone.
 */
static const ap_host_process *first_running(examination *of)
{
	size_t n;
	const ap_host_process *processes = ap_readings_processes(&of->doctor->readings, &n), *others = NULL;

	for (size_t i = 0; i < n; i++) {
		if (is_running(&processes[i]) && processes[i].uid == 0)
			return &processes[i];
		if (is_running(&processes[i]) && others == NULL)
			others = &processes[i];
	}
	return others;
}

static bool has_finding(const examination *of)
{
	for (size_t i = 0; i < of->doctor->findings->n; i++)
		if (strcmp(of->doctor->findings->items[i].check, "saslauthd-cache") == 0 ||
		    strcmp(of->doctor->findings->items[i].check, "saslauthd-mechanism") == 0)
			return true;
	return false;
}

/* As the init script does: what a package or an editor puts aside has another name, "saslauthd.dpkg-old". */
static bool is_defaults(const char *name)
{
	size_t length = strlen("saslauthd");

	return strncmp(name, "saslauthd", length) == 0 &&
	       name[length + strspn(name + length,
				    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-\\")] == '\0';
}

/* The files of /etc/default that the init script takes: one for each that it starts. */
static bool examine_defaults(examination *of, bool is_used)
{
	const char *const *names;
	bool starts = false;
	size_t n;

	if (!ap_host_list(of->doctor->host, "/etc/default", &names, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *file = ap_format(of->arena, "/etc/default/%s", names[i]);
		ap_saslauthd one;

		if (!is_defaults(names[i]) || !ap_host_has(of->doctor->host, file))
			continue;
		one = ap_saslauthd_of_defaults(of->doctor->host, file);
		if (!one.starts && !is_used)
			continue;
		starts = true;
		examine_one(of, &one, file);
	}
	return starts;
}

void ap_doctor_saslauthd(ap_doctor *doctor)
{
	examination of = { .doctor = doctor, .arena = doctor->findings->arena };
	const ap_host_process *running;
	bool is_used;

	if (!ap_doctor_asks(doctor, "saslauthd") || !ap_host_has(doctor->host, "/usr/sbin/saslauthd"))
		return;
	is_used = add_postfix(&of);
	add_known(&of);
	running = first_running(&of);
	is_used = examine_defaults(&of, is_used || running != NULL) || is_used;
	/* what its file says is told with that */
	if (running != NULL && !has_finding(&of))
		examine_running(&of, running);
	if (is_used || running != NULL)
		examine_services(&of);
}
