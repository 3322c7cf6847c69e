#include "transition.h"

#include "../login/applied.h"
#include "../login/view.h"

#include <string.h>

bool ap_transition_open(ap_transition *t, bool create)
{
	const ap_apply_options *o = t->options;
	ap_error *error = &t->result->error;

	if (ap_state_open(o->state, create, &t->state, error) == AP_OK &&
	    (o->dry_run || ap_state_lock(t->state, o->wait_ms, error) == AP_OK) &&
	    ap_state_records(t->state, t->arena, &t->records, error) == AP_OK)
		return true;
	t->result->outcome = AP_APPLY_FAILED;
	return false;
}

ap_image *ap_transition_last_known(ap_transition *t)
{
	ap_image *image = NULL;

	for (size_t i = t->records.n; i > 0 && image == NULL; i--)
		if (ap_applied_load_file(ap_state_image_path(t->state, t->arena, t->records.items[i - 1].revision),
					 &image, NULL) != AP_OK)
			image = NULL;
	return image;
}

ap_status ap_transition_open_in_force(ap_transition *t, ap_error *error)
{
	ap_image *whole = NULL;
	/* of what is only opened nothing but the head has been checked: what is compared is checked first */
	ap_status status = ap_applied_load(t->options->state, &whole, error);

	ap_image_free(whole);
	if (status == AP_OK)
		status = ap_applied_open(t->options->state, &t->in_force, error);
	if (status == AP_OK)
		ap_revision_format(ap_image_head_of(t->in_force)->revision, t->result->replaced);
	else if (status != AP_ERR_MISSING)
		t->result->replaced_fault = ap_arena_strdup(t->arena, error->message);
	return status;
}

void ap_transition_take(ap_transition *t, ap_image *image)
{
	t->image = image;
	ap_revision_format(ap_image_head_of(image)->revision, t->result->revision);
	t->result->n_policies = ap_image_count(image, AP_TABLE_POLICIES);
}

void ap_transition_compare(ap_transition *t)
{
	t->result->changes = ap_changes_between(t->arena, t->in_force, t->image);
	t->result->summary = ap_changes_summary(t->arena, &t->result->changes);
}

ap_record ap_transition_record(const ap_transition *t, ap_action action)
{
	const ap_apply_result *result = t->result;
	ap_record record = { .number = t->records.n > 0 ? t->records.items[t->records.n - 1].number + 1 : 1,
			     .time = t->options->now,
			     .action = action,
			     .by = t->options->by,
			     .uid = t->options->uid,
			     .forced = t->options->force && result->refusals.n_errors > 0,
			     .n_policies = (unsigned)result->n_policies,
			     .summary = result->summary };

	memcpy(record.revision, result->revision, sizeof(record.revision));
	memcpy(record.replaced, result->replaced, sizeof(record.replaced));
	ap_revision_format(ap_image_head_of(t->image)->text, record.text);
	if (t->in_force != NULL)
		ap_revision_format(ap_image_head_of(t->in_force)->text, record.replaced_text);
	return record;
}

void ap_transition_close(ap_transition *t)
{
	ap_image_free(t->image);
	ap_image_free(t->in_force);
	ap_state_close(t->state);
}
