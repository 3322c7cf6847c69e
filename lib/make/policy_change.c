#include "policy_change.h"

#include "../login/image.h"
#include "policy_text.h"

#include <stdlib.h>
#include <string.h>

/*
 * What is to change
 */

void ap_definition_changes_add_policy(ap_arena *arena, ap_definition_changes *changes, const ap_policy_def *policy,
				      const ap_policy_form *after)
{
	*AP_PUSH(arena, changes->items, changes->n) = (ap_definition_change){ .policy = policy, .policy_after = after };
}

void ap_definition_changes_add_exception_removal(ap_arena *arena, ap_definition_changes *changes,
						 const ap_exception_def *exception)
{
	*AP_PUSH(arena, changes->items, changes->n) = (ap_definition_change){ .exception = exception };
}

static void rename_replaced(ap_arena *arena, ap_definition_changes *changes, const ap_policy_def *policy,
			    const char *name)
{
	ap_policy_form *after = ap_arena_alloc(arena, sizeof(*after));

	*after = ap_policy_form_of(arena, policy);
	after->replaces = name;
	ap_definition_changes_add_policy(arena, changes, policy, after);
}

static void rename_freed(ap_arena *arena, ap_definition_changes *changes, const ap_exception_def *exception,
			 const char *was, const char *name)
{
	ap_exception_form *after = NULL;

	for (size_t i = 0; i < exception->policies.n; i++) {
		if (strcmp(exception->policies.items[i].text, was) != 0)
			continue;
		if (after == NULL) {
			after = ap_arena_alloc(arena, sizeof(*after));
			*after = ap_exception_form_of(arena, exception);
		}
		after->policies.items[i] = name;
	}
	if (after != NULL)
		*AP_PUSH(arena, changes->items, changes->n) =
			(ap_definition_change){ .exception = exception, .exception_after = after };
}

void ap_definition_changes_add_references(ap_arena *arena, ap_definition_changes *changes, const ap_policy_set *set,
					  const ap_policy_def *policy, const char *name)
{
	for (size_t i = 0; i < set->n_policies; i++) {
		const ap_policy_def *other = &set->policies[i];

		if (other != policy && other->replaces.text != NULL && strcmp(other->replaces.text, policy->name) == 0)
			rename_replaced(arena, changes, other, name);
	}
	for (size_t i = 0; i < set->n_exceptions; i++)
		rename_freed(arena, changes, &set->exceptions[i], policy->name, name);
}

/*
 * In the texts
 */

const char *ap_policy_set_text_of(const ap_policy_set *set, const char *path)
{
	for (size_t i = 0; i < set->n_sources; i++)
		if (set->sources[i].kind == AP_SOURCE_POLICIES && strcmp(set->sources[i].path, path) == 0)
			return set->sources[i].text;
	return NULL;
}

size_t ap_policy_number_in_file(const ap_policy_set *set, const ap_policy_def *policy)
{
	size_t n = 0;

	for (const ap_policy_def *other = set->policies; other < policy; other++)
		n += strcmp(other->place.file, policy->place.file) == 0;
	return n;
}

static size_t number_of_exception(const ap_policy_set *set, const ap_exception_def *exception)
{
	size_t n = 0;

	for (const ap_exception_def *other = set->exceptions; other < exception; other++)
		n += strcmp(other->place.file, exception->place.file) == 0;
	return n;
}

static ap_place place_of(const ap_definition_change *change)
{
	return change->policy != NULL ? change->policy->place : change->exception->place;
}

static const char *name_of(const ap_definition_change *change)
{
	return change->policy != NULL ? change->policy->name : change->exception->name;
}

static bool goes(const ap_definition_change *change)
{
	if (change->is_written)
		return false;
	return change->policy != NULL ? change->policy_after == NULL : change->exception_after == NULL;
}

/* The file's edit, which says what the file does where there is none yet; NULL: it is no file of the set. */
static ap_file_edit *edit_of(ap_arena *arena, const ap_policy_set *set, ap_edit_list *edits, const char *path)
{
	const char *text = ap_policy_set_text_of(set, path);

	for (size_t i = 0; i < edits->n; i++)
		if (strcmp(edits->items[i].path, path) == 0)
			return &edits->items[i];
	if (text == NULL)
		return NULL;
	text = ap_arena_strdup(arena, text);
	*AP_PUSH(arena, edits->items, edits->n) =
		(ap_file_edit){ .path = ap_arena_strdup(arena, path), .text = text, .before = text };
	return &edits->items[edits->n - 1];
}

