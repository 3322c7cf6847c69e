/*
 * pam_accesspolicy - decides who may log in, from where and with what.
 *
 * Options (lib/login/module_options.c), items, policy, decision, log line, audit record, message, return code: in this order. Whatever fails lets nobody in.
 */
#include "lib/login/applied.h"
#include "lib/login/audit.h"
#include "lib/login/evaluate.h"
#include "lib/login/explain.h"
#include "lib/login/module_options.h"
#include "lib/login/text.h"
#include "lib/login/textmode.h"
#include "paths.h"

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

enum { QUOTED_MAX = 320, MESSAGE_MAX = 512 /* PAM_MAX_MSG_SIZE */ };

typedef enum { PHASE_AUTH, PHASE_ACCOUNT } phase;

/*
 * Items
 */

static const char *get_item(const pam_handle_t *pamh, int type)
{
	const void *item = NULL;

	return pam_get_item(pamh, type, &item) == PAM_SUCCESS ? item : NULL;
}

static void free_environment(char **environment)
{
	size_t i;

	for (i = 0; environment != NULL && environment[i] != NULL; i++)
		free(environment[i]);
	free(environment);
}

/*
 * False, with *ret_fault, where there is no user or no memory. The user is not asked for: another module has done so,
 * or the host has set it.
 */
static bool collect_facts(pam_handle_t *pamh, ap_facts *ret_facts, char ***ret_environment, ap_error *ret_fault)
{
	*ret_environment = pam_getenvlist(pamh);
	*ret_facts = (ap_facts){ .user = get_item(pamh, PAM_USER),
				 .rhost = get_item(pamh, PAM_RHOST),
				 .service = get_item(pamh, PAM_SERVICE),
				 .tty = get_item(pamh, PAM_TTY),
				 .ruser = get_item(pamh, PAM_RUSER),
				 .env = (const char *const *)*ret_environment,
				 .now = time(NULL) };
	if (ret_facts->user == NULL)
		ap_error_set(ret_fault, AP_ERR_POLICY, NULL, 0, "the transaction has no user (yet)");
	/* an environment that cannot be had is not an empty one: a hint may wait for it */
	else if (*ret_environment == NULL)
		ap_error_set(ret_fault, AP_ERR_MEMORY, NULL, 0, "the PAM environment cannot be had");
	return ret_facts->user != NULL && *ret_environment != NULL;
}

/*
 * Policy
 */

/* What counts `now`: the image that `image=` names or that was applied; the files' with `config=`, and where nothing was ever applied. */
static ap_status get_policy(pam_handle_t *pamh, const ap_module_options *o, int64_t now, ap_image **ret_image,
			    ap_error *error)
{
	const char *compiler = o->compiler != NULL ? o->compiler : AP_COMPILER;
	ap_status status;

	if (o->config != NULL)
		return ap_textmode_open(compiler, o->config, ret_image, error);
	if (o->image != NULL)
		return ap_applied_open_file(o->image, now, ret_image, error);
	status = ap_applied_open(AP_STATE_DIR, now, ret_image, error);
	if (status != AP_ERR_MISSING)
		return status;
	pam_syslog(pamh, LOG_NOTICE, "no policy was ever applied: reading %s at this login", AP_CONFIG_FILE);
	return ap_textmode_open(compiler, AP_CONFIG_FILE, ret_image, error);
}

static void log_error(pam_handle_t *pamh, const ap_facts *facts, const ap_error *error)
{
	char user[QUOTED_MAX], service[QUOTED_MAX], rhost[QUOTED_MAX], line[16] = "";
	char file[sizeof(error->file) + 16], message[sizeof(error->message) + 16];

	if (error->line > 0)
		(void)snprintf(line, sizeof(line), ":%u", error->line);
	pam_syslog(pamh, LOG_ERR, "decision=error user=%s rhost=%s service=%s, nobody is let in: %s%s%s%s",
		   ap_text_quote(facts->user, user, sizeof(user)), ap_text_quote(facts->rhost, rhost, sizeof(rhost)),
		   ap_text_quote(facts->service, service, sizeof(service)),
		   ap_text_escape(error->file, file, sizeof(file)), line, error->file[0] != '\0' ? ": " : "",
		   ap_text_escape(error->message, message, sizeof(message)));
}

/*
 * Decision
 */

