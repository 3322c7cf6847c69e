#include "answer.h"

#include <stdlib.h>
#include <string.h>

static void find_members(ap_evaluation *e)
{
	const ap_member *member = &e->request->member;

	e->members[0] = e->members[1] = AP_NONE;
	if (member->malformed)
		return;
	e->members[0] = ap_view_find_member(&e->view, member->text, strlen(member->text));
	if (member->domain != NULL)
		e->members[1] = ap_view_find_member(&e->view, member->text, member->name_len + 1);
}

void ap_evaluation_init(ap_evaluation *ret_evaluation, const ap_image *image, ap_request *request)
{
	*ret_evaluation = (ap_evaluation){ .view = ap_view_of(image), .request = request };
	ret_evaluation->settings = ap_view_settings(&ret_evaluation->view);
	ret_evaluation->client_name = ap_view_client(&ret_evaluation->view, request->client).name;
	find_members(ret_evaluation);
}

void ap_evaluation_clear(ap_evaluation *evaluation)
{
	free(evaluation->groups);
	memset(evaluation, 0, sizeof(*evaluation));
}

/*
 * Whom
 */

static ap_tri group_holds(ap_evaluation *e, uint32_t group, const char **ret_phrase)
{
	uint32_t n = ap_image_count(e->view.image, AP_SECTION_GROUPS);
	ap_group_answer *answer;

	*ret_phrase = NULL;
	if (group >= n) {
		e->view.sound = false;
		return AP_UNKNOWN;
	}
	if (e->groups == NULL)
		e->groups = calloc(n, sizeof(*e->groups));
	if (e->groups == NULL) {
		e->out_of_memory = true;
		return AP_UNKNOWN;
	}
	answer = &e->groups[group];
	if (!answer->asked)
		answer->holds =
			ap_account_in_group(&e->request->account,
					    ap_view_string(&e->view, ap_view_group(&e->view, group)), &answer->phrase);
	answer->asked = true;
	*ret_phrase = answer->phrase;
	return answer->holds;
}

/* The number of the entry of `who` that lists the department itself or, with its sub-departments, one above it. */
static bool department_listed(ap_evaluation *e, ap_span departments, uint32_t own, ap_why *ret_why)
{
	uint32_t at = own;

	while (at != AP_NONE && e->view.sound) {
		ap_image_department department = ap_view_department(&e->view, at);
		bool alone = at == own && at <= (AP_NONE >> 1) && ap_view_span_holds(&e->view, departments, at * 2);

		if (alone || (at <= (AP_NONE >> 1) && ap_view_span_holds(&e->view, departments, at * 2 + 1))) {
			*ret_why = (ap_why){ .kind = AP_WHY_DEPARTMENT,
					     .subtree = !alone,
					     .name = department.name,
					     .via = ap_view_department(&e->view, own).name };
			return true;
		}
		at = department.parent;
	}
	return false;
}

static bool departments_hold(ap_evaluation *e, const ap_image_who *who, ap_why *ret_why)
{
	size_t i;
	uint32_t k;

	for (i = 0; i < 2 && who->departments.n > 0; i++) {
		ap_image_member member;

		if (e->members[i] == AP_NONE)
			continue;
		member = ap_view_member(&e->view, e->members[i]);
		for (k = 0; k < member.departments.n && e->view.sound; k++)
			if (department_listed(e, who->departments, ap_view_pool(&e->view, member.departments, k),
					      ret_why))
				return true;
	}
	return false;
}

static bool domain_holds(ap_evaluation *e, const ap_image_who *who, ap_why *ret_why)
{
	uint32_t i;

	for (i = 0; i < who->domains.n && e->view.sound; i++) {
		uint32_t domain = ap_view_pool(&e->view, who->domains, i);

		if (strcmp(ap_view_string(&e->view, domain), e->request->member.domain) == 0) {
			*ret_why = (ap_why){ .kind = AP_WHY_DOMAIN, .name = domain };
			return true;
		}
	}
	return false;
}

static bool member_holds(ap_evaluation *e, const ap_image_who *who, ap_why *ret_why)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		if (e->members[i] == AP_NONE || !ap_view_span_holds(&e->view, who->members, e->members[i]))
			continue;
		*ret_why = (ap_why){ .kind = AP_WHY_MEMBER, .name = ap_view_member(&e->view, e->members[i]).key };
		return true;
	}
	return false;
}

/* Pairs of a group and the department that it fills. The first that holds, else the first that is unknown. */
static ap_tri groups_hold(ap_evaluation *e, ap_span pairs, ap_why *ret_why)
{
	ap_tri any = AP_NO;
	uint32_t i;

	for (i = 0; i + 1 < pairs.n && any != AP_YES && e->view.sound; i += 2) {
		uint32_t group = ap_view_pool(&e->view, pairs, i);
		uint32_t department = ap_view_pool(&e->view, pairs, i + 1);
		const char *phrase;
		ap_tri holds = group_holds(e, group, &phrase);

		if (holds <= any)
			continue;
		any = holds;
		*ret_why = (ap_why){ .kind = holds == AP_YES ? AP_WHY_GROUP : AP_WHY_GROUP_UNKNOWN,
				     .name = ap_view_group(&e->view, group),
				     .phrase = phrase };
		if (department != AP_NONE)
			ret_why->via = ap_view_department(&e->view, department).name;
	}
	return any;
}

