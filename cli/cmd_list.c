/* accesspolicy list - the policies in one table. */
#include "definition_json.h"
#include "describe.h"
#include "in_force.h"
#include "inquiry.h"
#include "jsontext.h"
#include "options.h"
#include "report.h"
#include "table.h"

#include <time.h>

static const ap_column columns[] = {
	{ .title = "POLICY" },  { .title = "TYPE" },    { .title = "STATUS" }, { .title = "SCOPE" },
	{ .title = "NETWORK" }, { .title = "CLIENTS" }, { .title = "WHERE" },
};

/* For a terminal that is too narrow for those: the conditions stand below. */
static const ap_column narrow_columns[] = {
	{ .title = "POLICY", .wraps = true, .stacks = true },
	{ .title = "TYPE", .wraps = true },
	{ .title = "STATUS", .wraps = true },
	{ .title = "WHERE", .wraps = true, .is_path = true },
};

static ap_colour status_colour(const ap_policy_def *policy, ap_time_state state)
{
	if (policy->status == AP_POLICY_ENABLED && state == AP_TIME_NOW)
		return AP_GREEN;
	return policy->status == AP_POLICY_DISABLED || state == AP_TIME_OVER ? AP_DIM : AP_YELLOW;
}

static const char *status_text(ap_arena *arena, const ap_policy_def *policy, ap_time_state state)
{
	const char *status = ap_policy_status_name(policy->status);

	if (state == AP_TIME_NOW)
		return status;
	return ap_format(arena, "%s, %s", status, state == AP_TIME_OVER ? "expired" : "not yet");
}

static void begin_row(ap_context *context, ap_table *table, const ap_policy_def *policy, int64_t now)
{
	ap_time_state state = ap_time_state_of(&policy->not_before, &policy->not_after, now);

	ap_table_row(table);
	ap_table_cell(table, AP_BOLD, policy->name);
	ap_table_cell(table, AP_PLAIN,
		      policy->required.value ? "whitelist, required" : ap_policy_type_name(policy->type));
	ap_table_cell(table, status_colour(policy, state), status_text(context->arena, policy, state));
}

static const char *place_text(ap_context *context, const ap_subject *subject, const ap_policy_def *policy)
{
	return ap_subject_place(context, subject, policy->place.file, policy->place.line);
}

static ap_table *wide_table(ap_context *context, const ap_subject *subject, int64_t now)
{
	const ap_policy_set *set = subject->set;
	ap_arena *arena = context->arena;
	ap_table *table = ap_table_new(arena, columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; i < set->n_policies; i++) {
		const ap_policy_def *policy = &set->policies[i];

		begin_row(context, table, policy, now);
		ap_table_cell(table, AP_PLAIN, ap_describe_scope(arena, policy));
		ap_table_cell(table, AP_PLAIN, ap_describe_network(arena, policy));
		ap_table_cell(table, AP_PLAIN, ap_describe_clients(arena, policy));
		ap_table_cell(table, AP_DIM, place_text(context, subject, policy));
	}
	return table;
}

/* The conditions stand below each policy, and with `where_below` so does its place. */
static ap_table *narrow_table(ap_context *context, const ap_subject *subject, int64_t now, bool where_below)
{
	const ap_policy_set *set = subject->set;
	ap_arena *arena = context->arena;
	size_t n_columns = sizeof(narrow_columns) / sizeof(narrow_columns[0]) - (where_below ? 1 : 0);
	ap_table *table = ap_table_new(arena, narrow_columns, n_columns);

	for (size_t i = 0; i < set->n_policies; i++) {
		const ap_policy_def *policy = &set->policies[i];
		const char *place = place_text(context, subject, policy);

		begin_row(context, table, policy, now);
		if (!where_below)
			ap_table_cell(table, AP_DIM, place);
		ap_table_detail(table, AP_PLAIN, "scope", ap_describe_scope(arena, policy));
		ap_table_detail(table, AP_PLAIN, "network", ap_describe_network(arena, policy));
		ap_table_detail(table, AP_PLAIN, "clients", ap_describe_clients(arena, policy));
		if (where_below)
			ap_table_detail(table, AP_DIM, "where", place);
	}
	return table;
}

