/* What doveconf(1) says of Dovecot's settings. */
#include "dovecot_examination.h"

void ap_dovecot_uncertain(ap_dovecot_examination *of, const char *what)
{
	ap_dovecot_found(of,
			 &(ap_finding){ .kind = AP_FINDING_UNCERTAIN,
					.check = "dovecot-not-examined",
					.what = what,
					.why = "what Dovecot makes of a login is not known, and may pass the policy",
					.change = "mend what doveconf says, and ask again" });
}

const char *ap_dovecot_ask(ap_dovecot_examination *of, const char *const *command)
{
	ap_host_output output = ap_host_run(of->doctor->host, command);
	const char *fault =
		ap_host_run_fault(of->doctor->host, ap_format(of->arena, "doveconf %s", command[1]), &output);

	if (fault == NULL)
		return output.out;
	ap_dovecot_uncertain(of, fault);
	return NULL;
}

const ap_passdb *ap_dovecot_ask_passdbs(ap_dovecot_examination *of, const char *protocol, size_t *ret_n)
{
	const char *filter = ap_format(of->arena, "protocol=%s", protocol);
	const char *const command[] = { AP_DOVECONF, "-f", filter, "passdb", NULL };
	ap_dovecot_section settings;
	const char *text;
	unsigned line;

	*ret_n = 0;
	if (of->dovecot.named)
		return ap_dovecot_passdbs(of->arena, &of->dovecot.settings, true, protocol, ret_n);
	text = ap_dovecot_ask(of, command);
	if (text == NULL)
		return NULL;
	if (ap_dovecot_parse(of->arena, text, &settings, &line))
		return ap_dovecot_passdbs(of->arena, &settings, false, protocol, ret_n);
	ap_dovecot_uncertain(
		of, ap_format(of->arena,
			      "line %u of what \"doveconf -f %s passdb\" printed is neither a setting nor a section",
			      line, filter));
	return NULL;
}
