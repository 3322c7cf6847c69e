/* The order of the wizard: its steps one after another, or one by its number; then the look, the test, the saving. */
#include "wizard.h"

#include "in_force.h"
#include "line.h"
#include "report.h"
#include "wizard_answers.h"
#include "wizard_review.h"
#include "wizard_verify.h"
#include "words.h"

#include <string.h>
#include <unistd.h>

/* Where it is, besides a question. */
typedef enum { AT_QUESTION, AT_REVIEW, AT_VERIFY, AT_SAVE, AT_END } place;

typedef struct {
	ap_context *context;
	const ap_wizard *wizard;
	ap_line *line;
	ap_answers answers;
	ap_review review;
	place at;
	ap_ask ask;      /* with AT_QUESTION */
	bool one_step;   /* the policy was whole already: after this step comes the review again */
	unsigned headed; /* the step whose heading stands there */
	bool failed;     /* saving did, at least once */
	int status;      /* with AT_END */
} state;

static void say(const state *s, ap_colour colour, const char *text)
{
	ap_paint_wrapped(&s->context->screen, colour, text, 0);
}

static void leave(state *s)
{
	s->at = AT_END;
	s->status = AP_EXIT_NO;
}

/* What ends a line other than an answer ends the wizard. True: there is an answer. */
static bool is_answer(state *s, ap_line_outcome outcome)
{
	if (outcome == AP_LINE_ANSWER)
		return true;
	leave(s);
	if (outcome != AP_LINE_ENDED)
		return false;
	say(s, AP_PLAIN, "Nothing was written.");
	ap_line_free(s->line);
	ap_line_die();
}

/*
 * Questions
 */

static void heading(state *s, const char *text)
{
	putchar('\n');
	say(s, AP_BOLD, text);
}

/* A paragraph that begins with a number, as in a list, hangs from it. */
static void write_paragraph(const state *s, const char *text)
{
	bool listed = text[0] >= '0' && text[0] <= '9' && text[1] == ' ';

	if (listed)
		printf("  %c  ", *text);
	ap_paint_wrapped(&s->context->screen, AP_PLAIN, listed ? text + 3 : text, listed ? 5 : 0);
}

static void introduce(state *s, ap_ask ask)
{
	unsigned step = ap_answers_step(ask);
	const char *text;

	if (step != s->headed)
		heading(s, ap_format(s->context->arena, "%u of %d  %s", step, AP_WIZARD_STEPS, ap_answers_title(step)));
	s->headed = step;
	for (size_t i = 0; (text = ap_answers_text(&s->answers, ask, i)) != NULL; i++)
		write_paragraph(s, text);
}

static void write_severity(const state *s, const ap_diagnostics *diagnostics, ap_severity severity, ap_colour colour)
{
	for (size_t i = 0; i < diagnostics->n; i++)
		if (diagnostics->items[i].severity == severity)
			say(s, colour, ap_printable(s->context->arena, diagnostics->items[i].message));
}

/* What is wrong, and then what is said besides. */
static void write_complaints(const state *s, ap_diagnostics *diagnostics)
{
	write_severity(s, diagnostics, AP_ERROR, AP_RED);
	write_severity(s, diagnostics, AP_WARNING, AP_YELLOW);
	ap_diagnostics_clear(diagnostics);
}

typedef enum { TAKEN, BACK, LEFT } reply;

static reply ask(state *s, ap_ask number)
{
	ap_answers_completion completion = { .answers = &s->answers, .ask = number };
	const ap_line_question question = { .prompt = ap_answers_prompt(number),
					    .complete = ap_answers_complete,
					    .data = &completion };
	const char *prefill = ap_answers_line(&s->answers, number);

	introduce(s, number);
	for (;;) {
		ap_line_question this_time = question;
		ap_diagnostics diagnostics = { 0 };
		const char *text;
		bool taken;

		this_time.prefill = prefill;
		if (!is_answer(s, ap_line_ask(s->line, &this_time, &text)))
			return LEFT;
		if (strcmp(text, "<") == 0)
			return BACK;
		if (strcmp(text, "?") == 0) {
			say(s, AP_PLAIN, ap_answers_help(number));
			continue;
		}
		prefill = text;
		taken = ap_answers_take(&s->answers, number, text, &diagnostics);
		write_complaints(s, &diagnostics);
		if (taken)
			return TAKEN;
	}
}

