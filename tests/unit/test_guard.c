/*
 * The guard: each row is a policy text, what is in force before it, and a login that the command is run from; then all
 * that is refused ("R") and warned of ("W"), to the letter. Times and name services are the test's own.
 */
#include "../../lib/make/administrators.h"
#include "../../lib/make/compile.h"
#include "../../lib/make/guard.h"
#include "../../lib/make/load.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1800000000 }; /* 2027-01-15T08:00:00Z */

/*
 * Name services: the accounts root and alice, in the group root; the look-up of "broken" fails, and so does that of the
 * group "down".
 */

static int find_account(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **ret_entry)
{
	static char names[][8] = { "root", "alice" };

	(void)buffer;
	(void)size;
	*ret_entry = NULL;
	if (strcmp(name, "broken") == 0)
		return EIO;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*entry = (struct passwd){ .pw_name = names[i] };
			*ret_entry = entry;
		}
	return 0;
}

static int find_group(const char *name, struct group *entry, char *buffer, size_t size, struct group **ret_entry)
{
	static char root[] = "root", *none[] = { NULL };

	(void)buffer;
	(void)size;
	*ret_entry = NULL;
	if (strcmp(name, "down") == 0)
		return EIO;
	if (strcmp(name, root) != 0)
		return 0;
	*entry = (struct group){ .gr_name = root, .gr_mem = none };
	*ret_entry = entry;
	return 0;
}

static int find_group_by_number(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **ret_entry)
{
	(void)gid;
	return find_group("root", entry, buffer, size, ret_entry);
}

static int list_groups(const char *user, gid_t gid, gid_t *groups, int *n)
{
	(void)user;
	if (*n < 1) {
		*n = 1;
		return -1;
	}
	groups[0] = gid;
	*n = 1;
	return 1;
}

static const ap_nss nss = { find_account, find_group, list_groups, find_group_by_number };

/*
 * A text, its set and its image
 */

typedef struct {
	ap_policy_set *set;
	ap_image *image;
} policy;

static policy read_policy(const char *text)
{
	ap_diagnostics diagnostics = { 0 };
	ap_error error;
	policy p = { .set = NULL };

	if (ap_load_text("/p", text, strlen(text), &p.set, &diagnostics) != AP_OK)
		fail_msg("%s\nline %u: %s", text, diagnostics.items[0].line, diagnostics.items[0].message);
	ap_diagnostics_clear(&diagnostics);
	assert_int_equal(ap_compile_image(p.set, NOW, &p.image, &error), AP_OK);
	return p;
}

static void clear_policy(policy *p)
{
	ap_image_free(p->image);
	ap_policy_set_free(p->set);
}

static void append(char *all, size_t size, char kind, const ap_diagnostics *list)
{
	for (size_t i = 0; i < list->n; i++) {
		size_t n = strlen(all);

		(void)snprintf(all + n, size - n, "%c%s:%u: %s\n", kind, list->items[i].file, list->items[i].line,
			       list->items[i].message);
	}
}

typedef struct {
	const char *name;
	const char *text;
	const char *in_force; /* NULL: nothing */
	const char *user;     /* of the login that the command is run from; NULL: none */
	const char *address;  /* NULL: at the machine */
	const char *expected;
} row;

#define POLICY(type, scope, rest)                                                                                      \
	"policies = ( { name = \"P\"; type = \"" type "\"; scope = { " scope " }; " rest " } );\n"
#define ALL "all = true;"
#define CLIENTS                                                                                                        \
	"client_types = ( { name = \"system\"; service = [ \"sshd\", \"login\", \"cockpit\" ]; }, "                    \
	"{ name = \"web\"; service = [ \"webmail\" ]; } );\n"
#define ROOT "administrators = [ \"root\" ];\n"
#define P "/p:1: "
#define RUN_FROM                                                                                                       \
	"the login that this command is run from: \"alice\" from 203.0.113.9, service sshd (third-party), as the test tells"
#define ADVICE "; except the member or the address from it"
#define LIST ADVICE ", or list the address\n"

