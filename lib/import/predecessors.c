/*
 * What the rules of the feature's predecessors mean as policies: the IP login restriction, the IP blacklist, the
 * native client login security, and the secure login IPs.
 *
 * Each predecessor denied by itself, whatever another one allowed. So the whitelist that restricts a client is
 * `required`, while several IP login restrictions are alternatives, as whitelists are. accesspolicy-import(5)
 * describes the form.
 */
#include "../make/reader.h"
#include "../make/region_codes.h"
#include "import.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef enum { RESTRICTION, BLACKLIST, NATIVE_CLIENT, SECURE_LOGIN_IP, N_KINDS } rule_kind;

static const struct {
	const char *key;
	const char *name; /* of its policy, where the rule has none */
} kinds[N_KINDS] = {
	[RESTRICTION] = { "ip_login_restrictions", "IP login restriction" },
	[BLACKLIST] = { "ip_blacklist", "IP blacklist" },
	[NATIVE_CLIENT] = { "native_client_login_security", "Native client login security" },
	[SECURE_LOGIN_IP] = { "secure_login_ip", "Secure login IP" },
};

/* A rule as it is read. The scope's reader wants a policy. */
typedef struct {
	ap_policy_def def; /* name, scope, except, ip, regions */
	rule_kind kind;
	ap_flag enabled;
	bool third_party_on; /* SECURE_LOGIN_IP */
} rule;

typedef struct {
	ap_reader reader; /* first: the readers of keys know it alone */
	const ap_import_source *source;
	ap_import *import;
	ap_names *names; /* of policies, in lower case; the number: of the rule */
	rule *rules;     /* in the order in which they stand */
	size_t n_rules;
	ap_policy_def global; /* its scope: the accounts of the global whitelist */
} predecessors;

static predecessors *of(ap_reader *reader)
{
	return (predecessors *)(void *)reader;
}

/*
 * The form's keys
 */

/* What may be a region is for the loader to say; here, so that the line that is told is the imported file's. */
static void read_regions(ap_reader *reader, const config_setting_t *setting, void *field)
{
	ap_list *regions = field;
	char sentence[AP_REGION_SENTENCE_MAX];
	size_t before = regions->n;

	ap_read_regions(reader, setting, field);
	for (size_t i = before; i < regions->n; i++)
		if (ap_region_fault_of(regions->items[i].text, sentence, sizeof(sentence)))
			AP_COMPLAIN(reader, regions->items[i].place, "\"regions\": %s %s",
				    AP_SHOWN(regions->items[i].text), sentence);
}

static void read_third_party(ap_reader *reader, const config_setting_t *setting, void *field)
{
	static const char *const choices[] = { "off", "on" };

	*(bool *)field = ap_choice_of(reader, setting, choices, sizeof(choices) / sizeof(choices[0])) == 1;
}

#define NAME_KEY                                                                                                       \
	{                                                                                                              \
		"name", ap_read_name, offsetof(rule, def.name)                                                         \
	}
#define ENABLED_KEY                                                                                                    \
	{                                                                                                              \
		"enabled", ap_read_flag, offsetof(rule, enabled)                                                       \
	}
#define SCOPE_KEY                                                                                                      \
	{                                                                                                              \
		"scope", ap_read_scope, offsetof(rule, def)                                                            \
	}
#define IP_KEY                                                                                                         \
	{                                                                                                              \
		"ip", ap_read_entries, offsetof(rule, def.ip)                                                          \
	}
#define REGIONS_KEY                                                                                                    \
	{                                                                                                              \
		"regions", read_regions, offsetof(rule, def.regions)                                                   \
	}

static const ap_key restriction_keys[] = { NAME_KEY, ENABLED_KEY, SCOPE_KEY, IP_KEY, REGIONS_KEY };
static const ap_key blacklist_keys[] = { NAME_KEY, ENABLED_KEY, IP_KEY, REGIONS_KEY };
static const ap_key secure_keys[] = {
	{ "third_party_clients", read_third_party, offsetof(rule, third_party_on) },
	NAME_KEY,
	ENABLED_KEY,
	SCOPE_KEY,
	IP_KEY,
	REGIONS_KEY,
};

