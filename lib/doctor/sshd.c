/*
 * sshd: does it ask PAM, and does it tell where a login comes from?
 *
 * It asks PAM by its program's name. PAM_RHOST is a host name with "UseDNS yes"; then the module takes the address
 * from SSH_CONNECTION, which it does for the service "sshd" alone. Neither setting can stand in a Match block, so that
 * what "sshd -T" prints holds for all logins.
 */
#include "doctor.h"
#include "governed.h"
#include "policy_facts.h"
#include "sshd_instances.h"
#include "text_parts.h"

#include <string.h>
#include <strings.h>

typedef struct {
	ap_doctor *doctor;
	ap_arena *arena;
	const ap_sshd_instance *instance;
	const char *settings;    /* what it printed */
	const ap_pam_line *line; /* by which its PAM service asks the policy; NULL: it does not */
} examination;

static void found(const examination *of, ap_finding finding)
{
	finding.service = of->instance->name;
	ap_finding_add(of->doctor->findings, &finding);
}

/* The value of a setting, which sshd prints in lower case; NULL: it does not know it. */
static const char *setting(ap_arena *arena, const char *text, const char *name)
{
	size_t key = strlen(name), length;
	const char *line;

	while ((line = ap_text_line(&text, &length)) != NULL)
		if (length > key && strncasecmp(line, name, key) == 0 && line[key] == ' ')
			return ap_arena_strndup(arena, line + key + 1, length - key - 1);
	return NULL;
}

/* The file that its settings stand in, as far as the command line tells. */
static const char *config_file(const ap_sshd_instance *instance)
{
	for (size_t i = 0; instance->options[i] != NULL; i++)
		if (strncmp(instance->options[i], "-f", 2) == 0)
			return instance->options[i][2] != '\0' ? instance->options[i] + 2 : instance->options[i + 1];
	return "/etc/ssh/sshd_config";
}

/* True if the setting is one of the options, which go before the file: "-oUsePAM=no", "-o" "UsePAM no". */
static bool is_option(const ap_sshd_instance *instance, const char *name)
{
	size_t length = strlen(name);

	for (const char *const *option = instance->options; *option != NULL; option++) {
		bool is_setting = strncmp(*option, "-o", 2) == 0;
		const char *value = (*option)[2] != '\0' ? *option + 2 : *++option;

		if (value == NULL)
			return false;
		if (is_setting && strncasecmp(value, name, length) == 0 && strchr("= \t", value[length]) != NULL)
			return true;
	}
	return false;
}

/* What sets a setting. */
typedef struct {
	const char *file;   /* that it, or the program's options, stand in */
	const char *by;     /* in a finding's words */
	const char *change; /* the same, to the value that is right */
} origin;

static origin origin_of(const examination *of, const char *name, const char *right)
{
	const ap_sshd_instance *instance = of->instance;

	if (!is_option(instance, name))
		return (origin){ .file = config_file(instance),
				 .by = "this file or one that it includes",
				 .change = ap_format(of->arena, "%s %s", name, right) };
	if (instance->options_file != NULL)
		return (origin){ .file = instance->options_file,
				 .by = "SSHD_OPTS",
				 .change = ap_format(
					 of->arena, "take %s out of SSHD_OPTS: options go before sshd's files", name) };
	return (origin){ .file = config_file(instance),
			 .by = "an option that it runs with",
			 .change = ap_format(of->arena, "start it without its option %s, which goes before its file",
					     name) };
}

static void examine_pam(const examination *of)
{
	const char *value = setting(of->arena, of->settings, "usepam");
	origin from = origin_of(of, "UsePAM", "yes");

	if (value != NULL && strcmp(value, "yes") == 0)
		return;
	found(of, (ap_finding){ .kind = AP_FINDING_BYPASS,
				.check = "sshd-usepam",
				.file = from.file,
				.what = value != NULL ? ap_format(of->arena, "UsePAM is %s, set by %s", value, from.by)
						      : "this sshd was built without PAM",
				.why = "the policy is never asked: whoever can log in is let in",
				.change = value != NULL ? from.change : "an sshd that was built with PAM" });
}

