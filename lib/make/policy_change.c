#include "policy_change.h"

#include "policy_text.h"

#include <string.h>

/* The text of a policy file, as the set was read from it. */
static const char *text_of(const ap_policy_set *set, const char *path)
{
	for (size_t i = 0; i < set->n_sources; i++)
		if (set->sources[i].kind == AP_SOURCE_POLICIES && strcmp(set->sources[i].path, path) == 0)
			return set->sources[i].text;
	return NULL;
}

/* Which of its file's policies it is. */
static size_t number_in_file(const ap_policy_set *set, const ap_policy_def *policy)
{
	size_t n = 0;

	for (const ap_policy_def *other = set->policies; other < policy; other++)
		n += strcmp(other->place.file, policy->place.file) == 0;
	return n;
}

/* A file that is edited once more is still what the first edit was made from. */
static void note_edit(ap_arena *arena, ap_edit_list *edits, const char *path, const char *before, const char *text)
{
	for (size_t i = 0; i < edits->n; i++) {
		if (strcmp(edits->items[i].path, path) != 0)
			continue;
		edits->items[i].text = text;
		return;
	}
	*AP_PUSH(arena, edits->items, edits->n) = (ap_file_edit){ .path = ap_arena_strdup(arena, path),
								  .text = text,
								  .before = ap_arena_strdup(arena, before) };
}

static bool say_same(ap_arena *arena, const ap_policy_def *policy, const ap_policy_form *meant)
{
	ap_policy_form form = ap_policy_form_of(arena, policy);

	return ap_policy_forms_are_same(&form, meant);
}

/* Does the policy say what was meant, NULL that it is gone, and every other what it said? */
static bool is_as_meant(ap_arena *arena, const ap_policy_set *was, const ap_policy_set *is,
			const ap_policy_def *changed, const ap_policy_form *after)
{
	size_t k = 0;

	if (is->n_policies != was->n_policies - (after == NULL))
		return false;
	for (size_t i = 0; i < was->n_policies; i++) {
		bool is_changed = &was->policies[i] == changed;
		ap_policy_form form = ap_policy_form_of(arena, &was->policies[i]);

		if (is_changed && after == NULL)
			continue;
		if (!say_same(arena, &is->policies[k++], is_changed ? after : &form))
			return false;
	}
	return true;
}

/* Reads the files with the edits, and has what comes of it take the set's place. */
static bool check(ap_arena *arena, ap_policy_set **set, const ap_policy_def *changed, const ap_policy_form *after,
		  const ap_edit_list *edits, ap_error *error)
{
	const ap_load_options options = { .config = (*set)->root, .edits = edits->items, .n_edits = edits->n };
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *is = NULL;
	bool fine = ap_load(&options, &is, &diagnostics) != AP_OK || is_as_meant(arena, *set, is, changed, after);

	ap_diagnostics_clear(&diagnostics);
	if (!fine)
		ap_error_set(error, AP_ERR_POLICY, changed->place.file, changed->place.line,
			     "policy \"%s\" is written in a way that cannot be changed by itself; change it by hand",
			     changed->name);
	ap_policy_set_free(*set);
	*set = is;
	return fine;
}

bool ap_policy_change(ap_arena *arena, ap_policy_set **set, const ap_policy_def *policy, const ap_policy_form *after,
		      ap_edit_list *edits, ap_error *error)
{
	const char *before = text_of(*set, policy->place.file);
	ap_policy_form is = ap_policy_form_of(arena, policy);
	const char *text =
		before != NULL ? ap_policy_text_change(arena, before, number_in_file(*set, policy), &is, after) : NULL;

	if (text != NULL)
		note_edit(arena, edits, policy->place.file, before, text);
	else
		ap_error_set(error, AP_ERR_POLICY, policy->place.file, policy->place.line,
			     "policy \"%s\" is not found in the text; change it by hand", policy->name);
	return text != NULL && check(arena, set, policy, after, edits, error);
}

bool ap_policy_remove(ap_arena *arena, ap_policy_set **set, const ap_policy_def *policy, ap_edit_list *edits,
		      ap_error *error)
{
	const char *before = text_of(*set, policy->place.file), *text = NULL;
	bool empty = false, is_root = strcmp(policy->place.file, (*set)->root) == 0;

	if (before != NULL)
		text = ap_policy_text_remove(arena, before, AP_SECTION_POLICIES, number_in_file(*set, policy), &empty);
	if (text == NULL) {
		ap_error_set(error, AP_ERR_POLICY, policy->place.file, policy->place.line,
			     "policy \"%s\" is not found in the text; remove it by hand", policy->name);
		return false;
	}
	note_edit(arena, edits, policy->place.file, before, empty && !is_root ? NULL : text);
	return check(arena, set, policy, NULL, edits, error);
}
