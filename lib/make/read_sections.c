/* The sections of a file but its policies and exceptions. */
#include "reader.h"

#include <stdint.h>
#include <string.h>

/* Settings */

static void read_undetermined(ap_reader *reader, const config_setting_t *setting, void *field)
{
	static const char *const choices[] = { "deny", "allow" };
	ap_policy_set *set = field;
	int choice = ap_choice_of(reader, setting, choices, sizeof(choices) / sizeof(choices[0]));

	set->undetermined_allows = choice == 1;
}

static void read_edition(ap_reader *reader, const config_setting_t *setting, void *field)
{
	static const char *const choices[] = { "standard", "free" };
	ap_policy_set *set = field;
	int choice = ap_choice_of(reader, setting, choices, sizeof(choices) / sizeof(choices[0]));

	set->free_edition = choice == 1;
	set->edition_place = ap_place_of(reader, setting);
}

static void read_max_shrink(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_policy_set *set = field;
	int value = config_setting_get_int(setting);

	if (config_setting_type(setting) != CONFIG_TYPE_INT) {
		ap_refuse_type(reader, setting, "an integer from 0 to 100", "");
		return;
	}
	if (value < 0 || value > 100) {
		AP_COMPLAIN(reader, ap_place_of(reader, setting),
			    "\"max_shrink\": found %d, expected a percentage from 0 to 100", value);
		return;
	}
	set->max_shrink = (unsigned)value;
}

static void read_audit_record(ap_reader *reader, const config_setting_t *setting, void *field)
{
	static const char *const choices[] = {
		[AP_AUDIT_NONE] = "none", [AP_AUDIT_DENIED] = "denied", [AP_AUDIT_ALL] = "all"
	};
	ap_policy_set *set = field;
	int choice = ap_choice_of(reader, setting, choices, sizeof(choices) / sizeof(choices[0]));

	if (choice >= 0)
		set->audit_record = (ap_audit_record)choice;
}

static const ap_key audit_keys[] = {
	{ "file", ap_read_path, offsetof(ap_policy_set, audit_file) },
	{ "record", read_audit_record, 0 },
};

static void read_audit(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_policy_set *set = field;

	if (!config_setting_is_group(setting)) {
		ap_refuse_type(reader, setting, "a group { }", "; write audit = { file = \"…\"; };");
		return;
	}
	/* the whole setting overrides an earlier file's */
	set->audit_file = (ap_text){ .text = NULL };
	set->audit_record = AP_AUDIT_ALL;
	if (!ap_has_key(reader, setting, "file"))
		AP_COMPLAIN(reader, ap_place_of(reader, setting),
			    "\"audit\" has no \"file\"; expected where to write the records");
	AP_READ_KEYS(reader, setting, "in \"audit\"", audit_keys, set);
}

/* Client types */

typedef struct {
	ap_client_def def;
	ap_text name;
	ap_flag local;
} client_entry;

static const ap_key client_keys[] = {
	{ "name", ap_read_client, offsetof(client_entry, name) },
	{ "service", ap_read_hints, offsetof(client_entry, def.service) },
	{ "tty", ap_read_hints, offsetof(client_entry, def.tty) },
	{ "ruser", ap_read_hints, offsetof(client_entry, def.ruser) },
	{ "env", ap_read_environment, offsetof(client_entry, def.env) },
	{ "local", ap_read_flag, offsetof(client_entry, local) },
};

static size_t append(char *text, size_t used, const char *more)
{
	size_t length = strlen(more) + 1;

	if (text != NULL)
		memcpy(text + used, more, length);
	return used + length;
}

/* The definition's name and hints, each ended by \001, which no hint can hold. With `text` NULL: how long they are. */
static size_t format_client(const ap_client_def *client, char *text)
{
	const ap_list *const lists[] = { &client->service, &client->tty, &client->ruser, &client->env };
	size_t used = append(text, 0, client->name);

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		used = append(text, used, "\001");
		for (size_t k = 0; k < lists[i]->n; k++)
			used = append(text, used, lists[i]->items[k].text);
	}
	for (size_t i = 0; text != NULL && i + 1 < used; i++)
		if (text[i] == '\0')
			text[i] = '\001';
	return used;
}

