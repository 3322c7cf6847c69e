#include "firewall.h"

#include "../login/tri.h"

#include <jansson.h>
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

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static bool holds_network(const char *text, unsigned length, const ap_address *address)
{
	ap_range range;
	char entry[AP_RANGE_TEXT_MAX];

	snprintf(entry, sizeof(entry), "%s/%u", text, length);
	return ap_range_parse(entry, &range) == AP_RANGE_OK && ap_range_holds(&range, address);
}

/* One value on a rule's right side: "192.0.2.1", {"prefix": …}, {"range": [first, last]}. */
static ap_tri address_is(const ap_address *address, const json_t *value)
{
	const json_t *prefix = json_object_get(value, "prefix"), *range = json_object_get(value, "range");
	ap_address one;

	if (address->family == AP_ADDRESS_UNKNOWN)
		return ap_tri_of(prefix != NULL && json_integer_value(json_object_get(prefix, "len")) == 0);
	if (json_is_string(value) && ap_address_parse(json_string_value(value), &one))
		return ap_tri_of(one.family == address->family &&
				 memcmp(one.bytes, address->bytes, sizeof(one.bytes)) == 0);
	if (prefix != NULL)
		return ap_tri_of(holds_network(text_of(prefix, "addr"),
					       (unsigned)json_integer_value(json_object_get(prefix, "len")), address));
	if (json_array_size(range) == 2) {
		char entry[AP_RANGE_TEXT_MAX];
		ap_range ends;

		snprintf(entry, sizeof(entry), "%s-%s", json_string_value(json_array_get(range, 0)),
			 json_string_value(json_array_get(range, 1)));
		return ap_range_parse(entry, &ends) == AP_RANGE_OK ? ap_tri_of(ap_range_holds(&ends, address))
								   : AP_UNKNOWN;
	}
	return AP_UNKNOWN;
}

static ap_tri port_is(unsigned port, const json_t *value)
{
	const json_t *range = json_object_get(value, "range");

	if (json_is_integer(value))
		return ap_tri_of(json_integer_value(value) == (json_int_t)port);
	if (json_array_size(range) == 2 && json_is_integer(json_array_get(range, 0)) &&
	    json_is_integer(json_array_get(range, 1)))
		return ap_tri_of(json_integer_value(json_array_get(range, 0)) <= (json_int_t)port &&
				 (json_int_t)port <= json_integer_value(json_array_get(range, 1)));
	return AP_UNKNOWN;
}

/* The interface that it comes by, and goes by: "lo" within the machine, else another one. */
static ap_tri interface_is(const ap_connection *connection, const json_t *value)
{
	if (!json_is_string(value) || strpbrk(json_string_value(value), "*") != NULL)
		return AP_UNKNOWN;
	if (strcmp(json_string_value(value), "lo") == 0)
		return ap_tri_of(connection->from_here);
	return AP_NO;
}

/* A user or group that is named is none of those that are asked about. */
static ap_tri owner_is(const ap_connection *connection, const json_t *value)
{
	return connection->from_here && (json_is_integer(value) || json_is_string(value)) ? AP_NO : AP_UNKNOWN;
}

static ap_tri word_is(const char *word, const json_t *value)
{
	return json_is_string(value) ? ap_tri_of(strcmp(json_string_value(value), word) == 0) : AP_UNKNOWN;
}

static ap_tri payload_is(const ap_connection *connection, const json_t *payload, const json_t *value)
{
	const char *protocol = text_of(payload, "protocol"), *field = text_of(payload, "field");

	if (strcmp(protocol, "ip") == 0 || strcmp(protocol, "ip6") == 0) {
		if (strcmp(field, "saddr") == 0)
			return address_is(&connection->source, value);
		if (strcmp(field, "daddr") == 0)
			return address_is(&connection->destination, value);
	}
	if ((strcmp(protocol, "tcp") == 0 || strcmp(protocol, "th") == 0) && strcmp(field, "dport") == 0)
		return port_is(connection->port, value);
	return AP_UNKNOWN;
}

