#include "wizard_review.h"

#include <string.h>

const char *ap_review_text(const ap_answers *answers)
{
	return ap_drop_in_text(answers->context->arena, &(ap_drop_in){ .policies = answers->form, .n_policies = 1 });
}

/* As it is, but for lines that are broken where the terminal ends. */
static void write_file(ap_context *context, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n"), indent = strspn(text, " ");

		ap_blanks(indent);
		ap_paint_wrapped(
			&context->screen, AP_PLAIN,
			ap_printable(context->arena, ap_arena_strndup(context->arena, text + indent, length - indent)),
			indent);
		text += length + (text[length] == '\n');
	}
}

static bool has(const ap_diagnostics *list, const ap_diagnostic *item)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].line == item->line && strcmp(list->items[i].file, item->file) == 0 &&
		    strcmp(list->items[i].message, item->message) == 0)
			return true;
	return false;
}

/* What is said of the files with the policy, and was not said of them without. Returns how many these are. */
static size_t write_new(ap_context *context, const ap_diagnostics *with, const ap_diagnostics *without,
			const char *warning)
{
	ap_diagnostics fresh = { .items = ap_arena_alloc(context->arena, (with->n + 1) * sizeof(*with->items)) };

	for (size_t i = 0; i < with->n; i++)
		if (!has(without, &with->items[i]))
			fresh.items[fresh.n++] = with->items[i];
	ap_write_findings(context, &fresh, warning);
	return fresh.n;
}

static void compare(ap_review *review, ap_context *context, const ap_examination *with)
{
	static const ap_examination nothing = { .set = NULL };
	/* where no policy is made, all that keeps it from being one is told */
	const ap_examination *without = with->image != NULL ? &review->before : &nothing;
	size_t n = write_new(context, &with->problems, &without->problems, "warning") +
		   write_new(context, &with->failed, &without->failed, "warning") +
		   write_new(context, &with->findings, &without->findings, "finding");

	if (n == 0)
		ap_paint_wrapped(&context->screen, AP_GREEN, "\"accesspolicy check\" has nothing to say of it.", 0);
	else if (with->image == NULL)
		ap_paint_wrapped(&context->screen, AP_PLAIN,
				 "So it cannot be put in force, nor be tested. \"<\" goes back to change it.", 0);
	else if (with->n_failed > without->n_failed)
		ap_paint_wrapped(&context->screen, AP_PLAIN,
				 "With an assertion that fails, it is not put in force. \"<\" goes back to change it.",
				 0);
}

/* What the files say besides does not change while somebody answers; where it does, saving tells. */
static void examine_before(ap_review *review, const char *config)
{
	const ap_load_options options = { .config = config, .regions_must_be_known = true };

	if (!review->compared)
		ap_examine(&options, &review->before);
	review->compared = true;
}

void ap_review_show(ap_review *review, const ap_answers *answers)
{
	ap_context *context = answers->context;
	const ap_load_options options = { .config = ap_context_config(context),
					  .draft = ap_drop_in_name(context->arena, answers->form->name, 1),
					  .draft_text = ap_review_text(answers),
					  .regions_must_be_known = true };
	ap_examination with = { 0 };

	ap_subject_close(&review->draft);
	write_file(context, options.draft_text);
	fflush(stdout);
	examine_before(review, options.config);
	ap_examine(&options, &with);
	compare(review, context, &with);
	if (with.image != NULL) {
		review->draft = (ap_subject){
			.image = with.image, .set = with.set, .path = options.config, .draft = options.draft
		};
		with.image = NULL;
		with.set = NULL;
	}
	ap_examination_clear(&with);
}

void ap_review_clear(ap_review *review)
{
	ap_examination_clear(&review->before);
	ap_subject_close(&review->draft);
}
