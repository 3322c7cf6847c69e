/*
 * access.conf: the installed pam_access.so and the policies that the import makes decide alike.
 *
 * Each file of access/ is imported, and asked about a thousand logins that are drawn from what stands in it and its
 * neighbourhood; each login is a real PAM transaction with either module. Where the two differ, the login must be one that
 * the import's report excuses:
 *
 * - a name without an account, a PAM_RHOST that is a name, a mail service's login without PAM_RHOST: the notes on every
 *   file. Where PAM_RHOST is a name or not there, the policies must be those that deny. (An IPv4-mapped address is the IPv4
 *   address to policies, so pam_access is asked about that);
 * - what the report says of single lines. Lines "#! differs LINE KIND" in the file list them all. The policies must be
 *   those that deny, and by a policy of that line; or by another, where the line allows a terminal ("terminals") that the
 *   login is at. "names" excuses 0.0.0.0 alone, the entry that stands for them, and "snapshot" nothing.
 *
 * Files that are drawn are asked about as well; which of their lines differ is for the report alone to say ("#! drawn").
 *
 * "#! options WORD…" is what both are given: fieldsep=, listsep=, nodefgroup; and "chosen": a policy chooses among client
 * types.
 */
#include "../../lib/import/name_services.h"
#include "../../lib/make/compile.h"
#include "../../lib/make/load.h"
#include "draw_access.h"
#include "effort.h"
#include "harness.h"
#include "names_of_test.h"
#include "prng.h"
#include "rows.h"
#include "scratch.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { N_LOGINS = 1000, WORDS_MAX = 400, LINES_MAX = 64 };

typedef struct {
	char *items[WORDS_MAX];
	size_t n;
} words;

typedef struct {
	const char *path;
	const char *name; /* of the file */
	char *text;
	size_t size;
	char *lines[LINES_MAX + 1];    /* from 1 */
	char kinds[LINES_MAX + 1][16]; /* what the file says of a line's difference, or "" */
	bool refuses[LINES_MAX + 1];   /* a terminal that cannot be told, as the report has it */
	bool has_names;                /* of hosts, in what a line denies */
	bool has_ends;                 /* of addresses, ".3" */
	bool denies_ipv4;              /* since what they end in is denied, or excepted from what is allowed */
	char options[256];
	bool nodefgroup;
	bool chosen;
	bool drawn;
	char fieldsep[8];
	char listsep[8];

	words users;
	words addresses;
	words names;
	words terminals;
	words services;

	char *folder;
	char *confdir_access;
	char *confdir_policy;
} file_case;

typedef struct {
	unsigned alike, allowed, by_line, account, name, mapped, mail;
} tally;

static void add_word(words *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i], text) == 0)
			return;
	if (list->n < WORDS_MAX)
		list->items[list->n++] = strdup(text);
}

static void free_words(words *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	list->n = 0;
}

static const char *draw(ap_prng *prng, const words *list)
{
	return list->items[ap_prng_below(prng, (uint32_t)list->n)];
}

/*
 * Files
 */

static void read_mark(file_case *c, const char *line)
{
	char kind[16], word[64];
	unsigned number;
	int taken = 0;

	if (sscanf(line, "#! differs %u %15s", &number, kind) == 2) {
		assert_true(number <= LINES_MAX);
		/* one that excuses something goes before one that does not */
		if (c->kinds[number][0] == '\0')
			(void)snprintf(c->kinds[number], sizeof(c->kinds[number]), "%s", kind);
	} else if (strcmp(line, "#! drawn") == 0) {
		c->drawn = true;
	} else if (strncmp(line, "#! options ", 11) == 0) {
		for (line += 11; sscanf(line, "%63s%n", word, &taken) == 1; line += taken) {
			c->nodefgroup = c->nodefgroup || strcmp(word, "nodefgroup") == 0;
			c->chosen = c->chosen || strcmp(word, "chosen") == 0;
			(void)sscanf(word, "fieldsep=%7s", c->fieldsep);
			(void)sscanf(word, "listsep=%7s", c->listsep);
			if (strcmp(word, "chosen") != 0) {
				(void)strcat(c->options, " ");
				(void)strcat(c->options, word);
			}
		}
	}
}

