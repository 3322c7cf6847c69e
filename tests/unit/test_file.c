/* Opening a file that nobody but root or the effective user could have put there. */
#include "../../lib/login/file.h"
#include "rows.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FOREIGN = 12345, ANOTHER = 54321 };

static char *scratch;

static void make_folder(const char *name, mode_t mode)
{
	char *path = ap_scratch_path(scratch, name);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static void make_file(const char *name, mode_t mode)
{
	free(ap_scratch_write(scratch, name, "text\n", mode));
}

static void make_link(const char *name, const char *target)
{
	char *path = ap_scratch_path(scratch, name);

	assert_int_equal(symlink(target, path), 0);
	free(path);
}

static void make_special(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *fifo = ap_scratch_path(scratch, "fifo"), *path = ap_scratch_path(scratch, "socket");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(mkfifo(fifo, 0600), 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(chmod(path, 0600), 0);
	(void)close(fd);
	free(fifo);
	free(path);
}

static void make_links(void)
{
	char name[16], target[16];
	char *path = ap_scratch_path(scratch, "plain");

	make_link("link", "plain");
	make_link("absolute", path);
	make_link("up", "folder/../plain");
	make_link("inner-link", "folder/inner");
	make_link("dangling", "nowhere");
	make_link("to-fifo", "fifo");
	make_link("to-folder", "folder");
	make_link("to-open", "open/plain");
	make_link("loop", "loop");
	make_link("loop-a", "loop-b");
	make_link("loop-b", "loop-a");
	make_link("to-hidden", ".hidden");
	make_link("folder/out", "../plain");
	make_link("folder/back", "..");
	make_link("chain0", "plain");
	for (int i = 1; i <= 20; i++) {
		(void)snprintf(name, sizeof(name), "chain%d", i);
		(void)snprintf(target, sizeof(target), "chain%d", i - 1);
		make_link(name, target);
	}
	free(path);
}

/* What only root can make: files of others, in folders of others. */
static void make_foreign(void)
{
	static const char *const names[] = { "foreign",
					     "foreign-folder",
					     "sticky/foreign",
					     "foreign-link",
					     "sticky/foreign-link",
					     "sticky/foreign-folder",
					     "sticky/foreign-fifo",
					     "folder/foreign",
					     "foreign-group-writable" };
	char *fifo = ap_scratch_path(scratch, "sticky/foreign-fifo");

	make_file("foreign", 0644);
	make_folder("foreign-folder", 0755);
	make_file("foreign-folder/plain", 0644);
	make_file("sticky/foreign", 0644);
	make_link("foreign-link", "plain");
	make_link("sticky/foreign-link", "plain");
	make_folder("sticky/foreign-folder", 0755);
	make_file("sticky/foreign-folder/plain", 0644);
	make_file("folder/foreign", 0644);
	make_file("foreign-group-writable", 0664);
	assert_int_equal(mkfifo(fifo, 0644), 0);
	free(fifo);
	for (size_t i = 0; i < AP_N(names) && geteuid() == 0; i++) {
		char *path = ap_scratch_path(scratch, names[i]);

		assert_int_equal(lchown(path, FOREIGN, FOREIGN), 0);
		free(path);
	}
}

static int make_all(void **state)
{
	(void)state;
	scratch = ap_scratch_new();
	assert_int_equal(chmod(scratch, 0755), 0);
	make_file("plain", 0644);
	make_file("private", 0600);
	make_file("read-only", 0444);
	make_file("group-writable", 0664);
	make_file("group-writable-only", 0020);
	make_file("others-writable", 0646);
	make_file("unreadable", 0000);
	make_folder("folder", 0755);
	make_file("folder/inner", 0644);
	make_folder("open", 0777);
	make_file("open/plain", 0644);
	make_folder("open/closed", 0755);
	make_file("open/closed/plain", 0644);
	make_folder("group", 0775);
	make_file("group/plain", 0644);
	make_folder("sticky", 01777);
	make_file("sticky/plain", 0644);
	make_file("sticky/group-writable", 0664);
	make_folder("sticky/closed", 0755);
	make_file("sticky/closed/plain", 0644);
	make_folder("sticky/open", 0777);
	make_file("sticky/open/plain", 0644);
	make_folder("group-sticky", 01775);
	make_file("group-sticky/plain", 0644);
	make_folder(".hidden", 0755);
	make_file(".hidden/plain", 0644);
	make_file("folder/.hidden", 0644);
	make_folder("folder/group", 0775);
	make_folder("folder/group/inner", 0755);
	make_file("folder/group/inner/plain", 0644);
	make_folder("folder/two..dots", 0755);
	make_file("folder/two..dots/plain", 0644);
	make_special();
	make_links();
	make_foreign();
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	ap_scratch_free(scratch);
	return 0;
}

enum { AS_ROOT = 1, NOT_AS_ROOT = 2 };

static const struct row {
	const char *name; /* in the scratch folder, or absolute */
	bool folder;      /* asked for as a folder */
	ap_status status;
	int only;
} rows[] = {
	{ "plain", false, AP_OK, 0 },
	{ "private", false, AP_OK, 0 },
	{ "read-only", false, AP_OK, 0 },
	{ "folder/inner", false, AP_OK, 0 },
	{ "folder//inner", false, AP_OK, 0 },
	{ "./folder/./inner", false, AP_OK, 0 },
	{ "folder/../plain", false, AP_OK, 0 },
	{ "link", false, AP_OK, 0 },
	{ "absolute", false, AP_OK, 0 },
	{ "up", false, AP_OK, 0 },
	{ "inner-link", false, AP_OK, 0 },
	{ "to-folder/inner", false, AP_OK, 0 },
	{ "chain20", false, AP_OK, 0 },
	{ "sticky/plain", false, AP_OK, 0 },

	{ "nowhere", false, AP_ERR_MISSING, 0 },
	{ "nowhere/plain", false, AP_ERR_MISSING, 0 },
	{ "plain/inner", false, AP_ERR_MISSING, 0 },
	{ "dangling", false, AP_ERR_MISSING, 0 },

	{ "group-writable", false, AP_ERR_TRUST, 0 },
	{ "group-writable-only", false, AP_ERR_TRUST, AS_ROOT },
	{ "others-writable", false, AP_ERR_TRUST, 0 },
	{ "sticky/group-writable", false, AP_ERR_TRUST, 0 },
	{ "folder", false, AP_ERR_TRUST, 0 },
	{ "to-folder", false, AP_ERR_TRUST, 0 },
	{ "fifo", false, AP_ERR_TRUST, 0 },
	{ "to-fifo", false, AP_ERR_TRUST, 0 },
	{ "socket", false, AP_ERR_TRUST, 0 },
	{ "/dev/null", false, AP_ERR_TRUST, 0 },
	{ "/", false, AP_ERR_TRUST, 0 },
	{ "open/plain", false, AP_ERR_TRUST, 0 },
	{ "open/closed/plain", false, AP_ERR_TRUST, 0 },
	{ "group/plain", false, AP_ERR_TRUST, 0 },
	{ "to-open", false, AP_ERR_TRUST, 0 },
	{ "open/../plain", false, AP_ERR_TRUST, 0 },

	{ "foreign", false, AP_ERR_TRUST, AS_ROOT },
	{ "foreign-folder/plain", false, AP_ERR_TRUST, AS_ROOT },
	{ "sticky/foreign", false, AP_ERR_TRUST, AS_ROOT },
	{ "sticky/foreign-link", false, AP_ERR_TRUST, AS_ROOT },
	{ "unreadable", false, AP_OK, AS_ROOT },
	{ "unreadable", false, AP_ERR_IO, NOT_AS_ROOT },

	/* the straight way, and where it is left: links, "." and "..", names that begin with one, empty components */
	{ "sticky/closed/plain", false, AP_OK, 0 },
	{ "group-sticky/plain", false, AP_OK, 0 },
	{ ".hidden/plain", false, AP_OK, 0 },
	{ "folder/.hidden", false, AP_OK, 0 },
	{ "folder/two..dots/plain", false, AP_OK, 0 },
	{ "folder/out", false, AP_OK, 0 },
	{ "folder/back/plain", false, AP_OK, 0 },
	{ "to-hidden/plain", false, AP_OK, 0 },
	{ "to-folder/../plain", false, AP_OK, 0 },
	{ "folder/./../folder//inner", false, AP_OK, 0 },
	{ "plain/", false, AP_OK, 0 },
	{ "link/", false, AP_OK, 0 },
	{ "folder/", false, AP_ERR_TRUST, 0 },
	{ "folder/.", false, AP_ERR_TRUST, 0 },
	{ "folder/..", false, AP_ERR_TRUST, 0 },
	{ "plain/../plain", false, AP_ERR_MISSING, 0 },
	{ "plain/.", false, AP_ERR_MISSING, 0 },
	{ "fifo/", false, AP_ERR_TRUST, 0 },
	{ "sticky/open/plain", false, AP_ERR_TRUST, 0 },
	{ "folder/group/inner/plain", false, AP_ERR_TRUST, 0 },
	{ "folder/group/../inner", false, AP_ERR_TRUST, 0 },
	{ "sticky/foreign-folder/plain", false, AP_ERR_TRUST, AS_ROOT },
	{ "sticky/foreign-fifo", false, AP_ERR_TRUST, AS_ROOT },
	{ "folder/foreign", false, AP_ERR_TRUST, AS_ROOT },
	{ "foreign-group-writable", false, AP_ERR_TRUST, AS_ROOT },
	{ "foreign-link", false, AP_ERR_TRUST, AS_ROOT },

	{ "folder", true, AP_OK, 0 },
	{ "to-folder", true, AP_OK, 0 },
	{ "sticky", true, AP_OK, 0 },
	{ "/", true, AP_OK, 0 },
	{ "nowhere", true, AP_ERR_MISSING, 0 },
	{ "dangling", true, AP_ERR_MISSING, 0 },
	{ "open", true, AP_ERR_TRUST, 0 },
	{ "open/closed", true, AP_ERR_TRUST, 0 },
	{ "group", true, AP_ERR_TRUST, 0 },
	{ "plain", true, AP_ERR_TRUST, 0 },
	{ "fifo", true, AP_ERR_TRUST, 0 },
	{ "foreign-folder", true, AP_ERR_TRUST, AS_ROOT },
};

static bool applies(const struct row *row)
{
	return row->only == 0 || (row->only == AS_ROOT) == (geteuid() == 0);
}

static char *path_of(const struct row *row)
{
	return row->name[0] == '/' ? strdup(row->name) : ap_scratch_path(scratch, row->name);
}

static void test_file_rows(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		char *path = path_of(&rows[i]);
		size_t before = ap_open_descriptors();
		ap_error error = { .status = AP_OK };
		int fd = -77;
		ap_status status;

		if (!applies(&rows[i])) {
			free(path);
			continue;
		}
		status = rows[i].folder ? ap_folder_open(path, &fd, &error) : ap_file_open(path, &fd, &error);
		AP_ROW(failed, status == rows[i].status, "row %zu: %s: status %d (%s), not %d", i, rows[i].name,
		       (int)status, error.message, (int)rows[i].status);
		if (status == AP_OK) {
			AP_ROW(failed, (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "row %zu: not close-on-exec", i);
			AP_ROW(failed, (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY, "row %zu: not for reading", i);
			(void)close(fd);
		} else {
			AP_ROW(failed, fd == -77, "row %zu: the descriptor was written", i);
			AP_ROW(failed, error.status == status && error.message[0] != '\0', "row %zu: no message", i);
			AP_ROW(failed, strcmp(error.file, path) == 0, "row %zu: the message names %s", i, error.file);
		}
		AP_ROW(failed, ap_open_descriptors() == before, "row %zu: a descriptor is left", i);
		free(path);
	}
	AP_ROWS_END(failed);
}

/* What is said of a path, but for its own name. */
typedef struct {
	ap_status status;
	ino_t file;
	uint64_t size;
	char message[sizeof(((ap_error *)NULL)->message)];
} answer;

static answer answer_of(const char *path)
{
	ap_error error = { .status = AP_OK };
	answer found = { .size = 0 };
	struct stat info;
	int fd = -77;

	found.status = ap_file_open_sized(path, &fd, &found.size, &error);
	if (found.status == AP_OK) {
		assert_int_equal(fstat(fd, &info), 0);
		found.file = info.st_ino;
		(void)close(fd);
	}
	(void)snprintf(found.message, sizeof(found.message), "%s", error.message);
	return found;
}

/* A "." has the path walked, folder by folder: the way that is tried first must answer the same, to the letter. */
static void test_file_straight_way_answers_as_the_walk_does(void **state)
{
	size_t n_opened = 0, n_refused = 0;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		char *path = path_of(&rows[i]), walked[PATH_MAX];
		size_t before = ap_open_descriptors();
		answer straight, walk;

		(void)snprintf(walked, sizeof(walked), "/.%s", path);
		straight = answer_of(path);
		walk = answer_of(walked);
		AP_ROW(failed, straight.status == walk.status, "row %zu: %s: status %d, and %d by the walk", i,
		       rows[i].name, (int)straight.status, (int)walk.status);
		AP_ROW(failed, straight.file == walk.file && straight.size == walk.size,
		       "row %zu: %s: another file, or size", i, rows[i].name);
		AP_ROW(failed, strcmp(straight.message, walk.message) == 0, "row %zu: %s: \"%s\", and \"%s\"", i,
		       rows[i].name, straight.message, walk.message);
		AP_ROW(failed, ap_open_descriptors() == before, "row %zu: a descriptor is left", i);
		n_opened += straight.status == AP_OK;
		n_refused += straight.status != AP_OK;
		free(path);
	}
	print_message("%zu opened, %zu refused\n", n_opened, n_refused);
	AP_ROWS_END(failed);
}

/* A relative path is walked from the root: the folders above the working one count too. */
static void test_file_relative_paths_answer_as_absolute_ones(void **state)
{
	char here[PATH_MAX];
	int failed = 0;

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(scratch), 0);
	for (size_t i = 0; i < AP_N(rows); i++) {
		char *path = path_of(&rows[i]);
		answer absolute = answer_of(path), relative = answer_of(rows[i].name);

		AP_ROW(failed, absolute.status == relative.status && absolute.file == relative.file,
		       "row %zu: %s: status %d, and %d as a relative path", i, rows[i].name, (int)absolute.status,
		       (int)relative.status);
		free(path);
	}
	assert_int_equal(chdir(here), 0);
	AP_ROWS_END(failed);
}

/* Nobody writes to it: whoever waits for the other end, waits for ever. */
static void test_file_does_not_wait_for_a_fifo(void **state)
{
	char *path = ap_scratch_path(scratch, "fifo");
	int fd = -77;

	(void)state;
	(void)alarm(10);
	assert_int_equal(ap_file_open(path, &fd, NULL), AP_ERR_TRUST);
	(void)alarm(0);
	free(path);
}

/* Each refusal has its own message: no two of these may read the same. */
static void test_file_refusals_differ(void **state)
{
	static const char *const names[] = { "nowhere", "group-writable", "folder", "fifo", "open/plain", "loop" };
	ap_error errors[AP_N(names)];
	int failed = 0, fd;

	(void)state;
	for (size_t i = 0; i < AP_N(names); i++) {
		char *path = ap_scratch_path(scratch, names[i]);

		AP_ROW(failed, ap_file_open(path, &fd, &errors[i]) != AP_OK, "%s was opened", names[i]);
		for (size_t k = 0; k < i; k++)
			AP_ROW(failed, strcmp(errors[i].message, errors[k].message) != 0, "%s and %s: \"%s\"", names[i],
			       names[k], errors[i].message);
		free(path);
	}
	AP_ROWS_END(failed);
}

static void test_file_gives_up_on_circles_and_long_paths(void **state)
{
	static const char *const names[] = { "loop", "loop-a", "loop/plain", "" };
	char *paths[AP_N(names) + 2];
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(names); i++)
		paths[i] = names[i][0] != '\0' ? ap_scratch_path(scratch, names[i]) : strdup("");
	paths[AP_N(names)] = calloc(1, 3 * PATH_MAX);
	for (size_t i = 0; i < PATH_MAX; i++)
		memcpy(paths[AP_N(names)] + 2 * i, "/x", 2);
	paths[AP_N(names) + 1] = ap_scratch_path(scratch, "");
	paths[AP_N(names) + 1] = realloc(paths[AP_N(names) + 1], strlen(paths[AP_N(names) + 1]) + 400);
	memset(paths[AP_N(names) + 1] + strlen(paths[AP_N(names) + 1]), 'n', 300);
	paths[AP_N(names) + 1][strlen(scratch) + 301] = '\0';
	for (size_t i = 0; i < AP_N(paths); i++) {
		size_t before = ap_open_descriptors();
		ap_error error;
		int fd = -77;

		AP_ROW(failed, ap_file_open(paths[i], &fd, &error) != AP_OK && fd == -77, "path %zu was opened", i);
		AP_ROW(failed, error.message[0] != '\0', "path %zu: no message", i);
		AP_ROW(failed, ap_file_open(paths[i], &fd, NULL) != AP_OK, "path %zu was opened without an error", i);
		AP_ROW(failed, ap_open_descriptors() == before, "path %zu: a descriptor is left", i);
		free(paths[i]);
	}
	AP_ROWS_END(failed);
}

