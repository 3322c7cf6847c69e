/*
 * Looking only at the policies and exceptions that can concern a login never changes what is decided: random sets of
 * hundreds of policies, asked with a listener, for whom every policy is asked in full, and without.
 */
#include "../../lib/login/concern.h"
#include "../../lib/make/compile.h"
#include "../../lib/make/load.h"
#include "effort.h"
#include "prng.h"
#include "rows.h"
#include "stored.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_SETS = 24, N_LOGINS = 250 };

static const int64_t now = 1790000000; /* 2026-09-21 */

/*
 * Name services of the test's own: what each knows follows from the names, and some of it cannot be had
 */

enum { N_GROUPS = 400, FIRST_GID = 5000, NOBODYS_GID = 4999 };

/* How often each was asked. */
static struct {
	size_t passwd, group, list, gid;
} asked;

static bool gid_fails; /* whatever is asked */

static unsigned mix(unsigned a, unsigned b)
{
	uint64_t x = (uint64_t)a << 32 | b;

	x = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return (unsigned)((x ^ x >> 32) >> 8);
}

/* The number in "u17" or "g17", whatever follows; AP_NONE: none of ours. */
static unsigned number_in(const char *name, char kind)
{
	unsigned number;

	return name[0] == kind && sscanf(name + 1, "%u", &number) == 1 ? number : AP_NONE;
}

static bool holds(unsigned group, unsigned user)
{
	return mix(group, user) % 40 == 0;
}

/* Two in five have an account; of those without a domain, or in the default one, the name is the bare one. */
static int fake_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **ret)
{
	unsigned user = number_in(name, 'u');

	*ret = NULL;
	asked.passwd++;
	if (user == AP_NONE || strchr(name, '@') != NULL || user % 5 > 1)
		return 0;
	if (user % 35 == 0)
		return EIO;
	(void)snprintf(buffer, size, "%s", name);
	*entry = (struct passwd){ .pw_name = buffer, .pw_gid = NOBODYS_GID };
	*ret = entry;
	return 0;
}

/* Some groups are unknown, and some cannot be looked up. */
static int fake_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, struct group **ret)
{
	static char *nobody[] = { NULL };
	unsigned group = number_in(name, 'g');

	*ret = NULL;
	asked.group++;
	if (group == AP_NONE || group % 97 == 13)
		return 0;
	if (group % 101 == 17)
		return EIO;
	(void)snprintf(buffer, size, "%s", name);
	*entry = (struct group){ .gr_name = buffer, .gr_gid = FIRST_GID + group, .gr_mem = nobody };
	*ret = entry;
	return 0;
}

static int fake_getgrouplist(const char *name, gid_t primary, gid_t *gids, int *n)
{
	unsigned user = number_in(name, 'u');
	int found = 1, room = *n;

	asked.list++;
	gids[0] = primary;
	for (unsigned group = 0; group < N_GROUPS; group++) {
		if (!holds(group, user))
			continue;
		if (found < room)
			gids[found] = FIRST_GID + group;
		found++;
	}
	*n = found;
	return found > room ? -1 : found;
}

static int fake_getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **ret)
{
	*ret = NULL;
	asked.gid++;
	if (gid_fails || gid == FIRST_GID + 77)
		return EIO;
	if (gid < FIRST_GID)
		return 0;
	(void)snprintf(buffer, size, "g%u", (unsigned)gid - FIRST_GID);
	*entry = (struct group){ .gr_name = buffer, .gr_gid = gid };
	*ret = entry;
	return 0;
}

static const ap_nss services = { fake_getpwnam_r, fake_getgrnam_r, fake_getgrouplist, fake_getgrgid_r };

/*
 * Random policies
 */

enum { N_USERS = 600, N_DOMAINS = 60, N_TOPS = 40, N_SUBS = 3 };

typedef struct {
	FILE *out;
	ap_prng *prng;
	unsigned n_policies;
	unsigned n_groups;    /* of them policies list any */
	bool wide;            /* some policies are about everyone */
	unsigned used_groups; /* so that groups are listed one after the other, and all of them */
	char enabled[1024];   /* by policy: 1, enabled whitelist or blacklist; 0, something else */
} writer;

/* An entry of a list, as it is written. */
typedef char entry[32];
typedef void entry_writer(writer *w, entry text);

/* Each number is mostly of one domain: of the default domain without it, of any, or of its own. */
static void write_user(writer *w, entry text)
{
	unsigned user = ap_prng_below(w->prng, N_USERS), domain = user % N_DOMAINS;

	if (ap_prng_chance(w->prng, 20))
		(void)snprintf(text, sizeof(entry), "u%u@", user);
	else if (domain == 0)
		(void)snprintf(text, sizeof(entry), "u%u", user);
	else
		(void)snprintf(text, sizeof(entry), "u%u@t%u.test", user, domain);
}

