#include "policy_edits.h"

#include <stdio.h>
#include <string.h>

/*
 * Options
 */

/* Of a policy that is there: it has a status and a message already, and its name is given to find it. */
static void adapt(ap_option *option)
{
	if (strcmp(option->name, "status") == 0)
		option->help = "enabled, disabled or report-only";
	if (strcmp(option->name, "name") == 0) {
		option->name = "rename";
		option->help =
			"what it is called from now on; what refers to it, and the file that is named after it, follow";
	}
	option->may_be_empty = strcmp(option->name, "message") == 0 || strcmp(option->name, "comment") == 0;
}

size_t ap_policy_edits_table(ap_arena *arena, ap_policy_edits *given, ap_option *options)
{
	size_t n_base = ap_policy_options_table(&given->set, options), n = n_base;

	for (size_t i = 0; i < n_base; i++)
		adapt(&options[i]);
	for (ap_policy_list list = 0; list < AP_N_POLICY_LISTS; list++) {
		const char *name = ap_policy_list_name(list), *value = NULL;

		for (size_t i = 0; i < n_base; i++)
			if (strcmp(options[i].name, name) == 0)
				value = options[i].value;
		options[n++] = (ap_option){ .name = ap_format(arena, "add-%s", name),
					    .value = value,
					    .help = "this one more",
					    .texts = &given->add[list] };
		options[n++] = (ap_option){ .name = ap_format(arena, "remove-%s", name),
					    .value = value,
					    .help = "this one no more",
					    .texts = &given->remove[list] };
	}
	options[n++] = (ap_option){
		.name = "clear",
		.value = "SETTING",
		.help = "without this setting: ip, region, client, message, except or another of the options",
		.texts = &given->clear
	};
	return n;
}

bool ap_policy_edits_any(ap_policy_edits *given)
{
	for (ap_policy_list list = 0; list < AP_N_POLICY_LISTS; list++)
		if (given->add[list].n + given->remove[list].n > 0)
			return true;
	return given->clear.n > 0 || ap_policy_options_any(&given->set);
}

/*
 * Settings that go
 */

/* Beside the lists, which are named as their options are. */
static const char *const clearable[] = { "except",   "unlisted",   "except-unlisted", "other-clients", "required",
					 "replaces", "not-before", "not-after",       "message",       "comment" };
enum { N_CLEARABLE = sizeof(clearable) / sizeof(clearable[0]), N_SETTINGS = AP_N_POLICY_LISTS + N_CLEARABLE };

static void setting_names(const char *names[N_SETTINGS])
{
	for (ap_policy_list list = 0; list < AP_N_POLICY_LISTS; list++)
		names[list] = ap_policy_list_name(list);
	memcpy(names + AP_N_POLICY_LISTS, clearable, sizeof(clearable));
}

static void clear_text(const char *setting, const char *name, const char **field)
{
	if (strcmp(setting, name) == 0)
		*field = NULL;
}

static void clear_flag(const char *setting, const char *name, bool *field)
{
	if (strcmp(setting, name) == 0)
		*field = false;
}

static void clear_setting(const char *setting, ap_policy_form *form)
{
	for (ap_policy_list list = 0; list < AP_N_POLICY_LISTS; list++)
		if (strcmp(setting, ap_policy_list_name(list)) == 0)
			*ap_policy_list_words(form, list) = (ap_words){ .n = 0 };
	if (strcmp(setting, "except") == 0)
		form->except = (ap_objects_form){ .all = false };
	clear_flag(setting, "unlisted", &form->scope.unlisted);
	clear_flag(setting, "except-unlisted", &form->except.unlisted);
	clear_flag(setting, "other-clients", &form->other_clients_denied);
	clear_flag(setting, "required", &form->required);
	clear_text(setting, "replaces", &form->replaces);
	clear_text(setting, "not-before", &form->not_before);
	clear_text(setting, "not-after", &form->not_after);
	clear_text(setting, "message", &form->message);
	clear_text(setting, "comment", &form->comment);
}

static int check_clear(ap_context *context, const ap_usage *usage, const ap_policy_edits *given)
{
	const char *names[N_SETTINGS];

	setting_names(names);
	for (size_t i = 0; i < given->clear.n; i++)
		if (ap_option_choice(context, usage, "clear", given->clear.items[i], names, N_SETTINGS) < 0)
			return AP_EXIT_USAGE;
	return AP_EXIT_YES;
}

/*
 * Contradictions
 */

static bool is_cleared(const ap_policy_edits *given, const char *setting)
{
	for (size_t i = 0; i < given->clear.n; i++)
		if (strcmp(given->clear.items[i], setting) == 0)
			return true;
	return false;
}

