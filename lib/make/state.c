#include "state.h"

#include "../login/applied.h"
#include "../login/file.h"
#include "names.h"
#include "records.h"
#include "stamp.h"
#include "write.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define IMAGE AP_APPLIED_IMAGE
#define IMAGE_NEW AP_APPLIED_IMAGE ".new"
#define HISTORY AP_APPLIED_HISTORY
#define HISTORY_NEW AP_APPLIED_HISTORY "/new.image"
#define LOG AP_APPLIED_HISTORY "/log"
#define LOG_OLD AP_APPLIED_HISTORY "/log.old"
#define RESERVE AP_APPLIED_HISTORY "/reserve"
#define INTENT "intent"
#define INTENT_NEW "intent.new"
#define LOCK "lock"

enum {
	LOOK_AGAIN_MS = 20,
	LOG_MAX_BYTES = 8 * 1024 * 1024, /* then it begins anew, and the one before is kept beside it */
	READ_MAX_BYTES = 64 * 1024 * 1024,
	RESERVE_BYTES = 64 * 1024, /* given up where there is no room to remember what was put in force */
	TEXTS_KEPT = 10,
	IMAGES_KEPT_ANYHOW = 3,
	IMAGES_KEPT = 50
};
static const uint64_t images_kept_bytes = (uint64_t)1024 * 1024 * 1024;

struct ap_state {
	int folder;
	int lock; /* -1: not held */
	char path[];
};

/* "FOLDER/NAME cannot be …: why": errno is what it was when the call failed. */
static ap_status failed(const ap_state *state, const char *name, const char *what, ap_error *error)
{
	int code = errno;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", state->path, name) >= (int)sizeof(path))
		path[0] = '\0'; /* no file of such a path could have failed but for its length */
	return ap_error_set(error, AP_ERR_IO, path, 0, "cannot be %s: %s", what, strerror(code));
}

/*
 * Opening and locking
 */

static ap_status cannot_be_made(const char *path, ap_error *error)
{
	return ap_error_set(error, AP_ERR_IO, path, 0, "the state folder cannot be made: %s%s", strerror(errno),
			    errno == ENOENT ? "; make the folder above it" : "");
}

ap_status ap_state_can_be_made(const char *path, ap_error *error)
{
	const char *end = path + strlen(path);
	char above[PATH_MAX];
	struct stat info;

	while (end > path && end[-1] == '/')
		end--;
	while (end > path && end[-1] != '/')
		end--;
	if ((size_t)(end - path) >= sizeof(above))
		return ap_error_set(error, AP_ERR_LIMIT, path, 0, "the path of the state folder is too long");
	memcpy(above, path, (size_t)(end - path));
	above[end - path] = '\0';
	return stat(above[0] != '\0' ? above : ".", &info) == 0 ? AP_OK : cannot_be_made(path, error);
}

ap_status ap_state_open(const char *path, bool create, ap_state **ret_state, ap_error *error)
{
	size_t length = strlen(path) + 1;
	ap_state *state;
	ap_status status;
	struct stat info;
	int folder;

	if (create && mkdir(path, 0755) != 0 && errno != EEXIST)
		return cannot_be_made(path, error);
	status = ap_folder_open(path, &folder, error);
	if (status != AP_OK)
		return status;
	/* sticky or not: whoever can make a lock or a history there could keep everybody out */
	if (fstat(folder, &info) != 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		(void)close(folder);
		return ap_error_set(error, AP_ERR_TRUST, path, 0,
				    "the state folder can be written by group or others; expected chmod go-w");
	}
	state = malloc(sizeof(*state) + length);
	if (state == NULL)
		ap_out_of_memory();
	*state = (ap_state){ .folder = folder, .lock = -1 };
	memcpy(state->path, path, length);
	*ret_state = state;
	return AP_OK;
}

void ap_state_close(ap_state *state)
{
	if (state == NULL)
		return;
	if (state->lock >= 0)
		(void)close(state->lock);
	(void)close(state->folder);
	free(state);
}