static void split_lines(file_case *c)
{
	const char *at = c->text;

	for (size_t i = 1; i <= LINES_MAX && *at != '\0'; i++) {
		size_t length = strcspn(at, "\n");

		c->lines[i] = strndup(at, length);
		read_mark(c, c->lines[i]);
		at += length + (at[length] == '\n');
	}
}

/* "10.1.": an address that begins so. */
static void note_dotted_start(file_case *c, const char *word)
{
	static const char *const rest[] = { "", "", "2.3.4", "3.4", "4", "" };
	char text[128];
	size_t n_dots = 0;

	for (const char *at = word; *at != '\0'; at++)
		n_dots += *at == '.';
	if (n_dots > 4)
		return;
	(void)snprintf(text, sizeof(text), "%.*s%s", (int)(strlen(word) - (n_dots == 4)), word, rest[n_dots + 1]);
	if (inet_pton(AF_INET, text, (uint8_t[4]){ 0 }) > 0)
		add_word(&c->addresses, text);
}

/*
 * What begins with a slash is compared with nothing. A terminal in capitals is one that a line writes so, and in drawn files
 * other lines write otherwise. "imap" is a mail service's own.
 */
static void add_terminal(file_case *c, const char *word)
{
	char lower[128];
	size_t n = 0;

	if (word[0] == '/' || strcmp(word, "imap") == 0)
		return;
	for (; word[n] != '\0' && n + 1 < sizeof(lower); n++)
		lower[n] = (char)tolower((unsigned char)word[n]);
	lower[n] = '\0';
	add_word(&c->terminals, lower);
	if (!c->drawn)
		add_word(&c->terminals, word);
}

