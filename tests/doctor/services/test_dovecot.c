/*
 * Dovecot's settings as doveconf prints them, and what follows from them: passdbs, ports, PAM services' names, and
 * whether a login gets past the policy.
 *
 * The printed texts are what doveconf 2.3.19.1 and 2.4.1 said, less the settings that nobody asks about.
 */
#include "../../../lib/doctor/dovecot_auth.h"
#include "../../../lib/doctor/dovecot_chain.h"
#include "../../../lib/doctor/dovecot_names.h"
#include "rows.h"

#include <string.h>

static const char of_2_3[] = "# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf\n"
			     "# Pigeonhole version 0.5.19 (4eae2f79)\n"
			     "auth_cache_size = 1 M\n"
			     "auth_mechanisms = plain login\n"
			     "listen = *, ::\n"
			     "login_trusted_networks = 127.0.0.1/32\n"
			     "plugin {\n"
			     "  sieve = file:~/sieve;active=~/.dovecot.sieve\n"
			     "}\n"
			     "protocols = \" imap lmtp sieve\"\n"
			     "service auth {\n"
			     "  unix_listener /var/spool/postfix/private/auth {\n"
			     "    mode = 0660\n"
			     "  }\n"
			     "  unix_listener auth-client {\n"
			     "    mode = 0600\n"
			     "  }\n"
			     "}\n"
			     "service imap-login {\n"
			     "  inet_listener imap {\n"
			     "    address = \n"
			     "    haproxy = no\n"
			     "    port = 143\n"
			     "    ssl = no\n"
			     "  }\n"
			     "  inet_listener imap_webmail {\n"
			     "    address = 127.0.0.1\n"
			     "    haproxy = yes\n"
			     "    port = 1143\n"
			     "    ssl = no\n"
			     "  }\n"
			     "  inet_listener imaps {\n"
			     "    address = \n"
			     "    haproxy = no\n"
			     "    port = 993\n"
			     "    ssl = yes\n"
			     "  }\n"
			     "}\n"
			     "service managesieve-login {\n"
			     "  inet_listener sieve {\n"
			     "    address = \n"
			     "    port = 4190\n"
			     "  }\n"
			     "}\n"
			     "service pop3-login {\n"
			     "  inet_listener pop3 {\n"
			     "    port = 110\n"
			     "  }\n"
			     "}\n"
			     "ssl = no\n"
			     "passdb {\n"
			     "  args = cache_key=#hidden_use-P_to_show# dovecot\n"
			     "  deny = no\n"
			     "  driver = pam\n"
			     "  result_failure = return-fail\n"
			     "  result_internalfail = return-fail\n"
			     "  result_success = continue-ok\n"
			     "  skip = never\n"
			     "}\n"
			     "passdb {\n"
			     "  args = failure_show_msg=yes dovecot-policy-%s-%{real_lport}\n"
			     "  deny = yes\n"
			     "  driver = pam\n"
			     "  mechanisms = \n"
			     "  override_fields = nologin=y reason=a b\n"
			     "  result_failure = continue\n"
			     "  skip = unauthenticated\n"
			     "}\n";

static const char of_2_4[] = "# 2.4.1-4 (7d8c0e5759): /etc/dovecot/dovecot.conf\n"
			     "dovecot_config_version = 2.4.1\n"
			     "login_trusted_networks = 127.0.0.143/32\n"
			     "protocols {\n"
			     "  imap = yes\n"
			     "  pop3 = no\n"
			     "  submission = yes\n"
			     "}\n"
			     "service imap-login {\n"
			     "  inet_listener imap_webmail {\n"
			     "    port = 1143\n"
			     "    listen = 10.77.0.1\n"
			     "  }\n"
			     "  inet_listener imap {\n"
			     "    port = 0\n"
			     "  }\n"
			     "}\n"
			     "passdb pam {\n"
			     "  result_failure = return-fail\n"
			     "  result_internalfail = return-fail\n"
			     "  result_success = continue-ok\n"
			     "}\n"
			     "passdb policy {\n"
			     "  deny = yes\n"
			     "  driver = pam\n"
			     "  fields {\n"
			     "    nologin = yes\n"
			     "  }\n"
			     "  skip = unauthenticated\n"
			     "  use_cache = no\n"
			     "  passdb_pam {\n"
			     "    failure_show_msg = yes\n"
			     "    service_name = dovecot-policy-%{protocol}-%{real_local_port}\n"
			     "  }\n"
			     "}\n"
			     "protocol submission {\n"
			     "  passdb two {\n"
			     "    driver = static\n"
			     "    static_password = # hidden, use -P to show it\n"
			     "  }\n"
			     "}\n"
			     "userdb passwd {\n"
			     "}\n";

