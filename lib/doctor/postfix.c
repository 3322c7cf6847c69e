/*
 * Postfix: which of its services ask for a password, of whom, and who can tell them where he comes from.
 */
#include "doctor.h"
#include "governed.h"
#include "policy_facts.h"
#include "sasl_conf.h"
#include "text_parts.h"

#include "paths.h"

#include <string.h>

typedef struct {
	ap_doctor *doctor;
	ap_arena *arena;
	const ap_postfix *postfix;
	const ap_reach *reach;
} examination;

static void found(examination *of, ap_finding finding)
{
	finding.service = "postfix";
	ap_finding_add(of->doctor->findings, &finding);
}

static const char *file_of(const examination *of, const ap_postfix_service *service, const char *setting)
{
	return ap_postfix_file_of(of->arena, service, service->name, setting);
}

/* The command that sets one of the service's settings, "NAME=VALUE"s behind it. */
static const char *postconf(const examination *of, const ap_postfix_service *service)
{
	return service->is_default ? "postconf -P" : ap_format(of->arena, "postconf -c %s -P", service->folder);
}

/* Cyrus SASL looks passwords up itself, in a database of its own say, unless it is told to ask saslauthd. */
static void examine_cyrus(examination *of, const ap_postfix_service *service)
{
	ap_sasl_conf conf;

	if (strcmp(service->type, "cyrus") != 0)
		return;
	conf = ap_sasl_conf_read(of->doctor->host, service->cyrus_folders, service->path);
	if (strcmp(conf.pwcheck_method, "saslauthd") == 0)
		return;
	found(of,
	      (ap_finding){
		      .kind = AP_FINDING_BYPASS,
		      .check = "postfix-no-pam",
		      .file = conf.file != NULL ? conf.file : file_of(of, service, "smtpd_sasl_type"),
		      .line = conf.line,
		      .what = ap_format(of->arena, "%s has smtpd_sasl_type = cyrus, which checks passwords by %s",
					service->title, conf.pwcheck_method),
		      .why = "no PAM service is asked, and so not the policy: whoever has the right password is let in",
		      .change = ap_format(of->arena, "%s %s/smtpd_sasl_type=dovecot %s/smtpd_sasl_path=private/auth",
					  postconf(of, service), service->name, service->name) });
}

/* Of "inet:HOST:PORT"; NULL: it is a socket of this machine's files. */
static const char *host_asked(ap_arena *arena, const char *path)
{
	const char *host, *colon;

	if (strncmp(path, "inet:", strlen("inet:")) != 0)
		return NULL;
	host = path + strlen("inet:");
	colon = strrchr(host, ':');
	if (colon == NULL)
		return "localhost"; /* a port alone */
	return *host == '[' ? ap_arena_strndup(arena, host + 1, strcspn(host + 1, "]"))
			    : ap_arena_strndup(arena, host, (size_t)(colon - host));
}

static bool is_own(const examination *of, const char *host)
{
	const ap_own_addresses *own = &of->reach->own;
	ap_address address;

	if (*host == '\0' || strcmp(host, "localhost") == 0)
		return true;
	if (!ap_address_parse(host, &address))
		return false;
	for (size_t i = 0; i < own->n; i++)
		if (ap_range_holds(&own->items[i], &address))
			return true;
	return false;
}

/* What Dovecot makes of Postfix's logins is said with Dovecot; of another machine's, nothing can be. */
static void examine_dovecot(examination *of, const ap_postfix_service *service)
{
	const char *host = strcmp(service->type, "dovecot") == 0 ? host_asked(of->arena, service->path) : NULL;

	if (host == NULL || is_own(of, host))
		return;
	found(of, (ap_finding){ .kind = AP_FINDING_UNCERTAIN,
				.check = "postfix-elsewhere",
				.file = file_of(of, service, "smtpd_sasl_path"),
				.what = ap_format(of->arena,
						  "%s asks the Dovecot at %s, which is no address of this machine",
						  service->title, host),
				.why = "whether that one asks the policy cannot be seen from here",
				.change = ap_format(of->arena,
						    "accesspolicy doctor dovecot on that machine; or %s "
						    "%s/smtpd_sasl_path=private/auth, this machine's own",
						    postconf(of, service), service->name) });
}

/* A name, a file or a table: whom it holds is not looked up. What stands behind "!" is taken out of the list. */
static void tell_unread_host(examination *of, const ap_postfix_service *service, const char *host)
{
	if (host[0] == '!' || ap_reach_is_network(of->arena, host))
		return;
	found(of, (ap_finding){
			  .kind = AP_FINDING_UNCERTAIN,
			  .check = "postfix-xclient",
			  .file = file_of(of, service, "smtpd_authorized_xclient_hosts"),
			  .what = ap_format(of->arena,
					    "smtpd_authorized_xclient_hosts of %s holds %s, which is no address; whom "
					    "it stands for was not looked up",
					    service->title, host),
			  .why = "whoever it stands for says by XCLIENT which address he comes from, or that he has "
				 "logged in, and is believed",
			  .change = "the webmail's or proxy's address in its place" });
}

/* By the port, where it listens on one address, as a webmail's does; else by the address that may say it. */
static const char *how_to_keep_others_out(const examination *of, const ap_postfix_service *service)
{
	ap_address host;

	if (ap_address_parse(service->host, &host))
		return ap_format(of->arena, "in nftables' output, if it is the webmail's: %s",
				 ap_reach_rules(of->arena,
						ap_format(of->arena, "%s daddr %s tcp dport %u",
							  host.family == AP_ADDRESS_IPV4 ? "ip" : "ip6", service->host,
							  service->port),
						"www-data"));
	return ap_format(of->arena,
			 "an address there that the webmail or proxy alone can use, and in nftables' output: %s",
			 ap_reach_rules(of->arena, "ip saddr ADDRESS", "www-data"));
}