static ap_tri meta_is(const ap_connection *connection, const char *key, const json_t *value)
{
	bool ipv4 = connection->destination.family == AP_ADDRESS_IPV4;

	if (strcmp(key, "skuid") == 0 || strcmp(key, "skgid") == 0)
		return owner_is(connection, value);
	if (strcmp(key, "iif") == 0 || strcmp(key, "iifname") == 0)
		return interface_is(connection, value);
	if (strcmp(key, "oif") == 0 || strcmp(key, "oifname") == 0)
		return connection->from_here ? interface_is(connection, value) : AP_UNKNOWN;
	if (strcmp(key, "l4proto") == 0)
		return word_is("tcp", value);
	if (strcmp(key, "nfproto") == 0)
		return word_is(ipv4 ? "ipv4" : "ipv6", value);
	if (strcmp(key, "protocol") == 0)
		return word_is(ipv4 ? "ip" : "ip6", value);
	return AP_UNKNOWN;
}

/* Is what stands on the left this one value? */
static ap_tri is_value(const ap_connection *connection, const json_t *left, const json_t *value)
{
	const json_t *payload = json_object_get(left, "payload"), *meta = json_object_get(left, "meta");
	const json_t *ct = json_object_get(left, "ct");

	/* a set that has a name, and may hold anything */
	if (json_is_string(value) && *json_string_value(value) == '@')
		return AP_UNKNOWN;
	if (payload != NULL)
		return payload_is(connection, payload, value);
	if (meta != NULL)
		return meta_is(connection, text_of(meta, "key"), value);
	if (ct != NULL && strcmp(text_of(ct, "key"), "state") == 0)
		return word_is("new", value);
	return AP_UNKNOWN;
}

/* The right side: one value, or a list of them. */
static ap_tri is_any_of(const ap_connection *connection, const json_t *left, const json_t *right)
{
	const json_t *set = json_object_get(right, "set");
	ap_tri any = AP_NO;
	size_t i;
	json_t *value;

	if (json_is_array(right))
		set = right;
	if (set == NULL)
		return is_value(connection, left, right);
	if (!json_is_array(set))
		return is_value(connection, left, set);
	json_array_foreach(set, i, value)
	{
		ap_tri one = is_value(connection, left, value);

		if (one == AP_YES)
			return AP_YES;
		if (one == AP_UNKNOWN)
			any = AP_UNKNOWN;
	}
	return any;
}

/* A rule that looks at the header of another protocol does not fit at all, whatever it compares with. */
static bool is_of_other_family(const ap_connection *connection, const json_t *left)
{
	const char *protocol = text_of(json_object_get(left, "payload"), "protocol");
	bool ipv4 = connection->destination.family == AP_ADDRESS_IPV4;

	return strcmp(protocol, ipv4 ? "ip6" : "ip") == 0 || strcmp(protocol, "udp") == 0 ||
	       strcmp(protocol, "icmp") == 0 || strcmp(protocol, "icmpv6") == 0;
}

enum { FLAG_SYN = 0x02, FLAGS_OF_ECN = 0xc0, FLAGS_ALL = 0xff };

/* "syn", ["syn", "ack"], {"|": ["syn", "ack"]}; false where it is none of those. */
static bool read_flags(const json_t *value, unsigned *flags)
{
	static const char *const names[] = { "fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr" };
	const json_t *list = json_is_array(value) ? value : json_object_get(value, "|");
	size_t i;
	json_t *one;

	if (json_is_string(value)) {
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strcmp(json_string_value(value), names[i]) == 0)
				*flags |= 1U << i;
		return *flags != 0;
	}
	json_array_foreach(list, i, one)
	{
		if (!read_flags(one, flags))
			return false;
	}
	return json_array_size(list) > 0;
}