static void note_word(file_case *c, const char *word)
{
	char copy[128];
	uint8_t bytes[16];
	size_t length = strlen(word);

	/* what no terminal, host or service is called */
	if (length == 0 || length >= sizeof(copy) || strpbrk(word, "*?") != NULL)
		return;
	(void)snprintf(copy, sizeof(copy), "%s", word);
	copy[strcspn(copy, "/")] = '\0';
	if (inet_pton(AF_INET, copy, bytes) > 0 || inet_pton(AF_INET6, copy, bytes) > 0) {
		add_word(&c->addresses, copy);
	} else if (word[length - 1] == '.') {
		note_dotted_start(c, word);
	} else if (word[strspn(word, "0123456789.")] == '\0') {
		return;
	} else if (strchr(word, '.') != NULL) {
		if (word[0] == '.')
			add_word(&c->names, word + 1);
		(void)snprintf(copy, sizeof(copy), "%s%s", word[0] == '.' ? "host" : "", word);
		add_word(&c->names, copy);
	} else if (strchr(word, '%') != NULL) {
		add_word(&c->names, word);
	} else {
		add_terminal(c, word);
		/* libpam looks for a service's file in lower case; none is called like a terminal */
		if (strpbrk(word, "/:ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL && strncmp(word, "tty", 3) != 0)
			add_word(&c->services, word);
	}
}

/* Words as both separators have them, and as blanks and the like do. */
static void note_words(file_case *c, const char *text, const char *separators)
{
	char *copy = strdup(text), *rest;

	for (char *word = strtok_r(copy, separators, &rest); word != NULL; word = strtok_r(NULL, separators, &rest))
		note_word(c, word);
	free(copy);
}

static void collect(file_case *c)
{
	static const char *const accounts[] = { "root",  "alice", "bob", "carol",    "dave", "erin", "frank",
						"grace", "heidi", "ops", "shutdown", "sync", "twin" };
	static const char *const services[] = { "sshd", "su", "cron", "unhinted", "imap" };
	static const char *const terminals[] = { "tty9", "pts/0", "pts/7", ":0", "ssh", "" };
	static const char *const addresses[] = { "10.0.0.1", "192.0.2.1", "2001:db8::1", "255.255.255.255", "0.0.0.1" };
	static const char *const names[] = { "trusted.example.net", "localhost", "evil.example", "gateway", "foo.",
					     "in.bad.example" };

	for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++)
		add_word(&c->users, accounts[i]);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		add_word(&c->services, services[i]);
	for (size_t i = 0; i < sizeof(terminals) / sizeof(terminals[0]); i++)
		add_word(&c->terminals, terminals[i]);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		add_word(&c->addresses, addresses[i]);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_word(&c->names, names[i]);
	for (size_t i = 1; i <= LINES_MAX && c->lines[i] != NULL; i++)
		if (c->lines[i][0] != '#') {
			note_words(c, c->lines[i], ", \t\r|()@");
			if (strchr(c->lines[i], ':') != NULL)
				note_words(c, strrchr(c->lines[i], ':') + 1, ", \t\r");
		}
}

static void read_case(file_case *c, const char *path)
{
	const char *slash = strrchr(path, '/');

	*c = (file_case){ .path = path, .name = slash + 1 };
	c->text = ap_scratch_read(path, &c->size);
	assert_non_null(c->text);
	split_lines(c);
	collect(c);
}

static void free_case(file_case *c)
{
	words *const lists[] = { &c->users, &c->addresses, &c->names, &c->terminals, &c->services };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		free_words(lists[i]);
	for (size_t i = 1; i <= LINES_MAX; i++)
		free(c->lines[i]);
	free(c->text);
	free(c->confdir_access);
	free(c->confdir_policy);
	ap_scratch_free(c->folder);
}

/*
 * The import
 */

static const char root_text[] =
	"client_types = ( { name = \"system\"; service = [ \"sshd\", \"su\", \"cron\", \"login\" ]; },\n"
	"  { name = \"third-party\"; service = [ \"imap\" ]; } );\n";
static const char chosen_text[] = "policies = ( { name = \"Chooses\"; type = \"blacklist\"; status = \"disabled\";\n"
				  "  scope = { all = true; }; clients = [ \"web\" ]; } );\n";
static const char choice_free_text[] = "policies = ( { name = \"Idle\"; type = \"blacklist\"; status = \"disabled\";\n"
				       "  scope = { all = true; }; } );\n";

static void fail_on(const ap_diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->n; i++)
		if (diagnostics->items[i].severity == AP_ERROR)
			print_error("%s:%u: %s\n", diagnostics->items[i].file, diagnostics->items[i].line,
				    diagnostics->items[i].message);
}

/* What a line of a drawn file may be excused for is what its report says and no more. */
static void take_kind(char kind[16], const char *reason)
{
	static const struct {
		const char *says, *kind;
	} kinds[] = { { "PAM_RHOST is a name", "names" },
		      { "of now", "snapshot" },
		      { "told by a client type", "terminals" },
		      { "", "unclear" } };
	size_t i = 0;

	while (strstr(reason, kinds[i].says) == NULL)
		i++;
	if (kind[0] == '\0' || strcmp(kind, "snapshot") == 0 || i >= 2)
		strcpy(kind, kinds[i].kind);
}

static void take_report(file_case *c, const ap_import *import)
{
	for (size_t i = 0; i < import->n_notes; i++) {
		const ap_import_note *note = &import->notes[i];

		if (note->severity != AP_IMPORT_DIFFERENCE || note->line > LINES_MAX)
			continue;
		c->refuses[note->line] =
			c->refuses[note->line] || strstr(note->reason, "told by a client type") != NULL;
		take_kind(c->kinds[note->line], note->reason);
	}
}

