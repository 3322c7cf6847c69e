/* Which files there are, in which order, and from the text of each to the set. */
#include "load.h"

#include "reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char standard_input[] = "standard input";

/* One file to read. */
typedef struct {
	const char *path; /* what is opened and shown; "-": standard input */
	const char *name; /* of a drop-in: what orders it; NULL: it is read where it stands */
	const char *text; /* what is read instead; NULL: the file */
	bool drafting;
	bool is_draft; /* read for a report alone: it may stand anywhere */
	bool unread;   /* its name says that it is none to read, though that was probably not meant */
} source;

typedef struct {
	ap_reader reader;
	source *sources;  /* in reading order */
	size_t n_sources; /* but the root file */
} loader;

void ap_reader_init(ap_reader *reader, ap_policy_set *set, ap_diagnostics *diagnostics)
{
	memset(reader, 0, sizeof(*reader));
	reader->set = set;
	reader->arena = set->arena;
	reader->diagnostics = diagnostics;
	reader->policies = ap_names_new(reader->arena);
	reader->sources = ap_names_new(reader->arena);
	reader->exceptions = ap_names_new(reader->arena);
	reader->networks = ap_names_new(reader->arena);
	reader->departments = ap_names_new(reader->arena);
	reader->clients = ap_names_new(reader->arena);
	reader->client_hints = ap_names_new(reader->arena);
}

static void init_reader(ap_reader *reader, const char *config, ap_diagnostics *diagnostics)
{
	ap_policy_set *set = ap_policy_set_new();

	set->root = ap_arena_strdup(set->arena, config);
	ap_reader_init(reader, set, diagnostics);
}

/* The path up to and with its last "/"; "" where it has none. */
static char *folder_of(const ap_reader *reader, const char *path)
{
	const char *slash = strrchr(path, '/');

	return ap_arena_strndup(reader->arena, path, slash != NULL ? (size_t)(slash - path) + 1 : 0);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static char *join(const ap_reader *reader, const char *a, const char *b, const char *c)
{
	size_t n_a = strlen(a), n_b = strlen(b), n_c = strlen(c);
	char *joined = ap_arena_alloc(reader->arena, n_a + n_b + n_c + 1);

	memcpy(joined, a, n_a);
	memcpy(joined + n_a, b, n_b);
	memcpy(joined + n_a + n_b, c, n_c + 1);
	return joined;
}

/* Feeds are named by absolute paths, so that what is told of them does not depend on where the command stands. */
static bool find_folder(ap_reader *reader, const char *config)
{
	char here[PATH_MAX];
	char *folder = folder_of(reader, config);
	size_t length;

	if (folder[0] != '/') {
		if (getcwd(here, sizeof(here)) == NULL) {
			ap_diagnostics_add(reader->diagnostics, AP_ERROR, config, 0,
					   "the working folder cannot be told: %s", strerror(errno));
			reader->unreadable = true;
			return false;
		}
		folder = join(reader, here, "/", folder);
	}
	length = strlen(folder);
	while (length > 0 && folder[length - 1] == '/')
		folder[--length] = '\0';
	reader->folder = folder;
	return true;
}

void ap_read_policy_text(ap_reader *reader, const char *file, const char *text, size_t size)
{
	size_t n_errors = reader->diagnostics->n_errors;

	reader->file = ap_arena_strdup(reader->arena, file);
	reader->file_number = (unsigned)reader->set->n_files;
	*AP_PUSH(reader->arena, reader->set->files, reader->set->n_files) = reader->file;
	ap_note_source(reader, AP_SOURCE_POLICIES, file, text, size);
	if (!ap_read_tree(reader, text, size, ap_read_root))
		reader->sections_missed = true;
	if (reader->diagnostics->n_errors > n_errors)
		*AP_PUSH(reader->arena, reader->faulty, reader->n_faulty) = ap_arena_strndup(reader->arena, text, size);
}

ap_status ap_reader_read(const ap_reader *reader, const char *path, size_t limit, char **ret_text, size_t *ret_size,
			 ap_error *error)
{
	const char *here;
	ap_status status = ap_file_where(reader->elsewhere, path, "the file", &here, error);

	return status == AP_OK ? ap_file_read(here, limit, ret_text, ret_size, error) : status;
}

static ap_status check_draft(int fd, const char *path, ap_error *error)
{
	struct stat info;

	if (fstat(fd, &info) != 0)
		return ap_error_set(error, AP_ERR_IO, path, 0, "the file cannot be opened: %s", strerror(errno));
	if (S_ISREG(info.st_mode))
		return AP_OK;
	return ap_error_set(error, AP_ERR_TRUST, path, 0, "is a %s; expected a regular file",
			    S_ISDIR(info.st_mode)    ? "folder"
			    : S_ISFIFO(info.st_mode) ? "FIFO"
						     : "device");
}

/* O_NONBLOCK: to open a FIFO must not wait for a writer. */
static ap_status read_draft(const char *path, char **ret_text, size_t *ret_size, ap_error *error)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	ap_status status;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return ap_error_set(error, AP_ERR_MISSING, path, 0, "the file does not exist (%s)", strerror(errno));
	if (fd < 0)
		return ap_error_set(error, AP_ERR_IO, path, 0, "the file cannot be opened: %s", strerror(errno));
	status = check_draft(fd, path, error);
	if (status == AP_OK)
		status = ap_file_read_descriptor(fd, path, AP_POLICY_FILE_MAX, ret_text, ret_size, error);
	(void)close(fd);
	return status;
}