/* True if the left side is TCP's flags, or some of them: *ret_mask. */
static bool is_flags(const json_t *left, unsigned *ret_mask)
{
	const json_t *masked = json_object_get(left, "&");
	const json_t *payload = json_object_get(masked != NULL ? json_array_get(masked, 0) : left, "payload");

	*ret_mask = 0;
	if (strcmp(text_of(payload, "protocol"), "tcp") != 0 || strcmp(text_of(payload, "field"), "flags") != 0)
		return false;
	if (masked == NULL)
		*ret_mask = FLAGS_ALL;
	else
		(void)read_flags(json_array_get(masked, 1), ret_mask);
	return true;
}

/* A connection begins with SYN, and with the flags of RFC 3168, or not, as its sender likes. */
static ap_tri flags_fit(unsigned mask, const char *op, const json_t *right)
{
	unsigned flags = 0;

	if (!read_flags(right, &flags))
		return AP_UNKNOWN;
	if (strcmp(op, "in") == 0)
		return (flags & FLAG_SYN) != 0 ? AP_YES : (flags & FLAGS_OF_ECN) != 0 ? AP_UNKNOWN : AP_NO;
	if ((mask & FLAGS_OF_ECN) != 0)
		return AP_UNKNOWN;
	if (strcmp(op, "==") == 0)
		return ap_tri_of(flags == (FLAG_SYN & mask));
	return strcmp(op, "!=") == 0 ? ap_tri_of(flags != (FLAG_SYN & mask)) : AP_UNKNOWN;
}

/* Who asked for the connection. A socket that the kernel made for a process tells nobody, and then no comparison fits. */
static bool is_owner(const json_t *left)
{
	const char *key = text_of(json_object_get(left, "meta"), "key");

	return strcmp(key, "skuid") == 0 || strcmp(key, "skgid") == 0;
}

static ap_tri fits(const ap_connection *connection, const json_t *match)
{
	const json_t *left = json_object_get(match, "left");
	const char *op = text_of(match, "op");
	unsigned mask;
	ap_tri same;

	if (is_flags(left, &mask))
		return flags_fit(mask, op, json_object_get(match, "right"));
	if (is_of_other_family(connection, left))
		return AP_NO;
	same = is_any_of(connection, left, json_object_get(match, "right"));
	if (strcmp(op, "==") == 0 || strcmp(op, "in") == 0)
		return same;
	if (strcmp(op, "!=") == 0)
		return is_owner(left) ? AP_UNKNOWN : ap_tri_not(same);
	return AP_UNKNOWN;
}

/* Where `certain`, all that stands before it on the rule fits. */
static outcome ask_jump(const question *q, const json_t *to, bool certain, unsigned jumps)
{
	outcome of = jumps < JUMPS_MAX ? ask_chain(q, text_of(to, "target"), jumps + 1) : CHAIN_ACCEPTS;

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
			ap_tri fit = fits(q->connection, value);

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
	return strcmp(text_of(object, "family"), q->family) == 0 && strcmp(text_of(object, "table"), q->table) == 0;
}

static outcome ask_chain(const question *q, const char *chain, unsigned jumps)
{
	size_t i;
	json_t *object;

	json_array_foreach(q->firewall->objects, i, object)
	{
		const json_t *rule = json_object_get(object, "rule");
		outcome of;

		if (rule == NULL || !is_of(rule, q) || strcmp(text_of(rule, "chain"), chain) != 0)
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

		if (chain == NULL || strcmp(text_of(chain, "type"), "filter") != 0 ||
		    !sees(text_of(chain, "hook"), connection->from_here) ||
		    !is_for_family(text_of(chain, "family"), &connection->destination))
			continue;
		q.family = text_of(chain, "family");
		q.table = text_of(chain, "table");
		of = ask_chain(&q, text_of(chain, "name"), 0);
		if (of == CHAIN_DROPS || (of == CHAIN_ENDS && strcmp(text_of(chain, "policy"), "drop") == 0))
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
