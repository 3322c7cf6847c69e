/* Who can tell Dovecot that he is somebody else: where a login comes from, or that it is the webmail's. */
#include "dovecot_examination.h"
#include "policy_facts.h"
#include "reach.h"

#include <string.h>

/* A setting that names whom Dovecot believes. */
typedef struct {
	const char *name;
	bool proxied;         /* it counts on listeners that take the proxy protocol */
	const char *protocol; /* whose section it stands in; NULL: in none */
} trust;

/* The first listener that it counts on, and that a local user can reach from the network. */
static const ap_dovecot_listener *open_to(const ap_dovecot_examination *of, const ap_reach *reach, const char *network,
					  const trust *by, ap_address *ret_source)
{
	for (size_t i = 0; i < of->dovecot.n_listeners; i++) {
		const ap_dovecot_listener *one = &of->dovecot.listeners[i];

		if ((!by->proxied || one->haproxy) &&
		    (by->protocol == NULL || *by->protocol == '!' || strcmp(by->protocol, one->protocol) == 0) &&
		    ap_reach_from_here(reach, network, one->address, one->port, ret_source))
			return one;
	}
	return NULL;
}

static void tell_trusted(ap_dovecot_examination *of, const ap_reach *reach, const char *setting, const char *network,
			 const ap_dovecot_listener *listener, const ap_address *source)
{
	char address[AP_ADDRESS_TEXT_MAX];

	ap_address_format(source, address);
	ap_dovecot_found(
		of,
		&(ap_finding){
			.kind = ap_reach_kind(reach),
			.check = "dovecot-trusted-network",
			.what = ap_format(of->arena, "%s holds %s, and any local user can connect to port %u from %s",
					  setting, network, listener->port, address),
			.why = ap_reach_why(
				reach,
				"Dovecot believes such a user whatever address he says his login comes from, and "
				"so does the policy"),
			.change = ap_format(
				of->arena,
				"an address in %s that the webmail or proxy alone can use, and in nftables' output: %s",
				setting, ap_reach_rules(of->arena, "ip saddr ADDRESS", "www-data")) });
}

static void examine_trusted(ap_dovecot_examination *of, const ap_reach *reach, const ap_dovecot_section *in, trust by)
{
	const char *const *networks = ap_dovecot_words(of->arena, ap_dovecot_list(of->arena, in, by.name, ""));

	if (strcmp(in->type, "protocol") == 0)
		by.protocol = in->name;
	for (size_t i = 0; networks[i] != NULL; i++) {
		ap_address source;
		const ap_dovecot_listener *listener = open_to(of, reach, networks[i], &by, &source);

		if (listener != NULL)
			tell_trusted(of, reach, by.name, networks[i], listener, &source);
	}
	for (size_t i = 0; i < in->n_sections; i++)
		if (ap_dovecot_is_filter(&in->sections[i]))
			examine_trusted(of, reach, &in->sections[i], by);
}

/* The client type that the way's service file gives; NULL: its line does not say. */
static const char *client_of(const ap_dovecot_way *way)
{
	for (size_t i = 0; i < way->n; i++)
		if (way->roles[i].line != NULL && way->roles[i].options.client != NULL)
			return way->roles[i].options.client;
	return NULL;
}

/*
 * True if another port of the protocol, or another service of Postfix, gives another client type: whoever comes by this
 * one says by that who he is.
 */
static bool is_told_apart(const ap_dovecot_examination *of, const ap_dovecot_way *way, const char *client)
{
	for (size_t i = 0; i < of->n_ways; i++) {
		const char *other = client_of(&of->ways[i]);

		bool same = way->listener == NULL ? of->ways[i].listener == NULL
						  : strcmp(of->ways[i].protocol, way->protocol) == 0;

		if (same && other != NULL && strcmp(other, client) != 0)
			return true;
	}
	return false;
}

/* One that the policy does not know lets nobody in, which is said with the PAM files. */
static bool is_known(const ap_dovecot_examination *of, const char *client)
{
	return of->doctor->image == NULL ||
	       ap_policy_client_of(of->arena, of->doctor->image, "dovecot", NULL, client) != NULL;
}

/* The way's client type, if it is another one than anybody has, or than its protocol's other ports give. */
static const char *client_to_claim(const ap_dovecot_examination *of, const ap_dovecot_way *way)
{
	const char *client = client_of(way);

	if (client == NULL || !is_known(of, client) ||
	    strcmp(client, ap_policy_client_anybody_has(of->arena, of->doctor->image)) == 0 ||
	    !is_told_apart(of, way, client))
		return NULL;
	return client;
}