static int contradict(const ap_usage *usage, const char *one, const char *other)
{
	return ap_usage_error(usage, "%s and %s contradict each other; leave one of them out", one, other);
}

static bool have_one_in_common(ap_policy_list list, const ap_texts *a, const ap_texts *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (ap_policy_list_same(list, a->items[i], b->items[k]))
				return true;
	return false;
}

static int check_list(ap_context *context, const ap_usage *usage, const ap_policy_edits *given, ap_policy_list list)
{
	const char *name = ap_policy_list_name(list);
	const char *add = ap_format(context->arena, "--add-%s", name);
	const char *remove = ap_format(context->arena, "--remove-%s", name);
	const char *set = ap_format(context->arena, "--%s", name);
	const char *clear = ap_format(context->arena, "--clear %s", name);
	bool sets = ap_policy_list_given(&given->set, list)->n > 0;
	bool adds = given->add[list].n > 0, removes = given->remove[list].n > 0;

	if (given->set.all && ap_policy_list_is_scope(list) && (sets || adds || removes))
		return contradict(usage, "--all", sets ? set : adds ? add : remove);
	if (sets && (adds || removes))
		return contradict(usage, set, adds ? add : remove);
	if (is_cleared(given, name) && (sets || adds || removes))
		return contradict(usage, clear, sets ? set : adds ? add : remove);
	if (have_one_in_common(list, &given->add[list], &given->remove[list]))
		return contradict(usage, add, remove);
	return AP_EXIT_YES;
}

