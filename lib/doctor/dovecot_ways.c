/*
 * The ways by which a login comes to Dovecot: its own ports and the programs that ask it, each with its passdbs and the PAM
 * services that these ask.
 */
#include "dovecot_examination.h"

#include <string.h>

/* The module's line that decides in a service that Dovecot asks, which begins with the auth phase. */
static void find_module(ap_arena *arena, ap_passdb_role *role)
{
	for (ap_pam_phase phase = AP_PAM_AUTH; phase <= AP_PAM_ACCOUNT && !role->asks; phase++) {
		ap_module_lines lines = ap_module_lines_of(arena, role->service, phase);

		if (lines.n == 0)
			continue;
		role->asks = true;
		role->line = lines.items[0];
		/* the examiner of PAM files says what is wrong with options */
		if (ap_module_line_options(arena, role->line, &role->options) != NULL)
			role->options =
				(ap_module_options){ .answer = AP_ALLOWED_USER_UNKNOWN, .style = AP_MESSAGE_PROMPT };
	}
}

static bool trusts(ap_arena *arena, const ap_dovecot_section *in)
{
	static const char *const settings[] = { "login_trusted_networks", "haproxy_trusted_networks" };

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (*ap_dovecot_list(arena, in, settings[i], "") != '\0')
			return true;
	for (size_t i = 0; i < in->n_sections; i++)
		if (ap_dovecot_is_filter(&in->sections[i]) && trusts(arena, &in->sections[i]))
			return true;
	return false;
}

static bool trusts_somebody(const ap_dovecot_examination *of)
{
	return trusts(of->arena, &of->dovecot.settings);
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
	way.passdbs = ap_dovecot_ask_passdbs(of, way.protocol, &way.n);
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
	bool asks = false;

	of->postfix = ap_readings_postfix(&of->doctor->readings, NULL);
	for (size_t i = 0; of->postfix != NULL && i < of->postfix->n; i++) {
		const ap_postfix_service *one = &of->postfix->services[i];

		if (!one->asks || strcmp(one->type, "dovecot") != 0)
			continue;
		add_other_program(of, one->service, "Postfix");
		asks = true;
	}
	if (!asks && of->dovecot.serves_others)
		add_other_program(of, "smtp", "Dovecot's auth socket");
}

void ap_dovecot_add_ways(ap_dovecot_examination *of)
{
	add_listeners(of);
	add_other_programs(of);
}
