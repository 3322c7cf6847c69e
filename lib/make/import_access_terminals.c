/*
 * How is a login at a terminal, or of a service without one, told by its client type?
 *
 * A login has one client type. To declare one for a terminal takes the logins at it away from the type that they had, so
 * it is done only where nobody has chosen among types: no decision but those of the import may change.
 */
#include "import_access.h"

#include "../login/glob.h"
#include "names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char prefix[] = "from-";
enum { TYPE_NAME_MAX = 100 };

static void add_spelling(ap_arena *arena, ap_words *spellings, const char *word)
{
	for (size_t i = 0; i < spellings->n; i++)
		if (strcmp(spellings->items[i], word) == 0)
			return;
	ap_words_add(arena, spellings, word);
}

/* pam_access compares without regard to case, and hints with it. */
uint32_t ap_access_terminal_number(ap_access *access, const char *word)
{
	const char *lower = ap_lower_copy(access->arena, word);
	size_t number = 0;

	while (number < access->n_terminals && strcmp(access->terminals[number].word, lower) != 0)
		number++;
	if (number == access->n_terminals) {
		*AP_PUSH(access->arena, access->terminals, access->n_terminals) = (ap_access_terminal){ .word = lower };
		ap_words_add(access->arena, &access->terminals[number].spellings, lower);
	}
	add_spelling(access->arena, &access->terminals[number].spellings, word);
	return (uint32_t)number;
}

/* The types of an earlier import are chosen by that alone. */
static bool are_of_imports(const ap_list *clients)
{
	for (size_t i = 0; i < clients->n; i++)
		if (strncmp(clients->items[i].text, prefix, strlen(prefix)) != 0)
			return false;
	return true;
}

const char *ap_access_find_clash(const ap_access *access)
{
	const ap_policy_set *set = access->source->set;

	if (set == NULL || access->source->declare_client_types)
		return NULL;
	for (size_t i = 0; i < set->n_policies; i++)
		if (!are_of_imports(&set->policies[i].clients))
			return ap_format(access->arena,
					 "the policy \"%s\" chooses among client types: it would no longer have the "
					 "logins that become another type",
					 set->policies[i].name);
	for (size_t i = 0; i < set->n_exceptions; i++)
		if (!are_of_imports(&set->exceptions[i].clients))
			return ap_format(access->arena,
					 "the exception \"%s\" chooses among client types: it would no longer have the "
					 "logins that become another type",
					 set->exceptions[i].name);
	return NULL;
}

/* "from-tty1"; what no client type's name can have is a "-". */
static const char *type_name(ap_access *access, const char *word)
{
	char *name = ap_arena_alloc(access->arena, strlen(prefix) + strlen(word) + 1);
	size_t n = strlen(prefix);
	const char *unique = name;
	unsigned number = 1;
	bool taken = true;

	memcpy(name, prefix, n);
	for (; *word != '\0' && n < TYPE_NAME_MAX; word++)
		if ((*word >= 'a' && *word <= 'z') || (*word >= '0' && *word <= '9'))
			name[n++] = *word;
		else if (name[n - 1] != '-')
			name[n++] = '-';
	while (taken) {
		taken = false;
		for (size_t i = 0; i < access->n_terminals && !taken; i++)
			taken = access->terminals[i].client_type != NULL &&
				strcmp(access->terminals[i].client_type, unique) == 0;
		if (taken)
			unique = ap_format(access->arena, "%s-%u", name, ++number);
	}
	return unique;
}

const char *ap_access_terminal_type(ap_access *access, uint32_t number)
{
	ap_access_terminal *terminal = &access->terminals[number];

	if (terminal->client_type == NULL)
		terminal->client_type = type_name(access, terminal->word);
	return terminal->client_type;
}

/*
 * Declarations
 */

static bool says_same(const ap_list *list, const ap_words *words)
{
	if (list->n != words->n)
		return false;
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(list->items[i].text, words->items[i]) != 0)
			return false;
	return true;
}

/* An earlier import may have declared the same. */
static void declare(ap_access *access, ap_client_form form)
{
	const ap_policy_set *set = access->source->set;

	for (size_t i = 0; set != NULL && i < set->n_client_types; i++) {
		const ap_client_def *def = &set->client_types[i];

		if (strcmp(def->name, form.name) == 0 && says_same(&def->service, &form.service) &&
		    says_same(&def->tty, &form.tty) && says_same(&def->ruser, &form.ruser) &&
		    says_same(&def->env, &form.env))
			return;
	}
	*AP_PUSH(access->arena, access->import->client_types, access->import->n_client_types) = form;
}

