#include "apply.h"

#include "../login/applied.h"
#include "../login/view.h"
#include "assertions.h"
#include "compile.h"
#include "load.h"
#include "names.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
	const ap_apply_options *options;
	ap_apply_result *result;
	ap_arena *arena;
	ap_state *state;    /* NULL: there is no folder, and with dry_run none is made */
	ap_image *in_force; /* NULL: nothing is, or it cannot be read */
	ap_records records;
	ap_policy_set *set;
	void *bytes;
	size_t size;
	ap_image *image; /* of `bytes` */
} work;

static bool fail(work *w)
{
	w->result->outcome = AP_APPLY_FAILED;
	return false;
}

/*
 * What there is
 */

static bool open_state(work *w)
{
	const ap_apply_options *o = w->options;
	ap_error *error = &w->result->error;
	ap_status status = ap_state_open(o->state, !o->dry_run, &w->state, error);

	if (status == AP_ERR_MISSING && o->dry_run)
		return true;
	if (status != AP_OK || (!o->dry_run && ap_state_lock(w->state, o->wait_ms, error) != AP_OK) ||
	    ap_state_records(w->state, w->arena, &w->records, error) != AP_OK)
		return fail(w);
	return true;
}

/* An image that cannot be read is no reason not to put another in its place. */
static bool open_in_force(work *w)
{
	ap_error error = { 0 };
	ap_status status = ap_applied_open(w->options->state, &w->in_force, &error);

	if (status == AP_OK) {
		ap_revision_format(ap_image_head_of(w->in_force)->revision, w->result->replaced);
		return true;
	}
	if (status != AP_ERR_MISSING)
		w->result->replaced_fault = ap_arena_strdup(w->arena, error.message);
	if (!w->options->data)
		return true;
	if (status == AP_ERR_MISSING)
		ap_error_set(&error, AP_ERR_MISSING, w->options->state, 0,
			     "nothing is in force yet; \"accesspolicy apply\" puts the policy files in force");
	w->result->error = error;
	return fail(w);
}

/* The policy files of the image in force. */
static ap_load_text_of *texts_in_force(work *w, size_t *ret_n)
{
	ap_view view = ap_view_of(w->in_force);
	uint32_t n_sources = ap_image_count(w->in_force, AP_TABLE_SOURCES);
	ap_load_text_of *texts = NULL;
	size_t n = 0;

	for (uint32_t i = 0; i < n_sources && view.sound; i++) {
		ap_image_source source = ap_view_source(&view, i);
		const char *text;

		if (source.kind != AP_SOURCE_POLICIES)
			continue;
		text = ap_view_string(&view, source.text);
		*AP_PUSH(w->arena, texts, n) = (ap_load_text_of){ .path = ap_view_string(&view, source.path),
								  .text = text,
								  .size = strlen(text) };
	}
	*ret_n = n;
	if (view.sound && n > 0)
		return texts;
	if (view.sound)
		ap_error_set(&w->result->error, AP_ERR_DAMAGED, w->options->state, 0,
			     "the image in force does not hold the policy files that it was made of");
	else
		(void)ap_image_damaged(w->in_force, &w->result->error);
	return NULL;
}

/*
 * The new image
 */

static bool load(work *w)
{
	ap_load_options load = { .config = w->options->config, .progress = w->options->progress };

	if (w->options->data) {
		load.texts = texts_in_force(w, &load.n_texts);
		if (load.texts == NULL)
			return fail(w);
		load.config = load.texts[0].path;
	}
	if (ap_load(&load, &w->set, &w->result->problems) == AP_OK)
		return true;
	w->result->outcome = AP_APPLY_UNREADABLE;
	return false;
}

static bool compile(work *w)
{
	ap_error *error = &w->result->error;

	ap_progress_tell(w->options->progress, "compiling", "", 0, 0);
	if (ap_compile(w->set, w->options->now, &w->bytes, &w->size, error) != AP_OK ||
	    ap_image_open_sealed("the new image", w->bytes, w->size, &w->image, error) != AP_OK)
		return fail(w);
	ap_revision_format(ap_image_head_of(w->image)->revision, w->result->revision);
	w->result->n_policies = w->set->n_policies;
	return true;
}

/*
 * What refuses
 */

/* A source with so much less in it than before that something has probably gone wrong where it comes from. */
static void refuse_shrunken(work *w, const ap_source_def *source, uint32_t before)
{
	const char *unit = source->kind == AP_SOURCE_DIRECTORY ? "members" : "entries";
	uint64_t lost = before > source->n ? before - source->n : 0;

	if (before == 0 || (source->n > 0 && lost * 100 <= (uint64_t)before * w->set->max_shrink))
		return;
	if (source->n == 0)
		ap_diagnostics_add(&w->result->refusals, AP_ERROR, source->path, 0,
				   "is empty; %u %s of it are in force", before, unit);
	else
		ap_diagnostics_add(&w->result->refusals, AP_ERROR, source->path, 0,
				   "has lost %llu of %u %s, which is more than max_shrink, %u percent",
				   (unsigned long long)lost, before, unit, w->set->max_shrink);
}

