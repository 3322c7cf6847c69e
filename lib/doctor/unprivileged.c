/*
 * Programs that ask PAM as another user than root, who alone can read the policy in force. Dovecot's and saslauthd's
 * are told with those.
 *
 * What runs tells: a screen lock is started when somebody logs in.
 */
#include "doctor.h"
#include "governed.h"
#include "text_parts.h"

#include <string.h>

/* Programs that ask PAM with the rights of their user, and the service by which they do. */
static const struct {
	const char *program;
	const char *service;
} known[] = {
	{ "basic_pam_auth", "squid" },      { "gtklock", "gtklock" },
	{ "hyprlock", "hyprlock" },         { "i3lock", "i3lock" },
	{ "kscreenlocker_greet", "kde" },   { "mate-screensaver", "mate-screensaver" },
	{ "postgres", "postgresql" },       { "swaylock", "swaylock" },
	{ "waylock", "waylock" },           { "xfce4-screensaver-dialog", "xfce4-screensaver" },
	{ "xscreensaver", "xscreensaver" }, { "xscreensaver-auth", "xscreensaver" },
	{ "xsecurelock", "xsecurelock" },
};

static const char *service_of(const ap_host_process *process)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(ap_path_name(process->program), known[i].program) == 0)
			return known[i].service;
	return NULL;
}

/* A file that its user can read is what such a service is for. */
static bool has_policy_of_its_own(const ap_doctor *doctor, const ap_pam_line *line)
{
	ap_module_options options;

	return ap_module_line_options(doctor->findings->arena, line, &options) == NULL &&
	       (options.config != NULL || options.image != NULL);
}

static void examine_process(ap_doctor *doctor, const ap_host_process *process)
{
	const char *service = service_of(process);
	const ap_pam_line *line;

	if (service == NULL || process->euid == 0 ||
	    !(ap_doctor_asks(doctor, service) || ap_doctor_asks(doctor, "processes")))
		return;
	line = ap_governing_line(doctor, service);
	if (line == NULL || has_policy_of_its_own(doctor, line))
		return;
	ap_finding_add(
		doctor->findings,
		&(ap_finding){ .kind = AP_FINDING_LOCKOUT,
			       .check = "not-root",
			       .service = service,
			       .file = line->file,
			       .line = line->line,
			       .what = ap_format(doctor->findings->arena,
						 "%s asks this service, and runs as the user with the number %u",
						 process->program, (unsigned)process->euid),
			       .why = "the policy in force can be read by root alone, so nobody is let in",
			       .change =
				       "take the module out of this service, or give it config=FILE with a policy that "
				       "this user can read" });
}

void ap_doctor_unprivileged(ap_doctor *doctor)
{
	size_t n;
	const ap_host_process *processes = ap_readings_processes(&doctor->readings, &n);

	for (size_t i = 0; i < n; i++)
		examine_process(doctor, &processes[i]);
}
