/* accesspolicy edit - a policy that is there says something else, wherever it stands. */
#include "../lib/make/policy_text.h"
#include "changing.h"
#include "policy_edits.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
	ap_context *context;
	const ap_usage *usage;
	ap_policy_edits edits;
	ap_apply_options given;
} request;

/*
 * Names
 */

/* True if the drop-in at `path` is one that `create` makes for a policy of that name. */
static bool is_named_after(ap_arena *arena, const char *path, const char *name)
{
	const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
	const char *first = ap_drop_in_name(arena, name, 1);
	size_t stem = strlen(first) - strlen(".conf"), digits;

	if (strcmp(base, first) == 0)
		return true;
	if (strncmp(base, first, stem) != 0 || base[stem] != '-')
		return false;
	digits = strspn(base + stem + 1, "0123456789");
	return digits > 0 && strcmp(base + stem + 1 + digits, ".conf") == 0;
}

static bool stands_alone(const ap_policy_set *set, const ap_policy_def *policy)
{
	for (size_t i = 0; i < set->n_policies; i++)
		if (&set->policies[i] != policy && strcmp(set->policies[i].place.file, policy->place.file) == 0)
			return false;
	return true;
}

static bool is_link(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

/*
 * The drop-in that was made for the policy goes with its name; a file that holds more, or is a link, stays where it is.
 * Where the policy then stands.
 */
static const char *move_drop_in(const request *r, const ap_policy_set *set, const ap_policy_def *policy,
				const char *name, ap_edit_list *edits)
{
	ap_arena *arena = r->context->arena;
	const char *file = policy->place.file, *to;

	if (strcmp(file, set->root) == 0 || !is_named_after(arena, file, policy->name) ||
	    is_named_after(arena, file, name) || !stands_alone(set, policy) || is_link(file))
		return file;
	to = ap_changing_free_path(r->context, set->root, name);
	ap_edits_move(arena, edits, file, to, ap_changes_text_of(set, file));
	return to;
}

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
	int status;

	*ret_file = policy->place.file;
	if (!ap_policy_forms_are_same(&before, after))
		ap_changes_add_policy(arena, &changes, policy, after);
	if (is_renamed)
		ap_changes_add_references(arena, &changes, set, policy, after->name);
	status = ap_changing_edits(r->context, set, &changes, ret_edits);
	if (status == AP_EXIT_YES && is_renamed)
		*ret_file = move_drop_in(r, set, policy, after->name, ret_edits);
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

static int edit_by_options(request *r, const ap_policy_set *set, const ap_policy_def *policy)
{
	ap_policy_form form = ap_policy_form_of(r->context->arena, policy);
	ap_edit_list edits = { .n = 0 };
	const char *file = NULL;
	int status = ap_policy_edits_make(r->context, r->usage, &r->edits, &form);

	if (status == AP_EXIT_YES)
		status = edits_of(r, set, policy, &form, &edits, &file);
	if (status == AP_EXIT_YES)
		status = ap_changing_run(r->context, &r->given, &edits, "edit");
	if (status == AP_EXIT_YES && r->given.dry_run && !r->context->json)
		write_policy(r, &edits, file, ap_changes_number_of(set, policy));
	return status;
}

static int carry_out(request *r, const char *name)
{
	const ap_policy_def *policy;
	ap_policy_set *set = NULL;
	int status = ap_changing_load(r->context, &set);

	if (status != AP_EXIT_YES)
		return status;
	policy = ap_changing_find(r->context, r->usage, set, name);
	status = policy != NULL ? edit_by_options(r, set, policy) : AP_EXIT_USAGE;
	ap_policy_set_free(set);
	return status;
}

int ap_cmd_edit(ap_context *context, int argc, char **argv)
{
	enum { N_OWN = 3 };
	request r = { .context = context };
	ap_option options[AP_N_POLICY_EDITS + N_OWN];
	size_t n = ap_policy_edits_table(context->arena, &r.edits, options);
	const ap_option own[N_OWN] = {
		{ .name = "with-pending",
		  .help = "put in force as well what else differs in the files",
		  .flag = &r.given.with_pending },
		{ .name = "dry-run",
		  .help = "show what would become of it, and change nothing",
		  .flag = &r.given.dry_run },
		{ .name = "force", .help = "go over what \"accesspolicy apply\" refuses", .flag = &r.given.force },
	};
	const ap_usage usage = {
		.command = "edit",
		.synopsis = "NAME OPTION...",
		.description =
			"Changes a policy in the file where it stands, with everything else in it kept, and puts what comes of it in "
			"force. An option that takes one of several may stand any number of times: --ip is what takes the place of "
			"all entries, --add-ip one more, --remove-ip one that goes. Where it is refused, the files stay as they are. "
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
	if (!ap_policy_edits_any(&r.edits))
		return ap_usage_error(&usage, "nothing is to change; expected options such as --add-ip or --status");
	return carry_out(&r, argv[first]);
}
