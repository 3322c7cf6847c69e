/* accesspolicy import - rules of another program into policies, in a drop-in of their own. */
#include "../lib/import/name_services.h"
#include "../lib/login/file.h"
#include "applied_report.h"
#include "changing.h"
#include "import_report.h"
#include "jsontext.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOST_NAME_ROOM = 257 };

typedef struct {
	ap_context *context;
	const ap_usage *usage;
	const ap_import_format *format;
	const char *file; /* as it is shown */
	bool enable;
	bool nodefgroup;
	bool client_types;
	const char *fieldsep;
	const char *listsep;
	ap_policy_set *set; /* the files as they are */
	ap_import import;
	const char *path; /* of the drop-in; NULL: there is nothing to write */
	const char *text;
	ap_words waiting; /* the names of the policies that only --apply would have enabled */
	ap_apply_options given;
} request;

/*
 * What is read
 */

/* O_NONBLOCK: to open a FIFO must not wait for a writer. */
static bool read_file(const request *r, const char *path, char **ret_text, size_t *ret_size)
{
	bool standard_input = strcmp(path, "-") == 0;
	int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	ap_error error = { 0 };
	struct stat info;
	bool done = false;

	if (fd < 0)
		ap_error_set(&error, AP_ERR_IO, r->file, 0, "the file cannot be opened: %s", strerror(errno));
	else if (!standard_input && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)))
		ap_error_set(&error, AP_ERR_IO, r->file, 0,
			     "is no regular file; what a program writes is read from standard input, \"-\"");
	else
		done = ap_file_read_descriptor(fd, r->file, AP_IMPORT_FILE_MAX, ret_text, ret_size, &error) == AP_OK;
	if (!standard_input && fd >= 0)
		(void)close(fd);
	if (!done)
		fprintf(stderr, "accesspolicy import: %s: %s\n", ap_printable(r->context->arena, error.file),
			ap_printable(r->context->arena, error.message));
	return done;
}

static const char *host_name(char room[HOST_NAME_ROOM])
{
	room[HOST_NAME_ROOM - 1] = '\0';
	return gethostname(room, HOST_NAME_ROOM - 1) == 0 ? room : NULL;
}

/* As pam_access has it: none where it is "" or "(none)". */
static const char *nis_domain(char room[HOST_NAME_ROOM])
{
	room[HOST_NAME_ROOM - 1] = '\0';
	if (getdomainname(room, HOST_NAME_ROOM - 1) != 0 || room[0] == '\0' || strcmp(room, "(none)") == 0)
		return NULL;
	return room;
}

static int read_rules(request *r, const char *path)
{
	char host[HOST_NAME_ROOM], domain[HOST_NAME_ROOM], *text = NULL;
	ap_import_source source = { .arena = r->context->arena,
				    .name = r->file,
				    .set = r->set,
				    .nodefgroup = r->nodefgroup,
				    .fieldsep = r->fieldsep,
				    .listsep = r->listsep,
				    .host_name = host_name(host),
				    .domain = nis_domain(domain),
				    .netgroup = ap_netgroup_of_system,
				    .accounts = ap_accounts_of_system,
				    .declare_client_types = r->client_types };

	if (!read_file(r, path, &text, &source.size))
		return AP_EXIT_POLICY;
	/* what the import keeps of it lives as long as the process */
	source.text = text;
	ap_import_read(r->format, &source, &r->import);
	free(text);
	if (ap_import_count(&r->import, AP_IMPORT_ERROR) > 0)
		return ap_import_report_errors(r->context, r->file, &r->import);
	return AP_EXIT_YES;
}

/*
 * What is written
 */

/* What the drop-in is named after. */
static const char *drop_in_name(const request *r)
{
	return ap_format(r->context->arena, "imported %s", r->format->name);
}

/* The name of the drop-in whose client types are tried first; "" where no drop-in has any. */
static const char *first_with_client_types(const request *r)
{
	const char *last = "";

	for (size_t i = 0; i < r->set->n_client_types; i++) {
		const char *file = r->set->client_types[i].place.file, *slash = strrchr(file, '/');
		static const char folder[] = "conf.d";
		enum { FOLDER_LENGTH = sizeof(folder) - 1 };

		if (slash != NULL && slash - file >= FOLDER_LENGTH &&
		    strncmp(slash - FOLDER_LENGTH, folder, FOLDER_LENGTH) == 0 && strcmp(slash + 1, last) > 0)
			last = slash + 1;
	}
	return last;
}

/*
 * The last file's client types are tried first: those of the import have to be, or its policies would not have the logins
 * that another file's hints fit. So it is named to stand behind them, "50-imported…", "51-imported…", "z99-imported…".
 */
static const char *path_behind_client_types(const request *r)
{
	ap_arena *arena = r->context->arena;
	const char *first = first_with_client_types(r), *before = "";

	for (unsigned number = 50;; number++) {
		const char *name = ap_drop_in_name(arena, drop_in_name(r), 1);
		const char *path;
		struct stat info;

		if (number == 100) {
			before = ap_format(arena, "%sz", before);
			number = 50;
		}
		name = ap_format(arena, "%s%u-%s", before, number, strchr(name, '-') + 1);
		path = ap_load_drop_in_path(arena, ap_applying_config(r->context), name);
		if (strlen(before) > strlen(first) || (strcmp(name, first) > 0 && lstat(path, &info) != 0))
			return path;
	}
}

