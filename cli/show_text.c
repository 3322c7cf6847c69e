#include "../lib/make/timestamp.h"
#include "describe.h"
#include "inquiry.h"
#include "region_text.h"
#include "report.h"
#include "show.h"
#include "table.h"

#include <string.h>

static const ap_column columns[] = {
	{ .title = "SETTING" },
	{ .title = "VALUE", .wraps = true },
	{ .title = "WHERE", .wraps = true, .is_path = true, .moves_below = true },
};

typedef struct {
	ap_context *context;
	const ap_show *show;
	ap_table *table;
	const char *last_label;
} writer;

/* A setting's label stands at its first value only. */
static void write_value(writer *w, const char *label, const char *value, const ap_place *place)
{
	bool written = place != NULL && place->line != 0;

	ap_table_row(w->table);
	ap_table_cell(w->table, AP_BOLD, w->last_label == NULL || strcmp(label, w->last_label) != 0 ? label : "");
	ap_table_cell(w->table, written ? AP_PLAIN : AP_DIM, value);
	ap_table_cell(w->table, AP_DIM,
		      written ? ap_subject_place(w->context, w->show->subject, place->file, place->line) : "(default)");
	w->last_label = label;
}

static void write_list(writer *w, const char *label, const char *prefix, const ap_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		write_value(w, label, ap_format(w->context->arena, "%s%s", prefix, list->items[i].text),
			    &list->items[i].place);
}

static void write_departments(writer *w, const char *label, const ap_list *list)
{
	ap_arena *arena = w->context->arena;

	for (size_t i = 0; i < list->n; i++) {
		const char *entry = list->items[i].text;
		size_t n_groups = ap_count_groups(w->show->subject, entry);

		write_value(
			w, label,
			ap_format(arena, "department %s: %s%s%s", entry,
				  ap_count_text(arena, ap_count_members(w->show->subject, entry), "member", "members"),
				  n_groups > 0 ? " and " : "",
				  n_groups > 0 ? ap_count_text(arena, n_groups, "group", "groups") : ""),
			&list->items[i].place);
	}
}

static void write_entries(writer *w, const char *label, const ap_entries *entries)
{
	ap_arena *arena = w->context->arena;
	const ap_policy_set *set = w->show->subject->set;

	for (size_t i = 0; i < entries->n; i++) {
		const ap_entry *entry = &entries->items[i];
		const char *text = entry->text;

		if (entry->kind == AP_ENTRY_NETWORK) {
			const ap_network_def *network = &set->networks[entry->network];

			text = ap_format(
				arena, "%s: %s, defined in %s", text,
				ap_count_text(arena, ap_count_entries(set, entry->network), "entry", "entries"),
				ap_subject_place(w->context, w->show->subject, network->place.file,
						 network->place.line));
			if (network->feed.text != NULL)
				text = ap_format(arena, "%s, feed %s", text, network->feed.text);
		}
		write_value(w, label, text, &entry->place);
	}
}

static void write_regions(writer *w, const char *label, const char *prefix, const ap_list *regions)
{
	ap_arena *arena = w->context->arena;

	for (size_t i = 0; i < regions->n; i++)
		write_value(w, label, ap_format(arena, "%s%s", prefix, ap_region_shown(arena, regions->items[i].text)),
			    &regions->items[i].place);
}

static void write_objects(writer *w, const char *label, const ap_objects *objects)
{
	if (objects->all)
		write_value(w, label, "all members", &objects->place);
	if (objects->unlisted)
		write_value(w, label, "members of no department", &objects->place);
	write_departments(w, label, &objects->departments);
	write_list(w, label, "member ", &objects->members);
	write_list(w, label, "domain ", &objects->domains);
	write_list(w, label, "group ", &objects->groups);
	write_entries(w, label, &objects->ip);
	write_regions(w, label, "region ", &objects->regions);
}

