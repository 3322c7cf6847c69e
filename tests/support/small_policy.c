#include "small_policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Comments fill the last block: no login reads it. */
enum { N_TENANTS = 20, N_COMMENTS = 5, COMMENT_BYTES = 850 };

static void write_head(FILE *out)
{
	(void)fprintf(
		out,
		"default_domain = \"example.com\";\n"
		"message = \"not from here\";\n"
		"region_database = \"injected.mmdb\";\n"
		"client_types = ( { name = \"web\"; service = [ \"roundcube\" ]; } );\n"
		"departments = (\n"
		"  { name = \"engineering\"; members = [ \"alice@example.com\", \"dora@\" ]; groups = [ \"staff\" ]; },\n"
		"  { name = \"engineering/platform\"; members = [ \"bob\" ]; }\n"
		");\n");
}

static void write_policies(FILE *out, unsigned octet)
{
	(void)fprintf(
		out,
		"policies = (\n"
		"  { name = \"No third party\"; type = \"blacklist\"; scope = { all = true; }; clients = [ \"third-party\" ];\n"
		"    ip = [ \"%u.66.0.0/16\" ]; },\n"
		"  { name = \"Engineers\"; type = \"whitelist\"; scope = { departments = [ \"engineering/*\" ]; };\n"
		"    ip = [ \"%u.1.0.0/16\", \"2001:db8:%u::/48\" ]; message = \"engineers from the office\"; },\n"
		"  { name = \"Contractors\"; type = \"blacklist\"; scope = { groups = [ \"contractors\" ]; };\n"
		"    ip = [ \"%u.9.0.0/16\" ]; },\n"
		"  { name = \"Tighter\"; type = \"whitelist\"; status = \"report-only\"; replaces = \"Engineers\";\n"
		"    scope = { departments = [ \"engineering/*\" ]; }; ip = [ \"%u.1.1.0/24\" ]; }",
		octet, octet, octet, octet, octet);
	for (unsigned i = 0; i < N_TENANTS; i++) {
		(void)fprintf(
			out,
			",\n  { name = \"Tenant %02u\"; type = \"whitelist\"; scope = { domains = [ \"t%02u.example\" ];"
			" except = { members = [ \"chief@t%02u.example\" ]; }; };\n"
			"    ip = [ \"%u.%u.0.0/24\", \"%u.%u.8.8\", \"2001:db8:%u:%u::/64\" ];",
			i, i, i, octet, 100 + i, octet, 100 + i, octet, i);
		if (i < N_COMMENTS)
			(void)fprintf(out, " comment = \"%0*u\";", COMMENT_BYTES, i);
		(void)fprintf(out, " }");
	}
	(void)fprintf(out,
		      ",\n  { name = \"Abroad\"; type = \"blacklist\"; scope = { domains = [ \"away.example\" ]; };\n"
		      "    regions = [ \"CN\", \"unlocated\" ]; },\n"
		      "  { name = \"At home\"; type = \"whitelist\"; scope = { domains = [ \"away.example\" ]; };\n"
		      "    regions = [ \"US\", \"US-CA\" ]; }\n);\n");
}

static void write_exceptions(FILE *out)
{
	(void)fprintf(
		out,
		"exceptions = (\n"
		"  { name = \"HD-1\"; policies = [ \"Engineers\" ]; members = [ \"bob\" ]; not_after = "
		"\"2026-12-20T18:00:00Z\"; },\n"
		"  { name = \"HD-2\"; policies = [ \"Tenant 17\" ]; members = [ \"erin@t17.example\" ]; clients = [ \"web\" ]; }\n"
		");\n");
}

char *ap_test_small_policy(unsigned octet)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		abort();
	write_head(out);
	write_policies(out, octet);
	write_exceptions(out);
	if (fclose(out) != 0)
		abort();
	return text;
}

/* There are two accounts, and both groups; only gina is in one of them. */
static int fake_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **ret)
{
	*ret = NULL;
	if (strcmp(name, "gina") != 0 && strcmp(name, "alice") != 0)
		return 0;
	(void)snprintf(buffer, size, "%s", name);
	*entry = (struct passwd){ .pw_name = buffer, .pw_gid = 5 };
	*ret = entry;
	return 0;
}

