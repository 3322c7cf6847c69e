#include "options.h"

#include "../lib/make/suggest.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { N_COMMON = 4, OPTION_BASE = 256, HELP_COLUMN = 22, HELP_WIDTH = 80 };

/* The command's own table followed by the options that stand everywhere. */
typedef struct {
	const ap_usage *usage;
	ap_context *context;
	ap_option *options;
	size_t n;
} option_set;

static void common_options(ap_context *context, ap_option options[N_COMMON])
{
	options[0] = (ap_option){ .name = "config",
				  .value = "FILE",
				  .help = "read this root file and the drop-ins in conf.d beside it",
				  .text = &context->config };
	options[1] = (ap_option){
		.name = "state", .value = "DIR", .help = "the folder of what is in force", .text = &context->state
	};
	options[2] = (ap_option){ .name = "json", .help = "write JSON", .flag = &context->json };
	options[3] = (ap_option){ .name = "help", .help = "show this help and end", .flag = &context->help };
}

static option_set option_set_of(ap_context *context, const ap_usage *usage)
{
	option_set set = { .usage = usage, .context = context, .n = usage->n_options + N_COMMON };

	set.options = ap_arena_alloc(context->arena, set.n * sizeof(*set.options));
	for (size_t i = 0; i < usage->n_options; i++)
		set.options[i] = usage->options[i];
	common_options(context, set.options + usage->n_options);
	return set;
}

static struct option *getopt_table(const option_set *set)
{
	struct option *table = ap_arena_alloc(set->context->arena, (set->n + 1) * sizeof(*table));

	for (size_t i = 0; i < set->n; i++) {
		table[i].name = set->options[i].name;
		table[i].has_arg = set->options[i].value != NULL ? required_argument : no_argument;
		table[i].val = OPTION_BASE + (int)i;
	}
	return table;
}

static void write_synopsis(const ap_usage *usage, FILE *out)
{
	const char *lead = "Usage: ";

	for (const char *line = usage->synopsis; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		fprintf(out, "%saccesspolicy%s%s %.*s\n", lead, usage->command != NULL ? " " : "",
			usage->command != NULL ? usage->command : "", (int)length, line);
		lead = "       ";
		line += length + (line[length] == '\n');
	}
}

static void write_option(const ap_option *option)
{
	const ap_screen page = { .columns = HELP_WIDTH };
	int letter = option->letter != 0 ? printf("  -%c,", option->letter) : printf(" ");
	int width = letter + printf(" --%s%s%s", option->name, option->value != NULL ? " " : "",
				    option->value != NULL ? option->value : "");

	if (width >= HELP_COLUMN - 1)
		printf("\n%*s", HELP_COLUMN, "");
	else
		printf("%*s", HELP_COLUMN - width, "");
	ap_paint_wrapped(&page, AP_PLAIN, option->help, HELP_COLUMN);
}

/* Lines that begin with a blank, or follow an empty one, stay apart; all others are filled. */
static void write_description(ap_arena *arena, const char *text)
{
	const ap_screen page = { .columns = HELP_WIDTH };

	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		char *line;

		while (text[length] == '\n' && text[length + 1] != '\n' && text[length + 1] != ' ' && length > 0)
			length += 1 + strcspn(text + length + 1, "\n");
		line = ap_arena_strndup(arena, text, length);
		for (char *at = line; (at = strchr(at, '\n')) != NULL;)
			*at = ' ';
		ap_paint_wrapped(&page, AP_PLAIN, line, 0);
		text += length + (text[length] == '\n');
	}
}

static void write_help(ap_arena *arena, const ap_usage *usage)
{
	ap_context nowhere = { 0 };
	ap_option common[N_COMMON];

	common_options(&nowhere, common);
	write_synopsis(usage, stdout);
	putchar('\n');
	write_description(arena, usage->description);
	fputs("\nOptions:\n", stdout);
	for (size_t i = 0; i < usage->n_options; i++)
		write_option(&usage->options[i]);
	for (size_t i = 0; i < N_COMMON; i++)
		write_option(&common[i]);
}

int ap_usage_error(const ap_usage *usage, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "accesspolicy%s%s: ", usage->command != NULL ? " " : "",
		usage->command != NULL ? usage->command : "");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	write_synopsis(usage, stderr);
	fprintf(stderr, "\"accesspolicy%s%s --help\" says more.\n", usage->command != NULL ? " " : "",
		usage->command != NULL ? usage->command : "");
	return AP_EXIT_USAGE;
}

