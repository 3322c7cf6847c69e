/*
 * An imported geoip.conf decides as pam_geoip does, the installed module itself, through real PAM transactions:
 * geoip/NAME.conf, each with some thousand random logins. What the import says that it decides otherwise is held against
 * pam_geoip too: where lines are carried over in other words, geoip/NAME.said.conf has these words.
 * And random files, of lines that are carried over as they are.
 *
 * AP_SEED repeats a run, AP_LOGINS and AP_SETS make it longer.
 */
#include "../../../lib/import/import.h"
#include "../../../lib/make/compile.h"
#include "../../../lib/make/load.h"
#include "drawn_text.h"
#include "harness.h"
#include "prng.h"
#include "rows.h"
#include "scratch.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N_LOGINS = 500, N_SETS = 40, N_LOGINS_OF_SET = 60, TEXT_MAX = 4096 };

static const char *const files[] = {
	"manual",    "order",     "services",   "services-that-accident", "everybody",
	"blacklist", "malformed", "geoip.sshd", "last-line-allows",       "cities",
};

static const char *const users[] = { "alice", "bob", "carol", "dave", "nobody-at-all" };

/* "sshd-extra" and "locker" are named by no client type. */
static const char *const services[] = { "sshd", "imap", "imaps", "vsftpd", "login", "sshd-extra", "locker" };

/* What the policies say of them. */
static const char client_types[] =
	"client_types = ( { name = \"system\"; service = [ \"sshd\", \"vsftpd\", \"login\" ]; },\n"
	"                 { name = \"third-party\"; service = [ \"imap\", \"imaps\" ]; } );\n";

/* Of each network of the database some address, and some of none. */
static const char *const addresses[] = {
	"192.0.2.7",     "192.0.2.200",   "198.51.100.9",   "203.0.113.5",     "203.0.113.130",
	"203.0.113.170", "203.0.113.200", "203.0.113.230",  "198.18.0.1",      "198.18.1.1",
	"198.18.10.3",   "198.18.16.100", "10.0.0.1",       "255.255.255.255", "2001:db8:1::5",
	"2001:db8:2::1", "2001:db8:3::1", "2001:db8:4::77", "2001:db8:5::",    "2001:db8:99::1",
};

/* Of codes that are no countries: to policies they are where an address of no network is. */
static const char *const codeless[] = { "198.18.2.1", "198.18.3.1" };
static const char nowhere[] = "198.18.200.1";

typedef struct {
	const char *user;
	const char *service;
	const char *rhost; /* NULL: none */
} login;

typedef struct {
	char *folder;
	char *services_of_geoip; /* a PAM folder with pam_geoip, and one with the policies */
	char *services_of_policies;
} lab;

/*
 * The two modules
 */

static const char *database(void)
{
	return getenv("AP_TEST_DATABASE");
}

static char *path_of(const char *name, const char *end)
{
	char *path;

	assert_true(asprintf(&path, "%s/geoip/%s%s", getenv("AP_TEST_IMPORT_FOLDER"), name, end) > 0);
	return path;
}

static void write_services(const char *confdir, const char *line)
{
	char *lines;

	/* a second module, since one that ignores says neither yes nor no */
	assert_true(asprintf(&lines, "account required %s\naccount required pam_permit.so\n", line) > 0);
	for (size_t i = 0; i < AP_N(services); i++)
		ap_pam_write_stack(confdir, services[i], lines);
	free(lines);
}

static void set_up_geoip(lab *l, const char *path)
{
	char *copy = ap_scratch_path(l->folder, "geoip.conf"), *line;
	size_t size;
	char *text = ap_scratch_read(path, &size);

	free(ap_scratch_write_bytes(l->folder, "geoip.conf", text, size, 0644));
	assert_true(asprintf(&line, "pam_geoip.so system_file=%s geoip_db=%s", copy, database()) > 0);
	l->services_of_geoip = ap_scratch_new();
	write_services(l->services_of_geoip, line);
	free(line);
	free(text);
	free(copy);
}

static ap_policy_set *load(const char *config)
{
	const ap_load_options options = { .config = config, .regions_must_be_known = true };
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;

	if (ap_load(&options, &set, &diagnostics) != AP_OK)
		for (size_t i = 0; i < diagnostics.n; i++)
			print_error("%s:%u: %s\n", diagnostics.items[i].file, diagnostics.items[i].line,
				    diagnostics.items[i].message);
	ap_diagnostics_clear(&diagnostics);
	assert_non_null(set);
	return set;
}