typedef struct {
	pam_handle_t *pamh;
	const ap_image *image;
	const ap_request *request;
} trace;

/* With `debug`: what each policy answered, and why. */
static void trace_policy(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	const trace *t = context;
	ap_view view = ap_view_of(t->image);
	char active[AP_EXPLAIN_MAX], scope[AP_EXPLAIN_MAX], client[AP_EXPLAIN_MAX], network[AP_EXPLAIN_MAX];
	char line[4 * AP_EXPLAIN_MAX], name[QUOTED_MAX], escaped[5 * AP_EXPLAIN_MAX];

	(void)snprintf(line, sizeof(line), "active %s (%s), scope %s (%s), client %s (%s), network %s (%s)",
		       ap_tri_name(answer->active),
		       ap_explain_why(t->image, t->request, &answer->why_active, active, sizeof(active)),
		       ap_tri_name(answer->scope),
		       ap_explain_why(t->image, t->request, &answer->why_scope, scope, sizeof(scope)),
		       ap_tri_name(answer->client),
		       ap_explain_why(t->image, t->request, &answer->why_client, client, sizeof(client)),
		       ap_tri_name(answer->network),
		       ap_explain_why(t->image, t->request, &answer->why_network, network, sizeof(network)));
	pam_syslog(t->pamh, LOG_DEBUG, "policy=%s: %s",
		   ap_text_quote(ap_view_string(&view, policy->name), name, sizeof(name)),
		   ap_text_escape(line, escaped, sizeof(escaped)));
}

static ap_status decide(pam_handle_t *pamh, const ap_module_options *o, const ap_image *image, ap_request *request,
			ap_decision *ret_decision, ap_error *error)
{
	trace t = { .pamh = pamh, .image = image, .request = request };
	ap_evaluate_options traced = { .only = AP_NONE, .hook = trace_policy, .hook_context = &t };

	return ap_evaluate(image, request, o->debug != NULL ? &traced : NULL, ret_decision, error);
}

/*
 * Log line
 */

typedef struct {
	const ap_image *image;
	const ap_request *request;
	char text[AP_EXPLAIN_MAX];
} unknown_fact;

static void explain_unknown(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	unknown_fact *fact = context;
	const ap_why *why = answer->scope == AP_UNKNOWN     ? &answer->why_scope
			    : answer->network == AP_UNKNOWN ? &answer->why_network
							    : &answer->why_active;

	(void)policy;
	ap_explain_why(fact->image, fact->request, why, fact->text, sizeof(fact->text));
}

/* What could not be known, for an undetermined decision: its policy is asked once more, alone and for its reasons. */
static bool find_unknown(const ap_image *image, ap_request *request, const ap_decision *decision,
			 unknown_fact *ret_fact)
{
	const ap_evaluate_options alone = { .only = decision->policy,
					    .hook = explain_unknown,
					    .hook_context = ret_fact };
	ap_decision unused;

	*ret_fact = (unknown_fact){ .image = image, .request = request };
	if (decision->reason != AP_REASON_UNDETERMINED)
		return true;
	if (ap_evaluate(image, request, &alone, &unused, NULL) != AP_OK)
		return false;
	ap_decision_clear(&unused);
	return true;
}

/* The report-only policies that would have turned the decision, "A","B"; "-" where there are none. */
static const char *list_would(ap_view *view, const ap_decision *decision, char *buffer, size_t size)
{
	size_t used = 0, i;

	(void)snprintf(buffer, size, "-");
	for (i = 0; i < decision->n_would && size - used > QUOTED_MAX; i++) {
		if (i > 0)
			buffer[used++] = ',';
		ap_text_quote(ap_view_string(view, ap_view_policy_at(view, decision->would[i].at).name), buffer + used,
			      QUOTED_MAX);
		used += strlen(buffer + used);
	}
	return buffer;
}

