#include "request.h"

#include "glob.h"

#include <string.h>

/* The value of an environment entry "NAME=value", or NULL. */
static const char *environment_value(const char *const *env, const char *name)
{
	size_t length = strlen(name);

	for (; env != NULL && *env != NULL; env++)
		if (strncmp(*env, name, length) == 0 && (*env)[length] == '=')
			return *env + length + 1;
	return NULL;
}

/*
 * sshd with UseDNS yes hands a host name as PAM_RHOST; the address that the name came from is the first field of
 * SSH_CONNECTION ("client-ip client-port server-ip server-port", ssh(1)), which sshd itself sets.
 */
static bool address_of_ssh_connection(const ap_facts *facts, ap_address *ret_address)
{
	const char *value = environment_value(facts->env, "SSH_CONNECTION");
	char field[128];
	size_t length;

	if (value == NULL || facts->service == NULL || strcmp(facts->service, "sshd") != 0)
		return false;
	length = strcspn(value, " ");
	if (length >= sizeof(field))
		return false;
	memcpy(field, value, length);
	field[length] = '\0';
	return ap_address_parse(field, ret_address);
}

void ap_facts_set_ip(ap_facts *facts, const char *ip)
{
	facts->at_machine = ip != NULL && strcmp(ip, "local") == 0;
	facts->rhost = facts->at_machine ? NULL : ip;
}

/* The address that was said, or unknown; and who said it. */
static ap_address_source find_address(const ap_facts *facts, ap_address *ret_address)
{
	bool written = facts->rhost != NULL && facts->rhost[0] != '\0';

	*ret_address = (ap_address){ .family = facts->at_machine ? AP_ADDRESS_LOCAL : AP_ADDRESS_UNKNOWN };
	if (facts->at_machine || (written && ap_address_parse(facts->rhost, ret_address)))
		return AP_ADDRESS_GIVEN;
	if (address_of_ssh_connection(facts, ret_address))
		return AP_ADDRESS_FROM_SSH_CONNECTION;
	return written ? AP_ADDRESS_ILLEGIBLE : AP_ADDRESS_ABSENT;
}

/* True if nothing is listed, or one of the globs fits. */
static bool hint_fits(ap_view *view, ap_texts_span globs, const char *text)
{
	uint32_t place = globs.at, i;

	if (globs.n == 0)
		return true;
	for (i = 0; i < globs.n && text != NULL && view->sound; i++)
		if (ap_glob_match(ap_view_next_text(view, &place), text))
			return view->sound;
	return false;
}

static bool environment_fits(ap_view *view, ap_texts_span globs, const char *const *env)
{
	if (globs.n == 0)
		return true;
	for (; env != NULL && *env != NULL; env++)
		if (hint_fits(view, globs, *env))
			return true;
	return false;
}

static bool all_hints_fit(ap_view *view, const ap_image_hint *hint, const ap_facts *facts)
{
	return hint_fits(view, hint->service, facts->service) && hint_fits(view, hint->tty, facts->tty) &&
	       hint_fits(view, hint->ruser, facts->ruser) && environment_fits(view, hint->env, facts->env);
}

/* The hints' number that fit, or AP_NONE. */
static uint32_t find_hint(ap_view *view, const ap_facts *facts)
{
	uint32_t n = ap_image_count(view->image, AP_TABLE_HINTS), i;

	for (i = 0; i < n && view->sound; i++) {
		ap_image_hint hint = ap_view_hint(view, i);

		if (all_hints_fit(view, &hint, facts))
			return i;
	}
	return AP_NONE;
}

/* False where the facts name a client type that there is none of. */
static bool find_client(ap_view *view, const ap_facts *facts, ap_request *request)
{
	ap_image_settings settings = ap_view_settings(view);
	bool has_address = request->address_source != AP_ADDRESS_ABSENT && !facts->at_machine;

	if (facts->client != NULL) {
		request->client = ap_view_find_client(view, facts->client);
		request->client_source = AP_CLIENT_GIVEN;
		return request->client != AP_NONE;
	}
	request->hint = find_hint(view, facts);
	if (request->hint != AP_NONE) {
		request->client = ap_view_hint(view, request->hint).client;
		request->client_source = AP_CLIENT_HINTED;
	} else {
		request->client = has_address ? settings.default_client : settings.system_client;
		request->client_source = has_address ? AP_CLIENT_DEFAULT : AP_CLIENT_NO_ADDRESS;
	}
	return true;
}

ap_status ap_request_init(ap_request *ret_request, const ap_image *image, const ap_facts *facts, ap_error *error)
{
	ap_view view = ap_view_of(image);
	const char *default_domain = ap_view_string(&view, ap_view_settings(&view).default_domain);
	ap_request request = { .facts = *facts };

	memset(ret_request, 0, sizeof(*ret_request));
	request.address_source = find_address(facts, &request.address);
	if (!find_client(&view, facts, &request) && view.sound)
		return ap_error_set(error, AP_ERR_POLICY, NULL, 0,
				    "the client type \"%s\" is not one that the policy files know", facts->client);
	if (ap_view_client(&view, request.client).local != 0 && request.address_source == AP_ADDRESS_ABSENT)
		request.address.family = AP_ADDRESS_LOCAL;
	if (!view.sound)
		return ap_image_damaged(image, error);
	if (!ap_member_init(&request.member, facts->user, default_domain))
		return ap_error_set(error, AP_ERR_MEMORY, NULL, 0, "there is no memory for a request");
	ap_account_init(&request.account, facts->nss, facts->user, default_domain);
	*ret_request = request;
	return AP_OK;
}

void ap_request_clear(ap_request *request)
{
	ap_member_clear(&request->member);
	ap_account_clear(&request->account);
	memset(request, 0, sizeof(*request));
}