/* What an answer to "more" named, as often as one is. */
static reply ask_more(state *s)
{
	reply got;

	while ((got = ask(s, AP_ASK_MORE)) == TAKEN && s->answers.named != AP_N_ASK)
		if (ask(s, s->answers.named) == LEFT)
			return LEFT;
	return got;
}

static void go_back(state *s)
{
	ap_ask before = s->ask;

	if (s->one_step) {
		s->at = AT_REVIEW;
		return;
	}
	do {
		if (before == AP_ASK_TYPE) {
			say(s, AP_PLAIN, "This is the first step.");
			return;
		}
		before--;
	} while (!ap_answers_applies(&s->answers, before));
	s->ask = before;
}

static void go_on(state *s)
{
	ap_ask next = s->ask;

	do
		next++;
	while (next <= AP_ASK_MORE && !ap_answers_applies(&s->answers, next));
	if (next > AP_ASK_MORE || (s->one_step && ap_answers_step(next) != ap_answers_step(s->ask)))
		s->at = AT_REVIEW;
	else
		s->ask = next;
}

static void at_question(state *s)
{
	reply got = s->ask == AP_ASK_MORE ? ask_more(s) : ask(s, s->ask);

	if (got == TAKEN)
		go_on(s);
	else if (got == BACK)
		go_back(s);
}

/*
 * What comes behind them
 */

static void at_review(state *s)
{
	s->headed = 0;
	s->one_step = true;
	heading(s, "The policy as it will be written");
	ap_review_show(&s->review, &s->answers);
	s->at = s->review.draft.image != NULL ? AT_VERIFY : AT_SAVE;
}

static void back_to_questions(state *s)
{
	s->at = AT_QUESTION;
	s->ask = AP_ASK_MORE;
	s->one_step = false;
}

static void at_verify(state *s)
{
	bool back;

	heading(s, "Test and verify");
	say(s, AP_PLAIN,
	    "Logins are tried against it as if it were active. One a line, such as: alice@example.com 10.0.0.5 web. Several "
	    "users, addresses or client types make a table. An empty line goes on.");
	if (!is_answer(s, ap_verify_ask(s->context, s->line, &s->review.draft, &back)))
		return;
	if (back)
		back_to_questions(s);
	else
		s->at = AT_SAVE;
}

static const char *const save_words[] = { "enabled", "report-only", "disabled", "test", "leave" };
enum { SAVE_TEST = 3, SAVE_LEAVE = 4, N_SAVE = 5 };

static const char *const save_more[] = { "with-pending", "force" };

static const char save_help[] =
	"enabled: logins are decided by it at once. report-only: it is evaluated beside the others and changes nothing; "
	"audit records tell what it would deny. disabled: it stays in its file alone. Behind it may stand with-pending, to "
	"put in force as well what else differs in the files, and force, to go over what \"accesspolicy apply\" refuses. "
	"test tries logins again, 1 to 8 is a step to change, leave (or Ctrl-C) ends without saving.";

static void complete_save(void *data, const char *word, ap_candidates *candidates)
{
	(void)data;
	for (size_t i = 0; i < N_SAVE; i++)
		if (ap_word_begins(save_words[i], word))
			ap_candidates_add(candidates, save_words[i], NULL);
	for (size_t i = 0; i < 2 && word[0] != '\0'; i++)
		if (ap_word_begins(save_more[i], word))
			ap_candidates_add(candidates, save_more[i], NULL);
}

static void save(state *s, ap_policy_status status, const ap_words *words, ap_diagnostics *diagnostics)
{
	ap_policy_form form = *s->answers.form;
	ap_wizard_choice choice = s->wizard->choice;

	for (size_t i = 1; i < words->n; i++) {
		int more = ap_answers_choose(s->context, words->items[i], save_more, 2, false, diagnostics);

		if (more < 0)
			return;
		choice.with_pending = choice.with_pending || more == 0;
		choice.force = choice.force || more == 1;
	}
	form.status = status;
	choice.form = &form;
	fflush(stdout);
	s->status = s->wizard->save(s->wizard->data, &choice);
	if (s->status == AP_EXIT_YES) {
		s->at = AT_END;
		return;
	}
	s->failed = true;
	say(s, AP_PLAIN,
	    "It is not saved, and not lost: answer again when what is told above is mended, here or by other means. \"?\" "
	    "says more.");
}

