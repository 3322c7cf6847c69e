/*
 * The decision tables through PAM: two transactions a row, with the module in a service file of its own. One reads the
 * files, the other the image that was made of them.
 */
#include "../../lib/make/compile.h"
#include "../../lib/make/load.h"
#include "harness.h"
#include "rows.h"
#include "scratch.h"
#include "table.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A service that no table's hints know: PAM always has one. */
static const char other_service[] = "unhinted";

static const char *why_not(const ap_row *row)
{
	bool local_client = row->client == NULL || strcmp(row->client, "system") == 0;

	if (row->at != NULL)
		return "a transaction is now";
	if (row->at_machine && !local_client)
		return "without PAM_RHOST only local client types are at the machine itself";
	return NULL;
}

static bool check_message(const ap_table *table, const ap_row *row, const ap_pam_outcome *outcome)
{
	const char *expected = row->denied ? ap_row_message_of(table, row) : NULL;
	bool as_expected;

	if (expected == NULL)
		as_expected = outcome->n_messages == 0;
	else
		as_expected = outcome->n_messages == 1 && outcome->styles[0] == PAM_ERROR_MSG &&
			      strcmp(outcome->messages[0], expected) == 0;
	if (!as_expected)
		print_error("%s:%u: PAM shows %zu messages, the first \"%s\"\n", row->file, row->line,
			    outcome->n_messages, outcome->n_messages > 0 ? outcome->messages[0] : "");
	return as_expected;
}

/* The log line tells the reason and the policy, so that the row can be held against all but `would`. */
static bool check_log(const ap_row *row, const ap_pam_outcome *outcome)
{
	char expected[64], policy[256], *reason = strdup(strchr(row->verdict, '|') + 2);
	bool as_expected;

	*strchr(reason, ' ') = '\0';
	(void)snprintf(expected, sizeof(expected), "decision=%s reason=%s ", row->denied ? "deny" : "allow", reason);
	(void)snprintf(policy, sizeof(policy), row->policy != NULL ? "policy=\"%s\"" : "policy=-", row->policy);
	as_expected = strstr(outcome->log, expected) != NULL && strstr(outcome->log, policy) != NULL;
	if (!as_expected)
		print_error("%s:%u: PAM logs %s, expected %s%s\n", row->file, row->line, outcome->log, expected,
			    policy);
	free(reason);
	return as_expected;
}

/* Makes the image of the table's policies, as apply would. */
static void make_image(ap_table *table)
{
	char *config = ap_scratch_path(table->folder, "accesspolicy.conf");
	char *path = ap_scratch_path(table->folder, "policy.image");
	const ap_load_options options = { .config = config };
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	void *bytes = NULL;
	size_t size = 0;
	mode_t mask = umask(077);
	FILE *out = fopen(path, "we");

	(void)umask(mask);
	assert_non_null(out);
	assert_int_equal(ap_load(&options, &set, &diagnostics), AP_OK);
	assert_int_equal(ap_compile(set, 0, &bytes, &size, NULL), AP_OK);
	assert_int_equal(fwrite(bytes, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
	ap_diagnostics_clear(&diagnostics);
	ap_policy_set_free(set);
	free(bytes);
	free(path);
	free(config);
}

/* `policy` is the module's argument that says where the policy is. */
static bool check_login(const ap_table *table, const ap_row *row, const char *policy)
{
	const char *service = row->service != NULL ? row->service : other_service;
	const ap_pam_login login = { .service = service,
				     .user = row->user,
				     .rhost = row->at_machine ? NULL : row->address,
				     .tty = row->tty,
				     .ruser = row->ruser,
				     .env = (const char *const *)row->env };
	ap_pam_outcome outcome;
	char *confdir, *arguments;
	bool agrees;

	confdir = ap_scratch_new();
	assert_true(asprintf(&arguments, "%s compiler=%s%s%s", policy, getenv("AP_TEST_COMPILER"),
			     row->client != NULL ? " client=" : "", row->client != NULL ? row->client : "") > 0);
	ap_pam_write_service(confdir, service, "account", arguments);
	ap_pam_run(confdir, &login, AP_PAM_ACCOUNT, &outcome);
	agrees = outcome.code == (row->denied ? PAM_PERM_DENIED : PAM_SUCCESS);
	if (!agrees)
		print_error("%s:%u: %s: PAM answers %d; expected\n\t%s\n%s", row->file, row->line, policy, outcome.code,
			    row->verdict, outcome.log);
	agrees = agrees && check_message(table, row, &outcome) && check_log(row, &outcome);
	free(arguments);
	ap_scratch_free(confdir);
	return agrees;
}

static bool check(const ap_table *table, const ap_row *row)
{
	const char *cannot = why_not(row);
	char *files, *image;
	bool agrees;

	if (cannot != NULL)
		return ap_route_cannot_ask(row, cannot);
	assert_true(asprintf(&files, "config=%s/accesspolicy.conf", table->folder) > 0);
	assert_true(asprintf(&image, "image=%s/policy.image", table->folder) > 0);
	agrees = check_login(table, row, files);
	agrees = check_login(table, row, image) && agrees;
	free(files);
	free(image);
	return agrees;
}

int main(int argc, char **argv)
{
	static const ap_route route = { .name = "decisions by PAM", .begin = make_image, .check = check };

	return ap_route_run(&route, argc, argv);
}
