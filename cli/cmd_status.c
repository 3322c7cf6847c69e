/* accesspolicy status - what is in force, and what is not yet. */
#include "../lib/login/applied.h"
#include "../lib/login/view.h"
#include "../lib/make/duration.h"
#include "../lib/make/policyset.h"
#include "../lib/make/timestamp.h"
#include "applied_report.h"
#include "in_force.h"
#include "jsontext.h"
#include "options.h"
#include "region_text.h"
#include "report.h"

#include <string.h>
#include <time.h>

enum { SOON_DAYS = 7, DAY = 24 * 60 * 60, HEAD_INDENT = 12 };

typedef struct {
	const char *name;
	int64_t not_after;
} ending;

typedef struct {
	ap_image *image; /* NULL: nothing was ever applied */
	bool other_root; /* --config names another root file than that of what is in force */
	char revision[AP_HEX_REVISION + 1];
	ap_records records;
	const ap_record *record;      /* of what is in force; NULL: the history does not know it */
	const ap_record *rolled_back; /* the last change of a text, if it was a rollback, or a trial's end; else NULL */
	ap_pending pending;
	ending *endings; /* exceptions that end soon */
	size_t n_endings;
	ending *ended; /* those that are over */
	size_t n_ended;
	int64_t now;
} status_report;

static void find_endings(ap_context *context, status_report *r)
{
	ap_view view = ap_view_of(r->image);
	uint32_t n = ap_image_count(r->image, AP_TABLE_EXCEPTIONS);

	for (uint32_t i = 0; i < n && view.sound; i++) {
		ap_image_exception exception = ap_view_exception(&view, i);
		const ending found = { .name = ap_view_string(&view, exception.name),
				       .not_after = exception.not_after };

		if (exception.not_after <= r->now)
			*AP_PUSH(context->arena, r->ended, r->n_ended) = found;
		else if (exception.not_after - r->now <= (int64_t)SOON_DAYS * DAY)
			*AP_PUSH(context->arena, r->endings, r->n_endings) = found;
	}
}

/* Feeds that were taken in since change nothing about the text. */
static const ap_record *last_rollback(const ap_records *records)
{
	for (size_t i = records->n; i > 0; i--) {
		const ap_record *record = &records->items[i - 1];

		if (strcmp(record->text, record->replaced_text) != 0)
			return record->action == AP_ACTION_ROLLBACK || record->action == AP_ACTION_TRIAL_END ? record
													     : NULL;
	}
	return NULL;
}

static bool differs(const status_report *r)
{
	return r->pending.n > 0 || r->other_root;
}

static int look(ap_context *context, status_report *r)
{
	const char *folder = ap_context_state(context);
	ap_error error = { 0 };
	ap_state *state = NULL;
	ap_status status = ap_state_open(folder, false, &state, &error);

	if (status == AP_ERR_MISSING)
		return AP_EXIT_NO;
	if (status == AP_OK)
		status = ap_state_records(state, r->now, context->arena, &r->records, &error);
	ap_state_close(state);
	if (status != AP_OK)
		return ap_report_error(context, &error);
	status = ap_applied_load(folder, NULL, r->now, &r->image, &error);
	if (status == AP_ERR_MISSING)
		return AP_EXIT_NO;
	if (status != AP_OK)
		return ap_in_force_report_unreadable(context, &error);
	ap_revision_format(ap_image_head_of(r->image)->revision, r->revision);
	if (r->records.n > 0 && strcmp(r->records.items[r->records.n - 1].revision, r->revision) == 0)
		r->record = &r->records.items[r->records.n - 1];
	r->rolled_back = last_rollback(&r->records);
	r->pending = ap_pending_of(context->arena, r->image);
	r->other_root = context->config != NULL && !ap_in_force_is_root(context, r->pending.root);
	find_endings(context, r);
	return differs(r) ? AP_EXIT_NO : AP_EXIT_YES;
}

/*
 * For a person
 */

static void line(ap_context *context, const char *label, ap_colour colour, const char *text)
{
	ap_paint(&context->screen, AP_BOLD, label, strlen(label));
	ap_blanks(HEAD_INDENT - ap_width(label));
	ap_paint_wrapped(&context->screen, colour, text, HEAD_INDENT);
}

static const char *since_text(ap_context *context, const status_report *r)
{
	char time[AP_TIMESTAMP_TEXT_MAX];

	if (r->record == NULL)
		return "unknown: the history does not tell of it; its lines are lost, or it was put there by other means "
		       "than apply";
	return ap_format(context->arena, "%s, %s, by %s (%s%s%s)", ap_timestamp_format_local(r->record->time, time),
			 r->now >= r->record->time ? ap_format(context->arena, "%s ago",
							       ap_span_text(context->arena, r->now - r->record->time))
						   : "which is still to come: is the clock right?",
			 ap_printable(context->arena, r->record->by), ap_action_names[r->record->action],
			 r->record->trial_ends != 0 ? ", on trial" : "", r->record->forced ? ", forced" : "");
}

