/* Whether administrators still get in, asked for with the services through which they come to mend a policy. */
#include "administrators.h"

#include "../login/evaluate.h"
#include "doors.h"

#include <stdio.h>
#include <string.h>

enum {
	PROBES_MAX = 128,         /* addresses that are tried for an administrator */
	ANSWERS_MAX = 5 * 1000000 /* policies' answers that are asked for */
};

typedef struct {
	ap_finder *f;
	const char *name;
	ap_answer *answers; /* by policy number */
	bool *reported;     /* by policy number */
	ap_words *governed; /* by policy number: whom it governs, and nothing more was to be reported of */
	uint64_t n_answers;
	bool incomplete;
} inquiry;

const char *ap_administrator_login(ap_arena *arena, const ap_image *image, const char *listed)
{
	ap_view view = ap_view_of(image);
	size_t length = strlen(listed), n;
	const char *domain = "example.invalid"; /* RFC 2606: of nobody's */
	char *name;

	if (length < 2 || listed[length - 1] != '@')
		return listed;
	if (ap_view_string(&view, ap_view_settings(&view).default_domain)[0] != '\0')
		return ap_arena_strndup(arena, listed, length - 1);
	if (ap_image_count(image, AP_TABLE_DOMAINS) > 0)
		domain = ap_view_string(&view, ap_view_domain(&view, 0));
	n = strlen(domain);
	name = ap_arena_alloc(arena, length + n + 1);
	memcpy(name, listed, length);
	memcpy(name + length, domain, n);
	return name;
}

static void note_answer(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	ap_answer *answers = context;

	(void)policy;
	answers[answer->policy] = *answer;
}

/* Fills the answers. False where the login could not be evaluated. */
static bool ask(inquiry *q, ap_request *request, ap_decision *ret_decision)
{
	const ap_evaluate_options options = { .only = AP_NONE, .hook = note_answer, .hook_context = q->answers };

	if (q->n_answers > ANSWERS_MAX) {
		q->incomplete = true;
		return false;
	}
	q->n_answers += q->f->set->n_policies;
	return ap_evaluate(q->f->image, request, &options, ret_decision, NULL) == AP_OK;
}

static void report_denier(inquiry *q, size_t number, const ap_request *request, bool denies)
{
	const ap_policy_def *def = &q->f->set->policies[number];
	const char *client = ap_view_string(&q->f->view, ap_view_client(&q->f->view, request->client).name);
	const char *place = request->facts.rhost != NULL ? request->facts.rhost : "the machine itself";

	if (q->reported[number])
		return;
	q->reported[number] = true;
	ap_finder_report(q->f, &def->place, "policy \"%s\" %s the administrator \"%s\"%s: service %s %s %s (%s)",
			 def->name, denies ? "denies" : "does not tell whether to let in", q->name,
			 denies                           ? ""
			 : q->f->set->undetermined_allows ? ", who is allowed"
							  : ", who is denied",
			 request->facts.service, request->facts.rhost != NULL ? "from" : "at", place, client);
}

/* True if the policy denies the login that its answer is about, unless another whitelist lets it in. */
static bool denies(const ap_image_policy *policy, const ap_answer *answer)
{
	return (policy->type == AP_POLICY_BLACKLIST ? answer->matches : answer->fails) == AP_YES;
}

static void report_deniers(inquiry *q, const ap_request *request, const ap_decision *decision)
{
	bool blacklisted_or_required = false;

	if (decision->policy == AP_NONE)
		return;
	if (decision->reason == AP_REASON_UNDETERMINED)
		report_denier(q, decision->policy, request, false);
	if (decision->reason == AP_REASON_UNDETERMINED || decision->verdict != AP_DENY)
		return;
	for (size_t i = 0; i < q->f->set->n_policies; i++) {
		ap_image_policy policy = ap_view_policy(&q->f->view, (uint32_t)i);

		if (policy.status != AP_POLICY_ENABLED || !denies(&policy, &q->answers[i]) ||
		    (policy.type == AP_POLICY_WHITELIST && (policy.flags & AP_POLICY_REQUIRED) == 0))
			continue;
		blacklisted_or_required = true;
		report_denier(q, i, request, true);
	}
	if (!blacklisted_or_required)
		report_denier(q, decision->policy, request, true);
}