/* PAM_TTY with or without the folder of devices, which pam_access drops. */
static ap_words terminal_hints(ap_access *access, const ap_access_terminal *terminal)
{
	ap_words hints = { .n = 0 };

	for (size_t i = 0; i < terminal->spellings.n; i++) {
		const char *word = terminal->spellings.items[i];

		ap_words_add(access->arena, &hints, word);
		ap_words_add(access->arena, &hints, ap_format(access->arena, "/dev/%s", word));
	}
	return hints;
}

/* What is a terminal, and no service. */
static bool is_device(const char *word)
{
	return strncmp(word, "tty", 3) == 0 || strcmp(word, "console") == 0 || strpbrk(word, "/:") != NULL;
}

/* The types that are local and known without being declared. */
static bool is_local(const ap_policy_set *set, const char *type)
{
	if (strcmp(type, "system") == 0)
		return true;
	for (size_t i = 0; i < set->n_client_types; i++)
		if (set->client_types[i].local && strcmp(set->client_types[i].name, type) == 0)
			return true;
	return false;
}

static bool is_by_service_alone(const ap_client_def *def)
{
	return def->service.n > 0 && def->tty.n == 0 && def->ruser.n == 0 && def->env.n == 0;
}

static bool fits(const ap_list *globs, const char *text)
{
	for (size_t i = 0; i < globs->n; i++)
		if (ap_glob_match(globs->items[i].text, text))
			return true;
	return false;
}

bool ap_access_is_no_host(const ap_access *access, const char *word)
{
	const ap_policy_set *set = access->source->set;
	const char *lower = ap_lower_copy(access->arena, word);

	for (size_t i = 0; set != NULL && i < set->n_client_types; i++)
		if (fits(&set->client_types[i].service, lower))
			return true;
	return is_device(lower);
}

/* The type that a service's logins have by the service alone; of the last file first. */
static const char *type_of_service(const ap_policy_set *set, const char *service)
{
	const ap_client_def *found = NULL;

	for (size_t i = 0; set != NULL && i < set->n_client_types; i++) {
		const ap_client_def *def = &set->client_types[i];

		if (is_by_service_alone(def) && (found == NULL || def->file_number > found->file_number) &&
		    fits(&def->service, service))
			found = def;
	}
	return found != NULL ? found->name : "system";
}

/* Is a login without PAM_RHOST at the machine itself? */
static bool becomes_local(const ap_access *access, const ap_access_terminal *terminal)
{
	const ap_policy_set *set = access->source->set;

	return set == NULL || is_device(terminal->word) || is_local(set, type_of_service(set, terminal->word));
}

/*
 * Logins of mail services and the like without PAM_RHOST stay what they are: their address is unknown, and would become
 * "local" with the type. What tells them by the service stands before what tells terminals.
 */
static void keep_remote_types(ap_access *access)
{
	const ap_policy_set *set = access->source->set;
	ap_words terminals = { .n = 0 };

	for (size_t i = 0; i < access->n_terminals; i++) {
		const ap_access_terminal *terminal = &access->terminals[i];
		ap_words hints = terminal_hints(access, terminal);

		for (size_t k = 0; k < hints.n && terminal->client_type != NULL; k++)
			if (becomes_local(access, terminal))
				ap_words_add(access->arena, &terminals, hints.items[k]);
	}
	for (size_t i = 0; set != NULL && terminals.n > 0 && i < set->n_client_types; i++) {
		const ap_client_def *def = &set->client_types[i];
		ap_client_form form = { .name = ap_arena_strdup(access->arena, def->name), .tty = terminals };

		if (!is_by_service_alone(def) || is_local(set, def->name))
			continue;
		for (size_t k = 0; k < def->service.n; k++)
			ap_words_add(access->arena, &form.service, def->service.items[k].text);
		declare(access, form);
	}
}

/* By the service's name where there is no terminal; with one the login stays what it is. */
static void declare_service(ap_access *access, const ap_access_terminal *terminal)
{
	ap_client_form with_terminal = { .name = type_of_service(access->source->set, terminal->word) };
	ap_client_form without = { .name = terminal->client_type, .local = becomes_local(access, terminal) };

	ap_words_add(access->arena, &with_terminal.service, terminal->word);
	ap_words_add(access->arena, &with_terminal.tty, "*");
	ap_words_add(access->arena, &without.service, terminal->word);
	declare(access, with_terminal);
	declare(access, without);
}

void ap_access_declare_terminals(ap_access *access)
{
	keep_remote_types(access);
	for (size_t i = 0; i < access->n_terminals; i++) {
		const ap_access_terminal *terminal = &access->terminals[i];

		if (terminal->client_type != NULL)
			declare(access, (ap_client_form){ .name = terminal->client_type,
							  .tty = terminal_hints(access, terminal),
							  .local = becomes_local(access, terminal) });
	}
	for (size_t i = 0; i < access->n_terminals; i++)
		if (access->terminals[i].client_type != NULL && !is_device(access->terminals[i].word))
			declare_service(access, &access->terminals[i]);
}