static int check_settings(ap_context *context, const ap_usage *usage, const ap_policy_edits *given)
{
	const struct {
		const char *name;
		bool set;
	} settings[] = {
		{ "unlisted", given->set.unlisted },
		{ "except-unlisted", given->set.except_unlisted },
		{ "other-clients", given->set.other_clients != NULL },
		{ "required", given->set.required },
		{ "replaces", given->set.replaces != NULL },
		{ "not-before", given->set.not_before != NULL },
		{ "not-after", given->set.not_after != NULL },
		{ "message", given->set.message != NULL },
		{ "comment", given->set.comment != NULL },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (settings[i].set && is_cleared(given, settings[i].name))
			return contradict(usage, ap_format(context->arena, "--%s", settings[i].name),
					  ap_format(context->arena, "--clear %s", settings[i].name));
	if (given->set.all && given->set.unlisted)
		return contradict(usage, "--all", "--unlisted");
	return AP_EXIT_YES;
}

static int check(ap_context *context, const ap_usage *usage, const ap_policy_edits *given)
{
	int status = check_clear(context, usage, given);

	if (status == AP_EXIT_YES)
		status = check_settings(context, usage, given);
	for (ap_policy_list list = 0; list < AP_N_POLICY_LISTS && status == AP_EXIT_YES; list++)
		status = check_list(context, usage, given, list);
	return status;
}

/*
 * Lists that change
 */

/* The number of the word that is the same, or `n`. */
static size_t find_word(ap_policy_list list, const ap_words *words, const char *text)
{
	size_t i = 0;

	while (i < words->n && !ap_policy_list_same(list, words->items[i], text))
		i++;
	return i;
}

static int not_there(ap_context *context, const ap_usage *usage, ap_policy_list list, const ap_words *words,
		     const char *text)
{
	enum { SHOWN = 8 };
	const char *there = "";

	for (size_t i = 0; i < words->n && i < SHOWN; i++)
		there = ap_format(context->arena, "%s%s\"%s\"", there, i > 0 ? ", " : "",
				  ap_printable(context->arena, words->items[i]));
	if (words->n > SHOWN)
		there = ap_format(context->arena, "%s and %zu more", there, words->n - SHOWN);
	return ap_usage_error(usage, "--remove-%s: \"%s\" is not there; there %s %s%s", ap_policy_list_name(list),
			      ap_printable(context->arena, text), words->n > 1 ? "are" : "is",
			      words->n > 0 ? there : "none", ap_did_you_mean(context, text, words->items, words->n));
}

static int remove_words(ap_context *context, const ap_usage *usage, const ap_policy_edits *given, ap_policy_list list,
			ap_words *words)
{
	const ap_texts *gone = &given->remove[list];
	ap_words rest = { .n = 0 };

	for (size_t i = 0; i < gone->n; i++)
		if (find_word(list, words, gone->items[i]) == words->n)
			return not_there(context, usage, list, words, gone->items[i]);
	for (size_t i = 0; i < words->n && gone->n > 0; i++) {
		size_t k = 0;

		while (k < gone->n && !ap_policy_list_same(list, words->items[i], gone->items[k]))
			k++;
		if (k == gone->n)
			ap_words_add(context->arena, &rest, words->items[i]);
	}
	if (gone->n > 0)
		*words = rest;
	return AP_EXIT_YES;
}

static void add_words(ap_context *context, const ap_policy_edits *given, ap_policy_list list, ap_words *words)
{
	const ap_texts *more = &given->add[list];

	for (size_t i = 0; i < more->n; i++) {
		size_t found = find_word(list, words, more->items[i]);

		if (found == words->n)
			ap_words_add(context->arena, words, more->items[i]);
		else if (!context->json)
			printf("--add-%s: \"%s\" is there already\n", ap_policy_list_name(list),
			       ap_printable(context->arena, words->items[found]));
	}
}

/*
 * A list that is not written holds everything: what takes the last entry away, to open one door or to close one, would do
 * the contrary to all of them. IP entries and regions are alternatives, so one of the other kind is enough.
 */
static int check_last(ap_context *context, const ap_usage *usage, const ap_policy_edits *given, ap_policy_form *form)
{
	const struct {
		ap_policy_list list;
		bool none_left;
		const char *meaning;
	} lists[] = {
		{ AP_LIST_IP, form->ip.n + form->regions.n == 0, "address" },
		{ AP_LIST_REGION, form->ip.n + form->regions.n == 0, "address" },
		{ AP_LIST_CLIENT, form->clients.n == 0, "client type" },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *name = ap_policy_list_name(lists[i].list);

		if (lists[i].none_left && given->remove[lists[i].list].n > 0)
			return ap_usage_error(
				usage,
				"--remove-%s: \"%s\" is the last one, and without any the policy is for every %s; if that is "
				"meant, --clear %s says so, else \"accesspolicy disable\" or \"accesspolicy delete\" it",
				name, ap_printable(context->arena, given->remove[lists[i].list].items[0]),
				lists[i].meaning, name);
	}
	return AP_EXIT_YES;
}

static int change_lists(ap_context *context, const ap_usage *usage, const ap_policy_edits *given, ap_policy_form *form)
{
	int status = AP_EXIT_YES;

	for (ap_policy_list list = 0; list < AP_N_POLICY_LISTS && status == AP_EXIT_YES; list++) {
		if (ap_policy_list_is_scope(list) && form->scope.all && given->add[list].n > 0)
			return ap_usage_error(
				usage,
				"--add-%s: the policy applies to all members already; --%s makes it apply "
				"to nobody else",
				ap_policy_list_name(list), ap_policy_list_name(list));
		status = remove_words(context, usage, given, list, ap_policy_list_words(form, list));
		add_words(context, given, list, ap_policy_list_words(form, list));
	}
	return status;
}

/*
 * All together
 */

/* A blacklist has no place for what only a whitelist says. */
static int drop_whitelist_settings(const ap_usage *usage, const ap_policy_edits *given, ap_policy_form *form)
{
	if (form->type != AP_POLICY_BLACKLIST)
		return AP_EXIT_YES;
	if (given->set.required || form->other_clients_denied)
		if (given->set.required || given->set.other_clients != NULL)
			return ap_usage_error(usage, "%s is for whitelists only, and this is a blacklist",
					      given->set.required ? "--required" : "--other-clients deny");
	form->required = form->other_clients_denied = false;
	return AP_EXIT_YES;
}

int ap_policy_edits_make(ap_context *context, const ap_usage *usage, const ap_policy_edits *given, ap_policy_form *form)
{
	int status = check(context, usage, given);

	for (size_t i = 0; i < given->clear.n && status == AP_EXIT_YES; i++)
		clear_setting(given->clear.items[i], form);
	if (status == AP_EXIT_YES)
		status = ap_policy_options_take(context, usage, &given->set, form);
	if (status == AP_EXIT_YES)
		status = drop_whitelist_settings(usage, given, form);
	if (status == AP_EXIT_YES)
		status = change_lists(context, usage, given, form);
	if (status == AP_EXIT_YES)
		status = check_last(context, usage, given, form);
	if (status != AP_EXIT_YES)
		return status;
	if (form->message != NULL && form->message[0] == '\0')
		form->message = NULL;
	if (form->comment != NULL && form->comment[0] == '\0')
		form->comment = NULL;
	if (ap_objects_form_is_empty(&form->scope))
		return ap_usage_error(usage,
				      "nobody would be left whom the policy applies to; name others with --department, "
				      "--member, --domain, --group or --unlisted, or --all");
	return AP_EXIT_YES;
}
