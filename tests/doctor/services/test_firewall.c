/*
 * Rules as "nft -j list ruleset" prints them, and whether they keep a connection out for certain.
 *
 * A row is a chain's hook, policy and rules; the connections go from the first address to the second, "<" from this
 * machine, ">" from elsewhere ("*": from any address), and "!" says that they are kept out.
 */
#include "../../../lib/doctor/firewall.h"
#include "../../../lib/make/arena.h"
#include "rows.h"

#include <stdio.h>
#include <string.h>

#define OWNER "{\"match\":{\"op\":\"!=\",\"left\":{\"meta\":{\"key\":\"skuid\"}},\"right\":33}}"
#define ALLOWED "{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"skuid\"}},\"right\":{\"set\":[0,33]}}}"
#define PORT(p)                                                                                                        \
	"{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}},\"right\":" p "}}"
#define FROM(op, a)                                                                                                    \
	"{\"match\":{\"op\":\"" op "\",\"left\":{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}},\"right\":" a  \
	"}}"
#define TO(a)                                                                                                          \
	"{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip\",\"field\":\"daddr\"}},\"right\":" a "}}"
#define IIF(op, i) "{\"match\":{\"op\":\"" op "\",\"left\":{\"meta\":{\"key\":\"iifname\"}},\"right\":\"" i "\"}}"
#define STATE(s) "{\"match\":{\"op\":\"in\",\"left\":{\"ct\":{\"key\":\"state\"}},\"right\":" s "}}"
#define TCP_FLAGS "{\"payload\":{\"protocol\":\"tcp\",\"field\":\"flags\"}}"
#define FLAGS(left, op, f) "{\"match\":{\"op\":\"" op "\",\"left\":" left ",\"right\":" f "}}"
#define DROP "{\"drop\":null}"
#define REJECT "{\"reject\":{\"type\":\"tcp reset\"}}"
#define ACCEPT "{\"accept\":null}"

static const struct {
	const char *hook;
	const char *policy;
	const char *rules[4];
	const char *connections[6];
} rows[] = {
	{ "output", "accept", { NULL }, { "< 127.0.0.1 127.0.0.1 143" } },
	{ "output",
	  "accept",
	  { ALLOWED "," ACCEPT, FROM("==", "\"127.0.0.9\"") "," DROP },
	  { "<! 127.0.0.9 127.0.0.1 143", "< 127.0.0.8 127.0.0.1 143", "> 127.0.0.9 127.0.0.1 143", "< ::1 ::1 143" } },
	{ "output",
	  "accept",
	  { ALLOWED "," ACCEPT, PORT("1143") "," REJECT },
	  { "<! 127.0.0.9 127.0.0.1 1143", "< 127.0.0.9 127.0.0.1 143", "<! ::1 ::1 1143" } },
	{ "output",
	  "accept",
	  { TO("{\"prefix\":{\"addr\":\"10.77.0.0\",\"len\":24}}") "," PORT(
		  "{\"set\":[993,1143]}") ",{\"counter\":{\"packets\":0,\"bytes\":0}}," DROP },
	  { "<! 10.77.0.1 10.77.0.1 1143", "< 127.0.0.1 127.0.0.1 1143" } },
	/* a connection that no user can be told of fits no such rule */
	{ "output", "accept", { PORT("1143") "," OWNER "," DROP }, { "< 127.0.0.1 127.0.0.1 1143" } },
	/* one user who may is none of those that are asked about */
	{ "output",
	  "accept",
	  { "{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"skuid\"}},\"right\":33}}," ACCEPT,
	    PORT("1143") "," DROP },
	  { "<! 127.0.0.1 127.0.0.1 1143" } },
	{ "output",
	  "accept",
	  { "{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"skuid\"}},\"right\":\"@admins\"}}," ACCEPT,
	    PORT("1143") "," DROP },
	  { "< 127.0.0.1 127.0.0.1 1143" } },
	/* what comes in */
	{ "input",
	  "accept",
	  { STATE("[\"established\",\"related\"]") "," ACCEPT, PORT("1143") "," FROM("!=", "\"192.0.2.7\"") "," DROP },
	  { ">! 192.0.2.8 10.0.0.1 1143", "> 192.0.2.7 10.0.0.1 1143", "<! 10.0.0.1 10.0.0.1 1143",
	    ">! * 10.0.0.1 1143" } },
	{ "input",
	  "accept",
	  { PORT("1143") "," IIF("!=", "lo") "," DROP },
	  { ">! * 10.0.0.1 1143", "< 10.0.0.1 10.0.0.1 1143" } },
	{ "input",
	  "accept",
	  { PORT("1143") "," IIF("!=", "webmail0") "," DROP },
	  { "<! 10.0.0.1 10.0.0.1 1143", ">! * 10.0.0.1 1143" } },
	{ "input",
	  "drop",
	  { STATE("[\"established\",\"new\"]") "," PORT("22") "," ACCEPT },
	  { ">! * 10.0.0.1 1143", "> * 10.0.0.1 22" } },
	/* accepted before it is dropped */
	{ "input",
	  "accept",
	  { IIF("==", "lo") "," ACCEPT, PORT("1143") "," DROP },
	  { "< ::1 ::1 1143", ">! * 10.0.0.1 1143" } },
	/* the packet that begins a connection */
	{ "output",
	  "accept",
	  { PORT("1587") "," FLAGS("{\"&\":[" TCP_FLAGS ",[\"syn\",\"ack\"]]}", "==", "\"syn\"") "," DROP },
	  { "<! ::1 ::1 1587" } },
	{ "output", "accept", { PORT("1587") "," FLAGS(TCP_FLAGS, "in", "\"syn\"") "," DROP }, { "<! ::1 ::1 1587" } },
	{ "output",
	  "accept",
	  { FLAGS("{\"&\":[" TCP_FLAGS ",[\"syn\",\"ack\"]]}", "!=", "\"syn\"") "," ACCEPT, PORT("1587") "," DROP },
	  { "<! ::1 ::1 1587" } },
	{ "output", "accept", { PORT("1587") "," FLAGS(TCP_FLAGS, "==", "\"syn\"") "," DROP }, { "< ::1 ::1 1587" } },
	{ "output", "accept", { PORT("1587") "," FLAGS(TCP_FLAGS, "in", "\"ack\"") "," DROP }, { "< ::1 ::1 1587" } },
	/* what is not understood keeps nobody out */
	{ "output",
	  "accept",
	  { PORT("1143") ",{\"xt\":{\"type\":\"match\",\"name\":\"owner\"}}," DROP },
	  { "< ::1 ::1 1143" } },
	{ "output", "accept", { PORT("1143") ",{\"limit\":{\"rate\":1}}," DROP }, { "< ::1 ::1 1143" } },
	/* another chain */
	{ "output",
	  "accept",
	  { PORT("1143") ",{\"jump\":{\"target\":\"side\"}}" },
	  { "<! 127.0.0.1 127.0.0.1 1143", "< 127.0.0.1 127.0.0.1 143" } },
	{ "output",
	  "accept",
	  { "{\"limit\":{\"rate\":1}},{\"jump\":{\"target\":\"side\"}}" },
	  { "< 127.0.0.1 127.0.0.1 1143" } },
	{ "output", "drop", { "{\"jump\":{\"target\":\"main\"}}" }, { "< 127.0.0.1 127.0.0.1 1143" } },
};

