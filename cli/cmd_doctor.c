/* accesspolicy doctor - what on the machine lets a login past the policy, or keeps the message from its user. */
#include "../lib/login/applied.h"
#include "doctor_report.h"
#include "options.h"
#include "paths.h"
#include "subject.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	ap_host host;
	ap_elsewhere elsewhere; /* where its files are here */
	ap_finding_list findings;
	ap_doctor doctor;
	ap_subject subject;
} examination;

/* "" for this machine; false after a usage error. */
static bool take_root(ap_context *context, const ap_usage *usage, const char *given, const char **ret_root)
{
	char resolved[PATH_MAX];
	struct stat info;

	*ret_root = "";
	if (given == NULL)
		return true;
	if (realpath(given, resolved) == NULL || stat(resolved, &info) != 0) {
		(void)ap_usage_error(usage, "--root %s: %s", ap_printable(context->arena, given), strerror(errno));
		return false;
	}
	if (!S_ISDIR(info.st_mode)) {
		(void)ap_usage_error(usage, "--root %s: is no folder", ap_printable(context->arena, given));
		return false;
	}
	if (strcmp(resolved, "/") != 0)
		*ret_root = ap_arena_strdup(context->arena, resolved);
	return true;
}

/*
 * What stands beside the root file is named as that is, with the machine's root; what the policy names by an absolute path, as the
 * machine names it. Either may be a link there.
 */
static const char *where_there(const void *machine, const char *path)
{
	const ap_host *host = machine;
	size_t length = strlen(host->root);
	bool has_root = strncmp(path, host->root, length) == 0 && path[length] == '/';

	return ap_host_find(host, has_root ? path + length : path);
}

/* What decides logins on that machine, unless the command line says where it is. */
static void take_paths(ap_context *context, examination *e)
{
	if (e->host.root[0] == '\0')
		return;
	e->elsewhere = (ap_elsewhere){ .where = where_there, .machine = &e->host };
	if (context->config == NULL) {
		context->config = ap_host_where(&e->host, AP_CONFIG_FILE);
		context->config_elsewhere = &e->elsewhere;
	}
	if (context->state == NULL) {
		context->state = ap_host_where(&e->host, AP_STATE_DIR);
		context->state_elsewhere = &e->elsewhere;
	}
}

static bool may_not_read(const ap_elsewhere *elsewhere, const char *path)
{
	const char *here = elsewhere != NULL ? elsewhere->where(elsewhere->machine, path) : path;

	return (here == NULL || access(here, R_OK) != 0) && errno == EACCES;
}

/* Why there is none is told on standard error: there is one object of JSON, and it is that of the findings. */
static void open_policy(ap_context *context, examination *e)
{
	bool json = context->json;

	context->json = false;
	if (ap_subject_open_in_force(context, &e->subject) == AP_EXIT_YES)
		e->doctor.image = e->subject.image;
	else
		e->doctor.may_not_read_policy =
			may_not_read(context->state_elsewhere,
				     ap_format(context->arena, "%s/%s", ap_context_state(context), AP_APPLIED_IMAGE)) ||
			may_not_read(context->config_elsewhere, ap_context_config(context));
	context->json = json;
}

/* What may be asked about: PAM services, and the subjects of the examiners. */
static const char **known_services(ap_context *context, const ap_doctor *doctor, size_t *ret_n)
{
	const char **known = NULL;
	size_t n = 0;

	for (size_t i = 0; i < doctor->pam->n; i++)
		*AP_PUSH(context->arena, known, n) = doctor->pam->services[i].name;
	for (const ap_doctor_examiner *examiner = ap_doctor_examiners; examiner->name != NULL; examiner++)
		if (ap_pam_config_find(doctor->pam, examiner->name) == NULL)
			*AP_PUSH(context->arena, known, n) = examiner->name;
	*ret_n = n;
	return known;
}

static const char *listed(ap_context *context, const char *const *names, size_t n)
{
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = ap_format(context->arena, "%s%s%s", text, i > 0 ? ", " : "",
				 ap_printable(context->arena, names[i]));
	return text;
}

static bool take_services(ap_context *context, const ap_usage *usage, char **argv, int n, ap_doctor *doctor)
{
	size_t n_known;
	const char **known = known_services(context, doctor, &n_known), **services = NULL;

	for (int i = 0; i < n; i++) {
		size_t k = 0;

		while (k < n_known && strcasecmp(known[k], argv[i]) != 0)
			k++;
		if (k == n_known) {
			(void)ap_usage_error(usage, "\"%s\" is no service of this machine, which has %s%s",
					     ap_printable(context->arena, argv[i]), listed(context, known, n_known),
					     ap_did_you_mean(context, argv[i], known, n_known));
			return false;
		}
		*AP_PUSH(context->arena, services, doctor->n_services) = known[k];
	}
	doctor->services = services;
	return true;
}

static int examine(ap_context *context, examination *e)
{
	const ap_doctor_report report = { .root = e->host.root,
					  .doctor = &e->doctor,
					  .policy_read = e->doctor.image != NULL };

	for (const ap_doctor_examiner *examiner = ap_doctor_examiners; examiner->name != NULL; examiner++)
		examiner->examine(&e->doctor);
	ap_finding_sort(&e->findings);
	if (context->json)
		ap_doctor_report_json(context, &report);
	else
		ap_doctor_report_text(context, &report);
	if (!report.policy_read)
		return AP_EXIT_POLICY;
	return e->findings.n > 0 ? AP_EXIT_NO : AP_EXIT_YES;
}

int ap_cmd_doctor(ap_context *context, int argc, char **argv)
{
	const char *root = NULL;
	const ap_option options[] = {
		{ .name = "root",
		  .value = "DIR",
		  .help = "examine the machine whose root is this folder; its own programs are run there",
		  .text = &root },
	};
	const ap_usage usage = {
		.command = "doctor",
		.synopsis = "[SERVICE...] [--root DIR] [--json]",
		.description =
			"Says what on this machine lets a login past the policy, denies logins whatever the policy says, or "
			"keeps the message from its user; for each, the line to change. Nothing is changed. With SERVICE, "
			"only what concerns these. The status is 0 if there is nothing, 1 if there is something, 3 where "
			"the policy cannot be read.",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	examination e = { .host = { .arena = context->arena }, .findings = { .arena = context->arena } };
	int first, status;

	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	if (!take_root(context, &usage, root, &e.host.root))
		return AP_EXIT_USAGE;
	take_paths(context, &e);
	e.doctor = (ap_doctor){ .host = &e.host,
				.pam = ap_pam_config_read(&e.host),
				.findings = &e.findings,
				.readings = { .host = &e.host } };
	if (!take_services(context, &usage, argv + first, argc - first, &e.doctor))
		return AP_EXIT_USAGE;
	open_policy(context, &e);
	status = examine(context, &e);
	ap_readings_clear(&e.doctor.readings);
	ap_subject_close(&e.subject);
	return status;
}