static void write_domain(writer *w, entry text)
{
	(void)snprintf(text, sizeof(entry), "t%u.test", ap_prng_below(w->prng, N_DOMAINS));
}

static void write_department(writer *w, entry text)
{
	unsigned top = ap_prng_below(w->prng, N_TOPS), sub = ap_prng_below(w->prng, 2 * N_SUBS);
	const char *below = ap_prng_chance(w->prng, 50) ? "/*" : "";

	if (sub < N_SUBS)
		(void)snprintf(text, sizeof(entry), "d%u/s%u%s", top, sub, below);
	else
		(void)snprintf(text, sizeof(entry), "d%u%s", top, below);
}

static void write_group(writer *w, entry text)
{
	unsigned group =
		ap_prng_chance(w->prng, 60) ? w->used_groups++ % w->n_groups : ap_prng_below(w->prng, w->n_groups);

	(void)snprintf(text, sizeof(entry), "g%u", group);
}

/* What blacklists may hold, and what whitelists may besides. */
static void write_narrow_ip(writer *w, entry text)
{
	static const char *const blocks[] = { "10.2.0.0/16",    "192.0.2.0/24", "2001:db8:1::/48",
					      "203.0.113.0/24", "local",        "10.77.0.0/16" };

	(void)snprintf(text, sizeof(entry), "%s", blocks[ap_prng_below(w->prng, AP_N(blocks))]);
}

static void write_ip(writer *w, entry text)
{
	static const char *const blocks[] = { "10.0.0.0/8", "0.0.0.0/1", "10.1.0.0/16", "2001:db8::/32",
					      "128.0.0.0/1" };

	if (ap_prng_chance(w->prng, 30))
		write_narrow_ip(w, text);
	else
		(void)snprintf(text, sizeof(entry), "%s", blocks[ap_prng_below(w->prng, AP_N(blocks))]);
}

static void write_client(writer *w, entry text)
{
	(void)snprintf(text, sizeof(entry), "%s", ap_prng_chance(w->prng, 50) ? "web" : "native");
}

enum { MOST_ENTRIES = 6 };

/* Each once: what is listed twice is an error. */
static void write_list(writer *w, const char *key, entry_writer *write_one, unsigned most)
{
	entry entries[MOST_ENTRIES];
	unsigned wanted = 1 + ap_prng_below(w->prng, most), n = 0;

	(void)fprintf(w->out, " %s = [ ", key);
	while (wanted-- > 0) {
		bool listed = false;

		write_one(w, entries[n]);
		for (unsigned i = 0; i < n; i++)
			listed = listed || strcmp(entries[i], entries[n]) == 0;
		if (!listed)
			(void)fprintf(w->out, "%s\"%s\"", n > 0 ? ", " : "", entries[n]);
		n += !listed;
	}
	(void)fputs(" ];", w->out);
}

/* At least one of them, mostly one kind alone. */
static void write_whom(writer *w, bool unlisted_too)
{
	static const struct {
		const char *key;
		entry_writer *write_one;
	} kinds[] = { { "members", write_user },
		      { "domains", write_domain },
		      { "departments", write_department },
		      { "groups", write_group } };
	uint32_t first = ap_prng_below(w->prng, AP_N(kinds));

	if (unlisted_too && ap_prng_chance(w->prng, 1))
		(void)fputs(" unlisted = true;", w->out);
	for (uint32_t i = 0; i < AP_N(kinds); i++)
		if (i == first || ap_prng_chance(w->prng, 15))
			write_list(w, kinds[i].key, kinds[i].write_one, 3);
}

/* In effect now, not yet, or not any more. */
static void write_times(writer *w)
{
	if (ap_prng_chance(w->prng, 8))
		(void)fprintf(w->out, " not_before = \"%s-01-01T00:00:00Z\";",
			      ap_prng_chance(w->prng, 70) ? "2026" : "2027");
	else if (ap_prng_chance(w->prng, 8))
		(void)fprintf(w->out, " not_after = \"%s-12-31T00:00:00Z\";",
			      ap_prng_chance(w->prng, 70) ? "2027" : "2025");
}

static void write_scope(writer *w)
{
	(void)fputs(" scope = {", w->out);
	if (w->wide && ap_prng_below(w->prng, 200) == 0)
		(void)fputs(" all = true;", w->out);
	else
		write_whom(w, true);
	if (ap_prng_chance(w->prng, 30)) {
		(void)fputs(" except = {", w->out);
		write_whom(w, true);
		(void)fputs(" };", w->out);
	}
	(void)fputs(" };", w->out);
}

