#include "policy_options.h"

#include "../lib/login/member.h"
#include "../lib/make/timestamp.h"
#include "../lib/make/when.h"

#include <string.h>
#include <time.h>

size_t ap_policy_options_table(ap_policy_options *given, ap_option *options)
{
	const ap_option table[] = {
		{ .name = "type", .value = "TYPE", .help = "whitelist or blacklist", .text = &given->type },
		{ .name = "name", .value = "NAME", .help = "what the policy is called", .text = &given->name },
		{ .name = "status",
		  .value = "STATUS",
		  .help = "enabled (the default), disabled or report-only",
		  .text = &given->status },
		{ .name = "all", .help = "it applies to all members", .flag = &given->all },
		{ .name = "department",
		  .value = "PATH",
		  .help = "it applies to this department; with \"/*\" at its end to its sub-departments too",
		  .texts = &given->departments },
		{ .name = "member",
		  .value = "NAME",
		  .help = "it applies to this member: user@domain, user@ or user",
		  .texts = &given->members },
		{ .name = "domain",
		  .value = "DOMAIN",
		  .help = "it applies to the members of this domain",
		  .texts = &given->domains },
		{ .name = "group",
		  .value = "NAME",
		  .help = "it applies to the members of this group of the system",
		  .texts = &given->groups },
		{ .name = "unlisted", .help = "it applies to members of no department", .flag = &given->unlisted },
		{ .name = "except-department",
		  .value = "PATH",
		  .help = "but not to this department",
		  .texts = &given->except_departments },
		{ .name = "except-member",
		  .value = "NAME",
		  .help = "but not to this member",
		  .texts = &given->except_members },
		{ .name = "except-domain",
		  .value = "DOMAIN",
		  .help = "but not to this domain",
		  .texts = &given->except_domains },
		{ .name = "except-group",
		  .value = "NAME",
		  .help = "but not to this group",
		  .texts = &given->except_groups },
		{ .name = "except-unlisted",
		  .help = "but not to members of no department",
		  .flag = &given->except_unlisted },
		{ .name = "except-ip",
		  .value = "ENTRY",
		  .help = "but not to logins from there",
		  .texts = &given->except_ip },
		{ .name = "except-region",
		  .value = "CODE",
		  .help = "but not to logins from this region",
		  .texts = &given->except_regions },
		{ .name = "ip",
		  .value = "ENTRY",
		  .help = "an address, first-last, a network such as 10.0.0.0/8, @network, or local",
		  .texts = &given->ip },
		{ .name = "region",
		  .value = "CODE",
		  .help = "a country or subdivision such as CN or CN-ZJ, or unlocated",
		  .texts = &given->regions },
		{ .name = "client", .value = "TYPE", .help = "this client type", .texts = &given->clients },
		{ .name = "other-clients",
		  .value = "WHAT",
		  .help = "of a whitelist: what becomes of other clients: unaffected (the default) or deny",
		  .text = &given->other_clients },
		{ .name = "required",
		  .help = "of a whitelist: it must match whatever other whitelists say",
		  .flag = &given->required },
		{ .name = "replaces",
		  .value = "NAME",
		  .help = "with --status report-only: it is evaluated in this policy's place",
		  .text = &given->replaces },
		{ .name = "not-before",
		  .value = "TIME",
		  .help = "it begins then: \"1 Dec 18:00\", \"2026-12-01 18:00\" or \"2h\", in local time",
		  .text = &given->not_before },
		{ .name = "not-after", .value = "TIME", .help = "it ends then", .text = &given->not_after },
		{ .name = "message",
		  .value = "TEXT",
		  .help = "what a denied user reads, instead of the message of all",
		  .text = &given->message },
		{ .name = "comment", .value = "TEXT", .help = "why, and who asked", .text = &given->comment },
	};
	_Static_assert(sizeof(table) / sizeof(table[0]) <= AP_N_POLICY_OPTIONS, "room for all");

	memcpy(options, table, sizeof(table));
	return sizeof(table) / sizeof(table[0]);
}

