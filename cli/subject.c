#include "subject.h"

#include "../lib/login/applied.h"
#include "../lib/make/compile.h"
#include "../lib/make/load.h"
#include "../lib/make/state.h"
#include "in_force.h"
#include "report.h"

#include <string.h>
#include <time.h>

static int compile(ap_context *context, ap_policy_set *set, const char *config, ap_subject *ret_subject)
{
	ap_error error = { 0 };
	ap_image *image = NULL;

	if (ap_compile_image(set, (int64_t)time(NULL), &image, &error) != AP_OK) {
		ap_policy_set_free(set);
		return ap_report_error(context, &error);
	}
	*ret_subject = (ap_subject){ .image = image, .set = set, .path = config };
	return AP_EXIT_YES;
}

int ap_subject_open_files(ap_context *context, const char *draft, const char *draft_as, ap_subject *ret_subject)
{
	const ap_load_options options = { .config = ap_context_config(context),
					  .draft = draft,
					  .draft_as = draft_as,
					  .elsewhere = context->config_elsewhere };
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	int result;

	if (ap_load(&options, &set, &diagnostics) == AP_OK)
		result = compile(context, set, options.config, ret_subject);
	else
		result = ap_report_diagnostics(context, &diagnostics);
	if (result == AP_EXIT_YES)
		ret_subject->draft = draft;
	ap_diagnostics_clear(&diagnostics);
	return result;
}

int ap_subject_open_in_force(ap_context *context, ap_subject *ret_subject)
{
	const char *state = ap_context_state(context);
	ap_error error = { 0 };
	ap_image *image = NULL;
	ap_status status = ap_applied_load(state, context->state_elsewhere, (int64_t)time(NULL), &image, &error);
	int result;

	if (status == AP_OK) {
		*ret_subject = (ap_subject){ .image = image,
					     .path = ap_format(context->arena, "%s/%s", state, AP_APPLIED_IMAGE) };
		return AP_EXIT_YES;
	}
	if (status != AP_ERR_MISSING)
		return ap_in_force_report_unreadable(context, &error);
	result = ap_subject_open_files(context, NULL, NULL, ret_subject);
	if (result == AP_EXIT_YES)
		ret_subject->never_applied = true;
	return result;
}

/* Why the files that are not the draft make no policy, in the arena; NULL: they do. */
static const char *open_without_draft(ap_context *context, const char *config, ap_subject *ret_subject)
{
	const ap_load_options options = { .config = config };
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	ap_error error = { 0 };
	const char *why = NULL;

	if (ap_load(&options, &set, &diagnostics) != AP_OK) {
		why = ap_format(context->arena, "the files without the draft make no policy: %s",
				ap_count_text(context->arena, diagnostics.n_errors, "error", "errors"));
	} else if (ap_compile_image(set, (int64_t)time(NULL), &ret_subject->image, &error) != AP_OK) {
		why = ap_arena_strdup(context->arena, error.message);
		ap_policy_set_free(set);
	} else {
		ret_subject->set = set;
		ret_subject->path = config;
	}
	ap_diagnostics_clear(&diagnostics);
	return why;
}

bool ap_subject_open_before(ap_context *context, const ap_subject *subject, ap_subject *ret_subject,
			    const char **ret_why)
{
	const char *state = ap_context_state(context);
	ap_error error = { 0 };
	ap_image *image = NULL;
	ap_status status = ap_applied_load(state, NULL, (int64_t)time(NULL), &image, &error);

	*ret_subject = (ap_subject){ .image = NULL };
	*ret_why = NULL;
	if (status == AP_OK && ap_in_force_is_root(context, ap_pending_root(context->arena, image))) {
		*ret_subject = (ap_subject){ .image = image,
					     .path = ap_format(context->arena, "%s/%s", state, AP_APPLIED_IMAGE) };
		return true;
	}
	ap_image_free(image);
	if (status != AP_OK && status != AP_ERR_MISSING)
		*ret_why = ap_format(context->arena, "%s: %s", error.file, error.message);
	else
		*ret_why = open_without_draft(context, subject->path, ret_subject);
	return *ret_why == NULL;
}

