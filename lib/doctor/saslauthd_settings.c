#include "saslauthd_settings.h"

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
	const char *line;
	size_t length;

	for (unsigned number = 1; (line = ap_text_line(&text, &length)) != NULL; number++) {
		const char *start = ap_text_shell_value(arena, line, "START");
		const char *options = ap_text_shell_value(arena, line, "OPTIONS");
		const char *mechanism = ap_text_shell_value(arena, line, "MECHANISMS");

		if (start != NULL)
			one.starts = strcmp(start, "yes") == 0;
		if (options != NULL) {
			one.options = options;
			one.options_line = number;
		}
		if (mechanism != NULL) {
			one.mechanism = mechanism;
			one.mechanism_line = number;
		}
	}
	read_options(ap_text_words(arena, one.options, " \t"), &one);
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