static ap_dovecot read_whole(ap_arena *arena, const char *text)
{
	ap_dovecot dovecot;
	const char *fault = NULL;

	if (!ap_dovecot_read(arena, text, &dovecot, &fault))
		fail_msg("not read: %s", fault);
	return dovecot;
}

static void check_listeners(const ap_dovecot *dovecot, const char *const *expected)
{
	ap_arena *arena = ap_arena_new();
	int failed = 0;

	for (size_t i = 0; i < dovecot->n_listeners || expected[i] != NULL; i++) {
		const ap_dovecot_listener *one = &dovecot->listeners[i];
		const char *found = i >= dovecot->n_listeners
					    ? "none"
					    : ap_format(arena, "%s %s [%s]:%u%s", one->protocol, one->name,
							one->address, one->port, one->haproxy ? " haproxy" : "");

		AP_ROW(failed, expected[i] != NULL && strcmp(found, expected[i]) == 0, "listener %zu: %s", i, found);
		if (expected[i] == NULL || i >= dovecot->n_listeners)
			break;
	}
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

static void test_settings_of_2_3(void **state)
{
	/* no TLS: no imaps; POP3 is not among the protocols */
	static const char *const listeners[] = { "imap imap []:143", "imap imap_webmail [127.0.0.1]:1143 haproxy",
						 "sieve sieve []:4190", NULL };
	ap_arena *arena = ap_arena_new();
	ap_dovecot dovecot = read_whole(arena, of_2_3);
	size_t n;
	const ap_passdb *passdbs = ap_dovecot_passdbs(arena, &dovecot.settings, dovecot.named, "imap", &n);

	(void)state;
	assert_string_equal(dovecot.version, "2.3.19.1");
	assert_string_equal(dovecot.file, "/etc/dovecot/dovecot.conf");
	assert_false(dovecot.named);
	assert_true(dovecot.has_cache);
	assert_true(dovecot.serves_others);
	assert_string_equal(dovecot.protocols[0], "imap");
	assert_string_equal(dovecot.protocols[1], "sieve");
	assert_null(dovecot.protocols[2]);
	check_listeners(&dovecot, listeners);
	assert_int_equal(n, 2);
	assert_string_equal(passdbs[0].name, "passdb 1");
	assert_string_equal(passdbs[0].service, "dovecot");
	assert_true(passdbs[0].caches);
	assert_false(passdbs[0].shows_message);
	assert_int_equal(passdbs[0].success, AP_PASSDB_CONTINUE_OK);
	assert_int_equal(passdbs[0].failure, AP_PASSDB_RETURN_FAIL);
	assert_string_equal(passdbs[1].service, "dovecot-policy-%s-%{real_lport}");
	assert_true(passdbs[1].deny && passdbs[1].shows_message && passdbs[1].nologin && !passdbs[1].caches);
	assert_int_equal(passdbs[1].skip, AP_PASSDB_SKIP_UNAUTHENTICATED);
	assert_int_equal(passdbs[1].failure, AP_PASSDB_CONTINUE);
	ap_arena_free(arena);
}

static void test_settings_of_2_4(void **state)
{
	/* what is built in, but for the port 0 that closes one */
	static const char *const listeners[] = { "imap imap_webmail [10.77.0.1]:1143", "imap imaps []:993",
						 "submission submission []:587", "submission submissions []:465",
						 NULL };
	ap_arena *arena = ap_arena_new();
	ap_dovecot dovecot = read_whole(arena, of_2_4);
	size_t n;
	const ap_passdb *passdbs = ap_dovecot_passdbs(arena, &dovecot.settings, dovecot.named, "imap", &n);

	(void)state;
	assert_string_equal(dovecot.version, "2.4.1-4");
	assert_true(dovecot.named);
	assert_false(dovecot.has_cache);
	assert_false(dovecot.serves_others);
	check_listeners(&dovecot, listeners);
	assert_int_equal(n, 2);
	assert_string_equal(passdbs[0].name, "passdb pam");
	assert_string_equal(passdbs[0].driver, "pam");
	assert_string_equal(passdbs[0].service, "dovecot");
	assert_true(passdbs[0].caches);
	assert_string_equal(passdbs[1].service, "dovecot-policy-%{protocol}-%{real_local_port}");
	assert_true(passdbs[1].deny && passdbs[1].shows_message && passdbs[1].nologin && !passdbs[1].caches);
	passdbs = ap_dovecot_passdbs(arena, &dovecot.settings, dovecot.named, "submission", &n);
	assert_int_equal(n, 3);
	assert_string_equal(passdbs[0].driver, "static");
	ap_arena_free(arena);
}

/* The same settings in the other shapes that 2.4 reads, and may print: the service's name, and whether its message is shown. */
static void test_shapes_of_a_named_pam_passdb(void **state)
{
	static const struct {
		const char *text;
		const char *found;
	} rows[] = {
		{ "passdb pam {\n}\n", "dovecot quiet" },
		{ "passdb p {\n  driver = pam\n  pam_service_name = a\n  pam_failure_show_msg = yes\n}\n", "a shows" },
		{ "passdb pam {\n  passdb_pam_service_name = a\n}\n", "a quiet" },
		{ "passdb pam {\n  pam {\n    service_name = a\n  }\n}\n", "a quiet" },
		{ "passdb pam {\n  passdb_pam {\n    passdb_pam_failure_show_msg = yes\n  }\n}\n", "dovecot shows" },
		{ "passdb_pam {\n  service_name = all\n  failure_show_msg = yes\n}\npassdb pam {\n}\n", "all shows" },
		{ "passdb_pam_service_name = all\npassdb pam {\n}\n", "all quiet" },
		{ "passdb_pam {\n  service_name = all\n}\npassdb pam {\n  passdb_pam {\n    service_name = a\n  }\n}\n",
		  "a quiet" },
	};
	ap_arena *arena = ap_arena_new();
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_dovecot dovecot = read_whole(arena, ap_format(arena, "# 2.4.1-4 (x): /f\n%s", rows[i].text));
		size_t n;
		const ap_passdb *passdbs = ap_dovecot_passdbs(arena, &dovecot.settings, dovecot.named, "imap", &n);
		const char *found = n == 1 ? ap_format(arena, "%s %s", passdbs[0].service,
						       passdbs[0].shows_message ? "shows" : "quiet")
					   : "another number of passdbs";

		AP_ROW(failed, strcmp(found, rows[i].found) == 0, "row %zu: %s", i, found);
	}
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

static void test_lists(void **state)
{
	static const struct {
		const char *text;
		const char *found;
	} rows[] = {
		{ "", "otherwise" },
		{ "list = a b\n", "a b" },
		{ "list =\n", "" },
		{ "list {\n  a = yes\n  b = no\n  c = yes\n}\n", " a c" },
		{ "list {\n}\n", "" },
		{ "list {\n  \"::1/128\" = yes\n  127.0.0.143/32 = yes\n}\n", " ::1/128 127.0.0.143/32" },
	};
	ap_arena *arena = ap_arena_new();
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_dovecot_section settings;
		unsigned line;
		const char *found;

		assert_true(ap_dovecot_parse(arena, rows[i].text, &settings, &line));
		found = ap_dovecot_list(arena, &settings, "list", "otherwise");
		AP_ROW(failed, strcmp(found, rows[i].found) == 0, "row %zu: \"%s\"", i, found);
	}
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

static void test_what_doveconf_does_not_print_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *fault;
	} rows[] = {
		{ "", "its first line does not tell a version 2" },
		{ "doveconf: Fatal: Error in configuration file", "its first line does not tell a version 2" },
		{ "# 2.3.19.1 (x): /f\nservice a {\n", "line 2 of what it printed is neither a setting nor a section" },
		{ "# 2.3.19.1 (x): /f\n}\n", "line 2 of what it printed is neither a setting nor a section" },
		{ "# 2.3.19.1 (x): /f\na = b\nwords alone\n",
		  "line 3 of what it printed is neither a setting nor a section" },
		{ "# 2.3.19.1 (x): /f\n{\n", "line 2 of what it printed is neither a setting nor a section" },
	};
	ap_arena *arena = ap_arena_new();
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_dovecot dovecot;
		const char *fault = "";

		AP_ROW(failed,
		       !ap_dovecot_read(arena, rows[i].text, &dovecot, &fault) && strcmp(fault, rows[i].fault) == 0,
		       "row %zu: %s", i, fault);
	}
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