/* The policies are written as the command does, beside a root file with a policy that concerns nobody. */
static void write_policies(lab *l, const char *path, const char *root)
{
	ap_policy_set *set = load(root);
	size_t size;
	char *text = ap_scratch_read(path, &size);
	ap_arena *arena = ap_arena_new();
	const ap_import_source source = { .arena = arena, .name = path, .text = text, .size = size, .set = set };
	ap_drop_in drop_in = { .remark = NULL };
	ap_import import;

	ap_import_read(ap_import_format_find("geoip.conf"), &source, &import);
	for (size_t i = 0; i < import.n_notes; i++)
		if (import.notes[i].severity == AP_IMPORT_ERROR)
			fail_msg("%s:%u: %s", path, import.notes[i].line, import.notes[i].reason);
	drop_in.client_types = import.client_types;
	drop_in.n_client_types = import.n_client_types;
	drop_in.policies = import.policies;
	drop_in.n_policies = import.n_policies;
	drop_in.exceptions = import.exceptions;
	drop_in.n_exceptions = import.n_exceptions;
	/* where nobody is denied there is nothing to write */
	if (import.n_policies > 0)
		free(ap_scratch_write(l->folder, "conf.d/imported.conf", ap_drop_in_text(arena, &drop_in), 0644));
	ap_arena_free(arena);
	ap_policy_set_free(set);
	free(text);
}

static void make_image(lab *l, const char *root)
{
	ap_policy_set *set = load(root);
	void *bytes = NULL;
	size_t size = 0;

	assert_int_equal(ap_compile(set, 0, &bytes, &size, NULL), AP_OK);
	free(ap_scratch_write_bytes(l->folder, "policy.image", bytes, size, 0600));
	free(bytes);
	ap_policy_set_free(set);
}

static void set_up_policies(lab *l, const char *path)
{
	char *root, *text, *line;

	assert_true(asprintf(&text,
			     "region_database = \"%s\";\n%spolicies = ( { name = \"nobody\"; type = \"blacklist\"; "
			     "scope = { members = [ \"nobody@nowhere.test\" ]; }; } );\n",
			     database(), client_types) > 0);
	root = ap_scratch_write(l->folder, "accesspolicy.conf", text, 0644);
	write_policies(l, path, root);
	make_image(l, root);
	assert_true(asprintf(&line, "@MODULE@ image=%s/policy.image", l->folder) > 0);
	l->services_of_policies = ap_scratch_new();
	write_services(l->services_of_policies, line);
	free(line);
	free(text);
	free(root);
}

static bool denies(const char *confdir, const login *l)
{
	const ap_pam_login asked = { .service = l->service, .user = l->user, .rhost = l->rhost };
	ap_pam_outcome outcome;

	ap_pam_run(confdir, &asked, AP_PAM_ACCOUNT, &outcome);
	if (outcome.code != PAM_SUCCESS && outcome.code != PAM_PERM_DENIED)
		fail_msg("%s, %s, %s: PAM answers %d\n%s", l->user, l->service, l->rhost != NULL ? l->rhost : "-",
			 outcome.code, outcome.log);
	return outcome.code == PAM_PERM_DENIED;
}

/*
 * Logins
 */

typedef enum { AS_IT_IS, OF_NO_COUNTRY, OF_OTHER_SERVICE, EMPTY_ADDRESS, WITHOUT_ADDRESS, N_WAYS } way;

static const char *const way_names[N_WAYS] = { "as they are", "of a code that is no country",
					       "of a service that is not named", "with an empty address",
					       "without an address" };

static login random_login(ap_prng *prng, way *ret_way)
{
	login l = { .user = AP_PICK(prng, users),
		    .service = AP_PICK(prng, services),
		    .rhost = AP_PICK(prng, addresses) };
	uint32_t number = ap_prng_below(prng, 100);

	*ret_way = AS_IT_IS;
	if (number < 8) {
		l.rhost = AP_PICK(prng, codeless);
		*ret_way = OF_NO_COUNTRY;
	} else if (number < 12) {
		l.rhost = "";
		*ret_way = EMPTY_ADDRESS;
	} else if (number < 18) {
		l.rhost = NULL;
		*ret_way = WITHOUT_ADDRESS;
	} else if (strcmp(l.service, "sshd-extra") == 0) {
		*ret_way = OF_OTHER_SERVICE;
	}
	if (*ret_way != OF_OTHER_SERVICE && strcmp(l.service, "sshd-extra") == 0)
		l.service = "locker";
	return l;
}

static bool is_local_type(const char *service)
{
	return strncmp(service, "imap", 4) != 0;
}

/* What the import says of such a login: is it denied? With `at_least` it may be denied though pam_geoip allows it. */
static bool expected(const lab *l, login asked, way of, bool *ret_at_least)
{
	bool nameless = of == EMPTY_ADDRESS || of == WITHOUT_ADDRESS;

	*ret_at_least = nameless && !is_local_type(asked.service);
	if (nameless && is_local_type(asked.service))
		return false;
	if (of == OF_NO_COUNTRY)
		asked.rhost = nowhere;
	if (of == OF_OTHER_SERVICE)
		asked.service = "locker";
	return denies(l->services_of_geoip, &asked);
}