static void add_client(ap_reader *reader, const client_entry *entry)
{
	ap_policy_set *set = reader->set;
	uint32_t number = (uint32_t)set->n_client_types, first;
	char *key = ap_arena_alloc(reader->arena, format_client(&entry->def, NULL));
	ap_client_def *added;
	ap_flag *local;

	(void)format_client(&entry->def, key);
	first = ap_names_find(reader->client_hints, key);
	if (first != AP_NONE) {
		AP_COMPLAIN(reader, entry->def.place, "the client type %s with the same hints is in %s:%u already",
			    AP_SHOWN(entry->def.name), set->client_types[first].place.file,
			    set->client_types[first].place.line);
		return;
	}
	ap_names_put(reader->client_hints, key, number);
	if (ap_names_find(reader->clients, entry->def.name) == AP_NONE)
		ap_names_put(reader->clients, entry->def.name, number);
	added = AP_PUSH(reader->arena, set->client_types, set->n_client_types);
	*added = entry->def;
	local = AP_PUSH(reader->arena, reader->local_flags, reader->n_local_flags);
	*local = entry->local;
}

static void read_client_type(ap_reader *reader, const config_setting_t *group)
{
	client_entry entry = { .def.place = ap_place_of(reader, group) };

	entry.def.file_number = reader->file_number;
	AP_READ_KEYS(reader, group, "in a client type", client_keys, &entry);
	if (!ap_has_key(reader, group, "name"))
		AP_COMPLAIN(reader, entry.def.place, "the client type has no \"name\"; expected one");
	entry.def.name = entry.name.text;
	if (entry.def.name == NULL)
		return;
	entry.def.local = entry.local.value;
	if (strcmp(entry.def.name, "system") == 0) {
		if (entry.local.place.line > 0 && !entry.local.value)
			AP_COMPLAIN(reader, entry.local.place,
				    "\"local\" = false for \"system\", which is always local; leave it out");
		entry.def.local = true;
		entry.local = (ap_flag){ .value = true };
	}
	add_client(reader, &entry);
}

static void read_client_types(ap_reader *reader, const config_setting_t *setting, void *field)
{
	(void)field;
	ap_read_groups_of(reader, setting, read_client_type);
}

/* Networks */

static void read_may_be_empty(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_flag flag = { .value = false };

	ap_read_flag(reader, setting, &flag);
	*(bool *)field = flag.value;
}

static const ap_key network_keys[] = {
	{ "name", ap_read_name, offsetof(ap_network_def, name) },
	{ "ip", ap_read_entries_or_empty, offsetof(ap_network_def, ip) },
	{ "file", ap_read_path, offsetof(ap_network_def, feed) },
	{ "may_be_empty", read_may_be_empty, offsetof(ap_network_def, may_be_empty) },
};

static void check_network(ap_reader *reader, const config_setting_t *group, const ap_network_def *network)
{
	const config_setting_t *ip = config_setting_get_member(group, "ip");
	bool empty_list = ip != NULL && config_setting_is_aggregate(ip) && config_setting_length(ip) == 0;

	if (!ap_has_key(reader, group, "name"))
		AP_COMPLAIN(reader, network->place,
			    "the network has no \"name\"; expected one, by which \"@name\" refers to it");
	if (network->may_be_empty)
		return;
	if (empty_list)
		AP_COMPLAIN(reader, ap_place_of(reader, ip),
			    "\"ip\" is an empty list; leave the key out, list something, or write may_be_empty = true");
	else if (!ap_has_key(reader, group, "ip") && !ap_has_key(reader, group, "file"))
		AP_COMPLAIN(reader, network->place,
			    "the network is empty; list \"ip\" entries or a \"file\", or write may_be_empty = true");
}

static void read_network(ap_reader *reader, const config_setting_t *group)
{
	ap_policy_set *set = reader->set;
	ap_network_def network = { .place = ap_place_of(reader, group) };
	uint32_t first;
	ap_network_def *added;

	AP_READ_KEYS(reader, group, "in a network", network_keys, &network);
	check_network(reader, group, &network);
	if (network.feed.text != NULL && !reader->texts_alone)
		ap_read_feed(reader, &network);
	if (network.name == NULL)
		return;
	first = ap_names_find(reader->networks, network.name);
	if (first != AP_NONE) {
		AP_COMPLAIN(reader, network.place, "there is a second network named %s; the first is in %s:%u",
			    AP_SHOWN(network.name), set->networks[first].place.file, set->networks[first].place.line);
	} else {
		ap_names_put(reader->networks, network.name, (uint32_t)set->n_networks);
	}
	added = AP_PUSH(reader->arena, set->networks, set->n_networks);
	*added = network;
}

static void read_networks(ap_reader *reader, const config_setting_t *setting, void *field)
{
	(void)field;
	ap_read_groups_of(reader, setting, read_network);
}

/* Assertions */