/* Asks for one login. `tried` is the client type that the last one was of: the same again is not asked for. */
static void try_login(inquiry *q, const char *service, const char *address, uint32_t *tried)
{
	const ap_facts facts = {
		.user = q->name, .rhost = address, .service = service, .now = q->f->now, .nss = q->f->nss
	};
	ap_decision decision;
	ap_request request;

	if (ap_request_init(&request, q->f->image, &facts, NULL) != AP_OK)
		return;
	if (request.client != *tried && ask(q, &request, &decision)) {
		report_deniers(q, &request, &decision);
		ap_decision_clear(&decision);
	}
	*tried = request.client;
	ap_request_clear(&request);
}

static void try_machine(inquiry *q)
{
	static const char *const services[] = { "login", "su", "sudo", "cron" };
	uint32_t tried = AP_NONE;

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		try_login(q, services[i], NULL, &tried);
}

static void try_address(inquiry *q, const char *address)
{
	uint32_t tried = AP_NONE;

	try_login(q, "sshd", address, &tried);
	try_login(q, "cockpit", address, &tried);
}

typedef struct {
	const char *items[PROBES_MAX];
	size_t n;
} probe_list;

static void add_probe(inquiry *q, probe_list *probes, const char *address)
{
	for (size_t i = 0; i < probes->n; i++)
		if (address == NULL || strcmp(probes->items[i], address) == 0)
			return;
	if (probes->n < PROBES_MAX)
		probes->items[probes->n++] = address;
	else
		q->incomplete = true;
}

/* True if the policy may govern the administrator's logins: the addresses of others make no difference. */
static bool concerns(ap_finder *f, const ap_image_policy *policy, const ap_answer *answer)
{
	return ap_finder_is_in_force(f, policy) && policy->net != AP_NONE &&
	       (answer->scope != AP_NO || answer->why_scope.excepted);
}

/* Addresses in no network, as a rule; then those of the policies that may govern the administrator. */
static probe_list probes_of(inquiry *q)
{
	static const char *const elsewhere[] = { "203.0.113.1", "198.51.100.1", "192.0.2.1", "2001:db8::1" };
	probe_list probes = { .n = 0 };

	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		probes.items[probes.n++] = elsewhere[i];
	for (size_t i = 0; i < q->f->set->n_policies; i++) {
		ap_image_policy policy = ap_view_policy(&q->f->view, (uint32_t)i);
		ap_addresses addresses;

		if (!concerns(q->f, &policy, &q->answers[i]))
			continue;
		addresses = ap_finder_addresses(q->f, &q->f->set->policies[i]);
		for (size_t k = 0; k < addresses.n; k++)
			add_probe(q, &probes, addresses.items[k]);
		if (policy.type == AP_POLICY_WHITELIST)
			add_probe(q, &probes, ap_finder_address_outside(q->f, policy.net));
	}
	return probes;
}

/*
 * Whom a policy governs
 */

/* What a policy answers does not depend on whether it is in force: of a disabled one its scope is told as well. */
static bool governs(const ap_answer *answer)
{
	ap_why_kind why = answer->why_scope.kind;

	if (answer->scope != AP_NO)
		return true;
	return answer->why_scope.excepted &&
	       (why == AP_WHY_ENTRY || why == AP_WHY_REGION || why == AP_WHY_LOCAL || why == AP_WHY_ADDRESS_UNKNOWN);
}

/* Fills the answers, by policy number, over any login of an administrator. False where it cannot be evaluated. */
static bool ask_scopes(const ap_image *image, const char *name, const ap_nss *nss, ap_answer *answers)
{
	const ap_facts facts = { .user = name, .rhost = "203.0.113.1", .nss = nss };
	const ap_evaluate_options options = { .only = AP_NONE, .hook = note_answer, .hook_context = answers };
	ap_decision decision;
	ap_request request;
	bool done = false;

	if (ap_request_init(&request, image, &facts, NULL) != AP_OK)
		return false;
	if (ap_evaluate(image, &request, &options, &decision, NULL) == AP_OK) {
		ap_decision_clear(&decision);
		done = true;
	}
	ap_request_clear(&request);
	return done;
}