/* The lines that the report says differ must be those that the file says do. */
static bool check_report(file_case *c, const ap_import *import)
{
	bool differs[LINES_MAX + 1] = { false }, as_said = true;

	for (size_t i = 0; i < import->n_notes; i++) {
		const ap_import_note *note = &import->notes[i];

		c->has_names = c->has_names || strstr(note->reason, "PAM_RHOST is a name (or 0.0.0.0") != NULL;
		c->has_ends = c->has_ends || strstr(note->reason, "ends so") != NULL;
		c->denies_ipv4 = c->denies_ipv4 || strstr(note->reason, "all of IPv4 is denied") != NULL;
	}

	if (c->drawn) {
		take_report(c, import);
		return true;
	}

	for (size_t i = 0; i < import->n_notes; i++)
		if (import->notes[i].severity == AP_IMPORT_DIFFERENCE && import->notes[i].line <= LINES_MAX)
			differs[import->notes[i].line] = true;
	for (unsigned i = 0; i <= LINES_MAX; i++) {
		if (differs[i] == (c->kinds[i][0] != '\0'))
			continue;
		print_error("%s:%u: the import reports %s difference\n", c->name, i, differs[i] ? "a" : "no");
		as_said = false;
	}
	return as_said;
}

static ap_policy_set *load(const char *config)
{
	const ap_load_options options = { .config = config };
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;

	if (ap_load(&options, &set, &diagnostics) != AP_OK)
		fail_on(&diagnostics);
	ap_diagnostics_clear(&diagnostics);
	assert_non_null(set);
	return set;
}

static void import_case(file_case *c)
{
	char *config = ap_scratch_write(c->folder, "accesspolicy.conf", root_text, 0644);
	char *drop_ins = ap_scratch_path(c->folder, "conf.d"), *image = ap_scratch_path(c->folder, "policy.image");
	ap_arena *arena = ap_arena_new();
	ap_policy_set *set;
	ap_import import;
	ap_drop_in drop_in;
	void *bytes;
	size_t size;

	assert_int_equal(mkdir(drop_ins, 0755), 0);
	free(ap_scratch_write(drop_ins, "10.conf", c->chosen ? chosen_text : choice_free_text, 0644));
	set = load(config);
	ap_import_read(ap_import_format_find("access.conf"),
		       &(ap_import_source){ .arena = arena,
					    .name = c->name,
					    .text = c->text,
					    .size = c->size,
					    .set = set,
					    .nodefgroup = c->nodefgroup,
					    .fieldsep = c->fieldsep[0] != '\0' ? c->fieldsep : NULL,
					    .listsep = c->listsep[0] != '\0' ? c->listsep : NULL,
					    .host_name = ap_test_host_name,
					    .domain = "nis.example.net",
					    .netgroup = ap_test_netgroup,
					    .accounts = ap_accounts_of_system },
		       &import);
	for (size_t i = 0; i < import.n_notes; i++)
		if (import.notes[i].severity == AP_IMPORT_ERROR)
			fail_msg("%s:%u: %s", c->name, import.notes[i].line, import.notes[i].reason);
	assert_true(check_report(c, &import));
	drop_in = (ap_drop_in){ .client_types = import.client_types,
				.n_client_types = import.n_client_types,
				.policies = import.policies,
				.n_policies = import.n_policies,
				.exceptions = import.exceptions,
				.n_exceptions = import.n_exceptions };
	if (import.n_policies > 0)
		free(ap_scratch_write(drop_ins, "50-import.conf", ap_drop_in_text(arena, &drop_in), 0644));
	if (getenv("AP_SHOW") != NULL)
		(void)fputs(ap_drop_in_text(arena, &drop_in), stdout);
	ap_policy_set_free(set);
	set = load(config);
	assert_int_equal(ap_compile(set, 0, &bytes, &size, NULL), AP_OK);
	free(ap_scratch_write_bytes(c->folder, "policy.image", bytes, size, 0600));
	free(bytes);
	ap_policy_set_free(set);
	ap_arena_free(arena);
	free(image);
	free(drop_ins);
	free(config);
}

