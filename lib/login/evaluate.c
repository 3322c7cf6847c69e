#include "evaluate.h"

#include "answer.h"

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

/* How many policies answer yes, and how many unknown, to one of the formula's questions. */
typedef struct {
	uint32_t yes, unknown;
	uint32_t first_yes; /* policy number */
} tally;

typedef enum { BLACKLIST_MATCHES, REQUIRED_FAILS, REQUIRED_MATCHES, OTHER_FAILS, OTHER_MATCHES, N_QUESTIONS } question;
typedef enum { BLACKLISTS, REQUIRED_WHITELISTS, OTHER_WHITELISTS, N_CLASSES } policy_class;

typedef struct {
	tally of[N_QUESTIONS];
	uint32_t first_unknown[N_CLASSES]; /* policy numbers; AP_NONE where there is none */
} totals;

static const totals no_totals = { .first_unknown = { AP_NONE, AP_NONE, AP_NONE } };

static policy_class class_of(const ap_image_policy *policy)
{
	if (policy->type == AP_POLICY_BLACKLIST)
		return BLACKLISTS;
	return (policy->flags & AP_POLICY_REQUIRED) != 0 ? REQUIRED_WHITELISTS : OTHER_WHITELISTS;
}

static void count(tally *t, ap_tri answer, uint32_t policy)
{
	if (answer == AP_YES && t->yes++ == 0)
		t->first_yes = policy;
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

	if (answer->governs == AP_NO)
		return;
	if (kind == BLACKLISTS) {
		count(&t->of[BLACKLIST_MATCHES], answer->matches, answer->policy);
	} else {
		bool required = kind == REQUIRED_WHITELISTS;

		count(&t->of[required ? REQUIRED_FAILS : OTHER_FAILS], answer->fails, answer->policy);
		count(&t->of[required ? REQUIRED_MATCHES : OTHER_MATCHES], answer->matches, answer->policy);
	}
	if ((answer->matches == AP_UNKNOWN || answer->fails == AP_UNKNOWN) && t->first_unknown[kind] == AP_NONE)
		t->first_unknown[kind] = answer->policy;
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

static uint32_t first_unknown(const totals *t)
{
	int kind;

	for (kind = 0; kind < N_CLASSES; kind++)
		if (t->first_unknown[kind] != AP_NONE)
			return t->first_unknown[kind];
	return AP_NONE;
}

/* The whitelist that comes first in reading order among those that match. */
static uint32_t first_match(const totals *t)
{
	uint32_t required = any(t, REQUIRED_MATCHES) == AP_YES ? t->of[REQUIRED_MATCHES].first_yes : AP_NONE;
	uint32_t other = any(t, OTHER_MATCHES) == AP_YES ? t->of[OTHER_MATCHES].first_yes : AP_NONE;

	return required < other ? required : other;
}

static void conclude(const totals *t, bool undetermined_allows, ap_decision *decision)
{
	ap_tri others = ap_tri_and(any(t, OTHER_FAILS), ap_tri_not(any(t, OTHER_MATCHES)));
	ap_tri denied = ap_tri_or(ap_tri_or(any(t, BLACKLIST_MATCHES), any(t, REQUIRED_FAILS)), others);

	if (denied == AP_YES && any(t, BLACKLIST_MATCHES) == AP_YES) {
		decision->verdict = AP_DENY;
		decision->reason = AP_REASON_BLACKLISTED;
		decision->policy = t->of[BLACKLIST_MATCHES].first_yes;
	} else if (denied == AP_YES) {
		decision->verdict = AP_DENY;
		decision->reason = AP_REASON_NOT_WHITELISTED;
		decision->policy = t->of[any(t, REQUIRED_FAILS) == AP_YES ? REQUIRED_FAILS : OTHER_FAILS].first_yes;
	} else if (denied == AP_UNKNOWN) {
		decision->verdict = undetermined_allows ? AP_ALLOW : AP_DENY;
		decision->reason = AP_REASON_UNDETERMINED;
		decision->policy = first_unknown(t);
	} else {
		decision->verdict = AP_ALLOW;
		decision->policy = first_match(t);
		decision->reason = decision->policy != AP_NONE ? AP_REASON_WHITELISTED : AP_REASON_DEFAULT;
	}
}

/* Adds the report-only policy to *decision if it alone would have turned the verdict. */
static void consider_report_only(ap_evaluation *e, uint32_t number, const ap_image_policy *policy,
				 const totals *enabled, ap_decision *decision)
{
	totals with = *enabled;
	ap_decision changed = { .policy = AP_NONE };
	ap_would *larger;
	ap_answer answer;

	if (policy->replaces != AP_NONE) {
		const ap_image_policy *replaced = ap_view_policy_at(&e->view, policy->replaces);

		if (replaced->status == AP_POLICY_ENABLED) {
			ap_answer_policy(e, policy->replaces, replaced, false, &answer);
			uncount_answer(&with, replaced, &answer);
		}
	}
	ap_answer_policy(e, number, policy, false, &answer);
	count_answer(&with, policy, &answer);
	conclude(&with, e->settings.undetermined_allows != 0, &changed);
	if (changed.verdict == decision->verdict)
		return;
	larger = realloc(decision->would, (decision->n_would + 1) * sizeof(*larger));
	if (larger == NULL) {
		e->out_of_memory = true;
		return;
	}
	decision->would = larger;
	decision->would[decision->n_would++] =
		(ap_would){ .policy = number, .verdict = changed.verdict, .reason = changed.reason };
}

/* Asks each policy once; true if there are report-only ones beside those that were counted. */
static bool ask_policies(ap_evaluation *e, const ap_evaluate_options *options, totals *enabled)
{
	uint32_t n = ap_image_count(e->view.image, AP_SECTION_POLICIES), i;
	bool report_only = false;

	for (i = 0; i < n && e->view.sound; i++) {
		const ap_image_policy *policy;
		ap_answer answer;
		bool beside;

		if (options->only != AP_NONE && options->only != i)
			continue;
		policy = ap_view_policy_at(&e->view, i);
		beside = policy->status == AP_POLICY_REPORT_ONLY && options->only == AP_NONE;
		report_only = report_only || beside;
		if (beside && options->hook == NULL)
			continue;
		ap_answer_policy(e, i, policy, options->hook != NULL, &answer);
		if (options->hook != NULL)
			options->hook(options->hook_context, policy, &answer);
		if (!beside)
			count_answer(enabled, policy, &answer);
	}
	return report_only;
}

static void decide(ap_evaluation *e, const ap_evaluate_options *options, ap_decision *decision)
{
	uint32_t n = ap_image_count(e->view.image, AP_SECTION_POLICIES), i;
	totals enabled = no_totals;
	bool report_only = ask_policies(e, options, &enabled);

	conclude(&enabled, e->settings.undetermined_allows != 0, decision);
	for (i = 0; i < n && report_only && e->view.sound; i++) {
		const ap_image_policy *policy = ap_view_policy_at(&e->view, i);

		if (policy->status == AP_POLICY_REPORT_ONLY)
			consider_report_only(e, i, policy, &enabled, decision);
	}
}

ap_status ap_evaluate(const ap_image *image, ap_request *request, const ap_evaluate_options *options,
		      ap_decision *ret_decision, ap_error *error)
{
	static const ap_evaluate_options all = { .only = AP_NONE };
	bool sound, out_of_memory;
	ap_evaluation e;

	memset(ret_decision, 0, sizeof(*ret_decision));
	ap_evaluation_init(&e, image, request);
	decide(&e, options != NULL ? options : &all, ret_decision);
	sound = e.view.sound;
	out_of_memory = e.out_of_memory;
	ap_evaluation_clear(&e);
	if (sound && !out_of_memory)
		return AP_OK;
	ap_decision_clear(ret_decision);
	if (out_of_memory)
		return ap_error_set(error, AP_ERR_MEMORY, NULL, 0, "there is no memory to decide");
	return ap_error_set(error, AP_ERR_DAMAGED, NULL, 0, "the policy image is damaged inside");
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

	if (decision->policy != AP_NONE)
		message = ap_view_policy(&view, decision->policy).message;
	if (message == 0)
		message = ap_view_settings(&view).message;
	return ap_view_string(&view, message);
}
