/* Files that are wrong as files: their kind, owner, mode, bytes and sizes; each test's row says all that is told. */
#include "../../lib/make/load.h"
#include "rows.h"
#include "scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define GOOD "policies = ( { name = \"P\"; type = \"blacklist\"; scope = { all = true; }; } );\n"

enum { FOREIGN_USER = 65534 };

typedef enum { ANYBODY, ROOT, NOT_ROOT } who;

typedef struct {
	const char *title;
	void (*prepare)(const char *folder);
	const char *expected; /* "FOLDER/" is left out */
	who runs;
} row;

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
	free(ap_scratch_write(folder, name, text, mode));
}

static void make_folder(const char *folder, const char *name, mode_t mode)
{
	char *path = ap_scratch_path(folder, name);

	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static void give_away(const char *folder, const char *name)
{
	char *path = ap_scratch_path(folder, name);

	assert_int_equal(chown(path, FOREIGN_USER, (gid_t)-1), 0);
	free(path);
}

static void make_fifo(const char *folder, const char *name)
{
	char *path = ap_scratch_path(folder, name);

	assert_int_equal(mkfifo(path, 0644), 0);
	free(path);
}

/* The root file */

static void missing(const char *folder)
{
	(void)folder;
}

static void unreadable(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD, 0000);
}

static void foreign(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD, 0644);
	give_away(folder, "accesspolicy.conf");
}

static void group_writable(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD, 0664);
}

static void world_writable(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD, 0646);
}

static void folder_in_its_place(const char *folder)
{
	make_folder(folder, "accesspolicy.conf", 0755);
}

static void fifo_in_its_place(const char *folder)
{
	make_fifo(folder, "accesspolicy.conf");
}

static void socket_in_its_place(const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/accesspolicy.conf", folder);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(close(fd), 0);
}

static void broken_link(const char *folder)
{
	char *path = ap_scratch_path(folder, "accesspolicy.conf");

	assert_int_equal(symlink("nowhere.conf", path), 0);
	free(path);
}

static void circle_of_links(const char *folder)
{
	char *path = ap_scratch_path(folder, "accesspolicy.conf");

	assert_int_equal(symlink("accesspolicy.conf", path), 0);
	free(path);
}

/* Its folders, drop-ins, feeds and directory files */

static void writable_folder(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD, 0644);
	assert_int_equal(chmod(folder, 0777), 0);
}

static void writable_drop_in_folder(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD, 0644);
	make_folder(folder, "conf.d", 0775);
}

static void foreign_drop_in_folder(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD, 0644);
	make_folder(folder, "conf.d", 0755);
	give_away(folder, "conf.d");
}

static void unreadable_drop_in_folder(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD, 0644);
	make_folder(folder, "conf.d", 0000);
}

static void drop_in_folder_is_a_file(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD, 0644);
	write_file(folder, "conf.d", "", 0644);
}

static void drop_in_folder_is_a_link_to_nowhere(const char *folder)
{
	char *path = ap_scratch_path(folder, "conf.d");

	write_file(folder, "accesspolicy.conf", GOOD, 0644);
	assert_int_equal(symlink("nowhere", path), 0);
	free(path);
}

static void drop_in_folder_is_a_link_through_a_file(const char *folder)
{
	char *path = ap_scratch_path(folder, "conf.d");

	write_file(folder, "accesspolicy.conf", GOOD, 0644);
	assert_int_equal(symlink("accesspolicy.conf/conf.d", path), 0);
	free(path);
}

static void drop_ins_of_all_kinds(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD, 0644);
	make_folder(folder, "conf.d", 0755);
	make_folder(folder, "conf.d/10-folder.conf", 0755);
	make_fifo(folder, "conf.d/20-fifo.conf");
	write_file(folder, "conf.d/30-writable.conf", "undetermined = \"deny\";\n", 0666);
	write_file(folder, "conf.d/.hidden.conf", "not read", 0666);
	write_file(folder, "conf.d/backup.conf~", "not read", 0666);
	write_file(folder, "conf.d/.conf", "not read", 0666);
	make_fifo(folder, "conf.d/README");
}

static void untrusted_feed(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD "networks = ( { name = \"drop\"; file = \"drop\"; } );\n", 0644);
	write_file(folder, "drop", "192.0.2.1\n", 0666);
}

static void untrusted_directory_file(const char *folder)
{
	write_file(folder, "accesspolicy.conf", GOOD "directory = [ \"members.csv\" ];\n", 0644);
	make_fifo(folder, "members.csv");
}

