#include "policy_facts.h"

#include "../login/request.h"

#include <time.h>

/* Enabled, and not over. */
static bool is_in_force(const ap_image_policy *policy)
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

		if (is_in_force(&policy) && asks(&policy))
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
	ap_view view = ap_view_of(image);
	ap_image_policy policy = ap_view_policy(&view, number);
	const char *title = ap_format(arena, "\"%s\"", ap_view_string(&view, policy.name));

	return ap_format(arena, "%s (%s:%u)", title, ap_view_string(&view, policy.file), policy.line);
}