/* False, without a line, where the image does not hold what the line is to say. */
static bool log_decision(pam_handle_t *pamh, const ap_image *image, ap_request *request, const ap_decision *decision)
{
	static const char *const sources[] = { [AP_CLIENT_GIVEN] = "given",
					       [AP_CLIENT_HINTED] = "hint",
					       [AP_CLIENT_DEFAULT] = "default",
					       [AP_CLIENT_NO_ADDRESS] = "no-address" };
	ap_view view = ap_view_of(image);
	ap_image_policy decided = { .name = 0 };
	bool named = decision->policy != AP_NONE;
	char policy[QUOTED_MAX], file[QUOTED_MAX], member[QUOTED_MAX], rhost[QUOTED_MAX], client[QUOTED_MAX];
	char service[QUOTED_MAX], tty[QUOTED_MAX], ruser[QUOTED_MAX], would[4 * QUOTED_MAX], why[QUOTED_MAX];
	char address[AP_ADDRESS_TEXT_MAX];
	unknown_fact unknown;

	if (named)
		decided = ap_view_policy_at(&view, decision->at);
	if (!find_unknown(image, request, decision, &unknown))
		return false;
	ap_text_quote(named ? ap_view_string(&view, decided.name) : NULL, policy, sizeof(policy));
	ap_text_quote(named ? ap_view_string(&view, decided.file) : NULL, file, sizeof(file));
	ap_text_quote(ap_view_string(&view, ap_view_client(&view, request->client).name), client, sizeof(client));
	list_would(&view, decision, would, sizeof(would));
	if (!view.sound || ap_image_has_fault(image))
		return false;
	pam_syslog(pamh, decision->verdict == AP_ALLOW ? LOG_INFO : LOG_NOTICE,
		   "decision=%s reason=%s policy=%s file=%s line=%u user=%s ip=%s rhost=%s client=%s client_source=%s "
		   "service=%s tty=%s ruser=%s would=%s unknown=%s",
		   ap_verdict_name(decision->verdict), ap_reason_name(decision->reason), policy, file, decided.line,
		   ap_text_quote(request->member.text, member, sizeof(member)),
		   ap_address_format(&request->address, address),
		   ap_text_quote(request->facts.rhost, rhost, sizeof(rhost)), client, sources[request->client_source],
		   ap_text_quote(request->facts.service, service, sizeof(service)),
		   ap_text_quote(request->facts.tty, tty, sizeof(tty)),
		   ap_text_quote(request->facts.ruser, ruser, sizeof(ruser)), would,
		   ap_text_quote(unknown.text[0] != '\0' ? unknown.text : NULL, why, sizeof(why)));
	return true;
}

/*
 * Audit record
 */

/*
 * Where the policy has it written, if it says so. Whatever fails is logged, with the record, which is a line of printable
 * text; nobody is let in or kept out for it.
 */
static void write_record(pam_handle_t *pamh, const ap_image *image, const ap_facts *facts, const ap_request *request,
			 const ap_decision *decision)
{
	const ap_audit_login login = { .facts = facts, .request = request, .decision = decision, .pid = getpid() };
	const char *path = ap_audit_file(image, decision);
	char record[AP_AUDIT_RECORD_MAX + 1], file[QUOTED_MAX];
	char message[sizeof(((ap_error *)NULL)->message) + 16];
	ap_error error = { .status = AP_OK };
	size_t length;

	if (path == NULL)
		return;
	length = ap_audit_format(image, &login, record);
	if (ap_audit_append(path, record, length, &error) == AP_OK)
		return;
	pam_syslog(pamh, LOG_ERR, "the audit record could not be written: %s: %s: %.*s",
		   ap_text_escape(path, file, sizeof(file)), ap_text_escape(error.message, message, sizeof(message)),
		   (int)(length - 1), record);
}

/*
 * Message
 */

static bool can_converse(const pam_handle_t *pamh)
{
	const void *item = NULL;
	const struct pam_conv *conversation;

	if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || item == NULL)
		return false;
	conversation = item;
	return conversation->conv != NULL;
}

/* A failed conversation changes nothing: the decision stands, and the log has it. */
static void show_message(pam_handle_t *pamh, const ap_module_options *o, const char *message)
{
	static const int styles[] = { [AP_MESSAGE_ERROR] = PAM_ERROR_MSG,
				      [AP_MESSAGE_INFO] = PAM_TEXT_INFO,
				      [AP_MESSAGE_PROMPT] = PAM_PROMPT_ECHO_OFF };
	char line[MESSAGE_MAX], *reply = NULL;

	if (o->style == AP_MESSAGE_NONE || !can_converse(pamh))
		return;
	ap_text_message(message, line, sizeof(line));
	(void)pam_prompt(pamh, styles[o->style], &reply, "%s", line);
	if (reply != NULL) {
		/* whatever was typed, a password as like as not, is nobody's business here */
		explicit_bzero(reply, strlen(reply));
		free(reply);
	}
}