/* The service's name for IMAP on port 1143; "client", "varies" with the variable where it is not known. */
static void test_names_of_services(void **state)
{
	static const struct {
		const char *written;
		bool named;
		bool trusts;
		const char *name;
	} rows[] = {
		{ "dovecot", false, false, "dovecot" },
		{ "Dovecot", false, false, "dovecot" },
		{ "dovecot-policy-%s-%{real_lport}", false, true, "dovecot-policy-imap-1143" },
		{ "%Us", false, false, "imap" },
		{ "x-%{service}-%a", false, false, "x-imap-1143" },
		{ "x-%{lport}", false, false, "x-1143" },
		{ "x-%{lport}", false, true, "client %{lport}" },
		{ "x-%{local_port}-y", true, true, "client %{local_port}" },
		{ "x-%a", false, true, "client %a" },
		{ "x-%{local_name}", false, false, "client %{local_name}" },
		{ "x-%L{client_id}", false, false, "client %L{client_id}" },
		{ "x-%w", false, false, "client %w" },
		{ "x-%d", false, false, "varies %d" },
		{ "x-%{rip}", false, false, "varies %{rip}" },
		{ "x-%{mech}-%s", false, false, "varies %{mech}" },
		{ "x-%1s", false, false, "varies %1s" },
		{ "100%%-%s", false, false, "100%-imap" },
		{ "x-%{protocol}-%{real_local_port}", true, true, "x-imap-1143" },
		{ "x-%{protocol | upper}", true, false, "x-imap" },
		{ "x-%{protocol | sha1}", true, false, "varies %{protocol | sha1}" },
		{ "x-%{client_id | lower}", true, false, "client %{client_id | lower}" },
		{ "x-%s", true, false, "x-%s" },
		{ "x-%{if;%{local_name};eq;a;b;c}-%s", false, false, "client %{if;%{local_name};eq;a;b;c}" },
		{ "x-%{if;%{lport};==;143;%{real_lport};c}", false, true,
		  "client %{if;%{lport};==;143;%{real_lport};c}" },
		{ "x-%{if;%{lport};==;143;b;c}", false, false, "varies %{if;%{lport};==;143;b;c}" },
		{ "x-%{if;%{rip};eq;10.0.0.1;b;c}", false, true, "varies %{if;%{rip};eq;10.0.0.1;b;c}" },
		{ "x-%{", false, false, "varies %{" },
		{ "x-%", false, false, "varies %" },
		{ "x-%{service", false, false, "x-imap" },
	};
	ap_arena *arena = ap_arena_new();
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_service_name name =
			ap_service_name_of(arena, rows[i].written, rows[i].named, "imap", 1143, rows[i].trusts);
		const char *found = name.kind == AP_NAME_KNOWN    ? name.name
				    : name.kind == AP_NAME_CLIENT ? ap_format(arena, "client %s", name.variable)
								  : ap_format(arena, "varies %s", name.variable);

		AP_ROW(failed, strcmp(found, rows[i].name) == 0, "%s: %s", rows[i].written, found);
	}
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