static ap_tri member_of_no_department(ap_evaluation *e, ap_why *ret_why)
{
	ap_tri through_group;
	size_t i;

	for (i = 0; i < 2; i++)
		if (e->members[i] != AP_NONE && ap_view_member(&e->view, e->members[i]).departments.n > 0)
			return AP_NO;
	through_group = groups_hold(e, e->settings.group_departments, ret_why);
	if (through_group == AP_NO)
		*ret_why = (ap_why){ .kind = AP_WHY_UNLISTED };
	return ap_tri_not(through_group);
}

static bool names_nobody(const ap_image_who *who)
{
	return (who->flags & AP_WHO_UNLISTED) == 0 && who->domains.n == 0 && who->departments.n == 0 &&
	       who->groups.n == 0 && who->members.n == 0;
}

/* Is the member among those that `who` lists? What is listed adds up. */
static ap_tri who_holds(ap_evaluation *e, const ap_image_who *who, ap_why *ret_why)
{
	ap_tri by_group, unlisted = AP_NO;
	ap_why why_unlisted = { .kind = AP_WHY_NONE };

	if ((who->flags & AP_WHO_ALL) != 0) {
		*ret_why = (ap_why){ .kind = AP_WHY_ALL };
		return AP_YES;
	}
	*ret_why = (ap_why){ .kind = AP_WHY_NOT_LISTED };
	if (names_nobody(who))
		return AP_NO;
	if (e->request->member.malformed) {
		*ret_why = (ap_why){ .kind = AP_WHY_MALFORMED_NAME };
		return AP_UNKNOWN;
	}
	if (member_holds(e, who, ret_why) || (e->request->member.domain != NULL && domain_holds(e, who, ret_why)) ||
	    departments_hold(e, who, ret_why))
		return AP_YES;
	if ((who->flags & AP_WHO_UNLISTED) != 0)
		unlisted = member_of_no_department(e, &why_unlisted);
	by_group = unlisted == AP_YES ? AP_NO : groups_hold(e, who->groups, ret_why);
	if (unlisted > by_group)
		*ret_why = why_unlisted;
	return ap_tri_or(unlisted, by_group);
}

/*
 * From where
 */

static ap_why why_entry(ap_evaluation *e, uint32_t origin_number, const ap_range *range)
{
	ap_image_origin origin = ap_view_origin(&e->view, origin_number);
	ap_why why = { .kind = AP_WHY_ENTRY, .name = origin.text, .via = origin.network, .region = origin.region };

	if (range != NULL)
		why.range = *range;
	else
		why.kind = AP_WHY_LOCAL;
	return why;
}

static ap_tri net_holds(ap_evaluation *e, uint32_t number, ap_why *ret_why)
{
	const ap_address *address = &e->request->address;
	ap_image_net net = ap_view_net(&e->view, number);
	uint32_t unknown_region =
		address->family == AP_ADDRESS_IPV4 ? AP_NET_REGIONS4_UNKNOWN : AP_NET_REGIONS6_UNKNOWN;
	ap_range range;
	uint32_t origin;

	*ret_why = (ap_why){ .kind = AP_WHY_NO_ENTRY };
	if (ap_net_holds_nothing(&net))
		return AP_NO;
	if (address->family == AP_ADDRESS_UNKNOWN) {
		*ret_why = (ap_why){ .kind = AP_WHY_ADDRESS_UNKNOWN };
		return AP_UNKNOWN;
	}
	if (address->family == AP_ADDRESS_LOCAL) {
		if ((net.flags & AP_NET_LOCAL) == 0)
			return AP_NO;
		*ret_why = why_entry(e, net.local_origin, NULL);
		return AP_YES;
	}
	if (ap_view_find_range(&e->view, &net, address, &range, &origin)) {
		*ret_why = why_entry(e, origin, &range);
		return AP_YES;
	}
	if ((net.flags & unknown_region) == 0)
		return AP_NO;
	*ret_why = (ap_why){ .kind = AP_WHY_REGION_UNKNOWN };
	return AP_UNKNOWN;
}

/*
 * The conditions of one policy
 */

static ap_tri scope_of(ap_evaluation *e, const ap_image_policy *policy, ap_why *ret_why)
{
	ap_why why_member = { .kind = AP_WHY_NONE }, why_address = { .kind = AP_WHY_NONE };
	ap_tri included = who_holds(e, &policy->scope, ret_why);
	ap_tri excepted = AP_NO, excepted_address = AP_NO;

	if (included == AP_NO)
		return AP_NO;
	excepted = who_holds(e, &policy->except, &why_member);
	if (excepted != AP_YES && policy->except_net != AP_NONE)
		excepted_address = net_holds(e, policy->except_net, &why_address);
	if (excepted_address > excepted) {
		excepted = excepted_address;
		why_member = why_address;
	}
	/* the exception is the reason wherever it makes the answer less certain than the inclusion alone */
	if (ap_tri_not(excepted) < included) {
		*ret_why = why_member;
		ret_why->excepted = true;
	}
	return ap_tri_and(included, ap_tri_not(excepted));
}

