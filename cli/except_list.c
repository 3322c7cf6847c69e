/* accesspolicy except list - the exceptions in one table. */
#include "../lib/make/timestamp.h"
#include "definition_json.h"
#include "describe.h"
#include "except.h"
#include "in_force.h"
#include "jsontext.h"
#include "options.h"
#include "report.h"
#include "table.h"

#include <stdio.h>
#include <time.h>

static const ap_column columns[] = {
	{ .title = "EXCEPTION" },   { .title = "WHOM" },  { .title = "FROM POLICIES" },
	{ .title = "NARROWED BY" }, { .title = "UNTIL" }, { .title = "WHERE" },
};

/* For a terminal that is too narrow for those. */
static const ap_column narrow_columns[] = {
	{ .title = "EXCEPTION", .wraps = true, .stacks = true },
	{ .title = "UNTIL", .wraps = true },
};

static ap_time_state state_of(const ap_exception_def *exception, int64_t now)
{
	return ap_time_state_of(&exception->not_before, &exception->not_after, now);
}

static const char *until_text(ap_arena *arena, const ap_exception_def *exception, int64_t now)
{
	int64_t end = exception->not_after.value, begin = exception->not_before.value;
	char text[AP_TIMESTAMP_TEXT_MAX];

	if (now >= end)
		return ap_format(arena, "ended %s ago", ap_span_text(arena, now - end));
	if (now < begin)
		return ap_format(arena, "begins in %s, %s", ap_span_text(arena, begin - now),
				 end == INT64_MAX ? "without an end"
						  : ap_format(arena, "until %s", ap_timestamp_format_local(end, text)));
	if (end == INT64_MAX)
		return "without an end";
	return ap_format(arena, "%s, in %s", ap_timestamp_format_local(end, text), ap_span_text(arena, end - now));
}

static ap_colour colour_of(const ap_exception_def *exception, int64_t now)
{
	static const ap_colour colours[] = {
		[AP_TIME_NOT_YET] = AP_YELLOW, [AP_TIME_NOW] = AP_GREEN, [AP_TIME_OVER] = AP_DIM
	};

	return colours[state_of(exception, now)];
}

static const char *place_text(ap_context *context, const ap_subject *subject, const ap_exception_def *exception)
{
	return ap_subject_place(context, subject, exception->place.file, exception->place.line);
}

static ap_table *wide_table(ap_context *context, const ap_subject *subject, int64_t now)
{
	ap_arena *arena = context->arena;
	ap_table *table = ap_table_new(arena, columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < subject->set->n_exceptions; i++) {
		const ap_exception_def *exception = &subject->set->exceptions[i];
		const char *narrowing = ap_describe_narrowing(arena, exception);

		ap_table_row(table);
		ap_table_cell(table, AP_BOLD, exception->name);
		ap_table_cell(table, AP_PLAIN, ap_describe_freed(arena, exception));
		ap_table_cell(table, AP_PLAIN, ap_describe_freed_from(arena, exception));
		ap_table_cell(table, AP_PLAIN, narrowing[0] != '\0' ? narrowing : "nothing");
		ap_table_cell(table, colour_of(exception, now), until_text(arena, exception, now));
		ap_table_cell(table, AP_DIM, place_text(context, subject, exception));
	}
	return table;
}

static ap_table *narrow_table(ap_context *context, const ap_subject *subject, int64_t now)
{
	ap_arena *arena = context->arena;
	ap_table *table = ap_table_new(arena, narrow_columns, sizeof(narrow_columns) / sizeof(narrow_columns[0]));

	for (size_t i = 0; i < subject->set->n_exceptions; i++) {
		const ap_exception_def *exception = &subject->set->exceptions[i];
		const char *narrowing = ap_describe_narrowing(arena, exception);

		ap_table_row(table);
		ap_table_cell(table, AP_BOLD, exception->name);
		ap_table_cell(table, colour_of(exception, now), until_text(arena, exception, now));
		ap_table_detail(table, AP_PLAIN, "whom", ap_describe_freed(arena, exception));
		ap_table_detail(table, AP_PLAIN, "from", ap_describe_freed_from(arena, exception));
		if (narrowing[0] != '\0')
			ap_table_detail(table, AP_PLAIN, "only", narrowing);
		ap_table_detail(table, AP_DIM, "where", place_text(context, subject, exception));
	}
	return table;
}

static void write_text(ap_context *context, const ap_subject *subject, int64_t now)
{
	ap_table *table = wide_table(context, subject, now);

	if (subject->set->n_exceptions == 0) {
		puts("There are no exceptions.");
	} else {
		if (!ap_table_fits(table, &context->screen))
			table = narrow_table(context, subject, now);
		ap_table_write(table, &context->screen);
	}
	ap_in_force_note(context);
}

static json_t *exception_json(ap_arena *arena, const ap_exception_def *exception, int64_t now)
{
	json_t *object = ap_json_object();

	ap_json_set(object, "name", ap_json_text(arena, exception->name));
	ap_json_set(object, "policies", ap_list_json(arena, &exception->policies));
	ap_json_set(object, "members", ap_list_json(arena, &exception->who.members));
	ap_json_set(object, "departments", ap_list_json(arena, &exception->who.departments));
	ap_json_set(object, "domains", ap_list_json(arena, &exception->who.domains));
	ap_json_set(object, "groups", ap_list_json(arena, &exception->who.groups));
	ap_conditions_json(arena, object, &exception->ip, &exception->regions, &exception->clients);
	ap_json_set(object, "time", ap_json_text(arena, ap_time_state_name(state_of(exception, now))));
	ap_json_set(object, "not_before", ap_json_time(exception->not_before.value));
	ap_json_set(object, "not_after", ap_json_time(exception->not_after.value));
	ap_json_set(object, "comment", ap_json_text(arena, exception->comment.text));
	ap_json_set(object, "file", ap_json_text(arena, exception->place.file));
	ap_json_set(object, "line", ap_json_line(exception->place.line));
	return object;
}

static void write_json(ap_context *context, const ap_policy_set *set, int64_t now)
{
	json_t *object = ap_json_object();
	json_t *exceptions = ap_json_array();

	for (size_t i = 0; i < set->n_exceptions; i++)
		ap_json_append(exceptions, exception_json(context->arena, &set->exceptions[i], now));
	ap_json_set(object, "exceptions", exceptions);
	ap_json_set(object, "differs", ap_in_force_json(context));
	ap_json_write(object);
}

int ap_except_list(ap_context *context, int argc, char **argv)
{
	const ap_usage usage = {
		.command = "except list",
		.synopsis = "[--json]",
		.description =
			"Shows the exceptions of the files in one table, in reading order, and how long each lasts.",
	};
	ap_subject subject;
	int status;

	if (!ap_options_parse_alone(context, &usage, argc, argv, &status))
		return status;
	status = ap_subject_open_files(context, NULL, NULL, &subject);
	if (status != AP_EXIT_YES)
		return status;
	if (context->json)
		write_json(context, subject.set, (int64_t)time(NULL));
	else
		write_text(context, &subject, (int64_t)time(NULL));
	ap_subject_close(&subject);
	return AP_EXIT_YES;
}