ap_words ap_governed_administrators(const ap_policy_set *set, const ap_image *image, uint32_t policy, const ap_nss *nss,
				    ap_arena *arena)
{
	ap_answer *answers = ap_arena_alloc(arena, (set->n_policies + 1) * sizeof(*answers));
	ap_words governed = { .n = 0 };

	for (size_t i = 0; i < set->administrators.n && policy < set->n_policies; i++) {
		const char *listed = set->administrators.items[i].text;

		if (!ask_scopes(image, ap_administrator_login(arena, image, listed), nss != NULL ? nss : &ap_nss_system,
				answers) ||
		    governs(&answers[policy]))
			ap_words_add(arena, &governed, listed);
	}
	return governed;
}

static void note_governed(inquiry *q, const char *listed)
{
	if (!ask_scopes(q->f->image, q->name, q->f->nss, q->answers))
		return;
	for (size_t i = 0; i < q->f->set->n_policies; i++) {
		ap_image_policy policy = ap_view_policy(&q->f->view, (uint32_t)i);

		if (policy.status == AP_POLICY_ENABLED && !ap_finder_is_over(q->f, &policy) && !q->reported[i] &&
		    governs(&q->answers[i]))
			ap_words_add(q->f->arena, &q->governed[i], listed);
	}
}

/* `"a", "b"`, as far as there is room in one finding. */
static const char *names_text(const ap_words *names, char *buffer, size_t size)
{
	enum { SHOWN = 5 };
	size_t n = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < names->n && i < SHOWN && n < size; i++)
		n += (size_t)snprintf(buffer + n, size - n, "%s\"%.60s\"", i == 0 ? "" : ", ", names->items[i]);
	if (names->n > SHOWN && n < size)
		(void)snprintf(buffer + n, size - n, ", …");
	return buffer;
}

static void report_governed(inquiry *q)
{
	for (size_t i = 0; i < q->f->set->n_policies; i++) {
		const ap_policy_def *def = &q->f->set->policies[i];
		const ap_words *names = &q->governed[i];
		char text[400];

		if (names->n == 0)
			continue;
		(void)names_text(names, text, sizeof(text));
		ap_finder_report(q->f, &def->place,
				 "policy \"%s\" governs the administrator%s %s, who can be locked out by it; write "
				 "except = { members = [ %s ]; } in its scope",
				 def->name, names->n > 1 ? "s" : "", text, text);
	}
}

static void find_denied_administrator(inquiry *q)
{
	size_t n = q->f->set->n_policies;
	probe_list probes;

	memset(q->answers, 0, n * sizeof(*q->answers));
	memset(q->reported, 0, n * sizeof(*q->reported));
	try_machine(q);
	probes = probes_of(q);
	for (size_t i = 0; i < probes.n; i++)
		try_address(q, probes.items[i]);
}

void ap_find_denied_administrators(ap_finder *f)
{
	size_t n = f->set->n_policies + 1;
	inquiry q = { .f = f };

	q.answers = ap_arena_alloc(f->arena, n * sizeof(*q.answers));
	q.reported = ap_arena_alloc(f->arena, n * sizeof(*q.reported));
	q.governed = ap_arena_alloc(f->arena, n * sizeof(*q.governed));
	for (size_t i = 0; i < f->set->administrators.n; i++) {
		const char *listed = f->set->administrators.items[i].text;

		q.name = ap_administrator_login(f->arena, f->image, listed);
		find_denied_administrator(&q);
		note_governed(&q, listed);
	}
	report_governed(&q);
	if (q.incomplete)
		ap_diagnostics_add(f->diagnostics, AP_WARNING, f->set->root, 0,
				   "there are too many policies to try all their addresses for the administrators; "
				   "only some were");
}

void ap_find_no_administrators(ap_finder *f)
{
	for (size_t i = 0; f->set->administrators.n == 0 && i < f->set->n_policies; i++) {
		ap_image_policy policy = ap_view_policy(&f->view, (uint32_t)i);

		if (!ap_restricts_system(f, &policy))
			continue;
		ap_finder_report(f, &f->set->policies[i].place,
				 "policy \"%s\" restricts system logins, and no administrators are named, so nothing "
				 "tells whether they can still log in; write administrators = [ … ]",
				 f->set->policies[i].name);
		return;
	}
}