static bool client_selected(ap_evaluation *e, ap_span clients)
{
	return clients.n == 0 || ap_view_span_holds(&e->view, clients, e->request->client);
}

static ap_tri client_of(ap_evaluation *e, const ap_image_policy *policy, ap_why *ret_why)
{
	uint32_t name = e->client_name;

	if (policy->clients.n == 0)
		*ret_why = (ap_why){ .kind = AP_WHY_EVERY_CLIENT };
	else if (client_selected(e, policy->clients))
		*ret_why = (ap_why){ .kind = AP_WHY_CLIENT, .name = name };
	else if ((policy->flags & AP_POLICY_OTHER_CLIENTS_DENIED) != 0)
		*ret_why = (ap_why){ .kind = AP_WHY_OTHER_CLIENT, .name = name };
	else
		*ret_why = (ap_why){ .kind = AP_WHY_CLIENT_NOT_SELECTED, .name = name };
	return ap_tri_of(ret_why->kind != AP_WHY_CLIENT_NOT_SELECTED);
}

static ap_tri network_of(ap_evaluation *e, const ap_image_policy *policy, ap_why *ret_why)
{
	if ((policy->flags & AP_POLICY_OTHER_CLIENTS_DENIED) != 0 && !client_selected(e, policy->clients)) {
		*ret_why = (ap_why){ .kind = AP_WHY_OTHER_CLIENT_NETWORK };
		return AP_NO;
	}
	if (policy->net == AP_NONE) {
		*ret_why = (ap_why){ .kind = AP_WHY_EVERY_ADDRESS };
		return AP_YES;
	}
	return net_holds(e, policy->net, ret_why);
}

static ap_tri exception_frees(ap_evaluation *e, const ap_image_exception *exception)
{
	int64_t now = e->request->facts.now;
	ap_why unused;
	ap_tri frees;

	if (now < exception->not_before || now >= exception->not_after || !client_selected(e, exception->clients))
		return AP_NO;
	frees = who_holds(e, &exception->who, &unused);
	if (frees != AP_NO && exception->net != AP_NONE)
		frees = ap_tri_and(frees, net_holds(e, exception->net, &unused));
	return frees;
}

static ap_tri freed(ap_evaluation *e, const ap_image_policy *policy, ap_why *ret_why)
{
	ap_tri any = AP_NO;
	uint32_t i;

	for (i = 0; i < policy->exceptions.n && any != AP_YES && e->view.sound; i++) {
		ap_image_exception exception =
			ap_view_exception(&e->view, ap_view_pool(&e->view, policy->exceptions, i));
		ap_tri frees = exception_frees(e, &exception);

		if (frees <= any)
			continue;
		any = frees;
		*ret_why = (ap_why){ .kind = AP_WHY_EXCEPTION, .name = exception.name };
	}
	return any;
}

/* A report-only policy is active as an enabled one is: what differs is what becomes of its answer. */
static ap_tri active_of(ap_evaluation *e, const ap_image_policy *policy, ap_why *ret_why)
{
	int64_t now = e->request->facts.now;

	*ret_why = (ap_why){ .kind = AP_WHY_NONE };
	if (policy->status == AP_POLICY_DISABLED)
		ret_why->kind = AP_WHY_DISABLED;
	else if (now < policy->not_before)
		ret_why->kind = AP_WHY_NOT_YET;
	else if (now >= policy->not_after)
		ret_why->kind = AP_WHY_OVER;
	if (ret_why->kind != AP_WHY_NONE)
		return AP_NO;
	ret_why->kind = policy->status == AP_POLICY_REPORT_ONLY ? AP_WHY_REPORT_ONLY : AP_WHY_ENABLED;
	return ap_tri_not(freed(e, policy, ret_why));
}

void ap_answer_policy(ap_evaluation *e, uint32_t number, const ap_image_policy *policy, bool in_full, ap_answer *answer)
{
	answer->policy = number;
	answer->active = answer->scope = answer->client = answer->network = AP_NO;
	answer->governs = answer->matches = answer->fails = AP_NO;
	if (in_full || policy->status != AP_POLICY_DISABLED)
		answer->client = client_of(e, policy, &answer->why_client);
	if (!in_full && answer->client == AP_NO)
		return;
	answer->active = active_of(e, policy, &answer->why_active);
	if (!in_full && answer->active == AP_NO)
		return;
	answer->scope = scope_of(e, policy, &answer->why_scope);
	if (!in_full && answer->scope == AP_NO)
		return;
	answer->network = network_of(e, policy, &answer->why_network);
	answer->governs = ap_tri_and(answer->active, ap_tri_and(answer->scope, answer->client));
	answer->matches = ap_tri_and(answer->governs, answer->network);
	answer->fails = ap_tri_and(answer->governs, ap_tri_not(answer->network));
}