static void write_services(file_case *c)
{
	char *access, *policy;

	c->confdir_access = ap_scratch_path(c->folder, "pam-access");
	c->confdir_policy = ap_scratch_path(c->folder, "pam-policy");
	assert_int_equal(mkdir(c->confdir_access, 0755), 0);
	assert_int_equal(mkdir(c->confdir_policy, 0755), 0);
	assert_true(asprintf(&access, "account required pam_access.so accessfile=%s noaudit%s\n", c->path, c->options) >
		    0);
	assert_true(asprintf(&policy, "image=%s/policy.image", c->folder) > 0);
	for (size_t i = 0; i < c->services.n; i++) {
		ap_pam_write_stack(c->confdir_access, c->services.items[i], access);
		ap_pam_write_service(c->confdir_policy, c->services.items[i], "account", policy);
	}
	free(access);
	free(policy);
}

/*
 * Logins
 */

typedef struct {
	char user[128];
	char rhost[128];
	char tty[160];
	const char *service;
	bool has_tty;
	bool known; /* there is such an account */
	enum { FROM_LOCAL, FROM_ADDRESS, FROM_NAME, FROM_MAPPED } from;
} login;

/* An address of the file, or one near it: the next, the one before, one with a bit turned. */
static void draw_address(ap_prng *prng, const file_case *c, login *l)
{
	const char *text = draw(prng, &c->addresses);
	uint8_t bytes[16];
	int family = inet_pton(AF_INET, text, bytes) > 0 ? AF_INET : AF_INET6;
	uint32_t n_bytes = family == AF_INET ? 4 : 16;

	if (inet_pton(family, text, bytes) <= 0)
		fail_msg("%s: no address", text);
	switch (ap_prng_below(prng, 4)) {
	case 0:
		break;
	case 1:
		bytes[n_bytes - 1] = (uint8_t)(bytes[n_bytes - 1] + (ap_prng_chance(prng, 50) ? 1 : 255));
		break;
	default:
		for (uint32_t i = 0, n = 1 + ap_prng_below(prng, 2); i < n; i++) {
			uint32_t bit = ap_prng_below(prng, n_bytes * 8);

			bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ (1 << (bit % 8)));
		}
	}
	(void)inet_ntop(family, bytes, l->rhost, sizeof(l->rhost));
	/* what begins ::ffff: by chance is not what is meant here */
	if (family == AF_INET6 && strncmp(l->rhost, "::ffff:", 7) == 0)
		l->from = FROM_MAPPED;
	if (family == AF_INET && l->from == FROM_MAPPED) {
		char mapped[sizeof(l->rhost) + 8];

		(void)snprintf(mapped, sizeof(mapped), "::ffff:%s", l->rhost);
		(void)snprintf(l->rhost, sizeof(l->rhost), "%.100s", mapped);
	} else if (l->from == FROM_MAPPED && strncmp(l->rhost, "::ffff:", 7) != 0) {
		l->from = FROM_ADDRESS;
	}
}

static login draw_login(ap_prng *prng, const file_case *c)
{
	uint32_t from = ap_prng_below(prng, 100);
	login l = { .from = from < 45 ? FROM_LOCAL : from < 90 ? FROM_ADDRESS : from < 97 ? FROM_NAME : FROM_MAPPED };

	l.known = !ap_prng_chance(prng, 2);
	(void)snprintf(l.user, sizeof(l.user), "%s", l.known ? draw(prng, &c->users) : "nobody-knows");
	l.service = draw(prng, &c->services);
	l.has_tty = ap_prng_chance(prng, 60);
	if (l.has_tty)
		(void)snprintf(l.tty, sizeof(l.tty), "%s%s", ap_prng_chance(prng, 30) ? "/dev/" : "",
			       draw(prng, &c->terminals));
	if (l.from == FROM_NAME)
		(void)snprintf(l.rhost, sizeof(l.rhost), "%s", draw(prng, &c->names));
	else if (l.from != FROM_LOCAL)
		draw_address(prng, c, &l);
	return l;
}