static void compare(const lab *l, const char *name, const login *asked, way of, unsigned long counts[2])
{
	bool at_least, denied = denies(l->services_of_policies, asked);
	bool wanted = expected(l, *asked, of, &at_least);

	counts[denied]++;
	if (denied != wanted && !(at_least && denied))
		fail_msg("%s: %s, %s, %s (%s): pam_geoip %s, the policies %s", name, asked->user, asked->service,
			 asked->rhost != NULL ? asked->rhost : "none", way_names[of], wanted ? "denies" : "allows",
			 denied ? "deny" : "allow");
}

static lab *lab_of(const char *path, const char *said)
{
	lab *l = calloc(1, sizeof(*l));
	char *drop_ins;

	assert_non_null(l);
	l->folder = ap_scratch_new();
	drop_ins = ap_scratch_path(l->folder, "conf.d");
	assert_int_equal(mkdir(drop_ins, 0755), 0);
	set_up_geoip(l, said);
	set_up_policies(l, path);
	free(drop_ins);
	return l;
}

static void lab_free(lab *l)
{
	ap_scratch_free(l->services_of_geoip);
	ap_scratch_free(l->services_of_policies);
	ap_scratch_free(l->folder);
	free(l);
}

static void check_file(ap_prng *prng, const char *name, unsigned long n_logins)
{
	unsigned long counts[2] = { 0, 0 }, ways[N_WAYS] = { 0 };
	char *path = path_of(name, ".conf"), *said = path_of(name, ".said.conf");
	lab *l = lab_of(path, access(said, R_OK) == 0 ? said : path);

	for (unsigned long i = 0; i < n_logins; i++) {
		way of;
		login asked = random_login(prng, &of);

		compare(l, path, &asked, of, counts);
		ways[of]++;
	}
	print_message("%-24s %5lu allowed, %5lu denied;", name, counts[0], counts[1]);
	for (size_t i = 0; i < N_WAYS; i++)
		print_message(" %lu %s%s", ways[i], way_names[i], i + 1 < N_WAYS ? "," : "\n");
	/* a comparison of one answer alone would say nothing */
	assert_true(counts[0] > n_logins / 50 && counts[1] > n_logins / 50);
	lab_free(l);
	free(said);
	free(path);
}

static void test_imported_files_decide_alike(void **state)
{
	const char *wanted = getenv("AP_LOGINS");
	unsigned long n_logins = wanted != NULL ? strtoul(wanted, NULL, 10) : N_LOGINS;
	ap_prng prng = ap_prng_seeded(20261130);

	(void)state;
	for (size_t i = 0; i < AP_N(files); i++)
		check_file(&prng, files[i], n_logins);
}

/*
 * Random files
 */

#define append(text, ...) ap_append((text), TEXT_MAX, __VA_ARGS__)

static void write_line(ap_prng *prng, char *text)
{
	static const char *const who[] = { "*", "*", "alice", "bob", "carol", "@wheel", "@travel", "@users" };
	static const char *const lists[] = { "*", "*", "*", "sshd", "imap", "sshd,imap", "login,vsftpd", "imaps" };
	static const char *const actions[] = { "allow", "deny", "deny", "ignore" };
	static const char *const locations[] = { "*", "DE", "CN,*", "KP", "US ; SG", "UNKNOWN", "GB;DE;UNKNOWN", "FR" };

	append(text, "%s\t%s  %s %s", AP_PICK(prng, who), AP_PICK(prng, lists), AP_PICK(prng, actions),
	       AP_PICK(prng, locations));
	append(text, "%s\n", ap_prng_chance(prng, 20) ? " ; CN # and more" : "");
}

static void test_random_files_decide_alike(void **state)
{
	const char *wanted = getenv("AP_SETS");
	unsigned long n_sets = wanted != NULL ? strtoul(wanted, NULL, 10) : N_SETS, counts[2] = { 0, 0 };
	ap_prng prng = ap_prng_seeded(20261202);
	char *folder = ap_scratch_new();

	(void)state;
	for (unsigned long i = 0; i < n_sets; i++) {
		char text[TEXT_MAX] = "", *path;
		lab *l;

		for (uint32_t n = 1 + ap_prng_below(&prng, 8); n > 0; n--)
			write_line(&prng, text);
		append(text, "# the end\n");
		path = ap_scratch_write(folder, "random.conf", text, 0644);
		l = lab_of(path, path);
		for (int k = 0; k < N_LOGINS_OF_SET; k++) {
			way of;
			login asked = random_login(&prng, &of);

			compare(l, text, &asked, of, counts);
		}
		lab_free(l);
		free(path);
	}
	print_message("%lu random files: %lu allowed, %lu denied\n", n_sets, counts[0], counts[1]);
	assert_true(counts[0] > n_sets && counts[1] > n_sets);
	ap_scratch_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_imported_files_decide_alike),
					    cmocka_unit_test(test_random_files_decide_alike) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
