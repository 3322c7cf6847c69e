#include "firewall.h"

#include "firewall_match.h"

#include <stdlib.h>
#include <string.h>

enum { JUMPS_MAX = 16 };

struct ap_firewall {
	json_t *objects; /* the array "nftables"; NULL: no rules */
};

/* What a chain makes of the connection. */
typedef enum { CHAIN_ENDS, CHAIN_ACCEPTS, CHAIN_DROPS } outcome;

typedef struct {
	const ap_firewall *firewall;
	const ap_connection *connection;
	const char *family; /* of the table */
	const char *table;
} question;

static outcome ask_chain(const question *q, const char *chain, unsigned jumps);

/* Where `certain`, all that stands before it on the rule fits. */
static outcome ask_jump(const question *q, const json_t *to, bool certain, unsigned jumps)
{
	outcome of = jumps < JUMPS_MAX ? ask_chain(q, ap_nft_text(to, "target"), jumps + 1) : CHAIN_ACCEPTS;

	return of == CHAIN_DROPS && !certain ? CHAIN_ENDS : of;
}

static bool passes_by(const char *statement)
{
	static const char *const names[] = { "counter", "log", "quota", "comment", "mangle", "notrack", "ct count" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(statement, names[i]) == 0)
			return true;
	return false;
}

/* CHAIN_ENDS: the next rule is asked. */
static outcome ask_rule(const question *q, const json_t *rule, unsigned jumps)
{
	json_t *expressions = json_object_get(rule, "expr"), *one;
	bool certain = true;
	size_t i;

	json_array_foreach(expressions, i, one)
	{
		const char *kind = json_object_iter_key(json_object_iter(one));
		const json_t *value = json_object_iter_value(json_object_iter(one));

		if (kind == NULL)
			continue;
		if (strcmp(kind, "match") == 0) {
			ap_tri fit = ap_firewall_match_fits(q->connection, value);

			if (fit == AP_NO)
				return CHAIN_ENDS;
			certain = certain && fit == AP_YES;
		} else if (strcmp(kind, "drop") == 0 || strcmp(kind, "reject") == 0) {
			return certain ? CHAIN_DROPS : CHAIN_ENDS;
		} else if (strcmp(kind, "jump") == 0) {
			return ask_jump(q, value, certain, jumps);
		} else if (strcmp(kind, "accept") == 0 || strcmp(kind, "return") == 0 || strcmp(kind, "goto") == 0 ||
			   strcmp(kind, "queue") == 0 || strcmp(kind, "vmap") == 0) {
			/* of these only the first is an end for certain; the others are taken for it */
			return CHAIN_ACCEPTS;
		} else if (!passes_by(kind)) {
			certain = false;
		}
	}
	return CHAIN_ENDS;
}

static bool is_of(const json_t *object, const question *q)
{
	return strcmp(ap_nft_text(object, "family"), q->family) == 0 &&
	       strcmp(ap_nft_text(object, "table"), q->table) == 0;
}

static outcome ask_chain(const question *q, const char *chain, unsigned jumps)
{
	size_t i;
	json_t *object;

	json_array_foreach(q->firewall->objects, i, object)
	{
		const json_t *rule = json_object_get(object, "rule");
		outcome of;

		if (rule == NULL || !is_of(rule, q) || strcmp(ap_nft_text(rule, "chain"), chain) != 0)
			continue;
		of = ask_rule(q, rule, jumps);
		if (of != CHAIN_ENDS)
			return of;
	}
	return CHAIN_ENDS;
}

/* True if the hook sees the connection: what comes from elsewhere is not sent by this machine. */
static bool sees(const char *hook, bool from_here)
{
	return strcmp(hook, "input") == 0 || strcmp(hook, "prerouting") == 0 ||
	       (from_here && (strcmp(hook, "output") == 0 || strcmp(hook, "postrouting") == 0));
}

static bool is_for_family(const char *family, const ap_address *address)
{
	return strcmp(family, "inet") == 0 || strcmp(family, address->family == AP_ADDRESS_IPV4 ? "ip" : "ip6") == 0;
}

bool ap_firewall_keeps_out(const ap_firewall *firewall, const ap_connection *connection)
{
	size_t i;
	json_t *object;

	json_array_foreach(firewall->objects, i, object)
	{
		const json_t *chain = json_object_get(object, "chain");
		question q = { .firewall = firewall, .connection = connection };
		outcome of;

		if (chain == NULL || strcmp(ap_nft_text(chain, "type"), "filter") != 0 ||
		    !sees(ap_nft_text(chain, "hook"), connection->from_here) ||
		    !is_for_family(ap_nft_text(chain, "family"), &connection->destination))
			continue;
		q.family = ap_nft_text(chain, "family");
		q.table = ap_nft_text(chain, "table");
		of = ask_chain(&q, ap_nft_text(chain, "name"), 0);
		if (of == CHAIN_DROPS || (of == CHAIN_ENDS && strcmp(ap_nft_text(chain, "policy"), "drop") == 0))
			return true;
	}
	return false;
}

static ap_firewall *no_rules(void)
{
	ap_firewall *firewall = calloc(1, sizeof(*firewall));

	if (firewall == NULL)
		ap_out_of_memory();
	return firewall;
}

ap_firewall *ap_firewall_parse(const char *json)
{
	json_t *whole = json_loads(json, 0, NULL);
	json_t *objects = json_object_get(whole, "nftables");
	ap_firewall *firewall;

	if (!json_is_array(objects)) {
		json_decref(whole);
		return NULL;
	}
	firewall = no_rules();
	firewall->objects = json_incref(objects);
	json_decref(whole);
	return firewall;
}

ap_firewall *ap_firewall_read(const ap_host *host, const char **ret_fault)
{
	static const char *const command[] = { "/usr/sbin/nft", "-j", "list", "ruleset", NULL };
	ap_host_output output;
	ap_firewall *firewall;

	*ret_fault = NULL;
	if (!ap_host_has(host, command[0]))
		return no_rules();
	/* the rules of the running machine say nothing about another one's */
	if (*host->root != '\0') {
		*ret_fault = "the packet filter of another machine's root cannot be asked";
		return no_rules();
	}
	output = ap_host_run(host, command);
	*ret_fault = ap_host_run_fault(host, "nft -j list ruleset", &output);
	if (*ret_fault != NULL)
		return no_rules();
	firewall = ap_firewall_parse(output.out);
	if (firewall != NULL)
		return firewall;
	*ret_fault = "what \"nft -j list ruleset\" printed is not understood";
	return no_rules();
}

void ap_firewall_free(ap_firewall *firewall)
{
	if (firewall == NULL)
		return;
	json_decref(firewall->objects);
	free(firewall);
}
