/* accesspolicy history - what was in force, when, by whom; and the text of one of them. */
#include "../lib/login/applied.h"
#include "../lib/login/view.h"
#include "../lib/make/policyset.h"
#include "../lib/make/timestamp.h"
#include "applied_report.h"
#include "jsontext.h"
#include "options.h"
#include "region_text.h"
#include "report.h"
#include "table.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct {
	ap_state *state;
	ap_records records;
	int64_t now;
	char in_force[AP_HEX_REVISION + 1]; /* "": nothing, or it cannot be read */
} history;

static const ap_column columns[] = {
	{ .title = "SINCE" }, { .title = "REVISION" }, { .title = "BY" },
	{ .title = "HOW" },   { .title = "POLICIES" }, { .title = "CHANGES", .wraps = true },
};

static bool has_image(const history *h, ap_arena *arena, const ap_record *record)
{
	return access(ap_state_image_path(h->state, arena, record->revision), F_OK) == 0;
}

/* True for the last record, if the image that is in force is its. */
static bool is_in_force(const history *h, size_t i)
{
	return i + 1 == h->records.n && strcmp(h->records.items[i].revision, h->in_force) == 0;
}

static const char *how_text(ap_context *context, const ap_record *record)
{
	return ap_format(context->arena, "%s%s%s", ap_action_names[record->action],
			 record->trial_ends != 0 ? ", on trial" : "", record->forced ? ", forced" : "");
}

/* What changed, and what it went over. */
static const char *changes_text(ap_context *context, const history *h, const ap_record *record)
{
	const char *text = record->summary;
	char ends[AP_TIMESTAMP_TEXT_MAX];

	if (!has_image(h, context->arena, record))
		text = ap_format(context->arena, "%s (image not kept)", text);
	if (record->trial_ends != 0)
		text = ap_format(context->arena, "%s; on trial until %s", text,
				 ap_timestamp_format_local(record->trial_ends, ends));
	for (size_t i = 0; i < record->n_forced_over; i++)
		text = ap_format(context->arena, "%s%s%s", text, i == 0 ? "; forced over: " : "; ",
				 record->forced_over[i]);
	return text;
}

static void write_table(ap_context *context, const history *h)
{
	ap_table *table = ap_table_new(context->arena, columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = h->records.n; i > 0; i--) {
		const ap_record *record = &h->records.items[i - 1];
		bool now = is_in_force(h, i - 1);
		char time[AP_TIMESTAMP_TEXT_MAX];

		ap_table_row(table);
		ap_table_cell(table, AP_PLAIN,
			      ap_arena_strdup(context->arena, ap_timestamp_format_local(record->time, time)));
		ap_table_cell(table, now ? AP_GREEN : AP_BOLD,
			      ap_format(context->arena, "%s%s", ap_revision_text(context->arena, record->revision),
					now ? " in force" : ""));
		ap_table_cell(table, AP_PLAIN, record->by);
		ap_table_cell(table, AP_PLAIN, how_text(context, record));
		ap_table_cell(table, AP_PLAIN, ap_format(context->arena, "%u", record->n_policies));
		ap_table_cell(table, AP_DIM, changes_text(context, h, record));
	}
	ap_table_write(table, &context->screen);
	if (h->records.n_illegible > 0)
		fprintf(stderr, "accesspolicy history: %s/" AP_APPLIED_HISTORY "/log: %s could not be read\n",
			ap_printable(context->arena, ap_context_state(context)),
			ap_count_text(context->arena, h->records.n_illegible, "line", "lines"));
}

static json_t *forced_over_json(ap_context *context, const ap_record *record)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < record->n_forced_over; i++)
		ap_json_append(array, ap_json_text(context->arena, record->forced_over[i]));
	return array;
}

static json_t *record_json(ap_context *context, const history *h, size_t i)
{
	const ap_record *record = &h->records.items[i];
	json_t *object = ap_json_object();

	ap_json_set(object, "number", json_integer(record->number));
	ap_json_set(object, "time", ap_json_time(record->time));
	ap_json_set(object, "action", ap_json_text(context->arena, ap_action_names[record->action]));
	ap_json_set(object, "forced", json_boolean(record->forced));
	ap_json_set(object, "trial_ends", record->trial_ends != 0 ? ap_json_time(record->trial_ends) : json_null());
	ap_json_set(object, "forced_over", forced_over_json(context, record));
	ap_json_set(object, "revision", ap_json_text(context->arena, record->revision));
	ap_json_set(object, "replaced", ap_json_name(context->arena, record->replaced));
	ap_json_set(object, "by", ap_json_text(context->arena, record->by));
	ap_json_set(object, "uid", json_integer(record->uid));
	ap_json_set(object, "policies", json_integer(record->n_policies));
	ap_json_set(object, "summary", ap_json_text(context->arena, record->summary));
	ap_json_set(object, "in_force", json_boolean(is_in_force(h, i)));
	ap_json_set(object, "kept", json_boolean(has_image(h, context->arena, record)));
	return object;
}

static void write_records_json(ap_context *context, const history *h)
{
	json_t *object = ap_json_object(), *array = ap_json_array();

	for (size_t i = h->records.n; i > 0; i--)
		ap_json_append(array, record_json(context, h, i - 1));
	ap_json_set(object, "history", array);
	ap_json_write(object);
}

/*
 * The text of one
 */

