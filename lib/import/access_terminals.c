/*
 * How is a login at a terminal, or of a service without one, told by its client type?
 *
 * A login has one client type. To declare one for a terminal takes the logins at it away from the type that they had, so
 * it is done only where nobody has chosen among types: no decision but those of the import may change.
 */
#include "access.h"

#include "../login/glob.h"
#include "../make/names.h"

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

/* A hint that an import makes of the word: itself, or the device of that name. */
static bool is_hint_of(const char *hint, const char *word)
{
	static const char folder[] = "/dev/";

	return strcasecmp(hint, word) == 0 ||
	       (strncmp(hint, folder, sizeof(folder) - 1) == 0 && strcasecmp(hint + sizeof(folder) - 1, word) == 0);
}

/* Could an import have declared it for that word? */
static bool is_for_word(const ap_client_def *def, const char *word)
{
	if (def->tty.n + def->service.n == 0 || def->ruser.n + def->env.n > 0)
		return false;
	for (size_t i = 0; i < def->tty.n; i++)
		if (!is_hint_of(def->tty.items[i].text, word))
			return false;
	/* of some services at that terminal, or of the service that is called so */
	for (size_t i = 0; i < def->service.n && def->tty.n == 0; i++)
		if (strcmp(def->service.items[i].text, word) != 0)
			return false;
	return true;
}

/* Is the type of that name an earlier import's: are all its definitions for one word? */
static bool is_of_import(const ap_policy_set *set, const char *type)
{
	const char *word = NULL;

	if (strncmp(type, prefix, strlen(prefix)) != 0)
		return false;
	for (size_t i = 0; i < set->n_client_types; i++) {
		const ap_client_def *def = &set->client_types[i];

		if (strcmp(def->name, type) != 0)
			continue;
		if (word == NULL && def->tty.n + def->service.n > 0)
			word = def->tty.n > 0 ? def->tty.items[0].text : def->service.items[0].text;
		if (word == NULL || !is_for_word(def, word))
			return false;
	}
	return word != NULL;
}

/* The types of an earlier import are chosen by that alone. */
static bool are_of_imports(const ap_policy_set *set, const ap_list *clients)
{
	for (size_t i = 0; i < clients->n; i++)
		if (!is_of_import(set, clients->items[i].text))
			return false;
	return true;
}

const char *ap_access_find_clash(const ap_access *access)
{
	const ap_policy_set *set = access->source->set;

	if (set == NULL || access->source->declare_client_types)
		return NULL;
	for (size_t i = 0; i < set->n_policies; i++)
		if (!are_of_imports(set, &set->policies[i].clients))
			return ap_format(access->arena,
					 "the policy \"%s\" chooses among client types: it would no longer have the "
					 "logins that become another type",
					 set->policies[i].name);
	for (size_t i = 0; i < set->n_exceptions; i++)
		if (!are_of_imports(set, &set->exceptions[i].clients))
			return ap_format(access->arena,
					 "the exception \"%s\" chooses among client types: it would no longer have the "
					 "logins that become another type",
					 set->exceptions[i].name);
	return NULL;
}

/* Is it another word's, in this import or in the files? */
static bool is_taken(const ap_access *access, const char *type, const char *word)
{
	const ap_policy_set *set = access->source->set;

	for (size_t i = 0; i < access->n_terminals; i++)
		if (access->terminals[i].client_type != NULL && strcmp(access->terminals[i].client_type, type) == 0)
			return true;
	for (size_t i = 0; set != NULL && i < set->n_client_types; i++)
		if (strcmp(set->client_types[i].name, type) == 0 && !is_for_word(&set->client_types[i], word))
			return true;
	return false;
}

/* "from-tty1"; what no client type's name can have is a "-". */
static const char *type_name(ap_access *access, const char *const word)
{
	const char *at = word;
	char *name = ap_arena_alloc(access->arena, strlen(prefix) + strlen(word) + 1);
	size_t n = strlen(prefix);
	const char *unique = name;
	unsigned number = 1;

	memcpy(name, prefix, n);
	for (; *at != '\0' && n < TYPE_NAME_MAX; at++)
		if ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9'))
			name[n++] = *at;
		else if (name[n - 1] != '-')
			name[n++] = '-';
	while (is_taken(access, unique, word))
		unique = ap_format(access->arena, "%s-%u", name, ++number);
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

/* An earlier import may have declared the same; no type has the same hints twice. */
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

/* The type that a service's logins have by the service alone, without imports; of the last file first. */
static const char *type_of_service(const ap_policy_set *set, const char *service)
{
	const ap_client_def *found = NULL;

	for (size_t i = 0; set != NULL && i < set->n_client_types; i++) {
		const ap_client_def *def = &set->client_types[i];

		if (is_by_service_alone(def) && !is_of_import(set, def->name) &&
		    (found == NULL || def->file_number > found->file_number) && fits(&def->service, service))
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

static bool is_terminal_of_import(const ap_policy_set *set, const ap_client_def *def)
{
	return def->tty.n > 0 && def->service.n == 0 && is_of_import(set, def->name);
}

static void add_hints(ap_arena *arena, ap_words *words, const ap_list *hints)
{
	for (size_t i = 0; i < hints->n; i++)
		add_spelling(arena, words, hints->items[i].text);
}

static bool is_declared_service(const ap_access_terminal *terminal)
{
	return terminal->client_type != NULL && !is_device(terminal->word);
}

/*
 * What this import declares is tried first. A service with a terminal would stay what it is, and be told no more by the
 * terminal that an earlier import's policies go by.
 */
static void keep_terminals_of_imports(ap_access *access)
{
	const ap_policy_set *set = access->source->set;
	ap_words services = { .n = 0 };

	for (size_t i = 0; i < access->n_terminals; i++)
		if (is_declared_service(&access->terminals[i]))
			ap_words_add(access->arena, &services, access->terminals[i].word);
	for (size_t i = 0; set != NULL && services.n > 0 && i < set->n_client_types; i++) {
		const ap_client_def *def = &set->client_types[i];
		ap_client_form form = { .name = ap_arena_strdup(access->arena, def->name),
					.service = services,
					.local = def->local };

		if (!is_terminal_of_import(set, def))
			continue;
		add_hints(access->arena, &form.tty, &def->tty);
		declare(access, form);
	}
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
	for (size_t i = 0; set != NULL && i < set->n_client_types; i++)
		if (is_terminal_of_import(set, &set->client_types[i]))
			add_hints(access->arena, &terminals, &set->client_types[i].tty);
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

static bool are_declared(const ap_access *access)
{
	for (size_t i = 0; i < access->n_terminals; i++)
		if (access->terminals[i].client_type != NULL)
			return true;
	return false;
}

void ap_access_declare_terminals(ap_access *access)
{
	if (!are_declared(access))
		return;
	keep_remote_types(access);
	for (size_t i = 0; i < access->n_terminals; i++) {
		const ap_access_terminal *terminal = &access->terminals[i];

		if (terminal->client_type != NULL)
			declare(access, (ap_client_form){ .name = terminal->client_type,
							  .tty = terminal_hints(access, terminal),
							  .local = becomes_local(access, terminal) });
	}
	keep_terminals_of_imports(access);
	for (size_t i = 0; i < access->n_terminals; i++)
		if (is_declared_service(&access->terminals[i]))
			declare_service(access, &access->terminals[i]);
}