static void log_in(const char *confdir, const login *l, bool empty_rhost, ap_pam_outcome *ret_outcome)
{
	const ap_pam_login pam = { .service = l->service,
				   .user = l->user,
				   .rhost = l->from == FROM_LOCAL ? (empty_rhost ? "" : NULL) : l->rhost,
				   .tty = l->has_tty ? l->tty : NULL };

	ap_pam_run(confdir, &pam, AP_PAM_ACCOUNT, ret_outcome);
}

/* The line that the policy came from that the module's log names, or 0. */
static unsigned line_of(const char *log)
{
	const char *policy = strstr(log, "policy=\""), *colon = policy != NULL ? strchr(policy, ':') : NULL;

	return colon != NULL ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
}

/* Does the line allow the terminal, or the service, that the login is at? */
static bool is_of_terminals(const file_case *c, unsigned line, const login *l)
{
	const char *from = l->has_tty ? l->tty : l->service;
	const char *found;

	if (strncmp(from, "/dev/", 5) == 0)
		from += 5;
	if ((strcmp(c->kinds[line], "terminals") != 0 && !c->refuses[line]) || c->lines[line][0] != '+' ||
	    l->from != FROM_LOCAL)
		return false;
	found = from[0] != '\0' ? strcasestr(c->lines[line], from) : NULL;
	/* one that is excepted stands for each terminal */
	return (found != NULL && strchr(" ,\t\r", found[strlen(from)]) != NULL) ||
	       (c->drawn && strcasestr(c->lines[line], "except") != NULL);
}

/* 0.0.0.0 is the entry that stands for hosts' names: no login comes from there. */
static bool is_stand_in(const file_case *c, const login *l)
{
	return c->has_names && (strcmp(l->rhost, "0.0.0.0") == 0 || strcmp(l->rhost, "::ffff:0.0.0.0") == 0);
}

/* ".3", as drawn files have it. */
static bool is_of_ends(const file_case *c, const login *l)
{
	size_t length = strlen(l->rhost);

	return (c->has_ends && length > 2 && strcmp(l->rhost + length - 2, ".3") == 0) ||
	       (c->drawn && c->denies_ipv4 && strchr(l->rhost, '.') != NULL);
}

static bool is_excused_by_line(const file_case *c, const login *l, const ap_pam_outcome *policy)
{
	unsigned line = line_of(policy->log);
	const char *kind = line > 0 && line <= LINES_MAX ? c->kinds[line] : "";
	bool excused = is_stand_in(c, l) || is_of_ends(c, l) ||
		       (kind[0] != '\0' && strcmp(kind, "snapshot") != 0 && strcmp(kind, "names") != 0);

	for (unsigned i = 1; i <= LINES_MAX && !excused; i++)
		excused = c->lines[i] != NULL && is_of_terminals(c, i, l);
	return excused && policy->code == PAM_PERM_DENIED;
}

/* False, with a message, where they differ and nothing excuses it. */
static bool compare(const file_case *c, const login *l, const ap_pam_outcome *access, const ap_pam_outcome *policy,
		    tally *count)
{
	bool allowed = policy->code == PAM_SUCCESS;

	if (!l->known && access->code == PAM_USER_UNKNOWN) {
		count->account++;
		return allowed || policy->code == PAM_PERM_DENIED;
	}
	if (access->code == policy->code && (allowed || policy->code == PAM_PERM_DENIED)) {
		count->alike++;
		count->allowed += allowed;
		return true;
	}
	if (l->from == FROM_NAME && policy->code == PAM_PERM_DENIED && access->code == PAM_SUCCESS) {
		count->name++;
	} else if (l->from == FROM_LOCAL && strcmp(l->service, "imap") == 0 &&
		   (l->has_tty || policy->code == PAM_PERM_DENIED)) {
		count->mail++; /* its client type is not a local one, whatever its terminal */
	} else if (is_excused_by_line(c, l, policy) && access->code == PAM_SUCCESS) {
		count->by_line++;
	} else {
		print_error(
			"%s: user %s, rhost \"%s\", tty %s%s, service %s: pam_access answers %d, the policies %d\n%s%s",
			c->name, l->user, l->rhost, l->has_tty ? "/" : "none", l->tty, l->service, access->code,
			policy->code, access->log, policy->log);
		return false;
	}
	return true;
}

