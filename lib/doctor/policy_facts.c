#include "policy_facts.h"

#include "../login/request.h"

#include <time.h>

bool ap_policy_is_in_force(const ap_image_policy *policy)
{
	return policy->status == AP_POLICY_ENABLED && policy->not_after > (int64_t)time(NULL);
}

static bool asks_addresses(const ap_image_policy *policy)
{
	return policy->net != AP_NONE || policy->except_net != AP_NONE;
}

static bool asks_clients(const ap_image_policy *policy)
{
	return policy->clients.n > 0;
}

static bool any_policy(const ap_image *image, bool (*asks)(const ap_image_policy *policy))
{
	ap_view view;

	if (image == NULL)
		return true;
	view = ap_view_of(image);
	for (uint32_t i = 0; i < ap_image_count(image, AP_TABLE_POLICIES); i++) {
		ap_image_policy policy = ap_view_policy(&view, i);

		if (ap_policy_is_in_force(&policy) && asks(&policy))
			return true;
	}
	return false;
}

bool ap_policy_asks_addresses(const ap_image *image)
{
	return any_policy(image, asks_addresses);
}

bool ap_policy_asks_clients(const ap_image *image)
{
	return any_policy(image, asks_clients);
}

const char *ap_policy_client_anybody_has(ap_arena *arena, const ap_image *image)
{
	ap_view view;

	if (image == NULL)
		return "third-party";
	view = ap_view_of(image);
	return ap_arena_strdup(
		arena, ap_view_string(&view, ap_view_client(&view, ap_view_settings(&view).default_client).name));
}

/* The policy is about logins of that type: it selects it, or denies those that it does not select. */
static bool is_about_client(ap_view *view, const ap_image_policy *policy, uint32_t client)
{
	return policy->clients.n == 0 || ap_view_span_holds(view, policy->clients, client) ||
	       (policy->flags & AP_POLICY_OTHER_CLIENTS_DENIED) != 0;
}

ap_without_address ap_policy_without_address(const ap_image *image, const char *service, const char *client,
					     const char *rhost, uint32_t *ret_policy)
{
	const ap_facts facts = { .user = "user", .rhost = rhost, .service = service, .client = client };
	ap_request request;
	bool is_local;
	ap_view view;

	*ret_policy = AP_NONE;
	if (image == NULL)
		return AP_WITHOUT_ADDRESS_DENIED;
	if (ap_request_init(&request, image, &facts, NULL) != AP_OK)
		return AP_WITHOUT_ADDRESS_DECIDED;
	view = ap_view_of(image);
	for (uint32_t i = 0; i < ap_image_count(image, AP_TABLE_POLICIES) && *ret_policy == AP_NONE; i++) {
		ap_image_policy policy = ap_view_policy(&view, i);

		if (ap_policy_is_in_force(&policy) && asks_addresses(&policy) &&
		    is_about_client(&view, &policy, request.client))
			*ret_policy = i;
	}
	is_local = request.address.family == AP_ADDRESS_LOCAL;
	ap_request_clear(&request);
	if (*ret_policy == AP_NONE)
		return AP_WITHOUT_ADDRESS_DECIDED;
	if (is_local)
		return AP_WITHOUT_ADDRESS_LOCAL;
	return ap_view_settings(&view).undetermined_allows != 0 ? AP_WITHOUT_ADDRESS_ALLOWED
								: AP_WITHOUT_ADDRESS_DENIED;
}

const char *ap_policy_client_of(ap_arena *arena, const ap_image *image, const char *service, const char *tty,
				const char *client)
{
	/* the address stands for any: no hint asks for it, and with one the default is the default */
	const ap_facts facts = {
		.user = "user", .rhost = "192.0.2.1", .service = service, .tty = tty, .client = client
	};
	ap_request request;
	const char *name;
	ap_view view;

	if (image == NULL || ap_request_init(&request, image, &facts, NULL) != AP_OK)
		return NULL;
	view = ap_view_of(image);
	name = ap_arena_strdup(arena, ap_view_string(&view, ap_view_client(&view, request.client).name));
	ap_request_clear(&request);
	return name;
}

const char *ap_policy_title(ap_arena *arena, const ap_image *image, uint32_t number)
{
	ap_image_policy policy;
	const char *title;
	ap_view view;

	if (number == AP_NONE)
		return "a policy with addresses";
	view = ap_view_of(image);
	policy = ap_view_policy(&view, number);
	title = ap_format(arena, "the policy \"%s\"", ap_view_string(&view, policy.name));
	return ap_format(arena, "%s (%s:%u)", title, ap_view_string(&view, policy.file), policy.line);
}