/* An enabled policy before this one that this may replace, or AP_NONE. */
static unsigned replaced_by(writer *w, unsigned number)
{
	for (unsigned tries = 0; tries < 5 && number > 0; tries++) {
		unsigned before = ap_prng_below(w->prng, number);

		if (w->enabled[before] == 1)
			return before;
	}
	return AP_NONE;
}

static void write_status(writer *w, unsigned number)
{
	uint32_t kind = ap_prng_below(w->prng, 100);
	unsigned replaced = AP_NONE;

	w->enabled[number] = kind >= 40;
	if (kind < 8)
		(void)fputs(" status = \"disabled\";", w->out);
	if (kind < 8 || kind >= 40)
		return;
	(void)fputs(" status = \"report-only\";", w->out);
	if (ap_prng_chance(w->prng, 50))
		replaced = replaced_by(w, number);
	if (replaced != AP_NONE)
		(void)fprintf(w->out, " replaces = \"p%u\";", replaced);
}

static void write_policy(writer *w, unsigned number)
{
	bool whitelist = ap_prng_chance(w->prng, 70), clients = ap_prng_chance(w->prng, 25);

	(void)fprintf(w->out, "%s  { name = \"p%u\"; type = \"%s\";", number > 0 ? ",\n" : "", number,
		      whitelist ? "whitelist" : "blacklist");
	write_status(w, number);
	write_scope(w);
	write_list(w, "ip", whitelist ? write_ip : write_narrow_ip, whitelist ? 3 : 1);
	if (clients)
		(void)fputs(ap_prng_chance(w->prng, 50) ? " clients = [ \"web\" ];" : " clients = [ \"native\" ];",
			    w->out);
	if (whitelist && clients && ap_prng_chance(w->prng, 20))
		(void)fputs(" other_clients = \"deny\";", w->out);
	if (whitelist && ap_prng_chance(w->prng, 20))
		(void)fputs(" required = true;", w->out);
	write_times(w);
	(void)fputs(" }", w->out);
}

static void write_exception(writer *w, unsigned number)
{
	unsigned n = 1 + ap_prng_below(w->prng, 12), first = ap_prng_below(w->prng, w->n_policies);

	(void)fprintf(w->out, "%s  { name = \"e%u\"; policies = [ ", number > 0 ? ",\n" : "", number);
	for (unsigned i = 0; i < n; i++)
		(void)fprintf(w->out, "%s\"p%u\"", i > 0 ? ", " : "", (first + i * 7) % w->n_policies);
	(void)fputs(" ];", w->out);
	write_whom(w, false);
	if (ap_prng_chance(w->prng, 50))
		write_list(w, "ip", write_ip, 3);
	if (ap_prng_chance(w->prng, 20))
		write_list(w, "clients", write_client, 1);
	write_times(w);
	(void)fputs(" }", w->out);
}

static void write_departments(writer *w)
{
	(void)fputs("departments = (\n", w->out);
	for (unsigned i = 0; i < N_TOPS * (N_SUBS + 1); i++) {
		unsigned top = i / (N_SUBS + 1), sub = i % (N_SUBS + 1);

		(void)fprintf(w->out, "%s  { name = \"d%u", i > 0 ? ",\n" : "", top);
		if (sub > 0)
			(void)fprintf(w->out, "/s%u", sub - 1);
		(void)fputs("\";", w->out);
		if (ap_prng_chance(w->prng, 80))
			write_list(w, "members", write_user, 6);
		if (ap_prng_chance(w->prng, 15))
			write_list(w, "groups", write_group, 2);
		(void)fputs(" }", w->out);
	}
	(void)fputs("\n);\n", w->out);
}

static char *write_set(ap_prng *prng, unsigned set, size_t *ret_size)
{
	char *text = NULL;
	writer w = { .prng = prng,
		     .n_policies = 100 + ap_prng_below(prng, 500),
		     .n_groups = set % 3 == 0 ? 20 : N_GROUPS,
		     .wide = set % 2 == 0 };
	unsigned n_exceptions = set % 4 == 3 ? 0 : 10 + ap_prng_below(prng, 200);

	w.out = open_memstream(&text, ret_size);
	(void)fprintf(w.out, "default_domain = \"t0.test\";\nundetermined = \"%s\";\n",
		      set % 5 == 4 ? "allow" : "deny");
	write_departments(&w);
	(void)fputs("policies = (\n", w.out);
	for (unsigned i = 0; i < w.n_policies; i++)
		write_policy(&w, i);
	(void)fputs("\n);\n", w.out);
	if (n_exceptions > 0)
		(void)fputs("exceptions = (\n", w.out);
	for (unsigned i = 0; i < n_exceptions; i++)
		write_exception(&w, i);
	(void)fputs(n_exceptions > 0 ? "\n);\n" : "", w.out);
	assert_int_equal(fclose(w.out), 0);
	return text;
}