static void write_text(ap_context *context, const ap_subject *subject, int64_t now)
{
	const ap_screen *screen = &context->screen;
	ap_table *table = wide_table(context, subject, now);

	if (!ap_table_fits(table, screen))
		table = narrow_table(context, subject, now, false);
	if (!ap_table_fits(table, screen))
		table = narrow_table(context, subject, now, true);
	ap_table_write(table, screen);
	ap_in_force_note(context);
}

/* What is in a scope and in its `except`, which has addresses as well, and is never all members. */
static json_t *objects_json(ap_arena *arena, const ap_objects *objects)
{
	json_t *object = ap_json_object();

	ap_json_set(object, "departments", ap_list_json(arena, &objects->departments));
	ap_json_set(object, "members", ap_list_json(arena, &objects->members));
	ap_json_set(object, "domains", ap_list_json(arena, &objects->domains));
	ap_json_set(object, "groups", ap_list_json(arena, &objects->groups));
	ap_json_set(object, "unlisted", json_boolean(objects->unlisted));
	return object;
}

static json_t *scope_json(ap_arena *arena, const ap_policy_def *policy)
{
	json_t *object = objects_json(arena, &policy->scope);
	json_t *except;

	ap_json_set(object, "all", json_boolean(policy->scope.all));
	if (policy->except.place.line == 0) {
		ap_json_set(object, "except", json_null());
		return object;
	}
	except = objects_json(arena, &policy->except);
	ap_json_set(except, "ip", ap_entries_json(arena, &policy->except.ip));
	ap_json_set(except, "regions", ap_list_json(arena, &policy->except.regions));
	ap_json_set(object, "except", except);
	return object;
}

static json_t *policy_json(ap_arena *arena, const ap_policy_def *policy, int64_t now)
{
	bool whitelist = policy->type == AP_POLICY_WHITELIST;
	ap_time_state state = ap_time_state_of(&policy->not_before, &policy->not_after, now);
	json_t *object = ap_json_object();

	ap_json_set(object, "name", ap_json_text(arena, policy->name));
	ap_json_set(object, "type", ap_json_text(arena, ap_policy_type_name(policy->type)));
	ap_json_set(object, "status", ap_json_text(arena, ap_policy_status_name(policy->status)));
	ap_json_set(object, "time", ap_json_text(arena, ap_time_state_name(state)));
	ap_json_set(object, "scope", scope_json(arena, policy));
	ap_conditions_json(arena, object, &policy->ip, &policy->regions, &policy->clients);
	ap_json_set(object, "other_clients",
		    ap_json_text(arena, !whitelist                           ? NULL
					: policy->other_clients_denied.value ? "deny"
									     : "unaffected"));
	ap_json_set(object, "required", whitelist ? json_boolean(policy->required.value) : json_null());
	ap_json_set(object, "replaces", ap_json_text(arena, policy->replaces.text));
	ap_json_set(object, "not_before", ap_json_time(policy->not_before.value));
	ap_json_set(object, "not_after", ap_json_time(policy->not_after.value));
	ap_json_set(object, "comment", ap_json_text(arena, policy->comment.text));
	ap_json_set(object, "file", ap_json_text(arena, policy->place.file));
	ap_json_set(object, "line", ap_json_line(policy->place.line));
	return object;
}

static void write_json(ap_context *context, const ap_policy_set *set, int64_t now)
{
	json_t *object = ap_json_object();
	json_t *policies = ap_json_array();

	for (size_t i = 0; i < set->n_policies; i++)
		ap_json_append(policies, policy_json(context->arena, &set->policies[i], now));
	ap_json_set(object, "policies", policies);
	ap_json_set(object, "differs", ap_in_force_json(context));
	ap_json_write(object);
}

int ap_cmd_list(ap_context *context, int argc, char **argv)
{
	const ap_usage usage = {
		.command = "list",
		.synopsis = "[--json]",
		.description = "Shows the policies of the files in one table, in reading order.",
	};
	ap_subject subject;
	int first, status;

	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	if (first < argc)
		return ap_usage_error(&usage, "unexpected \"%s\"; one policy in full: accesspolicy show NAME",
				      ap_printable(context->arena, argv[first]));
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
