#include "explain.h"

#include "glob.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

/* What the phrases are made of: the texts that a reason names. */
typedef struct {
	const char *name;
	const char *via;
	const char *client;
	char address[AP_ADDRESS_TEXT_MAX];
	char range[AP_RANGE_TEXT_MAX];
} texts;

static void explain_scope(const ap_why *why, const texts *t, char *buffer, size_t size)
{
	switch (why->kind) {
	case AP_WHY_ALL:
		(void)snprintf(buffer, size, "all members");
		break;
	case AP_WHY_MEMBER:
		(void)snprintf(buffer, size, "member %s", t->name);
		break;
	case AP_WHY_DOMAIN:
		(void)snprintf(buffer, size, "domain %s", t->name);
		break;
	case AP_WHY_DEPARTMENT:
		if (why->subtree && why->name != why->via)
			(void)snprintf(buffer, size, "department %s, in %s/*", t->via, t->name);
		else
			(void)snprintf(buffer, size, "department %s%s", t->name, why->subtree ? "/*" : "");
		break;
	case AP_WHY_GROUP:
		if (why->via != 0)
			(void)snprintf(buffer, size, "department %s, through group %s", t->via, t->name);
		else
			(void)snprintf(buffer, size, "group %s", t->name);
		break;
	case AP_WHY_GROUP_UNKNOWN:
		(void)snprintf(buffer, size, "group %s: %s", t->name, why->phrase != NULL ? why->phrase : "no answer");
		break;
	case AP_WHY_UNLISTED:
		(void)snprintf(buffer, size, "a member of no department");
		break;
	case AP_WHY_MALFORMED_NAME:
		(void)snprintf(buffer, size, "the name has an empty part or a control character");
		break;
	default:
		(void)snprintf(buffer, size, "not listed");
		break;
	}
}

/* The first of the globs that fits one of the candidates, a list ended by NULL; NULL where none does. */
static const char *fitting_glob(ap_view *view, ap_texts_span globs, const char *const *candidates)
{
	uint32_t place = globs.at, i;

	for (i = 0; i < globs.n && view->sound; i++) {
		const char *glob = ap_view_next_text(view, &place);
		size_t k;

		for (k = 0; candidates != NULL && candidates[k] != NULL; k++)
			if (ap_glob_match(glob, candidates[k]))
				return glob;
	}
	return NULL;
}

const char *ap_explain_hint(const ap_image *image, const ap_request *request, char *buffer, size_t size)
{
	ap_view view = ap_view_of(image);
	ap_image_hint hint = ap_view_hint(&view, request->hint);
	const struct {
		const char *name;
		ap_texts_span globs;
		const char *const *texts;
	} kinds[] = { { "service", hint.service, (const char *const[]){ request->facts.service, NULL } },
		      { "tty", hint.tty, (const char *const[]){ request->facts.tty, NULL } },
		      { "ruser", hint.ruser, (const char *const[]){ request->facts.ruser, NULL } },
		      { "env", hint.env, request->facts.env } };
	size_t used = 0, i;

	buffer[0] = '\0';
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && used < size; i++) {
		const char *glob = fitting_glob(&view, kinds[i].globs, kinds[i].texts);

		if (glob != NULL)
			used += (size_t)snprintf(buffer + used, size - used, "%s%s \"%s\"", used > 0 ? ", " : "",
						 kinds[i].name, glob);
	}
	return buffer;
}

/* `how`: the hint that made the type, in brackets, or "". */
static void explain_client_condition(const ap_why *why, const texts *t, const char *how, char *buffer, size_t size)
{
	if (why->kind == AP_WHY_EVERY_CLIENT)
		(void)snprintf(buffer, size, "every client type");
	else if (why->kind == AP_WHY_CLIENT)
		(void)snprintf(buffer, size, "%s%s is selected", t->name, how);
	else if (why->kind == AP_WHY_OTHER_CLIENT)
		(void)snprintf(buffer, size, "%s%s is not selected, and other_clients = \"deny\"", t->name, how);
	else
		(void)snprintf(buffer, size, "%s%s is not selected", t->name, how);
}

static void explain_entry(const ap_why *why, const texts *t, char *buffer, size_t size)
{
	if (why->name != 0 && why->via != 0)
		(void)snprintf(buffer, size, "%s is in @%s: %s", t->address, t->via, t->name);
	else if (why->via != 0)
		(void)snprintf(buffer, size, "%s is in @%s: %s", t->address, t->via, t->range);
	else if (strcmp(t->name, t->address) == 0)
		(void)snprintf(buffer, size, "%s is listed", t->address);
	else
		(void)snprintf(buffer, size, "%s is in %s", t->address, t->name);
}

