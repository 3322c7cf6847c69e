/* accesspolicy edit - a policy that is there says something else, wherever it stands. */
#include "../lib/make/policy_text.h"
#include "changing.h"
#include "edit_as_text.h"
#include "policy_edits.h"
#include "renaming.h"
#include "wizard.h"

#include <stdio.h>
#include <string.h>

typedef struct {
	ap_context *context;
	const ap_usage *usage;
	ap_policy_edits edits;
	bool in_editor;
	ap_apply_options given;
} request;

/*
 * The edit
 */

/* *ret_file is where the policy will stand. */
static int edits_of(const request *r, const ap_policy_set *set, const ap_policy_def *policy,
		    const ap_policy_form *after, ap_edit_list *ret_edits, const char **ret_file)
{
	ap_arena *arena = r->context->arena;
	ap_policy_form before = ap_policy_form_of(arena, policy);
	ap_definition_changes changes = { .n = 0 };
	bool is_renamed = strcmp(after->name, policy->name) != 0;
	int status = is_renamed ? ap_changing_check_name(r->context, set, after->name) : AP_EXIT_YES;

	*ret_file = policy->place.file;
	if (status != AP_EXIT_YES)
		return status;
	if (!ap_policy_forms_are_same(&before, after))
		ap_definition_changes_add_policy(arena, &changes, policy, after);
	if (is_renamed)
		ap_definition_changes_add_references(arena, &changes, set, policy, after->name);
	status = ap_changing_edits(r->context, set, &changes, ret_edits);
	if (status == AP_EXIT_YES && is_renamed)
		*ret_file = ap_move_with_name(r->context, set, policy, after->name, ret_edits);
	return status;
}

/* The text of policy number `n` of the file as it would be. */
static void write_policy(const request *r, const ap_edit_list *edits, const char *file, size_t n)
{
	ap_arena *arena = r->context->arena;
	size_t start, end;

	for (size_t i = 0; i < edits->n; i++) {
		const char *text = edits->items[i].text;

		if (strcmp(edits->items[i].path, file) != 0 || text == NULL ||
		    !ap_policy_text_span(arena, text, AP_SECTION_POLICIES, n, &start, &end))
			continue;
		ap_write_text(&r->context->screen, arena, ap_arena_strndup(arena, text + start, end - start));
		putchar('\n');
	}
}

static int run(request *r, const ap_policy_set *set, const ap_policy_def *policy, const ap_edit_list *edits,
	       const char *file)
{
	int status;

	r->given.warn_of_groups = true;
	status = ap_changing_run(r->context, &r->given, edits, "edit");

	if (status == AP_EXIT_YES && r->given.dry_run && !r->context->json)
		write_policy(r, edits, file, ap_policy_number_in_file(set, policy));
	return status;
}

static int edit_by_options(request *r, const ap_policy_set *set, const ap_policy_def *policy)
{
	ap_policy_form form = ap_policy_form_of(r->context->arena, policy);
	ap_edit_list edits = { .n = 0 };
	const char *file = NULL;
	int status = ap_policy_edits_make(r->context, r->usage, &r->edits, &form);

	if (status == AP_EXIT_YES)
		status = edits_of(r, set, policy, &form, &edits, &file);
	return status == AP_EXIT_YES ? run(r, set, policy, &edits, file) : status;
}

/*
 * By questions
 */

typedef struct {
	request *r;
	const ap_policy_set *set;
	const ap_policy_def *policy;
} asked;

static int save(void *data, const ap_wizard_choice *choice)
{
	const asked *a = data;
	ap_edit_list edits = { .n = 0 };
	const char *file = NULL;
	int status = edits_of(a->r, a->set, a->policy, choice->form, &edits, &file);

	a->r->given.with_pending = choice->with_pending;
	a->r->given.force = choice->force;
	return status == AP_EXIT_YES ? run(a->r, a->set, a->policy, &edits, file) : status;
}

static int edit_by_wizard(request *r, const ap_policy_set *set, const ap_policy_def *policy)
{
	ap_policy_form form = ap_policy_form_of(r->context->arena, policy);
	asked a = { .r = r, .set = set, .policy = policy };

	return ap_wizard_run(r->context,
			     &(ap_wizard){ .set = set,
					   .edited = policy->name,
					   .form = &form,
					   .choice = { .with_pending = r->given.with_pending, .force = r->given.force },
					   .save = save,
					   .data = &a });
}

static int carry_out(request *r, const char *name)
{
	const ap_policy_def *policy;
	ap_policy_set *set = NULL;
	int status = ap_changing_load(r->context, &set);

	if (status != AP_EXIT_YES)
		return status;
	policy = ap_changing_find(r->context, r->usage, set, name);
	if (policy == NULL)
		status = AP_EXIT_USAGE;
	else if (r->in_editor)
		status = ap_edit_as_text(r->context, &r->given, set, policy);
	else if (ap_policy_edits_any(&r->edits))
		status = edit_by_options(r, set, policy);
	else
		status = edit_by_wizard(r, set, policy);
	ap_policy_set_free(set);
	return status;
}

int ap_cmd_edit(ap_context *context, int argc, char **argv)
{
	enum { N_OWN = 4 };
	request r = { .context = context };
	ap_option options[AP_N_POLICY_EDITS + N_OWN];
	size_t n = ap_policy_edits_table(context->arena, &r.edits, options);
	const ap_option own[N_OWN] = {
		{ .name = "editor",
		  .help = "its text in $VISUAL or $EDITOR, instead of the options above",
		  .flag = &r.in_editor },
		AP_CHANGING_OPTIONS(r.given, "show what would become of it, and change nothing"),
	};
	const ap_usage usage = {
		.command = "edit",
		.synopsis = "NAME OPTION...\nNAME --editor\nNAME",
		.description =
			"Changes a policy in the file where it stands, with everything else in it kept, and puts what comes of it in "
			"force. An option that takes one of several may stand any number of times: --ip is what takes the place of "
			"all entries, --add-ip one more, --remove-ip one that goes. Without any, at a terminal, the wizard of "
			"\"accesspolicy create\" opens on what is there. Where it is refused, the files stay as they are. "
			"The status is 0 for done, 1 for refused or failed, 3 where the files make no policy.",
		.options = options,
		.n_options = n + N_OWN,
	};
	int first, status;

	memcpy(options + n, own, sizeof(own));
	r.usage = &usage;
	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	if (first == argc)
		return ap_usage_error(&usage, "no policy is named; \"accesspolicy list\" shows them");
	if (first + 1 < argc)
		return ap_usage_error(&usage, "unexpected \"%s\"; one policy is edited at a time",
				      ap_printable(context->arena, argv[first + 1]));
	if (r.in_editor && ap_policy_edits_any(&r.edits))
		return ap_usage_error(&usage,
				      "--editor shows the text, and an option changes it too; leave one of them out");
	if (!r.in_editor && !ap_policy_edits_any(&r.edits) && (context->json || !ap_wizard_can_run()))
		return ap_usage_error(
			&usage, "nothing is to change; expected options such as --add-ip or --status, or --editor. "
				"Without them it is asked for, which needs a terminal for standard input and "
				"output, and no --json");
	return carry_out(&r, argv[first]);
}