static bool ask(file_case *c)
{
	ap_prng prng = ap_prng_seeded(2026);
	tally count = { 0 };
	unsigned n_failed = 0, n_logins = N_LOGINS / ap_effort_step(5, 5);
	ap_pam_outcome *access = calloc(1, sizeof(*access)), *policy = calloc(1, sizeof(*policy));

	for (unsigned i = 0; i < n_logins; i++) {
		login l = draw_login(&prng, c), ipv4;
		bool empty_rhost = ap_prng_chance(&prng, 30);

		/* to the policies it is the IPv4 address: they answer as pam_access does for that */
		if (l.from == FROM_MAPPED)
			count.mapped++;
		ipv4 = l;
		if (l.from == FROM_MAPPED)
			memmove(ipv4.rhost, l.rhost + strlen("::ffff:"), strlen(l.rhost + strlen("::ffff:")) + 1);
		log_in(c->confdir_access, &ipv4, empty_rhost, access);
		log_in(c->confdir_policy, &l, empty_rhost, policy);
		n_failed += !compare(c, &l, access, policy, &count);
	}
	(void)printf(
		"%-16s %u logins: %u alike (%u allowed, %u from a mapped address), %u differ as lines are reported to, and as every "
		"file: %u without account, %u from a name, %u of a mail service without address\n",
		c->name, n_logins, count.alike, count.allowed, count.mapped, count.by_line, count.account, count.name,
		count.mail);
	/* else it would be no comparison */
	if (!c->drawn && (count.allowed < n_logins / 50 || count.alike - count.allowed < n_logins / 50))
		print_error("%s: hardly any login is %s\n", c->name,
			    count.allowed < n_logins / 50 ? "allowed" : "denied");
	free(access);
	free(policy);
	if (c->drawn)
		return n_failed == 0;
	return n_failed == 0 && count.allowed >= n_logins / 50 && count.alike - count.allowed >= n_logins / 50;
}

static void check_file(const char *path)
{
	file_case c;

	read_case(&c, path);
	c.folder = ap_scratch_new();
	import_case(&c);
	write_services(&c);
	if (!ask(&c)) {
		if (c.drawn)
			print_error("%s:\n%s", c.name, c.text);
		fail();
	}
	free_case(&c);
}

static void test_decides_as_pam_access(void **state)
{
	check_file(*state);
}

/* AP_FILES is how many. */
static void test_drawn_files(void **state)
{
	const char *given = getenv("AP_FILES");
	unsigned n = given != NULL ? (unsigned)strtoul(given, NULL, 10) : 10 / ap_effort_step(5, 5);
	ap_prng prng = ap_prng_seeded(1973);
	char *folder = ap_scratch_new();

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		char name[32], *text = ap_draw_access(&prng), *path;

		(void)snprintf(name, sizeof(name), "drawn-%u.conf", i);
		path = ap_scratch_write(folder, name, text, 0644);
		check_file(path);
		free(path);
		free(text);
	}
	ap_scratch_free(folder);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[32] = { { 0 } };
	size_t n = 0;

	/* NETGROUPS FILE… */
	if (argc < 2)
		return 2;
	ap_test_read_netgroups(argv[1]);
	for (int i = 2; i < argc && n < 31; i++)
		tests[n++] = (struct CMUnitTest){ .name = strrchr(argv[i], '/') + 1,
						  .test_func = test_decides_as_pam_access,
						  .initial_state = argv[i] };
	tests[n++] = (struct CMUnitTest){ .name = "files that are drawn", .test_func = test_drawn_files };
	return _cmocka_run_group_tests("access.conf as pam_access has it", tests, n, NULL, NULL);
}
