/* How the policy that is in force on trial becomes one for good. */
#include "../login/applied.h"
#include "../login/file.h"
#include "stamp.h"
#include "timestamp.h"
#include "transition.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A confirmation in the making. */
typedef struct {
	ap_transition t;
	void *bytes; /* of the image, where the history does not have it */
	size_t size;
} work;

static bool fail(work *w)
{
	w->t.result->outcome = AP_APPLY_FAILED;
	return false;
}

/*
 * What there is
 */

static bool open_state(work *w)
{
	if (ap_transition_open(&w->t, false))
		return true;
	if (w->t.result->error.status != AP_ERR_MISSING)
		return false;
	return AP_REFUSE(&w->t, "nothing was ever applied: there is no trial to confirm");
}

static bool refuse_without_trial(work *w)
{
	const ap_records *records = &w->t.records;
	const ap_record *last = records->n > 0 ? &records->items[records->n - 1] : NULL;
	char ended[AP_TIMESTAMP_TEXT_MAX];

	if (last == NULL || last->action != AP_ACTION_TRIAL_END)
		return AP_REFUSE(&w->t, "no trial is running: revision %.12s is in force for good",
				 w->t.result->replaced);
	return AP_REFUSE(
		&w->t,
		"the trial of revision %.12s ended %s: revision %.12s counts again. What was on trial is applied "
		"again by \"accesspolicy apply%s --force\"",
		last->replaced, ap_timestamp_format_local(last->time, ended), last->revision,
		ap_transition_files_option(&w->t));
}

/* Is it the trial that was meant? */
static bool find_trial(work *w, const char *revision)
{
	ap_apply_result *result = w->t.result;

	if (ap_transition_open_in_force(&w->t, &result->error) != AP_OK) {
		if (result->error.status == AP_ERR_MISSING)
			return AP_REFUSE(&w->t, "nothing is in force: there is no trial to confirm");
		return fail(w);
	}
	if (result->replaced_trial.ends == 0)
		return refuse_without_trial(w);
	if (revision != NULL && strncmp(result->replaced, revision, strlen(revision)) != 0)
		return AP_REFUSE(&w->t, "it is revision %.12s that is on trial, and none that begins with %s",
				 result->replaced, revision);
	return true;
}

/*
 * The same image, for good
 */

/* The history may have lost it, or never had room for it: that must not end the trial. */
static bool open_stamped(work *w)
{
	const char *path = ap_format(w->t.arena, "%s/" AP_APPLIED_IMAGE, w->t.options->state);
	ap_error *error = &w->t.result->error;
	ap_image *image = NULL;
	char *bytes;

	if (ap_file_read(path, AP_APPLIED_BYTES_MAX, &bytes, &w->size, error) != AP_OK)
		return fail(w);
	w->bytes = bytes;
	if (w->size >= AP_BLOCK_SIZE)
		ap_stamp_clear(bytes);
	if (ap_image_open_sealed(path, bytes, w->size, &image, error) != AP_OK)
		return fail(w);
	ap_transition_take(&w->t, image);
	return true;
}

static bool open_image(work *w)
{
	ap_error lost = { 0 };
	ap_image *image = ap_transition_load_kept(&w->t, w->t.result->replaced, &lost);

	if (image == NULL)
		return open_stamped(w);
	ap_transition_take(&w->t, image);
	return true;
}

/* The guard has asked name services since it was looked at last. Who comes too late is told so, and is not half right. */
static bool is_in_time(work *w)
{
	ap_apply_result *result = w->t.result;

	if ((int64_t)time(NULL) < result->replaced_trial.ends)
		return true;
	(void)AP_REFUSE(&w->t, "the trial of revision %.12s has ended meanwhile: what was in force before counts again",
			result->replaced);
	/* for the report: what is in force now */
	ap_revision_format(result->replaced_trial.then, result->replaced);
	result->replaced_trial = (ap_image_trial){ 0 };
	return false;
}

static void put_in_force(work *w)
{
	ap_apply_result *result = w->t.result;
	ap_record record = ap_transition_record(&w->t, AP_ACTION_CONFIRM);
	ap_status status;

	record.summary = "kept: its trial is over";
	if (w->bytes != NULL)
		status = ap_state_put(w->t.state, w->bytes, w->size, &record, NULL, &result->in_force, &result->error);
	else
		status = ap_state_put_again(w->t.state, &record, &result->in_force, &result->error);
	if (status != AP_OK)
		result->outcome = AP_APPLY_FAILED;
}

void ap_confirm(const ap_apply_options *options, const char *revision, ap_arena *arena, ap_apply_result *ret_result)
{
	work w = { .t = { .options = options, .result = ret_result, .arena = arena } };

	*ret_result = (ap_apply_result){ .outcome = AP_APPLY_DONE, .summary = "" };
	if (open_state(&w) && find_trial(&w, revision) && open_image(&w)) {
		ap_transition_guard_kept(&w.t);
		if (!ap_transition_is_refused(&w.t) && is_in_time(&w))
			put_in_force(&w);
	}
	ap_transition_make_audit_file(&w.t);
	ap_transition_close(&w.t);
	free(w.bytes);
}