static void test_names_with_a_condition(void **state)
{
	static const struct {
		const char *written;
		const char *found; /* left operator right: yes or no; NULL: none */
	} rows[] = {
		{ "dovecot-policy-%s", NULL },
		{ "p-%s-%{if;%{real_rip};eq;10.0.0.2;webmail;%{real_lport}}",
		  "%{real_rip} eq 10.0.0.2: p-%s-webmail or p-%s-%{real_lport}" },
		{ "%{if;%s;==;imap;%{if;%a;==;993;x;y};z}-w", "%s == imap: %{if;%a;==;993;x;y}-w or z-w" },
		{ "%{if;%s;eq;;;}", "%s eq :  or " },
		{ "%{if;%s;eq;imap;x}", NULL },
		{ "%{if;%s;eq;imap;x;y", NULL },
		{ "%{if;%s;eq;imap;x;y;z}", NULL },
		{ "%{if;", NULL },
	};
	ap_arena *arena = ap_arena_new();
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		ap_name_condition one;
		const char *found = "none", *expected = rows[i].found != NULL ? rows[i].found : "none";

		if (ap_name_condition_of(arena, rows[i].written, &one))
			found = ap_format(arena, "%s %s %s: %s or %s", one.left, one.comparison, one.right, one.yes,
					  one.no);
		AP_ROW(failed, strcmp(found, expected) == 0, "%s: %s", rows[i].written, found);
	}
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

