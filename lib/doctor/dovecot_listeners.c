#include "dovecot_listeners.h"

#include <stdlib.h>
#include <string.h>

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

static bool asks_passwords(const char *protocol)
{
	for (size_t i = 0; i < N_BUILT_IN; i++)
		if (strcmp(built_in[i].protocol, protocol) == 0)
			return true;
	return false;
}

const char *const *ap_dovecot_protocols(ap_arena *arena, const ap_dovecot_section *settings, bool named)
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

typedef struct {
	const ap_dovecot_section *settings;
	ap_dovecot_listener *listeners;
	size_t n;
} reading;

static unsigned port_of(const char *value)
{
	unsigned long port = strtoul(value, NULL, 10);

	return port <= 65535 ? (unsigned)port : 0;
}

static bool is_served(const char *const *protocols, const char *protocol)
{
	for (size_t i = 0; protocols[i] != NULL; i++)
		if (strcmp(protocols[i], protocol) == 0)
			return true;
	return false;
}

/* `listener` is the section that configures it, or NULL: it is as it is built in. */
static void add_listener(ap_arena *arena, reading *r, size_t service, const char *name,
			 const ap_dovecot_section *listener, unsigned port, bool ssl)
{
	const ap_dovecot_section none = { .type = "", .name = "" };
	const ap_dovecot_section *section = listener != NULL ? listener : &none;
	bool no_tls = strcmp(ap_dovecot_value(r->settings, "ssl", "yes"), "no") == 0;
	const char *address = ap_dovecot_value(section, "address", "");

	port = port_of(ap_dovecot_value(section, "port", ap_format(arena, "%u", port)));
	ssl = ap_dovecot_yes(ap_dovecot_value(section, "ssl", ssl ? "yes" : "no"));
	/* Dovecot opens no port 0, nor one for TLS where it has none */
	if (port == 0 || (ssl && no_tls))
		return;
	*AP_PUSH(arena, r->listeners, r->n) = (ap_dovecot_listener){
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

static void add_written_listeners(ap_arena *arena, reading *r, size_t i, const ap_dovecot_section *service)
{
	for (size_t k = 0; k < service->n_sections; k++) {
		const ap_dovecot_section *listener = &service->sections[k];
		size_t known = built_in_listener(i, listener->name);

		if (strcmp(listener->type, "inet_listener") != 0)
			continue;
		add_listener(arena, r, i, listener->name, listener, known < N_BUILT_IN ? built_in[known].port : 0,
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
static void add_namesakes(ap_arena *arena, reading *r, size_t i)
{
	for (size_t k = 0; k < r->settings->n_sections; k++) {
		const ap_dovecot_section *service = &r->settings->sections[k];

		if (strcmp(service->type, "service") == 0 && strcmp(service->name, built_in[i].service) != 0 &&
		    strcmp(program_of(arena, service), built_in[i].service) == 0)
			add_written_listeners(arena, r, i, service);
	}
}

/* 2.3 prints all listeners, 2.4 those that somebody wrote. */
const ap_dovecot_listener *ap_dovecot_listeners(ap_arena *arena, const ap_dovecot_section *settings, bool named,
						const char *const *protocols, size_t *ret_n)
{
	reading r = { .settings = settings };
	const ap_dovecot_section none = { .type = "", .name = "" };

	for (size_t i = 0; i < N_BUILT_IN; i++) {
		const ap_dovecot_section *service = ap_dovecot_find(settings, "service", built_in[i].service);

		service = service != NULL ? service : &none;
		if (begins_service(i))
			add_namesakes(arena, &r, i);
		if (!is_served(protocols, built_in[i].protocol))
			continue;
		if (begins_service(i))
			add_written_listeners(arena, &r, i, service);
		if (named && ap_dovecot_find(service, "inet_listener", built_in[i].listener) == NULL)
			add_listener(arena, &r, i, built_in[i].listener, NULL, built_in[i].port, built_in[i].ssl);
	}
	*ret_n = r.n;
	return r.listeners;
}