static void explain_network(const ap_why *why, const texts *t, char *buffer, size_t size)
{
	switch (why->kind) {
	case AP_WHY_EVERY_ADDRESS:
		(void)snprintf(buffer, size, "every address");
		break;
	case AP_WHY_ENTRY:
		explain_entry(why, t, buffer, size);
		break;
	case AP_WHY_REGION:
		(void)snprintf(buffer, size, strcmp(t->name, "unlocated") == 0 ? "%s is %s" : "%s is in region %s",
			       t->address, t->name);
		break;
	case AP_WHY_NO_REGION:
		(void)snprintf(buffer, size, "neither an entry nor a region holds %s", t->address);
		break;
	case AP_WHY_LOCAL:
		(void)snprintf(buffer, size, "local is listed%s%s", why->via != 0 ? " in @" : "",
			       why->via != 0 ? t->via : "");
		break;
	case AP_WHY_ADDRESS_UNKNOWN:
		(void)snprintf(buffer, size, "the address is unknown");
		break;
	case AP_WHY_REGION_UNKNOWN:
		(void)snprintf(buffer, size,
			       "no entry holds %s, and whether a region does is unknown: the region database does "
			       "not tell",
			       t->address);
		break;
	case AP_WHY_OTHER_CLIENT_NETWORK:
		(void)snprintf(buffer, size, "none holds for %s: other_clients = \"deny\"", t->client);
		break;
	default:
		(void)snprintf(buffer, size, "no entry holds %s", t->address);
		break;
	}
}

static void explain_active(const ap_why *why, const texts *t, char *buffer, size_t size)
{
	static const char *const phrases[] = {
		[AP_WHY_ENABLED - AP_WHY_ENABLED] = "enabled",
		[AP_WHY_DISABLED - AP_WHY_ENABLED] = "disabled",
		[AP_WHY_REPORT_ONLY - AP_WHY_ENABLED] = "report-only",
		[AP_WHY_NOT_YET - AP_WHY_ENABLED] = "not_before is still to come",
		[AP_WHY_OVER - AP_WHY_ENABLED] = "not_after has passed",
	};

	if (why->kind == AP_WHY_EXCEPTION)
		(void)snprintf(buffer, size, "exception %s", t->name);
	else
		(void)snprintf(buffer, size, "%s", phrases[why->kind - AP_WHY_ENABLED]);
}

const char *ap_explain_why(const ap_image *image, const ap_request *request, const ap_why *why, char *buffer,
			   size_t size)
{
	ap_view view = ap_view_of(image);
	size_t used = 0;
	char hint[AP_EXPLAIN_MAX / 4], how[AP_EXPLAIN_MAX / 4 + 4] = "";
	texts t;

	buffer[0] = '\0';
	if (why->kind == AP_WHY_NONE)
		return buffer;
	if (request->client_source == AP_CLIENT_HINTED)
		(void)snprintf(how, sizeof(how), " (%s)", ap_explain_hint(image, request, hint, sizeof(hint)));
	t.name = ap_view_string(&view, why->name);
	t.via = ap_view_string(&view, why->via);
	t.client = ap_view_string(&view, ap_view_client(&view, request->client).name);
	ap_address_format(&request->address, t.address);
	t.range[0] = '\0';
	if (why->kind == AP_WHY_ENTRY)
		ap_range_format(&why->range, t.range);
	if (why->excepted) {
		(void)snprintf(buffer, size, "excepted: ");
		used = strlen(buffer);
	}
	if (why->kind >= AP_WHY_ENABLED)
		explain_active(why, &t, buffer + used, size - used);
	else if (why->kind >= AP_WHY_EVERY_ADDRESS)
		explain_network(why, &t, buffer + used, size - used);
	else if (why->kind >= AP_WHY_EVERY_CLIENT)
		explain_client_condition(why, &t, how, buffer + used, size - used);
	else
		explain_scope(why, &t, buffer + used, size - used);
	return buffer;
}

const char *ap_explain_client(const ap_image *image, const ap_request *request, char *buffer, size_t size)
{
	ap_view view = ap_view_of(image);
	char hints[AP_EXPLAIN_MAX / 2];

	switch (request->client_source) {
	case AP_CLIENT_GIVEN:
		(void)snprintf(buffer, size, "given");
		break;
	case AP_CLIENT_HINTED: {
		ap_image_hint hint = ap_view_hint(&view, request->hint);

		(void)snprintf(buffer, size, "by the hint %s of %s:%u",
			       ap_explain_hint(image, request, hints, sizeof(hints)), ap_view_string(&view, hint.file),
			       hint.line);
		break;
	}
	case AP_CLIENT_DEFAULT:
		(void)snprintf(buffer, size, "no hint fits; default_client_type, since the login has an address");
		break;
	case AP_CLIENT_NO_ADDRESS:
		(void)snprintf(buffer, size, "no hint fits, and the login has no address");
		break;
	}
	return buffer;
}

const char *ap_explain_address(const ap_request *request, char *buffer, size_t size)
{
	char quoted[128];

	switch (request->address_source) {
	case AP_ADDRESS_GIVEN:
		(void)snprintf(buffer, size, "given");
		break;
	case AP_ADDRESS_FROM_SSH_CONNECTION:
		(void)snprintf(buffer, size, "from SSH_CONNECTION");
		break;
	case AP_ADDRESS_ILLEGIBLE:
		(void)snprintf(buffer, size, "%s is no IP address, and names are never looked up",
			       ap_text_quote(request->facts.rhost, quoted, sizeof(quoted)));
		break;
	case AP_ADDRESS_ABSENT:
		(void)snprintf(buffer, size, "no address, and the client type is %s local one",
			       request->address.family == AP_ADDRESS_LOCAL ? "a" : "not a");
		break;
	}
	return buffer;
}