static void test_file_takes_relative_paths(void **state)
{
	char here[PATH_MAX];
	int fd = -77;

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(scratch), 0);
	assert_int_equal(ap_file_open("folder/inner", &fd, NULL), AP_OK);
	(void)close(fd);
	assert_int_equal(ap_file_open("../../../../../../../../../../nowhere", &fd, NULL), AP_ERR_MISSING);
	assert_int_equal(chdir("open"), 0);
	assert_int_equal(ap_file_open("plain", &fd, NULL), AP_ERR_TRUST);
	assert_int_equal(chdir(here), 0);
}

/* Below another machine's root, whatever the folders above it. */
static void test_file_below_a_root(void **state)
{
	static const struct {
		const char *path;
		ap_status status;
	} expected[] = {
		{ "/inner", AP_OK },
		{ "/../inner", AP_OK },
		{ "/up", AP_OK },
		{ "/absolute", AP_OK },
		{ "/plain", AP_ERR_MISSING },
		{ "/../plain", AP_ERR_MISSING },
		{ "/outside", AP_ERR_MISSING },
		{ "/wide/inner", AP_ERR_TRUST },
		{ "/to-wide", AP_ERR_TRUST },
		{ "/wide", AP_ERR_TRUST },
	};
	char *root = ap_scratch_path(scratch, "wide-above/root");
	int failed = 0;

	(void)state;
	make_folder("wide-above", 0777);
	make_folder("wide-above/root", 0755);
	make_folder("wide-above/root/wide", 0777);
	make_file("wide-above/root/inner", 0644);
	make_file("wide-above/root/wide/inner", 0644);
	make_file("wide-above/plain", 0644);
	make_link("wide-above/root/up", "../../../inner");
	make_link("wide-above/root/absolute", "/inner");
	make_link("wide-above/root/outside", "../plain");
	make_link("wide-above/root/to-wide", "/wide/inner");
	for (size_t i = 0; i < AP_N(expected); i++) {
		int fd = -77;
		ap_status status = ap_file_open_below(root, expected[i].path, &fd, NULL);

		AP_ROW(failed, status == expected[i].status, "row %zu: %s: %d", i, expected[i].path, (int)status);
		AP_ROW(failed, (fd >= 0) == (status == AP_OK), "row %zu: %s: descriptor %d", i, expected[i].path, fd);
		if (fd >= 0)
			(void)close(fd);
	}
	free(root);
	AP_ROWS_END(failed);
}

