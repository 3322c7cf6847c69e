#include "trial.h"

#include "../login/applied.h"
#include "stamp.h"
#include "timestamp.h"

#include <string.h>
#include <time.h>

/*
 * While it lasts
 */

static bool is_of_trial(const ap_transition *t, const ap_record *record)
{
	return strcmp(record->revision, t->result->replaced) == 0 &&
	       record->trial_ends == t->result->replaced_trial.ends;
}

/* " that alice began", as far as the records tell. */
static const char *begun_by(const ap_transition *t)
{
	for (size_t i = t->records.n; i > 0; i--)
		if (is_of_trial(t, &t->records.items[i - 1]))
			return ap_format(t->arena, " that %s began", t->records.items[i - 1].by);
	return "";
}

bool ap_trial_refuses(ap_transition *t)
{
	char ends[AP_TIMESTAMP_TEXT_MAX];

	if (t->result->replaced_trial.ends == 0)
		return false;
	ap_diagnostics_add(
		&t->result->refusals, AP_ERROR, t->options->state, 0,
		"revision %.12s is on a trial%s, until %s; \"accesspolicy confirm%s\" keeps it, \"accesspolicy "
		"rollback%s\" ends it now",
		t->result->replaced, begun_by(t), ap_timestamp_format_local(t->result->replaced_trial.ends, ends),
		ap_transition_state_option(t), ap_transition_state_option(t));
	return true;
}

/*
 * How it begins
 */

static bool fail(ap_transition *t)
{
	t->result->outcome = AP_APPLY_FAILED;
	return false;
}

/* A trial ends with what was in force for good before, whatever other trial takes the place of the first. */
bool ap_trial_prepare(ap_transition *t)
{
	const ap_image_head *head = t->in_force != NULL ? ap_image_head_of(t->in_force) : NULL;

	if (head != NULL) {
		memcpy(t->result->trial.then, head->trial.ends != 0 ? head->trial.then : head->revision,
		       AP_REVISION_BYTES);
		return true;
	}
	ap_error_set(
		&t->result->error, AP_ERR_MISSING, t->options->state, 0,
		"%s that could count again when a trial ends; put the policy in force without --trial, its policies "
		"with status = \"report-only\" at first if it is not known what they do",
		t->result->replaced_fault != NULL ? "what is in force cannot be read: there is nothing"
						  : "nothing is in force");
	return fail(t);
}

static bool is_kept(const ap_transition *t, const char *revision, ap_error *error)
{
	ap_image *image = ap_transition_load_kept(t, revision, error);

	ap_image_free(image);
	return image != NULL;
}

/* The history's copy may have been lost or damaged, which would be found out when it is needed. */
static bool keep(ap_transition *t, const char *revision)
{
	ap_error *error = &t->result->error, cause = { 0 };

	if (is_kept(t, revision, &cause))
		return true;
	if (strcmp(revision, t->result->replaced) == 0) {
		if (ap_state_keep(t->state, revision, error) == AP_OK && is_kept(t, revision, error))
			return true;
		return fail(t);
	}
	ap_error_set(
		error, cause.status, cause.file, cause.line,
		"is what counts when the trial ends, and cannot be had: %s; \"accesspolicy confirm%s\" keeps what is on trial",
		cause.message, ap_transition_state_option(t));
	return fail(t);
}

bool ap_trial_begin(ap_transition *t, void *bytes)
{
	const ap_apply_options *o = t->options;
	ap_image_trial *trial = &t->result->trial;
	char revision[AP_HEX_REVISION + 1];
	int64_t now;

	ap_revision_format(trial->then, revision);
	if (!o->dry_run && !keep(t, revision))
		return false;
	/* the trial of a policy that is slow to read and to compile is as long as another's */
	now = (int64_t)time(NULL);
	trial->ends = now + o->trial_seconds;
	if (!o->dry_run)
		ap_stamp_set(bytes, now, o->trial_seconds, trial->then);
	return true;
}
