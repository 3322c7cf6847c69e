#include "applied_report.h"

#include "../lib/login/applied.h"
#include "../lib/make/timestamp.h"
#include "in_force.h"
#include "jsontext.h"
#include "report.h"

#include <string.h>

enum { INDENT = 4 }; /* of a text's further lines, at a terminal */

const char *ap_revision_text(ap_arena *arena, const char *revision)
{
	return ap_arena_strndup(arena, revision, strnlen(revision, 12));
}

const char *ap_trial_then_text(ap_arena *arena, const ap_image_trial *trial)
{
	char revision[AP_HEX_REVISION + 1];

	ap_revision_format(trial->then, revision);
	return ap_revision_text(arena, revision);
}

/*
 * For a person
 */

/* On standard error: a timer's output goes nowhere, as a rule, and what it refused must not. */
static void write_diagnostics(ap_context *context, const ap_diagnostics *list, const char *error, const char *warning)
{
	for (size_t i = 0; i < list->n; i++) {
		const ap_diagnostic *item = &list->items[i];

		fprintf(stderr, "%s: %s: %s\n", ap_place_text(context->arena, item->file, item->line),
			item->severity == AP_ERROR ? error : warning, ap_printable(context->arena, item->message));
	}
}

static void write_change(ap_context *context, const ap_change *change)
{
	static const char *const signs[] = { "+", "-", "~" };
	static const ap_colour colours[] = { AP_GREEN, AP_RED, AP_YELLOW };
	const ap_change_subject subject = change->subject;
	bool is_quoted = subject == AP_CHANGE_POLICY || subject == AP_CHANGE_EXCEPTION;
	const char *name = subject == AP_CHANGE_CLIENTS ? "" : ap_printable(context->arena, change->name);
	const char *text =
		ap_format(context->arena, " %s%s%s%s%s%s%s", ap_change_subject_names[subject],
			  subject != AP_CHANGE_CLIENTS ? " " : "", is_quoted ? "\"" : "", name, is_quoted ? "\"" : "",
			  change->detail[0] != '\0' ? ": " : "", ap_printable(context->arena, change->detail));

	ap_paint_pieces(context->arena, &context->screen,
			(const ap_piece[]){ { colours[change->kind], signs[change->kind] }, { AP_PLAIN, text } }, 2,
			INDENT);
}

static void write_changes(ap_context *context, const ap_changes *changes)
{
	enum { SHOWN = 200 };

	for (size_t i = 0; i < changes->n && i < SHOWN; i++)
		write_change(context, &changes->items[i]);
	if (changes->n > SHOWN)
		printf("  and %zu more changes\n", changes->n - SHOWN);
}

static const char *before_text(ap_context *context, const ap_apply_result *result)
{
	if (result->replaced[0] != '\0')
		return ap_format(context->arena, "before, revision %s",
				 ap_revision_text(context->arena, result->replaced));
	if (result->replaced_fault != NULL)
		return ap_format(context->arena, "what was in force before could not be read: %s/%s: %s",
				 ap_printable(context->arena, ap_context_state(context)), AP_APPLIED_IMAGE,
				 ap_printable(context->arena, result->replaced_fault));
	return "nothing was in force before";
}

static const char *stays_text(ap_context *context, const ap_apply_result *result)
{
	char ends[AP_TIMESTAMP_TEXT_MAX];

	if (result->replaced_trial.ends != 0)
		return ap_format(context->arena, "revision %s stays in force, on trial until %s",
				 ap_revision_text(context->arena, result->replaced),
				 ap_timestamp_format_local(result->replaced_trial.ends, ends));
	if (result->replaced[0] != '\0')
		return ap_format(context->arena, "revision %s stays in force",
				 ap_revision_text(context->arena, result->replaced));
	if (result->replaced_fault != NULL)
		return ap_format(context->arena,
				 "what is in force still cannot be read, and nobody is let in by it; \"accesspolicy "
				 "rollback%s\" puts the newest earlier policy that is whole in force",
				 ap_in_force_state_option(context));
	return "nothing is in force";
}

