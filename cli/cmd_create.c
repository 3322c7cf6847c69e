/* accesspolicy create - a new policy: told by options, or in a file. */
#include "changing.h"
#include "policy_options.h"
#include "report.h"
#include "wizard.h"

#include <stdio.h>
#include <string.h>

typedef struct {
	ap_context *context;
	const ap_usage *usage;
	ap_policy_options policy;
	const char *from; /* a file, or "-"; NULL: it is told by options */
	const char *config;
	const char *name; /* of the policy, or of the first in the file */
	const char *text; /* of the drop-in */
	ap_apply_options given;
} request;

/*
 * A file that is not saved yet: its text, and what its first policy is called. It is read with the others, so that all
 * that is wrong with it is told. AP_EXIT_YES, or the exit status after a report.
 */
static int read_draft(request *r)
{
	const ap_load_options options = { .config = r->config, .draft = r->from };
	const char *shown = strcmp(r->from, "-") == 0 ? "standard input" : r->from;
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	int status = AP_EXIT_YES;

	if (ap_load(&options, &set, &diagnostics) != AP_OK) {
		status = ap_report_diagnostics(r->context, &diagnostics);
		ap_diagnostics_clear(&diagnostics);
		return status;
	}
	for (size_t i = 0; i < set->n_policies && r->name == NULL; i++)
		if (set->policies[i].draft)
			r->name = ap_arena_strdup(r->context->arena, set->policies[i].name);
	for (size_t i = 0; i < set->n_sources; i++)
		if (strcmp(set->sources[i].path, shown) == 0 && set->sources[i].text != NULL)
			r->text = ap_arena_strdup(r->context->arena, set->sources[i].text);
	if (r->name == NULL)
		status = ap_usage_error(r->usage, "%s: there is no policy in it",
					ap_printable(r->context->arena, shown));
	ap_diagnostics_clear(&diagnostics);
	ap_policy_set_free(set);
	return status;
}

static int take_options(request *r)
{
	ap_policy_form form;
	int status = ap_policy_options_form(r->context, r->usage, &r->policy, &form);

	if (status != AP_EXIT_YES)
		return status;
	r->name = form.name;
	r->text = ap_drop_in_text(r->context->arena, &(ap_drop_in){ .policies = &form, .n_policies = 1 });
	return AP_EXIT_YES;
}

/* AP_EXIT_YES where no policy of the files is called so; else after a report. Invalid files are reported when they are applied. */
static int check_name(const request *r)
{
	const ap_load_options options = { .config = r->config };
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	int status = AP_EXIT_YES;

	if (ap_load(&options, &set, &diagnostics) == AP_OK)
		status = ap_changing_check_name(r->context, set, r->name);
	ap_diagnostics_clear(&diagnostics);
	ap_policy_set_free(set);
	return status;
}

/* Writes the policy and puts it in force. */
static int carry_out(request *r)
{
	int status = check_name(r);
	ap_file_edit edit;

	if (status != AP_EXIT_YES)
		return status;
	edit = (ap_file_edit){ .path = ap_changing_free_path(r->context, r->config, r->name), .text = r->text };
	r->given.edits = &edit;
	r->given.n_edits = 1;
	r->given.tell_governed = true;
	r->given.warn_of_groups = true;
	status = ap_applying_run(r->context, &r->given, "create");
	if (status == AP_EXIT_YES && !r->context->json) {
		ap_paint_wrapped(&r->context->screen, AP_PLAIN,
				 ap_format(r->context->arena, "%s: %s", ap_printable(r->context->arena, edit.path),
					   r->given.dry_run ? "would be written:" : "written"),
				 0);
		if (r->given.dry_run)
			ap_write_text(&r->context->screen, r->context->arena, r->text);
	}
	return status;
}

static int save(void *data, const ap_wizard_choice *choice)
{
	request *r = data;

	r->name = choice->form->name;
	r->text = ap_drop_in_text(r->context->arena, &(ap_drop_in){ .policies = choice->form, .n_policies = 1 });
	r->given.with_pending = choice->with_pending;
	r->given.force = choice->force;
	return carry_out(r);
}

static int ask(request *r)
{
	ap_policy_form form = { .name = NULL };
	ap_policy_set *set = NULL;
	int status = ap_changing_load(r->context, &set);

	if (status == AP_EXIT_YES)
		status = ap_wizard_run(r->context, &(ap_wizard){ .set = set,
								 .form = &form,
								 .choice = { .with_pending = r->given.with_pending,
									     .force = r->given.force },
								 .save = save,
								 .data = r });
	ap_policy_set_free(set);
	return status;
}

static int create(request *r)
{
	bool is_told = r->from != NULL || ap_policy_options_any(&r->policy);
	int status;

	r->config = ap_applying_config(r->context);
	if (!is_told && !r->context->json && ap_wizard_can_run())
		return ask(r);
	if (!is_told)
		return ap_usage_error(r->usage,
				      "the policy is missing; expected --type, --name and whom it applies to, or "
				      "--from FILE. Without them it is asked for, which needs a terminal for standard "
				      "input and output, and no --json");
	status = r->from != NULL ? read_draft(r) : take_options(r);
	return status == AP_EXIT_YES ? carry_out(r) : status;
}

int ap_cmd_create(ap_context *context, int argc, char **argv)
{
	enum { N_OWN = 4 };
	request r = { .context = context };
	ap_option options[AP_N_POLICY_OPTIONS + N_OWN];
	size_t n = ap_policy_options_table(&r.policy, options);
	const ap_option own[N_OWN] = {
		{ .name = "from",
		  .value = "FILE",
		  .help = "the policy as it stands in this file, \"-\" for standard input, instead of the options above",
		  .text = &r.from },
		AP_CHANGING_OPTIONS(r.given, "show what would be written, and change nothing"),
	};
	const ap_usage usage = {
		.command = "create",
		.synopsis =
			"--type TYPE --name NAME --all|--department PATH... [OPTION]...\n--from FILE\n[--with-pending] [--dry-run] [--force]",
		.description =
			"Creates a policy: writes it into a file of its own, conf.d/50-NAME.conf beside the root file, and puts it in "
			"force. An option that takes one of several may stand any number of times. Without any that tells of a "
			"policy, at a terminal, a wizard asks for it: it checks each answer, and tries logins against the policy "
			"before it is saved. Where it is refused, no "
			"file is written. The status is 0 for done, 1 for refused or failed, 3 where the files make no policy.",
		.options = options,
		.n_options = n + N_OWN,
	};
	int status;

	memcpy(options + n, own, sizeof(own));
	r.usage = &usage;
	if (!ap_options_parse_alone(context, &usage, argc, argv, &status))
		return status;
	if (r.from != NULL && ap_policy_options_any(&r.policy))
		return ap_usage_error(&usage,
				      "--from takes the policy from a file, and an option tells one too; leave one "
				      "of them out");
	return create(&r);
}