static char *text_after(ap_arena *arena, const ap_policy_set *set, const ap_definition_change *change, const char *text,
			bool *ret_empty)
{
	ap_section section = change->policy != NULL ? AP_SECTION_POLICIES : AP_SECTION_EXCEPTIONS;
	size_t n = change->policy != NULL ? ap_policy_number_in_file(set, change->policy)
					  : number_of_exception(set, change->exception);

	*ret_empty = false;
	if (goes(change))
		return ap_policy_text_remove(arena, text, section, n, ret_empty);
	if (change->policy != NULL) {
		ap_policy_form is = ap_policy_form_of(arena, change->policy);

		return ap_policy_text_change(arena, text, n, &is, change->policy_after);
	}
	{
		ap_exception_form is = ap_exception_form_of(arena, change->exception);

		return ap_exception_text_change(arena, text, n, &is, change->exception_after);
	}
}

static bool write_change(ap_arena *arena, const ap_policy_set *set, const ap_definition_change *change,
			 ap_edit_list *edits, ap_error *error)
{
	ap_place place = place_of(change);
	ap_file_edit *edit = edit_of(arena, set, edits, place.file);
	bool empty = false;
	const char *text = edit != NULL ? text_after(arena, set, change, edit->text, &empty) : NULL;

	if (text == NULL) {
		ap_error_set(error, AP_ERR_POLICY, place.file, place.line,
			     "%s \"%s\" is not found in the text; %s it by hand",
			     change->policy != NULL ? "policy" : "exception", name_of(change),
			     goes(change) ? "remove" : "change");
		return false;
	}
	edit->text = empty && strcmp(place.file, set->root) != 0 ? NULL : text;
	return true;
}

/* The last of a file first: what goes does not change the numbers of those before it. */
static int compare_backwards(const void *left, const void *right)
{
	const ap_definition_change *a = left, *b = right;

	if ((a->policy == NULL) != (b->policy == NULL))
		return a->policy == NULL ? 1 : -1;
	if (a->policy != NULL)
		return a->policy > b->policy ? -1 : a->policy < b->policy;
	return a->exception > b->exception ? -1 : a->exception < b->exception;
}

/*
 * Is it what was meant?
 */

static const ap_definition_change *change_of(const ap_definition_changes *changes, const void *definition)
{
	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].policy == definition || changes->items[i].exception == definition)
			return &changes->items[i];
	return NULL;
}

static bool policies_are_as_meant(ap_arena *arena, const ap_policy_set *was, const ap_policy_set *is,
				  const ap_definition_changes *changes)
{
	ap_names *numbers = ap_names_new(arena);
	size_t n = 0;

	for (size_t i = 0; i < is->n_policies; i++)
		ap_names_put(numbers, is->policies[i].name, (uint32_t)i);
	for (size_t i = 0; i < was->n_policies; i++) {
		const ap_definition_change *change = change_of(changes, &was->policies[i]);
		ap_policy_form meant = ap_policy_form_of(arena, &was->policies[i]), found;
		uint32_t number;

		if (change != NULL && goes(change))
			continue;
		n++;
		if (change != NULL && change->is_written)
			continue;
		if (change != NULL)
			meant = *change->policy_after;
		number = ap_names_find(numbers, meant.name);
		if (number == AP_NONE)
			return false;
		found = ap_policy_form_of(arena, &is->policies[number]);
		if (!ap_policy_forms_are_same(&found, &meant))
			return false;
	}
	return n == is->n_policies;
}