/* One that is still to be written is held to what files are: what cannot be read again must not be in force. */
static void read_text(ap_reader *reader, const char *path, const char *text)
{
	size_t size = strlen(text);

	if (size <= AP_POLICY_FILE_MAX) {
		ap_read_policy_text(reader, path, text, size);
		return;
	}
	ap_diagnostics_add(reader->diagnostics, AP_ERROR, path, 0, "has more than %d bytes, the limit",
			   AP_POLICY_FILE_MAX);
	reader->unreadable = true;
}

static void read_source(ap_reader *reader, const source *from)
{
	bool is_input = strcmp(from->path, "-") == 0;
	const char *shown = is_input ? standard_input : from->path;
	ap_error error;
	ap_status status;
	char *text;
	size_t size;

	if (from->unread) {
		ap_diagnostics_add(reader->diagnostics, AP_WARNING, shown, 0,
				   "not read: its name does not end in .conf");
		return;
	}
	reader->drafting = from->drafting;
	if (from->text != NULL) {
		read_text(reader, shown, from->text);
		return;
	}
	status = is_input ? ap_file_read_descriptor(STDIN_FILENO, shown, AP_POLICY_FILE_MAX, &text, &size, &error)
		 : from->is_draft ? read_draft(from->path, &text, &size, &error)
				  : ap_reader_read(reader, from->path, AP_POLICY_FILE_MAX, &text, &size, &error);
	if (status != AP_OK) {
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, shown, 0, "%s", error.message);
		reader->unreadable = true;
		return;
	}
	ap_read_policy_text(reader, shown, text, size);
	free(text);
}

static void add_source(loader *l, source from)
{
	source *added = AP_PUSH(l->reader.arena, l->sources, l->n_sources);

	*added = from;
}

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name), n_end = strlen(end);

	return length >= n_end && strcmp(name + length - n_end, end) == 0;
}

static bool is_drop_in(const char *name)
{
	return name[0] != '.' && strlen(name) > 5 && ends_in(name, ".conf");
}

/* What editors, package managers and people leave beside drop-ins, and nobody takes for one. */
static bool is_left_over(const char *name)
{
	static const char *const ends[] = { "~", ".bak", ".orig", ".swp", ".md" };
	static const char *const marks[] = { ".dpkg-", ".ucf-", ".rpm" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_in(name, ends[i]))
			return true;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(name, marks[i]) != NULL)
			return true;
	return name[0] == '.' || strncmp(name, "README", 6) == 0;
}

static bool is_regular(const ap_reader *reader, const char *path)
{
	const char *here;
	struct stat info;

	return ap_file_where(reader->elsewhere, path, "the file", &here, NULL) == AP_OK && stat(here, &info) == 0 &&
	       S_ISREG(info.st_mode);
}

static void add_entry(loader *l, const char *prefix, const char *name)
{
	const char *path = join(&l->reader, prefix, name, "");
	bool unread = !is_drop_in(name);

	if (unread && (is_left_over(name) || !is_regular(&l->reader, path)))
		return;
	add_source(l, (source){ .path = path, .name = ap_arena_strdup(l->reader.arena, name), .unread = unread });
}

/* lstat(2) of what the path leads to, which is looked for where the folder is that it stands in. */
static bool look_at(const ap_reader *reader, const char *path, struct stat *ret_info)
{
	const char *folder;

	if (reader->elsewhere == NULL)
		return lstat(path, ret_info) == 0;
	return ap_file_where(reader->elsewhere, folder_of(reader, path), "the folder", &folder, NULL) == AP_OK &&
	       lstat(join(reader, folder, "/", base_name(path)), ret_info) == 0;
}

/*
 * There may be no conf.d. Whether there is none is for lstat to say: a link to nowhere, and a folder that cannot be
 * reached, are missing as well for who follows the path.
 */
