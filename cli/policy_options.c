#include "policy_options.h"

#include "../lib/make/timestamp.h"

#include <string.h>

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
		  .help = "it begins then: \"2026-12-01 18:00\", in local time",
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

static ap_words words_of(ap_context *context, const ap_texts *texts)
{
	ap_words words = { .n = 0 };

	for (size_t i = 0; i < texts->n; i++)
		ap_words_add(context->arena, &words, texts->items[i]);
	return words;
}

/* The number of the word, or -1 after a report. */
static int choice_of(ap_context *context, const ap_usage *usage, const char *option, const char *text,
		     const char *const *words, size_t n)
{
	const char *expected = "";

	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], text) == 0)
			return (int)i;
		expected = ap_format(context->arena, "%s%s%s", expected,
				     i == 0      ? ""
				     : i + 1 < n ? ", "
						 : " or ",
				     words[i]);
	}
	(void)ap_usage_error(usage, "--%s: \"%s\" is none; expected %s%s", option, ap_printable(context->arena, text),
			     expected, ap_did_you_mean(context, text, words, n));
	return -1;
}

/* As it is written: with the offset of local time, so that it means the same on every machine. */
static bool take_time(ap_context *context, const ap_usage *usage, const char *option, const char *text,
		      const char **ret_text)
{
	char buffer[AP_TIMESTAMP_TEXT_MAX];
	int64_t time;

	if (text == NULL)
		return true;
	if (!ap_timestamp_parse_local(text, &time)) {
		(void)ap_usage_error(usage, "--%s: \"%s\" is no time; expected one such as \"2026-12-01 18:00\"",
				     option, ap_printable(context->arena, text));
		return false;
	}
	*ret_text = ap_format(context->arena, "%s", ap_timestamp_format_offset(time, buffer));
	return true;
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
	static const char *const others[] = { "unaffected", "deny" };
	ap_policy_form form = {
		.name = given->name,
		.scope = { .all = given->all,
			   .unlisted = given->unlisted,
			   .departments = words_of(context, &given->departments),
			   .members = words_of(context, &given->members),
			   .domains = words_of(context, &given->domains),
			   .groups = words_of(context, &given->groups) },
		.except = { .unlisted = given->except_unlisted,
			    .departments = words_of(context, &given->except_departments),
			    .members = words_of(context, &given->except_members),
			    .domains = words_of(context, &given->except_domains),
			    .groups = words_of(context, &given->except_groups),
			    .ip = words_of(context, &given->except_ip),
			    .regions = words_of(context, &given->except_regions) },
		.ip = words_of(context, &given->ip),
		.regions = words_of(context, &given->regions),
		.clients = words_of(context, &given->clients),
		.required = given->required,
		.replaces = given->replaces,
		.message = given->message,
		.comment = given->comment,
	};
	int type, status = AP_POLICY_ENABLED, other = 0, missing = check_present(usage, given);

	if (missing != AP_EXIT_YES)
		return missing;
	type = choice_of(context, usage, "type", given->type, ap_policy_type_names, AP_POLICY_BLACKLIST + 1);
	if (type >= 0 && given->status != NULL)
		status = choice_of(context, usage, "status", given->status, ap_policy_status_names,
				   AP_POLICY_REPORT_ONLY + 1);
	if (type >= 0 && status >= 0 && given->other_clients != NULL)
		other = choice_of(context, usage, "other-clients", given->other_clients, others, 2);
	if (type < 0 || status < 0 || other < 0 ||
	    !take_time(context, usage, "not-before", given->not_before, &form.not_before) ||
	    !take_time(context, usage, "not-after", given->not_after, &form.not_after))
		return AP_EXIT_USAGE;
	form.type = (ap_policy_type)type;
	form.status = (ap_policy_status)status;
	form.other_clients_denied = other == 1;
	*ret_form = form;
	return AP_EXIT_YES;
}