bool ap_policy_options_any(ap_policy_options *given)
{
	ap_option options[AP_N_POLICY_OPTIONS];
	size_t n = ap_policy_options_table(given, options);

	for (size_t i = 0; i < n; i++)
		if ((options[i].flag != NULL && *options[i].flag) ||
		    (options[i].text != NULL && *options[i].text != NULL) ||
		    (options[i].texts != NULL && options[i].texts->n > 0))
			return true;
	return false;
}

/*
 * Lists
 */

typedef enum { COMPARE_BYTES, COMPARE_LETTERS /* in whatever case */, COMPARE_ADDRESSES } comparison;

static const struct {
	const char *name;
	size_t given;
	size_t form;
	comparison comparison;
} lists[AP_N_POLICY_LISTS] = {
#define LIST(name, given, form, comparison)                                                                            \
	{                                                                                                              \
		name, offsetof(ap_policy_options, given), offsetof(ap_policy_form, form), comparison                   \
	}
	[AP_LIST_DEPARTMENT] = LIST("department", departments, scope.departments, COMPARE_BYTES),
	[AP_LIST_MEMBER] = LIST("member", members, scope.members, COMPARE_LETTERS),
	[AP_LIST_DOMAIN] = LIST("domain", domains, scope.domains, COMPARE_LETTERS),
	[AP_LIST_GROUP] = LIST("group", groups, scope.groups, COMPARE_BYTES),
	[AP_LIST_EXCEPT_DEPARTMENT] = LIST("except-department", except_departments, except.departments, COMPARE_BYTES),
	[AP_LIST_EXCEPT_MEMBER] = LIST("except-member", except_members, except.members, COMPARE_LETTERS),
	[AP_LIST_EXCEPT_DOMAIN] = LIST("except-domain", except_domains, except.domains, COMPARE_LETTERS),
	[AP_LIST_EXCEPT_GROUP] = LIST("except-group", except_groups, except.groups, COMPARE_BYTES),
	[AP_LIST_EXCEPT_IP] = LIST("except-ip", except_ip, except.ip, COMPARE_ADDRESSES),
	[AP_LIST_EXCEPT_REGION] = LIST("except-region", except_regions, except.regions, COMPARE_BYTES),
	[AP_LIST_IP] = LIST("ip", ip, ip, COMPARE_ADDRESSES),
	[AP_LIST_REGION] = LIST("region", regions, regions, COMPARE_BYTES),
	[AP_LIST_CLIENT] = LIST("client", clients, clients, COMPARE_BYTES),
#undef LIST
};

const char *ap_policy_list_name(ap_policy_list list)
{
	return lists[list].name;
}

const ap_texts *ap_policy_list_given(const ap_policy_options *given, ap_policy_list list)
{
	return (const void *)((const char *)given + lists[list].given);
}

ap_words *ap_policy_list_words(ap_policy_form *form, ap_policy_list list)
{
	return (void *)((char *)form + lists[list].form);
}

bool ap_policy_list_is_scope(ap_policy_list list)
{
	return list <= AP_LIST_GROUP;
}

