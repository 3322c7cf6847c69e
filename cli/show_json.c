#include "describe.h"
#include "inquiry.h"
#include "jsontext.h"
#include "region_text.h"
#include "show.h"

/* {value, file, line}; file and line are null for a default. Takes `value` over. */
static json_t *located(ap_arena *arena, json_t *value, const ap_place *place)
{
	bool written = place != NULL && place->line != 0;
	json_t *object = ap_json_object();

	ap_json_set(object, "value", value);
	ap_json_set(object, "file", ap_json_text(arena, written ? place->file : NULL));
	ap_json_set(object, "line", written ? ap_json_line(place->line) : json_null());
	return object;
}

static json_t *located_text(ap_arena *arena, const ap_text *text)
{
	return located(arena, ap_json_text(arena, text->text), &text->place);
}

static json_t *located_list(ap_arena *arena, const ap_list *list)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < list->n; i++)
		ap_json_append(array, located_text(arena, &list->items[i]));
	return array;
}

static json_t *regions_json(ap_arena *arena, const ap_list *list)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < list->n; i++) {
		json_t *object = located_text(arena, &list->items[i]);

		ap_json_set(object, "name", ap_json_region_name(arena, list->items[i].text));
		ap_json_append(array, object);
	}
	return array;
}

static json_t *departments_json(ap_arena *arena, const ap_show *show, const ap_list *list)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < list->n; i++) {
		json_t *object = located_text(arena, &list->items[i]);

		ap_json_set(object, "members",
			    json_integer((json_int_t)ap_count_members(show->subject, list->items[i].text)));
		ap_json_set(object, "groups",
			    json_integer((json_int_t)ap_count_groups(show->subject, list->items[i].text)));
		ap_json_append(array, object);
	}
	return array;
}

static json_t *network_json(ap_arena *arena, const ap_policy_set *set, const ap_entry *entry)
{
	const ap_network_def *network;
	json_t *object;

	if (entry->kind != AP_ENTRY_NETWORK)
		return json_null();
	network = &set->networks[entry->network];
	object = ap_json_object();
	ap_json_set(object, "name", ap_json_text(arena, network->name));
	ap_json_set(object, "entries", json_integer((json_int_t)ap_count_entries(set, entry->network)));
	ap_json_set(object, "feed", ap_json_text(arena, network->feed.text));
	ap_json_set(object, "file", ap_json_text(arena, network->place.file));
	ap_json_set(object, "line", ap_json_line(network->place.line));
	return object;
}

static json_t *entries_json(ap_arena *arena, const ap_show *show, const ap_entries *entries)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < entries->n; i++) {
		const ap_entry *entry = &entries->items[i];
		json_t *object = located(arena, ap_json_text(arena, entry->text), &entry->place);

		ap_json_set(object, "network", network_json(arena, show->subject->set, entry));
		ap_json_append(array, object);
	}
	return array;
}

static json_t *objects_json(ap_arena *arena, const ap_show *show, const ap_objects *objects)
{
	json_t *object = ap_json_object();

	ap_json_set(object, "departments", departments_json(arena, show, &objects->departments));
	ap_json_set(object, "members", located_list(arena, &objects->members));
	ap_json_set(object, "domains", located_list(arena, &objects->domains));
	ap_json_set(object, "groups", located_list(arena, &objects->groups));
	ap_json_set(object, "unlisted", json_boolean(objects->unlisted));
	ap_json_set(object, "file", ap_json_text(arena, objects->place.file));
	ap_json_set(object, "line", ap_json_line(objects->place.line));
	return object;
}

static json_t *scope_json(ap_arena *arena, const ap_show *show)
{
	const ap_policy_def *policy = show->policy;
	json_t *object = objects_json(arena, show, &policy->scope);
	json_t *except;

	ap_json_set(object, "all", json_boolean(policy->scope.all));
	if (policy->except.place.line == 0) {
		ap_json_set(object, "except", json_null());
		return object;
	}
	except = objects_json(arena, show, &policy->except);
	ap_json_set(except, "ip", entries_json(arena, show, &policy->except.ip));
	ap_json_set(except, "regions", regions_json(arena, &policy->except.regions));
	ap_json_set(object, "except", except);
	return object;
}

static json_t *moment_json(ap_arena *arena, const ap_moment *moment)
{
	return located(arena, ap_json_time(moment->value), &moment->written.place);
}

