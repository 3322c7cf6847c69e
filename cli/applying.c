#include "applying.h"

#include "applied_report.h"
#include "in_force.h"
#include "login_origin.h"
#include "nss_cache.h"
#include "progress_bar.h"
#include "who.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

enum { WAIT_MS = 30 * 1000 }; /* for somebody else's apply to end */

/*
 * What is put in force names its files so that they are found from wherever the next command is run, and in one way
 * whichever it was asked for by: the folder's own path. The root file itself may be a link.
 */
static const char *absolute(ap_context *context, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL   ? realpath(".", NULL)
		       : slash == path ? realpath("/", NULL)
				       : realpath(ap_arena_strndup(context->arena, path, (size_t)(slash - path)), NULL);
	const char *found = path;

	if (folder != NULL)
		found = ap_format(context->arena, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder,
				  slash != NULL ? slash + 1 : path);
	free(folder);
	return found;
}

const char *ap_applying_config(ap_context *context)
{
	return absolute(context, ap_context_config(context));
}

static void complete(ap_context *context, ap_apply_options *options)
{
	ap_origin *origin = ap_arena_alloc(context->arena, sizeof(*origin));

	options->config = ap_applying_config(context);
	options->state = ap_context_state(context);
	options->now = (int64_t)time(NULL);
	options->wait_ms = WAIT_MS;
	options->by = ap_who(context->arena, &options->uid);
	*origin = ap_login_origin(context->arena);
	options->origin = origin;
	options->state_option = ap_in_force_state_option(context);
	options->files_option = ap_in_force_files_option(context);
}

/* Where --force went over something: a line of the system's log for each, beside what the history says. */
static void log_forced(const ap_apply_options *options, const ap_apply_result *result)
{
	if (!result->in_force || options->dry_run || !options->force)
		return;
	openlog("accesspolicy", LOG_PID, LOG_AUTHPRIV);
	for (size_t i = 0; i < result->refusals.n; i++) {
		const ap_diagnostic *item = &result->refusals.items[i];
		char line[16] = "";

		if (item->line != 0)
			(void)snprintf(line, sizeof(line), ":%u", item->line);
		if (item->severity == AP_ERROR)
			syslog(LOG_WARNING, "%s put revision %.12s in force with --force, over this: %s%s: %s",
			       options->by, result->revision, item->file, line, item->message);
	}
	closelog();
}

void ap_applying_apply(ap_context *context, ap_apply_options *options, ap_apply_result *ret_result)
{
	ap_progress_bar bar;

	complete(context, options);
	ap_progress_bar_begin(&bar);
	options->progress = &bar.progress;
	options->nss = ap_nss_cache_begin(&ap_nss_system);
	ap_apply(options, context->arena, ret_result);
	ap_nss_cache_end();
	ap_progress_bar_end(&bar);
	log_forced(options, ret_result);
}

int ap_applying_run(ap_context *context, ap_apply_options *options, const char *asked)
{
	ap_apply_result result;
	int status;

	ap_applying_apply(context, options, &result);
	status = ap_applied_report(context, options, &result, asked);
	ap_apply_result_clear(&result);
	return status;
}

static int run_revision(ap_context *context, ap_apply_options *options, ap_applying_revision *put_in_force,
			const char *revision, const char *asked)
{
	ap_apply_result result;
	int status;

	complete(context, options);
	options->nss = ap_nss_cache_begin(&ap_nss_system);
	put_in_force(options, revision, context->arena, &result);
	ap_nss_cache_end();
	log_forced(options, &result);
	status = ap_applied_report(context, options, &result, asked);
	ap_apply_result_clear(&result);
	return status;
}

static bool is_revision(const char *text)
{
	size_t length = strlen(text);

	return length >= AP_REVISION_PREFIX_MIN && length <= AP_HEX_REVISION &&
	       text[strspn(text, "0123456789abcdef")] == '\0';
}

/* NULL where there is no operand. */
static int take_revision(ap_context *context, const ap_usage *usage, int n, char **operands, const char **ret_revision)
{
	if (n > 1)
		return ap_usage_error(usage, "unexpected \"%s\"", ap_printable(context->arena, operands[1]));
	if (n == 1 && !is_revision(operands[0]))
		return ap_usage_error(usage, "\"%s\" is no revision; expected at least %d of its digits 0-9 and a-f",
				      ap_printable(context->arena, operands[0]), AP_REVISION_PREFIX_MIN);
	*ret_revision = n == 1 ? operands[0] : NULL;
	return AP_EXIT_YES;
}

int ap_applying_revision_command(ap_context *context, const ap_usage *usage, int argc, char **argv,
				 ap_apply_options *options, ap_applying_revision *put_in_force)
{
	const char *revision = NULL;
	int first, status;

	if (!ap_options_parse(context, usage, argc, argv, &first, &status))
		return status;
	status = take_revision(context, usage, argc - first, argv + first, &revision);
	if (status != AP_EXIT_YES)
		return status;
	return run_revision(context, options, put_in_force, revision, usage->command);
}
