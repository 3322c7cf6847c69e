/* accesspolicy except - exceptions: narrow, and for a time. */
#include "except.h"
#include "options.h"

#include <string.h>

static const ap_command commands[] = {
	{ "add", "somebody is freed from policies for a time", ap_except_add },
	{ "delete", "exceptions go, and what else is in their files stays", ap_except_delete },
	{ "list", "the exceptions in one table, and how long each lasts", ap_except_list },
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const char *description(ap_arena *arena)
{
	const char *text = "Exceptions free somebody from policies, narrowly and for a time.\n\nCommands:";

	for (size_t i = 0; i < N_COMMANDS; i++)
		text = ap_format(arena, "%s\n  %-13s%s", text, commands[i].name, commands[i].summary);
	return ap_format(arena, "%s\n\n\"accesspolicy except COMMAND --help\" says more of each.", text);
}

int ap_cmd_except(ap_context *context, int argc, char **argv)
{
	const ap_usage usage = { .command = "except",
				 .synopsis = "add|list|delete [OPTION]...",
				 .description = description(context->arena),
				 .before_command = true };
	const char *names[N_COMMANDS];
	int first, status;

	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	if (first == argc)
		return ap_usage_error(&usage, "no command is given; expected add, list or delete");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(argv[first], commands[i].name) == 0)
			return commands[i].run(context, argc - first, argv + first);
		names[i] = commands[i].name;
	}
	return ap_usage_error(&usage, "unknown command \"%s\"%s", ap_printable(context->arena, argv[first]),
			      ap_did_you_mean(context, argv[first], names, N_COMMANDS));
}