/* Who holds the lock, for a message: what the holder wrote into it. */
static unsigned long holder_of(int lock)
{
	char text[32] = "";

	if (pread(lock, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return strtoul(text, NULL, 10);
}

static void sign(int lock)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	/* who holds it is told to people: that it cannot be written is no reason to give up */
	if (ftruncate(lock, 0) != 0 || pwrite(lock, text, (size_t)length, 0) != length)
		return;
}

static ap_status take_lock(ap_state *state, int wait_ms, ap_error *error)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000 };
	int fd = openat(state->folder, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	char path[PATH_MAX];

	if (fd < 0)
		return failed(state, LOCK, "opened", error);
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK || wait_ms <= 0) {
			int code = errno;
			unsigned long holder = holder_of(fd);

			(void)close(fd);
			errno = code;
			if (code != EWOULDBLOCK)
				return failed(state, LOCK, "locked", error);
			(void)snprintf(path, sizeof(path), "%s/%s", state->path, LOCK);
			return ap_error_set(
				error, AP_ERR_TIMEOUT, path, 0,
				"is held by process %lu, which is applying a policy; try again when it has ended",
				holder);
		}
		(void)nanosleep(&pause, NULL);
		wait_ms -= LOOK_AGAIN_MS;
	}
	sign(fd);
	state->lock = fd;
	return AP_OK;
}

/*
 * Files of the folder
 */