static const char *free_path(const request *r)
{
	if (r->import.n_client_types > 0)
		return path_behind_client_types(r);
	return ap_changing_free_path(r->context, ap_applying_config(r->context), drop_in_name(r));
}

/* The file tells by itself what it is made of, and what it is not like. */
static const char *remark(const request *r)
{
	ap_arena *arena = r->context->arena;
	const ap_import *import = &r->import;
	char *text = NULL;
	const char *copy;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		ap_out_of_memory();
	fprintf(out, "Imported from %s (%s of %s) by accesspolicy import.",
		ap_import_shown(arena, r->file, strlen(r->file) * 4), r->format->name, r->format->program);
	if (import->remark != NULL)
		fprintf(out, "\n%s", import->remark);
	if (ap_import_count(import, AP_IMPORT_DIFFERENCE) > 0)
		fputs("\n\nWhat it decides otherwise:", out);
	for (size_t i = 0; i < import->n_notes; i++) {
		const ap_import_note *note = &import->notes[i];

		if (note->severity != AP_IMPORT_DIFFERENCE)
			continue;
		fputs("\n", out);
		if (note->line > 0)
			fprintf(out, "line %u: ", note->line);
		fprintf(out, "%s%s%s", note->text != NULL ? note->text : "", note->text != NULL ? ": " : "",
			note->reason);
	}
	if (fclose(out) != 0)
		ap_out_of_memory();
	copy = ap_arena_strdup(arena, text);
	free(text);
	return copy;
}

static void compose(request *r)
{
	ap_import *import = &r->import;
	ap_drop_in drop_in = { .client_types = import->client_types,
			       .n_client_types = import->n_client_types,
			       .policies = import->policies,
			       .n_policies = import->n_policies,
			       .exceptions = import->exceptions,
			       .n_exceptions = import->n_exceptions };

	if (import->n_policies + import->n_exceptions == 0)
		return;
	for (size_t i = 0; i < import->n_policies && !r->enable; i++) {
		if (import->policies[i].status != AP_POLICY_DISABLED)
			ap_words_add(r->context->arena, &r->waiting, import->policies[i].name);
		import->policies[i].status = AP_POLICY_DISABLED;
	}
	drop_in.remark = remark(r);
	r->path = free_path(r);
	r->text = ap_drop_in_text(r->context->arena, &drop_in);
}

/*
 * What is said
 */

static void write_json(request *r, const ap_apply_result *result)
{
	json_t *object = ap_import_json(r->context, r->format, r->file, &r->import);
	bool written = r->path != NULL && ap_applied_status(result) == AP_EXIT_YES && !r->given.dry_run;

	ap_json_set(object, "path", ap_json_text(r->context->arena, r->path));
	ap_json_set(object, "written", json_boolean(written));
	ap_json_set(object, "enabled", json_boolean(r->enable));
	ap_json_set(object, "text", ap_json_text(r->context->arena, r->given.dry_run ? r->text : NULL));
	ap_json_set(object, "applied", r->path != NULL ? ap_applied_json(r->context, &r->given, result) : json_null());
	ap_json_write(object);
}

/* What puts them in force: their names are long, and hold blanks. */
static void write_next(const request *r)
{
	enum { SHOWN = 8 };
	ap_arena *arena = r->context->arena;
	const char *names = "";

	for (size_t i = 0; i < r->waiting.n && i < SHOWN; i++)
		names = ap_format(arena, "%s %s", names, ap_shell_word(arena, r->waiting.items[i]));
	if (r->waiting.n > SHOWN)
		printf("to enable them: accesspolicy enable NAME...%s, with %zu names that the file has\n",
		       r->given.files_option, r->waiting.n);
	else if (r->waiting.n > 0)
		printf("to enable them: accesspolicy enable%s%s\n", names, r->given.files_option);
}

/* Rules that are imported again are there twice, and the older policies decide as before. */
static void note_earlier(const request *r)
{
	ap_arena *arena = r->context->arena;
	const char *first =
		ap_load_drop_in_path(arena, ap_applying_config(r->context), ap_drop_in_name(arena, drop_in_name(r), 1));
	struct stat unused;

	if (strcmp(r->path, first) != 0 && lstat(first, &unused) == 0)
		printf("note: %s is there already, from an earlier import; its policies stay as they are: where these take their "
		       "place, delete those\n",
		       ap_printable(arena, first));
}

static void write_outcome(request *r, const ap_apply_result *result)
{
	if (ap_applied_report(r->context, &r->given, result, "import") != AP_EXIT_YES)
		return;
	printf("%s: %s%s\n", ap_printable(r->context->arena, r->path),
	       r->given.dry_run ? "would be written" : "written",
	       r->enable ? "" : ", with its policies disabled: nothing is decided by them");
	note_earlier(r);
	if (r->given.dry_run)
		ap_write_text(&r->context->screen, r->context->arena, r->text);
	else if (!r->enable)
		write_next(r);
}

