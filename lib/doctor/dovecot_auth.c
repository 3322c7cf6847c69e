#include "dovecot_auth.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *const ap_passdb_rule_names[AP_PASSDB_CONTINUE_FAIL + 1] = {
	[AP_PASSDB_RETURN] = "return",           [AP_PASSDB_RETURN_OK] = "return-ok",
	[AP_PASSDB_RETURN_FAIL] = "return-fail", [AP_PASSDB_CONTINUE] = "continue",
	[AP_PASSDB_CONTINUE_OK] = "continue-ok", [AP_PASSDB_CONTINUE_FAIL] = "continue-fail",
};

/* The services that ask for a password, and the listeners that Dovecot 2.4 has without saying so. */
static const struct {
	const char *protocol;
	const char *service;
	const char *listener;
	unsigned port;
	bool ssl;
} built_in[] = {
	{ "imap", "imap-login", "imap", 143, false },
	{ "imap", "imap-login", "imaps", 993, true },
	{ "pop3", "pop3-login", "pop3", 110, false },
	{ "pop3", "pop3-login", "pop3s", 995, true },
	{ "sieve", "managesieve-login", "sieve", 4190, false },
	{ "submission", "submission-login", "submission", 587, false },
	{ "submission", "submission-login", "submissions", 465, true },
};
enum { N_BUILT_IN = sizeof(built_in) / sizeof(built_in[0]) };

bool ap_dovecot_version(ap_arena *arena, const char *text, const char **ret_version, const char **ret_file)
{
	size_t length = strcspn(text, "\n");
	const char *colon;

	if (strncmp(text, "# 2.", 4) != 0)
		return false;
	*ret_version = ap_arena_strndup(arena, text + 2, strcspn(text + 2, " \n"));
	colon = memmem(text, length, "): ", 3);
	*ret_file = colon == NULL ? "" : ap_arena_strndup(arena, colon + 3, length - (size_t)(colon + 3 - text));
	return true;
}

bool ap_dovecot_version_is_named(const char *version)
{
	return strtoul(version + strlen("2."), NULL, 10) >= 4;
}

static ap_passdb_rule rule_of(const char *value, ap_passdb_rule otherwise)
{
	for (size_t i = 0; i <= AP_PASSDB_CONTINUE_FAIL; i++)
		if (strcmp(value, ap_passdb_rule_names[i]) == 0)
			return (ap_passdb_rule)i;
	return otherwise;
}

static ap_passdb_skip skip_of(const char *value)
{
	return strcmp(value, "authenticated") == 0     ? AP_PASSDB_SKIP_AUTHENTICATED
	       : strcmp(value, "unauthenticated") == 0 ? AP_PASSDB_SKIP_UNAUTHENTICATED
						       : AP_PASSDB_SKIP_NEVER;
}

/* The word "nologin", with or without "=", among a passdb's fields. */
static bool has_nologin(ap_arena *arena, const char *fields)
{
	const char *const *words = ap_dovecot_words(arena, fields);

	for (size_t i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], "nologin") == 0 || strncmp(words[i], "nologin=", strlen("nologin=")) == 0)
			return true;
	return false;
}

/* The arguments of 2.3's pam driver: options, then the service's name. */
static void read_pam_args(ap_arena *arena, const char *args, ap_passdb *passdb)
{
	const char *const *words = ap_dovecot_words(arena, args);

	passdb->service = "dovecot";
	for (size_t i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], "failure_show_msg=yes") == 0)
			passdb->shows_message = true;
		else if (strncmp(words[i], "cache_key=", strlen("cache_key=")) == 0)
			passdb->caches = true;
		else if (strcmp(words[i], "*") == 0)
			passdb->service = "%Ls";
		else if (words[i + 1] == NULL && strchr(words[i], '=') == NULL && strcmp(words[i], "-session") != 0)
			passdb->service = words[i];
	}
}

/* A setting of 2.4's passdb, whose key may be written in full ("passdb_deny") or short ("deny"). */
static const char *named_value(ap_arena *arena, const ap_dovecot_section *section, const char *key,
			       const char *otherwise)
{
	const char *full = ap_format(arena, "passdb_%s", key);

	return ap_dovecot_list(arena, section, key, ap_dovecot_list(arena, section, full, otherwise));
}

