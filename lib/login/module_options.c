#include "module_options.h"

#include <stddef.h>
#include <string.h>

typedef enum { WORD, PATH, FLAG } option_kind;

typedef struct {
	const char *name;
	option_kind kind;
	size_t value; /* offset of its text in the options */
} option;

static const option known_options[] = {
	{ "config", PATH, offsetof(ap_module_options, config) },
	{ "image", PATH, offsetof(ap_module_options, image) },
	{ "client", WORD, offsetof(ap_module_options, client) },
	{ "message", WORD, offsetof(ap_module_options, message) },
	{ "silent", WORD, offsetof(ap_module_options, silent) },
	{ "allowed", WORD, offsetof(ap_module_options, allowed) },
	{ "compiler", PATH, offsetof(ap_module_options, compiler) },
	{ "debug", FLAG, offsetof(ap_module_options, debug) },
};

static const option *find_option(const char *argument)
{
	size_t length = strcspn(argument, "="), i;

	for (i = 0; i < sizeof(known_options) / sizeof(known_options[0]); i++)
		if (strlen(known_options[i].name) == length && strncmp(known_options[i].name, argument, length) == 0)
			return &known_options[i];
	return NULL;
}

/* What is wrong with the argument, or NULL with its text stored. */
static const char *take_argument(ap_module_options *o, const char *argument)
{
	const option *known = find_option(argument);
	const char *equals = strchr(argument, '='), **value;

	if (known == NULL)
		return "is no option; expected config=, image=, client=, message=, silent=, allowed=, compiler= or "
		       "debug";
	value = (const char **)((char *)o + known->value);
	if (*value != NULL)
		return "is written twice";
	if ((known->kind == FLAG) != (equals == NULL))
		return known->kind == FLAG ? "takes no value" : "needs a value, as in option=value";
	*value = equals != NULL ? equals + 1 : known->name;
	if (**value == '\0')
		return "has an empty value";
	if (known->kind == PATH && **value != '/')
		return "is no absolute path";
	return NULL;
}

/* The value's place among the words; that of an option which is not written is 0. `expected` names the words. */
static ap_status find_word(const char *name, const char *value, const char *const *words, const char *expected,
			   int *ret_index, ap_error *error)
{
	int i;

	*ret_index = 0;
	if (value == NULL)
		return AP_OK;
	for (i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], value) == 0) {
			*ret_index = i;
			return AP_OK;
		}
	return ap_error_set(error, AP_ERR_POLICY, NULL, 0, "the module's option \"%s=%s\": expected %s", name, value,
			    expected);
}

static ap_status check_options(ap_module_options *o, ap_error *ret_fault)
{
	static const char *const styles[] = { "error", "info", "prompt", "none", NULL };
	static const char *const silences[] = { "obey", "ignore", NULL };
	static const char *const answers[] = { "success", "user-unknown", NULL };
	int style, silence, answer;
	ap_status status = find_word("message", o->message, styles, "error, info, prompt or none", &style, ret_fault);

	if (status == AP_OK)
		status = find_word("silent", o->silent, silences, "obey or ignore", &silence, ret_fault);
	if (status == AP_OK)
		status = find_word("allowed", o->allowed, answers, "success or user-unknown", &answer, ret_fault);
	if (status == AP_OK && o->config != NULL && o->image != NULL)
		status = ap_error_set(ret_fault, AP_ERR_POLICY, NULL, 0,
				      "the module's options config= and image= exclude each other: a policy is read "
				      "from the files or from an image");
	if (status != AP_OK)
		return status;
	o->style = (ap_message_style)style;
	o->heeds_silent = silence == 0;
	o->answer = o->allowed != NULL ? (ap_allowed_answer)(answer + 1) : AP_ALLOWED_NOT_WRITTEN;
	return AP_OK;
}

ap_status ap_module_options_parse(int argc, const char *const *argv, ap_module_options *ret_options, ap_error *error)
{
	const char *fault;
	int i;

	memset(ret_options, 0, sizeof(*ret_options));
	for (i = 0; i < argc; i++) {
		fault = take_argument(ret_options, argv[i]);
		if (fault != NULL)
			return ap_error_set(error, AP_ERR_POLICY, NULL, 0, "the module's option \"%s\" %s", argv[i],
					    fault);
	}
	return check_options(ret_options, error);
}