/* Bytes */

#define DEFINE_BYTES(function, bytes)                                                                                  \
	static void function(const char *folder)                                                                       \
	{                                                                                                              \
		static const char text[] = bytes;                                                                      \
                                                                                                                       \
		free(ap_scratch_write_bytes(folder, "accesspolicy.conf", text, sizeof(text) - 1, 0644));               \
	}

DEFINE_BYTES(nul_byte, GOOD "# \0 hidden\nmessage = \"x\";\n")
DEFINE_BYTES(only_nul_bytes, "\0\0\0")
DEFINE_BYTES(byte_order_mark, "\xef\xbb\xbf" GOOD)
DEFINE_BYTES(latin1, GOOD "message = \"Zugriff verweigert f\xfcr Sie\";\n")
DEFINE_BYTES(overlong, GOOD "# \xc0\xaf\n")
DEFINE_BYTES(surrogate, GOOD "# \xed\xa0\x80\n")
DEFINE_BYTES(utf16, "\xff\xfep\0o\0l\0\n\0")
DEFINE_BYTES(utf16_without_nul, "\xfe\xff\x4e\x2d\x0a\x0a")
DEFINE_BYTES(utf16_without_mark, "p\0o\0l\0\n\0p\0o\0l\0\n\0")
DEFINE_BYTES(utf16_big_endian, "\0p\0o\0l\0\n")
DEFINE_BYTES(no_newline, GOOD "message = \"x\";")
DEFINE_BYTES(cut_short, "policies = (\n  { name = \"P\"; type = \"black")
DEFINE_BYTES(cut_short_in_group, "policies = (\n  { name = \"P\"; type = \"blacklist\"; sco")
DEFINE_BYTES(cut_short_in_comment, GOOD "# why and who as")
DEFINE_BYTES(control_character, GOOD "message = \"x\";\f\n")

static void feed_and_directory_bytes(const char *folder)
{
	write_file(folder, "accesspolicy.conf",
		   GOOD "directory = [ \"members.csv\" ];\nnetworks = ( { name = \"drop\"; file = \"drop\"; } );\n",
		   0644);
	write_file(folder, "drop", "192.0.2.1\n192.0.2", 0644);
	free(ap_scratch_write_bytes(folder, "members.csv", "alice,sales\nb\0b,sales\n", 22, 0644));
}

static void long_line_of(const char *folder, size_t length)
{
	char *text = malloc(length + 3);

	assert_non_null(text);
	memset(text, 'x', length);
	text[0] = '#';
	memcpy(text + length, "\n", 2);
	write_file(folder, "accesspolicy.conf", text, 0644);
	free(text);
}

static void long_line(const char *folder)
{
	long_line_of(folder, (size_t)10 * 1024 * 1024);
}

static void nested(const char *folder)
{
	char text[256] = "policies = ";

	memset(text + 11, '(', 33);
	memset(text + 44, ')', 33);
	memcpy(text + 77, ";\n", 3);
	write_file(folder, "accesspolicy.conf", text, 0644);
}

static void too_large(const char *folder)
{
	char *path = ap_scratch_write(folder, "accesspolicy.conf", GOOD, 0644);

	assert_int_equal(truncate(path, (off_t)64 * 1024 * 1024 + 1), 0);
	free(path);
}

static void too_many_settings(const char *folder)
{
	char *text = calloc(1, 32 * 1100), *end = text;

	assert_non_null(text);
	for (unsigned i = 0; i < 1100; i++)
		end += sprintf(end, "a%u = 1;\n", i);
	write_file(folder, "accesspolicy.conf", text, 0644);
	free(text);
}

