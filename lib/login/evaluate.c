#include "evaluate.h"

#include "concern.h"

#include <stdlib.h>
#include <string.h>

const char *ap_verdict_name(ap_verdict verdict)
{
	return verdict == AP_ALLOW ? "allow" : "deny";
}

const char *ap_reason_name(ap_reason reason)
{
	static const char *const names[] = {
		[AP_REASON_BLACKLISTED] = "blacklisted",   [AP_REASON_NOT_WHITELISTED] = "not-whitelisted",
		[AP_REASON_UNDETERMINED] = "undetermined", [AP_REASON_WHITELISTED] = "whitelisted",
		[AP_REASON_DEFAULT] = "default",
	};

	return names[reason];
}

/* A policy: its number, which is its place in reading order, and the place of its record. */
typedef struct {
	uint32_t number;
	uint32_t at;
} policy_ref;

static const policy_ref nobody = { .number = AP_NONE };

/* The one that comes first in reading order; nobody comes last. */
static policy_ref first_of(policy_ref a, policy_ref b)
{
	return a.number <= b.number ? a : b;
}

/* How many policies answer yes, and how many unknown, to one of the formula's questions. */
typedef struct {
	uint32_t yes, unknown;
	policy_ref first_yes;
} tally;

typedef enum { BLACKLIST_MATCHES, REQUIRED_FAILS, REQUIRED_MATCHES, OTHER_FAILS, OTHER_MATCHES, N_QUESTIONS } question;
typedef enum { BLACKLISTS, REQUIRED_WHITELISTS, OTHER_WHITELISTS, N_CLASSES } policy_class;

typedef struct {
	tally of[N_QUESTIONS];
	policy_ref first_unknown[N_CLASSES];
} totals;

static totals no_totals(void)
{
	totals t = { .first_unknown = { nobody, nobody, nobody } };
	int i;

	for (i = 0; i < N_QUESTIONS; i++)
		t.of[i].first_yes = nobody;
	return t;
}

static policy_class class_of(const ap_image_policy *policy)
{
	if (policy->type == AP_POLICY_BLACKLIST)
		return BLACKLISTS;
	return (policy->flags & AP_POLICY_REQUIRED) != 0 ? REQUIRED_WHITELISTS : OTHER_WHITELISTS;
}

static void count(tally *t, ap_tri answer, policy_ref policy)
{
	if (answer == AP_YES) {
		t->yes++;
		t->first_yes = first_of(t->first_yes, policy);
	}
	if (answer == AP_UNKNOWN)
		t->unknown++;
}

static void uncount(tally *t, ap_tri answer)
{
	t->yes -= answer == AP_YES;
	t->unknown -= answer == AP_UNKNOWN;
}

static void count_answer(totals *t, const ap_image_policy *policy, const ap_answer *answer)
{
	policy_class kind = class_of(policy);
	policy_ref ref = { .number = answer->policy, .at = answer->at };

	if (answer->governs == AP_NO)
		return;
	if (kind == BLACKLISTS) {
		count(&t->of[BLACKLIST_MATCHES], answer->matches, ref);
	} else {
		bool required = kind == REQUIRED_WHITELISTS;

		count(&t->of[required ? REQUIRED_FAILS : OTHER_FAILS], answer->fails, ref);
		count(&t->of[required ? REQUIRED_MATCHES : OTHER_MATCHES], answer->matches, ref);
	}
	if (answer->matches == AP_UNKNOWN || answer->fails == AP_UNKNOWN)
		t->first_unknown[kind] = first_of(t->first_unknown[kind], ref);
}

/* Takes a counted answer back out. What is decided is right afterwards; what would be named is not. */
static void uncount_answer(totals *t, const ap_image_policy *policy, const ap_answer *answer)
{
	policy_class kind = class_of(policy);

	if (kind == BLACKLISTS) {
		uncount(&t->of[BLACKLIST_MATCHES], answer->matches);
	} else {
		bool required = kind == REQUIRED_WHITELISTS;

		uncount(&t->of[required ? REQUIRED_FAILS : OTHER_FAILS], answer->fails);
		uncount(&t->of[required ? REQUIRED_MATCHES : OTHER_MATCHES], answer->matches);
	}
}

