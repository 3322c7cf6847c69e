#include "saslauthd_settings.h"

#include "text_parts.h"

#include <string.h>

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

ap_saslauthd ap_saslauthd_of_defaults(const ap_host *host, const char *path)
{
	enum { START, MECHANISMS, OPTIONS, N };
	ap_default_setting set[N] = { { .name = "START" }, { .name = "MECHANISMS" }, { .name = "OPTIONS" } };
	ap_saslauthd one = { .doubt = ap_default_file_read(host, path, AP_DEFAULT_FILE_OF_SH, set, N) };
	bool is_certain = one.doubt.what == NULL;
	const char *options = set[OPTIONS].value;

	/* what is not understood may set it */
	one.starts = !is_certain || (set[START].value != NULL && strcmp(set[START].value, "yes") == 0);
	one.mechanism = set[MECHANISMS].value != NULL ? set[MECHANISMS].value : "";
	one.mechanism_line = set[MECHANISMS].line;
	one.options = options != NULL ? options : "";
	one.options_line = set[OPTIONS].line;
	if (*one.options == '\0' && (options != NULL || is_certain))
		options = AP_SASLAUTHD_OPTIONS;
	read_options(ap_text_words(host->arena, options != NULL ? options : "", " \t\n"), &one);
	return one;
}

/* In linear time, for as many as a process may have. */
static const char *joined(ap_arena *arena, const char *const *words)
{
	size_t size = 1, length = 0;
	char *text;

	for (size_t i = 0; words[i] != NULL; i++)
		size += strlen(words[i]) + 1;
	text = ap_arena_alloc(arena, size);
	for (size_t i = 0; words[i] != NULL; i++) {
		size_t more = strlen(words[i]);

		if (i > 0)
			text[length++] = ' ';
		memcpy(text + length, words[i], more);
		length += more;
	}
	return text;
}

ap_saslauthd ap_saslauthd_of_arguments(ap_arena *arena, const char *const *argv)
{
	const char *const *words = argv[0] != NULL ? argv + 1 : argv;
	ap_saslauthd one = { .starts = true, .mechanism = "", .options = joined(arena, words) };

	read_options(words, &one);
	return one;
}