#define PASSWORD "  driver = pam\n"
#define PAIR                                                                                                           \
	"  driver = pam\n  result_success = continue-ok\n  result_failure = return-fail\n  result_internalfail = "     \
	"return-fail\n"
#define DENY "  driver = pam\n  deny = yes\n  args = policy\n"

/*
 * A list of passdbs, those whose service is "policy" asking the policy. `past`: how a denied login gets in, a passdb a
 * letter (y: the password is right, n: it is not, f: no answer), "-" before them where the policy was passed over;
 * NULL: it does not. `in`: an allowed login can get in.
 */
static const struct {
	const char *passdbs[4];
	const char *mechanisms;
	ap_chain_start start;
	const char *past;
	bool in;
} chains[] = {
	{ { PAIR, DENY "  skip = unauthenticated\n" }, "plain", AP_CHAIN_PASSWORD, NULL, true },
	{ { PAIR, DENY }, "plain", AP_CHAIN_PASSWORD, NULL, true },
	/* asked first, it denies whoever it denies, whatever comes behind */
	{ { DENY, PASSWORD }, "plain", AP_CHAIN_PASSWORD, NULL, true },
	/* the first ends the list */
	{ { PASSWORD, DENY "  skip = unauthenticated\n" }, "plain", AP_CHAIN_PASSWORD, "1y", true },
	{ { "  driver = pam\n  result_success = return\n", DENY }, "plain", AP_CHAIN_PASSWORD, NULL, false },
	/* a right password counts for nothing */
	{ { "  driver = pam\n  result_success = continue\n", DENY }, "plain", AP_CHAIN_PASSWORD, NULL, false },
	{ { "  driver = pam\n  pass = yes\n", DENY }, "plain", AP_CHAIN_PASSWORD, NULL, false },
	/* one between them ends the list */
	{ { "  driver = pam\n  result_success = continue-ok\n", "  driver = static\n", DENY },
	  "plain",
	  AP_CHAIN_PASSWORD,
	  "1y 2y",
	  true },
	{ { "  driver = pam\n  result_success = continue-ok\n", "  driver = sql\n  result_success = continue-ok\n",
	    DENY },
	  "plain",
	  AP_CHAIN_PASSWORD,
	  NULL,
	  true },
	/* the policy in the one passdb */
	{ { "  driver = pam\n  args = policy\n" }, "plain", AP_CHAIN_PASSWORD, NULL, true },
	{ { "  driver = pam\n  args = policy\n", "  driver = passwd-file\n" },
	  "plain",
	  AP_CHAIN_PASSWORD,
	  "1n 2y",
	  true },
	{ { "  driver = pam\n  args = policy\n  result_failure = return-fail\n", "  driver = passwd-file\n" },
	  "plain",
	  AP_CHAIN_PASSWORD,
	  "1f 2y",
	  true },
	/* as a second one that does not deny, it has to end in failure, also where its process fails */
	{ { PAIR, "  driver = pam\n  args = policy\n  result_failure = return-fail\n" },
	  "plain",
	  AP_CHAIN_PASSWORD,
	  "1y 2f",
	  true },
	{ { PAIR,
	    "  driver = pam\n  args = policy\n  result_failure = return-fail\n  result_internalfail = return-fail\n" },
	  "plain",
	  AP_CHAIN_PASSWORD,
	  NULL,
	  true },
	{ { PAIR, "  driver = pam\n  args = policy\n" }, "plain", AP_CHAIN_PASSWORD, "1y 2n", true },
	/* passed over */
	{ { PAIR, DENY "  skip = authenticated\n" }, "plain", AP_CHAIN_PASSWORD, "-1y", true },
	{ { PAIR, DENY "  mechanisms = plain\n" }, "plain", AP_CHAIN_PASSWORD, NULL, true },
	{ { PAIR, DENY "  mechanisms = plain\n" }, "plain login", AP_CHAIN_PASSWORD, "-1y", true },
	{ { PAIR, DENY "  username_filter = *@example.com\n" }, "plain", AP_CHAIN_PASSWORD, "-1y", true },
	{ { PAIR "  username_filter = *@example.com\n", DENY "  username_filter = *@example.com\n" },
	  "plain",
	  AP_CHAIN_PASSWORD,
	  NULL,
	  true },
	{ { PAIR, DENY "  skip = unauthenticated\n", PASSWORD }, "plain", AP_CHAIN_PASSWORD, NULL, true },
	/* what is left out since nobody could be authenticated before it */
	{ { DENY "  skip = unauthenticated\n", PASSWORD }, "plain", AP_CHAIN_PASSWORD, "-2y", true },
	/* nobody gets in */
	{ { PAIR, DENY "  result_failure = return-fail\n" }, "plain", AP_CHAIN_PASSWORD, NULL, false },
	/* a deny list that is none of the policy's */
	{ { "  driver = passwd-file\n  deny = yes\n", PAIR, DENY }, "plain", AP_CHAIN_PASSWORD, NULL, true },
	/* a master's password was right, and the others are asked about the user */
	{ { PAIR "  skip = authenticated\n", DENY "  skip = unauthenticated\n" },
	  "plain",
	  AP_CHAIN_MASTER,
	  NULL,
	  true },
	{ { PASSWORD }, "plain", AP_CHAIN_MASTER, "1y", true },
	/* a ticket: of the one passdb, that fails without a password, the failure is passed over */
	{ { "  driver = pam\n  args = policy\n" }, "gssapi", AP_CHAIN_TICKET, "1n", true },
	{ { PAIR, DENY }, "gssapi", AP_CHAIN_TICKET, NULL, true },
	{ { "  driver = ldap\n  result_success = continue-ok\n", DENY }, "gssapi", AP_CHAIN_TICKET, NULL, true },
	{ { "  driver = passwd-file\n  master = yes\n", PAIR, DENY }, "plain", AP_CHAIN_PASSWORD, NULL, true },
};