/* In memory, and as a file. */
typedef struct {
	ap_image *whole;
	ap_image *file;
} both;

static both compile_text(const char *text, size_t size)
{
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	both images = { NULL, NULL };
	void *bytes = NULL;

	if (ap_load_text("/nowhere/random.conf", text, size, &set, &diagnostics) != AP_OK) {
		for (size_t i = 0; i < diagnostics.n && i < 10; i++)
			print_error("%s:%u: %s\n", diagnostics.items[i].file, diagnostics.items[i].line,
				    diagnostics.items[i].message);
		fail();
	}
	ap_diagnostics_clear(&diagnostics);
	assert_int_equal(ap_compile(set, 0, &bytes, &size, NULL), AP_OK);
	ap_policy_set_free(set);
	assert_int_equal(ap_stored_open_file(bytes, size, &images.file, NULL), AP_OK);
	assert_int_equal(ap_image_open("random", bytes, size, &images.whole, NULL), AP_OK);
	return images;
}

static void free_both(both *images)
{
	ap_image_free(images->whole);
	ap_image_free(images->file);
}

/*
 * With a listener and without
 */

typedef struct {
	size_t reasons[AP_REASON_DEFAULT + 1];
	size_t n_would, n_asked_in_full, n_malformed;
} statistics;

static void count_policy(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	size_t *n = context;

	(void)policy;
	(void)answer;
	(*n)++;
}

static ap_status decide(const ap_image *image, const ap_facts *facts, size_t *listen, ap_decision *ret_decision)
{
	const ap_evaluate_options options = { .only = AP_NONE, .hook = count_policy, .hook_context = listen };
	ap_request request;
	ap_status status = ap_request_init(&request, image, facts, NULL);

	if (status == AP_OK)
		status = ap_evaluate(image, &request, listen != NULL ? &options : NULL, ret_decision, NULL);
	else
		*ret_decision = (ap_decision){ 0 };
	ap_request_clear(&request);
	return status;
}

static bool same_decision(const ap_decision *a, const ap_decision *b)
{
	bool same = a->verdict == b->verdict && a->reason == b->reason && a->policy == b->policy && a->at == b->at &&
		    a->n_would == b->n_would;

	for (size_t i = 0; same && i < a->n_would; i++)
		same = a->would[i].policy == b->would[i].policy && a->would[i].at == b->would[i].at &&
		       a->would[i].verdict == b->would[i].verdict && a->would[i].reason == b->would[i].reason;
	return same;
}

static void show_decision(const char *how, const ap_decision *d)
{
	print_error("%s: %s %s p%d, would:", how, ap_verdict_name(d->verdict),
		    d->reason != 0 ? ap_reason_name(d->reason) : "-", (int)d->policy);
	for (size_t i = 0; i < d->n_would; i++)
		print_error(" p%u %s", d->would[i].policy, ap_reason_name(d->would[i].reason));
	print_error("\n");
}

static int check_login(const both *images, const ap_facts *facts, statistics *s)
{
	ap_decision in_full, narrowed[2];
	size_t n_heard = 0;
	int failed = 0;

	AP_ROW(failed, decide(images->whole, facts, &n_heard, &in_full) == AP_OK, "%s: no decision", facts->user);
	AP_ROW(failed, n_heard == ap_image_count(images->whole, AP_TABLE_POLICIES), "%s: %zu policies were heard of",
	       facts->user, n_heard);
	for (size_t i = 0; i < 2; i++) {
		bool same = decide(i == 0 ? images->whole : images->file, facts, NULL, &narrowed[i]) == AP_OK &&
			    same_decision(&in_full, &narrowed[i]);

		AP_ROW(failed, same, "%s from %s by %s is decided otherwise", facts->user,
		       facts->rhost != NULL ? facts->rhost : "-", facts->client);
		if (!same) {
			show_decision("in full ", &in_full);
			show_decision("narrowed", &narrowed[i]);
		}
		ap_decision_clear(&narrowed[i]);
	}
	if (failed == 0)
		s->reasons[in_full.reason]++;
	s->n_would += in_full.n_would;
	s->n_asked_in_full += n_heard;
	ap_decision_clear(&in_full);
	return failed;
}

