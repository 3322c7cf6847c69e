#include "dovecot_auth.h"

#include <stdlib.h>
#include <string.h>

const char *const ap_passdb_rule_names[AP_PASSDB_CONTINUE_FAIL + 1] = {
	[AP_PASSDB_RETURN] = "return",           [AP_PASSDB_RETURN_OK] = "return-ok",
	[AP_PASSDB_RETURN_FAIL] = "return-fail", [AP_PASSDB_CONTINUE] = "continue",
	[AP_PASSDB_CONTINUE_OK] = "continue-ok", [AP_PASSDB_CONTINUE_FAIL] = "continue-fail",
};

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
	dovecot.protocols = ap_dovecot_protocols(arena, &dovecot.settings, dovecot.named);
	dovecot.listeners =
		ap_dovecot_listeners(arena, &dovecot.settings, dovecot.named, dovecot.protocols, &dovecot.n_listeners);
	dovecot.has_cache = strtoul(ap_dovecot_value(&dovecot.settings, "auth_cache_size", "0"), NULL, 10) > 0;
	dovecot.serves_others = serves_others(&dovecot.settings);
	*ret_dovecot = dovecot;
	return true;
}