static int fake_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, struct group **ret)
{
	static char *nobody[] = { NULL };

	(void)snprintf(buffer, size, "%s", name);
	*entry = (struct group){ .gr_name = buffer, .gr_gid = strcmp(name, "staff") == 0 ? 6 : 7, .gr_mem = nobody };
	*ret = entry;
	return 0;
}

static int fake_getgrouplist(const char *name, gid_t primary, gid_t *gids, int *n)
{
	int found = 0;

	gids[found++] = primary;
	if (strcmp(name, "gina") == 0)
		gids[found++] = 7;
	*n = found;
	return found;
}

static int fake_getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **ret)
{
	(void)gid;
	(void)entry;
	(void)buffer;
	(void)size;
	*ret = NULL;
	return EIO;
}

static const ap_nss services = { fake_getpwnam_r, fake_getgrnam_r, fake_getgrouplist, fake_getgrgid_r };

const ap_facts ap_test_logins[AP_TEST_LOGINS] = {
	{ .user = "alice", .rhost = "10.1.7.7", .service = "roundcube", .now = 1790000000, .nss = &services },
	{ .user = "bob@example.com",
	  .rhost = "2001:db8:11::5",
	  .service = "imap",
	  .now = 1790000000,
	  .nss = &services },
	{ .user = "mail@t07.example", .rhost = "10.107.8.8", .client = "web", .now = 1790000000, .nss = &services },
	{ .user = "erin@t17.example", .rhost = "10.118.0.9", .service = "roundcube", .now = 1, .nss = &services },
	{ .user = "dave@t19.example", .rhost = "2001:db8:10:18::1", .service = "imap", .now = 1, .nss = &services },
	{ .user = "gina", .rhost = "10.9.1.1", .client = "native", .now = 1790000000, .nss = &services },
	{ .user = "dora@t15.example", .rhost = "mail.example", .service = "imap", .now = 1, .nss = &services },
	{ .user = "kim@away.example", .rhost = "198.18.96.7", .client = "web", .now = 1, .nss = &services },
	{ .user = "lee@away.example", .rhost = "2002:c612:5901::1", .client = "web", .now = 1, .nss = &services },
};

static void copy_decision(const ap_image *image, const ap_decision *decision, ap_test_answer *answer)
{
	const char *message = ap_decision_message(image, decision);

	answer->verdict = decision->verdict;
	answer->reason = decision->reason;
	answer->policy = decision->policy;
	answer->n_would = (uint32_t)decision->n_would;
	if (decision->n_would > 0)
		answer->would = decision->would[0].policy * 4 + decision->would[0].verdict;
	(void)snprintf(answer->message, sizeof(answer->message), "%s", message != NULL ? message : "");
}

ap_test_answer ap_test_answer_of(const ap_image *image, const ap_facts *facts)
{
	ap_test_answer answer = { .policy = AP_NONE };
	ap_request request;
	ap_decision decision;

	answer.status = ap_request_init(&request, image, facts, NULL);
	if (answer.status != AP_OK)
		return answer;
	answer.status = ap_evaluate(image, &request, NULL, &decision, NULL);
	if (answer.status == AP_OK)
		copy_decision(image, &decision, &answer);
	else
		answer.verdict = decision.verdict; /* which nobody may take for one */
	ap_decision_clear(&decision);
	ap_request_clear(&request);
	return answer;
}

bool ap_test_same_or_error(const ap_test_answer *found, const ap_test_answer *expected)
{
	if (found->status == AP_ERR_DAMAGED || found->status == AP_ERR_MEMORY)
		return found->verdict != AP_ALLOW;
	return found->status == expected->status && found->verdict == expected->verdict &&
	       found->reason == expected->reason && found->policy == expected->policy &&
	       found->n_would == expected->n_would && found->would == expected->would &&
	       (found->message[0] == '\0' || strcmp(found->message, expected->message) == 0);
}