static const row rows[] = {
	{ "missing", missing, "accesspolicy.conf:0: the file does not exist (No such file or directory)\n", ANYBODY },
	{ "unreadable", unreadable, "accesspolicy.conf:0: the file cannot be opened: Permission denied\n", NOT_ROOT },
	{ "foreign-owned", foreign,
	  "accesspolicy.conf:0: the file is owned by user 65534; expected root: whoever owns it could write the "
	  "policy\n",
	  ROOT },
	{ "group-writable", group_writable,
	  "accesspolicy.conf:0: can be written by group or others (mode 0664); expected chmod go-w\n", ANYBODY },
	{ "world-writable", world_writable,
	  "accesspolicy.conf:0: can be written by group or others (mode 0646); expected chmod go-w\n", ANYBODY },
	{ "a folder", folder_in_its_place, "accesspolicy.conf:0: is a folder; expected a regular file\n", ANYBODY },
	{ "a FIFO", fifo_in_its_place, "accesspolicy.conf:0: is a FIFO; expected a regular file\n", ANYBODY },
	{ "a socket", socket_in_its_place, "accesspolicy.conf:0: is a socket; expected a regular file\n", ANYBODY },
	{ "a broken link", broken_link, "accesspolicy.conf:0: the file does not exist (No such file or directory)\n",
	  ANYBODY },
	{ "a circle of links", circle_of_links,
	  "accesspolicy.conf:0: there are more than 40 symbolic links on the way; do they run in a circle?\n",
	  ANYBODY },
	{ "a folder that others can write", writable_folder,
	  "accesspolicy.conf:0: the folder FOLDER can be written by group or others (mode 0777); expected chmod go-w\n"
	  "conf.d:0: the folder FOLDER can be written by group or others (mode 0777); expected chmod go-w\n",
	  ANYBODY },
	{ "a writable conf.d", writable_drop_in_folder,
	  "conf.d:0: the folder conf.d can be written by group or others (mode 0775); expected chmod go-w\n", ANYBODY },
	{ "a foreign conf.d", foreign_drop_in_folder,
	  "conf.d:0: the folder conf.d is owned by user 65534; expected root: whoever owns it could write the policy\n",
	  ROOT },
	{ "an unreadable conf.d", unreadable_drop_in_folder,
	  "conf.d:0: the folder cannot be opened: Permission denied\n", NOT_ROOT },
	{ "conf.d is a file", drop_in_folder_is_a_file, "conf.d:0: is no folder\n", ANYBODY },
	{ "conf.d is a link to nowhere", drop_in_folder_is_a_link_to_nowhere,
	  "conf.d:0: is a symbolic link to a folder that does not exist; mend the link, or remove it\n", ANYBODY },
	{ "conf.d is a link through a file", drop_in_folder_is_a_link_through_a_file,
	  "conf.d:0: is a symbolic link to a folder that does not exist; mend the link, or remove it\n", ANYBODY },
	{ "drop-ins of all kinds", drop_ins_of_all_kinds,
	  "conf.d/10-folder.conf:0: is a folder; expected a regular file\n"
	  "conf.d/20-fifo.conf:0: is a FIFO; expected a regular file\n"
	  "conf.d/30-writable.conf:0: can be written by group or others (mode 0666); expected chmod go-w\n",
	  ANYBODY },
	{ "an untrusted feed", untrusted_feed,
	  "drop:0: can be written by group or others (mode 0666); expected chmod go-w; accesspolicy.conf:2 names it\n",
	  ANYBODY },
	{ "an untrusted directory file", untrusted_directory_file,
	  "members.csv:0: is a FIFO; expected a regular file; accesspolicy.conf:2 names it\n", ANYBODY },
	{ "a NUL byte", nul_byte,
	  "accesspolicy.conf:2: found a NUL byte (byte 3 of the line); expected text: is this the right file?\n",
	  ANYBODY },
	{ "only NUL bytes", only_nul_bytes,
	  "accesspolicy.conf:1: found a NUL byte (byte 1 of the line); expected text: is this the right file?\n"
	  "accesspolicy.conf:1: the file does not end in a newline; was it cut short?\n",
	  ANYBODY },
	{ "a byte-order mark", byte_order_mark,
	  "accesspolicy.conf:1: the file starts with a byte-order mark; save it as UTF-8 without one\n", ANYBODY },
	{ "Latin-1", latin1,
	  "accesspolicy.conf:2: found 0xfc (byte 32 of the line), which is not UTF-8; save the file as UTF-8\n",
	  ANYBODY },
	{ "an overlong sequence", overlong,
	  "accesspolicy.conf:2: found 0xc0 (byte 3 of the line), which is not UTF-8; save the file as UTF-8\n",
	  ANYBODY },
	{ "a surrogate", surrogate,
	  "accesspolicy.conf:2: found 0xed (byte 3 of the line), which is not UTF-8; save the file as UTF-8\n",
	  ANYBODY },
	{ "UTF-16", utf16, "accesspolicy.conf:0: is UTF-16; expected UTF-8\n", ANYBODY },
	{ "UTF-16 without a NUL byte", utf16_without_nul, "accesspolicy.conf:0: is UTF-16; expected UTF-8\n", ANYBODY },
	{ "UTF-16 without a byte-order mark", utf16_without_mark, "accesspolicy.conf:0: is UTF-16; expected UTF-8\n",
	  ANYBODY },
	{ "big-endian UTF-16 without a byte-order mark", utf16_big_endian,
	  "accesspolicy.conf:0: is UTF-16; expected UTF-8\n", ANYBODY },
	{ "no newline at the end", no_newline,
	  "accesspolicy.conf:2: the file does not end in a newline; was it cut short?\n", ANYBODY },
	{ "cut short in a string", cut_short,
	  "accesspolicy.conf:2: the file does not end in a newline; was it cut short?\n"
	  "accesspolicy.conf:2: the string that starts here has no end; expected \"\\\"\" in the same line\n",
	  ANYBODY },
	{ "cut short in a group", cut_short_in_group,
	  "accesspolicy.conf:2: the file does not end in a newline; was it cut short?\n"
	  "accesspolicy.conf:2: the \"{\" that starts here has no end; expected \"}\" before the end of the file\n",
	  ANYBODY },
	{ "cut short in a comment", cut_short_in_comment,
	  "accesspolicy.conf:2: the file does not end in a newline; was it cut short?\n", ANYBODY },
	{ "a control character", control_character,
	  "accesspolicy.conf:2: found \"\\x0c\", expected the name of a setting\n", ANYBODY },
	{ "feeds and directory files are looked at alike", feed_and_directory_bytes,
	  "drop:2: the file does not end in a newline; was it cut short?\n"
	  "members.csv:2: found a NUL byte (byte 2 of the line); expected text: is this the right file?\n",
	  ANYBODY },
	{ "a line of 10 MB", long_line,
	  "accesspolicy.conf:0: the file is empty: it sets nothing; write a setting, or remove the file\n"
	  "accesspolicy.conf:1: the line has 10485760 bytes; at most 1048576 are accepted\n",
	  ANYBODY },
	{ "nested too deep", nested, "accesspolicy.conf:1: brackets are nested more than 32 deep\n", ANYBODY },
	{ "too large", too_large, "accesspolicy.conf:0: has more than 67108864 bytes, the limit\n", ANYBODY },
	{ "too many settings", too_many_settings,
	  "accesspolicy.conf:1001: more than 1000 settings stand in one group\n", ANYBODY },
};

