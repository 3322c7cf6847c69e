/*
 * The library and the naive evaluation agree on random policy sets and logins: the decision, its reason and policy,
 * what report-only policies would have changed, and each policy's sub-answers.
 *
 * AP_SEED repeats a run, AP_SETS makes it longer.
 */
#include "../../lib/login/evaluate.h"
#include "../../lib/make/compile.h"
#include "../../lib/make/load.h"
#include "generate.h"
#include "naive.h"
#include "rows.h"
#include "write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_SETS = 10000, N_LOGINS = 12 };

/*
 * Accounts and groups
 */

static const struct {
	const char *name;
	look_up found;
	const char *groups[3];
} accounts[] = {
	{ "alice", LOOK_UP_FINDS, { "g1" } },        { "carol@a.test", LOOK_UP_FINDS, { "g2", "g3" } },
	{ "bob", LOOK_UP_FINDS, { "g1", "g2" } },    { "erin", LOOK_UP_FINDS, { NULL } },
	{ "dave", LOOK_UP_FAILS, { NULL } },         { "dave@c.test", LOOK_UP_FAILS, { NULL } },
	{ "frank@b.test", LOOK_UP_FINDS, { "g3" } },
};

look_up model_account(const char *name)
{
	for (size_t i = 0; i < AP_N(accounts); i++)
		if (strcmp(accounts[i].name, name) == 0)
			return accounts[i].found;
	return LOOK_UP_FINDS_NOT;
}

look_up model_group(const char *name)
{
	if (strcmp(name, "broken") == 0)
		return LOOK_UP_FAILS;
	return name[0] == 'g' && name[2] == '\0' ? LOOK_UP_FINDS : LOOK_UP_FINDS_NOT;
}

bool model_account_in_group(const char *account, const char *group)
{
	for (size_t i = 0; i < AP_N(accounts); i++)
		for (size_t k = 0; k < 3 && strcmp(accounts[i].name, account) == 0; k++)
			if (accounts[i].groups[k] != NULL && strcmp(accounts[i].groups[k], group) == 0)
				return true;
	return false;
}

enum { NOBODYS_GROUP = 900, FIRST_GROUP = 1000 };

static gid_t gid_of(const char *group)
{
	return FIRST_GROUP + (gid_t)(group[1] - '0');
}

static int fake_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **ret)
{
	look_up found = model_account(name);

	*ret = NULL;
	if (found != LOOK_UP_FINDS)
		return found == LOOK_UP_FAILS ? EIO : 0;
	(void)snprintf(buffer, size, "%s", name);
	*entry = (struct passwd){ .pw_name = buffer, .pw_gid = NOBODYS_GROUP };
	*ret = entry;
	return 0;
}

static int fake_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, struct group **ret)
{
	static char *nobody[] = { NULL };
	look_up found = model_group(name);

	(void)size;
	*ret = NULL;
	if (found != LOOK_UP_FINDS)
		return found == LOOK_UP_FAILS ? EIO : 0;
	buffer[0] = '\0';
	*entry = (struct group){ .gr_name = buffer, .gr_gid = gid_of(name), .gr_mem = nobody };
	*ret = entry;
	return 0;
}

static int fake_getgrouplist(const char *name, gid_t primary, gid_t *gids, int *n)
{
	static const char *const groups[] = { "g1", "g2", "g3" };
	int found = 0;

	gids[found++] = primary;
	for (size_t i = 0; i < AP_N(groups); i++)
		if (model_account_in_group(name, groups[i]))
			gids[found++] = gid_of(groups[i]);
	*n = found;
	return found;
}

/* Asked for only where a policy names hundreds of groups. */
static int fake_getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **ret)
{
	(void)gid;
	(void)entry;
	(void)buffer;
	(void)size;
	*ret = NULL;
	return EIO;
}

static const ap_nss services = { fake_getpwnam_r, fake_getgrnam_r, fake_getgrouplist, fake_getgrgid_r };

/*
 * What is shown of a disagreement
 */

static const char *const answer_names[] = { [NO] = "no", [YES] = "yes", [UNKNOWN] = "unknown" };
static const char *const reason_names[] = { "blacklisted", "not-whitelisted", "undetermined", "whitelisted",
					    "default" };