static void write_conditions(writer *w)
{
	const ap_policy_def *policy = w->show->policy;

	write_objects(w, "scope", &policy->scope);
	if (policy->except.place.line != 0)
		write_objects(w, "except", &policy->except);
	if (policy->ip.n + policy->regions.n == 0)
		write_value(w, "ip, regions", "every address", NULL);
	write_entries(w, "ip", &policy->ip);
	write_regions(w, "regions", "", &policy->regions);
	if (policy->clients.n == 0)
		write_value(w, "clients", "every client type", NULL);
	write_list(w, "clients", "", &policy->clients);
}

static void write_moment(writer *w, const char *label, const ap_moment *moment)
{
	char text[AP_TIMESTAMP_TEXT_MAX];

	if (moment->written.text == NULL)
		write_value(w, label, "not limited", NULL);
	else
		write_value(w, label,
			    ap_arena_strdup(w->context->arena, ap_timestamp_format_local(moment->value, text)),
			    &moment->written.place);
}

static void write_kind(writer *w)
{
	const ap_policy_def *policy = w->show->policy;
	ap_time_state state = ap_time_state_of(&policy->not_before, &policy->not_after, w->show->now);
	const char *status = ap_policy_status_name(policy->status);

	if (state != AP_TIME_NOW)
		status = ap_format(w->context->arena, "%s, %s", status, state == AP_TIME_OVER ? "expired" : "not yet");
	write_value(w, "name", policy->name, &policy->place);
	write_value(w, "type", ap_policy_type_name(policy->type), &policy->type_place);
	write_value(w, "status", status, &policy->status_place);
}

static void write_rest(writer *w)
{
	const ap_policy_def *policy = w->show->policy;
	const ap_text *message = ap_show_message(w->show);

	if (policy->type == AP_POLICY_WHITELIST) {
		write_value(w, "other_clients", policy->other_clients_denied.value ? "deny" : "unaffected",
			    &policy->other_clients_denied.place);
		write_value(w, "required", policy->required.value ? "true" : "false", &policy->required.place);
	}
	if (policy->replaces.text != NULL)
		write_value(w, "replaces", policy->replaces.text, &policy->replaces.place);
	write_moment(w, "not_before", &policy->not_before);
	write_moment(w, "not_after", &policy->not_after);
	write_value(w, "message", message->text, &message->place);
	if (policy->comment.text != NULL)
		write_value(w, "comment", policy->comment.text, &policy->comment.place);
}

static const char *exception_text(writer *w, const ap_exception_def *exception)
{
	ap_time_state state = ap_time_state_of(&exception->not_before, &exception->not_after, w->show->now);
	const char *text = exception->name;
	char until[AP_TIMESTAMP_TEXT_MAX];

	if (exception->not_after.written.text != NULL)
		text = ap_format(w->context->arena, "%s, until %s", text,
				 ap_timestamp_format_local(exception->not_after.value, until));
	if (state != AP_TIME_NOW)
		text = ap_format(w->context->arena, "%s, %s", text, state == AP_TIME_OVER ? "expired" : "not yet");
	return text;
}

static void write_related(writer *w)
{
	const ap_policy_set *set = w->show->subject->set;

	for (size_t i = 0; i < set->n_exceptions; i++)
		if (ap_show_is_named_by(w->show, &set->exceptions[i]))
			write_value(w, "exceptions", exception_text(w, &set->exceptions[i]), &set->exceptions[i].place);
	for (size_t i = 0; i < set->n_policies; i++)
		if (ap_show_is_replaced_by(w->show, &set->policies[i]))
			write_value(w, "replaced by",
				    ap_format(w->context->arena, "%s (report-only)", set->policies[i].name),
				    &set->policies[i].place);
}

void ap_show_text(ap_context *context, const ap_show *show)
{
	writer w = { .context = context,
		     .show = show,
		     .table = ap_table_new(context->arena, columns, sizeof(columns) / sizeof(columns[0])) };

	write_kind(&w);
	write_conditions(&w);
	write_rest(&w);
	write_related(&w);
	ap_table_write(w.table, &context->screen);
}