static void write_verdict(ap_context *context, ap_colour colour, const char *word, const char *text)
{
	ap_paint_pieces(context->arena, &context->screen,
			(const ap_piece[]){ { colour, word }, { AP_PLAIN, ap_format(context->arena, ": %s", text) } },
			2, INDENT);
}

/* What was on trial is in force for good. */
static bool is_kept(const ap_apply_result *result)
{
	return result->replaced_trial.ends != 0 && result->trial.ends == 0 &&
	       strcmp(result->revision, result->replaced) == 0;
}

static void write_trial(ap_context *context, const ap_apply_options *options, const ap_apply_result *result)
{
	char ends[AP_TIMESTAMP_TEXT_MAX];

	write_verdict(
		context, AP_YELLOW, options->dry_run ? "would be on trial" : "on trial",
		ap_format(
			context->arena,
			"until %s; then revision %s counts again. \"accesspolicy confirm%s\" keeps it, \"accesspolicy "
			"rollback%s\" ends it now",
			ap_timestamp_format_local(result->trial.ends, ends),
			ap_trial_then_text(context->arena, &result->trial), ap_in_force_state_option(context),
			ap_in_force_state_option(context)));
}

static void write_done(ap_context *context, const ap_apply_options *options, const ap_apply_result *result)
{
	if (is_kept(result)) {
		write_verdict(context, AP_GREEN, "in force",
			      ap_format(context->arena, "revision %s, %s, for good: its trial is over",
					ap_revision_text(context->arena, result->revision),
					ap_count_text(context->arena, result->n_policies, "policy", "policies")));
		return;
	}
	write_verdict(context, AP_GREEN, options->dry_run ? "would be in force" : "in force",
		      ap_format(context->arena, "revision %s, %s; %s",
				ap_revision_text(context->arena, result->revision),
				ap_count_text(context->arena, result->n_policies, "policy", "policies"),
				before_text(context, result)));
	if (result->trial.ends != 0)
		write_trial(context, options, result);
}

/* What was edited once cannot be edited so again: then it is apply that writes the line that is missing. */
static void write_failure(ap_context *context, const ap_apply_options *options, const ap_apply_result *result,
			  const char *asked)
{
	const ap_error *error = &result->error;

	fprintf(stderr, "accesspolicy %s: ", asked);
	if (error->file[0] != '\0')
		fprintf(stderr, "%s: ", ap_place_text(context->arena, error->file, error->line));
	fprintf(stderr, "%s\n", ap_printable(context->arena, error->message));
	if (result->in_force)
		fprintf(stderr,
			"Revision %s is in force all the same; run %s when that is mended, so that the history has it.\n",
			ap_revision_text(context->arena, result->revision),
			options->edits != NULL
				? ap_format(context->arena, "\"accesspolicy apply%s\"", options->files_option)
				: "the same command again");
	else
		fprintf(stderr, "Not applied: %s.\n", stays_text(context, result));
}

/* The policy that is new, if it is one alone. */
static const char *created(const ap_changes *changes)
{
	const char *found = NULL;

	for (size_t i = 0; i < changes->n; i++) {
		if (changes->items[i].kind != AP_CHANGE_ADDED || changes->items[i].subject != AP_CHANGE_POLICY)
			continue;
		if (found != NULL)
			return NULL;
		found = changes->items[i].name;
	}
	return found;
}

