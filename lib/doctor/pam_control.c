#include "pam_control.h"

#include <ctype.h>
#include <security/pam_appl.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Not written yet: "default" fills what is not. */
enum { UNSET = -6, JUMP_MAX = 1000000 };

static const char *const answers[AP_PAM_N_ANSWERS] = {
	"success",
	"open_err",
	"symbol_err",
	"service_err",
	"system_err",
	"buf_err",
	"perm_denied",
	"auth_err",
	"cred_insufficient",
	"authinfo_unavail",
	"user_unknown",
	"maxtries",
	"new_authtok_reqd",
	"acct_expired",
	"session_err",
	"cred_unavail",
	"cred_expired",
	"cred_err",
	"no_module_data",
	"conv_err",
	"authtok_err",
	"authtok_recover_err",
	"authtok_lock_busy",
	"authtok_disable_aging",
	"try_again",
	"ignore",
	"abort",
	"authtok_expired",
	"module_unknown",
	"bad_item",
	"conv_again",
	"incomplete",
};

static const struct {
	const char *name;
	int action;
} actions[] = { { "ignore", AP_PAM_IGNORE }, { "ok", AP_PAM_OK },   { "done", AP_PAM_DONE },
		{ "bad", AP_PAM_BAD },       { "die", AP_PAM_DIE }, { "reset", AP_PAM_RESET } };

/* What the words stand for: success and a password that must be changed; being ignored; everything else. */
static const struct {
	const char *word;
	int good, ignored, rest;
} words[] = { { "required", AP_PAM_OK, AP_PAM_IGNORE, AP_PAM_BAD },
	      { "requisite", AP_PAM_OK, AP_PAM_IGNORE, AP_PAM_DIE },
	      { "optional", AP_PAM_OK, AP_PAM_IGNORE, AP_PAM_IGNORE },
	      { "sufficient", AP_PAM_DONE, AP_PAM_IGNORE, AP_PAM_IGNORE } };

const char *ap_pam_answer_name(int answer)
{
	return answer >= 0 && answer < AP_PAM_N_ANSWERS ? answers[answer] : "";
}

ap_pam_control ap_pam_control_of(int action)
{
	ap_pam_control control;

	for (int i = 0; i < AP_PAM_N_ANSWERS; i++)
		control.actions[i] = action;
	return control;
}

static void fill(ap_pam_control *control, int action)
{
	for (int i = 0; i < AP_PAM_N_ANSWERS; i++)
		if (control->actions[i] == UNSET)
			control->actions[i] = action;
}

static const char *skip_blanks(const char *at)
{
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

/* Moves behind `name` if it begins there: no more is looked at, "successful" is "success" and a rest. */
static bool take(const char **at, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(*at, name, length) != 0)
		return false;
	*at += length;
	return true;
}

/* The number of the answer, AP_PAM_N_ANSWERS for "default", or -1. */
static int take_answer(const char **at)
{
	for (int i = 0; i < AP_PAM_N_ANSWERS; i++)
		if (take(at, answers[i]))
			return i;
	return take(at, "default") ? AP_PAM_N_ANSWERS : -1;
}

static bool take_jump(const char **at, int *ret_action)
{
	int lines = 0;

	if (!isdigit((unsigned char)**at))
		return false;
	for (; isdigit((unsigned char)**at); (*at)++)
		lines = lines < JUMP_MAX ? lines * 10 + (**at - '0') : JUMP_MAX;
	*ret_action = lines;
	return lines != 0;
}

static bool take_action(const char **at, int *ret_action)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (take(at, actions[i].name)) {
			*ret_action = actions[i].action;
			return true;
		}
	return take_jump(at, ret_action);
}

static bool take_pair(const char **at, ap_pam_control *control)
{
	int answer = take_answer(at), action;

	*at = skip_blanks(*at);
	if (answer < 0 || !take(at, "="))
		return false;
	*at = skip_blanks(*at);
	if (!take_action(at, &action))
		return false;
	if (answer == AP_PAM_N_ANSWERS)
		fill(control, action);
	else
		control->actions[answer] = action;
	return true;
}

static bool parse_pairs(const char *text, ap_pam_control *ret_control)
{
	const char *at = skip_blanks(text);

	*ret_control = ap_pam_control_of(UNSET);
	while (*at != '\0') {
		if (!take_pair(&at, ret_control)) {
			*ret_control = ap_pam_control_of(AP_PAM_BAD);
			return false;
		}
		at = skip_blanks(at);
	}
	fill(ret_control, AP_PAM_BAD);
	return true;
}

bool ap_pam_control_parse(const char *text, ap_pam_control *ret_control)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i].word) != 0)
			continue;
		*ret_control = ap_pam_control_of(words[i].rest);
		ret_control->actions[PAM_SUCCESS] = words[i].good;
		ret_control->actions[PAM_NEW_AUTHTOK_REQD] = words[i].good;
		ret_control->actions[PAM_IGNORE] = words[i].ignored;
		return true;
	}
	return parse_pairs(text, ret_control);
}