static void write_sources(ap_context *context, const ap_image *image)
{
	ap_view view = ap_view_of(image);
	uint32_t n = ap_image_count(image, AP_TABLE_SOURCES);

	for (uint32_t i = 0; i < n && view.sound; i++) {
		ap_image_source source = ap_view_source(&view, i);
		const char *path = ap_printable(context->arena, ap_view_string(&view, source.path));

		if (source.kind != AP_SOURCE_POLICIES)
			continue;
		ap_paint(&context->screen, AP_BOLD, "# ", 2);
		ap_paint(&context->screen, AP_BOLD, path, strlen(path));
		putchar('\n');
		ap_write_text(&context->screen, context->arena, ap_view_string(&view, source.text));
		putchar('\n');
	}
}

/* As a comment, since all of it may become a file. */
static void write_database(ap_context *context, const ap_image *image)
{
	const char *database = ap_image_database_shown(context->arena, image);

	if (database != NULL)
		printf("# regions by %s: %s\n",
		       ap_printable(context->arena, ap_image_database_path(context->arena, image)), database);
}

static json_t *sources_json(ap_context *context, const ap_image *image)
{
	ap_view view = ap_view_of(image);
	uint32_t n = ap_image_count(image, AP_TABLE_SOURCES);
	json_t *array = ap_json_array();

	for (uint32_t i = 0; i < n && view.sound; i++) {
		ap_image_source source = ap_view_source(&view, i);
		bool is_file = source.kind == AP_SOURCE_POLICIES;
		bool is_counted = source.kind == AP_SOURCE_DIRECTORY || source.kind == AP_SOURCE_FEED;
		json_t *object = ap_json_object();

		ap_json_set(object, "path", ap_json_text(context->arena, ap_view_string(&view, source.path)));
		ap_json_set(object, "kind", ap_json_text(context->arena, ap_source_kind_name(source.kind)));
		ap_json_set(object, "entries", is_counted ? json_integer(source.n) : json_null());
		ap_json_set(object, "text",
			    is_file ? ap_json_text(context->arena, ap_view_string(&view, source.text)) : json_null());
		ap_json_append(array, object);
	}
	return array;
}

static int show_revision(ap_context *context, const history *h, const ap_usage *usage, const char *revision)
{
	bool ambiguous;
	const ap_record *record = ap_records_find(&h->records, revision, &ambiguous);
	ap_error error = { 0 };
	ap_status status;
	ap_image *image;
	json_t *object;

	if (record == NULL)
		return ap_usage_error(
			usage, ambiguous ? "several revisions begin with \"%s\"" : "no revision begins with \"%s\"",
			ap_printable(context->arena, revision));
	status = ap_applied_load_file(ap_state_image_path(h->state, context->arena, record->revision), &image, &error);
	if (status == AP_ERR_MISSING)
		ap_error_set(&error, AP_ERR_MISSING, NULL, 0, "the image of revision %.12s is no longer kept",
			     record->revision);
	if (status != AP_OK)
		return ap_report_error(context, &error);
	if (context->json) {
		object = ap_json_object();
		ap_json_set(object, "revision", ap_json_text(context->arena, record->revision));
		ap_json_set(object, "sources", sources_json(context, image));
		ap_json_set(object, "region_database", ap_image_database_json(context->arena, image));
		ap_json_write(object);
	} else {
		write_sources(context, image);
		write_database(context, image);
	}
	ap_image_free(image);
	return AP_EXIT_YES;
}

static void find_in_force(ap_context *context, history *h)
{
	ap_image *image;

	if (ap_applied_open(ap_context_state(context), h->now, &image, NULL) != AP_OK)
		return;
	ap_revision_format(ap_image_head_of(image)->revision, h->in_force);
	ap_image_free(image);
}

static int open_history(ap_context *context, history *h)
{
	ap_error error = { 0 };
	ap_status status = ap_state_open(ap_context_state(context), false, &h->state, &error);

	if (status == AP_ERR_MISSING)
		return AP_EXIT_YES;
	if (status != AP_OK || ap_state_records(h->state, h->now, context->arena, &h->records, &error) != AP_OK)
		return ap_report_error(context, &error);
	find_in_force(context, h);
	return AP_EXIT_YES;
}

static void write_none(ap_context *context, const history *h)
{
	const char *folder = ap_printable(context->arena, ap_context_state(context));

	if (h->in_force[0] != '\0')
		printf("Revision %s is in force in %s, and the history does not tell of it: its lines are lost, or it was put "
		       "there by other means than apply.\n",
		       ap_revision_text(context->arena, h->in_force), folder);
	else
		printf("Nothing was ever applied in %s.\n", folder);
}

static int show(ap_context *context, const history *h, const ap_usage *usage, const char *revision)
{
	if (revision != NULL)
		return show_revision(context, h, usage, revision);
	if (context->json)
		write_records_json(context, h);
	else if (h->records.n == 0)
		write_none(context, h);
	else
		write_table(context, h);
	return AP_EXIT_YES;
}

int ap_cmd_history(ap_context *context, int argc, char **argv)
{
	const ap_usage usage = {
		.command = "history",
		.synopsis = "[REVISION] [--json]",
		.description = "Shows what was put in force, when and by whom, the newest first; with a revision, the "
			       "text of its policy files.",
	};
	history h = { .now = (int64_t)time(NULL) };
	int first, status;

	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	if (argc - first > 1)
		return ap_usage_error(&usage, "unexpected \"%s\"", ap_printable(context->arena, argv[first + 1]));
	status = open_history(context, &h);
	if (status == AP_EXIT_YES)
		status = show(context, &h, &usage, first < argc ? argv[first] : NULL);
	ap_state_close(h.state);
	return status;
}
