#include "firewall_match.h"

#include <stdio.h>
#include <string.h>

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
		return ap_tri_of(holds_network(ap_nft_text(prefix, "addr"),
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
	const char *protocol = ap_nft_text(payload, "protocol"), *field = ap_nft_text(payload, "field");

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
		return meta_is(connection, ap_nft_text(meta, "key"), value);
	if (ct != NULL && strcmp(ap_nft_text(ct, "key"), "state") == 0)
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
	const char *protocol = ap_nft_text(json_object_get(left, "payload"), "protocol");
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
	if (strcmp(ap_nft_text(payload, "protocol"), "tcp") != 0 || strcmp(ap_nft_text(payload, "field"), "flags") != 0)
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
	const char *key = ap_nft_text(json_object_get(left, "meta"), "key");

	return strcmp(key, "skuid") == 0 || strcmp(key, "skgid") == 0;
}

ap_tri ap_firewall_match_fits(const ap_connection *connection, const json_t *match)
{
	const json_t *left = json_object_get(match, "left");
	const char *op = ap_nft_text(match, "op");
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