/* Without the folder, whose name is another in each run. */
static char *without_folder(const char *text, const char *folder)
{
	char *result = calloc(1, strlen(text) + 1), *end = result;
	size_t length = strlen(folder);

	assert_non_null(result);
	while (*text != '\0') {
		bool is_file = strncmp(text, folder, length) == 0 && text[length] == '/';
		bool is_folder = strncmp(text, folder, length) == 0 && text[length] != '/';

		if (is_folder)
			end = stpcpy(end, "FOLDER");
		if (is_file || is_folder)
			text += length + (is_file ? 1 : 0);
		else
			*end++ = *text++;
	}
	return result;
}

static char *describe(const ap_diagnostics *diagnostics, const char *folder)
{
	char *text = NULL, *result;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	for (size_t i = 0; i < diagnostics->n; i++)
		(void)fprintf(stream, "%s:%u: %s\n", diagnostics->items[i].file, diagnostics->items[i].line,
			      diagnostics->items[i].message);
	(void)fclose(stream);
	result = without_folder(text, folder);
	free(text);
	return result;
}

static bool runs_here(const row *r)
{
	return r->runs == ANYBODY || (geteuid() == 0) == (r->runs == ROOT);
}

static void test_row(void **state)
{
	const row *r = *state;
	char *folder, *config, *found;
	ap_policy_set *set = NULL;
	ap_diagnostics diagnostics = { 0 };
	ap_status status;
	size_t n_open = ap_open_descriptors();

	if (!runs_here(r))
		skip();
	folder = ap_scratch_new();
	r->prepare(folder);
	config = ap_scratch_path(folder, "accesspolicy.conf");
	status = ap_load(&(ap_load_options){ .config = config }, &set, &diagnostics);
	found = describe(&diagnostics, folder);
	(void)chmod(folder, 0755);
	ap_scratch_free(folder);
	assert_string_equal(found, r->expected);
	assert_int_equal(status, AP_ERR_POLICY);
	assert_null(set);
	assert_int_equal(ap_open_descriptors(), n_open);
	ap_diagnostics_clear(&diagnostics);
	free(found);
	free(config);
}

int main(void)
{
	struct CMUnitTest tests[AP_N(rows)];

	for (size_t i = 0; i < AP_N(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].title,
						.test_func = test_row,
						.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
