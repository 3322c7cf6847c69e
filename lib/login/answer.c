#include "answer.h"

#include <stdlib.h>
#include <string.h>

static void add_department(ap_evaluation *e, uint32_t number, uint32_t at, uint32_t own)
{
	ap_member_department *larger;
	size_t n = e->n_departments;

	/* full at each power of two from 8 on */
	if (n == 0 || (n >= 8 && (n & (n - 1)) == 0)) {
		larger = realloc(e->departments, (n == 0 ? 8 : n * 2) * sizeof(*larger));
		if (larger == NULL) {
			e->out_of_memory = true;
			return;
		}
		e->departments = larger;
	}
	e->departments[e->n_departments++] = (ap_member_department){ .number = number, .at = at, .own = own };
}

/* The departments of an entry, and those above them up to the root. */
static void climb_departments(ap_evaluation *e, ap_span departments)
{
	uint32_t i;

	if (departments.n > ap_image_count(e->view.image, AP_TABLE_DEPARTMENTS))
		e->view.sound = false;
	for (i = 0; i < departments.n && e->view.sound && !e->out_of_memory; i++) {
		uint32_t own = ap_view_number(&e->view, departments, i), at = own, below = AP_NONE, depth = 0;

		while (at != AP_NONE && e->view.sound && !e->out_of_memory) {
			ap_image_department department = ap_view_department_at(&e->view, at);

			/* a parent's number is below its child's, so that no walk to the root runs in a circle */
			if (department.number >= below || ++depth > AP_IMAGE_DEPARTMENT_DEPTH_MAX) {
				e->view.sound = false;
				break;
			}
			add_department(e, department.number, at, own);
			below = department.number;
			at = department.parent;
		}
	}
}

static void find_subjects(ap_evaluation *e)
{
	const ap_member *member = &e->request->member;

	e->subjects[0].number = e->subjects[1].number = e->domain.number = AP_NONE;
	if (member->malformed)
		return;
	e->subjects[0] = ap_view_find(&e->view, &e->head->members, member->text, strlen(member->text));
	if (member->domain != NULL) {
		e->subjects[1] = ap_view_find(&e->view, &e->head->anywhere, member->text, member->name_len + 1);
		e->domain = ap_view_find(&e->view, &e->head->domains, member->domain, strlen(member->domain));
	}
	climb_departments(e, e->subjects[0].departments);
	climb_departments(e, e->subjects[1].departments);
}

void ap_evaluation_init(ap_evaluation *ret_evaluation, const ap_image *image, ap_request *request)
{
	*ret_evaluation =
		(ap_evaluation){ .view = ap_view_of(image), .head = ap_image_head_of(image), .request = request };
	ret_evaluation->client_name = ap_view_client(&ret_evaluation->view, request->client).name;
	find_subjects(ret_evaluation);
}

void ap_evaluation_clear(ap_evaluation *evaluation)
{
	free(evaluation->groups);
	free(evaluation->departments);
	free(evaluation->exceptions);
	memset(evaluation, 0, sizeof(*evaluation));
}

/*
 * Whom
 */

ap_tri ap_own_groups(ap_evaluation *e, const char *const **ret_names, size_t *ret_n)
{
	const char *probe = ap_view_string(&e->view, ap_view_group(&e->view, AP_GROUPS_ASKED).name);

	return ap_account_groups(&e->request->account, probe, ret_names, ret_n);
}

/* Of a group that is not among the first: may the login be in it at all? */
static ap_tri among_own_groups(ap_evaluation *e, const char *name)
{
	const char *const *own;
	size_t n, i;
	ap_tri known = ap_own_groups(e, &own, &n);

	for (i = 0; known == AP_YES && i < n; i++)
		if (strcmp(own[i], name) == 0)
			return AP_YES;
	return known == AP_YES ? AP_NO : known;
}

static ap_tri ask_group(ap_evaluation *e, uint32_t group, const char **ret_phrase)
{
	const char *name = ap_view_string(&e->view, ap_view_group(&e->view, group).name);
	ap_tri may = group < AP_GROUPS_ASKED ? AP_YES : among_own_groups(e, name);

	if (may == AP_YES)
		return ap_account_in_group(&e->request->account, name, ret_phrase);
	*ret_phrase = may == AP_UNKNOWN ? "the look-up of the account's groups failed" : NULL;
	return may;
}

static ap_tri group_holds(ap_evaluation *e, uint32_t group, const char **ret_phrase)
{
	uint32_t n = ap_image_count(e->view.image, AP_TABLE_GROUPS);
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
		answer->holds = ask_group(e, group, &answer->phrase);
	answer->asked = true;
	*ret_phrase = answer->phrase;
	return answer->holds;
}

/* True if the member's own department is listed, or with its sub-departments one above it. */
static bool departments_hold(ap_evaluation *e, const ap_image_who *who, ap_why *ret_why)
{
	size_t i;

	for (i = 0; i < e->n_departments && who->departments.n > 0 && e->view.sound; i++) {
		const ap_member_department *d = &e->departments[i];
		bool alone = d->at == d->own && ap_view_span_holds(&e->view, who->departments, d->number * 2);

		if (!alone && !ap_view_span_holds(&e->view, who->departments, d->number * 2 + 1))
			continue;
		*ret_why = (ap_why){ .kind = AP_WHY_DEPARTMENT, .subtree = !alone };
		if (e->in_full) {
			ret_why->name = ap_view_department_at(&e->view, d->at).name;
			ret_why->via = ap_view_department_at(&e->view, d->own).name;
		}
		return true;
	}
	return false;
}

