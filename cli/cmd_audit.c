/* accesspolicy audit - the records: who was let in or not, when, from where, with what, and by which policy. */
#include "../lib/login/applied.h"
#include "audit_files.h"
#include "audit_filter.h"
#include "audit_follow.h"
#include "audit_output.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LAST_FOLLOWED = 10, TOP = 10, N_OPTIONS = 18, NUMBER_MAX = 1000000 };

typedef struct {
	ap_context *context;
	ap_audit_filter filter;
	const char *file, *last_text, *top_text;
	bool summary, csv, follow, explain;
	bool summaries[AP_N_SUMMARIES];
	size_t last; /* 0: all */
	size_t top;
	ap_summary *counts;
	char **kept; /* the last lines that were found, a ring */
	size_t n_found, n_torn;
	const char *torn_path; /* where the first was */
	size_t torn_line;
	int status;
} audit;

static void make_options(audit *a, ap_option options[N_OPTIONS])
{
	ap_audit_filter *f = &a->filter;
	const ap_option all[N_OPTIONS] = {
		{ .name = "since",
		  .value = "TIME",
		  .help = "from this time on: \"2026-12-01 18:00\", \"today\", \"2 hours ago\"",
		  .text = &f->since_text },
		{ .name = "until", .value = "TIME", .help = "before this time", .text = &f->until_text },
		{ .name = "member",
		  .value = "NAME",
		  .help = "of this member; \"alice@\": in any domain",
		  .texts = &f->members },
		{ .name = "department",
		  .value = "NAME",
		  .help = "of the members of this department; \"NAME/*\": with its sub-departments",
		  .texts = &f->departments },
		{ .name = "policy",
		  .value = "NAME",
		  .help = "that this policy decided, or as a report-only one would have",
		  .texts = &f->policies },
		{ .name = "decision", .value = "WORD", .help = "allow, deny or error", .texts = &f->decisions },
		{ .name = "reason",
		  .value = "WORD",
		  .help = "blacklisted, not-whitelisted, undetermined, whitelisted or default",
		  .texts = &f->reasons },
		{ .name = "client", .value = "TYPE", .help = "made with this client type", .texts = &f->clients },
		{ .name = "service", .value = "NAME", .help = "through this PAM service", .texts = &f->services },
		{ .name = "region", .value = "CODE", .help = "from this region", .texts = &f->regions },
		{ .name = "ip",
		  .value = "ENTRY",
		  .help = "from this address, network, range, \"local\" or \"unknown\"",
		  .texts = &f->ips },
		{ .name = "last", .value = "N", .help = "the last N that are found", .text = &a->last_text },
		{ .name = "follow", .help = "then go on with those that come", .flag = &a->follow, .letter = 'f' },
		{ .name = "summary",
		  .help = "count them: by policy, member and day, or those of it that are named",
		  .flag = &a->summary },
		{ .name = "top",
		  .value = "N",
		  .help = "of a summary, the N policies and members denied most often (default: 10; 0: all)",
		  .text = &a->top_text },
		{ .name = "explain",
		  .help = "evaluate the last one again by the revision that was in force then",
		  .flag = &a->explain },
		{ .name = "csv", .help = "write CSV", .flag = &a->csv },
		{ .name = "file",
		  .value = "FILE",
		  .help = "read this file alone (\"-\": standard input)",
		  .text = &a->file },
	};

	memcpy(options, all, sizeof(all));
}

static ap_usage usage_of(const ap_option options[N_OPTIONS])
{
	return (ap_usage){
		.command = "audit",
		.synopsis =
			"[FILTER]... [--last N] [-f] [--json | --csv]\n[FILTER]... --summary [policy] [member] [day] [--json | --csv]\n"
			"[FILTER]... --explain [--last N]",
		.description =
			"Shows the records of decisions, the oldest first, from the file that the policy in force names and "
			"those that it was rotated to. All filters that are given must hold; one that is given more than once "
			"holds for any of its values. The status is 0 where records were found, 1 where none was, 2 for a "
			"wrong command line, 3 where a file or the policy cannot be read.",
		.options = options,
		.n_options = N_OPTIONS,
	};
}

/*
 * What is asked
 */

static bool take_number(ap_context *context, const ap_usage *usage, const char *option, const char *text,
			size_t *number, int *ret_status)
{
	char *end;
	unsigned long value;

	if (text == NULL)
		return true;
	value = strtoul(text, &end, 10);
	if (text[strspn(text, "0123456789")] == '\0' && end != text && value <= NUMBER_MAX) {
		*number = value;
		return true;
	}
	*ret_status = ap_usage_error(usage, "--%s is \"%s\"; expected a number up to %d", option,
				     ap_printable(context->arena, text), NUMBER_MAX);
	return false;
}