static int write_policies(request *r)
{
	const ap_file_edit edit = { .path = r->path, .text = r->text };
	ap_apply_result result = { .outcome = AP_APPLY_DONE, .summary = "" };
	int status;

	if (r->path != NULL) {
		r->given.edits = &edit;
		r->given.n_edits = 1;
		ap_applying_apply(r->context, &r->given, &result);
	}
	status = ap_applied_status(&result);
	if (r->context->json)
		write_json(r, &result);
	else if (r->path != NULL)
		write_outcome(r, &result);
	else
		printf("nothing to write: no rule of it denies anybody\n");
	ap_apply_result_clear(&result);
	return status;
}

static int carry_out(request *r, const char *path)
{
	/* what is there already: an import must not change what it decides */
	int status = ap_changing_load(r->context, &r->set);

	if (status == AP_EXIT_YES)
		status = read_rules(r, path);
	if (status != AP_EXIT_YES)
		return status;
	if (!r->context->json)
		ap_import_report(r->context, r->format, r->file, &r->import);
	(void)fflush(stdout); /* what follows on standard error stands below it */
	compose(r);
	status = write_policies(r);
	if (status == AP_EXIT_YES && ap_import_count(&r->import, AP_IMPORT_DIFFERENCE) > 0)
		return AP_EXIT_PARTLY;
	return status;
}

/* `word`: what was given as one; NULL: none was. */
static int refuse_format(const request *r, const char *word)
{
	ap_arena *arena = r->context->arena;
	const char **names = NULL, *list = "";
	size_t n = 0;

	for (const ap_import_format *format = ap_import_formats; format->name != NULL; format++) {
		*AP_PUSH(arena, names, n) = format->name;
		list = ap_format(arena, "%s%s%s", list, list[0] != '\0' ? ", " : "", format->name);
	}
	if (word == NULL)
		return ap_usage_error(r->usage, "no format is given; expected one of %s", list);
	return ap_usage_error(r->usage, "unknown format \"%s\"; expected one of %s%s", ap_printable(arena, word), list,
			      ap_did_you_mean(r->context, word, names, n));
}

static int take_operands(request *r, int n, char **operands)
{
	r->format = n > 0 ? ap_import_format_find(operands[0]) : NULL;
	if (r->format == NULL)
		return refuse_format(r, n > 0 ? operands[0] : NULL);
	if (n < 2)
		return ap_usage_error(r->usage, "no file is given; \"-\" is standard input");
	if (n > 2)
		return ap_usage_error(r->usage, "unexpected \"%s\"", ap_printable(r->context->arena, operands[2]));
	r->file = strcmp(operands[1], "-") == 0 ? "standard input" : operands[1];
	return AP_EXIT_YES;
}

int ap_cmd_import(ap_context *context, int argc, char **argv)
{
	request r = { .context = context };
	const ap_option options[] = {
		{ .name = "apply", .help = "enable the policies, and put them in force", .flag = &r.enable },
		{ .name = "client-types",
		  .help = "access.conf, geoip.conf: declare client types for terminals and services although policies that are there "
			  "choose among client types",
		  .flag = &r.client_types },
		{ .name = "nodefgroup",
		  .help = "access.conf: a name without brackets is no group; as pam_access was told",
		  .flag = &r.nodefgroup },
		{ .name = "fieldsep",
		  .value = "CHARACTERS",
		  .help = "access.conf: what stands between fields, \":\" by default; as pam_access was told",
		  .text = &r.fieldsep },
		{ .name = "listsep",
		  .value = "CHARACTERS",
		  .help = "access.conf: what stands within lists, blank, comma and tabulator by default; as pam_access was "
			  "told",
		  .text = &r.listsep },
		AP_CHANGING_OPTIONS(r.given, "show what would be written, and change nothing"),
	};
	const ap_usage usage = {
		.command = "import",
		.synopsis = "FORMAT FILE [--apply] [OPTION]...",
		.description =
			"Carries the rules of another program over into policies, in a drop-in of their own, "
			"conf.d/50-imported-FORMAT.conf beside the root file. What cannot be carried over exactly is told line by "
			"line. The policies are disabled, unless --apply enables them and puts them in force. FILE may be "
			"\"-\", standard input. FORMAT is access.conf of pam_access, geoip.conf of pam_geoip, allow_nets of Dovecot, "
			"or predecessors, the rules that there were before policies.\n\n"
			"The status is 0 where all of it decides as before, 4 where it is written and the report tells of "
			"differences; 1 for refused or failed, 3 where FILE is not of the format, or the policy files make no "
			"policy: then nothing is written.",
		.options = options,
		.n_options = sizeof(options) / sizeof(options[0]),
	};
	int first, status;

	r.usage = &usage;
	if (!ap_options_parse(context, &usage, argc, argv, &first, &status))
		return status;
	status = take_operands(&r, argc - first, argv + first);
	if (status == AP_EXIT_YES)
		status = carry_out(&r, argv[first + 1]);
	ap_policy_set_free(r.set);
	return status;
}