static void check_shrinking(work *w)
{
	ap_names *numbers = ap_names_new(w->arena);
	ap_view view = ap_view_of(w->in_force);
	uint32_t n = w->in_force != NULL ? ap_image_count(w->in_force, AP_TABLE_SOURCES) : 0;

	for (uint32_t i = 0; i < n && view.sound; i++) {
		ap_image_source source = ap_view_source(&view, i);
		const char *path = ap_view_string(&view, source.path);

		if (source.kind != AP_SOURCE_POLICIES && ap_names_find(numbers, path) == AP_NONE)
			ap_names_put(numbers, path, source.n);
	}
	for (size_t i = 0; i < w->set->n_sources; i++) {
		const ap_source_def *source = &w->set->sources[i];
		uint32_t before = ap_names_find(numbers, source->path);

		if (source->kind != AP_SOURCE_POLICIES && before != AP_NONE)
			refuse_shrunken(w, source, before);
	}
}

/* The text that was rolled back is refused until it changes; so is the very image, however it came to be again. */
static void check_rolled_back(work *w)
{
	char text[AP_HEX_REVISION + 1], text_in_force[AP_HEX_REVISION + 1] = "";
	const ap_record *rolled_back = NULL;

	ap_revision_format(ap_image_head_of(w->image)->text, text);
	if (w->in_force != NULL)
		ap_revision_format(ap_image_head_of(w->in_force)->text, text_in_force);
	for (size_t i = 0; i < w->records.n; i++) {
		const ap_record *record = &w->records.items[i];
		bool same_text = strcmp(record->replaced_text, text) == 0 && strcmp(text, text_in_force) != 0;
		bool same = strcmp(record->replaced, w->result->revision) == 0;

		if (record->action == AP_ACTION_ROLLBACK && (same || same_text))
			rolled_back = record;
		else if (record->forced && record->action != AP_ACTION_ROLLBACK &&
			 (strcmp(record->revision, w->result->revision) == 0 || strcmp(record->text, text) == 0))
			rolled_back = NULL;
	}
	if (rolled_back != NULL)
		ap_diagnostics_add(&w->result->refusals, AP_ERROR, w->options->data ? w->options->state : w->set->root,
				   0, "%s was rolled back by %s; it is not applied again until it changes",
				   strcmp(rolled_back->replaced, w->result->revision) == 0 ? "this policy"
											   : "this text",
				   rolled_back->by);
}

static bool refuse(work *w)
{
	ap_apply_result *result = w->result;

	(void)ap_assertions_run(w->set, w->image, w->options->now, w->options->nss, &result->refusals);
	check_shrinking(w);
	check_rolled_back(w);
	if (result->refusals.n_errors == 0 || w->options->force)
		return false;
	result->outcome = AP_APPLY_REFUSED;
	return true;
}

/*
 * Into force
 */

static void put_in_force(work *w)
{
	ap_apply_result *result = w->result;
	ap_record record = { .number = w->records.n > 0 ? w->records.items[w->records.n - 1].number + 1 : 1,
			     .time = w->options->now,
			     .action = w->options->data ? AP_ACTION_DATA : AP_ACTION_APPLY,
			     .by = w->options->by,
			     .uid = w->options->uid,
			     .forced = w->options->force && result->refusals.n_errors > 0,
			     .n_policies = (unsigned)result->n_policies,
			     .summary = result->summary };

	memcpy(record.revision, result->revision, sizeof(record.revision));
	memcpy(record.replaced, result->replaced, sizeof(record.replaced));
	ap_revision_format(ap_image_head_of(w->image)->text, record.text);
	if (w->in_force != NULL)
		ap_revision_format(ap_image_head_of(w->in_force)->text, record.replaced_text);
	if (ap_state_put(w->state, w->bytes, w->size, &record, w->options->progress, &result->in_force,
			 &result->error) != AP_OK)
		result->outcome = AP_APPLY_FAILED;
}

static void carry_out(work *w)
{
	ap_apply_result *result = w->result;

	if (!open_state(w) || !open_in_force(w) || !load(w) || !compile(w))
		return;
	if (strcmp(result->revision, result->replaced) == 0) {
		result->outcome = AP_APPLY_UNCHANGED;
		return;
	}
	result->changes = ap_changes_between(w->arena, w->in_force, w->image);
	result->summary = ap_changes_summary(w->arena, &result->changes);
	if (!refuse(w) && !w->options->dry_run)
		put_in_force(w);
}

void ap_apply(const ap_apply_options *options, ap_arena *arena, ap_apply_result *ret_result)
{
	work w = { .options = options, .result = ret_result, .arena = arena };

	*ret_result = (ap_apply_result){ .outcome = AP_APPLY_DONE, .summary = "" };
	carry_out(&w);
	ap_image_free(w.image);
	free(w.bytes);
	ap_policy_set_free(w.set);
	ap_image_free(w.in_force);
	ap_state_close(w.state);
}

void ap_apply_result_clear(ap_apply_result *result)
{
	ap_diagnostics_clear(&result->problems);
	ap_diagnostics_clear(&result->refusals);
}
