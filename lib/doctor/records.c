/*
 * Services whose logins never have an address, by what was written of them: the audit records, the logs, the journal.
 *
 * A login at the machine itself has none, and its address is then "local"; it is not counted. One that the policy
 * decides without an address is no finding.
 */
#include "doctor.h"
#include "login_lines.h"
#include "policy_facts.h"
#include "text_parts.h"

#include "../login/view.h"

#include <string.h>

/* How much of the end of each is read, and how many logins tell something: one or two may be somebody's trial. */
enum { TAIL_BYTES = 4 * 1024 * 1024, LOGINS_MIN = 3 };

#define JOURNALCTL "/usr/bin/journalctl"

typedef struct {
	const char *service;
	const char *client; /* of the last that had no address */
	bool says_other;    /* and said something else in its place */
	const char *where;  /* it was found */
	size_t n_with;
	size_t n_without;
} seen_service;

typedef struct {
	ap_doctor *doctor;
	ap_arena *arena;
	seen_service *services;
	size_t n;
} examination;

typedef bool read_line(ap_arena *arena, const char *line, size_t length, ap_login_line *ret_login);

static seen_service *service_of(examination *of, const char *name)
{
	for (size_t i = 0; i < of->n; i++)
		if (strcmp(of->services[i].service, name) == 0)
			return &of->services[i];
	*AP_PUSH(of->arena, of->services, of->n) = (seen_service){ .service = name };
	return &of->services[of->n - 1];
}

static void take(examination *of, const ap_login_line *login, const char *where)
{
	seen_service *service;

	if (strcmp(login->ip, "local") == 0)
		return;
	service = service_of(of, login->service);
	if (strcmp(login->ip, "unknown") != 0) {
		service->n_with++;
		return;
	}
	service->n_without++;
	service->client = login->client;
	service->says_other = login->says_other;
	service->where = where;
}

static bool take_text(examination *of, const char *text, const char *where, read_line *read)
{
	const char *line;
	bool any = false;
	size_t length;

	while ((line = ap_text_line(&text, &length)) != NULL) {
		ap_login_line login;

		if (read(of->arena, line, length, &login)) {
			take(of, &login, where);
			any = true;
		}
	}
	return any;
}

static bool take_file(examination *of, const char *path, read_line *read)
{
	const char *text = ap_host_read_end(of->doctor->host, path, TAIL_BYTES);

	return text != NULL && take_text(of, text, path, read);
}

/* Records of what was denied alone would say of a service whose denied logins have no address that none has. */
static bool take_records(examination *of)
{
	ap_image_settings settings;
	ap_view view;

	if (of->doctor->image == NULL)
		return false;
	view = ap_view_of(of->doctor->image);
	settings = ap_view_settings(&view);
	if (settings.audit_file == 0 || settings.audit_record != AP_AUDIT_ALL)
		return false;
	return take_file(of, ap_arena_strdup(of->arena, ap_view_string(&view, settings.audit_file)),
			 ap_login_line_of_record);
}

/* The facility authpriv, which the module logs in: the newest lines, since the journal may be long. */
static void take_journal(examination *of)
{
	static const char *const command[] = {
		JOURNALCTL, "--quiet", "--no-pager", "--output=cat", "--lines=20000", "SYSLOG_FACILITY=10", NULL
	};
	ap_host_output output;

	if (!ap_host_has(of->doctor->host, JOURNALCTL))
		return;
	output = ap_host_run(of->doctor->host, command);
	if (output.status == 0)
		(void)take_text(of, output.out, NULL, ap_login_line_of_log);
}

/* The logs of Debian, and of those whose log of logins is called secure. */
static void take_all(examination *of)
{
	static const char *const logs[] = { "/var/log/auth.log", "/var/log/auth.log.1", "/var/log/secure",
					    "/var/log/syslog", "/var/log/mail.log" };

	if (take_records(of))
		return;
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
		if (take_file(of, logs[i], ap_login_line_of_log))
			return;
	take_journal(of);
}

#define BY_NAME "have the service say the address in PAM_RHOST, and no name: UseDNS no in sshd"
#define BY_NOTHING                                                                                                     \
	"have the service say the address in PAM_RHOST; saslauthd cannot: smtpd_sasl_type = dovecot in Postfix"

static void tell(examination *of, const seen_service *service, ap_without_address fate, uint32_t policy)
{
	const char *which = ap_policy_title(of->arena, of->doctor->image, policy);
	const char *instead = service->says_other ? ", but a host's name or the like" : "";

	ap_finding_add(
		of->doctor->findings,
		&(ap_finding){ .kind = fate == AP_WITHOUT_ADDRESS_ALLOWED ? AP_FINDING_BYPASS : AP_FINDING_LOCKOUT,
			       .check = "never-an-address",
			       .service = service->service,
			       .file = service->where,
			       .what = ap_format(of->arena, "none of the last %zu logins had an address%s",
						 service->n_without, instead),
			       .why = ap_format(of->arena, "%s cannot be decided for them: they are %s", which,
						fate == AP_WITHOUT_ADDRESS_ALLOWED
							? "let in from anywhere, since undetermined is \"allow\""
							: "denied, wherever they come from"),
			       .change = service->says_other ? BY_NAME : BY_NOTHING });
}

void ap_doctor_records(ap_doctor *doctor)
{
	examination of = { .doctor = doctor, .arena = doctor->findings->arena };

	if (!ap_policy_asks_addresses(doctor->image))
		return;
	take_all(&of);
	for (size_t i = 0; i < of.n; i++) {
		const seen_service *service = &of.services[i];
		ap_without_address fate;
		uint32_t policy;

		if (service->n_with > 0 || service->n_without < LOGINS_MIN ||
		    !(ap_doctor_asks(doctor, service->service) || ap_doctor_asks(doctor, "records")))
			continue;
		/* as one that is not at the machine itself */
		fate = ap_policy_without_address(doctor->image, service->service, service->client, "a name", &policy);
		if (fate == AP_WITHOUT_ADDRESS_DENIED || fate == AP_WITHOUT_ADDRESS_ALLOWED)
			tell(&of, service, fate, policy);
	}
}
