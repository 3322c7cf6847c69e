/*
 * Which client types are the services that a rule of geoip.conf names?
 *
 * A client type that is declared takes logins away from the type that they had. That changes no decision unless a policy
 * chooses that type: only then the rule is held against the types that there are.
 */
#include "geoip_rule.h"

#include "../login/glob.h"
#include "../make/reader.h"

#include <ctype.h>
#include <string.h>

/* A service that some rule is for. */
typedef struct {
	const char *name;
	bool *had;      /* by type: which its logins may have now */
	bool has_local; /* of these some are local ones, */
	bool has_other; /* and some are not */
	size_t type;    /* the one that is declared for it; SIZE_MAX: none can be */
} service;

typedef struct {
	ap_geoip *geoip;
	service *items;
	size_t n;
	bool *chosen; /* by type: some policy or exception chooses it */
	size_t n_had; /* how many types there were before any was declared */
} services;

/* Is the rule for that service? Of a list's names each stands for all that begin with it. */
static bool is_for(const ap_geoip *geoip, const ap_geoip_rule *rule, const char *name)
{
	if (rule->every_service)
		return true;
	if (geoip->own_service != NULL)
		return ap_words_have(&rule->services, name);
	for (size_t i = 0; i < rule->services.n; i++)
		if (strncmp(rule->services.items[i], name, strlen(rule->services.items[i])) == 0)
			return true;
	return false;
}

/*
 * Types
 */

static size_t type_number(ap_geoip *geoip, const char *name)
{
	for (size_t i = 0; i < geoip->n_types; i++)
		if (strcmp(geoip->types[i], name) == 0)
			return i;
	*AP_PUSH(geoip->arena, geoip->types, geoip->n_types) = name;
	return geoip->n_types - 1;
}

static const char *default_type(const ap_geoip *geoip)
{
	return geoip->source->set != NULL ? geoip->source->set->default_client_type.text : "third-party";
}

static void gather_types(ap_geoip *geoip)
{
	const ap_policy_set *set = geoip->source->set;

	for (size_t i = 0; ap_builtin_client_types[i] != NULL; i++)
		(void)type_number(geoip, ap_builtin_client_types[i]);
	for (size_t i = 0; set != NULL && i < set->n_client_types; i++)
		(void)type_number(geoip, ap_arena_strdup(geoip->arena, set->client_types[i].name));
	(void)type_number(geoip, ap_arena_strdup(geoip->arena, default_type(geoip)));
}

static void mark(ap_geoip *geoip, bool *marks, const ap_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		marks[type_number(geoip, list->items[i].text)] = true;
}

static void find_chosen(services *s)
{
	const ap_policy_set *set = s->geoip->source->set;

	for (size_t i = 0; set != NULL && i < set->n_policies; i++)
		mark(s->geoip, s->chosen, &set->policies[i].clients);
	for (size_t i = 0; set != NULL && i < set->n_exceptions; i++)
		mark(s->geoip, s->chosen, &set->exceptions[i].clients);
}

/*
 * Services
 */

static void add_service(services *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->items[i].name, name) == 0)
			return;
	*AP_PUSH(s->geoip->arena, s->items, s->n) =
		(service){ .name = ap_arena_strdup(s->geoip->arena, name), .type = SIZE_MAX };
}

/* Those that the files know and that begin with a name of a rule's list. */
static void add_known_services(services *s, const ap_geoip_rule *rule)
{
	const ap_policy_set *set = s->geoip->source->set;

	for (size_t i = 0; set != NULL && i < set->n_client_types; i++)
		for (size_t k = 0; k < set->client_types[i].service.n; k++) {
			const char *hint = set->client_types[i].service.items[k].text;

			if (strpbrk(hint, "*?") == NULL && is_for(s->geoip, rule, hint))
				add_service(s, hint);
		}
}

static void gather_services(services *s)
{
	for (size_t i = 0; i < s->geoip->n_rules; i++) {
		const ap_geoip_rule *rule = &s->geoip->rules[i];

		for (size_t k = 0; k < rule->services.n && !ap_geoip_is_too_much(s->geoip, s->n); k++)
			add_service(s, rule->services.items[k]);
		if (!rule->every_service)
			add_known_services(s, rule);
	}
}