/*
 * Return code
 */

static int code_of(const ap_decision *decision, const ap_module_options *o, phase asked)
{
	if (decision->verdict != AP_ALLOW)
		return PAM_PERM_DENIED;
	if (o->answer == AP_ALLOWED_USER_UNKNOWN)
		return PAM_USER_UNKNOWN;
	/* a module that checks no password must not be the one that says yes */
	if (asked == PHASE_AUTH && o->answer == AP_ALLOWED_NOT_WRITTEN)
		return PAM_IGNORE;
	return PAM_SUCCESS;
}

/* The log and the record first: a host may end its process when its client is gone at the prompt. */
static bool tell(pam_handle_t *pamh, int flags, const ap_module_options *o, const ap_image *image, ap_request *request,
		 const ap_decision *decision)
{
	const char *message = decision->verdict == AP_DENY ? ap_decision_message(image, decision) : "";

	if (message == NULL || !log_decision(pamh, image, request, decision))
		return false;
	write_record(pamh, image, &request->facts, request, decision);
	if (decision->verdict == AP_DENY && !(o->heeds_silent && ((unsigned)flags & PAM_SILENT) != 0))
		show_message(pamh, o, message);
	return true;
}

static int decide_login(pam_handle_t *pamh, int flags, const ap_module_options *o, const ap_facts *facts,
			const ap_image *image, phase asked)
{
	ap_request request;
	ap_decision decision = { .policy = AP_NONE };
	ap_error error = { .status = AP_OK };
	int code = PAM_SERVICE_ERR;

	if (ap_request_init(&request, image, facts, &error) != AP_OK) {
		log_error(pamh, facts, &error);
		write_record(pamh, image, facts, NULL, NULL);
		return PAM_SERVICE_ERR;
	}
	if (decide(pamh, o, image, &request, &decision, &error) != AP_OK) {
		log_error(pamh, facts, &error);
		write_record(pamh, image, facts, &request, NULL);
	} else if (!tell(pamh, flags, o, image, &request, &decision)) {
		(void)ap_image_damaged(image, &error);
		log_error(pamh, facts, &error);
		write_record(pamh, image, facts, &request, NULL);
	} else {
		code = code_of(&decision, o, asked);
	}
	ap_decision_clear(&decision);
	ap_request_clear(&request);
	return code;
}

static int answer(pam_handle_t *pamh, int flags, int argc, const char **argv, phase asked)
{
	int code = PAM_SERVICE_ERR;
	char **environment = NULL;
	ap_image *image = NULL;
	ap_error error = { .status = AP_OK };
	ap_facts facts;
	ap_module_options o;

	if (!collect_facts(pamh, &facts, &environment, &error) ||
	    ap_module_options_parse(argc, argv, &o, &error) != AP_OK ||
	    get_policy(pamh, &o, facts.now, &image, &error) != AP_OK) {
		log_error(pamh, &facts, &error);
	} else {
		facts.client = o.client;
		code = decide_login(pamh, flags, &o, &facts, image, asked);
	}
	ap_image_free(image);
	free_environment(environment);
	return code;
}

/* A host that cancels its thread at a read would leave descriptors and memory behind. */
static int handle(pam_handle_t *pamh, int flags, int argc, const char **argv, phase asked)
{
	int cancelling, code;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
	code = answer(pamh, flags, argc, argv, asked);
	(void)pthread_setcancelstate(cancelling, NULL);
	return code;
}

EXPORTED int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return handle(pamh, flags, argc, argv, PHASE_ACCOUNT);
}

EXPORTED int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return handle(pamh, flags, argc, argv, PHASE_AUTH);
}

#define ANSWERS_NOTHING(entry)                                                                                         \
	EXPORTED int entry(pam_handle_t *pamh, int flags, int argc, const char **argv)                                 \
	{                                                                                                              \
		(void)pamh;                                                                                            \
		(void)flags;                                                                                           \
		(void)argc;                                                                                            \
		(void)argv;                                                                                            \
		return PAM_IGNORE;                                                                                     \
	}

ANSWERS_NOTHING(pam_sm_setcred)
ANSWERS_NOTHING(pam_sm_open_session)
ANSWERS_NOTHING(pam_sm_close_session)
ANSWERS_NOTHING(pam_sm_chauthtok)
