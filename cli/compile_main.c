/*
 * accesspolicy-compile - reads policy files and writes their image to standard output.
 *
 * The module runs it as a child process (spawn.h says why) and reads either an image, or AP_SPAWN_ERRORS and a line
 * for each thing that is wrong.
 */
#include "../lib/make/compile.h"
#include "../lib/make/load.h"
#include "../lib/textmode/spawn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ERRORS_MAX = 64 * 1024, EXIT_USAGE = 2 };

/* Writes one line, or nothing where it would not fit whole: a cut line would name a wrong place. */
static void write_line(size_t *room, const char *file, unsigned line, const char *message)
{
	int needed = line != 0 ? snprintf(NULL, 0, "%s:%u: %s\n", file, line, message)
			       : snprintf(NULL, 0, "%s: %s\n", file, message);

	if (needed < 0 || (size_t)needed > *room)
		return;
	*room -= (size_t)needed;
	if (line != 0)
		printf("%s:%u: %s\n", file, line, message);
	else
		printf("%s: %s\n", file, message);
}

static void write_diagnostics(const ap_diagnostics *diagnostics)
{
	size_t room = ERRORS_MAX - strlen(AP_SPAWN_ERRORS);

	fputs(AP_SPAWN_ERRORS, stdout);
	for (size_t i = 0; i < diagnostics->n; i++)
		if (diagnostics->items[i].severity == AP_ERROR)
			write_line(&room, diagnostics->items[i].file, diagnostics->items[i].line,
				   diagnostics->items[i].message);
}

static void write_error(const char *config, const ap_error *error)
{
	size_t room = ERRORS_MAX - strlen(AP_SPAWN_ERRORS);

	fputs(AP_SPAWN_ERRORS, stdout);
	write_line(&room, error->file[0] != '\0' ? error->file : config, error->line, error->message);
}

static int compile(const char *config)
{
	const ap_load_options options = { .config = config };
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	ap_error error = { 0 };
	void *bytes = NULL;
	size_t size = 0;
	int result = EXIT_FAILURE;

	if (ap_load(&options, &set, &diagnostics) != AP_OK)
		write_diagnostics(&diagnostics);
	else if (ap_compile(set, (int64_t)time(NULL), &bytes, &size, &error) != AP_OK)
		write_error(config, &error);
	else if (fwrite(bytes, 1, size, stdout) == size)
		result = EXIT_SUCCESS;
	free(bytes);
	ap_policy_set_free(set);
	ap_diagnostics_clear(&diagnostics);
	return result;
}

int main(int argc, char **argv)
{
	int result;

	if (argc != 2) {
		fputs("Usage: accesspolicy-compile CONFIG\n", stderr);
		return EXIT_USAGE;
	}
	result = compile(argv[1]);
	if (ferror(stdout) || fclose(stdout) != 0) {
		fprintf(stderr, "accesspolicy-compile: standard output: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	return result;
}