static void read_assertion_ip(ap_reader *reader, const config_setting_t *setting, void *field)
{
	const char *text = ap_string_of(reader, setting);
	char **ip = field;
	ap_address address;

	if (text == NULL)
		return;
	if (strcmp(text, "local") != 0 && !ap_address_parse(text, &address))
		AP_COMPLAIN(reader, ap_place_of(reader, setting),
			    "\"ip\": %s is no IP address; expected one, or \"local\"", AP_SHOWN(text));
	else
		*ip = ap_arena_strdup(reader->arena, text);
}

static void read_expect(ap_reader *reader, const config_setting_t *setting, void *field)
{
	static const char *const choices[] = { "deny", "allow" };
	bool *allow = field;

	*allow = ap_choice_of(reader, setting, choices, sizeof(choices) / sizeof(choices[0])) == 1;
}

typedef struct {
	ap_assertion_def def;
	ap_list env;
	ap_text client;
} assertion_entry;

static const ap_key assertion_keys[] = {
	{ "user", ap_read_line, offsetof(assertion_entry, def.user) },
	{ "ip", read_assertion_ip, offsetof(assertion_entry, def.ip) },
	{ "client", ap_read_client, offsetof(assertion_entry, client) },
	{ "service", ap_read_line, offsetof(assertion_entry, def.service) },
	{ "tty", ap_read_line, offsetof(assertion_entry, def.tty) },
	{ "ruser", ap_read_line, offsetof(assertion_entry, def.ruser) },
	{ "env", ap_read_environment, offsetof(assertion_entry, env) },
	{ "time", ap_read_moment, offsetof(assertion_entry, def.time) },
	{ "expect", read_expect, offsetof(assertion_entry, def.expect_allow) },
};

static char **environment_of(const ap_reader *reader, const ap_list *list)
{
	char **env;

	if (list->n == 0)
		return NULL;
	env = ap_arena_alloc(reader->arena, (list->n + 1) * sizeof(*env));
	for (size_t i = 0; i < list->n; i++)
		env[i] = list->items[i].text;
	return env;
}

static void read_assertion(ap_reader *reader, const config_setting_t *group)
{
	ap_policy_set *set = reader->set;
	assertion_entry entry = { .def.place = ap_place_of(reader, group) };
	ap_assertion_def *added;

	AP_READ_KEYS(reader, group, "in an assertion", assertion_keys, &entry);
	if (!ap_has_key(reader, group, "user"))
		AP_COMPLAIN(reader, entry.def.place, "the assertion has no \"user\"; expected whose login it is about");
	if (!ap_has_key(reader, group, "expect"))
		AP_COMPLAIN(reader, entry.def.place, "the assertion has no \"expect\"; expected \"allow\" or \"deny\"");
	entry.def.client = entry.client.text;
	entry.def.env = environment_of(reader, &entry.env);
	added = AP_PUSH(reader->arena, set->assertions, set->n_assertions);
	*added = entry.def;
}

static void read_assertions(ap_reader *reader, const config_setting_t *setting, void *field)
{
	(void)field;
	ap_read_groups_of(reader, setting, read_assertion);
}

/* Paths that add up over the files; each is made absolute. */
static void read_directory(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_list *directory = field;
	size_t i = directory->n;

	ap_read_paths(reader, setting, directory);
	for (; i < directory->n; i++)
		directory->items[i].text = ap_absolute(reader, directory->items[i].text);
}

static const ap_key root_keys[] = {
	{ "default_domain", ap_read_domain, offsetof(ap_policy_set, default_domain) },
	{ "administrators", ap_read_members, offsetof(ap_policy_set, administrators) },
	{ "message", ap_read_message, offsetof(ap_policy_set, message) },
	{ "undetermined", read_undetermined, 0 },
	{ "edition", read_edition, 0 },
	{ "region_database", ap_read_path, offsetof(ap_policy_set, region_database) },
	{ "default_client_type", ap_read_client, offsetof(ap_policy_set, default_client_type) },
	{ "max_shrink", read_max_shrink, 0 },
	{ "audit", read_audit, 0 },
	{ "client_types", read_client_types, 0 },
	{ "departments", ap_read_department_list, 0 },
	{ "directory", read_directory, offsetof(ap_policy_set, directory) },
	{ "networks", read_networks, 0 },
	{ "policies", ap_read_policies, 0 },
	{ "exceptions", ap_read_exceptions, 0 },
	{ "assertions", read_assertions, 0 },
};

void ap_read_root(ap_reader *reader, const config_setting_t *root)
{
	/* what stands under a mistyped key seems to be missing */
	if (!AP_READ_KEYS(reader, root, "at the top level", root_keys, reader->set))
		reader->sections_missed = true;
}
