/* Who can tell Dovecot that he is somebody else: where a login comes from, or that it is the webmail's. */
#include "dovecot_examination.h"
#include "policy_facts.h"
#include "reach.h"

#include <string.h>

/* The first listener that a local user can reach from the network; `proxied`: of those that take the proxy protocol. */
static const ap_dovecot_listener *open_to(const ap_dovecot_examination *of, const ap_reach *reach, const char *network,
					  bool proxied, ap_address *ret_source)
{
	for (size_t i = 0; i < of->dovecot.n_listeners; i++) {
		const ap_dovecot_listener *one = &of->dovecot.listeners[i];

		if ((!proxied || one->haproxy) &&
		    ap_reach_from_here(reach, network, one->address, one->port, ret_source))
			return one;
	}
	return NULL;
}

/* What the rules of the packet filter are not known to prevent. */
static ap_finding_kind kind_of(const ap_reach *reach)
{
	return reach->fault == NULL ? AP_FINDING_BYPASS : AP_FINDING_UNCERTAIN;
}

static const char *with_fault(ap_arena *arena, const ap_reach *reach, const char *why)
{
	return reach->fault == NULL
		       ? why
		       : ap_format(arena, "%s, unless the packet filter prevents it: %s", why, reach->fault);
}

static void tell_trusted(ap_dovecot_examination *of, const ap_reach *reach, const char *setting, const char *network,
			 const ap_dovecot_listener *listener, const ap_address *source)
{
	char address[AP_ADDRESS_TEXT_MAX];

	ap_address_format(source, address);
	ap_dovecot_found(
		of,
		&(ap_finding){
			.kind = kind_of(reach),
			.check = "dovecot-trusted-network",
			.what = ap_format(of->arena, "%s holds %s, and any local user can connect to port %u from %s",
					  setting, network, listener->port, address),
			.why = with_fault(
				of->arena, reach,
				"Dovecot believes such a user whatever address he says his login comes from, and so does the policy"),
			.change = ap_format(
				of->arena,
				"an address in %s that the webmail or proxy alone can use, and in nftables' output: "
				"ip saddr ADDRESS meta skuid != { \"root\", \"www-data\" } reject",
				setting) });
}

static void examine_trusted(ap_dovecot_examination *of, const ap_reach *reach, const char *setting, bool proxied)
{
	const char *const *networks = ap_dovecot_words(of->arena, ap_dovecot_value(&of->dovecot.settings, setting, ""));

	for (size_t i = 0; networks[i] != NULL; i++) {
		ap_address source;
		const ap_dovecot_listener *listener = open_to(of, reach, networks[i], proxied, &source);

		if (listener != NULL)
			tell_trusted(of, reach, setting, networks[i], listener, &source);
	}
}

/* The client type that the way's service file gives; NULL: its line does not say. */
static const char *client_of(const ap_dovecot_way *way)
{
	for (size_t i = 0; i < way->n; i++)
		if (way->roles[i].line != NULL && way->roles[i].options.client != NULL)
			return way->roles[i].options.client;
	return NULL;
}

/* True if another port of the protocol gives another client type: whoever comes by this one says by that who he is. */
static bool is_told_apart(const ap_dovecot_examination *of, const ap_dovecot_way *way, const char *client)
{
	for (size_t i = 0; i < of->n_ways; i++) {
		const char *other = client_of(&of->ways[i]);

		if (other != NULL && strcmp(other, client) != 0 && strcmp(of->ways[i].protocol, way->protocol) == 0)
			return true;
	}
	return false;
}

static void examine_listener(ap_dovecot_examination *of, const ap_reach *reach, const ap_dovecot_way *way)
{
	const char *client = client_of(way), *who;
	const char *anybody = ap_policy_client_anybody_has(of->arena, of->doctor->image);
	ap_address source;

	if (way->listener == NULL || client == NULL || strcmp(client, anybody) == 0 || !is_told_apart(of, way, client))
		return;
	if (ap_reach_from_elsewhere(reach, way->listener->address, way->port))
		who = "anybody";
	else if (ap_reach_from_here(reach, NULL, way->listener->address, way->port, &source))
		who = "any local user";
	else
		return;
	ap_dovecot_found(
		of,
		&(ap_finding){
			.kind = kind_of(reach),
			.check = "dovecot-client-type",
			.what = ap_format(of->arena, "logins by %s are of the client type %s, and %s can connect there",
					  way->title, client, who),
			.why = with_fault(
				of->arena, reach,
				ap_format(of->arena, "who does is %s to the policy, with whatever program", client)),
			.change = ap_format(
				of->arena,
				"address = 127.0.0.1 in inet_listener %s, and in nftables' output: "
				"ip daddr 127.0.0.1 tcp dport %u meta skuid != { \"root\", \"www-data\" } reject",
				way->listener->name, way->port) });
}

void ap_dovecot_examine_claims(ap_dovecot_examination *of)
{
	ap_reach reach = ap_reach_of(of->doctor->host);

	if (ap_policy_asks_addresses(of->doctor->image)) {
		examine_trusted(of, &reach, "login_trusted_networks", false);
		examine_trusted(of, &reach, "haproxy_trusted_networks", true);
	}
	if (ap_policy_asks_clients(of->doctor->image))
		for (size_t i = 0; i < of->n_ways; i++)
			examine_listener(of, &reach, &of->ways[i]);
	ap_reach_end(&reach);
}