static void show_login(const login *r)
{
	print_error("login: user \"%s\", rhost %s%s, service %s, tty %s, ruser %s, client %s, now %lld, env", r->user,
		    r->rhost != NULL ? r->rhost : "-", r->at_machine ? " (at the machine)" : "",
		    r->service != NULL ? r->service : "-", r->tty != NULL ? r->tty : "-",
		    r->ruser != NULL ? r->ruser : "-", r->client != NULL ? r->client : "-", (long long)r->now);
	for (size_t i = 0; r->env[i] != NULL; i++)
		print_error(" \"%s\"", r->env[i]);
	print_error("\n");
}

static void append_decision(char *text, size_t size, bool denied, const char *because, int number)
{
	size_t used = strlen(text);

	if (number >= 0)
		(void)snprintf(text + used, size - used, "%s %s p%d\n", denied ? "deny" : "allow", because, number);
	else
		(void)snprintf(text + used, size - used, "%s %s -\n", denied ? "deny" : "allow", because);
}

static void append_answers(char *text, size_t size, size_t i, const char *const answers[6])
{
	size_t used = strlen(text);

	(void)snprintf(text + used, size - used,
		       "  p%zu: scope %s, client %s, network %s, governs %s, matches %s, fails %s\n", i, answers[0],
		       answers[1], answers[2], answers[3], answers[4], answers[5]);
}

static void describe_naive(const policy_set *set, const naive_decision *d, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < set->n_policies; i++) {
		const policy_answers *a = &d->answers[i];
		const char *const names[6] = { answer_names[a->scope],   answer_names[a->client],
					       answer_names[a->network], answer_names[a->governs],
					       answer_names[a->matches], answer_names[a->fails] };

		append_answers(text, size, i, names);
	}
	append_decision(text, size, d->denied, reason_names[d->reason], d->policy);
	for (size_t i = 0; i < d->n_would; i++)
		append_decision(text, size, d->would[i].denied, reason_names[d->would[i].reason], d->would[i].policy);
}

typedef struct {
	char text[4096];
	size_t n;
} heard;

static void hear(void *context, const ap_image_policy *asked, const ap_answer *a)
{
	heard *h = context;
	const char *const names[6] = { ap_tri_name(a->scope),   ap_tri_name(a->client),  ap_tri_name(a->network),
				       ap_tri_name(a->governs), ap_tri_name(a->matches), ap_tri_name(a->fails) };

	(void)asked;
	append_answers(h->text, sizeof(h->text), h->n++, names);
}

static int policy_number(uint32_t number)
{
	return number == AP_NONE ? -1 : (int)number;
}

static void describe_decision(const ap_decision *d, char *text, size_t size)
{
	append_decision(text, size, d->verdict != AP_ALLOW, ap_reason_name(d->reason), policy_number(d->policy));
	for (size_t i = 0; i < d->n_would; i++)
		append_decision(text, size, d->would[i].verdict != AP_ALLOW, ap_reason_name(d->would[i].reason),
				policy_number(d->would[i].policy));
}

/*
 * One set, some logins
 */

typedef struct {
	unsigned long cases[N_CASES];
	unsigned long reasons[N_REASONS];
	unsigned long verdicts[2];
	unsigned long would;
	unsigned long pairs;
} statistics;

static void ask_library(const ap_image *image, const login *request, bool listen, heard *h)
{
	const ap_facts facts = { .user = request->user,
				 .rhost = request->rhost,
				 .at_machine = request->at_machine,
				 .service = request->service,
				 .tty = request->tty,
				 .ruser = request->ruser,
				 .env = request->env,
				 .client = request->client,
				 .now = request->now,
				 .nss = &services };
	const ap_evaluate_options options = { .only = AP_NONE, .hook = hear, .hook_context = h };
	ap_decision decision;
	ap_request asked;

	h->text[0] = '\0';
	h->n = 0;
	assert_int_equal(ap_request_init(&asked, image, &facts, NULL), AP_OK);
	assert_int_equal(ap_evaluate(image, &asked, listen ? &options : NULL, &decision, NULL), AP_OK);
	describe_decision(&decision, h->text, sizeof(h->text));
	ap_decision_clear(&decision);
	ap_request_clear(&asked);
}