size_t ap_subject_draft_policies(const ap_subject *subject, uint32_t *ret_number)
{
	ap_view view = ap_view_of(subject->image);
	size_t n = 0;

	*ret_number = AP_NONE;
	for (size_t i = 0; subject->set != NULL && i < subject->set->n_policies; i++) {
		if (!subject->set->policies[i].draft)
			continue;
		*ret_number = ap_view_find_policy(&view, subject->set->policies[i].name);
		n++;
	}
	return n;
}

void ap_subject_close(ap_subject *subject)
{
	ap_image_free(subject->image);
	ap_policy_set_free(subject->set);
	*subject = (ap_subject){ 0 };
}

const char *ap_subject_place(ap_context *context, const ap_subject *subject, const char *file, unsigned line)
{
	const char *root = subject->set != NULL ? subject->set->root : ap_context_config(context);
	const char *slash = strrchr(root, '/');
	size_t folder = slash != NULL ? (size_t)(slash - root) + 1 : 0;
	bool below = strncmp(file, root, folder) == 0 && file[folder] != '\0';

	return ap_place_text(context->arena, below ? file + folder : file, line);
}

static const char *files_text(ap_context *context, const ap_subject *subject)
{
	ap_arena *arena = context->arena;
	size_t n_beside = subject->set->n_files - 1 - (subject->draft != NULL ? 1 : 0);
	const char *text = ap_format(arena, "the files, %s", ap_printable(arena, subject->path));

	if (n_beside > 0)
		text = ap_format(arena, "%s and %s", text, ap_count_text(arena, n_beside, "drop-in", "drop-ins"));
	if (subject->draft != NULL)
		text = ap_format(arena, "%s, with the draft %s", text, ap_printable(arena, subject->draft));
	if (subject->never_applied)
		text = ap_format(arena, "%s; nothing was ever applied in %s", text,
				 ap_printable(arena, ap_context_state(context)));
	return text;
}

const char *ap_subject_revision(ap_arena *arena, const ap_subject *subject)
{
	char revision[AP_HEX_REVISION + 1];

	if (subject->set != NULL)
		return NULL;
	ap_revision_format(ap_image_head_of(subject->image)->revision, revision);
	return ap_arena_strdup(arena, revision);
}

const char *ap_subject_text(ap_context *context, const ap_subject *subject)
{
	if (subject->set != NULL)
		return files_text(context, subject);
	return ap_format(context->arena, "%s, %s, revision %s",
			 subject->earlier ? "the image that was in force" : "the image in force",
			 ap_printable(context->arena, subject->path),
			 ap_arena_strndup(context->arena, ap_subject_revision(context->arena, subject), 12));
}

const char **ap_subject_policies(ap_arena *arena, const ap_subject *subject, size_t *ret_n)
{
	ap_view view = ap_view_of(subject->image);
	size_t n = ap_image_count(subject->image, AP_TABLE_POLICIES);
	const char **names = ap_arena_alloc(arena, (n + 1) * sizeof(*names));

	for (size_t i = 0; i < n; i++)
		names[i] = ap_view_string(&view, ap_view_policy(&view, (uint32_t)i).name);
	*ret_n = n;
	return names;
}

const char **ap_subject_clients(ap_arena *arena, const ap_subject *subject, size_t *ret_n)
{
	ap_view view = ap_view_of(subject->image);
	size_t n = ap_image_count(subject->image, AP_TABLE_CLIENTS);
	const char **names = ap_arena_alloc(arena, (n + 1) * sizeof(*names));

	for (size_t i = 0; i < n; i++)
		names[i] = ap_view_string(&view, ap_view_client(&view, (uint32_t)i).name);
	*ret_n = n;
	return names;
}
