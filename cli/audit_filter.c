#include "audit_filter.h"

#include "../lib/login/answer.h"
#include "../lib/make/names.h"
#include "../lib/make/region_codes.h"
#include "../lib/make/when.h"
#include "nss_cache.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int take_time(ap_context *context, const ap_usage *usage, const char *option, const char *text,
		     int64_t *ret_time)
{
	if (text == NULL || ap_when_parse_past(text, (int64_t)time(NULL), ret_time))
		return AP_EXIT_YES;
	return ap_usage_error(
		usage, "--%s is \"%s\"; expected a time such as \"2026-12-01 18:00\", \"yesterday\" or \"2 hours ago\"",
		option, ap_printable(context->arena, text));
}

/*
 * Members
 */

struct ap_audit_members {
	ap_arena *arena;
	ap_names *numbers;
	bool *in_department;
	size_t n;
	const ap_nss *nss;
};

static const char *default_domain(const ap_image *image)
{
	ap_view view;

	if (image == NULL)
		return NULL;
	view = ap_view_of(image);
	return ap_view_string(&view, ap_view_settings(&view).default_domain);
}

const char *ap_audit_member(ap_context *context, const ap_image *image, const char *user)
{
	ap_member member;
	const char *text;

	if (!ap_member_init(&member, user, default_domain(image)))
		ap_out_of_memory();
	text = ap_arena_strdup(context->arena, member.text);
	ap_member_clear(&member);
	return text;
}

/* Without regard to case; "alice@" in any domain; a bare name in the default domain. */
static bool is_member(const ap_audit_filter *filter, const char *wanted, const char *user)
{
	size_t length = strlen(wanted);
	ap_member asked, found;
	bool is;

	if (!ap_member_init(&found, user, default_domain(filter->image)))
		ap_out_of_memory();
	if (length > 0 && wanted[length - 1] == '@') {
		is = found.name_len == length - 1 && strncasecmp(found.text, wanted, length - 1) == 0;
		ap_member_clear(&found);
		return is;
	}
	if (!ap_member_init(&asked, wanted, default_domain(filter->image)))
		ap_out_of_memory();
	is = strcmp(asked.text, found.text) == 0;
	ap_member_clear(&asked);
	ap_member_clear(&found);
	return is;
}

static bool is_below(const char *entry, const char *own)
{
	size_t length = strlen(entry);

	if (length < 2 || strcmp(entry + length - 2, "/*") != 0)
		return strcmp(entry, own) == 0;
	return strncmp(entry, own, length - 2) == 0 && (own[length - 2] == '\0' || own[length - 2] == '/');
}

static bool any_below(const ap_texts *entries, const char *own)
{
	for (size_t i = 0; i < entries->n; i++)
		if (is_below(entries->items[i], own))
			return true;
	return false;
}

/* Those that the directory puts the member in, and those that a group of the name services fills. */
static bool look_up_departments(const ap_audit_filter *filter, const char *user)
{
	const ap_facts facts = { .user = user, .nss = filter->known->nss };
	ap_view view = ap_view_of(filter->image);
	ap_span pairs = ap_view_settings(&view).group_departments;
	ap_evaluation evaluation;
	ap_request request;
	bool found = false;

	if (ap_request_init(&request, filter->image, &facts, NULL) != AP_OK)
		return false;
	ap_evaluation_init(&evaluation, filter->image, &request);
	for (size_t i = 0; i < evaluation.n_departments && !found; i++)
		if (evaluation.departments[i].at == evaluation.departments[i].own)
			found = any_below(
				&filter->departments,
				ap_view_string(&view, ap_view_department_at(&view, evaluation.departments[i].at).name));
	for (uint32_t i = 0; i + 1 < pairs.n && !found && view.sound; i += 2) {
		uint32_t department = ap_view_number(&view, pairs, i + 1);

		if (department != AP_NONE &&
		    any_below(&filter->departments, ap_view_string(&view, ap_view_department(&view, department).name)))
			found = ap_account_in_group(
					&request.account,
					ap_view_string(&view,
						       ap_view_group(&view, ap_view_number(&view, pairs, i)).name),
					NULL) == AP_YES;
	}
	ap_evaluation_clear(&evaluation);
	ap_request_clear(&request);
	return found;
}

static bool is_in_department(const ap_audit_filter *filter, const char *user)
{
	ap_audit_members *known = filter->known;
	uint32_t number = ap_names_find(known->numbers, user);

	if (number == AP_NONE) {
		number = (uint32_t)known->n;
		*AP_PUSH(known->arena, known->in_department, known->n) = look_up_departments(filter, user);
		ap_names_put(known->numbers, ap_arena_strdup(known->arena, user), number);
	}
	return known->in_department[number];
}

/*
 * Preparing
 */