/*
 * One of 2.4's pam driver's. It is written among the passdb's own, or in a section of the driver's there, which is how doveconf
 * prints it: passdb_pam { service_name = NAME }.
 */
static const char *pam_value(ap_arena *arena, const ap_dovecot_section *section, const char *key, const char *otherwise)
{
	static const char *const drivers[] = { "passdb_pam", "pam" };
	const char *value = named_value(arena, section, ap_format(arena, "pam_%s", key), otherwise);

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		const ap_dovecot_section *driver = ap_dovecot_find(section, drivers[i], "");

		if (driver != NULL)
			value = named_value(arena, driver, ap_format(arena, "pam_%s", key),
					    ap_dovecot_value(driver, key, value));
	}
	return value;
}

/* What a passdb does not say itself, the settings outside of it may say for all of them. */
static void read_named_pam(ap_arena *arena, const ap_dovecot_section *settings, const ap_dovecot_section *section,
			   ap_passdb *passdb)
{
	passdb->service =
		pam_value(arena, section, "service_name", pam_value(arena, settings, "service_name", "dovecot"));
	passdb->shows_message = ap_dovecot_yes(
		pam_value(arena, section, "failure_show_msg", pam_value(arena, settings, "failure_show_msg", "no")));
}

static bool has_nologin_section(const ap_dovecot_section *section)
{
	static const char *const types[] = { "fields", "passdb_fields" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const ap_dovecot_section *fields = ap_dovecot_find(section, types[i], "");

		if (fields != NULL && ap_dovecot_value(fields, "nologin", NULL) != NULL)
			return true;
	}
	return false;
}

static ap_passdb passdb_of(ap_arena *arena, const ap_dovecot_section *settings, const ap_dovecot_section *section,
			   bool named)
{
	const char *driver = named_value(arena, section, "driver", named ? section->name : "");
	ap_passdb passdb = {
		.driver = driver,
		.deny = ap_dovecot_yes(named_value(arena, section, "deny", "no")),
		.master = ap_dovecot_yes(named_value(arena, section, "master", "no")),
		.skip = skip_of(named_value(arena, section, "skip", "never")),
		.success = rule_of(named_value(arena, section, "result_success", ""), AP_PASSDB_RETURN_OK),
		.failure = rule_of(named_value(arena, section, "result_failure", ""), AP_PASSDB_CONTINUE),
		.internal = rule_of(named_value(arena, section, "result_internalfail", ""), AP_PASSDB_CONTINUE),
		.mechanisms = named_value(arena, section, named ? "mechanisms_filter" : "mechanisms", ""),
		.username_filter = named_value(arena, section, "username_filter", ""),
	};

	if (named) {
		passdb.caches = ap_dovecot_yes(named_value(arena, section, "use_cache", "yes"));
		passdb.nologin = has_nologin_section(section);
	} else {
		passdb.nologin = has_nologin(arena, ap_dovecot_value(section, "override_fields", "")) ||
				 has_nologin(arena, ap_dovecot_value(section, "default_fields", ""));
		/* of older releases, and still taken: the next passdb decides */
		if (ap_dovecot_yes(ap_dovecot_value(section, "pass", "no")))
			passdb.success = AP_PASSDB_CONTINUE;
	}
	if (strcmp(driver, "pam") == 0) {
		if (named)
			read_named_pam(arena, settings, section, &passdb);
		else
			read_pam_args(arena, ap_dovecot_value(section, "args", ""), &passdb);
	}
	return passdb;
}

static void add_passdbs(ap_arena *arena, const ap_dovecot_section *settings, const ap_dovecot_section *in, bool named,
			ap_passdb **passdbs, size_t *n)
{
	for (size_t i = 0; i < in->n_sections; i++) {
		const ap_dovecot_section *section = &in->sections[i];
		ap_passdb *passdb;

		if (strcmp(section->type, "passdb") != 0)
			continue;
		passdb = ap_arena_push(arena, passdbs, n, sizeof(*passdb));
		*passdb = passdb_of(arena, settings, section, named);
		passdb->name = *section->name != '\0' ? ap_format(arena, "passdb %s", section->name)
						      : ap_format(arena, "passdb %zu", *n);
	}
}