static const row origins[] = {
	{ "a blacklist", POLICY("blacklist", ALL, "ip = [ \"203.0.113.0/24\" ];"), NULL, "alice", "203.0.113.9",
	  "R" P "policy \"P\" would deny " RUN_FROM ADVICE "\n" },
	{ "another address", POLICY("blacklist", ALL, "ip = [ \"203.0.113.0/24\" ];"), NULL, "alice", "203.0.114.9",
	  "" },
	{ "another member", POLICY("blacklist", "members = [ \"bob\" ];", ""), NULL, "alice", "203.0.113.9", "" },
	{ "a whitelist", POLICY("whitelist", ALL, "ip = [ \"10.0.0.0/8\" ];"), NULL, "alice", "203.0.113.9",
	  "R" P "policy \"P\" would deny " RUN_FROM LIST },
	{ "an excepted member",
	  POLICY("whitelist", ALL " except = { members = [ \"alice\" ]; };", "ip = [ \"10.0.0.0/8\" ];"), NULL, "alice",
	  "203.0.113.9", "" },
	{ "by what is in force too", POLICY("whitelist", ALL, "ip = [ \"10.0.0.0/8\" ];"), POLICY("blacklist", ALL, ""),
	  "alice", "203.0.113.9",
	  "W" P
	  "policy \"P\" denies the login that this command is run from, and so does what is in force: \"alice\" from "
	  "203.0.113.9, service sshd (third-party), as the test tells\n" },
	{ "not by what is in force", POLICY("whitelist", ALL, "ip = [ \"10.0.0.0/8\" ];"),
	  POLICY("blacklist", ALL, "ip = [ \"203.0.114.0/24\" ];"), "alice", "203.0.113.9",
	  "R" P "policy \"P\" would deny " RUN_FROM LIST },
	{ "by nobody's group", POLICY("blacklist", "groups = [ \"down\" ];", ""), NULL, "alice", "203.0.113.9",
	  "R" P "policy \"P\" would leave undetermined, which counts as denied, " RUN_FROM ADVICE "\n" },
	{ "undetermined in force", POLICY("blacklist", ALL, ""), POLICY("blacklist", "groups = [ \"down\" ];", ""),
	  "alice", "203.0.113.9", "R" P "policy \"P\" would deny " RUN_FROM ADVICE "\n" },
	{ "undetermined, and allowed", "undetermined = \"allow\"; " POLICY("blacklist", "groups = [ \"down\" ];", ""),
	  NULL, "alice", "203.0.113.9",
	  "R" P "policy \"P\" would leave undetermined, which counts as denied, " RUN_FROM ADVICE "\n" },
	{ "no address", POLICY("whitelist", ALL, "ip = [ \"0.0.0.0/0\" ];"), NULL, "alice", "UNKNOWN",
	  "R" P
	  "policy \"P\" would leave undetermined, which counts as denied, the login that this command is run from: "
	  "\"alice\" from UNKNOWN, service sshd (third-party), as the test tells" LIST },
	{ "at the machine", POLICY("whitelist", ALL, "ip = [ \"10.0.0.0/8\" ];"), NULL, "alice", NULL,
	  "R" P
	  "policy \"P\" would deny the login that this command is run from: \"alice\" at the machine itself, service "
	  "login (system), as the test tells" LIST },
	{ "let in at the machine", POLICY("whitelist", ALL, "ip = [ \"local\" ];"), NULL, "alice", NULL, "" },
	{ "one that is off", POLICY("blacklist", ALL, "status = \"disabled\";"), NULL, "alice", "203.0.113.9", "" },
	{ "one that reports only", POLICY("blacklist", ALL, "status = \"report-only\";"), NULL, "alice", "203.0.113.9",
	  "" },
	{ "one that is over", POLICY("blacklist", ALL, "not_after = \"2027-01-15T08:00:00Z\";"), NULL, "alice",
	  "203.0.113.9", "" },
	{ "one that begins", POLICY("blacklist", ALL, "not_before = \"2027-01-15T08:00:01Z\";"), NULL, "alice",
	  "203.0.113.9", "R" P "policy \"P\" would, from 2027-01-15 08:00:01 +0000 on, deny " RUN_FROM ADVICE "\n" },
	{ "one that begins as in force", POLICY("blacklist", ALL, "not_before = \"2027-01-15T08:00:01Z\";"),
	  POLICY("blacklist", ALL, "not_before = \"2027-01-15T08:00:01Z\"; not_after = \"2027-01-16T08:00:00Z\";"),
	  "alice", "203.0.113.9",
	  "R" P "policy \"P\" would, from 2027-01-16 08:00:00 +0000 on, deny " RUN_FROM ADVICE "\n" },
	{ "one that ends later than in force", POLICY("blacklist", ALL, "not_after = \"2027-02-15T08:00:00Z\";"),
	  POLICY("blacklist", ALL, "not_after = \"2027-02-15T08:00:00Z\";"), "alice", "203.0.113.9",
	  "W" P
	  "policy \"P\" denies the login that this command is run from, and so does what is in force: \"alice\" from "
	  "203.0.113.9, service sshd (third-party), as the test tells\n" },
	{ "a whitelist that frees ends",
	  "policies = ( { name = \"A\"; type = \"whitelist\"; scope = { all = true; }; ip = [ \"10.0.0.0/8\" ]; },"
	  " { name = \"B\"; type = \"whitelist\"; scope = { all = true; }; ip = [ \"203.0.113.0/24\" ];"
	  " not_after = \"2027-01-16T08:00:00Z\"; } );\n",
	  NULL, "alice", "203.0.113.9",
	  "R" P "policy \"A\" would, from 2027-01-16 08:00:00 +0000 on, deny " RUN_FROM LIST },
	{ "an exception ends",
	  POLICY("blacklist", ALL, "") "exceptions = ( { name = \"E\"; policies = [ \"P\" ]; members = [ \"alice\" ];"
				       " not_after = \"2027-01-16T08:00:00Z\"; } );\n",
	  NULL, "alice", "203.0.113.9",
	  "R" P "policy \"P\" would, from 2027-01-16 08:00:00 +0000 on, deny " RUN_FROM ADVICE "\n" },
	{ "an exception ends that is new",
	  POLICY("blacklist", ALL, "") "exceptions = ( { name = \"E\"; policies = [ \"P\" ]; members = [ \"alice\" ];"
				       " not_after = \"2027-01-16T08:00:00Z\"; } );\n",
	  POLICY("blacklist", ALL, ""), "alice", "203.0.113.9", "" },
	{ "no login at all", POLICY("blacklist", ALL, ""), NULL, NULL, NULL, "" },
};