static int check_words(ap_context *context, const ap_usage *usage, const char *option, const ap_texts *given,
		       const char *const *words, size_t n)
{
	for (size_t i = 0; i < given->n; i++)
		if (ap_option_choice(context, usage, option, given->items[i], words, n) < 0)
			return AP_EXIT_USAGE;
	return AP_EXIT_YES;
}

static int take_ranges(ap_context *context, const ap_usage *usage, ap_audit_filter *filter)
{
	for (size_t i = 0; i < filter->ips.n; i++) {
		const char *text = filter->ips.items[i];
		ap_range range;
		ap_range_fault fault;
		char why[512];

		if (strcmp(text, "local") == 0 || strcmp(text, "unknown") == 0)
			continue;
		fault = ap_range_parse(text, &range);
		if (fault != AP_RANGE_OK) {
			ap_range_fault_format(fault, ap_printable(context->arena, text), &range, why, sizeof(why));
			return ap_usage_error(usage, "--ip: %s", why);
		}
		*AP_PUSH(context->arena, filter->ranges, filter->n_ranges) = range;
	}
	return AP_EXIT_YES;
}

static int check_regions(ap_context *context, const ap_usage *usage, const ap_texts *regions)
{
	char why[AP_REGION_SENTENCE_MAX];

	for (size_t i = 0; i < regions->n; i++)
		if (ap_region_fault_of(regions->items[i], why, sizeof(why)))
			return ap_usage_error(usage, "--region: \"%s\" %s",
					      ap_printable(context->arena, regions->items[i]), why);
	return AP_EXIT_YES;
}

static int check_departments(ap_context *context, const ap_usage *usage, const ap_audit_filter *filter)
{
	const ap_texts *given = &filter->departments;
	ap_view view = ap_view_of(filter->image);
	size_t n = given->n > 0 && filter->image != NULL ? ap_image_count(filter->image, AP_TABLE_DEPARTMENTS) : 0;
	const char **names = ap_arena_alloc(context->arena, (n + 1) * sizeof(*names));

	if (given->n > 0 && filter->image == NULL)
		return ap_usage_error(usage,
				      "--department needs the policy in force, whose directory says who is in which");
	for (uint32_t i = 0; i < n; i++)
		names[i] = ap_view_string(&view, ap_view_department(&view, i).name);
	for (size_t i = 0; i < given->n; i++) {
		size_t length = strlen(given->items[i]);
		bool below = length > 2 && strcmp(given->items[i] + length - 2, "/*") == 0;
		const char *name = ap_arena_strndup(context->arena, given->items[i], length - (below ? 2 : 0));
		size_t k = 0;

		while (k < n && strcmp(names[k], name) != 0)
			k++;
		if (k == n)
			return ap_usage_error(usage, "unknown department \"%s\"%s", ap_printable(context->arena, name),
					      ap_did_you_mean(context, name, names, n));
	}
	return AP_EXIT_YES;
}

int ap_audit_filter_prepare(ap_context *context, const ap_usage *usage, ap_audit_filter *filter, const ap_image *image)
{
	static const char *const decisions[] = { "allow", "deny", "error" };
	static const char *const reasons[] = { "blacklisted", "not-whitelisted", "undetermined", "whitelisted",
					       "default" };
	ap_arena *arena = context->arena;
	int status;

	filter->image = image;
	filter->since = INT64_MIN;
	filter->until = INT64_MAX;
	filter->policy_seen = ap_arena_alloc(arena, filter->policies.n + 1);
	filter->client_seen = ap_arena_alloc(arena, filter->clients.n + 1);
	filter->known = ap_arena_alloc(arena, sizeof(*filter->known));
	*filter->known = (ap_audit_members){ .arena = arena,
					     .numbers = ap_names_new(arena),
					     .nss = ap_nss_cache_begin(&ap_nss_system) };
	status = take_time(context, usage, "since", filter->since_text, &filter->since);
	if (status == AP_EXIT_YES)
		status = take_time(context, usage, "until", filter->until_text, &filter->until);
	if (status == AP_EXIT_YES && filter->since >= filter->until)
		status = ap_usage_error(usage, "--since is not before --until: there is no time between them");
	if (status == AP_EXIT_YES)
		status = check_words(context, usage, "decision", &filter->decisions, decisions, 3);
	if (status == AP_EXIT_YES)
		status = check_words(context, usage, "reason", &filter->reasons, reasons, 5);
	if (status == AP_EXIT_YES)
		status = take_ranges(context, usage, filter);
	if (status == AP_EXIT_YES)
		status = check_regions(context, usage, &filter->regions);
	return status == AP_EXIT_YES ? check_departments(context, usage, filter) : status;
}

/*
 * Matching
 */

