#include "vain.h"

#include "../login/answer.h"

#include <string.h>

/* Members of one exception that are asked about; with more it is taken to be right. */
enum { MEMBERS_MAX = 64 };

/*
 * Clients
 */

static bool share_no_client(ap_finder *f, const ap_image_policy *policy, const ap_image_exception *exception)
{
	if (policy->clients.n == 0 || exception->clients.n == 0 ||
	    (policy->flags & AP_POLICY_OTHER_CLIENTS_DENIED) != 0)
		return false;
	for (uint32_t i = 0; i < exception->clients.n; i++)
		if (ap_view_span_holds(&f->view, policy->clients, ap_view_number(&f->view, exception->clients, i)))
			return false;
	return true;
}

/*
 * Addresses
 */

static bool share_range(ap_finder *f, const ap_image_ranges *a, const ap_image_ranges *b, ap_family family)
{
	uint32_t i = 0, k = 0, origin;

	while (i < a->n && k < b->n && f->view.sound) {
		ap_range first = ap_view_range(&f->view, a, family, i, &origin);
		ap_range second = ap_view_range(&f->view, b, family, k, &origin);

		if (memcmp(first.last, second.first, sizeof(first.last)) < 0)
			i++;
		else if (memcmp(second.last, first.first, sizeof(first.last)) < 0)
			k++;
		else
			return true;
	}
	return false;
}

static bool has_one_of(ap_finder *f, ap_span regions, ap_span location)
{
	for (uint32_t i = 0; i < location.n; i++)
		if (ap_view_span_holds(&f->view, regions, ap_view_number(&f->view, location, i)))
			return true;
	return false;
}

/* Some address is in a region of each, or would be if the database had any in it. */
static bool share_region(ap_finder *f, ap_span a, ap_span b)
{
	uint32_t n = ap_image_count(f->image, AP_TABLE_LOCATIONS);

	if (has_one_of(f, a, b))
		return true;

	for (uint32_t i = 0; i < n && f->view.sound; i++) {
		ap_span location = ap_view_location(&f->view, i).regions;

		if (has_one_of(f, a, location) && has_one_of(f, b, location))
			return true;
	}
	return false;
}

/* Certainly: where one has ranges and the other regions, nobody looks whether they meet. */
static bool share_no_address(ap_finder *f, uint32_t first, uint32_t second)
{
	ap_image_net a, b;

	if (first == AP_NONE || second == AP_NONE)
		return false;
	a = ap_view_net(&f->view, first);
	b = ap_view_net(&f->view, second);
	if ((a.flags & b.flags & AP_NET_LOCAL) != 0)
		return false;
	if (a.regions.n > 0 && (b.regions.n == 0 || b.ranges4.n + b.ranges6.n > 0))
		return false;
	if (b.regions.n > 0 && (a.regions.n == 0 || a.ranges4.n + a.ranges6.n > 0))
		return false;
	if (a.regions.n > 0)
		return !share_region(f, a.regions, b.regions);
	return !share_range(f, &a.ranges4, &b.ranges4, AP_ADDRESS_IPV4) &&
	       !share_range(f, &a.ranges6, &b.ranges6, AP_ADDRESS_IPV6);
}

/*
 * Members
 */

static bool is_in_scope(ap_finder *f, uint32_t number, const ap_image_policy *policy, const char *member)
{
	const ap_facts facts = { .user = member, .now = f->now, .nss = f->nss };
	ap_evaluation evaluation;
	ap_request request;
	ap_answer answer;

	if (ap_request_init(&request, f->image, &facts, NULL) != AP_OK)
		return true;
	ap_evaluation_init(&evaluation, f->image, &request);
	ap_answer_policy(&evaluation, ap_view_policy_place(&f->view, number), policy, true, &answer);
	ap_evaluation_clear(&evaluation);
	ap_request_clear(&request);
	return answer.scope != AP_NO;
}

/* Whoever else is named may be anybody. */
static bool names_members_alone(const ap_exception_def *def)
{
	if (def->who.departments.n + def->who.domains.n + def->who.groups.n > 0 || def->who.members.n > MEMBERS_MAX)
		return false;
	for (size_t i = 0; i < def->who.members.n; i++)
		if (def->who.members.items[i].text[strlen(def->who.members.items[i].text) - 1] == '@')
			return false;
	return true;
}

static bool share_no_member(ap_finder *f, uint32_t number, const ap_image_policy *policy, const ap_exception_def *def)
{
	if (!names_members_alone(def))
		return false;
	for (size_t i = 0; i < def->who.members.n; i++)
		if (is_in_scope(f, number, policy, def->who.members.items[i].text))
			return false;
	return true;
}

/*
 * Exceptions
 */

/* NULL: it may free somebody. */
static const char *why_in_vain(ap_finder *f, uint32_t number, const ap_exception_def *def,
			       const ap_image_exception *exception)
{
	ap_image_policy policy = ap_view_policy(&f->view, number);

	if (policy.status == AP_POLICY_DISABLED || ap_finder_is_over(f, &policy))
		return NULL;
	if (share_no_client(f, &policy, exception))
		return "it is about none of the client types of the exception";
	if (policy.type == AP_POLICY_BLACKLIST && share_no_address(f, policy.net, exception->net))
		return "it denies none of the addresses of the exception";
	if (share_no_member(f, number, &policy, def))
		return "it applies to none of the members of the exception";
	return NULL;
}

static void look_at_policies(ap_finder *f, const ap_exception_def *def, const ap_image_exception *exception)
{
	for (size_t i = 0; i < def->policies.n; i++) {
		uint32_t number = ap_view_find_policy(&f->view, def->policies.items[i].text);
		const char *why = number != AP_NONE ? why_in_vain(f, number, def, exception) : NULL;

		if (why != NULL)
			ap_finder_report(f, &def->policies.items[i].place,
					 "exception \"%s\" frees nobody from policy \"%s\": %s", def->name,
					 def->policies.items[i].text, why);
	}
}

void ap_find_vain_exceptions(ap_finder *f)
{
	for (size_t i = 0; i < f->set->n_exceptions; i++) {
		const ap_exception_def *def = &f->set->exceptions[i];
		ap_image_exception exception = ap_view_exception(&f->view, (uint32_t)i);

		if (f->now >= def->not_after.value)
			ap_finder_report(f, &def->not_after.written.place,
					 "exception \"%s\" is over since %s; it frees nobody and can be deleted",
					 def->name, def->not_after.written.text);
		else
			look_at_policies(f, def, &exception);
	}
}