static void judge_missing_folder(ap_reader *reader, const char *path)
{
	struct stat info;
	bool found = look_at(reader, path, &info);

	if (!found && errno == ENOENT)
		return;
	if (!found)
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, path, 0, "cannot be reached: %s", strerror(errno));
	else if (S_ISLNK(info.st_mode))
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, path, 0,
				   "is a symbolic link to a folder that does not exist; mend the link, or remove it");
	else
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, path, 0, "changed while it was looked at; try again");
	reader->unreadable = true;
}

/* Adds what stands in conf.d but `left_out`, in whatever order. */
static void scan_drop_ins(loader *l, const char *folder, const char *left_out)
{
	ap_reader *reader = &l->reader;
	char *prefix = join(reader, folder, "conf.d/", "");
	char *path = ap_arena_strndup(reader->arena, prefix, strlen(prefix) - 1);
	const struct dirent *entry;
	ap_error error;
	DIR *stream;
	int fd;
	const char *here;
	ap_status status = ap_file_where(reader->elsewhere, path, "the folder", &here, &error);

	if (status == AP_OK)
		status = ap_folder_open(here, &fd, &error);
	if (status == AP_ERR_MISSING) {
		judge_missing_folder(reader, path);
		return;
	}
	if (status != AP_OK) {
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, path, 0, "%s", error.message);
		reader->unreadable = true;
		return;
	}
	stream = fdopendir(fd);
	for (errno = 0; stream != NULL && (entry = readdir(stream)) != NULL; errno = 0)
		if (left_out == NULL || strcmp(entry->d_name, left_out) != 0)
			add_entry(l, prefix, entry->d_name);
	if (stream == NULL || errno != 0) {
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, path, 0, "cannot be listed: %s", strerror(errno));
		reader->unreadable = true;
	}
	if (stream != NULL)
		(void)closedir(stream);
	else
		(void)close(fd);
}

static int compare_sources(const void *left, const void *right)
{
	const source *a = left, *b = right;

	return strcmp(a->name, b->name);
}

/* The drop-in's own name that a draft will be saved as; NULL where `draft_as` is no such name. */
static const char *drop_in_name(const char *draft_as)
{
	const char *name = strncmp(draft_as, "conf.d/", 7) == 0 ? draft_as + 7 : draft_as;

	return strchr(name, '/') == NULL && is_drop_in(name) ? name : NULL;
}

bool ap_load_can_save_as(const char *config, const char *draft_as)
{
	return strcmp(draft_as, base_name(config)) == 0 || drop_in_name(draft_as) != NULL;
}

/* Complains where a draft cannot be saved under the name that is given. */
static void check_draft_name(loader *l, const ap_load_options *options, const char *root_name)
{
	const char *as = options->draft_as;

	if (options->draft == NULL || as == NULL || ap_load_can_save_as(options->config, as))
		return;
	ap_diagnostics_add(
		l->reader.diagnostics, AP_ERROR, options->draft, 0,
		"a draft cannot be saved as \"%s\"; expected \"%s\", or a drop-in such as \"conf.d/50-name.conf\"", as,
		root_name);
	l->reader.unreadable = true;
}

char *ap_load_drop_in_path(ap_arena *arena, const char *config, const char *name)
{
	size_t folder = (size_t)(base_name(config) - config), size = folder + strlen(name) + sizeof("conf.d/");
	char *path = ap_arena_alloc(arena, size);

	memcpy(path, config, folder);
	(void)snprintf(path + folder, size - folder, "conf.d/%s", name);
	return path;
}

static bool is_in_conf_d(const char *config, const char *path)
{
	size_t folder = (size_t)(base_name(config) - config);

	return strncmp(path, config, folder) == 0 && strncmp(path + folder, "conf.d/", 7) == 0 &&
	       is_drop_in(path + folder + 7) && strchr(path + folder + 7, '/') == NULL;
}

/* Has what is edited read as it will be: in a file's place, not at all, or where it will stand. */
static void take_edit(loader *l, const char *config, const ap_file_edit *edit)
{
	size_t i;

	for (i = 0; i < l->n_sources && strcmp(l->sources[i].path, edit->path) != 0; i++)
		;
	if (i < l->n_sources && edit->text == NULL)
		l->sources[i] = l->sources[--l->n_sources];
	else if (i < l->n_sources)
		l->sources[i].text = edit->text;
	else if (edit->text != NULL && is_in_conf_d(config, edit->path))
		add_source(l, (source){ .path = edit->path, .name = base_name(edit->path), .text = edit->text });
}

static const char *root_text(const ap_load_options *options)
{
	for (size_t i = 0; i < options->n_edits; i++)
		if (strcmp(options->edits[i].path, options->config) == 0)
			return options->edits[i].text;
	return NULL;
}