static bool same(const char *expected, const char *found, const char *policies, const login *request)
{
	if (strcmp(expected, found) == 0)
		return true;
	print_error("---- policies\n%s---- ", policies);
	show_login(request);
	print_error("---- the naive evaluation says\n%s---- the library says\n%s", expected, found);
	return false;
}

static bool check_login(const policy_set *set, const char *policies, const ap_image *image, const login *request,
			statistics *s)
{
	static char expected[4096];
	naive_decision d;
	heard h;
	bool agrees;

	naive_decide(set, request, &d, s->cases);
	describe_naive(set, &d, expected, sizeof(expected));
	ask_library(image, request, true, &h);
	agrees = same(expected, h.text, policies, request);
	/* without a listener less is asked, for the same decision */
	expected[0] = '\0';
	append_decision(expected, sizeof(expected), d.denied, reason_names[d.reason], d.policy);
	for (size_t i = 0; i < d.n_would; i++)
		append_decision(expected, sizeof(expected), d.would[i].denied, reason_names[d.would[i].reason],
				d.would[i].policy);
	ask_library(image, request, false, &h);
	agrees = agrees && same(expected, h.text, policies, request);
	s->reasons[d.reason]++;
	s->verdicts[d.denied]++;
	s->would += d.n_would;
	s->pairs++;
	return agrees;
}

static ap_image *compile_text(const char *text, size_t size)
{
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	ap_image *image = NULL;

	if (ap_load_text("/nowhere/random.conf", text, size, &set, &diagnostics) != AP_OK) {
		for (size_t i = 0; i < diagnostics.n; i++)
			print_error("%s:%u: %s\n", diagnostics.items[i].file, diagnostics.items[i].line,
				    diagnostics.items[i].message);
		print_error("%s", text);
	} else {
		(void)ap_compile_image(set, 0, &image, NULL);
	}
	ap_policy_set_free(set);
	ap_diagnostics_clear(&diagnostics);
	assert_non_null(image);
	return image;
}

static bool check_set(ap_prng *prng, statistics *s)
{
	policy_set set;
	ap_image *image;
	size_t size;
	char *text;
	bool agrees = true;

	generate_set(prng, &set);
	text = write_set(&set, &size);
	image = compile_text(text, size);
	for (int i = 0; i < N_LOGINS && agrees; i++) {
		login request;

		generate_login(prng, &set, &request);
		agrees = check_login(&set, text, image, &request, s);
	}
	ap_image_free(image);
	free(text);
	return agrees;
}

/* A case that never came is a case that was not tested. */
static int show_statistics(const statistics *s)
{
	int missing = 0;

	print_message("%lu pairs: %lu allowed, %lu denied\n", s->pairs, s->verdicts[0], s->verdicts[1]);
	for (size_t i = 0; i < N_REASONS; i++) {
		print_message("%8lu  %s\n", s->reasons[i], reason_names[i]);
		missing += s->reasons[i] == 0;
	}
	print_message("%8lu  would\n", s->would);
	missing += s->would == 0;
	for (size_t i = 0; i < N_CASES; i++) {
		print_message("%8lu  %s\n", s->cases[i], naive_case_names[i]);
		missing += s->cases[i] == 0;
	}
	return missing;
}

static void test_naive_agrees(void **state)
{
	const char *wanted = getenv("AP_SETS");
	unsigned long n_sets = wanted != NULL ? strtoul(wanted, NULL, 10) : N_SETS;
	ap_prng prng = ap_prng_seeded(20261201);
	static statistics s;
	bool agrees = true;

	(void)state;
	assert_non_null(getenv("AP_TEST_NAIVE_DATABASE"));
	for (unsigned long i = 0; i < n_sets && agrees; i++)
		agrees = check_set(&prng, &s);
	if (agrees)
		assert_int_equal(show_statistics(&s), 0);
	assert_true(agrees);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_naive_agrees) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