#define NO_LOGIN(who) "the administrator \"" who "\" would have no login left that succeeds: "
#define THERE(who, client) "policy \"P\" (/p:2) denies \"" who "\" at the machine itself, service login (" client "); "
#define FROM(who, client) "policy \"P\" (/p:2) denies \"" who "\" from 203.0.113.1, service sshd (" client ")"
#define EACH(n) ", and so from each of the " n " addresses that make a difference; "
#define FREES(who) "except = { members = [ \"" who "\" ]; } frees him from a policy\n"
#define EVERYWHERE "ip = [ \"0.0.0.0/0\", \"::/0\", \"local\" ];"

static const row administrators[] = {
	{ "everything", ROOT POLICY("blacklist", ALL, ""), NULL, NULL, NULL,
	  "R/p:2: " NO_LOGIN("root") THERE("root", "system") FROM("root", "third-party") EACH("3") FREES("root") },
	{ "everything, named by entries", ROOT POLICY("blacklist", ALL, EVERYWHERE), NULL, NULL, NULL,
	  "R/p:2: " NO_LOGIN("root") THERE("root", "system") FROM("root", "third-party") EACH("5") FREES("root") },
	{ "but the machine", ROOT POLICY("blacklist", ALL, "ip = [ \"0.0.0.0/0\", \"::/0\" ];"), NULL, NULL, NULL, "" },
	{ "but IPv6", ROOT POLICY("blacklist", ALL, "ip = [ \"0.0.0.0/0\", \"local\" ];"), NULL, NULL, NULL, "" },
	{ "but one address behind",
	  ROOT POLICY("blacklist", ALL,
		      "ip = [ \"0.0.0.0-203.0.113.8\", \"203.0.113.10-255.255.255.255\", \"::/0\", \"local\" ];"),
	  NULL, NULL, NULL, "" },
	{ "but the last address",
	  ROOT POLICY("blacklist", ALL, "ip = [ \"0.0.0.0-255.255.255.254\", \"::/0\", \"local\" ];"), NULL, NULL, NULL,
	  "" },
	{ "but the first address of IPv6",
	  ROOT POLICY("blacklist", ALL,
		      "ip = [ \"0.0.0.0/0\", \"::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\", \"local\" ];"),
	  NULL, NULL, NULL, "" },
	{ "but an excepted address",
	  ROOT POLICY("blacklist", ALL " except = { ip = [ \"192.0.2.200\" ]; };", EVERYWHERE), NULL, NULL, NULL, "" },
	{ "but where an exception frees",
	  ROOT POLICY("blacklist", ALL,
		      EVERYWHERE) "exceptions = ( { name = \"E\"; policies = [ \"P\" ]; members = [ \"root\" ]; "
				  "ip = [ \"192.0.2.200\" ]; } );\n",
	  NULL, NULL, NULL, "" },
	{ "but one address of a whitelist", ROOT POLICY("whitelist", ALL, "ip = [ \"192.0.2.200\" ];"), NULL, NULL,
	  NULL, "" },
	{ "a whitelist that a blacklist undoes",
	  ROOT
	  "policies = ( { name = \"P\"; type = \"whitelist\"; scope = { all = true; }; ip = [ \"192.0.2.0/24\" ]; },\n"
	  "{ name = \"Q\"; type = \"blacklist\"; scope = { all = true; }; ip = [ \"192.0.0.0/16\" ]; } );\n",
	  NULL, NULL, NULL,
	  "R/p:2: " NO_LOGIN("root") THERE("root", "system") FROM("root", "third-party") EACH("9") FREES("root") },
	{ "a whitelist that a blacklist undoes in part",
	  ROOT
	  "policies = ( { name = \"P\"; type = \"whitelist\"; scope = { all = true; }; ip = [ \"192.0.2.0/24\" ]; },\n"
	  "{ name = \"Q\"; type = \"blacklist\"; scope = { all = true; }; ip = [ \"192.0.2.0-192.0.2.254\" ]; } );\n",
	  NULL, NULL, NULL, "" },
	{ "web mail is no way in for an account", ROOT CLIENTS POLICY("blacklist", ALL, "clients = [ \"system\" ];"),
	  NULL, NULL, NULL,
	  "R/p:3: the administrator \"root\" would have no login left that succeeds: policy \"P\" (/p:3) denies \"root\" at the "
	  "machine itself, service login (system); policy \"P\" (/p:3) denies \"root\" from 203.0.113.1, service sshd (system)" EACH(
		  "3") FREES("root") },
	{ "but it is one for a mail address",
	  "administrators = [ \"postmaster@example.com\" ];\n" CLIENTS POLICY("blacklist", ALL,
									      "clients = [ \"system\" ];"),
	  NULL, NULL, NULL, "" },
	{ "the console is none for a mail address",
	  "administrators = [ \"postmaster@example.com\" ];\n" CLIENTS POLICY("whitelist", ALL, "ip = [ \"local\" ];"),
	  NULL, NULL, NULL,
	  "R/p:3: the administrator \"postmaster@example.com\" would have no login left that succeeds: policy \"P\" (/p:3) denies "
	  "\"postmaster@example.com\" from 203.0.113.1 with the client type web" EACH("3")
		  FREES("postmaster@example.com") },
	{ "whether it has an account is unknown",
	  "administrators = [ \"broken\" ];\n" CLIENTS POLICY("blacklist", ALL, "clients = [ \"system\" ];"), NULL,
	  NULL, NULL,
	  "R/p:3: the administrator \"broken\" would have no login left that succeeds: policy \"P\" (/p:3) denies \"broken\" at the "
	  "machine itself, service login (system); policy \"P\" (/p:3) denies \"broken\" from 203.0.113.1, service sshd (system)" EACH(
		  "3") FREES("broken") },
	{ "undetermined", ROOT POLICY("blacklist", "groups = [ \"down\" ];", ""), NULL, NULL, NULL,
	  "R/p:2: the administrator \"root\" would have no login left that is certain to succeed: policy \"P\" (/p:2) does not tell "
	  "whether to let in \"root\" at the machine itself, service login (system); policy \"P\" (/p:2) does not tell whether to let "
	  "in \"root\" from 203.0.113.1, service sshd (third-party)" EACH("3") FREES("root") },
	{ "each is told",
	  "administrators = [ \"root\", \"alice\", \"bob\" ];\n" POLICY("blacklist",
									"members = [ \"root\", \"alice\" ];", ""),
	  NULL, NULL, NULL,
	  "R/p:2: " NO_LOGIN("root") THERE("root", "system") FROM("root", "third-party") EACH("3")
		  FREES("root") "R/p:2: " NO_LOGIN("alice") THERE("alice", "system") FROM("alice", "third-party")
			  EACH("3") FREES("alice") },
	{ "any domain",
	  "default_domain = \"example.com\"; administrators = [ \"alice@\" ];\n" POLICY("blacklist",
											"members = [ \"alice\" ];", ""),
	  NULL, NULL, NULL,
	  "R/p:2: " NO_LOGIN("alice@") THERE("alice", "system") FROM("alice", "third-party") EACH("3")
		  FREES("alice@") },
	{ "by what is in force too", ROOT POLICY("blacklist", ALL, ""), ROOT POLICY("blacklist", ALL, EVERYWHERE), NULL,
	  NULL,
	  "W/p:2: the administrator \"root\" has no login that succeeds, and has none by what is in force: " THERE(
		  "root", "system")
		  FROM("root", "third-party") ", and so from each of the 3 addresses that make a difference\n" },
	{ "later", ROOT POLICY("blacklist", ALL, "not_before = \"2027-01-16T08:00:00Z\";"),
	  POLICY("blacklist", "members = [ \"bob\" ];", ""), NULL, NULL,
	  "R/p:2: the administrator \"root\" would, from 2027-01-16 08:00:00 +0000 on, have no login left that succeeds: " THERE(
		  "root", "system") FROM("root", "third-party") EACH("3") FREES("root") },
	{ "a mail address where all clients are the system's",
	  "default_client_type = \"system\"; administrators = [ \"postmaster@example.com\" ];\n" POLICY("blacklist",
													ALL, ""),
	  NULL, NULL, NULL,
	  "R/p:2: " NO_LOGIN("postmaster@example.com") THERE("postmaster@example.com", "system")
		  FROM("postmaster@example.com", "system") EACH("3") FREES("postmaster@example.com") },
	{ "nobody is one", POLICY("blacklist", ALL, ""), NULL, NULL, NULL, "" },
};