/* `file` NULL: it is one of Dovecot's settings. */
static void tell_client(ap_dovecot_examination *of, const ap_reach *reach, const char *file, const char *title,
			const char *client, const char *who, const char *change)
{
	ap_dovecot_found(
		of,
		&(ap_finding){
			.kind = ap_reach_kind(reach),
			.check = "dovecot-client-type",
			.file = file,
			.what = ap_format(of->arena, "logins by %s are of the client type %s, and %s can connect there",
					  title, client, who),
			.why = ap_reach_why(reach, ap_format(of->arena,
							     "whoever does is %s to the policy, with whatever program",
							     client)),
			.change = change });
}

static const char *rules_for_port(ap_arena *arena, unsigned port)
{
	return ap_reach_rules(arena, ap_format(arena, "ip daddr 127.0.0.1 tcp dport %u", port), "www-data");
}

/* One for an address is the way of whoever can have that address. */
static void examine_address(ap_dovecot_examination *of, const ap_reach *reach, const ap_dovecot_way *way,
			    const char *client)
{
	ap_address source;

	if (!ap_reach_from_here(reach, way->only_from, way->listener->address, way->port, &source))
		return;
	tell_client(
		of, reach, NULL, ap_format(of->arena, "connections from %s", way->only_from), client, "any local user",
		ap_format(of->arena,
			  "an address in its place that the webmail alone can use, and in nftables' output: %s",
			  ap_reach_rules(of->arena, ap_format(of->arena, "ip saddr %s", way->only_from), "www-data")));
}

static void examine_listener(ap_dovecot_examination *of, const ap_reach *reach, const ap_dovecot_way *way)
{
	const char *client = client_to_claim(of, way), *who;

	if (client == NULL)
		return;
	if (way->only_from != NULL) {
		examine_address(of, reach, way, client);
		return;
	}
	who = ap_reach_who(reach, way->listener->address, way->port);
	if (who != NULL)
		tell_client(
			of, reach, NULL, way->title, client, who,
			ap_format(
				of->arena,
				"client=%s in this port's PAM service; or, if it is the webmail's port, %s = 127.0.0.1 in inet_listener %s, and in nftables' output: %s",
				ap_policy_client_anybody_has(of->arena, of->doctor->image),
				of->dovecot.named ? "listen" : "address", way->listener->name,
				rules_for_port(of->arena, way->port)));
}

/* The services of Postfix that call themselves as this way does. */
static void examine_postfix(ap_dovecot_examination *of, const ap_reach *reach, const ap_dovecot_way *way)
{
	const char *client = client_to_claim(of, way);

	for (size_t i = 0; client != NULL && of->postfix != NULL && i < of->postfix->n; i++) {
		const ap_postfix_service *one = &of->postfix->services[i];
		const char *who, *whose;

		if (!one->asks || strcmp(one->service, way->protocol) != 0 || one->port == 0)
			continue;
		who = ap_reach_who(reach, one->host, one->port);
		if (who == NULL)
			continue;
		whose = one->postscreen != NULL ? ap_format(of->arena, "%s's", one->postscreen) : "its";
		tell_client(of, reach, ap_postfix_file_of(of->arena, one, one->name, "smtpd_sasl_service"),
			    ap_format(of->arena, "Postfix's %s", one->title), client, who,
			    ap_format(of->arena,
				      "another smtpd_sasl_service for %s; or, if it is the webmail's, "
				      "127.0.0.1:%u as %s name in master.cf, and in nftables' output: %s",
				      one->title, one->port, whose, rules_for_port(of->arena, one->port)));
	}
}

void ap_dovecot_examine_claims(ap_dovecot_examination *of)
{
	const ap_reach *reach = ap_readings_reach(&of->doctor->readings);

	if (ap_policy_asks_addresses(of->doctor->image)) {
		examine_trusted(of, reach, &of->dovecot.settings, (trust){ .name = "login_trusted_networks" });
		examine_trusted(of, reach, &of->dovecot.settings,
				(trust){ .name = "haproxy_trusted_networks", .proxied = true });
	}
	for (size_t i = 0; i < of->n_ways && ap_policy_asks_clients(of->doctor->image); i++) {
		if (of->ways[i].listener != NULL)
			examine_listener(of, reach, &of->ways[i]);
		else
			examine_postfix(of, reach, &of->ways[i]);
	}
}
