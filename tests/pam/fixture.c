#include "fixture.h"

#include "rows.h"
#include "scratch.h"

#include <dlfcn.h>
#include <security/pam_appl.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char ap_fixture_policies[] = "message = \"Not from here.\";\n"
				   "client_types = ( { name = \"web\"; service = [ \"webmail\" ]; } );\n"
				   "policies = (\n"
				   "  { name = \"Black\"; type = \"blacklist\"; scope = { domains = [ \"black.test\" "
				   "]; }; ip = [ \"10.0.0.0/8\" ]; },\n"
				   "  { name = \"White\"; type = \"whitelist\"; scope = { domains = [ \"white.test\" "
				   "]; }; ip = [ \"10.0.0.0/8\" ]; },\n"
				   "  { name = \"Words\"; type = \"blacklist\"; scope = { domains = [ \"words.test\" "
				   "]; }; message = \"  [ALERT] Ask the desk, 100% %s sure.\"; },\n"
				   "  { name = \"Watch \\\"closely\\\"\"; type = \"blacklist\"; status = "
				   "\"report-only\"; scope = { domains = [ \"watch.test\" ]; }; }\n"
				   ");\n";

const ap_pam_login ap_fixture_allowed = { .service = "test", .user = "alice@white.test", .rhost = "10.0.0.1" };
const ap_pam_login ap_fixture_denied = { .service = "test", .user = "alice@black.test", .rhost = "10.0.0.1" };

char *ap_fixture_folder, *ap_fixture_config, *ap_fixture_confdir;

int ap_fixture_set_up(void **state)
{
	(void)state;
	ap_fixture_folder = ap_scratch_new();
	ap_fixture_config = ap_scratch_write(ap_fixture_folder, "accesspolicy.conf", ap_fixture_policies, 0644);
	ap_fixture_confdir = ap_scratch_path(ap_fixture_folder, "services");
	return mkdir(ap_fixture_confdir, 0755);
}

int ap_fixture_tear_down(void **state)
{
	(void)state;
	free(ap_fixture_confdir);
	free(ap_fixture_config);
	ap_scratch_free(ap_fixture_folder);
	return 0;
}

char *ap_fixture_arguments(const char *more)
{
	char *arguments;

	assert_true(asprintf(&arguments, "config=%s compiler=%s %s", ap_fixture_config, getenv("AP_TEST_COMPILER"),
			     more) > 0);
	return arguments;
}

void ap_fixture_ask(const char *arguments, const ap_pam_login *login, ap_pam_phase phase, ap_pam_outcome *ret_outcome)
{
	static const char *const phases[] = { "account", "auth", "auth", "session", "password" };

	ap_pam_write_service(ap_fixture_confdir, login->service, phases[phase], arguments);
	ap_pam_run(ap_fixture_confdir, login, phase, ret_outcome);
}

void ap_fixture_ask_with(const char *more, const ap_pam_login *login, ap_pam_phase phase, ap_pam_outcome *ret_outcome)
{
	char *arguments = ap_fixture_arguments(more);

	ap_fixture_ask(arguments, login, phase, ret_outcome);
	free(arguments);
}

static int silent_conversation(int n, const struct pam_message **messages, struct pam_response **ret_responses,
			       void *data)
{
	(void)messages;
	(void)data;
	*ret_responses = calloc((size_t)n, sizeof(**ret_responses));
	return *ret_responses != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

typedef int entry_point(pam_handle_t *, int, int, const char **);

/* Splits `text` at its blanks. */
static int split(char *text, const char **words, int most)
{
	char *rest = NULL;
	int n = 0;

	for (char *word = strtok_r(text, " ", &rest); word != NULL && n < most; word = strtok_r(NULL, " ", &rest))
		words[n++] = word;
	return n;
}

int ap_fixture_entry_point(const char *name, const char *arguments, const char *user, const char *rhost)
{
	const struct pam_conv conversation = { silent_conversation, NULL };
	char *copy = strdup(arguments);
	const char *words[16];
	int n = split(copy, words, 16), code;
	void *module = dlopen(getenv("AP_TEST_MODULE"), RTLD_NOW);
	pam_handle_t *pamh = NULL;
	entry_point *entry;

	assert_non_null(module);
	*(void **)&entry = dlsym(module, name);
	assert_non_null(entry);
	/* without a service file there is no transaction to begin with */
	ap_pam_write_service(ap_fixture_confdir, "test", "account", "");
	assert_int_equal(pam_start_confdir("test", user, &conversation, ap_fixture_confdir, &pamh), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, rhost), PAM_SUCCESS);
	code = entry(pamh, 0, n, words);
	(void)pam_end(pamh, code);
	(void)dlclose(module);
	free(copy);
	return code;
}

char *ap_fixture_compiler(const char *body)
{
	char *text, *path;

	assert_true(asprintf(&text, "#!/bin/sh\n%s\n", body) > 0);
	path = ap_scratch_write(ap_fixture_folder, "compiler", text, 0755);
	free(text);
	return path;
}

/* The length of the UTF-8 sequence at `at`, or 0: strict, and without control characters. */
static size_t printable_sequence(const unsigned char *at)
{
	size_t n = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3 : 4;

	if (at[0] < 0x20 || at[0] == 0x7f || (at[0] >= 0x80 && at[0] < 0xc2) || at[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return at[0] == 0xc2 && at[1] < 0xa0 ? 0 : n;
}

bool ap_fixture_clean_log(const ap_pam_outcome *outcome, size_t n)
{
	const char *at = outcome->log;

	if (outcome->n_lines != n)
		return false;
	for (size_t line = 0; line < n; line++) {
		/* what is before is libpam's: it writes the service's name as it is */
		const char *prefix_end = strstr(at, "): ");

		if (prefix_end == NULL)
			return false;
		for (at = prefix_end + 3; *at != '\n' && *at != '\0';) {
			size_t length = printable_sequence((const unsigned char *)at);

			if (length == 0)
				return false;
			at += length;
		}
		if (*at++ != '\n')
			return false;
	}
	return *at == '\0';
}
