/*
 * wizard_answers.h - the wizard's questions: what each asks, what its answer makes of the policy, and whether the loader
 * would take that.
 */
#ifndef AP_WIZARD_ANSWERS_H
#define AP_WIZARD_ANSWERS_H

#include "../lib/make/policy_check.h"
#include "line.h"

#include <stdbool.h>

/* In their order. Those behind AP_ASK_MORE are asked where its answer names them. */
typedef enum {
	AP_ASK_TYPE,
	AP_ASK_NAME,
	AP_ASK_SCOPE,
	AP_ASK_EXCEPT,
	AP_ASK_IP,
	AP_ASK_REGIONS,
	AP_ASK_CLIENTS,
	AP_ASK_OTHERS,
	AP_ASK_REQUIRED,
	AP_ASK_MORE,
	AP_ASK_MESSAGE,
	AP_ASK_COMMENT,
	AP_ASK_FROM,
	AP_ASK_UNTIL,
	AP_N_ASK
} ap_ask;

enum { AP_WIZARD_STEPS = 8 };

typedef struct {
	ap_context *context;
	const ap_policy_set *set; /* what the files say */
	const char *edited;       /* as in wizard.h */
	const ap_policy_check *check;
	ap_policy_form *form; /* the answers so far */
	bool excepted;        /* AP_ASK_EXCEPT was answered */
	ap_ask named;         /* what an answer to AP_ASK_MORE named, or AP_N_ASK */
} ap_answers;

/* Borrows what it is given; lives in the context's arena. */
ap_answers ap_answers_begin(ap_context *context, const ap_policy_set *set, const char *edited, ap_policy_form *form);

/* False where the question has no sense after the answers so far. */
bool ap_answers_applies(const ap_answers *answers, ap_ask ask);

unsigned ap_answers_step(ap_ask ask);        /* 1…AP_WIZARD_STEPS */
const char *ap_answers_title(unsigned step); /* "Scope" */
const char *ap_answers_prompt(ap_ask ask);   /* "scope> " */
const char *ap_answers_help(ap_ask ask);     /* what "?" says */

/* What the question says before it is asked, paragraph by paragraph; with `i` beyond the last, NULL. In the arena. */
const char *ap_answers_text(const ap_answers *answers, ap_ask ask, size_t i);

/* The answer as it is, or as it is proposed; "" for none. In the arena. */
const char *ap_answers_line(ap_answers *answers, ap_ask ask);

/* True with the form changed; false with what is wrong added, and the form as it was. Warnings may be added in both cases. */
bool ap_answers_take(ap_answers *answers, ap_ask ask, const char *line, ap_diagnostics *diagnostics);

/* A question's ap_line_complete: `data` is an ap_answers_completion. */
typedef struct {
	const ap_answers *answers;
	ap_ask ask;
} ap_answers_completion;
void ap_answers_complete(void *data, const char *word, ap_candidates *candidates);

/*
 * The number of the one of `n` words that a text is: the word, what only one begins with, or with `numbered` its number
 * from 1. -1, with what was expected added, where it is none.
 */
int ap_answers_choose(ap_context *context, const char *text, const char *const *words, size_t n, bool numbered,
		      ap_diagnostics *diagnostics);

#endif
