#include "audit_files.h"

#include "audit_entry.h"
#include "unpacked.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024, SLACK = 3600, LISTINGS = 5 };

typedef struct {
	const char *path;
	ap_unpacked in;
	struct stat info;
	int64_t first; /* the time of its first record, or when it was written last */
	char *buffer;  /* READ_BYTES of it, of which begin…end are still to be taken */
	size_t begin, end, n_lines;
	long long taken; /* bytes */
	bool is_ended;
} audit_file;

typedef struct {
	ap_context *context;
	int64_t since, until;
	const ap_audit_end *last;
	audit_file *files;
	size_t n;
	bool failed;
	bool is_gone; /* one was renamed between its being listed and its being opened */
} reading;

static void complain(reading *r, const char *path, const char *what)
{
	fprintf(stderr, "accesspolicy audit: %s: %s\n", ap_printable(r->context->arena, path), what);
	r->failed = true;
}

/* Is this what logrotate calls a file of that name later? A separator, and digits or a date; then the compression's. */
static bool is_rotated(const char *name, const char *base)
{
	size_t n = strlen(base), digits;

	if (strncmp(name, base, n) != 0 || strchr(".-_", name[n]) == NULL || name[n] == '\0')
		return false;
	digits = strspn(name + n + 1, "0123456789-_T:");
	if (digits == 0)
		return false;
	name += n + 1 + digits;
	return *name == '\0' || ap_unpacked_suffix(name) == name;
}

/* Fills the buffer, whose first bytes are those that were not taken yet. */
static void refill(audit_file *file)
{
	size_t n;

	memmove(file->buffer, file->buffer + file->begin, file->end - file->begin);
	file->end -= file->begin;
	file->begin = 0;
	n = ap_unpacked_read(&file->in, file->buffer + file->end, READ_BYTES - file->end);
	file->is_ended = n == 0;
	file->end += n;
}

/*
 * The next line without its newline, which is not taken yet; one that is longer than the buffer, which no record is, comes
 * in parts. False at the end.
 */
static bool look_at_line(audit_file *file, size_t *ret_length, size_t *ret_taken)
{
	const char *newline = NULL;

	for (;;) {
		if (file->end > file->begin)
			newline = memchr(file->buffer + file->begin, '\n', file->end - file->begin);
		if (newline != NULL || file->is_ended || (file->begin == 0 && file->end == READ_BYTES))
			break;
		refill(file);
	}
	*ret_length = newline != NULL ? (size_t)(newline - file->buffer) - file->begin : file->end - file->begin;
	*ret_taken = *ret_length + (newline != NULL);
	return *ret_taken > 0;
}

/* Its first line tells when it begins. */
static void begin(audit_file *file)
{
	ap_audit_entry entry;
	size_t length, taken;
	bool torn;

	file->first = (int64_t)file->info.st_mtime;
	if (!look_at_line(file, &length, &taken) ||
	    !ap_audit_entry_read(file->buffer + file->begin, length, &entry, &torn))
		return;
	file->first = entry.time;
	ap_audit_entry_clear(&entry);
}

static bool is_known(const reading *r, const struct stat *info)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->files[i].info.st_dev == info->st_dev && r->files[i].info.st_ino == info->st_ino)
			return true;
	return false;
}

static void add(reading *r, const char *path, bool listed)
{
	ap_arena *arena = r->context->arena;
	bool standard_input = !listed && strcmp(path, "-") == 0;
	audit_file file = { .path = path };
	const char *fault;
	int fd = standard_input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && listed) {
		r->is_gone = true;
		return;
	}
	if (fd < 0 || fstat(fd, &file.info) != 0) {
		complain(r, path, strerror(errno));
	} else if (!standard_input && !S_ISREG(file.info.st_mode)) {
		complain(r, path, "is no regular file");
	} else if (is_known(r, &file.info) ||
		   (r->since > INT64_MIN + SLACK && (int64_t)file.info.st_mtime < r->since - SLACK)) {
		/* nothing to be read of it */
	} else if ((fault = ap_unpacked_open(arena, fd, standard_input ? "" : path, &file.in)) != NULL) {
		complain(r, path, fault);
	} else {
		file.buffer = ap_arena_alloc(arena, READ_BYTES);
		begin(&file);
		*AP_PUSH(arena, r->files, r->n) = file;
		return;
	}
	if (fd >= 0)
		(void)close(fd);
}

/* Of a file that is being compressed both are there: the one that is whole is read. */
static bool has_plain_twin(ap_arena *arena, const char *path)
{
	const char *suffix = ap_unpacked_suffix(path);
	struct stat unused;

	return suffix != NULL && stat(ap_arena_strndup(arena, path, (size_t)(suffix - path)), &unused) == 0;
}

static void list(reading *r, const char *path)
{
	ap_arena *arena = r->context->arena;
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	const char *folder = slash != NULL ? ap_arena_strndup(arena, path, (size_t)(slash - path) + 1) : "./";
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	struct stat unused;

	r->is_gone = false;
	if (stat(path, &unused) == 0)
		add(r, path, true);
	while (entries != NULL && (entry = readdir(entries)) != NULL) {
		const char *found = ap_format(arena, "%s%s", folder, entry->d_name);

		if (is_rotated(entry->d_name, base) && !has_plain_twin(arena, found))
			add(r, found, true);
	}
	if (entries != NULL)
		(void)closedir(entries);
}

static int by_age(const void *a, const void *b)
{
	const audit_file *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->info.st_mtime != y->info.st_mtime)
		return x->info.st_mtime < y->info.st_mtime ? -1 : 1;
	return -strcmp(x->path, y->path);
}

/* True where the rest of it is for whoever follows it. */
static bool is_at_end(const reading *r, const audit_file *file)
{
	return r->last != NULL && r->last->device == file->info.st_dev && r->last->inode == file->info.st_ino &&
	       file->taken >= r->last->bytes;
}

static bool read_file(reading *r, audit_file *file, ap_audit_line *take, void *context)
{
	bool go_on = true;
	size_t length, taken;
	const char *fault;

	while (go_on && !is_at_end(r, file) && look_at_line(file, &length, &taken)) {
		go_on = take(context, file->path, ++file->n_lines, file->buffer + file->begin, length);
		file->begin += taken;
		file->taken += (long long)taken;
	}
	fault = go_on && file->is_ended ? ap_unpacked_fault(r->context->arena, &file->in) : NULL;
	if (fault != NULL)
		complain(r, file->path, ap_format(r->context->arena, "cannot be read to its end: %s", fault));
	return go_on;
}

bool ap_audit_files_read(ap_context *context, const char *path, bool alone, int64_t since, int64_t until,
			 const ap_audit_end *end, ap_audit_line *take, void *take_context)
{
	reading r = { .context = context, .since = since, .until = until, .last = end };
	bool go_on = true;

	if (alone)
		add(&r, path, false);
	else
		list(&r, path);
	for (int i = 0; i < LISTINGS && r.is_gone; i++)
		list(&r, path);
	if (r.n == 0 && !r.failed && access(path, F_OK) != 0 && !alone)
		complain(&r, path, strerror(errno));
	if (r.n > 0)
		qsort(r.files, r.n, sizeof(*r.files), by_age);
	for (size_t i = 0; i < r.n; i++) {
		if (go_on && (until > INT64_MAX - SLACK || r.files[i].first <= until + SLACK))
			go_on = read_file(&r, &r.files[i], take, take_context);
		ap_unpacked_close(&r.files[i].in);
	}
	return !r.failed;
}