static rule *add_rule(ap_reader *reader, const config_setting_t *group, rule_kind kind)
{
	predecessors *p = of(reader);
	rule *added = AP_PUSH(reader->arena, p->rules, p->n_rules);

	added->kind = kind;
	added->enabled.value = true;
	added->def.place = ap_place_of(reader, group);
	return added;
}

static void want_addresses(ap_reader *reader, const config_setting_t *group, const char *what)
{
	if (!ap_has_key(reader, group, "ip") && !ap_has_key(reader, group, "regions"))
		AP_COMPLAIN(reader, ap_place_of(reader, group),
			    "the %s has neither \"ip\" nor \"regions\"; list the addresses that it is about", what);
}

static void read_restriction(ap_reader *reader, const config_setting_t *group)
{
	rule *added = add_rule(reader, group, RESTRICTION);

	AP_READ_KEYS(reader, group, "in an IP login restriction", restriction_keys, added);
	want_addresses(reader, group, "IP login restriction");
	if (!ap_has_key(reader, group, "scope"))
		AP_COMPLAIN(reader, added->def.place,
			    "the IP login restriction has no \"scope\"; write whom it restricts, such as "
			    "scope = { all = true; };");
}

static void read_blacklist(ap_reader *reader, const config_setting_t *group)
{
	rule *added = add_rule(reader, group, BLACKLIST);

	AP_READ_KEYS(reader, group, "in the IP blacklist, which excepts nobody", blacklist_keys, added);
	want_addresses(reader, group, "IP blacklist");
	added->def.scope.all = true;
}

static void read_restrictions(ap_reader *reader, const config_setting_t *setting, void *field)
{
	(void)field;
	ap_read_groups_of(reader, setting, read_restriction);
}

static void read_blacklists(ap_reader *reader, const config_setting_t *setting, void *field)
{
	(void)field;
	ap_read_groups_of(reader, setting, read_blacklist);
}

/* A setting of the whole organisation: it is there once. */
static bool expect_group(ap_reader *reader, const config_setting_t *setting)
{
	if (config_setting_is_group(setting))
		return true;
	ap_refuse_type(reader, setting, "a group { }", "");
	return false;
}

static void restrict_all_without_scope(rule *r)
{
	if (r->def.scope.place.line == 0)
		r->def.scope.all = true;
}

static void read_native_client(ap_reader *reader, const config_setting_t *setting, void *field)
{
	rule *added;

	(void)field;
	if (!expect_group(reader, setting))
		return;
	added = add_rule(reader, setting, NATIVE_CLIENT);
	AP_READ_KEYS(reader, setting, "in \"native_client_login_security\"", restriction_keys, added);
	restrict_all_without_scope(added);
}

static void read_secure_login_ip(ap_reader *reader, const config_setting_t *setting, void *field)
{
	rule *added;

	(void)field;
	if (!expect_group(reader, setting))
		return;
	added = add_rule(reader, setting, SECURE_LOGIN_IP);
	AP_READ_KEYS(reader, setting, "in \"secure_login_ip\"", secure_keys, added);
	restrict_all_without_scope(added);
	if (!ap_has_key(reader, setting, "third_party_clients"))
		AP_COMPLAIN(
			reader, added->def.place,
			"\"secure_login_ip\" has no \"third_party_clients\"; write \"off\" where third-party clients "
			"may log in from these addresses only, \"on\" where they may from everywhere");
}

static const ap_key global_keys[] = {
	{ "members", ap_read_members, offsetof(ap_objects, members) },
	{ "departments", ap_read_departments, offsetof(ap_objects, departments) },
};

static void read_global(ap_reader *reader, const config_setting_t *setting, void *field)
{
	if (!expect_group(reader, setting))
		return;
	AP_READ_KEYS(reader, setting, "in \"global_whitelist\"", global_keys, field);
	if (config_setting_length(setting) == 0)
		AP_COMPLAIN(reader, ap_place_of(reader, setting),
			    "\"global_whitelist\" is empty; leave it out, or list members or departments");
}

static const ap_key root_keys[] = {
	{ "ip_login_restrictions", read_restrictions, 0 },
	{ "ip_blacklist", read_blacklists, 0 },
	{ "native_client_login_security", read_native_client, 0 },
	{ "secure_login_ip", read_secure_login_ip, 0 },
	{ "global_whitelist", read_global, offsetof(predecessors, global.scope) },
};