static const char *way_text(ap_arena *arena, const ap_chain_way *way)
{
	const char *text = way->skipped < AP_CHAIN_MAX ? "-" : "";

	for (size_t i = 0; i < way->n_steps; i++)
		text = ap_format(arena, "%s%s%zu%c", text, i > 0 ? " " : "", way->steps[i].passdb + 1,
				 "ynf"[way->steps[i].answer]);
	return text;
}

static void test_ways_past_the_policy(void **state)
{
	ap_arena *arena = ap_arena_new();
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(chains); i++) {
		const char *text = "", *past = NULL;
		bool asks[4] = { false }, in;
		const char *const *mechanisms = ap_dovecot_words(arena, chains[i].mechanisms);
		ap_dovecot_section settings;
		ap_chain_way way;
		unsigned line;
		size_t n;
		const ap_passdb *passdbs;

		for (size_t k = 0; k < 4 && chains[i].passdbs[k] != NULL; k++)
			text = ap_format(arena, "%spassdb {\n%s}\n", text, chains[i].passdbs[k]);
		assert_true(ap_dovecot_parse(arena, text, &settings, &line));
		passdbs = ap_dovecot_passdbs(arena, &settings, false, "imap", &n);
		for (size_t k = 0; k < n; k++)
			asks[k] = passdbs[k].service != NULL && strcmp(passdbs[k].service, "policy") == 0;
		if (ap_chain_passes(passdbs, n, asks, mechanisms, chains[i].start, &way))
			past = way_text(arena, &way);
		AP_ROW(failed,
		       (past == NULL) == (chains[i].past == NULL) &&
			       (past == NULL || strcmp(past, chains[i].past) == 0),
		       "row %zu: past: %s", i, past != NULL ? past : "none");
		in = ap_chain_lets_in(passdbs, n, asks, mechanisms);
		AP_ROW(failed, in == chains[i].in, "row %zu: %s gets in", i, in ? "somebody" : "nobody");
	}
	ap_arena_free(arena);
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_settings_of_2_3),
		cmocka_unit_test(test_settings_of_2_4),
		cmocka_unit_test(test_shapes_of_a_named_pam_passdb),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_what_doveconf_does_not_print_is_refused),
		cmocka_unit_test(test_names_of_services),
		cmocka_unit_test(test_names_with_a_condition),
		cmocka_unit_test(test_ways_past_the_policy),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