static void examine_address(const examination *of)
{
	const char *service = of->instance->name, *value = setting(of->arena, of->settings, "usedns");
	origin from = origin_of(of, "UseDNS", "no");
	ap_without_address fate;
	uint32_t policy;

	if (value == NULL || strcmp(value, "yes") != 0 || strcmp(service, "sshd") == 0)
		return;
	fate = ap_policy_without_address(of->doctor->image, service, ap_governing_client(of->doctor, of->line),
					 "host.example", &policy);
	if (fate == AP_WITHOUT_ADDRESS_DECIDED)
		return;
	found(of,
	      (ap_finding){ .kind = fate == AP_WITHOUT_ADDRESS_DENIED ? AP_FINDING_LOCKOUT : AP_FINDING_BYPASS,
			    .check = "sshd-usedns",
			    .file = from.file,
			    .what = ap_format(of->arena,
					      "UseDNS is yes, set by %s, and it asks the PAM service %s: a host's name "
					      "comes in the place of its address",
					      from.by, service),
			    .why = ap_format(of->arena,
					     "%s cannot be decided for hosts that have a name: their logins are %s",
					     ap_policy_title(of->arena, of->doctor->image, policy),
					     fate == AP_WITHOUT_ADDRESS_DENIED
						     ? "denied, wherever they come from"
						     : "let in from anywhere, since undetermined is \"allow\""),
			    .change = from.change });
}

/* What "sshd -T" prints with its options. */
static ap_host_output ask(const ap_doctor *doctor, const ap_sshd_instance *instance)
{
	const char **command = NULL;
	size_t n = 0;

	*AP_PUSH(doctor->findings->arena, command, n) = instance->program;
	*AP_PUSH(doctor->findings->arena, command, n) = "-T";
	for (size_t i = 0; instance->options[i] != NULL; i++)
		*AP_PUSH(doctor->findings->arena, command, n) = instance->options[i];
	*AP_PUSH(doctor->findings->arena, command, n) = NULL;
	return ap_host_run(doctor->host, command);
}

/* What its file of options may say beside those that it is asked with. */
static void tell_doubt(const examination *of)
{
	const ap_default_doubt *doubt = &of->instance->doubt;

	if (doubt->what == NULL)
		return;
	found(of,
	      (ap_finding){ .kind = AP_FINDING_UNCERTAIN,
			    .check = "sshd-not-examined",
			    .file = of->instance->options_file,
			    .line = doubt->line,
			    .what = doubt->what,
			    .why = "it may set SSHD_OPTS, whose options go before sshd's files: whether sshd asks PAM, "
				   "and tells the address, is not known",
			    .change = doubt->change });
}

static void examine_instance(ap_doctor *doctor, const ap_sshd_instance *instance)
{
	examination of = { .doctor = doctor, .arena = doctor->findings->arena, .instance = instance };
	ap_host_output output;
	const char *fault;

	of.line = ap_governing_line(doctor, instance->name);
	/* where its PAM file does not ask the policy either, that is said with the PAM files */
	if (!ap_doctor_asks(doctor, instance->name) || of.line == NULL)
		return;
	tell_doubt(&of);
	output = ask(doctor, instance);
	fault = ap_host_run_fault(doctor->host, ap_format(of.arena, "%s -T", instance->program), &output);
	if (fault == NULL) {
		of.settings = output.out;
		examine_pam(&of);
		examine_address(&of);
		return;
	}
	found(&of,
	      (ap_finding){ .kind = AP_FINDING_UNCERTAIN,
			    .check = "sshd-not-examined",
			    .file = config_file(instance),
			    .what = fault,
			    .why = "whether it asks PAM, and tells the address, is not known",
			    .change = strstr(fault, "/run/sshd") != NULL
					      ? "mkdir -p /run/sshd, as ssh's unit does where it starts, and ask again"
					      : "mend what it says, and ask again" });
}

void ap_doctor_sshd(ap_doctor *doctor)
{
	size_t n_processes;
	const ap_host_process *processes = ap_readings_processes(&doctor->readings, &n_processes);
	const ap_sshd_instance *instances;
	size_t n = ap_sshd_instances(doctor->host, processes, n_processes, &instances);

	for (size_t i = 0; i < n; i++)
		examine_instance(doctor, &instances[i]);
}