static const char *ruleset(ap_arena *arena, size_t row)
{
	const char *of = "\"family\":\"inet\",\"table\":\"t\"";
	const char *text =
		ap_format(arena,
			  "{\"nftables\":[{\"metainfo\":{\"version\":\"1.0.6\"}},{\"table\":{\"family\":\"inet\","
			  "\"name\":\"t\"}},{\"chain\":{%s,\"name\":\"main\",\"type\":\"filter\",\"hook\":\"%s\","
			  "\"prio\":0,\"policy\":\"%s\"}},{\"chain\":{%s,\"name\":\"side\"}}",
			  of, rows[row].hook, rows[row].policy, of);

	for (size_t i = 0; i < 4 && rows[row].rules[i] != NULL; i++)
		text = ap_format(arena, "%s,{\"rule\":{%s,\"chain\":\"main\",\"expr\":[%s]}}", text, of,
				 rows[row].rules[i]);
	return ap_format(arena, "%s,{\"rule\":{%s,\"chain\":\"side\",\"expr\":[{\"counter\":{\"packets\":1}},%s]}}]}",
			 text, of, DROP);
}

/* False where the text is no connection. */
static bool read_connection(const char *text, ap_connection *ret_connection, bool *ret_kept_out)
{
	char way[4], from[64], to[64];

	*ret_connection = (ap_connection){ .port = 0 };
	if (sscanf(text, "%3s %63s %63s %u", way, from, to, &ret_connection->port) != 4)
		return false;
	ret_connection->from_here = way[0] == '<';
	*ret_kept_out = way[1] == '!';
	return (strcmp(from, "*") == 0 || ap_address_parse(from, &ret_connection->source)) &&
	       ap_address_parse(to, &ret_connection->destination);
}

static void test_what_rules_keep_out(void **state)
{
	ap_arena *arena = ap_arena_new();
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_firewall *firewall = ap_firewall_parse(ruleset(arena, i));

		assert_non_null(firewall);
		for (size_t k = 0; k < 6 && rows[i].connections[k] != NULL; k++) {
			ap_connection connection;
			bool kept_out = false;

			assert_true(read_connection(rows[i].connections[k], &connection, &kept_out));
			AP_ROW(failed, ap_firewall_keeps_out(firewall, &connection) == kept_out, "row %zu: %s", i,
			       rows[i].connections[k]);
		}
		ap_firewall_free(firewall);
	}
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

static void test_what_is_no_ruleset(void **state)
{
	(void)state;
	assert_null(ap_firewall_parse(""));
	assert_null(ap_firewall_parse("[]"));
	assert_null(ap_firewall_parse("{\"nftables\":{}}"));
	assert_null(ap_firewall_parse("{\"nftables\":[}"));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_what_rules_keep_out),
		cmocka_unit_test(test_what_is_no_ruleset),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