static ap_tri any(const totals *t, question q)
{
	return t->of[q].yes > 0 ? AP_YES : t->of[q].unknown > 0 ? AP_UNKNOWN : AP_NO;
}

static policy_ref first_unknown(const totals *t)
{
	int kind;

	for (kind = 0; kind < N_CLASSES; kind++)
		if (t->first_unknown[kind].number != AP_NONE)
			return t->first_unknown[kind];
	return nobody;
}

static void settle(ap_decision *decision, ap_verdict verdict, ap_reason reason, policy_ref policy)
{
	decision->verdict = verdict;
	decision->reason = reason;
	decision->policy = policy.number;
	decision->at = policy.at;
}

static void conclude(const totals *t, bool undetermined_allows, ap_decision *decision)
{
	ap_tri others = ap_tri_and(any(t, OTHER_FAILS), ap_tri_not(any(t, OTHER_MATCHES)));
	ap_tri denied = ap_tri_or(ap_tri_or(any(t, BLACKLIST_MATCHES), any(t, REQUIRED_FAILS)), others);
	policy_ref match = first_of(t->of[REQUIRED_MATCHES].first_yes, t->of[OTHER_MATCHES].first_yes);

	if (denied == AP_YES && any(t, BLACKLIST_MATCHES) == AP_YES)
		settle(decision, AP_DENY, AP_REASON_BLACKLISTED, t->of[BLACKLIST_MATCHES].first_yes);
	else if (denied == AP_YES)
		settle(decision, AP_DENY, AP_REASON_NOT_WHITELISTED,
		       t->of[any(t, REQUIRED_FAILS) == AP_YES ? REQUIRED_FAILS : OTHER_FAILS].first_yes);
	else if (denied == AP_UNKNOWN)
		settle(decision, undetermined_allows ? AP_ALLOW : AP_DENY, AP_REASON_UNDETERMINED, first_unknown(t));
	else
		settle(decision, AP_ALLOW, match.number != AP_NONE ? AP_REASON_WHITELISTED : AP_REASON_DEFAULT, match);
}

/* A decision in the making. */
typedef struct {
	ap_evaluation e;
	const ap_evaluate_options *options;
	totals enabled;
	uint32_t *report_only; /* places: to be considered when the decision is known */
	size_t n_report_only;
} making;

static bool goes_on(const making *m)
{
	return m->e.view.sound && !m->e.out_of_memory;
}

static void note_report_only(making *m, uint32_t place)
{
	uint32_t *larger = realloc(m->report_only, (m->n_report_only + 1) * sizeof(*larger));

	if (larger == NULL) {
		m->e.out_of_memory = true;
		return;
	}
	m->report_only = larger;
	m->report_only[m->n_report_only++] = place;
}

static void ask_policy(making *m, uint32_t place)
{
	const ap_image_policy policy = ap_view_policy_at(&m->e.view, place);
	bool beside = policy.status == AP_POLICY_REPORT_ONLY && m->options->only == AP_NONE;
	ap_answer answer;

	if (beside)
		note_report_only(m, place);
	if (beside && m->options->hook == NULL)
		return;
	ap_answer_policy(&m->e, place, &policy, m->options->hook != NULL, &answer);
	if (m->options->hook != NULL)
		m->options->hook(m->options->hook_context, &policy, &answer);
	if (!beside)
		count_answer(&m->enabled, &policy, &answer);
}

static void visit_policy(ap_evaluation *e, void *context, uint32_t place)
{
	(void)e;
	ask_policy(context, place);
}

