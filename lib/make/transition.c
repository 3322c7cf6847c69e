#include "transition.h"

#include "../login/applied.h"
#include "audit_file.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/*
 * The last of the records tells of a trial's end that is not written down: has what counts since take its place on the disk
 * too, and writes the record. Where that fails it counts all the same, which is a warning.
 */
static void settle_trial(ap_transition *t)
{
	ap_apply_result *result = t->result;
	const ap_record *record = &t->records.items[t->records.n - 1];
	ap_error error = { 0 };
	ap_image *image = ap_transition_load_kept(t, record->revision, &error);
	bool in_force;

	if (image == NULL || ap_state_put_again(t->state, record, &in_force, &error) != AP_OK)
		ap_diagnostics_add(&result->warnings, AP_WARNING,
				   error.file[0] != '\0' ? error.file : t->options->state, error.line,
				   "the end of the trial of revision %.12s could not be written down: %s",
				   record->replaced, error.message);
	if (image != NULL)
		ap_audit_file_make(image, &result->warnings);
	ap_image_free(image);
}

static bool read_records(ap_transition *t)
{
	/* not what it was when the command began to wait for the lock: a trial may have ended since */
	t->now = (int64_t)time(NULL);
	if (ap_state_records(t->state, t->now, t->arena, &t->records, &t->result->error) != AP_OK)
		return false;
	t->trial_ended = t->records.trial_ended;
	if (t->trial_ended && !t->options->dry_run)
		settle_trial(t);
	return true;
}

bool ap_transition_open(ap_transition *t, bool create)
{
	const ap_apply_options *o = t->options;
	ap_error *error = &t->result->error;

	t->now = (int64_t)time(NULL);
	if (ap_state_open(o->state, create, &t->state, error) == AP_OK &&
	    (o->dry_run || ap_state_lock(t->state, o->wait_ms, error) == AP_OK) && read_records(t))
		return true;
	t->result->outcome = AP_APPLY_FAILED;
	return false;
}

ap_status ap_transition_open_in_force(ap_transition *t, ap_error *error)
{
	ap_image *whole = NULL;
	/* of what is only opened nothing but the head has been checked: what is compared is checked first */
	ap_status status = ap_applied_load(t->options->state, NULL, t->now, &whole, error);

	ap_image_free(whole);
	if (status == AP_OK)
		status = ap_applied_open(t->options->state, t->now, &t->in_force, error);
	if (status == AP_OK) {
		ap_revision_format(ap_image_head_of(t->in_force)->revision, t->result->replaced);
		t->result->replaced_trial = ap_image_head_of(t->in_force)->trial;
	} else if (status != AP_ERR_MISSING) {
		t->result->replaced_fault = ap_arena_strdup(t->arena, error->message);
	}
	return status;
}

ap_image *ap_transition_load_kept(const ap_transition *t, const char *revision, ap_error *error)
{
	const char *path = ap_state_image_path(t->state, t->arena, revision);
	char found[AP_HEX_REVISION + 1];
	ap_image *image = NULL;

	if (ap_applied_load_file(path, &image, error) != AP_OK)
		return NULL;
	ap_revision_format(ap_image_head_of(image)->revision, found);
	if (strcmp(found, revision) == 0)
		return image;
	ap_image_free(image);
	ap_error_set(error, AP_ERR_DAMAGED, path, 0, "holds revision %.12s", found);
	return NULL;
}

void ap_transition_take(ap_transition *t, ap_image *image)
{
	t->image = image;
	ap_revision_format(ap_image_head_of(image)->revision, t->result->revision);
	t->result->n_policies = ap_image_count(image, AP_TABLE_POLICIES);
}

const ap_image *ap_transition_before(ap_transition *t)
{
	size_t i;

	if (t->in_force != NULL)
		return t->in_force;
	for (i = t->records.n; i > 0 && t->last_known == NULL; i--)
		if (ap_applied_load_file(ap_state_image_path(t->state, t->arena, t->records.items[i - 1].revision),
					 &t->last_known, NULL) != AP_OK)
			t->last_known = NULL;
	return t->last_known;
}

static const ap_record *last_record(const ap_transition *t)
{
	return t->records.n > 0 ? &t->records.items[t->records.n - 1] : NULL;
}

static unsigned next_number(const ap_transition *t)
{
	const ap_record *last = last_record(t);

	return last != NULL ? last->number + 1 : 1;
}

