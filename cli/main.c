/*
 * accesspolicy - tests, checks and shows the policy that decides logins.
 *
 * The options that stand everywhere are taken before and after the subcommand's name; everything else is the
 * subcommand's.
 */
#include "command.h"
#include "options.h"
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const ap_command commands[] = {
	{ "test", "what the policy decides over a login, and why", ap_cmd_test },
	{ "apply", "put the policy files in force, all at once", ap_cmd_apply },
	{ "audit", "the records: who was let in or not, when, and by which policy", ap_cmd_audit },
	{ "check", "what is wrong with the files, or probably not meant", ap_cmd_check },
	{ "confirm", "keep the policy that is in force on trial", ap_cmd_confirm },
	{ "create", "a new policy, in a file of its own and in force", ap_cmd_create },
	{ "delete", "policies go, and what else is in their files stays", ap_cmd_delete },
	{ "disable", "policies stay in the files, and decide nothing", ap_cmd_disable },
	{ "doctor", "what lets a login past the policy on this machine", ap_cmd_doctor },
	{ "edit", "a policy says something else, in the file where it stands", ap_cmd_edit },
	{ "enable", "logins are decided by the policies that are named", ap_cmd_enable },
	{ "except", "somebody is freed from policies for a time", ap_cmd_except },
	{ "history", "what was in force, when and by whom", ap_cmd_history },
	{ "import", "rules of other programs into policies", ap_cmd_import },
	{ "list", "the policies in one table", ap_cmd_list },
	{ "region", "where an address is, and which policies hold it for that", ap_cmd_region },
	{ "report-only", "policies are evaluated beside the others, and change nothing", ap_cmd_report_only },
	{ "rollback", "put an earlier policy in force again", ap_cmd_rollback },
	{ "show", "one policy in full, and where each setting comes from", ap_cmd_show },
	{ "status", "what is in force, and which files differ from it", ap_cmd_status },
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

const char *ap_context_config(const ap_context *context)
{
	return context->config != NULL ? context->config : AP_CONFIG_FILE;
}

const char *ap_context_state(const ap_context *context)
{
	return context->state != NULL ? context->state : AP_STATE_DIR;
}

static const char *description(ap_arena *arena)
{
	const char *text = "Makes, tests and puts in force the policies that decide logins.\n\nCommands:";

	for (size_t i = 0; i < N_COMMANDS; i++)
		text = ap_format(arena, "%s\n  %-13s%s", text, commands[i].name, commands[i].summary);
	return ap_format(arena, "%s\n\n\"accesspolicy COMMAND --help\" says more of each.", text);
}

static int unknown_command(ap_context *context, const ap_usage *usage, const char *word)
{
	const char *names[N_COMMANDS];

	for (size_t i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i].name;
	return ap_usage_error(usage, "unknown command \"%s\"%s", ap_printable(context->arena, word),
			      ap_did_you_mean(context, word, names, N_COMMANDS));
}

static int dispatch(ap_context *context, int argc, char **argv)
{
	const ap_option options[] = {
		{ .name = "version", .help = "show the version and end", .flag = &context->version },
	};
	const ap_usage usage = { .synopsis = "COMMAND [OPTION]...",
				 .description = description(context->arena),
				 .options = options,
				 .n_options = sizeof(options) / sizeof(options[0]),
				 .before_command = true };
	int first, status;

	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	if (context->version) {
		puts("accesspolicy " AP_VERSION);
		return AP_EXIT_YES;
	}
	if (first == argc)
		return ap_usage_error(&usage, "no command is given");
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(argv[first], commands[i].name) == 0)
			return commands[i].run(context, argc - first, argv + first);
	return unknown_command(context, &usage, argv[first]);
}

/*
 * A file that is opened later must not become the standard output of a command that was started without one. What is
 * held open fails when it is used, as a closed descriptor does.
 */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(AP_EXIT_USAGE);
}

/* Text is UTF-8 throughout; the locale only tells how wide a character is. */
static void set_character_type(void)
{
	if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

/* An answer that did not arrive whole must not look like one. */
static int finish_output(int status)
{
	bool failed = ferror(stdout) != 0;

	errno = 0;
	if (fclose(stdout) != 0)
		failed = true;
	if (!failed)
		return status;
	fprintf(stderr, "accesspolicy: standard output could not be written: %s\n",
		errno != 0 ? strerror(errno) : "a write failed");
	return status == AP_EXIT_YES ? AP_EXIT_NO : status;
}

int main(int argc, char **argv)
{
	ap_context context = { 0 };
	int status;

	hold_standard_descriptors();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error that can be told */
	set_character_type();
	context.arena = ap_arena_new();
	context.screen = ap_screen_of_stdout();
	status = finish_output(dispatch(&context, argc, argv));
	ap_arena_free(context.arena);
	return status;
}
