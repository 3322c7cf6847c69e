#include "harness.h"

#include "interpose.h"
#include "scratch.h"

#include <security/pam_appl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the transaction of this thread has shown so far. */
static __thread ap_pam_outcome *current;
static __thread const char *wiped_from;
static __thread size_t wiped_size;
static __thread bool environment_fails;

bool ap_environment_fails(void)
{
	return environment_fails;
}

void ap_caught_line(int priority, const char *format, va_list arguments)
{
	size_t used;

	if (current == NULL)
		return;
	used = strlen(current->log);
	(void)snprintf(current->log + used, sizeof(current->log) - used, "<%d> ", priority & 7);
	used = strlen(current->log);
	(void)vsnprintf(current->log + used, sizeof(current->log) - used - 1, format, arguments);
	(void)strcat(current->log, "\n");
	current->n_lines++;
}

void ap_caught_wipe(const void *bytes, size_t size)
{
	if (current != NULL && bytes == wiped_from && size >= wiped_size)
		current->reply_wiped = true;
}

/*
 * The conversation
 */

static void note_message(ap_pam_outcome *outcome, const struct pam_message *message)
{
	size_t n = outcome->n_messages++;

	if (n == 0)
		outcome->n_lines_before = outcome->n_lines;
	if (n >= AP_PAM_MESSAGES_MAX)
		return;
	outcome->styles[n] = message->msg_style;
	(void)snprintf(outcome->messages[n], sizeof(outcome->messages[n]), "%s", message->msg);
}

static char *reply_of(const ap_pam_login *login)
{
	char *reply = strdup(login->reply != NULL ? login->reply : "");

	wiped_from = reply;
	wiped_size = reply != NULL ? strlen(reply) : 0;
	return reply;
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret_responses, void *data)
{
	const ap_pam_login *login = data;
	struct pam_response *responses;

	if (login->conversation == AP_CONV_FAILS)
		return PAM_CONV_ERR;
	responses = calloc((size_t)n, sizeof(*responses));
	if (responses == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < n; i++) {
		bool prompt =
			messages[i]->msg_style == PAM_PROMPT_ECHO_OFF || messages[i]->msg_style == PAM_PROMPT_ECHO_ON;

		if (current != NULL)
			note_message(current, messages[i]);
		if (prompt && login->conversation == AP_CONV_ANSWERS)
			responses[i].resp = reply_of(login);
	}
	*ret_responses = responses;
	return PAM_SUCCESS;
}

/*
 * Transactions
 */

static const char *module_path(void)
{
	const char *path = getenv("AP_TEST_MODULE");

	if (path == NULL || path[0] != '/') {
		(void)fprintf(stderr, "AP_TEST_MODULE must be the module's absolute path\n");
		abort();
	}
	return path;
}

/* Without it libpam logs a line of its own in every transaction. */
static void write_other(const char *confdir)
{
	free(ap_scratch_write(confdir, "other",
			      "auth required pam_deny.so\naccount required pam_deny.so\nsession required "
			      "pam_deny.so\npassword required pam_deny.so\n",
			      0644));
}

void ap_pam_write_service(const char *confdir, const char *service, const char *phase, const char *arguments)
{
	char *text;

	if (asprintf(&text, "%s required %s %s\n", phase, module_path(), arguments) < 0)
		abort();
	write_other(confdir);
	free(ap_scratch_write(confdir, service, text, 0644));
	free(text);
}

void ap_pam_write_stack(const char *confdir, const char *service, const char *lines)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	for (const char *at = lines; *at != '\0'; at++) {
		if (strncmp(at, "@MODULE@", 8) == 0) {
			(void)fputs(module_path(), file);
			at += 7;
		} else {
			(void)fputc(*at, file);
		}
	}
	(void)fclose(file);
	write_other(confdir);
	free(ap_scratch_write(confdir, service, text, 0644));
	free(text);
}

static bool set_items(pam_handle_t *pamh, const ap_pam_login *login)
{
	const struct {
		int type;
		const char *value;
	} items[] = { { PAM_RHOST, login->rhost }, { PAM_TTY, login->tty }, { PAM_RUSER, login->ruser } };

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		if (items[i].value != NULL && pam_set_item(pamh, items[i].type, items[i].value) != PAM_SUCCESS)
			return false;
	for (size_t i = 0; login->env != NULL && login->env[i] != NULL; i++)
		if (pam_putenv(pamh, login->env[i]) != PAM_SUCCESS)
			return false;
	return true;
}

static int ask(pam_handle_t *pamh, ap_pam_phase phase, int flags)
{
	switch (phase) {
	case AP_PAM_AUTH:
		return pam_authenticate(pamh, flags);
	case AP_PAM_SETCRED:
		return pam_setcred(pamh, flags);
	case AP_PAM_SESSION:
		return pam_open_session(pamh, flags);
	case AP_PAM_CHAUTHTOK:
		return pam_chauthtok(pamh, flags);
	default:
		return pam_acct_mgmt(pamh, flags);
	}
}

void ap_pam_run(const char *confdir, const ap_pam_login *login, ap_pam_phase phase, ap_pam_outcome *ret_outcome)
{
	const struct pam_conv conversation = { login->conversation == AP_CONV_NONE ? NULL : converse,
					       (void *)(uintptr_t)login };
	pam_handle_t *pamh = NULL;
	int code;

	memset(ret_outcome, 0, sizeof(*ret_outcome));
	ret_outcome->code = -1;
	current = ret_outcome;
	wiped_from = NULL;
	environment_fails = login->environment_fails;
	code = pam_start_confdir(login->service, login->user, &conversation, confdir, &pamh);
	if (code == PAM_SUCCESS && !set_items(pamh, login))
		code = PAM_ABORT;
	if (code == PAM_SUCCESS)
		code = ask(pamh, phase, login->flags);
	ret_outcome->code = code;
	if (pamh != NULL)
		(void)pam_end(pamh, code);
	current = NULL;
	environment_fails = false;
}