const ap_passdb *ap_dovecot_passdbs(ap_arena *arena, const ap_dovecot_section *settings, bool named,
				    const char *protocol, size_t *ret_n)
{
	const ap_dovecot_section *own = ap_dovecot_find(settings, "protocol", protocol);
	ap_passdb *passdbs = NULL;

	*ret_n = 0;
	/* as 2.4.1 was seen to ask them, wherever in its files they stood */
	if (named && own != NULL)
		add_passdbs(arena, settings, own, named, &passdbs, ret_n);
	add_passdbs(arena, settings, settings, named, &passdbs, ret_n);
	return passdbs;
}

static unsigned port_of(const char *value)
{
	unsigned long port = strtoul(value, NULL, 10);

	return port <= 65535 ? (unsigned)port : 0;
}

static bool is_served(const ap_dovecot *dovecot, const char *protocol)
{
	for (size_t i = 0; dovecot->protocols[i] != NULL; i++)
		if (strcmp(dovecot->protocols[i], protocol) == 0)
			return true;
	return false;
}

/* `listener` is the section that configures it, or NULL: it is as it is built in. */
static void add_listener(ap_arena *arena, ap_dovecot *dovecot, size_t service, const char *name,
			 const ap_dovecot_section *listener, unsigned port, bool ssl)
{
	const ap_dovecot_section none = { .type = "", .name = "" };
	const ap_dovecot_section *section = listener != NULL ? listener : &none;
	bool no_tls = strcmp(ap_dovecot_value(&dovecot->settings, "ssl", "yes"), "no") == 0;
	const char *address = ap_dovecot_value(section, "address", "");

	port = port_of(ap_dovecot_value(section, "port", ap_format(arena, "%u", port)));
	ssl = ap_dovecot_yes(ap_dovecot_value(section, "ssl", ssl ? "yes" : "no"));
	/* Dovecot opens no port 0, nor one for TLS where it has none */
	if (port == 0 || (ssl && no_tls))
		return;
	*AP_PUSH(arena, dovecot->listeners, dovecot->n_listeners) = (ap_dovecot_listener){
		.protocol = built_in[service].protocol,
		.name = name,
		.address = ap_dovecot_list(arena, section, "listen", address),
		.port = port,
		.haproxy = ap_dovecot_yes(ap_dovecot_value(section, "haproxy", "no")),
	};
}

/* Is it the first row of its service in the table of those that are built in? */
static bool begins_service(size_t i)
{
	return i == 0 || strcmp(built_in[i].service, built_in[i - 1].service) != 0;
}

/* The listener of that name which the service has built in, or N_BUILT_IN. */
static size_t built_in_listener(size_t service, const char *name)
{
	for (size_t i = service; i < N_BUILT_IN && strcmp(built_in[i].service, built_in[service].service) == 0; i++)
		if (strcmp(built_in[i].listener, name) == 0)
			return i;
	return N_BUILT_IN;
}

static void add_written_listeners(ap_arena *arena, ap_dovecot *dovecot, size_t i, const ap_dovecot_section *service)
{
	for (size_t k = 0; k < service->n_sections; k++) {
		const ap_dovecot_section *listener = &service->sections[k];
		size_t known = built_in_listener(i, listener->name);

		if (strcmp(listener->type, "inet_listener") != 0)
			continue;
		add_listener(arena, dovecot, i, listener->name, listener, known < N_BUILT_IN ? built_in[known].port : 0,
			     known < N_BUILT_IN && built_in[known].ssl);
	}
}

/* "imap-login" of "/usr/libexec/dovecot/imap-login -D". */
static const char *program_of(ap_arena *arena, const ap_dovecot_section *service)
{
	const char *const *words = ap_dovecot_words(arena, ap_dovecot_value(service, "executable", ""));
	const char *slash = words[0] != NULL ? strrchr(words[0], '/') : NULL;

	return slash != NULL ? slash + 1 : words[0] != NULL ? words[0] : "";
}

