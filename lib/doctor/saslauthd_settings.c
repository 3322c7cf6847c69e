#include "saslauthd_settings.h"

#include "shell_values.h"
#include "text_parts.h"

#include <string.h>

#define OPTIONS_OF_INIT "-c -m /var/run/saslauthd"

/* The options of saslauthd that take a value. */
#define WITH_VALUE "aOmnst"

/* The options as getopt(3) takes them apart: "-rc", "-m/run", "-a pam". */
static void read_options(const char *const *words, ap_saslauthd *ret)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (words[i][0] != '-')
			continue;
		for (const char *at = words[i] + 1; *at != '\0'; at++) {
			if (strchr(WITH_VALUE, *at) != NULL) {
				const char *value = at[1] != '\0' ? at + 1 : words[i + 1];

				if (*at == 'a' && value != NULL)
					ret->mechanism = value;
				if (at[1] == '\0' && words[i + 1] != NULL)
					i++;
				break;
			}
			ret->caches = ret->caches || *at == 'c';
		}
	}
}

ap_saslauthd ap_saslauthd_of_defaults(ap_arena *arena, const char *text)
{
	ap_saslauthd one = { .mechanism = "", .options = OPTIONS_OF_INIT };
	ap_shell_values values = ap_shell_read(arena, text);
	const ap_shell_value *start = ap_shell_last(&values, "START"), *options = ap_shell_last(&values, "OPTIONS");
	const ap_shell_value *mechanism = ap_shell_last(&values, "MECHANISMS");

	one.starts = start != NULL && (start->is_computed || strcmp(start->value, "yes") == 0);
	if (options != NULL) {
		one.options = *options->value != '\0' ? options->value : OPTIONS_OF_INIT;
		one.options_line = options->line;
		one.options_computed = options->is_computed;
	}
	if (mechanism != NULL) {
		one.mechanism = mechanism->value;
		one.mechanism_line = mechanism->line;
		one.mechanism_computed = mechanism->is_computed;
	}
	read_options(ap_text_words(arena, one.options, " \t\n"), &one);
	return one;
}

ap_saslauthd ap_saslauthd_of_arguments(ap_arena *arena, const char *const *argv)
{
	ap_saslauthd one = { .starts = true, .mechanism = "", .options = "" };

	for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; i++)
		one.options = ap_format(arena, "%s%s%s", one.options, i > 1 ? " " : "", argv[i]);
	if (argv[0] != NULL)
		read_options(argv + 1, &one);
	return one;
}