/* With another effective user: root's files and its own are trusted, a third one's are not. */
static void test_file_trusts_root_and_the_effective_user(void **state)
{
	static const struct {
		const char *name;
		ap_status status;
	} expected[] = { { "plain", AP_OK }, { "sticky/own", AP_OK }, { "foreign", AP_ERR_TRUST } };
	char *own = NULL;
	int failed = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	own = ap_scratch_write(scratch, "sticky/own", "text\n", 0644);
	assert_int_equal(chown(own, ANOTHER, ANOTHER), 0);
	assert_int_equal(seteuid(ANOTHER), 0);
	for (size_t i = 0; i < AP_N(expected); i++) {
		char *path = ap_scratch_path(scratch, expected[i].name);
		int fd = -77;
		ap_status status = ap_file_open(path, &fd, NULL);

		AP_ROW(failed, status == expected[i].status, "row %zu: %s: %d", i, expected[i].name, (int)status);
		if (fd >= 0)
			(void)close(fd);
		free(path);
	}
	assert_int_equal(seteuid(0), 0);
	free(own);
	AP_ROWS_END(failed);
}

static const struct {
	size_t size, limit;
	ap_status status;
} readings[] = {
	{ 0, 0, AP_OK },
	{ 0, 10, AP_OK },
	{ 1, 1, AP_OK },
	{ 1, 0, AP_ERR_LIMIT },
	{ 4095, 4095, AP_OK },
	{ 4096, 4096, AP_OK },
	{ 4097, 4096, AP_ERR_LIMIT },
	{ 70000, 70000, AP_OK },
	{ 70000, 1u << 30, AP_OK },
	{ 70000, 69999, AP_ERR_LIMIT },
};