static void read_root(ap_reader *reader, const config_setting_t *root)
{
	predecessors *p = of(reader);

	AP_READ_KEYS(reader, root, "at the top level", root_keys, p);
	if (p->n_rules == 0 && reader->diagnostics->n_errors == 0)
		AP_COMPLAIN(reader, ((ap_place){ .file = reader->file }),
			    "there is no rule in it; expected ip_login_restrictions, ip_blacklist, "
			    "native_client_login_security or secure_login_ip");
}

/*
 * Policies
 */

/* What the predecessors knew of: a member's mail. Logins of the system itself were none of their business. */
static const char *const mail_clients[] = { "native",        "web",    "dingtalk-pc", "dingtalk-mobile",
					    "outlook-addin", "wechat", "third-party" };

static void add_mail_clients(ap_arena *arena, ap_words *clients)
{
	for (size_t i = 0; i < sizeof(mail_clients) / sizeof(mail_clients[0]); i++)
		ap_words_add(arena, clients, mail_clients[i]);
}

/* Members are the same in whatever case, departments are not. */
static void except_once(ap_arena *arena, ap_words *words, const ap_list *list,
			int (*compare)(const char *, const char *))
{
	for (size_t i = 0; i < list->n; i++) {
		size_t k = 0;

		while (k < words->n && compare(words->items[k], list->items[i].text) != 0)
			k++;
		if (k == words->n)
			ap_words_add(arena, words, list->items[i].text);
	}
}

static bool names_addresses(const rule *r)
{
	return r->def.ip.n + r->def.regions.n > 0;
}

/* What only says where it may be used from is nowhere usable without addresses: a blacklist of the client. */
static void restrict_client(ap_arena *arena, const rule *r, const char *client, ap_policy_form *form)
{
	form->type = names_addresses(r) ? AP_POLICY_WHITELIST : AP_POLICY_BLACKLIST;
	form->required = names_addresses(r);
	ap_words_add(arena, &form->clients, client);
}

static ap_policy_form form_of(predecessors *p, const rule *r)
{
	ap_arena *arena = p->source->arena;
	ap_policy_form form = ap_policy_form_of(arena, &r->def);

	form.status = r->enabled.value ? AP_POLICY_ENABLED : AP_POLICY_DISABLED;
	form.comment = ap_import_origin(arena, "predecessors", r->def.place.line, kinds[r->kind].key);
	switch (r->kind) {
	case RESTRICTION:
		form.type = AP_POLICY_WHITELIST;
		add_mail_clients(arena, &form.clients);
		break;
	case BLACKLIST:
		form.type = AP_POLICY_BLACKLIST;
		return form; /* nobody is excepted */
	case NATIVE_CLIENT:
		restrict_client(arena, r, "native", &form);
		break;
	default:
		restrict_client(arena, r, "third-party", &form);
		break;
	}
	except_once(arena, &form.except.members, &p->global.scope.members, strcasecmp);
	except_once(arena, &form.except.departments, &p->global.scope.departments, strcmp);
	return form;
}

static void note(predecessors *p, const rule *r, const char *reason)
{
	ap_import_add_note(p->source->arena, p->import, AP_IMPORT_NOTE, r->def.place.line, kinds[r->kind].key, "%s",
			   reason);
}

/* What is there already and decides what the rule decided: the first such policy is told. */
typedef bool interferes(const ap_policy_def *policy);

static bool denies_third_party(const ap_policy_def *policy)
{
	bool chosen = policy->clients.n == 0;

	for (size_t i = 0; i < policy->clients.n; i++)
		chosen = chosen || strcmp(policy->clients.items[i].text, "third-party") == 0;
	return policy->type == AP_POLICY_BLACKLIST && chosen && policy->scope.all &&
	       policy->ip.n + policy->regions.n == 0;
}

static bool is_alternative(const ap_policy_def *policy)
{
	return policy->type == AP_POLICY_WHITELIST && !policy->required.value;
}

static void tell_of_policy(predecessors *p, const rule *r, interferes *does, const char *how)
{
	const ap_policy_set *set = p->source->set;

	for (size_t i = 0; set != NULL && i < set->n_policies; i++) {
		const ap_policy_def *policy = &set->policies[i];

		if (policy->status != AP_POLICY_ENABLED || !does(policy))
			continue;
		ap_import_add_note(p->source->arena, p->import, AP_IMPORT_DIFFERENCE, r->def.place.line,
				   kinds[r->kind].key, "the policy \"%s\" (%s:%u) %s", policy->name, policy->place.file,
				   policy->place.line, how);
		return;
	}
}