static void set_kind(ap_arena *arena, const ap_show *show, json_t *object)
{
	const ap_policy_def *policy = show->policy;
	ap_time_state state = ap_time_state_of(&policy->not_before, &policy->not_after, show->now);

	ap_json_set(object, "name", ap_json_text(arena, policy->name));
	ap_json_set(object, "file", ap_json_text(arena, policy->place.file));
	ap_json_set(object, "line", ap_json_line(policy->place.line));
	ap_json_set(object, "time", ap_json_text(arena, ap_time_state_name(state)));
	ap_json_set(object, "type",
		    located(arena, ap_json_text(arena, ap_policy_type_name(policy->type)), &policy->type_place));
	ap_json_set(object, "status",
		    located(arena, ap_json_text(arena, ap_policy_status_name(policy->status)), &policy->status_place));
}

static void set_conditions(ap_arena *arena, const ap_show *show, json_t *object)
{
	const ap_policy_def *policy = show->policy;

	ap_json_set(object, "scope", scope_json(arena, show));
	ap_json_set(object, "ip", policy->ip.n > 0 ? entries_json(arena, show, &policy->ip) : json_null());
	ap_json_set(object, "regions", policy->regions.n > 0 ? regions_json(arena, &policy->regions) : json_null());
	ap_json_set(object, "clients", policy->clients.n > 0 ? located_list(arena, &policy->clients) : json_null());
}

static void set_rest(ap_arena *arena, const ap_show *show, json_t *object)
{
	const ap_policy_def *policy = show->policy;
	bool whitelist = policy->type == AP_POLICY_WHITELIST;

	ap_json_set(object, "other_clients",
		    whitelist ? located(arena,
					ap_json_text(arena, policy->other_clients_denied.value ? "deny" : "unaffected"),
					&policy->other_clients_denied.place)
			      : json_null());
	ap_json_set(object, "required",
		    whitelist ? located(arena, json_boolean(policy->required.value), &policy->required.place)
			      : json_null());
	ap_json_set(object, "replaces",
		    policy->replaces.text != NULL ? located_text(arena, &policy->replaces) : json_null());
	ap_json_set(object, "not_before", moment_json(arena, &policy->not_before));
	ap_json_set(object, "not_after", moment_json(arena, &policy->not_after));
	ap_json_set(object, "message", located_text(arena, ap_show_message(show)));
	ap_json_set(object, "comment",
		    policy->comment.text != NULL ? located_text(arena, &policy->comment) : json_null());
}

static json_t *exceptions_json(ap_arena *arena, const ap_show *show)
{
	const ap_policy_set *set = show->subject->set;
	json_t *array = ap_json_array();

	for (size_t i = 0; i < set->n_exceptions; i++) {
		const ap_exception_def *exception = &set->exceptions[i];
		ap_time_state state = ap_time_state_of(&exception->not_before, &exception->not_after, show->now);
		json_t *object;

		if (!ap_show_is_named_by(show, exception))
			continue;
		object = ap_json_object();
		ap_json_set(object, "name", ap_json_text(arena, exception->name));
		ap_json_set(object, "file", ap_json_text(arena, exception->place.file));
		ap_json_set(object, "line", ap_json_line(exception->place.line));
		ap_json_set(object, "time", ap_json_text(arena, ap_time_state_name(state)));
		ap_json_set(object, "not_before", ap_json_time(exception->not_before.value));
		ap_json_set(object, "not_after", ap_json_time(exception->not_after.value));
		ap_json_set(object, "comment", ap_json_text(arena, exception->comment.text));
		ap_json_append(array, object);
	}
	return array;
}

static json_t *replaced_by_json(ap_arena *arena, const ap_show *show)
{
	const ap_policy_set *set = show->subject->set;
	json_t *array = ap_json_array();

	for (size_t i = 0; i < set->n_policies; i++) {
		json_t *object;

		if (!ap_show_is_replaced_by(show, &set->policies[i]))
			continue;
		object = ap_json_object();
		ap_json_set(object, "name", ap_json_text(arena, set->policies[i].name));
		ap_json_set(object, "file", ap_json_text(arena, set->policies[i].place.file));
		ap_json_set(object, "line", ap_json_line(set->policies[i].place.line));
		ap_json_append(array, object);
	}
	return array;
}

void ap_show_json(ap_context *context, const ap_show *show)
{
	json_t *object = ap_json_object();

	set_kind(context->arena, show, object);
	set_conditions(context->arena, show, object);
	set_rest(context->arena, show, object);
	ap_json_set(object, "exceptions", exceptions_json(context->arena, show));
	ap_json_set(object, "replaced_by", replaced_by_json(context->arena, show));
	ap_json_write(object);
}