static int check_random_login(ap_prng *prng, const both *images, statistics *s)
{
	static const char *const addresses[] = {
		"10.1.2.3",     "10.2.0.1",      "10.77.0.1",   "192.0.2.7", "203.0.113.9",
		"198.51.100.7", "2001:db8:1::5", "2001:db9::1", "a.host",    NULL
	};
	static const char *const malformed[] = { "", "@t1.test", "u5@", "u\t7@t1.test" };
	unsigned user = ap_prng_below(prng, N_USERS + 20);
	unsigned domain = ap_prng_chance(prng, 85) ? user % N_DOMAINS : ap_prng_below(prng, N_DOMAINS + 2);
	ap_facts facts = { .rhost = addresses[ap_prng_below(prng, AP_N(addresses))],
			   .client = ap_prng_chance(prng, 40)   ? "web"
				     : ap_prng_chance(prng, 50) ? "native"
								: "system",
			   .now = ap_prng_chance(prng, 90) ? now : now + 86400 * 365,
			   .nss = &services };
	char name[64];

	(void)snprintf(name, sizeof(name), domain > 0 ? "u%u@t%u.test" : "U%u", user, domain);
	facts.user = name;
	if (ap_prng_chance(prng, 2)) {
		facts.user = malformed[ap_prng_below(prng, AP_N(malformed))];
		s->n_malformed++;
	}
	return check_login(images, &facts, s);
}

static void test_concern_never_changes_a_decision(void **state)
{
	ap_prng prng = ap_prng_seeded(51);
	statistics s = { { 0 }, 0, 0, 0 };
	size_t most_groups = 0;
	unsigned n_sets = N_SETS / ap_effort_step(3, 6);
	int failed = 0;

	(void)state;
	for (unsigned set = 0; set < n_sets && failed < 20; set++) {
		size_t size;
		char *text = write_set(&prng, set, &size);
		both images = compile_text(text, size);
		uint32_t n_groups = ap_image_count(images.whole, AP_TABLE_GROUPS);

		most_groups = n_groups > most_groups ? n_groups : most_groups;
		for (int i = 0; i < N_LOGINS && failed < 20; i++)
			failed += check_random_login(&prng, &images, &s);
		AP_ROW(failed, failed == 0, "set %u: these were of %u policies and %u groups", set,
		       ap_image_count(images.whole, AP_TABLE_POLICIES), n_groups);
		free_both(&images);
		free(text);
	}
	for (int reason = AP_REASON_BLACKLISTED; reason <= AP_REASON_DEFAULT; reason++) {
		print_message("%8zu  %s\n", s.reasons[reason], ap_reason_name((ap_reason)reason));
		AP_ROW(failed, s.reasons[reason] > 5, "hardly any login was %s", ap_reason_name((ap_reason)reason));
	}
	print_message("%8zu  would; %zu policies asked in full, %zu malformed names, at most %zu groups\n", s.n_would,
		      s.n_asked_in_full, s.n_malformed, most_groups);
	assert_true(s.n_would > 50 && s.n_malformed > 5 && most_groups > AP_GROUPS_ASKED);
	AP_ROWS_END(failed);
}

/*
 * What is looked at
 */

static void count_visit(ap_evaluation *evaluation, void *context, uint32_t place)
{
	size_t *n = context;

	assert_true(ap_view_policy_at(&evaluation->view, place).name != 0);
	(*n)++;
}

typedef struct {
	size_t policies;
	size_t exceptions;
} visits;

static visits visits_of(const ap_image *image, const char *user)
{
	const ap_facts facts = { .user = user, .rhost = "10.1.2.3", .client = "web", .now = now, .nss = &services };
	ap_request request;
	ap_evaluation e;
	visits found = { 0, 0 };

	assert_int_equal(ap_request_init(&request, image, &facts, NULL), AP_OK);
	ap_evaluation_init(&e, image, &request);
	ap_concern_narrow(&e);
	found.exceptions = e.n_exceptions;
	ap_concern_each_policy(&e, count_visit, &found.policies);
	assert_true(e.view.sound && !e.out_of_memory);
	ap_evaluation_clear(&e);
	ap_request_clear(&request);
	return found;
}

enum { N_TENANTS = 1000 };

/*
 * Each tenant has a domain and two policies about it, one about its department, its sub-departments and one member,
 * and an exception of each kind; there are three policies about everyone, of them one that is disabled, and one about
 * members of no department.
 */
