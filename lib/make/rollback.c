/* How a policy that was in force before is put in force again. */
#include "timestamp.h"
#include "transition.h"

#include <string.h>

static bool open_state(ap_transition *t)
{
	if (ap_transition_open(t, false))
		return true;
	if (t->result->error.status != AP_ERR_MISSING)
		return false;
	return AP_REFUSE(t, "nothing was ever applied: there is nothing to go back to");
}

static const ap_record *find_named(ap_transition *t, const char *revision)
{
	bool ambiguous;
	const ap_record *record = ap_records_find(&t->records, revision, &ambiguous);

	if (record == NULL && ambiguous)
		(void)AP_REFUSE(t, "several revisions begin with %s; \"accesspolicy history%s\" shows them", revision,
				ap_transition_state_option(t));
	else if (record == NULL)
		(void)AP_REFUSE(t, "no revision begins with %s; \"accesspolicy history%s\" shows them", revision,
				ap_transition_state_option(t));
	return record;
}

/* All of it is read and checked before it takes the place of anything. False, with *error, where it cannot be had. */
static bool open_image(ap_transition *t, const ap_record *record, ap_error *error)
{
	ap_image *image = ap_transition_load_kept(t, record->revision, error);

	if (image != NULL)
		ap_transition_take(t, image);
	return image != NULL;
}

static bool refuse_image(ap_transition *t, const ap_record *record, const ap_error *error)
{
	if (error->status == AP_ERR_MISSING)
		return AP_REFUSE(t, "the image of revision %.12s is no longer kept", record->revision);
	return AP_REFUSE(t, "the image of revision %.12s cannot be used: %s", record->revision, error->message);
}

static bool open_named(ap_transition *t, const char *revision)
{
	const ap_record *record = find_named(t, revision);
	ap_error error = { 0 };

	if (record == NULL)
		return false;
	if (t->result->replaced_trial.ends != 0 && strcmp(record->revision, t->result->replaced) == 0)
		return AP_REFUSE(t, "revision %.12s is in force, on trial; \"accesspolicy confirm%s\" keeps it",
				 record->revision, ap_transition_state_option(t));
	return open_image(t, record, &error) || refuse_image(t, record, &error);
}

static void tell_ended(ap_transition *t, const ap_record *ended, ap_record *ret_then)
{
	char time[AP_TIMESTAMP_TEXT_MAX];

	memcpy(ret_then->revision, ended->revision, sizeof(ret_then->revision));
	ap_diagnostics_add(&t->result->warnings, AP_WARNING, t->options->state, 0,
			   "the trial of revision %.12s ended %s: what was in force before counts again already",
			   ended->replaced, ap_timestamp_format_local(ended->time, time));
}

/* What counts when the trial ends; or what counts already, since it has ended while one was about to end it. */
static bool open_kept_for_trial(ap_transition *t)
{
	const char *now = t->result->replaced;
	const ap_record *ended = t->records.n > 0 ? &t->records.items[t->records.n - 1] : NULL;
	ap_record then = { .number = 0 };
	ap_error unread = { 0 };

	if (t->result->replaced_trial.ends != 0)
		ap_revision_format(t->result->replaced_trial.then, then.revision);
	else if (t->trial_ended && strcmp(ended->revision, now) == 0)
		tell_ended(t, ended, &then);
	return then.revision[0] != '\0' && open_image(t, &then, &unread);
}

/*
 * What was in force before, or where that cannot be had what was before that; of a damaged image, the newest that is
 * whole.
 */
static bool open_earlier(ap_transition *t)
{
	const char *now = t->result->replaced;
	const ap_record *record = NULL, *newest = NULL;
	ap_error why_not = { 0 };

	if (open_kept_for_trial(t))
		return true;
	if (t->result->replaced_fault == NULL && now[0] != '\0')
		record = ap_records_before(&t->records, now);
	else if (t->records.n > 0)
		record = &t->records.items[t->records.n - 1];
	for (; record != NULL && record >= t->records.items; record--) {
		ap_error error = { 0 };

		/* what was on trial, and not confirmed, was never in force for good */
		if (strcmp(record->revision, now) == 0 || record->trial_ends != 0)
			continue;
		if (open_image(t, record, &error))
			return true;
		if (newest == NULL) {
			newest = record;
			why_not = error;
		}
	}
	if (newest != NULL)
		return refuse_image(t, newest, &why_not);
	if (now[0] == '\0')
		return AP_REFUSE(t, "the history has nothing that could be put in force");
	return AP_REFUSE(
		t,
		"the history has nothing older than revision %.12s; \"accesspolicy history%s\" shows which others "
		"can be put in force, each by its revision",
		now, ap_transition_state_option(t));
}

/* It is in force already; but if there was no room for its line when it was put there, it gets that now. */
static void leave_unchanged(ap_transition *t)
{
	const ap_record *last = t->records.n > 0 ? &t->records.items[t->records.n - 1] : NULL;
	ap_record record = ap_transition_record(t, AP_ACTION_ROLLBACK);

	t->result->outcome = AP_APPLY_UNCHANGED;
	if (t->options->dry_run || last == NULL || ap_transition_is_recorded(t, t->result->revision))
		return;
	memcpy(record.replaced, last->revision, sizeof(record.replaced));
	memcpy(record.replaced_text, last->text, sizeof(record.replaced_text));
	t->result->in_force = true;
	if (ap_state_record(t->state, &record, &t->result->error) != AP_OK)
		t->result->outcome = AP_APPLY_FAILED;
}

static void put_in_force(ap_transition *t)
{
	ap_record record;

	ap_transition_record_stranger(t);
	record = ap_transition_record(t, AP_ACTION_ROLLBACK);
	if (ap_state_put_again(t->state, &record, &t->result->in_force, &t->result->error) != AP_OK)
		t->result->outcome = AP_APPLY_FAILED;
}

static void carry_out(ap_transition *t, const char *revision)
{
	ap_error unread = { 0 };

	if (!open_state(t))
		return;
	/* an image in force that cannot be read is a good reason to go back */
	(void)ap_transition_open_in_force(t, &unread);
	if (!(revision != NULL ? open_named(t, revision) : open_earlier(t)))
		return;
	if (strcmp(t->result->revision, t->result->replaced) == 0) {
		leave_unchanged(t);
		return;
	}
	ap_transition_compare(t);
	ap_transition_guard_kept(t);
	if (!ap_transition_is_refused(t) && !t->options->dry_run)
		put_in_force(t);
}

void ap_rollback(const ap_apply_options *options, const char *revision, ap_arena *arena, ap_apply_result *ret_result)
{
	ap_transition t = { .options = options, .result = ret_result, .arena = arena };

	*ret_result = (ap_apply_result){ .outcome = AP_APPLY_DONE, .summary = "" };
	carry_out(&t, revision);
	ap_transition_make_audit_file(&t);
	ap_transition_close(&t);
}