static void read_all(loader *l, const ap_load_options *options)
{
	const char *folder = folder_of(&l->reader, options->config);
	const char *root_name = base_name(options->config);
	const char *as = options->draft != NULL ? options->draft_as : NULL;
	bool as_root = as != NULL && strcmp(as, root_name) == 0;
	const char *as_drop_in = as != NULL && !as_root ? drop_in_name(as) : NULL;

	check_draft_name(l, options, root_name);
	if (as_root)
		read_source(&l->reader,
			    &(source){ .path = options->draft, .text = options->draft_text, .is_draft = true });
	else
		read_source(&l->reader, &(source){ .path = options->config, .text = root_text(options) });
	scan_drop_ins(l, folder, as_drop_in);
	for (size_t i = 0; i < options->n_edits; i++)
		take_edit(l, options->config, &options->edits[i]);
	if (as_drop_in != NULL)
		add_source(l, (source){ .path = options->draft,
					.name = as_drop_in,
					.text = options->draft_text,
					.is_draft = true });
	if (l->n_sources > 1)
		qsort(l->sources, l->n_sources, sizeof(*l->sources), compare_sources);
	if (options->draft != NULL && as == NULL)
		add_source(l, (source){ .path = options->draft,
					.text = options->draft_text,
					.drafting = true,
					.is_draft = true });
	for (size_t i = 0; i < l->n_sources; i++)
		read_source(&l->reader, &l->sources[i]);
}

static void read_texts(ap_reader *reader, const ap_load_options *options)
{
	for (size_t i = 0; i < options->n_texts; i++)
		ap_read_policy_text(reader, options->texts[i].path, options->texts[i].text, options->texts[i].size);
}

static ap_status finish(ap_reader *reader, bool regions_must_be_known, ap_policy_set **ret_set)
{
	if (!reader->texts_alone) {
		ap_read_directory_files(reader);
		ap_resolve(reader);
		ap_resolve_regions(reader, regions_must_be_known);
	}
	ap_sum_up_sources(reader->set);
	ap_diagnostics_sort(reader->diagnostics);
	if (reader->diagnostics->n_errors > 0) {
		ap_policy_set_free(reader->set);
		return AP_ERR_POLICY;
	}
	*ret_set = reader->set;
	return AP_OK;
}

ap_status ap_load(const ap_load_options *options, ap_policy_set **ret_set, ap_diagnostics *diagnostics)
{
	loader l = { .sources = NULL };

	init_reader(&l.reader, options->config, diagnostics);
	l.reader.progress = options->progress;
	l.reader.elsewhere = options->elsewhere;
	l.reader.texts_alone = options->texts_alone;
	l.reader.policies_written = options->policies_follow;
	if (find_folder(&l.reader, options->config)) {
		if (options->texts != NULL)
			read_texts(&l.reader, options);
		else
			read_all(&l, options);
	}
	return finish(&l.reader, options->regions_must_be_known, ret_set);
}

ap_status ap_load_list(const char *config, ap_arena *arena, const char *const **ret_paths, size_t *ret_n,
		       ap_error *error)
{
	ap_diagnostics diagnostics = { 0 };
	loader l = { .sources = NULL };
	const char **paths = NULL;
	size_t n = 0;
	ap_status status = AP_OK;

	init_reader(&l.reader, config, &diagnostics);
	scan_drop_ins(&l, folder_of(&l.reader, config), NULL);
	if (l.n_sources > 1)
		qsort(l.sources, l.n_sources, sizeof(*l.sources), compare_sources);
	*AP_PUSH(arena, paths, n) = ap_arena_strdup(arena, config);
	for (size_t i = 0; i < l.n_sources; i++)
		if (!l.sources[i].unread)
			*AP_PUSH(arena, paths, n) = ap_arena_strdup(arena, l.sources[i].path);
	if (diagnostics.n_errors > 0)
		status = ap_error_set(error, AP_ERR_POLICY, diagnostics.items[0].file, diagnostics.items[0].line, "%s",
				      diagnostics.items[0].message);
	ap_diagnostics_clear(&diagnostics);
	ap_policy_set_free(l.reader.set);
	*ret_paths = paths;
	*ret_n = n;
	return status;
}

ap_status ap_load_text(const char *name, const char *text, size_t size, ap_policy_set **ret_set,
		       ap_diagnostics *diagnostics)
{
	ap_reader reader;
	char *copy;

	init_reader(&reader, name, diagnostics);
	if (find_folder(&reader, name)) {
		/* libconfig reads to a NUL byte, which `text` need not have */
		copy = ap_arena_alloc(reader.arena, size + 1);
		memcpy(copy, text, size);
		ap_read_policy_text(&reader, name, copy, size);
	}
	return finish(&reader, false, ret_set);
}
