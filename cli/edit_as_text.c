#include "edit_as_text.h"

#include "../lib/make/policy_text.h"
#include "editor.h"
#include "renaming.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	ap_context *context;
	ap_apply_options *given;
	const ap_policy_set *set;
	const ap_policy_def *policy;
	ap_editor *editor;
	const char *file; /* its text, and where in it the policy is */
	size_t number, start, end;
	const char *original; /* what was edited first */
	const char *stands;   /* where the policy will stand, by its name */
} editing;

/*
 * Texts
 */

static size_t count_lines(const char *text, size_t n)
{
	size_t lines = 1;

	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

/* Without the newlines at its end, unless a comment ends there: what follows in the file is no part of it. */
static const char *trimmed(ap_arena *arena, const char *text)
{
	size_t n = strlen(text), line;
	char *copy;

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		n--;
	for (line = n; line > 0 && text[line - 1] != '\n';)
		line--;
	copy = ap_arena_strndup(arena, text, n);
	if (strchr(copy + line, '#') == NULL && strstr(copy + line, "//") == NULL)
		return copy;
	return ap_format(arena, "%s\n", copy);
}

static const char *joined(ap_arena *arena, const char *before, size_t n_before, const char *middle, const char *after)
{
	size_t n_middle = strlen(middle), n_after = strlen(after);
	char *text = ap_arena_alloc(arena, n_before + n_middle + n_after + 1);

	memcpy(text, before, n_before);
	memcpy(text + n_before, middle, n_middle);
	memcpy(text + n_before + n_middle, after, n_after + 1);
	return text;
}

/* Nothing but blanks and comments. */
static bool is_empty(const char *text)
{
	for (;;) {
		text += strspn(text, " \t\r\n");
		if (*text == '#' || strncmp(text, "//", 2) == 0) {
			text += strcspn(text, "\n");
		} else if (strncmp(text, "/*", 2) == 0 && strstr(text + 2, "*/") != NULL) {
			text = strstr(text + 2, "*/") + 2;
		} else {
			return *text == '\0';
		}
	}
}

/*
 * What is wrong with it
 */

/* The lines of the policy are those of the text that was edited; those behind it are moved by as many as it has gained. */
static void add_mapped(const editing *s, const char *edited, const ap_diagnostic *item, ap_diagnostics *mapped)
{
	size_t first = count_lines(s->file, s->start), line = item->line;
	size_t lines = count_lines(edited, strlen(edited));
	size_t were = count_lines(s->file + s->start, s->end - s->start);
	const char *file = item->file;

	if (strcmp(file, s->stands) == 0 && line >= first && line < first + lines) {
		file = ap_editor_path(s->editor);
		line = line - first + 1;
	} else if (strcmp(file, s->stands) == 0) {
		file = s->policy->place.file;
		line = line < first ? line : line - lines + were;
	}
	ap_diagnostics_add(mapped, item->severity, file, (unsigned)line, "%s", item->message);
}

static int report(const editing *s, const char *edited, const ap_diagnostics *found)
{
	ap_diagnostics mapped = { 0 };

	for (size_t i = 0; i < found->n; i++)
		if (found->items[i].severity == AP_ERROR)
			add_mapped(s, edited, &found->items[i], &mapped);
	(void)ap_report_diagnostics(s->context, &mapped);
	ap_diagnostics_clear(&mapped);
	return AP_EXIT_POLICY;
}

/* It must be one policy: what it closes and opens besides would be a change of something else. */
static bool is_one_policy(ap_arena *arena, const editing *s, const char *text, const char *edited)
{
	size_t start, end, edited_end = s->start + strlen(edited);

	if (ap_policy_text_count(arena, text, AP_SECTION_POLICIES) !=
	    ap_policy_text_count(arena, s->file, AP_SECTION_POLICIES))
		return false;
	if (!ap_policy_text_span(arena, text, AP_SECTION_POLICIES, s->number, &start, &end) || end < s->start ||
	    end > edited_end)
		return false;
	return is_empty(ap_arena_strndup(arena, text + end, edited_end - end));
}

static int check(const editing *s, const char *text, const char *edited, const ap_edit_list *edits)
{
	const ap_load_options options = { .config = s->set->root, .edits = edits->items, .n_edits = edits->n };
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	int status = AP_EXIT_YES;

	if (ap_load(&options, &set, &diagnostics) != AP_OK) {
		status = report(s, edited, &diagnostics);
	} else if (!is_one_policy(s->context->arena, s, text, edited)) {
		ap_error error = { 0 };

		ap_error_set(&error, AP_ERR_POLICY, ap_editor_path(s->editor), 0,
			     "is not one policy; expected \"{ name = …; }\" and nothing beside it");
		(void)ap_report_refusal(s->context, &error);
		status = AP_EXIT_POLICY;
	}
	ap_diagnostics_clear(&diagnostics);
	ap_policy_set_free(set);
	return status;
}

/*
 * Saving
 */

static int edits_of(editing *s, const char *text, ap_edit_list *edits)
{
	ap_arena *arena = s->context->arena;
	const char *name = ap_policy_text_name(arena, text, AP_SECTION_POLICIES, s->number);
	ap_definition_changes changes = { .n = 0 };
	int status;

	s->stands = s->policy->place.file;
	*AP_PUSH(arena, edits->items, edits->n) =
		(ap_file_edit){ .path = s->policy->place.file, .text = text, .before = s->file };
	if (name == NULL || strcmp(name, s->policy->name) == 0)
		return AP_EXIT_YES;
	status = ap_changing_check_name(s->context, s->set, name);
	if (status != AP_EXIT_YES)
		return status;
	*AP_PUSH(arena, changes.items, changes.n) = (ap_definition_change){ .policy = s->policy, .is_written = true };
	ap_definition_changes_add_references(arena, &changes, s->set, s->policy, name);
	status = ap_changing_edits(s->context, s->set, &changes, edits);
	if (status == AP_EXIT_YES)
		s->stands = ap_move_with_name(s->context, s->set, s->policy, name, edits);
	return status;
}

static int save(editing *s, const char *edited)
{
	ap_arena *arena = s->context->arena;
	const char *middle = trimmed(arena, edited);
	const char *text = joined(arena, s->file, s->start, middle, s->file + s->end);
	ap_edit_list edits = { .n = 0 };
	int status = edits_of(s, text, &edits);

	if (status == AP_EXIT_YES)
		status = check(s, text, middle, &edits);
	return status == AP_EXIT_YES ? ap_changing_run(s->context, s->given, &edits, "edit") : status;
}

/*
 * The dialogue
 */

static bool can_ask(const ap_context *context)
{
	return !context->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

typedef enum { EDIT_AGAIN, GIVE_UP, NOBODY_ANSWERS } answer;

static answer ask(void)
{
	char line[16];

	for (;;) {
		fputs("e edit again, x give up: ", stdout);
		(void)fflush(stdout);
		if (fgets(line, sizeof(line), stdin) == NULL) {
			putchar('\n');
			return NOBODY_ANSWERS;
		}
		if (strcmp(line, "e\n") == 0 || strcmp(line, "x\n") == 0)
			return line[0] == 'e' ? EDIT_AGAIN : GIVE_UP;
		while (strchr(line, '\n') == NULL && fgets(line, sizeof(line), stdin) != NULL)
			continue;
	}
}

static int say_nothing_done(const editing *s, const char *why)
{
	fprintf(stderr, "accesspolicy edit: %s; nothing is done\n", ap_printable(s->context->arena, why));
	return AP_EXIT_NO;
}

/* One round. *ret_kept is true where the text is one that somebody wrote, and that is not saved. */
static int edit(editing *s, bool *ret_kept)
{
	static const ap_edit_list none;
	ap_error error = { 0 };
	const char *edited;
	int status;

	*ret_kept = false;
	if (ap_editor_run(s->editor, s->context->arena, &edited, &error) != AP_OK) {
		*ret_kept = error.status != AP_ERR_IO; /* it is there, and is no text */
		return say_nothing_done(s, error.message);
	}
	if (is_empty(edited))
		return say_nothing_done(s, "the text is empty, and \"accesspolicy delete\" is what deletes a policy");
	if (strcmp(trimmed(s->context->arena, edited), trimmed(s->context->arena, s->original)) == 0)
		return ap_changing_run(s->context, s->given, &none, "edit");
	status = save(s, edited);
	*ret_kept = status != AP_EXIT_YES || s->given->dry_run;
	return status;
}

static int converse(editing *s)
{
	bool kept;
	int status = edit(s, &kept);

	while (kept && status != AP_EXIT_YES && can_ask(s->context)) {
		answer said = ask();

		if (said == EDIT_AGAIN) {
			status = edit(s, &kept);
			kept = kept || status != AP_EXIT_YES; /* what was written before is still there */
			continue;
		}
		if (said == GIVE_UP) {
			puts("Nothing is done.");
			kept = false;
		}
		break;
	}
	if (kept)
		fprintf(stderr, "The text is kept in %s\n", ap_printable(s->context->arena, ap_editor_path(s->editor)));
	ap_editor_end(s->editor, kept);
	return status;
}

int ap_edit_as_text(ap_context *context, ap_apply_options *given, const ap_policy_set *set, const ap_policy_def *policy)
{
	ap_arena *arena = context->arena;
	editing s = { .context = context,
		      .given = given,
		      .set = set,
		      .policy = policy,
		      .file = ap_policy_set_text_of(set, policy->place.file),
		      .number = ap_policy_number_in_file(set, policy) };
	const char *slash = strrchr(policy->place.file, '/');
	ap_error error = { 0 };

	if (s.file == NULL || !ap_policy_text_span(arena, s.file, AP_SECTION_POLICIES, s.number, &s.start, &s.end)) {
		ap_error_set(&error, AP_ERR_POLICY, policy->place.file, policy->place.line,
			     "policy \"%s\" is not found in the text; edit the file itself", policy->name);
		return ap_report_refusal(context, &error);
	}
	s.original = ap_format(arena, "%.*s\n", (int)(s.end - s.start), s.file + s.start);
	if (ap_editor_begin(arena, slash != NULL ? slash + 1 : policy->place.file, s.original, &s.editor, &error) !=
	    AP_OK)
		return ap_report_refusal(context, &error);
	return converse(&s);
}