static int take_operands(ap_context *context, const ap_usage *usage, audit *a, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		size_t k = 0;

		while (k < AP_N_SUMMARIES && strcmp(argv[i], ap_summary_names[k]) != 0)
			k++;
		if (!a->summary)
			return ap_usage_error(usage, "unexpected \"%s\"", ap_printable(context->arena, argv[i]));
		if (k == AP_N_SUMMARIES)
			return ap_usage_error(usage, "--summary counts by policy, member or day; found \"%s\"%s",
					      ap_printable(context->arena, argv[i]),
					      ap_did_you_mean(context, argv[i], ap_summary_names, AP_N_SUMMARIES));
		a->summaries[k] = true;
	}
	for (size_t k = 0; argc == 0 && k < AP_N_SUMMARIES; k++)
		a->summaries[k] = true;
	return AP_EXIT_YES;
}

static int check_options(ap_context *context, const ap_usage *usage, audit *a)
{
	int status = AP_EXIT_YES;

	if (a->csv && context->json)
		return ap_usage_error(usage, "--csv and --json exclude each other");
	if (a->summary && (a->follow || a->explain || a->last_text != NULL))
		return ap_usage_error(usage,
				      "--summary counts all that are found: neither --follow, --explain nor --last can "
				      "stand beside it");
	if (a->explain && (a->follow || a->csv))
		return ap_usage_error(usage,
				      "--explain shows records that are there, in full: neither --follow nor --csv can "
				      "stand beside it");
	if (a->follow && a->file != NULL && strcmp(a->file, "-") == 0)
		return ap_usage_error(usage, "standard input cannot be followed");
	if (a->top_text != NULL && !a->summary)
		return ap_usage_error(usage, "--top is of a summary");
	a->top = TOP;
	a->last = a->explain ? 1 : a->follow && a->filter.since_text == NULL ? LAST_FOLLOWED : 0;
	if (!take_number(context, usage, "last", a->last_text, &a->last, &status) ||
	    !take_number(context, usage, "top", a->top_text, &a->top, &status))
		return status;
	if (a->last_text != NULL && a->last == 0)
		return ap_usage_error(usage, "--last is 0; expected how many");
	return AP_EXIT_YES;
}

/*
 * Records
 */

static void show(audit *a, ap_audit_entry *entry)
{
	if (a->csv)
		ap_audit_write_csv(a->context, entry);
	else if (a->context->json)
		ap_audit_write_json(a->context, entry);
	else
		ap_audit_write_text(a->context, entry);
}

static void keep(audit *a, const ap_audit_entry *entry)
{
	char *copy = malloc(entry->length + 1);

	if (a->kept == NULL)
		a->kept = calloc(a->last, sizeof(*a->kept));
	if (copy == NULL || a->kept == NULL)
		ap_out_of_memory();
	memcpy(copy, entry->line, entry->length);
	copy[entry->length] = '\0';
	free(a->kept[a->n_found % a->last]);
	a->kept[a->n_found % a->last] = copy;
}

static bool take_line(void *context, const char *path, size_t number, const char *line, size_t length)
{
	audit *a = context;
	ap_audit_entry entry;
	bool torn, found = ap_audit_entry_read(line, length, &entry, &torn);

	if (torn && a->n_torn++ == 0) {
		a->torn_path = path;
		a->torn_line = number;
	}
	if (!found)
		return true;
	if (ap_audit_filter_holds(&a->filter, &entry)) {
		if (a->counts != NULL)
			ap_summary_add(a->counts, &entry);
		else if (a->last > 0)
			keep(a, &entry);
		else
			show(a, &entry);
		a->n_found++;
	}
	ap_audit_entry_clear(&entry);
	/* once nobody takes them, reading on is pointless */
	return !ferror(stdout);
}

static void show_kept(audit *a)
{
	size_t first = a->n_found > a->last ? a->n_found - a->last : 0;

	for (size_t i = first; a->kept != NULL && i < a->n_found; i++) {
		const char *line = a->kept[i % a->last];
		ap_audit_entry entry;
		bool torn;

		if (!ap_audit_entry_read(line, strlen(line), &entry, &torn))
			continue;
		if (!a->explain)
			show(a, &entry);
		else if (ap_audit_explain(a->context, &entry) != AP_EXIT_YES)
			a->status = AP_EXIT_POLICY;
		ap_audit_entry_clear(&entry);
	}
	for (size_t i = 0; a->kept != NULL && i < a->last; i++)
		free(a->kept[i]);
	free(a->kept);
	a->kept = NULL;
}