/* Seconds where minutes are left, and minutes where hours are. */
static const char *left_text(int64_t left, char text[AP_DURATION_TEXT_MAX])
{
	int64_t unit = left >= DAY ? 3600 : left >= 3600 ? 60 : 1;

	return ap_duration_format(left - left % unit, text);
}

/* Who comes by must see that it ends, and what can be done. */
static void write_trial(ap_context *context, const status_report *r)
{
	const ap_image_trial *trial = &ap_image_head_of(r->image)->trial;
	const char *state = ap_in_force_state_option(context);
	char ends[AP_TIMESTAMP_TEXT_MAX], left[AP_DURATION_TEXT_MAX];

	if (r->records.trial_ended)
		line(context, "Trial", AP_PLAIN,
		     "has ended; the next command that puts a policy in force, or tries to, writes that into the history");
	if (trial->ends != 0)
		line(context, "Trial", AP_YELLOW,
		     ap_format(
			     context->arena,
			     "ends %s, in %s; then revision %s counts again. \"accesspolicy confirm%s\" keeps what is on trial, "
			     "\"accesspolicy rollback%s\" ends it now",
			     ap_timestamp_format_local(trial->ends, ends), left_text(trial->ends - r->now, left),
			     ap_trial_then_text(context->arena, trial), state, state));
}

static void write_pending(ap_context *context, const ap_pending *pending, bool edits)
{
	const char *label = edits ? "Edits" : "Data";
	size_t n = edits ? pending->n_edits : pending->n - pending->n_edits;

	if (n == 0) {
		line(context, label, AP_PLAIN, edits ? "none pending" : "as in force");
		return;
	}
	line(context, label, AP_YELLOW,
	     ap_format(context->arena, "%s; \"accesspolicy apply%s%s --dry-run\" says what would become of %s",
		       edits ? ap_count_text(context->arena, n, "file pending", "files pending")
			     : ap_count_text(context->arena, n, "data file differs", "data files differ"),
		       edits ? ap_in_force_config_option(context, pending->root) : " --data",
		       ap_in_force_state_option(context), n == 1 ? "it" : "them"));
	for (size_t i = 0; i < pending->n; i++) {
		const ap_pending_file *file = &pending->items[i];

		if ((file->source == AP_SOURCE_POLICIES) != edits)
			continue;
		ap_blanks(HEAD_INDENT);
		ap_paint_wrapped(&context->screen, AP_PLAIN,
				 ap_format(context->arena, "%-10s %s%s%s", ap_pending_names[file->kind],
					   ap_printable(context->arena, file->path), file->why != NULL ? ": " : "",
					   file->why != NULL ? ap_printable(context->arena, file->why) : ""),
				 HEAD_INDENT);
	}
}

static void write_endings(ap_context *context, const status_report *r)
{
	for (size_t i = 0; i < r->n_endings; i++) {
		char time[AP_TIMESTAMP_TEXT_MAX];

		line(context, i == 0 ? "Ends soon" : "", AP_YELLOW,
		     ap_format(context->arena, "exception \"%s\", %s, in %s",
			       ap_printable(context->arena, r->endings[i].name),
			       ap_timestamp_format_local(r->endings[i].not_after, time),
			       ap_span_text(context->arena, r->endings[i].not_after - r->now)));
	}
}

/* They free nobody any more, and gather. */
static void write_ended(ap_context *context, const status_report *r)
{
	enum { SHOWN = 3 };
	const char *names = "";

	if (r->n_ended == 0)
		return;
	for (size_t i = 0; i < r->n_ended && i < SHOWN; i++)
		names = ap_format(context->arena, "%s%s\"%s\"", names, i == 0 ? " " : ", ",
				  ap_printable(context->arena, r->ended[i].name));
	line(context, "Ended", AP_PLAIN,
	     ap_format(context->arena, "exception%s%s%s; \"except delete --ended\" takes %s out of the files",
		       r->n_ended == 1 ? "" : "s", names,
		       r->n_ended > SHOWN ? ap_format(context->arena, " and %zu more", r->n_ended - SHOWN) : "",
		       r->n_ended == 1 ? "it" : "them"));
}

static void write_database(ap_context *context, const ap_image *image)
{
	const char *database = ap_image_database_shown(context->arena, image);

	if (database != NULL)
		line(context, "Regions", AP_PLAIN, ap_format(context->arena, "by %s", database));
}

static void write_text(ap_context *context, const status_report *r)
{
	uint32_t n = ap_image_count(r->image, AP_TABLE_POLICIES);

	line(context, "In force", AP_GREEN,
	     ap_format(context->arena, "revision %s, %s", ap_revision_text(context->arena, r->revision),
		       ap_count_text(context->arena, n, "policy", "policies")));
	line(context, "Since", AP_PLAIN, since_text(context, r));
	write_trial(context, r);
	line(context, "Files", AP_PLAIN, ap_printable(context->arena, r->pending.root));
	if (r->other_root)
		line(context, "", AP_YELLOW,
		     ap_format(context->arena, "%s is another root file, of which nothing is in force",
			       ap_printable(context->arena, context->config)));
	if (r->rolled_back != NULL)
		line(context, "", AP_YELLOW,
		     ap_format(context->arena, "%srevision %s %s: apply refuses its text until that changes",
			       r->rolled_back->action == AP_ACTION_TRIAL_END ? "the trial of " : "",
			       ap_revision_text(context->arena, r->rolled_back->replaced),
			       r->rolled_back->action == AP_ACTION_TRIAL_END ? "has ended" : "was rolled back"));
	write_database(context, r->image);
	write_pending(context, &r->pending, true);
	write_pending(context, &r->pending, false);
	write_endings(context, r);
	write_ended(context, r);
}