/* Whoever listens is told of every policy, and a malformed name may be listed by any. */
static void ask_policies(making *m)
{
	uint32_t n = ap_image_count(m->e.view.image, AP_TABLE_POLICIES), i;

	if (m->options->only != AP_NONE) {
		ask_policy(m, ap_view_policy_place(&m->e.view, m->options->only));
	} else if (m->options->hook != NULL || m->e.request->member.malformed) {
		for (i = 0; i < n && goes_on(m); i++)
			ask_policy(m, ap_view_policy_place(&m->e.view, i));
	} else {
		ap_concern_narrow(&m->e);
		ap_concern_each_policy(&m->e, visit_policy, m);
	}
}

static void add_would(making *m, ap_decision *decision, const ap_would *would)
{
	ap_would *larger = realloc(decision->would, (decision->n_would + 1) * sizeof(*larger));
	size_t at = decision->n_would;

	if (larger == NULL) {
		m->e.out_of_memory = true;
		return;
	}
	decision->would = larger;
	for (; at > 0 && larger[at - 1].policy > would->policy; at--)
		larger[at] = larger[at - 1];
	larger[at] = *would;
	decision->n_would++;
}

/* Adds the report-only policy to *decision if it alone would have turned the verdict. */
static void consider_report_only(making *m, uint32_t place, ap_decision *decision)
{
	const ap_image_policy policy = ap_view_policy_at(&m->e.view, place);
	ap_decision changed = { .policy = AP_NONE };
	totals with = m->enabled;
	ap_answer answer;

	if (policy.replaces != AP_NONE) {
		const ap_image_policy replaced = ap_view_policy_at(&m->e.view, policy.replaces);

		if (replaced.status == AP_POLICY_ENABLED) {
			ap_answer_policy(&m->e, policy.replaces, &replaced, false, &answer);
			uncount_answer(&with, &replaced, &answer);
		}
	}
	ap_answer_policy(&m->e, place, &policy, false, &answer);
	count_answer(&with, &policy, &answer);
	conclude(&with, m->e.head->settings.undetermined_allows != 0, &changed);
	if (changed.verdict != decision->verdict)
		add_would(m, decision,
			  &(ap_would){ .policy = policy.number,
				       .at = place,
				       .verdict = changed.verdict,
				       .reason = changed.reason });
}

static void decide(making *m, ap_decision *decision)
{
	size_t i;

	ask_policies(m);
	conclude(&m->enabled, m->e.head->settings.undetermined_allows != 0, decision);
	for (i = 0; i < m->n_report_only && goes_on(m); i++)
		consider_report_only(m, m->report_only[i], decision);
}

ap_status ap_evaluate(const ap_image *image, ap_request *request, const ap_evaluate_options *options,
		      ap_decision *ret_decision, ap_error *error)
{
	static const ap_evaluate_options all = { .only = AP_NONE };
	making m = { .options = options != NULL ? options : &all, .enabled = no_totals() };
	bool sound, out_of_memory;

	memset(ret_decision, 0, sizeof(*ret_decision));
	ap_evaluation_init(&m.e, image, request);
	decide(&m, ret_decision);
	sound = m.e.view.sound;
	out_of_memory = m.e.out_of_memory;
	free(m.report_only);
	ap_evaluation_clear(&m.e);
	if (sound && !out_of_memory)
		return AP_OK;
	ap_decision_clear(ret_decision);
	if (out_of_memory)
		return ap_error_set(error, AP_ERR_MEMORY, NULL, 0, "there is no memory to decide");
	return ap_image_damaged(image, error);
}

void ap_decision_clear(ap_decision *decision)
{
	free(decision->would);
	memset(decision, 0, sizeof(*decision));
}

const char *ap_decision_message(const ap_image *image, const ap_decision *decision)
{
	ap_view view = ap_view_of(image);
	uint32_t message = 0;
	const char *text;

	if (decision->policy != AP_NONE)
		message = ap_view_policy_at(&view, decision->at).message;
	if (message == 0)
		message = ap_view_settings(&view).message;
	text = ap_view_string(&view, message);
	return view.sound ? text : NULL;
}