static bool go_to_step(state *s, const char *text)
{
	ap_ask number = AP_ASK_TYPE;

	if (text[0] < '1' || text[0] > '0' + AP_WIZARD_STEPS || text[1] != '\0')
		return false;
	while (ap_answers_step(number) != (unsigned)(text[0] - '0'))
		number++;
	if (!ap_answers_applies(&s->answers, number)) {
		say(s, AP_PLAIN, "The name stays: \"accesspolicy edit --rename\" changes it.");
		return true;
	}
	s->at = AT_QUESTION;
	s->ask = number;
	return true;
}

static void take_save(state *s, const char *text)
{
	static const ap_policy_status statuses[] = { AP_POLICY_ENABLED, AP_POLICY_REPORT_ONLY, AP_POLICY_DISABLED };
	ap_diagnostics diagnostics = { 0 };
	ap_words words = { .n = 0 };
	int choice;

	/* what is edited stays what it is, unless another status is chosen */
	if (text[0] == '\0' && s->wizard->edited != NULL)
		text = ap_policy_status_names[s->answers.form->status];
	(void)ap_words_of_line(s->context->arena, text, &words);
	choice = ap_answers_choose(s->context, words.n > 0 ? words.items[0] : "", save_words, N_SAVE, false,
				   &diagnostics);
	if (choice == SAVE_LEAVE)
		leave(s);
	else if (choice == SAVE_TEST && s->review.draft.image != NULL)
		s->at = AT_VERIFY;
	else if (choice == SAVE_TEST)
		s->at = AT_REVIEW;
	else if (choice >= 0)
		save(s, statuses[choice], &words, &diagnostics);
	write_complaints(s, &diagnostics);
}

static void at_save(state *s)
{
	const ap_line_question question = { .prompt = "save> ", .prefill = "", .complete = complete_save };
	const char *text;

	heading(s, "Save");
	say(s, AP_PLAIN,
	    ap_format(
		    s->context->arena,
		    "enabled, report-only or disabled?%s Or a step's number, 1 to 8, to change something; test; leave.",
		    s->wizard->edited == NULL ? ""
					      : ap_format(s->context->arena, " An empty line: %s, as it is.",
							  ap_policy_status_names[s->answers.form->status])));
	while (s->at == AT_SAVE) {
		if (!is_answer(s, ap_line_ask(s->line, &question, &text)))
			return;
		if (strcmp(text, "?") == 0)
			say(s, AP_PLAIN, save_help);
		else if (strcmp(text, "<") == 0 && s->review.draft.image != NULL)
			s->at = AT_VERIFY;
		else if (strcmp(text, "<") == 0)
			back_to_questions(s);
		else if (!go_to_step(s, text))
			take_save(s, text);
	}
}

static void end(state *s)
{
	if (s->status == AP_EXIT_YES)
		return;
	if (s->failed) {
		const char *files = ap_in_force_files_option(s->context), *edited = s->wizard->edited;
		ap_arena *arena = s->context->arena;

		say(s, AP_PLAIN,
		    edited == NULL
			    ? ap_format(arena,
					"What was made by now is below. In a file of its own, \"accesspolicy create "
					"--from FILE%s\" saves it.",
					files)
			    : ap_format(arena,
					"What was made by now is below; \"accesspolicy edit %s --editor%s\" takes it.",
					ap_shell_word(arena, edited), files));
		ap_write_text(&s->context->screen, s->context->arena, ap_review_text(&s->answers));
	}
	say(s, AP_PLAIN, "Nothing was written.");
}

bool ap_wizard_can_run(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

int ap_wizard_run(ap_context *context, const ap_wizard *wizard)
{
	static void (*const places[])(state *) = {
		[AT_QUESTION] = at_question, [AT_REVIEW] = at_review, [AT_VERIFY] = at_verify, [AT_SAVE] = at_save
	};
	state s = { .context = context,
		    .wizard = wizard,
		    .line = ap_line_new(context),
		    .answers = ap_answers_begin(context, wizard->set, wizard->edited, wizard->form),
		    .at = wizard->edited != NULL ? AT_REVIEW : AT_QUESTION,
		    .ask = AP_ASK_TYPE };

	say(&s, AP_PLAIN,
	    "Tab completes, ? explains, < goes back a step, Ctrl-C leaves. Nothing is written before the last answer.");
	while (s.at != AT_END)
		places[s.at](&s);
	end(&s);
	ap_line_free(s.line);
	ap_review_clear(&s.review);
	return s.status;
}