/* To be copied: as options of create, or where the policy is there by now as a command. */
static void write_governed(ap_context *context, const ap_apply_options *given, const ap_apply_result *result)
{
	const ap_words *governed = &result->governed;
	const char *name = result->in_force ? created(&result->changes) : NULL;
	const char *option = name != NULL ? "--add-except-member" : "--except-member";
	const char *names = "", *options = "";

	if (governed->n == 0)
		return;
	for (size_t i = 0; i < governed->n; i++) {
		names = ap_format(context->arena, "%s%s\"%s\"", names, i == 0 ? "" : ", ",
				  ap_printable(context->arena, governed->items[i]));
		options = ap_format(context->arena, "%s %s %s", options, option,
				    ap_shell_word(context->arena, governed->items[i]));
	}
	if (name != NULL)
		options = ap_format(context->arena, " accesspolicy edit %s%s%s", ap_shell_word(context->arena, name),
				    options, given->files_option);
	printf("note: the policy governs the administrator%s %s, who can be locked out by it; to except %s:%s\n",
	       governed->n > 1 ? "s" : "", names, governed->n > 1 ? "them" : "him", options);
}

static bool has_line_of(const ap_diagnostics *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].line != 0 && strcmp(list->items[i].file, path) == 0)
			return true;
	return false;
}

/* Whoever looks up a line that was told would find another one there, or no file. */
static void write_unwritten(ap_context *context, const ap_apply_options *options, const ap_apply_result *result)
{
	for (size_t i = 0; i < options->n_edits; i++) {
		const ap_file_edit *edit = &options->edits[i];

		if (has_line_of(&result->problems, edit->path) || has_line_of(&result->refusals, edit->path))
			fprintf(stderr, "%s: not %s; its lines are told as they would be\n",
				ap_printable(context->arena, edit->path), edit->before == NULL ? "written" : "changed");
	}
}

static void write_text(ap_context *context, const ap_apply_options *options, const ap_apply_result *result,
		       const char *asked)
{
	bool overridden = result->outcome == AP_APPLY_DONE;

	if (result->outcome == AP_APPLY_DONE || result->outcome == AP_APPLY_REFUSED)
		write_changes(context, &result->changes);
	write_governed(context, options, result);
	(void)fflush(stdout); /* what follows on standard error stands below it */
	write_diagnostics(context, &result->problems, "error", "warning");
	write_diagnostics(context, &result->refusals, overridden ? "overridden" : "refused", "warning");
	write_diagnostics(context, &result->warnings, "error", "warning");
	switch (result->outcome) {
	case AP_APPLY_DONE:
		write_done(context, options, result);
		break;
	case AP_APPLY_UNCHANGED:
		write_verdict(context, AP_GREEN, "nothing to do",
			      ap_format(context->arena, "revision %s is in force already%s",
					ap_revision_text(context->arena, result->revision),
					options->trial_seconds != 0 ? ", and not on trial" : ""));
		break;
	case AP_APPLY_REFUSED:
		fprintf(stderr, "refused: %s%s\n", stays_text(context, result),
			result->force_helps ? "; --force goes over it" : "");
		write_unwritten(context, options, result);
		break;
	case AP_APPLY_UNREADABLE:
		fprintf(stderr, "not valid: %s; %s\n",
			ap_count_text(context->arena, result->problems.n_errors, "error", "errors"),
			stays_text(context, result));
		write_unwritten(context, options, result);
		break;
	case AP_APPLY_FAILED:
		write_failure(context, options, result, asked);
		break;
	}
}

/*
 * JSON
 */

static json_t *list_json(ap_context *context, const ap_diagnostics *list, ap_severity severity)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].severity == severity)
			ap_json_append(array, ap_report_json(context->arena, &list->items[i]));
	return array;
}

static json_t *changes_json(ap_context *context, const ap_changes *changes)
{
	static const char *const kinds[] = { "added", "removed", "changed" };
	json_t *array = ap_json_array();

	for (size_t i = 0; i < changes->n; i++) {
		const ap_change *change = &changes->items[i];
		json_t *object = ap_json_object();

		ap_json_set(object, "change", ap_json_text(context->arena, kinds[change->kind]));
		ap_json_set(object, "subject", ap_json_text(context->arena, ap_change_subject_names[change->subject]));
		ap_json_set(object, "name", ap_json_text(context->arena, change->name));
		ap_json_set(object, "detail", ap_json_name(context->arena, change->detail));
		ap_json_append(array, object);
	}
	return array;
}