static char *write_tenants(size_t *ret_size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);

	(void)fputs("departments = (\n", out);
	for (unsigned i = 0; i < N_TENANTS; i++)
		(void)fprintf(out,
			      "%s  { name = \"d%u\"; members = [ \"anna@t%u.test\" ]; },\n"
			      "  { name = \"d%u/east\"; members = [ \"bert@t%u.test\" ]; }",
			      i > 0 ? ",\n" : "", i, i, i, i);
	(void)fputs("\n);\npolicies = (\n"
		    "  { name = \"a\"; type = \"blacklist\"; scope = { all = true; }; ip = [ \"192.0.2.0/24\" ]; },\n"
		    "  { name = \"b\"; type = \"whitelist\"; scope = { all = true; }; ip = [ \"10.0.0.0/8\" ]; },\n"
		    "  { name = \"c\"; type = \"whitelist\"; status = \"disabled\"; scope = { all = true; };"
		    " ip = [ \"10.0.0.0/8\" ]; },\n"
		    "  { name = \"d\"; type = \"whitelist\"; scope = { unlisted = true; }; ip = [ \"10.0.0.0/8\" ]; }",
		    out);
	for (unsigned i = 0; i < N_TENANTS; i++)
		(void)fprintf(
			out,
			",\n  { name = \"dom%u\"; type = \"whitelist\"; scope = { domains = [ \"t%u.test\" ]; };"
			" ip = [ \"10.0.0.0/8\" ]; },\n"
			"  { name = \"report%u\"; type = \"whitelist\"; status = \"report-only\";"
			" replaces = \"dom%u\"; scope = { domains = [ \"t%u.test\" ]; }; ip = [ \"10.1.0.0/16\" ]; },\n"
			"  { name = \"dep%u\"; type = \"blacklist\"; scope = { departments = [ \"d%u\" ]; };"
			" ip = [ \"192.0.2.%u\" ]; },\n"
			"  { name = \"sub%u\"; type = \"blacklist\"; scope = { departments = [ \"d%u/*\" ]; };"
			" ip = [ \"192.0.2.%u\" ]; },\n"
			"  { name = \"mem%u\"; type = \"blacklist\"; scope = { members = [ \"anna@t%u.test\" ]; };"
			" ip = [ \"192.0.2.1\" ]; }",
			i, i, i, i, i, i, i, i % 256, i, i, i % 256, i, i);
	(void)fputs("\n);\nexceptions = (\n", out);
	for (unsigned i = 0; i < N_TENANTS; i++)
		(void)fprintf(
			out,
			"%s  { name = \"x%u\"; policies = [ \"a\", \"dom%u\" ]; members = [ \"anna@t%u.test\" ]; },\n"
			"  { name = \"y%u\"; policies = [ \"a\" ]; departments = [ \"d%u/*\" ]; },\n"
			"  { name = \"z%u\"; policies = [ \"b\" ]; domains = [ \"t%u.test\" ]; }",
			i > 0 ? ",\n" : "", i, i, i, i, i, i, i);
	(void)fputs("\n);\n", out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void test_concern_of_one_tenant_in_a_thousand(void **state)
{
	static const struct {
		const char *user;
		visits expected; /* `a` and `b` are about everyone */
	} rows[] = {
		{ "anna@t7.test", { 2 + 5, 3 } }, /* domain, its report, department, subtree, member */
		{ "anna@t999.test", { 2 + 5, 3 } },
		{ "bert@t500.test", { 2 + 3, 2 } }, /* domain, its report, subtree */
		{ "carl@t0.test", { 2 + 3, 1 } },   /* domain, its report, unlisted */
		{ "dora@elsewhere.test", { 2 + 1, 0 } },
		{ "root", { 2 + 1, 0 } },
	};
	size_t size;
	char *text = write_tenants(&size);
	both images = compile_text(text, size);
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		visits found = visits_of(i % 2 == 0 ? images.whole : images.file, rows[i].user);

		print_message("%s: %zu of %u policies, %zu of %u exceptions\n", rows[i].user, found.policies,
			      ap_image_count(images.whole, AP_TABLE_POLICIES), found.exceptions,
			      ap_image_count(images.whole, AP_TABLE_EXCEPTIONS));
		AP_ROW(failed, found.policies == rows[i].expected.policies, "%s: %zu policies", rows[i].user,
		       found.policies);
		AP_ROW(failed, found.exceptions == rows[i].expected.exceptions, "%s: %zu exceptions", rows[i].user,
		       found.exceptions);
	}
	free_both(&images);
	free(text);
	AP_ROWS_END(failed);
}

/*
 * More groups than are each asked for
 */