static bool same_letters(const char *a, const char *b)
{
	while (*a != '\0' && ap_ascii_lower(*a) == ap_ascii_lower(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool same_addresses(const char *a, const char *b)
{
	ap_range first, second;

	return ap_range_parse(a, &first) == AP_RANGE_OK && ap_range_parse(b, &second) == AP_RANGE_OK &&
	       first.family == second.family && memcmp(first.first, second.first, sizeof(first.first)) == 0 &&
	       memcmp(first.last, second.last, sizeof(first.last)) == 0;
}

bool ap_policy_list_same(ap_policy_list list, const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return true;
	if (lists[list].comparison == COMPARE_LETTERS)
		return same_letters(a, b);
	return lists[list].comparison == COMPARE_ADDRESSES && same_addresses(a, b);
}

/*
 * Into a form
 */

ap_words ap_policy_options_words(ap_arena *arena, const ap_texts *texts)
{
	ap_words words = { .n = 0 };

	for (size_t i = 0; i < texts->n; i++)
		ap_words_add(arena, &words, texts->items[i]);
	return words;
}

/* As it is written: with the offset of local time, so that it means the same on every machine. NULL after a usage error. */
static const char *time_of(ap_context *context, const ap_usage *usage, const char *option, const char *text)
{
	char buffer[AP_TIMESTAMP_TEXT_MAX];
	int64_t moment;

	if (ap_when_parse_coming(text, (int64_t)time(NULL), &moment))
		return ap_format(context->arena, "%s", ap_timestamp_format_offset(moment, buffer));
	(void)ap_usage_error(usage, "--%s: \"%s\" is no time; expected one such as " AP_WHEN_EXAMPLES, option,
			     ap_printable(context->arena, text));
	return NULL;
}

static bool take_time(ap_context *context, const ap_usage *usage, const char *option, const char *text,
		      const char **field)
{
	if (text != NULL)
		*field = time_of(context, usage, option, text);
	return text == NULL || *field != NULL;
}

static bool take_choices(ap_context *context, const ap_usage *usage, const ap_policy_options *given,
			 ap_policy_form *form)
{
	static const char *const others[] = { "unaffected", "deny" };
	int type = (int)form->type, status = (int)form->status, other = form->other_clients_denied;

	if (given->type != NULL)
		type = ap_option_choice(context, usage, "type", given->type, ap_policy_type_names,
					AP_POLICY_BLACKLIST + 1);
	if (type >= 0 && given->status != NULL)
		status = ap_option_choice(context, usage, "status", given->status, ap_policy_status_names,
					  AP_POLICY_REPORT_ONLY + 1);
	if (type >= 0 && status >= 0 && given->other_clients != NULL)
		other = ap_option_choice(context, usage, "other-clients", given->other_clients, others, 2);
	if (type < 0 || status < 0 || other < 0)
		return false;
	form->type = (ap_policy_type)type;
	form->status = (ap_policy_status)status;
	form->other_clients_denied = other == 1;
	return true;
}

static void take_text(const char *text, const char **field)
{
	if (text != NULL)
		*field = text;
}

static void take_lists(ap_context *context, const ap_policy_options *given, ap_policy_form *form)
{
	for (ap_policy_list list = 0; list < AP_N_POLICY_LISTS; list++) {
		const ap_texts *texts = ap_policy_list_given(given, list);

		if (texts->n == 0)
			continue;
		if (ap_policy_list_is_scope(list) && !given->all)
			form->scope.all = false;
		*ap_policy_list_words(form, list) = ap_policy_options_words(context->arena, texts);
	}
}

int ap_policy_options_take(ap_context *context, const ap_usage *usage, const ap_policy_options *given,
			   ap_policy_form *form)
{
	if (given->all)
		form->scope = (ap_objects_form){ .all = true };
	if (given->unlisted && !given->all)
		form->scope.all = false;
	form->scope.unlisted = form->scope.unlisted || given->unlisted;
	form->except.unlisted = form->except.unlisted || given->except_unlisted;
	form->required = form->required || given->required;
	take_lists(context, given, form);
	take_text(given->name, &form->name);
	take_text(given->replaces, &form->replaces);
	take_text(given->message, &form->message);
	take_text(given->comment, &form->comment);
	if (!take_choices(context, usage, given, form) ||
	    !take_time(context, usage, "not-before", given->not_before, &form->not_before) ||
	    !take_time(context, usage, "not-after", given->not_after, &form->not_after))
		return AP_EXIT_USAGE;
	return AP_EXIT_YES;
}

static int check_present(const ap_usage *usage, const ap_policy_options *given)
{
	bool somebody = given->all || given->unlisted ||
			given->departments.n + given->members.n + given->domains.n + given->groups.n > 0;

	if (given->type == NULL)
		return ap_usage_error(usage, "--type is missing; expected --type whitelist or --type blacklist");
	if (given->name == NULL)
		return ap_usage_error(usage, "--name is missing; expected what the policy is to be called");
	if (!somebody)
		return ap_usage_error(usage, "whom the policy applies to is missing; expected --all, or some of "
					     "--department, --member, --domain, --group and --unlisted");
	return AP_EXIT_YES;
}

int ap_policy_options_form(ap_context *context, const ap_usage *usage, const ap_policy_options *given,
			   ap_policy_form *ret_form)
{
	ap_policy_form form = { .status = AP_POLICY_ENABLED };
	int status = check_present(usage, given);

	if (status == AP_EXIT_YES)
		status = ap_policy_options_take(context, usage, given, &form);
	if (status != AP_EXIT_YES)
		return status;
	*ret_form = form;
	return AP_EXIT_YES;
}