static void may_be(services *s, service *of, const char *type, bool local)
{
	of->had[type_number(s->geoip, type)] = true;
	of->has_local = of->has_local || local;
	of->has_other = of->has_other || !local;
}

static bool fits(const ap_client_def *type, const char *name)
{
	bool found = type->service.n == 0;

	for (size_t i = 0; i < type->service.n && !found; i++)
		found = ap_glob_match(type->service.items[i].text, name);
	return found;
}

/* One definition, in the order in which they are tried. False: the ones behind it are not reached. */
static bool try_type(services *s, service *of, const ap_client_def *type)
{
	if (!fits(type, of->name))
		return true;
	may_be(s, of, type->name, type->local);
	return type->tty.n + type->ruser.n + type->env.n > 0;
}

/* The definitions of the last file are tried first, within a file they are in order. */
static void find_types_of(services *s, service *of)
{
	const ap_policy_set *set = s->geoip->source->set;
	size_t end = set != NULL ? set->n_client_types : 0;

	of->had = ap_arena_alloc(s->geoip->arena, s->geoip->n_types * sizeof(*of->had));
	while (end > 0) {
		size_t start = end;

		while (start > 0 && set->client_types[start - 1].file_number == set->client_types[end - 1].file_number)
			start--;
		for (size_t i = start; i < end; i++)
			if (!try_type(s, of, &set->client_types[i]))
				return;
		end = start;
	}
	/* with an address the default type; without one it is local, as "system" is */
	of->had[type_number(s->geoip, default_type(s->geoip))] = true;
	may_be(s, of, "system", true);
}

/* The type that its logins may have now and that a policy or an exception chooses; NULL: none does. */
static const char *chosen_type(const services *s, const service *of)
{
	for (size_t i = 0; i < s->n_had; i++)
		if (of->had[i] && s->chosen[i])
			return s->geoip->types[i];
	return NULL;
}

/* Would a type of its own change what a policy decides that is there already, or what a missing address means? */
static bool can_be_declared(const services *s, const service *of)
{
	if (of->has_local && of->has_other)
		return false;
	return s->geoip->source->declare_client_types || chosen_type(s, of) == NULL;
}

/* The first rule that names the service. */
static const ap_geoip_rule *first_rule_for(const ap_geoip *geoip, const char *name)
{
	const ap_geoip_rule *rule = geoip->rules;

	while (rule->every_service || !is_for(geoip, rule, name))
		rule++;
	return rule;
}

static void tell_of_taken_logins(const services *s, const service *of)
{
	const char *chosen = chosen_type(s, of);
	ap_geoip *geoip = s->geoip;

	if (chosen != NULL)
		AP_GEOIP_NOTE(
			geoip, AP_IMPORT_DIFFERENCE, first_rule_for(geoip, of->name),
			"service \"%s\" gets the client type \"%s\": policies that choose \"%s\" do not choose its "
			"logins any more, unless the new type is listed there too",
			of->name, geoip->import->client_types[of->type].name, chosen);
}

/* Do the same rules, all of them, speak of both? */
static bool belong_together(const services *s, const service *a, const service *b)
{
	if (a->has_local != b->has_local)
		return false;
	for (size_t i = 0; i < s->geoip->n_rules && !ap_geoip_is_too_much(s->geoip, 1); i++)
		if (is_for(s->geoip, &s->geoip->rules[i], a->name) != is_for(s->geoip, &s->geoip->rules[i], b->name))
			return false;
	return true;
}

/* "geoip-sshd", with a number behind it where there is such a type. */
static const char *new_type_name(ap_geoip *geoip, const char *service_name)
{
	char *made = ap_arena_strdup(geoip->arena, service_name);
	const char *name;
	unsigned number = 1;

	for (char *at = made; *at != '\0'; at++)
		if (!isalnum((unsigned char)*at))
			*at = '-';
	name = ap_format(geoip->arena, "geoip-%.100s", ap_lower_copy(geoip->arena, made));
	made = ap_arena_strdup(geoip->arena, name);
	for (size_t i = 0; i < geoip->n_types; i++)
		if (strcmp(geoip->types[i], name) == 0) {
			name = ap_format(geoip->arena, "%s-%u", made, ++number);
			i = (size_t)-1;
		}
	return name;
}

