/* What is asked of an image before it takes another's place. */
#include "../login/view.h"
#include "assertions.h"
#include "transition.h"

#include <string.h>

ap_load_text_of *ap_transition_texts(ap_transition *t, const ap_image *image, size_t *ret_n, ap_error *error)
{
	ap_view view = ap_view_of(image);
	uint32_t n_sources = ap_image_count(image, AP_TABLE_SOURCES);
	ap_load_text_of *texts = NULL;
	size_t n = 0;

	for (uint32_t i = 0; i < n_sources && view.sound; i++) {
		ap_image_source source = ap_view_source(&view, i);
		const char *text;

		if (source.kind != AP_SOURCE_POLICIES)
			continue;
		text = ap_view_string(&view, source.text);
		*AP_PUSH(t->arena, texts, n) = (ap_load_text_of){ .path = ap_view_string(&view, source.path),
								  .text = text,
								  .size = strlen(text) };
	}
	*ret_n = n;
	if (view.sound && n > 0)
		return texts;
	if (view.sound)
		ap_error_set(error, AP_ERR_DAMAGED, t->options->state, 0,
			     "the image does not hold the policy files that it was made of");
	else
		(void)ap_image_damaged(image, error);
	return NULL;
}

static bool is_on_trial(const ap_transition *t)
{
	return t->result->replaced_trial.ends != 0;
}

/*
 * What is compared with is what would count if nothing were done: of a trial that is what it ends with. Where that cannot
 * be had, nothing is denied already.
 */
static const ap_image *find_base(const ap_transition *t, ap_image **ret_owned)
{
	char then[AP_HEX_REVISION + 1];

	*ret_owned = NULL;
	if (!is_on_trial(t))
		return t->in_force;
	ap_revision_format(t->result->replaced_trial.then, then);
	*ret_owned = ap_transition_load_kept(t, then, NULL);
	return *ret_owned;
}

void ap_transition_guard(ap_transition *t, const ap_policy_set *set)
{
	const ap_apply_options *o = t->options;
	ap_image *owned;
	const ap_guard guard = { .image = t->image,
				 .in_force = find_base(t, &owned),
				 .now = o->now,
				 .nss = o->nss,
				 .refusals = &t->result->refusals,
				 .warnings = &t->result->warnings };

	if (set != NULL) {
		(void)ap_assertions_run(set, t->image, o->now, o->nss, guard.refusals);
		ap_guard_administrators(&guard, &set->administrators);
	}
	if (o->origin != NULL)
		ap_guard_origin(&guard, o->origin);
	ap_image_free(owned);
}

/* What the texts of the new image say for themselves; NULL with *error. */
static ap_policy_set *read_texts(ap_transition *t, ap_error *error)
{
	ap_load_options load = { .texts_alone = true };
	ap_diagnostics problems = { 0 };
	ap_policy_set *set = NULL;

	load.texts = ap_transition_texts(t, t->image, &load.n_texts, error);
	if (load.texts == NULL)
		return NULL;
	load.config = load.texts[0].path;
	if (ap_load(&load, &set, &problems) != AP_OK && problems.n > 0)
		ap_error_set(error, AP_ERR_POLICY, problems.items[0].file, problems.items[0].line, "%s",
			     problems.items[0].message);
	ap_diagnostics_clear(&problems);
	return set;
}

void ap_transition_guard_kept(ap_transition *t)
{
	ap_error error = { 0 };
	ap_policy_set *set;

	if (is_on_trial(t) &&
	    memcmp(ap_image_head_of(t->image)->revision, t->result->replaced_trial.then, AP_REVISION_BYTES) == 0)
		return;
	set = read_texts(t, &error);
	if (set == NULL)
		ap_diagnostics_add(
			&t->result->warnings, AP_WARNING, error.file[0] != '\0' ? error.file : t->options->state,
			error.line,
			"its assertions and administrators were not asked about, for its text could not be read: %s",
			error.message);
	ap_transition_guard(t, set);
	ap_policy_set_free(set);
}

bool ap_transition_is_refused(ap_transition *t)
{
	if (t->result->refusals.n_errors == 0 || t->options->force)
		return false;
	t->result->outcome = AP_APPLY_REFUSED;
	t->result->force_helps = true;
	return true;
}