static bool domain_holds(ap_evaluation *e, const ap_image_who *who, ap_why *ret_why)
{
	if (e->domain.number == AP_NONE || !ap_view_span_holds(&e->view, who->domains, e->domain.number))
		return false;
	*ret_why = (ap_why){ .kind = AP_WHY_DOMAIN };
	if (e->in_full)
		ret_why->name = ap_view_domain(&e->view, e->domain.number);
	return true;
}

static bool member_holds(ap_evaluation *e, const ap_image_who *who, ap_why *ret_why)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		uint32_t number = e->subjects[i].number;

		if (number == AP_NONE || !ap_view_span_holds(&e->view, who->members, number))
			continue;
		*ret_why = (ap_why){ .kind = AP_WHY_MEMBER };
		if (e->in_full)
			ret_why->name = ap_view_member(&e->view, number).name;
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
		uint32_t group = ap_view_number(&e->view, pairs, i);
		uint32_t department = ap_view_number(&e->view, pairs, i + 1);
		const char *phrase;
		ap_tri holds = group_holds(e, group, &phrase);

		if (holds <= any)
			continue;
		any = holds;
		if (!e->in_full)
			continue;
		*ret_why = (ap_why){ .kind = holds == AP_YES ? AP_WHY_GROUP : AP_WHY_GROUP_UNKNOWN,
				     .name = ap_view_group(&e->view, group).name,
				     .phrase = phrase };
		if (department != AP_NONE)
			ret_why->via = ap_view_department(&e->view, department).name;
	}
	return any;
}

static ap_tri member_of_no_department(ap_evaluation *e, ap_why *ret_why)
{
	ap_tri through_group;

	if (e->n_departments > 0)
		return AP_NO;
	through_group = groups_hold(e, e->head->settings.group_departments, ret_why);
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
	if (member_holds(e, who, ret_why) || domain_holds(e, who, ret_why) || departments_hold(e, who, ret_why))
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
	ap_why why = { .kind = range != NULL ? AP_WHY_ENTRY : AP_WHY_LOCAL };
	ap_image_origin origin;

	if (!e->in_full)
		return why;
	origin = ap_view_origin(&e->view, origin_number);
	why.name = origin.text;
	why.via = origin.network;
	if (range != NULL)
		why.range = *range;
	return why;
}

/* The regions that hold the address. However many policies name regions, the map is asked once. */
static ap_span location_of(ap_evaluation *e)
{
	uint32_t number;
	ap_range range;

	if (!e->located && ap_view_locate(&e->view, &e->request->address, &range, &number))
		e->location = ap_view_location(&e->view, number).regions;
	e->located = true;
	return e->location;
}

/* Is the address in one of the net's regions? Where several are, the smallest is the reason. */
static bool regions_hold(ap_evaluation *e, const ap_image_net *net, ap_why *ret_why)
{
	ap_span location;
	uint32_t i;

	if (net->regions.n == 0)
		return false;
	location = location_of(e);
	for (i = location.n; i > 0 && e->view.sound; i--) {
		uint32_t number = ap_view_number(&e->view, location, i - 1);

		if (!ap_view_span_holds(&e->view, net->regions, number))
			continue;
		*ret_why = (ap_why){ .kind = AP_WHY_REGION };
		if (e->in_full)
			ret_why->name = ap_view_region(&e->view, number).code;
		return true;
	}
	return false;
}

static ap_tri net_holds(ap_evaluation *e, uint32_t place, ap_why *ret_why)
{
	const ap_address *address = &e->request->address;
	ap_image_net net = ap_view_net(&e->view, place);
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
	if (regions_hold(e, &net, ret_why))
		return AP_YES;
	if (net.regions.n > 0)
		ret_why->kind = AP_WHY_NO_REGION;
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

/* The i-th exception of the policy that may free the request; false behind the last. */
static bool next_exception(ap_evaluation *e, const ap_image_policy *policy, size_t *i,
			   ap_image_exception *ret_exception)
{
	uint32_t place = 0;
	bool named = false;

	if (!e->narrowed) {
		named = *i < policy->exceptions.n && e->view.sound;
		if (named)
			place = ap_view_number(&e->view, policy->exceptions, (uint32_t)(*i)++);
	}
	while (e->narrowed && policy->exceptions.n > 0 && !named && *i < e->n_exceptions && e->view.sound) {
		place = e->exceptions[(*i)++];
		named = ap_view_span_holds(&e->view, policy->exceptions, place);
	}
	if (named)
		*ret_exception = ap_view_exception_at(&e->view, place);
	return named;
}

static ap_tri freed(ap_evaluation *e, const ap_image_policy *policy, ap_why *ret_why)
{
	ap_image_exception exception;
	ap_tri any = AP_NO;
	size_t i = 0;

	while (any != AP_YES && next_exception(e, policy, &i, &exception)) {
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

void ap_answer_policy(ap_evaluation *e, uint32_t place, const ap_image_policy *policy, bool in_full, ap_answer *answer)
{
	e->in_full = in_full;
	answer->policy = policy->number;
	answer->at = place;
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