bool ap_transition_is_recorded(const ap_transition *t, const char *revision)
{
	const ap_record *last = last_record(t);

	return last != NULL && strcmp(last->revision, revision) == 0;
}

void ap_transition_record_stranger(ap_transition *t)
{
	ap_record record = { .number = next_number(t),
			     .time = t->options->now,
			     .action = AP_ACTION_APPLY,
			     .by = "unknown",
			     .trial_ends = t->result->replaced_trial.ends,
			     .summary = "found in force: it was put there by other means than apply" };

	if (t->in_force == NULL || ap_transition_is_recorded(t, t->result->replaced))
		return;
	record.n_policies = (unsigned)ap_image_count(t->in_force, AP_TABLE_POLICIES);
	memcpy(record.revision, t->result->replaced, sizeof(record.revision));
	ap_revision_format(ap_image_head_of(t->in_force)->text, record.text);
	if (ap_state_record(t->state, &record, NULL) == AP_OK)
		*AP_PUSH(t->arena, t->records.items, t->records.n) = record;
}

void ap_transition_compare(ap_transition *t)
{
	t->result->changes = ap_changes_between(t->arena, ap_transition_before(t), t->image);
	t->result->summary = ap_changes_summary(t->arena, &t->result->changes);
}

/* A log that is to be kept is no place for a thousand of them. */
enum { FORCED_OVER_MAX = 20 };

/* What --force went over, as it is told: with its place. */
static void note_forced_over(const ap_transition *t, ap_record *record)
{
	const ap_diagnostics *refusals = &t->result->refusals;
	const char **lines = NULL;
	size_t n = 0;

	for (size_t i = 0; i < refusals->n && n < FORCED_OVER_MAX; i++) {
		const ap_diagnostic *item = &refusals->items[i];
		size_t size = strlen(item->file) + strlen(item->message) + 32;
		char *line;

		if (item->severity != AP_ERROR)
			continue;
		line = ap_arena_alloc(t->arena, size);
		if (item->line > 0)
			(void)snprintf(line, size, "%s:%u: %s", item->file, item->line, item->message);
		else
			(void)snprintf(line, size, "%s: %s", item->file, item->message);
		*AP_PUSH(t->arena, lines, n) = line;
	}
	if (n < refusals->n_errors) {
		enum { SIZE = 64 };
		char *line = ap_arena_alloc(t->arena, SIZE);

		(void)snprintf(line, SIZE, "and %zu more", refusals->n_errors - n);
		*AP_PUSH(t->arena, lines, n) = line;
	}
	record->forced_over = lines;
	record->n_forced_over = n;
}

ap_record ap_transition_record(const ap_transition *t, ap_action action)
{
	const ap_apply_result *result = t->result;
	ap_record record = { .number = next_number(t),
			     .time = t->options->now,
			     .action = action,
			     .by = t->options->by,
			     .uid = t->options->uid,
			     .forced = t->options->force && result->refusals.n_errors > 0,
			     .trial_ends = result->trial.ends,
			     .n_policies = (unsigned)result->n_policies,
			     .summary = result->summary };

	memcpy(record.revision, result->revision, sizeof(record.revision));
	memcpy(record.replaced, result->replaced, sizeof(record.replaced));
	ap_revision_format(ap_image_head_of(t->image)->text, record.text);
	if (record.forced)
		note_forced_over(t, &record);
	if (t->in_force != NULL)
		ap_revision_format(ap_image_head_of(t->in_force)->text, record.replaced_text);
	return record;
}

void ap_transition_make_audit_file(ap_transition *t)
{
	bool in_force =
		t->result->outcome == AP_APPLY_DONE || t->result->outcome == AP_APPLY_UNCHANGED || t->result->in_force;

	if (in_force && !t->options->dry_run && t->image != NULL)
		ap_audit_file_make(t->image, &t->result->warnings);
}

const char *ap_transition_state_option(const ap_transition *t)
{
	return t->options->state_option != NULL ? t->options->state_option : "";
}

const char *ap_transition_files_option(const ap_transition *t)
{
	return t->options->files_option != NULL ? t->options->files_option : "";
}

void ap_transition_close(ap_transition *t)
{
	ap_image_free(t->image);
	ap_image_free(t->in_force);
	ap_image_free(t->last_known);
	ap_state_close(t->state);
}