static void run_row(const row *r)
{
	const ap_origin_login login = { .login = { .user = r->user,
						   .address = r->address,
						   .service = r->address != NULL ? "sshd" : "login",
						   .tty = r->address != NULL ? "ssh" : "tty1" },
					.found = "the test" };
	const ap_origin origin = { .items = &login, .n = r->user != NULL ? 1 : 0 };
	ap_diagnostics refusals = { 0 }, warnings = { 0 };
	policy p = read_policy(r->text), before = { .set = NULL };
	ap_guard guard = { .image = p.image, .now = NOW, .nss = &nss, .refusals = &refusals, .warnings = &warnings };
	char found[8192] = "";

	if (r->in_force != NULL) {
		before = read_policy(r->in_force);
		guard.in_force = before.image;
	}
	ap_guard_administrators(&guard, &p.set->administrators);
	ap_guard_origin(&guard, &origin);
	append(found, sizeof(found), 'R', &refusals);
	append(found, sizeof(found), 'W', &warnings);
	if (strcmp(found, r->expected) != 0)
		fail_msg("%s:\nexpected:\n%sfound:\n%s", r->name, r->expected, found);
	ap_diagnostics_clear(&refusals);
	ap_diagnostics_clear(&warnings);
	clear_policy(&p);
	clear_policy(&before);
}

static void test_login_that_the_command_is_run_from(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
		run_row(&origins[i]);
}

static void test_administrators(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(administrators) / sizeof(administrators[0]); i++)
		run_row(&administrators[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login_that_the_command_is_run_from),
		cmocka_unit_test(test_administrators),
	};

	(void)setenv("TZ", "UTC0", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