static void declare(services *s, service *of)
{
	ap_geoip *geoip = s->geoip;
	ap_client_form *form;

	for (service *other = s->items; other < of; other++)
		if (other->type != SIZE_MAX && belong_together(s, of, other)) {
			of->type = other->type;
			form = &geoip->import->client_types[of->type];
			ap_words_add(geoip->arena, &form->service, of->name);
			return;
		}
	of->type = geoip->import->n_client_types;
	form = AP_PUSH(geoip->arena, geoip->import->client_types, geoip->import->n_client_types);
	*form = (ap_client_form){ .name = new_type_name(geoip, of->name), .local = of->has_local };
	ap_words_add(geoip->arena, &form->service, of->name);
	(void)type_number(geoip, form->name);
}

/*
 * Rules
 */

/* A service without a type of its own: a rule that denies is for all the types that it may have, one that allows is not for it. */
static void use_types_that_there_are(ap_geoip *geoip, ap_geoip_rule *rule, const service *of, size_t n_had)
{
	if (rule->allows)
		AP_GEOIP_NOTE(
			geoip, AP_IMPORT_DIFFERENCE, rule,
			"service \"%s\": a policy chooses the client type that its logins have, so it gets no type of "
			"its own; what the line allows it is not allowed. --client-types declares one nevertheless",
			of->name);
	else
		AP_GEOIP_NOTE(
			geoip, AP_IMPORT_DIFFERENCE, rule,
			"service \"%s\": a policy chooses the client type that its logins have, so it gets no type of "
			"its own; the line denies all logins of that client type. --client-types declares one "
			"nevertheless",
			of->name);
	for (size_t i = 0; !rule->allows && i < n_had; i++)
		rule->clients[i] = rule->clients[i] || of->had[i];
}

static void find_clients_of(services *s, ap_geoip_rule *rule)
{
	ap_geoip *geoip = s->geoip;

	rule->clients = ap_arena_alloc(geoip->arena, geoip->n_types * sizeof(*rule->clients));
	for (size_t i = 0; i < geoip->n_types && rule->every_service; i++)
		rule->clients[i] = true;
	for (size_t i = 0; i < s->n && !rule->every_service; i++) {
		const service *of = &s->items[i];

		if (!is_for(geoip, rule, of->name))
			continue;
		if (of->type == SIZE_MAX)
			use_types_that_there_are(geoip, rule, of, s->n_had);
		else
			rule->clients[type_number(geoip, geoip->import->client_types[of->type].name)] = true;
	}
}

static void tell_of_prefixes(const services *s)
{
	ap_geoip *geoip = s->geoip;

	if (s->n > 0 && geoip->own_service == NULL)
		AP_GEOIP_NOTE(
			geoip, AP_IMPORT_DIFFERENCE, first_rule_for(geoip, s->items[0].name),
			"pam_geoip takes a service for one of a line if its name begins with one that the line has. Such "
			"services are carried over where client_types names them, others are not");
}

void ap_geoip_find_clients(ap_geoip *geoip)
{
	services s = { .geoip = geoip };

	gather_types(geoip);
	gather_services(&s);
	s.chosen = ap_arena_alloc(geoip->arena, geoip->n_types * sizeof(*s.chosen));
	find_chosen(&s);
	s.n_had = geoip->n_types;
	for (size_t i = 0; i < s.n && !ap_geoip_is_too_much(geoip, geoip->n_types); i++)
		find_types_of(&s, &s.items[i]);
	if (ap_geoip_is_too_much(geoip, 0))
		return;
	for (size_t i = 0; i < s.n; i++)
		s.items[i].type = can_be_declared(&s, &s.items[i]) ? 0 : SIZE_MAX;
	for (size_t i = 0; i < s.n && !ap_geoip_is_too_much(geoip, i + geoip->n_types); i++)
		if (s.items[i].type != SIZE_MAX) {
			declare(&s, &s.items[i]);
			tell_of_taken_logins(&s, &s.items[i]);
		}
	for (size_t i = 0; i < geoip->n_rules && !ap_geoip_is_too_much(geoip, geoip->n_types + s.n); i++)
		find_clients_of(&s, &geoip->rules[i]);
	tell_of_prefixes(&s);
}