/* A service of another name that has the same program asks for passwords as well. */
static void add_namesakes(ap_arena *arena, ap_dovecot *dovecot, size_t i)
{
	for (size_t k = 0; k < dovecot->settings.n_sections; k++) {
		const ap_dovecot_section *service = &dovecot->settings.sections[k];

		if (strcmp(service->type, "service") == 0 && strcmp(service->name, built_in[i].service) != 0 &&
		    strcmp(program_of(arena, service), built_in[i].service) == 0)
			add_written_listeners(arena, dovecot, i, service);
	}
}

/* 2.3 prints all listeners, 2.4 those that somebody wrote. */
static void read_listeners(ap_arena *arena, ap_dovecot *dovecot)
{
	const ap_dovecot_section none = { .type = "", .name = "" };

	for (size_t i = 0; i < N_BUILT_IN; i++) {
		const ap_dovecot_section *service = ap_dovecot_find(&dovecot->settings, "service", built_in[i].service);

		service = service != NULL ? service : &none;
		if (begins_service(i))
			add_namesakes(arena, dovecot, i);
		if (!is_served(dovecot, built_in[i].protocol))
			continue;
		if (begins_service(i))
			add_written_listeners(arena, dovecot, i, service);
		if (dovecot->named && ap_dovecot_find(service, "inet_listener", built_in[i].listener) == NULL)
			add_listener(arena, dovecot, i, built_in[i].listener, NULL, built_in[i].port, built_in[i].ssl);
	}
}

static bool asks_passwords(const char *protocol)
{
	for (size_t i = 0; i < N_BUILT_IN; i++)
		if (strcmp(built_in[i].protocol, protocol) == 0)
			return true;
	return false;
}

static const char *const *read_protocols(ap_arena *arena, const ap_dovecot_section *settings, bool named)
{
	const char *const *words =
		ap_dovecot_words(arena, ap_dovecot_list(arena, settings, "protocols", named ? "" : "imap pop3 lmtp"));
	const char **protocols = NULL;
	size_t n = 0;

	for (size_t i = 0; words[i] != NULL; i++)
		if (asks_passwords(words[i]))
			*AP_PUSH(arena, protocols, n) = words[i];
	*AP_PUSH(arena, protocols, n) = NULL;
	return protocols;
}

/* A socket of the auth service that is neither one of Dovecot's own nor for look-ups alone. */
static bool serves_others(const ap_dovecot_section *settings)
{
	static const char *const own[] = { "auth-client",
					   "auth-login",
					   "auth-master",
					   "auth-userdb",
					   "login/login",
					   "login/auth",
					   "token-login/tokenlogin",
					   "token-login/auth",
					   "auth-token" };
	const ap_dovecot_section *auth = ap_dovecot_find(settings, "service", "auth");

	for (size_t i = 0; auth != NULL && i < auth->n_sections; i++) {
		bool known = strcmp(auth->sections[i].type, "unix_listener") != 0 &&
			     strcmp(auth->sections[i].type, "inet_listener") != 0;

		for (size_t k = 0; k < sizeof(own) / sizeof(own[0]); k++)
			known = known || strcmp(auth->sections[i].name, own[k]) == 0;
		if (!known)
			return true;
	}
	return false;
}

bool ap_dovecot_read(ap_arena *arena, const char *text, ap_dovecot *ret_dovecot, const char **ret_fault)
{
	ap_dovecot dovecot = { .n_listeners = 0 };
	unsigned line;

	if (!ap_dovecot_version(arena, text, &dovecot.version, &dovecot.file)) {
		*ret_fault = "its first line does not tell a version 2";
		return false;
	}
	if (!ap_dovecot_parse(arena, text, &dovecot.settings, &line)) {
		*ret_fault = ap_format(arena, "line %u of what it printed is neither a setting nor a section", line);
		return false;
	}
	dovecot.named = ap_dovecot_version_is_named(dovecot.version);
	dovecot.protocols = read_protocols(arena, &dovecot.settings, dovecot.named);
	read_listeners(arena, &dovecot);
	dovecot.has_cache = strtoul(ap_dovecot_value(&dovecot.settings, "auth_cache_size", "0"), NULL, 10) > 0;
	dovecot.serves_others = serves_others(&dovecot.settings);
	*ret_dovecot = dovecot;
	return true;
}