static bool exceptions_are_as_meant(ap_arena *arena, const ap_policy_set *was, const ap_policy_set *is,
				    const ap_definition_changes *changes)
{
	ap_names *numbers = ap_names_new(arena);
	size_t n = 0;

	for (size_t i = 0; i < is->n_exceptions; i++)
		ap_names_put(numbers, is->exceptions[i].name, (uint32_t)i);
	for (size_t i = 0; i < was->n_exceptions; i++) {
		const ap_definition_change *change = change_of(changes, &was->exceptions[i]);
		ap_exception_form meant = ap_exception_form_of(arena, &was->exceptions[i]), found;
		uint32_t number;

		if (change != NULL && goes(change))
			continue;
		if (change != NULL)
			meant = *change->exception_after;
		number = ap_names_find(numbers, meant.name);
		if (number == AP_NONE)
			return false;
		found = ap_exception_form_of(arena, &is->exceptions[number]);
		if (!ap_exception_forms_are_same(&found, &meant))
			return false;
		n++;
	}
	return n == is->n_exceptions;
}

static const char *text_with(const ap_source_def *source, const ap_edit_list *edits)
{
	for (size_t i = 0; i < edits->n; i++)
		if (strcmp(edits->items[i].path, source->path) == 0)
			return edits->items[i].text;
	return source->text;
}

/* The texts that the set was read from, with the edits: what others do to the files meanwhile is not held against it. */
static ap_load_text_of *texts_with(ap_arena *arena, const ap_policy_set *set, const ap_edit_list *edits, size_t *ret_n)
{
	ap_load_text_of *texts = NULL;

	*ret_n = 0;
	for (size_t i = 0; i < set->n_sources; i++) {
		const ap_source_def *source = &set->sources[i];
		const char *text = source->kind == AP_SOURCE_POLICIES ? text_with(source, edits) : NULL;

		if (text != NULL)
			*AP_PUSH(arena, texts, *ret_n) =
				(ap_load_text_of){ .path = source->path, .text = text, .size = strlen(text) };
	}
	return texts;
}

/* Reads the texts with the edits. Whether they make a policy is for others to judge. */
static bool check(const ap_policy_set *set, const ap_definition_changes *changes, const ap_edit_list *edits,
		  ap_error *error)
{
	ap_load_options options = { .config = set->root };
	ap_place place = place_of(&changes->items[0]);
	ap_arena *scratch = ap_arena_new();
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *is = NULL;
	bool fine;

	options.texts = texts_with(scratch, set, edits, &options.n_texts);
	fine = ap_load(&options, &is, &diagnostics) != AP_OK ||
	       (policies_are_as_meant(scratch, set, is, changes) && exceptions_are_as_meant(scratch, set, is, changes));
	if (!fine)
		ap_error_set(error, AP_ERR_POLICY, place.file, place.line,
			     "%s \"%s\" is written in a way that cannot be changed by itself; change it by hand",
			     changes->items[0].policy != NULL ? "policy" : "exception", name_of(&changes->items[0]));
	ap_diagnostics_clear(&diagnostics);
	ap_policy_set_free(is);
	ap_arena_free(scratch);
	return fine;
}

bool ap_definition_changes_edits(ap_arena *arena, const ap_policy_set *set, const ap_definition_changes *changes,
				 ap_edit_list *edits, ap_error *error)
{
	ap_definition_change *ordered = ap_arena_alloc(arena, (changes->n + 1) * sizeof(*ordered));

	for (size_t i = 0; i < changes->n; i++)
		ordered[i] = changes->items[i];
	qsort(ordered, changes->n, sizeof(*ordered), compare_backwards);
	for (size_t i = 0; i < changes->n; i++)
		if (!ordered[i].is_written && !write_change(arena, set, &ordered[i], edits, error))
			return false;
	return changes->n == 0 || check(set, changes, edits, error);
}

void ap_edits_move(ap_arena *arena, ap_edit_list *edits, const char *from, const char *to, const char *text)
{
	ap_file_edit leaves = { .path = ap_arena_strdup(arena, from), .before = text };
	size_t i = 0;

	while (i < edits->n && strcmp(edits->items[i].path, from) != 0)
		i++;
	if (i < edits->n) {
		text = edits->items[i].text;
		leaves.before = edits->items[i].before;
	} else {
		AP_PUSH(arena, edits->items, edits->n);
	}
	/* a crash between the two leaves the policy twice, not nowhere */
	edits->items[i] = (ap_file_edit){ .path = ap_arena_strdup(arena, to), .text = text, .like = leaves.path };
	*AP_PUSH(arena, edits->items, edits->n) = leaves;
}