static bool has_text(const ap_texts *wanted, const char *text)
{
	if (wanted->n == 0)
		return true;
	for (size_t i = 0; i < wanted->n && text != NULL; i++)
		if (strcmp(wanted->items[i], text) == 0)
			return true;
	return false;
}

/* "CN" holds "CN-ZJ". */
static bool has_region(const ap_texts *wanted, const char *code)
{
	for (size_t i = 0; i < wanted->n && code != NULL; i++) {
		size_t length = strlen(wanted->items[i]);

		if (strncmp(wanted->items[i], code, length) == 0 &&
		    (code[length] == '\0' || (length == 2 && code[length] == '-')))
			return true;
	}
	return wanted->n == 0;
}

static bool has_address(const ap_audit_filter *filter, const char *ip)
{
	ap_address address;

	if (filter->ips.n == 0)
		return true;
	if (ip == NULL)
		ip = "unknown";
	for (size_t i = 0; i < filter->ips.n; i++)
		if (strcmp(filter->ips.items[i], ip) == 0)
			return true;
	for (size_t i = 0; i < filter->n_ranges && ap_address_parse(ip, &address); i++)
		if (ap_range_holds(&filter->ranges[i], &address))
			return true;
	return false;
}

static bool has_member(const ap_audit_filter *filter, const char *user)
{
	for (size_t i = 0; i < filter->members.n; i++)
		if (is_member(filter, filter->members.items[i], user))
			return true;
	return filter->members.n == 0;
}

/* The one that decided, or a report-only one that would have changed the decision. */
static bool names_policy(const ap_audit_entry *entry, const char *name)
{
	for (size_t i = 0; i < json_array_size(entry->would); i++) {
		const char *would = json_string_value(json_object_get(json_array_get(entry->would, i), "policy"));

		if (would != NULL && strcmp(would, name) == 0)
			return true;
	}
	return entry->policy != NULL && strcmp(entry->policy, name) == 0;
}

static bool has_policy(const ap_audit_filter *filter, const ap_audit_entry *entry)
{
	bool found = filter->policies.n == 0;

	for (size_t i = 0; i < filter->policies.n; i++)
		if (names_policy(entry, filter->policies.items[i]))
			found = filter->policy_seen[i] = true;
	return found;
}

static bool has_client(const ap_audit_filter *filter, const ap_audit_entry *entry)
{
	for (size_t i = 0; i < filter->clients.n && entry->client != NULL; i++)
		if (strcmp(filter->clients.items[i], entry->client) == 0)
			filter->client_seen[i] = true;
	return has_text(&filter->clients, entry->client);
}

bool ap_audit_filter_holds(ap_audit_filter *filter, const ap_audit_entry *entry)
{
	if (!has_policy(filter, entry) || !has_client(filter, entry))
		return false;
	return entry->time >= filter->since && entry->time < filter->until &&
	       has_text(&filter->decisions, entry->decision) && has_text(&filter->reasons, entry->reason) &&
	       has_text(&filter->services, entry->service) && has_region(&filter->regions, entry->region) &&
	       has_address(filter, entry->ip) && has_member(filter, entry->user) &&
	       (filter->departments.n == 0 || is_in_department(filter, entry->user));
}

static int unknown_name(ap_context *context, const ap_usage *usage, const char *what, const ap_texts *given,
			const bool *seen, const char **names, size_t n)
{
	for (size_t i = 0; i < given->n; i++) {
		size_t k = 0;

		while (k < n && strcmp(names[k], given->items[i]) != 0)
			k++;
		if (k == n && !seen[i])
			return ap_usage_error(
				usage,
				"unknown %s \"%s\": neither what is in force nor a record that was read has it%s", what,
				ap_printable(context->arena, given->items[i]),
				ap_did_you_mean(context, given->items[i], names, n));
	}
	return AP_EXIT_YES;
}

int ap_audit_filter_unknown(ap_context *context, const ap_usage *usage, const ap_audit_filter *filter)
{
	ap_subject subject = { .image = (ap_image *)(uintptr_t)filter->image };
	const char **policies = NULL, **clients = NULL;
	size_t n_policies = 0, n_clients = 0;
	int status;

	if (filter->image != NULL) {
		policies = ap_subject_policies(context->arena, &subject, &n_policies);
		clients = ap_subject_clients(context->arena, &subject, &n_clients);
	}
	status = unknown_name(context, usage, "policy", &filter->policies, filter->policy_seen, policies, n_policies);
	if (status == AP_EXIT_YES)
		status = unknown_name(context, usage, "client type", &filter->clients, filter->client_seen, clients,
				      n_clients);
	return status;
}

void ap_audit_filter_clear(ap_audit_filter *filter)
{
	if (filter->known != NULL)
		ap_nss_cache_end();
	filter->known = NULL;
}