static void tell_torn(const audit *a)
{
	ap_arena *arena = a->context->arena;

	if (a->n_torn > 0)
		fprintf(stderr, "accesspolicy audit: %s torn, or no record at all, and skipped; the first is %s\n",
			a->n_torn == 1 ? "1 line is" : ap_format(arena, "%zu lines are", a->n_torn),
			a->torn_line > 0 ? ap_place_text(arena, a->torn_path, (unsigned)a->torn_line)
					 : ap_printable(arena, a->torn_path));
}

static int run(audit *a, const ap_usage *usage, const char *path)
{
	ap_context *context = a->context;
	ap_audit_follower follower = { .fd = -1 };
	ap_audit_end end;
	bool readable;

	if (a->follow)
		ap_audit_follow_begin(&follower, context->arena, path, &end);
	if (a->summary)
		a->counts = ap_summary_new(context, a->filter.image);
	else if (a->csv)
		ap_audit_write_csv_header();
	readable = ap_audit_files_read(context, path, a->file != NULL, a->filter.since, a->filter.until,
				       a->follow ? &end : NULL, take_line, a);
	show_kept(a);
	if (a->follow) {
		(void)fflush(stdout);
		a->last = 0;
		ap_audit_follow(&follower, take_line, a);
		ap_audit_follow_end(&follower);
	}
	if (a->counts != NULL && (a->n_found > 0 || readable))
		ap_summary_write(a->counts, a->summaries, a->top, a->csv);
	(void)fflush(stdout);
	tell_torn(a);
	if (!readable || a->status == AP_EXIT_POLICY)
		return AP_EXIT_POLICY;
	if (a->n_found == 0 && ap_audit_filter_unknown(context, usage, &a->filter) != AP_EXIT_YES)
		return AP_EXIT_USAGE;
	if (a->n_found == 0 && !a->summary && !context->json && !a->csv)
		puts("no record is found");
	return a->n_found > 0 ? AP_EXIT_YES : AP_EXIT_NO;
}

/* The file that what is in force names. False with *ret_status after it was said that there is none. */
static bool find_file(const audit *a, const ap_subject *subject, const char **ret_path, int *ret_status)
{
	ap_view view = ap_view_of(subject->image);
	ap_image_settings settings = ap_view_settings(&view);

	*ret_path = a->file;
	if (a->file == NULL && settings.audit_file != 0)
		*ret_path = ap_view_string(&view, settings.audit_file);
	if (*ret_path != NULL)
		return true;
	fputs("accesspolicy audit: no records are kept: the policy has no setting audit = { file = \"…\"; }; --file reads those "
	      "of another\n",
	      stderr);
	*ret_status = AP_EXIT_POLICY;
	return false;
}

/*
 * What is in force is opened as a login opens it: of a large one most is not asked for. With --file it need not be there,
 * as for those who may read the records and not the policy.
 */
static int open_policy(ap_context *context, const audit *a, ap_subject *ret_subject)
{
	if (context->config != NULL)
		return ap_subject_open_files(context, NULL, NULL, ret_subject);
	*ret_subject = (ap_subject){ .image = NULL };
	if (ap_applied_open(ap_context_state(context), (int64_t)time(NULL), &ret_subject->image, NULL) == AP_OK)
		return AP_EXIT_YES;
	if (a->file != NULL && a->filter.departments.n == 0)
		return AP_EXIT_YES;
	return ap_subject_open_in_force(context, ret_subject);
}

int ap_cmd_audit(ap_context *context, int argc, char **argv)
{
	audit a = { .context = context };
	ap_option options[N_OPTIONS];
	ap_subject subject = { .image = NULL };
	const char *path;
	ap_usage usage;
	int first, status;

	make_options(&a, options);
	usage = usage_of(options);
	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	status = take_operands(context, &usage, &a, argc - first, argv + first);
	if (status == AP_EXIT_YES)
		status = check_options(context, &usage, &a);
	if (status == AP_EXIT_YES)
		status = open_policy(context, &a, &subject);
	if (status != AP_EXIT_YES)
		return status;
	if (subject.image == NULL ? (path = a.file) != NULL : find_file(&a, &subject, &path, &status))
		status = ap_audit_filter_prepare(context, &usage, &a.filter, subject.image);
	if (status == AP_EXIT_YES)
		status = run(&a, &usage, path);
	ap_audit_filter_clear(&a.filter);
	ap_subject_close(&subject);
	return status;
}