static bool is_first_of_kind(const predecessors *p, const rule *r)
{
	for (const rule *before = p->rules; before < r; before++)
		if (before->kind == r->kind)
			return false;
	return true;
}

static void add_notes(predecessors *p, const rule *r)
{
	if (!r->enabled.value)
		note(p, r, "it is switched off; its policy is disabled, and stays so");
	if (r->kind == SECURE_LOGIN_IP && names_addresses(r) && r->enabled.value)
		tell_of_policy(p, r, denies_third_party,
			       "denies third-party clients from everywhere, these addresses too; disable or delete it");
	if (!is_first_of_kind(p, r))
		return;
	if (r->kind == RESTRICTION) {
		note(p, r,
		     "IP login restrictions are for the client types that they knew, which the policies list; logins of "
		     "the system, and client types of your own, they do not restrict");
		tell_of_policy(
			p, r, is_alternative,
			"is a whitelist too: whom it lets in the restrictions let in, and it lets in whom they do; it may be made "
			"required");
	}
	if (r->kind == BLACKLIST)
		note(p, r, "it denies every login from these addresses, logins of the system such as ssh too");
}

static void add_policy(predecessors *p, const rule *r)
{
	if (r->kind == SECURE_LOGIN_IP && r->third_party_on) {
		note(p, r, "third-party clients may log in from everywhere; there is nothing to restrict");
		return;
	}
	*AP_PUSH(p->source->arena, p->import->policies, p->import->n_policies) = form_of(p, r);
	add_notes(p, r);
}

/*
 * Names
 */

static void refuse_second_name(predecessors *p, const rule *r, const rule *first)
{
	ap_reader *reader = &p->reader;

	AP_COMPLAIN(reader, r->def.place, "there is a second rule named %s; the first is in line %u",
		    AP_SHOWN(r->def.name), first->def.place.line);
}

static void take_names(predecessors *p)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		const char *key;
		uint32_t first;

		if (p->rules[i].def.name == NULL)
			continue;
		key = ap_lower_copy(p->reader.arena, p->rules[i].def.name);
		first = ap_names_find(p->names, key);
		if (first == AP_NONE)
			ap_names_put(p->names, key, (uint32_t)i);
		else
			refuse_second_name(p, &p->rules[i], &p->rules[first]);
	}
}

/* "IP blacklist", "IP blacklist 2" … */
static void give_name(predecessors *p, rule *r)
{
	const char *name = kinds[r->kind].name;
	const char *key = ap_lower_copy(p->reader.arena, name);

	for (unsigned number = 2; ap_names_find(p->names, key) != AP_NONE; number++) {
		name = ap_format(p->reader.arena, "%s %u", kinds[r->kind].name, number);
		key = ap_lower_copy(p->reader.arena, name);
	}
	ap_names_put(p->names, key, (uint32_t)(r - p->rules));
	r->def.name = ap_arena_strdup(p->reader.arena, name);
}

/*
 * The file
 */

static void report_errors(const ap_import_source *source, ap_import *import, ap_diagnostics *diagnostics)
{
	ap_diagnostics_sort(diagnostics);
	for (size_t i = 0; i < diagnostics->n; i++)
		ap_import_add_note(source->arena, import, AP_IMPORT_ERROR, diagnostics->items[i].line, NULL, "%s",
				   diagnostics->items[i].message);
}

void ap_import_predecessors(const ap_import_source *source, ap_import *import)
{
	ap_diagnostics diagnostics = { 0 };
	predecessors p = { .reader = { .arena = source->arena, .diagnostics = &diagnostics, .file = source->name },
			   .source = source,
			   .import = import,
			   .names = ap_names_new(source->arena) };

	if (ap_read_tree(&p.reader, source->text, source->size, read_root))
		take_names(&p);
	import->n_rules = p.n_rules;
	for (size_t i = 0; i < p.n_rules && diagnostics.n_errors == 0; i++) {
		if (p.rules[i].def.name == NULL)
			give_name(&p, &p.rules[i]);
		add_policy(&p, &p.rules[i]);
	}
	report_errors(source, import, &diagnostics);
	ap_diagnostics_clear(&diagnostics);
}