/* Writes a file that was not there, and sees to it that it is on the disk. Else errno is that of what failed. */
static ap_status write_new(const ap_state *state, const char *name, const void *bytes, size_t size,
			   const ap_progress *progress, ap_error *error)
{
	ap_status status = AP_OK;
	int fd, cause;

	(void)unlinkat(state->folder, name, 0);
	fd = openat(state->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(state, name, "made", error);
	/* whatever the umask */
	if (fchmod(fd, 0600) != 0 || !ap_write_all(fd, bytes, size, progress))
		status = failed(state, name, "written", error);
	else if (fsync(fd) != 0)
		status = failed(state, name, "synchronized", error);
	cause = errno;
	if (close(fd) != 0 && status == AP_OK) {
		cause = errno;
		status = failed(state, name, "written", error);
	}
	if (status != AP_OK)
		(void)unlinkat(state->folder, name, 0);
	errno = cause;
	return status;
}

/* Puts a file in another's place, for good. */
static ap_status move_over(const ap_state *state, const char *from, const char *to, ap_error *error)
{
	if (renameat(state->folder, from, state->folder, to) != 0)
		return failed(state, to, "replaced", error);
	if (fsync(state->folder) != 0)
		return failed(state, to, "synchronized", error);
	return AP_OK;
}

/* What is copied is to be in force for good, or to be kept as that. */
static bool copy_first_block(int from, int to)
{
	uint8_t block[AP_BLOCK_SIZE];
	size_t used = 0;
	ssize_t n;

	while (used < sizeof(block) && (n = read(from, block + used, sizeof(block) - used)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		used += (size_t)n;
	}
	if (used == sizeof(block))
		ap_stamp_clear(block);
	return ap_write_all(to, block, used, NULL);
}

static bool copy_all(int from, int to)
{
	char buffer[64 * 1024];
	ssize_t n;

	if (!copy_first_block(from, to))
		return false;
	while ((n = read(from, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || !ap_write_all(to, buffer, (size_t)n, NULL))
			return false;
	}
	return true;
}

/* By errno, of a call that failed. */
static bool is_full(void)
{
	return errno == ENOSPC || errno == EDQUOT;
}

/*
 * A copy, not a link: what happens to the image in force must not happen to the history's; and on trial only the former
 * is. *ret_full where there was no room for it.
 */
static ap_status copy_image(const ap_state *state, const char *from, const char *to, bool *ret_full, ap_error *error)
{
	int in = openat(state->folder, from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK), out;
	ap_status status = AP_OK;

	*ret_full = false;
	if (in < 0)
		return failed(state, from, "opened", error);
	(void)unlinkat(state->folder, to, 0);
	out = openat(state->folder, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0 || fchmod(out, 0600) != 0 || !copy_all(in, out) || fsync(out) != 0) {
		*ret_full = is_full();
		status = failed(state, to, "written", error);
	}
	(void)close(in);
	if (out >= 0 && close(out) != 0 && status == AP_OK)
		status = failed(state, to, "written", error);
	if (status != AP_OK)
		(void)unlinkat(state->folder, to, 0);
	return status;
}

/* The whole of a file, ended by a NUL byte; AP_ERR_MISSING where there is none. The caller frees it. */
static ap_status read_all(const ap_state *state, const char *name, char **ret_text, size_t *ret_size, ap_error *error)
{
	int fd = openat(state->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char path[PATH_MAX];
	ap_status status;

	if (fd < 0 && errno == ENOENT)
		return ap_error_set(error, AP_ERR_MISSING, state->path, 0, "has no %s", name);
	if (fd < 0)
		return failed(state, name, "opened", error);
	(void)snprintf(path, sizeof(path), "%s/%s", state->path, name);
	status = ap_file_read_descriptor(fd, path, READ_MAX_BYTES, ret_text, ret_size, error);
	(void)close(fd);
	return status;
}

const char *ap_state_image_path(const ap_state *state, ap_arena *arena, const char *revision)
{
	size_t size = strlen(state->path) + strlen(revision) + 32;
	char *path = ap_arena_alloc(arena, size);

	(void)snprintf(path, size, "%s/%s/%s.image", state->path, HISTORY, revision);
	return path;
}

static void image_name(const char *revision, char name[PATH_MAX])
{
	(void)snprintf(name, PATH_MAX, "%s/%s.image", HISTORY, revision);
}

/*
 * The history
 */

static void read_lines(const char *text, size_t size, ap_arena *arena, ap_records *records)
{
	const char *end = text + size;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = newline != NULL ? (size_t)(newline - text) : (size_t)(end - text);
		ap_record record;

		if (length > 0 && ap_record_parse(text, length, arena, &record))
			*AP_PUSH(arena, records->items, records->n) = record;
		else if (length > 0)
			records->n_illegible++;
		text += length + 1;
	}
}

static ap_status read_log(const ap_state *state, ap_arena *arena, ap_records *ret_records, ap_error *error)
{
	static const char *const names[] = { LOG_OLD, LOG };

	*ret_records = (ap_records){ 0 };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *text;
		size_t size;
		ap_status status = read_all(state, names[i], &text, &size, error);

		if (status == AP_ERR_MISSING)
			continue;
		if (status != AP_OK)
			return status;
		read_lines(text, size, arena, ret_records);
		free(text);
	}
	return AP_OK;
}

/* True with *ret_record where an intent is there, and is a record. */
static bool read_intent(const ap_state *state, ap_arena *arena, ap_record *ret_record)
{
	char *text;
	size_t size;
	bool legible;

	if (read_all(state, INTENT, &text, &size, NULL) != AP_OK)
		return false;
	legible = size > 0 && text[size - 1] == '\n' && ap_record_parse(text, size - 1, arena, ret_record);
	free(text);
	return legible;
}

/* False where it cannot be told. */
static bool read_head(const ap_state *state, const char *name, ap_image_head *ret_head)
{
	int fd = openat(state->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	uint8_t block[AP_BLOCK_SIZE];
	bool found;

	if (fd < 0)
		return false;
	found = pread(fd, block, sizeof(block), 0) == (ssize_t)sizeof(block) && ap_stamp_read(block, ret_head);
	(void)close(fd);
	return found;
}

/* Is what the record tells of in force: that image, and for as long? */
static bool is_in_force(const ap_state *state, const ap_record *record)
{
	char revision[AP_HEX_REVISION + 1];
	ap_image_head head;

	if (!read_head(state, IMAGE, &head))
		return false;
	ap_revision_format(head.revision, revision);
	return strcmp(revision, record->revision) == 0 && head.trial.ends == record->trial_ends;
}

static bool came_to_be(const ap_state *state, const ap_record *intent, const ap_records *records)
{
	return is_in_force(state, intent) &&
	       (records->n == 0 || records->items[records->n - 1].number < intent->number);
}

/* Who began the trial, as far as it is known. */
static void tell_who_began(const ap_records *records, const ap_record *ended, ap_record *record)
{
	record->by = "unknown";
	for (size_t i = records->n; i > 0; i--) {
		const ap_record *begun = &records->items[i - 1];

		if (strcmp(begun->revision, ended->replaced) != 0 || begun->trial_ends != ended->time)
			continue;
		record->by = begun->by;
		record->uid = begun->uid;
		return;
	}
}

/* The record of a trial's end, if the image in force is on one that has ended, and what counts since can be told. */
static bool find_ended_trial(const ap_state *state, int64_t now, const ap_records *records, ap_record *ret_record)
{
	ap_record record = { .number = records->n > 0 ? records->items[records->n - 1].number + 1 : 1,
			     .action = AP_ACTION_TRIAL_END,
			     .summary = "the trial has ended: what was in force before counts again" };
	ap_image_head ended, then;
	char name[PATH_MAX];

	if (!read_head(state, IMAGE, &ended) || ended.trial.ends == 0 || now < ended.trial.ends)
		return false;
	ap_revision_format(ended.trial.then, record.revision);
	image_name(record.revision, name);
	if (!read_head(state, name, &then))
		return false;
	record.time = ended.trial.ends;
	record.n_policies = then.tables[AP_TABLE_POLICIES].n;
	ap_revision_format(then.text, record.text);
	ap_revision_format(ended.revision, record.replaced);
	ap_revision_format(ended.text, record.replaced_text);
	tell_who_began(records, &record, &record);
	*ret_record = record;
	return true;
}

ap_status ap_state_records(ap_state *state, int64_t now, ap_arena *arena, ap_records *ret_records, ap_error *error)
{
	ap_record record;
	ap_status status = read_log(state, arena, ret_records, error);

	if (status != AP_OK)
		return status;
	if (read_intent(state, arena, &record) && came_to_be(state, &record, ret_records))
		*AP_PUSH(arena, ret_records->items, ret_records->n) = record;
	ret_records->trial_ended = find_ended_trial(state, now, ret_records, &record);
	if (ret_records->trial_ended)
		*AP_PUSH(arena, ret_records->items, ret_records->n) = record;
	return AP_OK;
}

static void begin_anew_if_long(const ap_state *state)
{
	struct stat info;

	if (fstatat(state->folder, LOG, &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_size > LOG_MAX_BYTES)
		(void)renameat(state->folder, LOG, state->folder, LOG_OLD);
}

static bool ends_in_newline(int fd, off_t size)
{
	char last;

	return size <= 0 || (pread(fd, &last, 1, size - 1) == 1 && last == '\n');
}

/* A line that somebody was killed at is ended first; one that finds no room leaves nothing of itself. */
static bool write_line(int fd, const char *line)
{
	off_t size = lseek(fd, 0, SEEK_END);
	bool undone;
	int cause;

	if ((ends_in_newline(fd, size) || ap_write_all(fd, "\n", 1, NULL)) &&
	    ap_write_all(fd, line, strlen(line), NULL))
		return true;
	cause = errno;
	undone = size >= 0 && ftruncate(fd, size) == 0;
	(void)undone; /* else the next line stands behind what is left of this one, and history tells of that */
	errno = cause;
	return false;
}

/* *ret_full where there was no room for it: then nothing of it was written. */
static ap_status append_line(const ap_state *state, const char *line, bool *ret_full, ap_error *error)
{
	ap_status status = AP_OK;
	int fd;

	*ret_full = false;
	begin_anew_if_long(state);
	fd = openat(state->folder, LOG, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(state, LOG, "opened", error);
	if (!write_line(fd, line)) {
		*ret_full = is_full();
		status = failed(state, LOG, "written", error);
	} else if (fsync(fd) != 0) {
		status = failed(state, LOG, "synchronized", error);
	}
	(void)close(fd);
	return status;
}

typedef struct {
	uint64_t bytes;
	size_t n;
} kept_images;

static bool leaves_room(kept_images *all, const struct stat *image)
{
	all->bytes += (uint64_t)image->st_size;
	return ++all->n <= IMAGES_KEPT && all->bytes <= images_kept_bytes;
}

/* Images that no line of the log tells of, the lines being lost or long gone, count as older than all others. */
static void drop_unknown_images(const ap_state *state, const ap_names *known, kept_images *all)
{
	int fd = openat(state->folder, HISTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (folder == NULL && fd >= 0)
		(void)close(fd);
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		char revision[AP_HEX_REVISION + 1] = "";
		struct stat info;

		if (strlen(entry->d_name) != AP_HEX_REVISION + strlen(".image") ||
		    strcmp(entry->d_name + AP_HEX_REVISION, ".image") != 0)
			continue;
		memcpy(revision, entry->d_name, AP_HEX_REVISION);
		if (ap_names_find(known, revision) == AP_NONE &&
		    fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !leaves_room(all, &info))
			(void)unlinkat(fd, entry->d_name, 0);
	}
	if (folder != NULL)
		(void)closedir(folder);
}

/* What is to count when a trial has ended is none that could be dropped. */
static void note_awaited(const ap_state *state, ap_names *seen, ap_arena *arena)
{
	char *revision = ap_arena_alloc(arena, AP_HEX_REVISION + 1);
	ap_image_head head;

	if (!read_head(state, IMAGE, &head) || head.trial.ends == 0)
		return;
	ap_revision_format(head.trial.then, revision);
	ap_names_put(seen, revision, 0);
}

/*
 * Images that only the log remembers by now take no room. The newest are kept, as many as the limits leave; and the
 * newest of each of the last texts, however many feeds came in between: it is a text that one goes back from.
 */
static void drop_old_images(ap_state *state)
{
	ap_arena *arena = ap_arena_new();
	ap_names *seen = ap_names_new(arena), *texts = ap_names_new(arena);
	ap_records records;
	kept_images all = { .n = 0 };
	size_t n_texts = 0;

	note_awaited(state, seen, arena);
	if (read_log(state, arena, &records, NULL) != AP_OK)
		records.n = 0;
	for (size_t i = records.n; i > 0; i--) {
		const ap_record *record = &records.items[i - 1];
		bool new_text = ap_names_find(texts, record->text) == AP_NONE;
		char name[PATH_MAX];
		struct stat info;

		if (ap_names_find(seen, record->revision) != AP_NONE)
			continue;
		ap_names_put(seen, record->revision, 0);
		image_name(record->revision, name);
		if (fstatat(state->folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (new_text) {
			ap_names_put(texts, record->text, 0);
			n_texts++;
		}
		if (!leaves_room(&all, &info) && all.n > IMAGES_KEPT_ANYHOW && !(new_text && n_texts <= TEXTS_KEPT))
			(void)unlinkat(state->folder, name, 0);
	}
	drop_unknown_images(state, seen, &all);
	ap_arena_free(arena);
}

static ap_status make_history(const ap_state *state, ap_error *error)
{
	if (mkdirat(state->folder, HISTORY, 0700) != 0 && errno != EEXIST)
		return failed(state, HISTORY, "made", error);
	return AP_OK;
}

static ap_status sync_history(const ap_state *state, ap_error *error)
{
	int folder = openat(state->folder, HISTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ap_status status = AP_OK;

	if (folder < 0 || fsync(folder) != 0 || fsync(state->folder) != 0)
		status = failed(state, HISTORY, "synchronized", error);
	if (folder >= 0)
		(void)close(folder);
	return status;
}

/* What the history gets once an image is in its place. */
typedef struct {
	const ap_record *record;
	const char *line;
	bool has_copy;     /* the history has the image already */
	const void *bytes; /* the image as the history has it, where it is still in memory; else NULL */
	size_t size;
} entry;

/* The history's copy of the image in force; one that is there already may be damaged, and is replaced. */
static ap_status copy_into_history(const ap_state *state, const entry *e, bool *ret_full, ap_error *error)
{
	char name[PATH_MAX];
	ap_status status = make_history(state, error);

	*ret_full = false;
	image_name(e->record->revision, name);
	if (status == AP_OK && e->bytes != NULL) {
		status = write_new(state, HISTORY_NEW, e->bytes, e->size, NULL, error);
		*ret_full = status != AP_OK && is_full();
	} else if (status == AP_OK) {
		status = copy_image(state, IMAGE, HISTORY_NEW, ret_full, error);
	}
	return status == AP_OK ? move_over(state, HISTORY_NEW, name, error) : status;
}

/* Made while there is room. */
static void make_reserve(const ap_state *state)
{
	char *bytes;
	struct stat info;

	if (fstatat(state->folder, RESERVE, &info, AT_SYMLINK_NOFOLLOW) == 0)
		return;
	bytes = malloc(RESERVE_BYTES);
	if (bytes == NULL)
		return;
	memset(bytes, '#', RESERVE_BYTES);
	(void)write_new(state, RESERVE, bytes, RESERVE_BYTES, NULL, NULL);
	free(bytes);
}

static ap_status remember(const ap_state *state, const entry *e, bool *ret_full, ap_error *error)
{
	ap_status status = e->has_copy ? AP_OK : copy_into_history(state, e, ret_full, error);

	return status == AP_OK ? append_line(state, e->line, ret_full, error) : status;
}

/* The image is in its place: now the history gets it, and its line, if need be at the cost of the reserve. */
static ap_status record_in_history(ap_state *state, const entry *e, ap_error *error)
{
	bool full;
	ap_status status = remember(state, e, &full, error);

	if (status != AP_OK && full && unlinkat(state->folder, RESERVE, 0) == 0)
		status = remember(state, e, &full, error);
	if (status == AP_OK)
		status = sync_history(state, error);
	if (status != AP_OK)
		return status;
	if (unlinkat(state->folder, INTENT, 0) != 0 && errno != ENOENT)
		return failed(state, INTENT, "removed", error);
	drop_old_images(state);
	make_reserve(state);
	return AP_OK;
}

/*
 * What somebody began who did not come to its end. Where it cannot be ended now either, it stays for the next: that
 * must not keep anybody from putting another policy in force.
 */
static ap_status recover(ap_state *state, ap_error *error)
{
	ap_arena *arena = ap_arena_new();
	ap_record intent;
	ap_records records;
	ap_status status = read_log(state, arena, &records, error);

	if (status == AP_OK && read_intent(state, arena, &intent) && came_to_be(state, &intent, &records)) {
		char *line = ap_record_format(&intent);

		(void)record_in_history(state, &(entry){ .record = &intent, .line = line }, NULL);
		free(line);
	} else if (status == AP_OK) {
		(void)unlinkat(state->folder, INTENT, 0);
	}
	(void)unlinkat(state->folder, INTENT_NEW, 0);
	(void)unlinkat(state->folder, IMAGE_NEW, 0);
	(void)unlinkat(state->folder, HISTORY_NEW, 0);
	ap_arena_free(arena);
	return status;
}

ap_status ap_state_lock(ap_state *state, int wait_ms, ap_error *error)
{
	ap_status status = take_lock(state, wait_ms, error);

	return status == AP_OK ? recover(state, error) : status;
}

/*
 * Putting in force
 */

/* What will be in the log, for whoever comes if this process ends on the way. */
static ap_status write_intent(const ap_state *state, const char *line, ap_error *error)
{
	ap_status status = write_new(state, INTENT_NEW, line, strlen(line), NULL, error);

	return status == AP_OK ? move_over(state, INTENT_NEW, INTENT, error) : status;
}

/* The image stands under its new name, and takes its place. */
static ap_status take_place(ap_state *state, const entry *e, bool *ret_in_force, ap_error *error)
{
	ap_status status = move_over(state, IMAGE_NEW, IMAGE, error);

	/* a rename that could not be synchronized has been made all the same */
	*ret_in_force = status == AP_OK || is_in_force(state, e->record);
	(void)unlinkat(state->folder, IMAGE_NEW, 0);
	return status == AP_OK ? record_in_history(state, e, error) : status;
}

ap_status ap_state_put(ap_state *state, const void *bytes, size_t size, const ap_record *record,
		       const ap_progress *progress, bool *ret_in_force, ap_error *error)
{
	char *line = ap_record_format(record);
	const entry e = {
		.record = record, .line = line, .bytes = record->trial_ends == 0 ? bytes : NULL, .size = size
	};
	ap_status status = write_new(state, IMAGE_NEW, bytes, size, progress, error);

	*ret_in_force = false;
	if (status == AP_OK)
		status = write_intent(state, line, error);
	if (status == AP_OK)
		status = take_place(state, &e, ret_in_force, error);
	else
		(void)unlinkat(state->folder, IMAGE_NEW, 0);
	free(line);
	return status;
}

/*
 * A full disk is when one goes back: what has no room for a copy is linked, and the reserve makes some for the intent
 * and the line. Without either it is still put in force.
 */
ap_status ap_state_put_again(ap_state *state, const ap_record *record, bool *ret_in_force, ap_error *error)
{
	char name[PATH_MAX], *line = ap_record_format(record);
	const entry e = { .record = record, .line = line, .has_copy = true };
	bool full;
	ap_status status;

	*ret_in_force = false;
	image_name(record->revision, name);
	status = copy_image(state, name, IMAGE_NEW, &full, error);
	if (status != AP_OK && full) {
		status = linkat(state->folder, name, state->folder, IMAGE_NEW, 0) == 0
				 ? AP_OK
				 : failed(state, name, "linked", error);
		(void)unlinkat(state->folder, RESERVE, 0);
	}
	if (status == AP_OK) {
		if (write_intent(state, line, NULL) != AP_OK && unlinkat(state->folder, RESERVE, 0) == 0)
			(void)write_intent(state, line, NULL);
		status = take_place(state, &e, ret_in_force, error);
	}
	free(line);
	return status;
}

ap_status ap_state_record(ap_state *state, const ap_record *record, ap_error *error)
{
	char *line = ap_record_format(record);
	ap_status status = record_in_history(state, &(entry){ .record = record, .line = line }, error);

	free(line);
	return status;
}

ap_status ap_state_keep(ap_state *state, const char *revision, ap_error *error)
{
	ap_record record = { .number = 0 };
	bool full;
	ap_status status;

	memcpy(record.revision, revision, sizeof(record.revision));
	status = copy_into_history(state, &(entry){ .record = &record }, &full, error);
	return status == AP_OK ? sync_history(state, error) : status;
}