static void examine_xclient(examination *of, const ap_postfix_service *service)
{
	const char *const *networks = ap_text_words(of->arena, service->xclient_hosts, ", \t");
	char address[AP_ADDRESS_TEXT_MAX];
	ap_address source;

	for (size_t i = 0; networks[i] != NULL; i++) {
		tell_unread_host(of, service, networks[i]);
		if (!ap_reach_from_here(of->reach, networks[i], service->host, service->port, &source))
			continue;
		found(of,
		      (ap_finding){
			      .kind = ap_reach_kind(of->reach),
			      .check = "postfix-xclient",
			      .file = file_of(of, service, "smtpd_authorized_xclient_hosts"),
			      .what = ap_format(of->arena,
						"smtpd_authorized_xclient_hosts of %s holds %s, and any local user can "
						"connect to port %u from %s",
						service->title, networks[i], service->port,
						ap_address_format(&source, address)),
			      .why = ap_reach_why(
				      of->reach,
				      "such a user says by XCLIENT which address he comes from, or that he has "
				      "logged in, and is believed"),
			      .change = how_to_keep_others_out(of, service) });
		/* the others that it holds are mended with it */
		return;
	}
}

/* Which setting, where it stands, and what is to be changed; no mail program of a user's should come to a postscreen, says its manual. */
static const char *proxy_setting(examination *of, const ap_postfix_service *service, const char **ret_file,
				 const char **ret_change)
{
	if (service->postscreen != NULL) {
		*ret_file = ap_postfix_file_of(of->arena, service, service->postscreen,
					       "postscreen_upstream_proxy_protocol");
		*ret_change = ap_format(of->arena,
					"%s %s/smtpd_sasl_auth_enable=no: users send by submission, and other "
					"mail servers need not log in",
					postconf(of, service), service->name);
		return ap_format(of->arena, "%s, which hands over to %s, has postscreen_upstream_proxy_protocol",
				 service->postscreen, service->title);
	}
	*ret_file = file_of(of, service, "smtpd_upstream_proxy_protocol");
	*ret_change =
		ap_format(of->arena, "127.0.0.1:%u in the place of its name in master.cf, and in nftables' output: %s",
			  service->port,
			  ap_reach_rules(of->arena, ap_format(of->arena, "tcp dport %u", service->port), "haproxy"));
	return ap_format(of->arena, "%s has smtpd_upstream_proxy_protocol", service->title);
}

static void examine_proxy(examination *of, const ap_postfix_service *service)
{
	const char *who =
		service->haproxy && service->port != 0 ? ap_reach_who(of->reach, service->host, service->port) : NULL;
	const char *setting, *file, *change;

	if (who == NULL)
		return;
	setting = proxy_setting(of, service, &file, &change);
	found(of, (ap_finding){ .kind = ap_reach_kind(of->reach),
				.check = "postfix-proxy-protocol",
				.file = file,
				.what = ap_format(of->arena, "%s, and %s can connect to port %u", setting, who,
						  service->port),
				.why = ap_reach_why(of->reach, "whoever connects there says which address he comes "
							       "from, and is believed"),
				.change = change });
}

/* Most machines' Postfix asks for no password; of one that does, it is told where it was asked about. */
static void examine_askers(examination *of)
{
	for (size_t i = 0; i < of->postfix->n; i++) {
		const ap_postfix_service *service = &of->postfix->services[i];

		if (!service->asks)
			continue;
		found(of, (ap_finding){
				  .kind = AP_FINDING_BYPASS,
				  .check = "postfix-not-asked",
				  .file = ap_format(of->arena, "%s/master.cf", service->folder),
				  .what = ap_format(
					  of->arena,
					  "%s asks for a password, and no mail service's PAM file asks the policy",
					  service->title),
				  .why = "whoever has the right password is let in",
				  .change = "let it ask Dovecot, and Dovecot the policy: " AP_RECIPES "/postfix.md" });
		return;
	}
}

static void examine(examination *of)
{
	if (!ap_governs_mail(of->doctor)) {
		if (of->doctor->services == NULL)
			return;
		examine_askers(of);
	}
	for (size_t i = 0; i < of->postfix->n; i++) {
		const ap_postfix_service *service = &of->postfix->services[i];

		if (!service->asks)
			continue;
		examine_cyrus(of, service);
		examine_dovecot(of, service);
		if (!ap_policy_asks_addresses(of->doctor->image))
			continue;
		examine_xclient(of, service);
		examine_proxy(of, service);
	}
}

void ap_doctor_postfix(ap_doctor *doctor)
{
	examination of = { .doctor = doctor, .arena = doctor->findings->arena };
	const char *fault;

	if (!ap_doctor_asks(doctor, "postfix"))
		return;
	of.postfix = ap_readings_postfix(&doctor->readings, &fault);
	if (fault != NULL)
		found(&of, (ap_finding){ .kind = AP_FINDING_UNCERTAIN,
					 .check = "postfix-not-examined",
					 .what = fault,
					 .why = "what Postfix makes of a login is not known, and may pass the policy",
					 .change = "mend what postconf says, and ask again" });
	if (of.postfix == NULL)
		return;
	of.reach = ap_readings_reach(&doctor->readings);
	examine(&of);
}