static void test_file_read_up_to_the_limit(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(readings); i++) {
		char *content = malloc(readings[i].size + 1), *bytes = (char *)&failed, *path;
		size_t size = 4711, before = ap_open_descriptors();
		ap_status status;

		for (size_t k = 0; k < readings[i].size; k++)
			content[k] = (char)(k % 251); /* NUL bytes among them */
		path = ap_scratch_write_bytes(scratch, "content", content, readings[i].size, 0600);
		status = ap_file_read(path, readings[i].limit, &bytes, &size, NULL);
		AP_ROW(failed, status == readings[i].status, "row %zu: status %d", i, (int)status);
		if (status == AP_OK) {
			AP_ROW(failed,
			       size == readings[i].size && memcmp(bytes, content, size) == 0 && bytes[size] == '\0',
			       "row %zu: other contents", i);
			free(bytes);
		} else {
			AP_ROW(failed, bytes == (char *)&failed && size == 4711, "row %zu: the outputs were written",
			       i);
		}
		AP_ROW(failed, ap_open_descriptors() == before, "row %zu: a descriptor is left", i);
		free(content);
		free(path);
	}
	AP_ROWS_END(failed);
}

static void test_file_read_refuses_what_open_refuses(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		char *path = path_of(&rows[i]), *bytes = NULL;
		size_t size;

		if (applies(&rows[i]) && !rows[i].folder) {
			ap_status status = ap_file_read(path, 100, &bytes, &size, NULL);

			AP_ROW(failed, status == rows[i].status, "row %zu: %s: %d", i, rows[i].name, (int)status);
			free(bytes);
		}
		free(path);
	}
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_does_not_wait_for_a_fifo),
		cmocka_unit_test(test_file_rows),
		cmocka_unit_test(test_file_straight_way_answers_as_the_walk_does),
		cmocka_unit_test(test_file_relative_paths_answer_as_absolute_ones),
		cmocka_unit_test(test_file_refusals_differ),
		cmocka_unit_test(test_file_gives_up_on_circles_and_long_paths),
		cmocka_unit_test(test_file_takes_relative_paths),
		cmocka_unit_test(test_file_below_a_root),
		cmocka_unit_test(test_file_trusts_root_and_the_effective_user),
		cmocka_unit_test(test_file_read_up_to_the_limit),
		cmocka_unit_test(test_file_read_refuses_what_open_refuses),
	};

	return cmocka_run_group_tests(tests, make_all, remove_all);
}