const char *ap_did_you_mean(ap_context *context, const char *text, const char *const *candidates, size_t n)
{
	const char *nearest = ap_suggest(text, candidates, n);

	if (nearest == NULL)
		return "";
	return ap_format(context->arena, "; did you mean \"%s\"?", ap_printable(context->arena, nearest));
}

int ap_option_choice(ap_context *context, const ap_usage *usage, const char *option, const char *text,
		     const char *const *words, size_t n)
{
	const char *expected = "";

	for (size_t i = 0; i < n; i++) {
		const char *joint = i == 0 ? "" : i + 1 < n ? ", " : " or ";

		if (strcmp(words[i], text) == 0)
			return (int)i;
		expected = ap_format(context->arena, "%s%s%s", expected, joint, words[i]);
	}
	(void)ap_usage_error(usage, "--%s: \"%s\" is none; expected %s%s", option, ap_printable(context->arena, text),
			     expected, ap_did_you_mean(context, text, words, n));
	return -1;
}

static int unknown_option(const option_set *set, const char *word)
{
	ap_arena *arena = set->context->arena;
	const char **names = ap_arena_alloc(arena, set->n * sizeof(*names));
	char *name = ap_arena_strndup(arena, word, strcspn(word, "="));

	for (size_t i = 0; i < set->n; i++)
		names[i] = ap_format(arena, "--%s", set->options[i].name);
	return ap_usage_error(set->usage, "unknown option \"%s\"%s", ap_printable(arena, name),
			      ap_did_you_mean(set->context, name, names, set->n));
}

/* What getopt_long refused, in words. It leaves the cause in `result` and optopt. */
static int refused(const option_set *set, int result, char **argv)
{
	if (optopt >= OPTION_BASE) {
		const ap_option *option = &set->options[optopt - OPTION_BASE];

		if (result == ':')
			return ap_usage_error(set->usage, "--%s needs a value: --%s %s", option->name, option->name,
					      option->value);
		return ap_usage_error(set->usage, "--%s takes no value", option->name);
	}
	if (optopt != 0)
		return unknown_option(set, ap_format(set->context->arena, "-%c", optopt));
	return unknown_option(set, argv[optind - 1]);
}

static bool note(const option_set *set, const ap_option *option, int *ret_status)
{
	if (option->flag != NULL) {
		*option->flag = true;
		return true;
	}
	if (optarg[0] == '\0' && !option->may_be_empty) {
		*ret_status = ap_usage_error(set->usage, "--%s is empty; expected %s", option->name, option->value);
		return false;
	}
	if (option->texts != NULL) {
		const char **item = AP_PUSH(set->context->arena, option->texts->items, option->texts->n);

		*item = optarg;
		return true;
	}
	if (*option->text != NULL) {
		*ret_status = ap_usage_error(set->usage, "--%s stands twice", option->name);
		return false;
	}
	*option->text = optarg;
	return true;
}

bool ap_options_parse(ap_context *context, const ap_usage *usage, int argc, char **argv, int *ret_first,
		      int *ret_status)
{
	option_set set = option_set_of(context, usage);
	struct option *table = getopt_table(&set);
	const char *letters = usage->before_command ? "+:" : ":";
	int result;

	for (size_t i = 0; i < set.n; i++)
		if (set.options[i].letter != 0)
			letters = ap_format(context->arena, "%s%c", letters, set.options[i].letter);
	opterr = 0;
	optind = 0; /* GNU: start over with this argv */
	while ((result = getopt_long(argc, argv, letters, table, NULL)) != -1) {
		for (size_t i = 0; i < set.n && result < OPTION_BASE; i++)
			if (set.options[i].letter != 0 && set.options[i].letter == result)
				result = OPTION_BASE + (int)i;
		if (result < OPTION_BASE) {
			*ret_status = refused(&set, result, argv);
			return false;
		}
		if (!note(&set, &set.options[result - OPTION_BASE], ret_status))
			return false;
	}
	if (context->help) {
		write_help(context->arena, usage);
		*ret_status = AP_EXIT_YES;
		return false;
	}
	*ret_first = optind;
	return true;
}

bool ap_options_parse_alone(ap_context *context, const ap_usage *usage, int argc, char **argv, int *ret_status)
{
	int first;

	if (!ap_options_parse(context, usage, argc, argv, &first, ret_status))
		return false;
	if (first < argc)
		*ret_status = ap_usage_error(usage, "unexpected \"%s\"", ap_printable(context->arena, argv[first]));
	return first == argc;
}