static void write_never(ap_context *context)
{
	line(context, "In force", AP_YELLOW,
	     ap_format(context->arena, "nothing was ever applied in %s%s",
		       ap_printable(context->arena, ap_context_state(context)),
		       context->state == NULL ? ": each login reads the policy files" : ""));
	line(context, "Files", AP_PLAIN, ap_printable(context->arena, ap_context_config(context)));
}

/*
 * JSON
 */

static json_t *in_force_json(ap_context *context, const status_report *r)
{
	json_t *object = ap_json_object();
	const ap_record *record = r->record;

	ap_json_set(object, "revision", ap_json_text(context->arena, r->revision));
	ap_json_set(object, "since", record != NULL ? ap_json_time(record->time) : json_null());
	ap_json_set(object, "by", ap_json_text(context->arena, record != NULL ? record->by : NULL));
	ap_json_set(object, "action",
		    ap_json_text(context->arena, record != NULL ? ap_action_names[record->action] : NULL));
	ap_json_set(object, "forced", record != NULL ? json_boolean(record->forced) : json_null());
	ap_json_set(object, "policies", json_integer(ap_image_count(r->image, AP_TABLE_POLICIES)));
	ap_json_set(object, "root", ap_json_name(context->arena, r->pending.root));
	ap_json_set(object, "region_database", ap_image_database_json(context->arena, r->image));
	return object;
}

static json_t *trial_json(ap_context *context, const status_report *r)
{
	const ap_image_trial *trial = &ap_image_head_of(r->image)->trial;
	json_t *object = ap_trial_json(context, trial);

	if (trial->ends == 0)
		return object;
	ap_json_set(object, "left_seconds", json_integer(trial->ends - r->now));
	ap_json_set(object, "by", ap_json_text(context->arena, r->record != NULL ? r->record->by : NULL));
	return object;
}

static json_t *pending_json(ap_context *context, const ap_pending *pending)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < pending->n; i++) {
		const ap_pending_file *file = &pending->items[i];
		json_t *object = ap_json_object();

		ap_json_set(object, "path", ap_json_text(context->arena, file->path));
		ap_json_set(object, "kind", ap_json_text(context->arena, ap_source_kind_name(file->source)));
		ap_json_set(object, "state", ap_json_text(context->arena, ap_pending_names[file->kind]));
		ap_json_set(object, "why", ap_json_text(context->arena, file->why));
		ap_json_append(array, object);
	}
	return array;
}

static json_t *endings_json(ap_context *context, const ending *endings, size_t n)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *object = ap_json_object();

		ap_json_set(object, "name", ap_json_text(context->arena, endings[i].name));
		ap_json_set(object, "not_after", ap_json_time(endings[i].not_after));
		ap_json_append(array, object);
	}
	return array;
}

static void write_json(ap_context *context, const status_report *r)
{
	json_t *object = ap_json_object();

	ap_json_set(object, "state", ap_json_text(context->arena, ap_context_state(context)));
	ap_json_set(object, "in_force", r->image != NULL ? in_force_json(context, r) : json_null());
	ap_json_set(object, "trial", r->image != NULL ? trial_json(context, r) : json_null());
	ap_json_set(object, "differs", r->image != NULL ? json_boolean(differs(r)) : json_null());
	ap_json_set(object, "pending", pending_json(context, &r->pending));
	ap_json_set(object, "exceptions_ending", endings_json(context, r->endings, r->n_endings));
	ap_json_set(object, "exceptions_ended", endings_json(context, r->ended, r->n_ended));
	ap_json_write(object);
}

int ap_cmd_status(ap_context *context, int argc, char **argv)
{
	const ap_usage usage = {
		.command = "status",
		.synopsis = "[--json]",
		.description =
			"Shows what is in force, since when and by whom, a trial and what is left of it, which files "
			"differ from it, and which "
			"exceptions end within a week or have ended. The status is 0 if the files say what is in force, 1 if "
			"they differ or nothing was ever applied, 3 where what is in force cannot be read.",
	};
	status_report r = { .now = (int64_t)time(NULL) };
	int status;

	if (!ap_options_parse_alone(context, &usage, argc, argv, &status))
		return status;
	status = look(context, &r);
	if (status != AP_EXIT_POLICY && context->json)
		write_json(context, &r);
	else if (status != AP_EXIT_POLICY && r.image == NULL)
		write_never(context);
	else if (status != AP_EXIT_POLICY)
		write_text(context, &r);
	ap_image_free(r.image);
	return status;
}