json_t *ap_trial_json(ap_context *context, const ap_image_trial *trial)
{
	char revision[AP_HEX_REVISION + 1];
	json_t *object;

	if (trial->ends == 0)
		return json_null();
	object = ap_json_object();
	ap_revision_format(trial->then, revision);
	ap_json_set(object, "ends", ap_json_time(trial->ends));
	ap_json_set(object, "then", ap_json_text(context->arena, revision));
	return object;
}

static json_t *origin_json(ap_context *context, const ap_origin *origin)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < origin->n; i++) {
		const ap_origin_login *item = &origin->items[i];
		const char *ip = item->login.address != NULL ? item->login.address : "local";
		json_t *object = ap_json_object();

		ap_json_set(object, "user", ap_json_text(context->arena, item->login.user));
		ap_json_set(object, "ip", ap_json_text(context->arena, ip));
		ap_json_set(object, "service", ap_json_text(context->arena, item->login.service));
		ap_json_set(object, "found", ap_json_text(context->arena, item->found));
		ap_json_append(array, object);
	}
	return array;
}

static json_t *governed_json(ap_context *context, const ap_words *governed)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < governed->n; i++)
		ap_json_append(array, ap_json_text(context->arena, governed->items[i]));
	return array;
}

json_t *ap_applied_json(ap_context *context, const ap_apply_options *options, const ap_apply_result *result)
{
	static const char *const outcomes[] = { "done", "unchanged", "refused", "not-valid", "failed" };
	json_t *object = ap_json_object(), *errors = list_json(context, &result->problems, AP_ERROR);
	json_t *warnings = list_json(context, &result->problems, AP_WARNING);

	for (size_t i = 0; i < result->warnings.n; i++)
		ap_json_append(warnings, ap_report_json(context->arena, &result->warnings.items[i]));

	if (result->outcome == AP_APPLY_FAILED)
		ap_json_append(errors, ap_report_error_json(context->arena, &result->error));
	ap_json_set(object, "outcome", ap_json_text(context->arena, outcomes[result->outcome]));
	ap_json_set(object, "dry_run", json_boolean(options->dry_run));
	ap_json_set(object, "revision", ap_json_name(context->arena, result->revision));
	ap_json_set(object, "replaced", ap_json_name(context->arena, result->replaced));
	ap_json_set(object, "in_force", json_boolean(result->outcome == AP_APPLY_UNCHANGED || result->in_force));
	ap_json_set(object, "trial", ap_trial_json(context, &result->trial));
	ap_json_set(object, "changes", changes_json(context, &result->changes));
	ap_json_set(object, "governed",
		    options->tell_governed ? governed_json(context, &result->governed) : json_null());
	ap_json_set(object, "origin", origin_json(context, options->origin));
	ap_json_set(object, "refusals", list_json(context, &result->refusals, AP_ERROR));
	ap_json_set(object, "warnings", warnings);
	ap_json_set(object, "errors", errors);
	return object;
}

int ap_applied_status(const ap_apply_result *result)
{
	switch (result->outcome) {
	case AP_APPLY_DONE:
	case AP_APPLY_UNCHANGED:
		return AP_EXIT_YES;
	case AP_APPLY_UNREADABLE:
		return AP_EXIT_POLICY;
	default:
		return AP_EXIT_NO;
	}
}

int ap_applied_report(ap_context *context, const ap_apply_options *options, const ap_apply_result *result,
		      const char *asked)
{
	if (context->json)
		ap_json_write(ap_applied_json(context, options, result));
	else
		write_text(context, options, result, asked);
	return ap_applied_status(result);
}