/* A policy for each group, in order: its number is the group's. u0 has no account that can be had, u1 and u5 have one. */
static char *write_groups(size_t *ret_size, const char *type)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);

	(void)fputs("policies = (\n", out);
	for (unsigned i = 0; i < N_GROUPS; i++)
		(void)fprintf(out,
			      "%s  { name = \"p%u\"; type = \"%s\"; scope = { groups = [ \"g%u\" ]; }; "
			      "ip = [ \"10.0.0.0/8\" ]; }",
			      i > 0 ? ",\n" : "", i, type, i);
	(void)fputs("\n);\n", out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void write_late_group(FILE *out, const char *scope)
{
	(void)fputs("departments = ( { name = \"held\"; groups = [ \"g399\" ]; } );\npolicies = (\n", out);
	/* 300 groups that are never in effect here, so that those that come later are not among the first */
	for (unsigned i = 0; i < 300; i++)
		(void)fprintf(out,
			      "  { name = \"p%u\"; type = \"blacklist\"; clients = [ \"system\" ];"
			      " scope = { groups = [ \"f%u\" ]; }; ip = [ \"10.0.0.0/8\" ]; },\n",
			      i, i);
	(void)fprintf(out,
		      "  { name = \"late\"; type = \"blacklist\"; scope = { %s }; ip = [ \"10.0.0.0/8\" ]; }\n);\n",
		      scope);
}

/* The lowest user with an account who is in the group `is_in`, and in none from AP_GROUPS_ASKED on if that is AP_NONE. */
static unsigned find_user(unsigned is_in)
{
	for (unsigned user = 0; user < 100000; user++) {
		bool in_a_late_one = false;

		for (unsigned group = AP_GROUPS_ASKED; group < N_GROUPS; group++)
			in_a_late_one = in_a_late_one || holds(group, user);
		if (user % 5 < 2 && user % 35 != 0 && !holds(77, user) &&
		    (is_in == AP_NONE ? !in_a_late_one : holds(is_in, user)))
			return user;
	}
	fail();
	return 0;
}

typedef struct {
	ap_verdict verdict;
	ap_reason reason;
} outcome;

static outcome decided(const ap_image *image, const char *user, bool listen)
{
	const ap_facts facts = { .user = user, .rhost = "10.1.2.3", .client = "web", .now = now, .nss = &services };
	ap_decision decision;
	size_t n = 0;
	outcome found;

	memset(&asked, 0, sizeof(asked));
	assert_int_equal(decide(image, &facts, listen ? &n : NULL, &decision), AP_OK);
	found = (outcome){ decision.verdict, decision.reason };
	ap_decision_clear(&decision);
	return found;
}

static bool is(outcome found, ap_verdict verdict, ap_reason reason)
{
	return found.verdict == verdict && found.reason == reason;
}

/* "late" is about g399, the 301st group. */
static void test_concern_of_a_group_behind_the_first(void **state)
{
	char member[32], stranger[32], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	both images;
	int failed = 0;

	(void)state;
	write_late_group(out, "groups = [ \"g399\" ];");
	assert_int_equal(fclose(out), 0);
	/* the department stands first, and would make it the first group */
	memcpy(strstr(text, "g399"), "g398", 4);
	images = compile_text(text, size);
	(void)snprintf(member, sizeof(member), "u%u", find_user(399));
	(void)snprintf(stranger, sizeof(stranger), "u%u", find_user(AP_NONE));
	for (int listen = 0; listen < 2; listen++) {
		bool l = listen != 0;

		AP_ROW(failed, is(decided(images.file, member, l), AP_DENY, AP_REASON_BLACKLISTED), "%s, %d", member,
		       listen);
		AP_ROW(failed, is(decided(images.file, stranger, l), AP_ALLOW, AP_REASON_DEFAULT), "%s, %d", stranger,
		       listen);
		gid_fails = true;
		/* which groups they are in cannot be had: that is never "in none" */
		AP_ROW(failed, is(decided(images.file, member, l), AP_DENY, AP_REASON_UNDETERMINED), "%s, %d: fails",
		       member, listen);
		AP_ROW(failed, is(decided(images.file, stranger, l), AP_DENY, AP_REASON_UNDETERMINED), "%s, %d: fails",
		       stranger, listen);
		gid_fails = false;
		AP_ROW(failed, is(decided(images.file, "u0", l), AP_DENY, AP_REASON_UNDETERMINED),
		       "a look-up of the account that fails, %d", listen);
		AP_ROW(failed, is(decided(images.file, "u4", l), AP_ALLOW, AP_REASON_DEFAULT), "no account, %d",
		       listen);
		AP_ROW(failed, asked.passwd > 0 && asked.group + asked.list + asked.gid == 0,
		       "without an account, %zu groups, %zu lists, %zu gids were asked for", asked.group, asked.list,
		       asked.gid);
	}
	free_both(&images);
	free(text);
	AP_ROWS_END(failed);
}

/* Of ten thousand groups a login asks for the first ones, and for those that it is said to be in. */
static void test_concern_asks_for_few_of_many_groups(void **state)
{
	size_t size;
	char *text = write_groups(&size, "blacklist"), stranger[32];
	both images = compile_text(text, size);
	int failed = 0;

	(void)state;
	(void)snprintf(stranger, sizeof(stranger), "u%u", find_user(AP_NONE));
	(void)decided(images.file, stranger, false);
	print_message("%s: %zu accounts, %zu groups, %zu lists and %zu gids were asked for\n", stranger, asked.passwd,
		      asked.group, asked.list, asked.gid);
	/* one more tells whether groups can be looked up at all */
	AP_ROW(failed, asked.group <= AP_GROUPS_ASKED + 1, "%zu groups were asked for", asked.group);
	AP_ROW(failed, asked.passwd == 1 && asked.list == 1, "%zu accounts, %zu lists", asked.passwd, asked.list);
	AP_ROW(failed, asked.gid < 40, "%zu gids", asked.gid);
	(void)decided(images.file, "u4", false);
	AP_ROW(failed, asked.group + asked.list + asked.gid == 0, "without an account: %zu groups", asked.group);
	/* whoever is in no department, and has no account: "unlisted" asks nothing more */
	free_both(&images);
	free(text);
	AP_ROWS_END(failed);
}

/*
 * g320 is a group whose look-up fails. Whether a late group is asked for first, by a listener's policies in reading
 * order, or none of them is, which groups the login is in must come out the same: `test` shows what a login gets.
 */
static void test_concern_where_one_late_group_cannot_be_looked_up(void **state)
{
	static const char *const scopes[] = {
		"groups = [ \"g320\" ];",
		"groups = [ \"g320\", \"g399\" ];",
		"groups = [ \"g399\", \"g320\" ];",
		"unlisted = true; groups = [ \"g320\" ];",
		"domains = [ \"t1.test\" ]; groups = [ \"g320\" ];",
	};
	char users[3][32];
	int failed = 0;

	(void)state;
	(void)snprintf(users[0], sizeof(users[0]), "u%u", find_user(399));
	(void)snprintf(users[1], sizeof(users[1]), "u%u", find_user(AP_NONE));
	(void)snprintf(users[2], sizeof(users[2]), "u%u", find_user(320));
	for (size_t i = 0; i < AP_N(scopes); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		both images;

		write_late_group(out, scopes[i]);
		assert_int_equal(fclose(out), 0);
		images = compile_text(text, size);
		for (size_t k = 0; k < AP_N(users); k++) {
			outcome in_full = decided(images.file, users[k], true),
				narrowed = decided(images.file, users[k], false);

			AP_ROW(failed, is(narrowed, in_full.verdict, in_full.reason),
			       "row %zu: %s: %s %s with a listener, %s %s without", i, users[k],
			       ap_verdict_name(in_full.verdict), ap_reason_name(in_full.reason),
			       ap_verdict_name(narrowed.verdict), ap_reason_name(narrowed.reason));
		}
		free_both(&images);
		free(text);
	}
	AP_ROWS_END(failed);
}

/* A department that a late group fills holds its members, and makes them no unlisted ones. */
static void test_concern_of_a_department_that_a_late_group_fills(void **state)
{
	static const struct {
		const char *scope;
		bool member, stranger; /* is denied */
	} rows[] = {
		{ "departments = [ \"held\" ];", true, false },
		{ "departments = [ \"held/*\" ];", true, false },
		{ "unlisted = true;", false, true },
		{ "groups = [ \"g399\" ];", true, false },
		{ "domains = [ \"t1.test\" ]; groups = [ \"g399\" ];", true, false },
	};
	char member[32], stranger[32];
	int failed = 0;

	(void)state;
	(void)snprintf(member, sizeof(member), "u%u", find_user(399));
	(void)snprintf(stranger, sizeof(stranger), "u%u", find_user(AP_NONE));
	for (size_t i = 0; i < AP_N(rows); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		both images;

		write_late_group(out, rows[i].scope);
		assert_int_equal(fclose(out), 0);
		images = compile_text(text, size);
		for (int listen = 0; listen < 2; listen++) {
			bool l = listen != 0;

			AP_ROW(failed, (decided(images.file, member, l).verdict == AP_DENY) == rows[i].member,
			       "row %zu, %d: member", i, listen);
			AP_ROW(failed, (decided(images.file, stranger, l).verdict == AP_DENY) == rows[i].stranger,
			       "row %zu, %d: stranger", i, listen);
			AP_ROW(failed, (decided(images.file, "u4", l).verdict == AP_DENY) == rows[i].stranger,
			       "row %zu, %d: without an account", i, listen);
		}
		free_both(&images);
		free(text);
	}
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_concern_never_changes_a_decision),
		cmocka_unit_test(test_concern_of_one_tenant_in_a_thousand),
		cmocka_unit_test(test_concern_of_a_group_behind_the_first),
		cmocka_unit_test(test_concern_asks_for_few_of_many_groups),
		cmocka_unit_test(test_concern_where_one_late_group_cannot_be_looked_up),
		cmocka_unit_test(test_concern_of_a_department_that_a_late_group_fills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
