#include "module_line.h"

#include <limits.h>
#include <string.h>

/* Also where it was meant: without the ".so", or with the carriage return of a line that was written elsewhere. */
bool ap_is_module_line(const ap_pam_line *line)
{
	static const char *const names[] = { AP_MODULE_NAME, "pam_accesspolicy", AP_MODULE_NAME "\r",
					     "pam_accesspolicy\r" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(ap_pam_line_module(line), names[i]) == 0)
			return true;
	return false;
}

bool ap_module_line_is_missing(const ap_module_folders *folders, const ap_pam_line *line)
{
	struct stat info;

	if (folders->n == 0 && line->module[0] != '/')
		return strcmp(line->module, AP_MODULE_NAME) != 0;
	return ap_module_file_find(folders, line->module, &info) == NULL;
}

const char *ap_module_line_options(ap_arena *arena, const ap_pam_line *line, ap_module_options *ret_options)
{
	ap_error error = { .status = AP_OK };

	if (line->n_arguments > INT_MAX)
		return "there are more options than can be counted";
	if (ap_module_options_parse((int)line->n_arguments, line->arguments, ret_options, &error) == AP_OK)
		return NULL;
	return ap_arena_strdup(arena, error.message);
}

ap_module_lines ap_module_lines_of(ap_arena *arena, const ap_pam_service *service, ap_pam_phase phase)
{
	const ap_pam_stack *stack = &service->stacks[phase];
	ap_module_lines lines = { .n = 0 };

	for (size_t i = 0; i < stack->n; i++)
		if (ap_is_module_line(&stack->lines[i]))
			*AP_PUSH(arena, lines.items, lines.n) = &stack->lines[i];
	return lines;
}

static bool says_user_unknown(ap_arena *arena, const ap_pam_line *line)
{
	ap_module_options options;

	return ap_is_module_line(line) && ap_module_line_options(arena, line, &options) == NULL &&
	       options.answer == AP_ALLOWED_USER_UNKNOWN;
}

/* True if there are lines, and each is the module with allowed=user-unknown. */
static bool all_say_user_unknown(ap_arena *arena, const ap_pam_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++)
		if (!says_user_unknown(arena, &stack->lines[i]))
			return false;
	return stack->n > 0;
}

static bool all_permit(const ap_pam_stack *stack)
{
	for (size_t i = 0; i < stack->n; i++)
		if (strcmp(ap_pam_line_module(&stack->lines[i]), "pam_permit.so") != 0)
			return false;
	return stack->n > 0;
}

/* The account phase is asked where the auth phase has said yes, and the stack there has no question but the module's. */
bool ap_is_deny_passdb_service(ap_arena *arena, const ap_pam_service *service)
{
	const ap_pam_stack *auth = &service->stacks[AP_PAM_AUTH], *account = &service->stacks[AP_PAM_ACCOUNT];

	if (service->file == NULL || auth->of_other)
		return false;
	return all_say_user_unknown(arena, auth) || (all_permit(auth) && all_say_user_unknown(arena, account));
}
