#include "apply.h"

#include "../login/applied.h"
#include "../login/view.h"

#include <string.h>

typedef struct {
	const ap_apply_options *options;
	ap_apply_result *result;
	ap_arena *arena;
	ap_state *state;
	ap_image *in_force;
	ap_image *image;
	ap_records records;
} work;

#define REFUSE(w, ...)                                                                                                 \
	(ap_diagnostics_add(&(w)->result->refusals, AP_ERROR, (w)->options->state, 0, __VA_ARGS__),                    \
	 (w)->result->outcome = AP_APPLY_REFUSED, false)

static bool open_state(work *w)
{
	const ap_apply_options *o = w->options;
	ap_error *error = &w->result->error;
	ap_status status = ap_state_open(o->state, false, &w->state, error);

	if (status == AP_ERR_MISSING)
		return REFUSE(w, "nothing was ever applied: there is nothing to go back to");
	if (status != AP_OK || (!o->dry_run && ap_state_lock(w->state, o->wait_ms, error) != AP_OK) ||
	    ap_state_records(w->state, w->arena, &w->records, error) != AP_OK) {
		w->result->outcome = AP_APPLY_FAILED;
		return false;
	}
	return true;
}

/* An image in force that cannot be read is a good reason to go back. */
static void open_in_force(work *w)
{
	ap_error error = { 0 };
	ap_status status = ap_applied_open(w->options->state, &w->in_force, &error);

	if (status == AP_OK)
		ap_revision_format(ap_image_head_of(w->in_force)->revision, w->result->replaced);
	else if (status != AP_ERR_MISSING)
		w->result->replaced_fault = ap_arena_strdup(w->arena, error.message);
}

static const ap_record *find_named(work *w, const char *revision)
{
	bool ambiguous;
	const ap_record *record = ap_records_find(&w->records, revision, &ambiguous);

	if (record == NULL && ambiguous)
		(void)REFUSE(w, "several revisions begin with %s; \"accesspolicy history\" shows them", revision);
	else if (record == NULL)
		(void)REFUSE(w, "no revision begins with %s; \"accesspolicy history\" shows them", revision);
	return record;
}

static const ap_record *find_earlier(work *w)
{
	const char *now = w->result->replaced;
	const ap_record *record = NULL;

	if (now[0] == '\0' && w->records.n > 0)
		record = &w->records.items[w->records.n -
					   1]; /* what is in force is damaged: the last that was put there */
	else if (now[0] != '\0')
		record = ap_records_before(&w->records, now);
	if (record == NULL)
		(void)REFUSE(w, "the history knows nothing that was in force before");
	return record;
}

/* All of it is read and checked before it takes the place of anything. */
static bool open_image(work *w, const ap_record *record)
{
	const char *path = ap_state_image_path(w->state, w->arena, record->revision);
	char revision[AP_HEX_REVISION + 1];
	ap_error error = { 0 };
	ap_status status = ap_applied_load_file(path, &w->image, &error);

	if (status == AP_ERR_MISSING)
		return REFUSE(w, "the image of revision %.12s is no longer kept", record->revision);
	if (status != AP_OK)
		return REFUSE(w, "the image of revision %.12s %s", record->revision, error.message);
	ap_revision_format(ap_image_head_of(w->image)->revision, revision);
	if (strcmp(revision, record->revision) != 0)
		return REFUSE(w, "%s holds revision %.12s", path, revision);
	memcpy(w->result->revision, revision, sizeof(revision));
	w->result->n_policies = ap_image_count(w->image, AP_TABLE_POLICIES);
	return true;
}

static void put_in_force(work *w)
{
	ap_apply_result *result = w->result;
	ap_record record = { .number = w->records.items[w->records.n - 1].number + 1,
			     .time = w->options->now,
			     .action = AP_ACTION_ROLLBACK,
			     .by = w->options->by,
			     .uid = w->options->uid,
			     .n_policies = (unsigned)result->n_policies,
			     .summary = result->summary };

	memcpy(record.revision, result->revision, sizeof(record.revision));
	memcpy(record.replaced, result->replaced, sizeof(record.replaced));
	ap_revision_format(ap_image_head_of(w->image)->text, record.text);
	if (w->in_force != NULL)
		ap_revision_format(ap_image_head_of(w->in_force)->text, record.replaced_text);
	if (ap_state_put_again(w->state, &record, &result->in_force, &result->error) != AP_OK)
		result->outcome = AP_APPLY_FAILED;
}

static void carry_out(work *w, const char *revision)
{
	ap_apply_result *result = w->result;
	const ap_record *record;

	if (!open_state(w))
		return;
	open_in_force(w);
	record = revision != NULL ? find_named(w, revision) : find_earlier(w);
	if (record == NULL || !open_image(w, record))
		return;
	if (strcmp(result->revision, result->replaced) == 0) {
		result->outcome = AP_APPLY_UNCHANGED;
		return;
	}
	result->changes = ap_changes_between(w->arena, w->in_force, w->image);
	result->summary = ap_changes_summary(w->arena, &result->changes);
	if (!w->options->dry_run)
		put_in_force(w);
}

void ap_rollback(const ap_apply_options *options, const char *revision, ap_arena *arena, ap_apply_result *ret_result)
{
	work w = { .options = options, .result = ret_result, .arena = arena };

	*ret_result = (ap_apply_result){ .outcome = AP_APPLY_DONE, .summary = "" };
	carry_out(&w, revision);
	ap_image_free(w.image);
	ap_image_free(w.in_force);
	ap_state_close(w.state);
}
