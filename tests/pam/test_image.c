/*
 * The module with an applied image: it answers as it does by the files that the image was made of; what is damaged,
 * not to be trusted or gone lets nobody in that the whole one denies; and which image it reads where none is named.
 */
#include "../../lib/login/applied.h"
#include "../../lib/login/file.h"
#include "../../lib/make/stamp.h"
#include "compiled.h"
#include "fixture.h"
#include "rows.h"
#include "scratch.h"
#include "stored.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { FOREIGN = 12345, N_TENANTS = 60, COMMENT_BYTES = 900 };

/*
 * A policy of many blocks; the comments fill some that no login reads. Members and domains alone: no name service is
 * asked.
 */
static char *many_policies(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	(void)fprintf(out, "message = \"Not from here.\";\npolicies = (\n");
	for (int i = 0; i < N_TENANTS; i++) {
		(void)fprintf(
			out,
			"  { name = \"Tenant %d\"; type = \"whitelist\"; scope = { domains = [ \"t%d.test\" ]; except = { "
			"members = [ \"chief@t%d.test\" ]; }; };\n    ip = [ \"10.%d.0.0/16\" ]; message = \"Tenant %d, "
			"from home.\"; comment = \"%0*d\"; },\n",
			i, i, i, i, i, COMMENT_BYTES, i);
	}
	(void)fprintf(
		out,
		"  { name = \"Banned\"; type = \"blacklist\"; scope = { members = [ \"mallory@t7.test\" ]; }; }\n);\n");
	(void)fclose(out);
	return text;
}

static const ap_pam_login logins[] = {
	{ .service = "test", .user = "alice@t7.test", .rhost = "10.7.0.1" },
	{ .service = "test", .user = "alice@t7.test", .rhost = "10.8.0.1" },
	{ .service = "test", .user = "mallory@t7.test", .rhost = "10.7.0.1" },
	{ .service = "test", .user = "chief@t59.test", .rhost = "203.0.113.1" },
	{ .service = "test", .user = "bob@t59.test", .rhost = "203.0.113.1" },
	{ .service = "test", .user = "carol@t30.test", .rhost = "mail.example" },
	{ .service = "test", .user = "dave@elsewhere.test", .rhost = "203.0.113.1", .reply = "a secret" },
};

static char *config, *image, *image_arguments, *config_arguments;
static char *stored;
static size_t stored_size;
static ap_pam_outcome whole[AP_N(logins)]; /* by the undamaged image */

/* Compiles `from` into `to`, as the module's own helper does. */
static void compile(const char *from, const char *to)
{
	char *command;

	assert_true(asprintf(&command, "'%s' '%s' > '%s' && chmod 600 '%s'", getenv("AP_TEST_COMPILER"), from, to, to) >
		    0);
	assert_int_equal(system(command), 0);
	free(command);
}

static void put_image(const void *bytes, size_t size)
{
	(void)unlink(image);
	free(ap_scratch_write_bytes(ap_fixture_folder, "policy.image", bytes, size, 0600));
}

static int set_up(void **state)
{
	char *text = many_policies();

	if (ap_fixture_set_up(state) != 0)
		return -1;
	config = ap_scratch_write(ap_fixture_folder, "many.conf", text, 0644);
	image = ap_scratch_path(ap_fixture_folder, "policy.image");
	compile(config, image);
	stored = ap_scratch_read(image, &stored_size);
	assert_true(asprintf(&image_arguments, "image=%s", image) > 0);
	assert_true(asprintf(&config_arguments, "config=%s compiler=%s", config, getenv("AP_TEST_COMPILER")) > 0);
	for (size_t i = 0; i < AP_N(logins); i++)
		ap_fixture_ask(image_arguments, &logins[i], AP_PAM_ACCOUNT, &whole[i]);
	free(text);
	return 0;
}

static int tear_down(void **state)
{
	free(config);
	free(image);
	free(stored);
	free(image_arguments);
	free(config_arguments);
	return ap_fixture_tear_down(state);
}

/*
 * The same answers
 */

static const char *const variants[] = { "",
					"debug",
					"message=info",
					"message=prompt",
					"message=none",
					"allowed=user-unknown",
					"allowed=success",
					"client=web",
					"client=native message=prompt debug" };

static bool same_messages(const ap_pam_outcome *one, const ap_pam_outcome *other)
{
	if (one->n_messages != other->n_messages || one->reply_wiped != other->reply_wiped)
		return false;
	for (size_t i = 0; i < one->n_messages; i++)
		if (one->styles[i] != other->styles[i] || strcmp(one->messages[i], other->messages[i]) != 0)
			return false;
	return true;
}

static void test_image_answers_as_its_files_do(void **state)
{
	static const ap_pam_phase phases[] = { AP_PAM_ACCOUNT, AP_PAM_AUTH };
	static ap_pam_outcome by_files, by_image;
	int failed = 0;
	unsigned n = 0;

	(void)state;
	put_image(stored, stored_size);
	for (size_t v = 0; v < AP_N(variants); v++) {
		for (size_t i = 0; i < AP_N(logins) * AP_N(phases); i++) {
			const ap_pam_login *login = &logins[i / AP_N(phases)];
			ap_pam_phase phase = phases[i % AP_N(phases)];
			char *with_files, *with_image;

			assert_true(asprintf(&with_files, "%s %s", config_arguments, variants[v]) > 0);
			assert_true(asprintf(&with_image, "%s %s", image_arguments, variants[v]) > 0);
			ap_fixture_ask(with_files, login, phase, &by_files);
			ap_fixture_ask(with_image, login, phase, &by_image);
			AP_ROW(failed, by_files.code == by_image.code, "%s from %s, \"%s\": %d by the files, %d",
			       login->user, login->rhost, variants[v], by_files.code, by_image.code);
			AP_ROW(failed, same_messages(&by_files, &by_image), "%s from %s, \"%s\": other messages",
			       login->user, login->rhost, variants[v]);
			AP_ROW(failed, strcmp(by_files.log, by_image.log) == 0, "%s from %s, \"%s\": the log:\n%s%s",
			       login->user, login->rhost, variants[v], by_files.log, by_image.log);
			free(with_files);
			free(with_image);
			n++;
		}
	}
	AP_ROW(failed, whole[0].code == PAM_SUCCESS && whole[2].code == PAM_PERM_DENIED, "%d %d", whole[0].code,
	       whole[2].code);
	print_message("%u pairs of transactions\n", n);
	AP_ROWS_END(failed);
}

/*
 * Damage
 */

typedef struct {
	unsigned n, n_refused, n_right;
} tally;

/*
 * All logins with what stands at `image`: refused, or with `may_be_unread` right; never let in where the whole one
 * denies. A refusal is one clean line that has the file's name and `named`.
 */
static int check_damaged(const char *what, const char *arguments, const char *named, bool may_be_unread, tally *t)
{
	static ap_pam_outcome outcome;
	int failed = 0;

	for (size_t i = 0; i < AP_N(logins); i++) {
		size_t before = ap_open_descriptors();
		bool refused, right;

		ap_fixture_ask(arguments, &logins[i], AP_PAM_ACCOUNT, &outcome);
		refused = outcome.code == PAM_SERVICE_ERR;
		right = outcome.code == whole[i].code;
		t->n++;
		t->n_refused += refused;
		t->n_right += right;
		AP_ROW(failed, refused || (right && may_be_unread), "%s: %s: %d: %s", what, logins[i].user,
		       outcome.code, outcome.log);
		AP_ROW(failed, outcome.code != PAM_SUCCESS || whole[i].code == PAM_SUCCESS, "%s: %s was let in", what,
		       logins[i].user);
		AP_ROW(failed, ap_fixture_clean_log(&outcome, 1), "%s: log: %s", what, outcome.log);
		AP_ROW(failed,
		       !refused || (strstr(outcome.log, "policy.image") != NULL && strstr(outcome.log, named) != NULL &&
				    strncmp(outcome.log, "<3> ", 4) == 0),
		       "%s: no \"%s\" in %s", what, named, outcome.log);
		AP_ROW(failed, !refused || outcome.n_messages == 0, "%s: the user was told \"%s\"", what,
		       outcome.messages[0]);
		AP_ROW(failed, ap_open_descriptors() == before, "%s: a descriptor is left", what);
	}
	return failed;
}

static void test_truncated_images_let_nobody_in(void **state)
{
	tally t = { 0 };
	int failed = 0;

	(void)state;
	for (size_t size = 0; size < stored_size; size += AP_BLOCK_SIZE / 2) {
		char what[64];

		(void)snprintf(what, sizeof(what), "%zu of %zu bytes", size, stored_size);
		put_image(stored, size);
		failed += check_damaged(what, image_arguments,
					size < AP_BLOCK_SIZE ? "shorter than the first block" : "cut short", false, &t);
	}
	put_image(stored, stored_size - 1);
	failed += check_damaged("one byte short", image_arguments, "cut short", false, &t);
	print_message("%u transactions, %u refused\n", t.n, t.n_refused);
	AP_ROWS_END(failed);
}

static void test_flipped_bits_let_nobody_in_who_is_denied(void **state)
{
	static const size_t places[] = { 0, 1000, 2500, AP_BLOCK_BYTES - 1, AP_BLOCK_BYTES, AP_BLOCK_SIZE - 1 };
	char *copy = ap_stored_copy(stored, stored_size);
	size_t n_blocks = stored_size / AP_BLOCK_SIZE;
	tally t = { 0 };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < n_blocks * AP_N(places); i++) {
		size_t at = i / AP_N(places) * AP_BLOCK_SIZE + places[i % AP_N(places)];
		char what[64];

		(void)snprintf(what, sizeof(what), "a bit of byte %zu, block %zu of %zu", at, at / AP_BLOCK_SIZE,
			       n_blocks);
		copy[at] = (char)(copy[at] ^ (1 << (i % 8)));
		put_image(copy, stored_size);
		copy[at] = stored[at];
		/* the first byte is the magic's */
		failed += check_damaged(what, image_arguments, at == 0 ? "is no policy image" : "is damaged",
					at >= AP_BLOCK_SIZE, &t);
	}
	print_message("%zu blocks, %u transactions: %u refused, %u right, as they did not read what was damaged\n",
		      n_blocks, t.n, t.n_refused, t.n_right);
	AP_ROW(failed, t.n_refused > 0 && t.n_right > 0, "both are to be seen");
	free(copy);
	AP_ROWS_END(failed);
}

/* A change of the head, with checksums that fit. */
static void put_with_head(void (*change)(ap_image_head *head))
{
	char *copy = ap_stored_copy(stored, stored_size);
	ap_image_head head = ap_stored_head(copy);

	change(&head);
	ap_stored_write(copy, 0, &head, sizeof(head));
	ap_stored_reseal(copy, stored_size);
	put_image(copy, stored_size);
	free(copy);
}

static void make_newer(ap_image_head *head)
{
	head->version++;
}

static void make_older(ap_image_head *head)
{
	head->version--;
}

static void turn_around(ap_image_head *head)
{
	head->byte_order = __builtin_bswap32(head->byte_order);
}

static void make_longer(ap_image_head *head)
{
	head->size += AP_BLOCK_BYTES;
}

static void make_other(ap_image_head *head)
{
	head->magic[0] = 'B';
}

static void test_images_of_another_kind_let_nobody_in(void **state)
{
	static const struct {
		const char *what;
		void (*change)(ap_image_head *head);
		const char *named;
	} rows[] = {
		{ "a newer version", make_newer, "is of another format version" },
		{ "an older version", make_older, "is of another format version" },
		{ "another byte order", turn_around, "another byte order" },
		{ "a size that is not its own", make_longer, "not as long as it says" },
		{ "another magic", make_other, "is no policy image" },
	};
	tally t = { 0 };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		put_with_head(rows[i].change);
		failed += check_damaged(rows[i].what, image_arguments, rows[i].named, false, &t);
	}
	AP_ROWS_END(failed);
}

static void test_exchanged_blocks_let_nobody_in_who_is_denied(void **state)
{
	size_t n_blocks = stored_size / AP_BLOCK_SIZE;
	tally t = { 0 };
	int failed = 0;

	(void)state;
	for (size_t i = 1; i + 1 < n_blocks; i++) {
		char *copy = ap_stored_copy(stored, stored_size);
		char what[64];

		memcpy(copy + i * AP_BLOCK_SIZE, stored + (i + 1) * AP_BLOCK_SIZE, AP_BLOCK_SIZE);
		memcpy(copy + (i + 1) * AP_BLOCK_SIZE, stored + i * AP_BLOCK_SIZE, AP_BLOCK_SIZE);
		put_image(copy, stored_size);
		(void)snprintf(what, sizeof(what), "blocks %zu and %zu exchanged", i, i + 1);
		failed += check_damaged(what, image_arguments, "is damaged", true, &t);
		free(copy);
	}
	AP_ROW(failed, t.n_refused > 0, "some are to be refused");
	AP_ROWS_END(failed);
}

/*
 * Files
 */

static void make_folder(void)
{
	assert_int_equal(mkdir(image, 0755), 0);
}

static void make_fifo(void)
{
	assert_int_equal(mkfifo(image, 0600), 0);
}

static void make_writable(void)
{
	put_image(stored, stored_size);
	assert_int_equal(chmod(image, 0664), 0);
}

static void give_away(void)
{
	put_image(stored, stored_size);
	assert_int_equal(chown(image, FOREIGN, FOREIGN), 0);
}

static void make_loop(void)
{
	assert_int_equal(symlink("policy.image", image), 0);
}

static void make_empty(void)
{
	put_image("", 0);
}

static void make_nothing(void) {}

static void test_files_that_are_not_to_be_trusted_let_nobody_in(void **state)
{
	static const struct {
		const char *what;
		void (*make)(void);
		const char *named;
		bool root_only;
	} rows[] = {
		{ "missing", make_nothing, "does not exist", false },
		{ "empty", make_empty, "shorter than the first block", false },
		{ "a folder", make_folder, "is a folder", false },
		{ "a FIFO", make_fifo, "is a FIFO", false },
		{ "a link to itself", make_loop, "symbolic links", false },
		{ "writable by a group", make_writable, "mode 0664", false },
		{ "another user's", give_away, "12345", true },
	};
	tally t = { 0 };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		if (rows[i].root_only && geteuid() != 0) {
			print_message("%s: not tried, needs root\n", rows[i].what);
			continue;
		}
		assert_true(remove(image) == 0 || errno == ENOENT);
		rows[i].make();
		failed += check_damaged(rows[i].what, image_arguments, rows[i].named, false, &t);
	}
	assert_int_equal(remove(image), 0);
	AP_ROWS_END(failed);
}

/*
 * The module's own state folder: that of AP_TEST_DEFAULT_MODULE stands below the build folder, as its root file does
 */

static char *default_folder, *default_state, *default_history;

static int set_up_default(void **state)
{
	const char *folder = getenv("AP_TEST_DEFAULT_FOLDER");
	static const char text[] =
		"policies = ( { name = \"By the files\"; type = \"blacklist\"; scope = { members = [ "
		"\"alice@t7.test\", \"mallory@t7.test\" ]; }; } );\n";

	(void)state;
	assert_non_null(folder);
	default_folder = strdup(folder);
	default_state = ap_scratch_path(folder, "state");
	default_history = ap_scratch_path(default_state, AP_APPLIED_HISTORY);
	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return -1;
	free(ap_scratch_write(folder, "accesspolicy.conf", text, 0644));
	(void)rmdir(default_history);
	(void)rmdir(default_state);
	return setenv("AP_TEST_MODULE", getenv("AP_TEST_DEFAULT_MODULE"), 1);
}

static int tear_down_default(void **state)
{
	char *name = ap_scratch_path(default_state, AP_APPLIED_IMAGE);

	(void)state;
	(void)unlink(name);
	(void)rmdir(default_history);
	(void)rmdir(default_state);
	free(name);
	free(default_folder);
	free(default_state);
	free(default_history);
	return setenv("AP_TEST_MODULE", getenv("AP_TEST_BUILT_MODULE"), 1);
}

/* A checkout may stand below a folder that a group can write: then the module refuses what is there, and rightly. */
static bool is_trusted(const char *folder)
{
	int fd;

	if (ap_folder_open(folder, &fd, NULL) != AP_OK)
		return false;
	(void)close(fd);
	return true;
}

static void check_default(int expected, bool notice, const char *named)
{
	static ap_pam_outcome outcome;

	for (int phase = 0; phase < 2; phase++) {
		size_t before = ap_open_descriptors();

		ap_fixture_ask("", &logins[0], phase == 0 ? AP_PAM_ACCOUNT : AP_PAM_AUTH, &outcome);
		if (phase == 0 || expected != PAM_SUCCESS)
			assert_int_equal(outcome.code, expected);
		assert_true(ap_fixture_clean_log(&outcome, notice ? 2 : 1));
		assert_non_null(strstr(outcome.log, named));
		assert_int_equal(strstr(outcome.log, "no policy was ever applied") != NULL, notice);
		if (notice)
			assert_int_equal(outcome.log[1] - '0', LOG_NOTICE);
		assert_int_equal(ap_open_descriptors(), before);
	}
}

static void test_where_nothing_was_applied_the_files_are_read_with_a_notice(void **state)
{
	(void)state;
	if (!is_trusted(default_folder)) {
		print_message("the build folder, or one above it, can be written by others\n");
		skip();
	}
	check_default(PAM_PERM_DENIED, true, "\"By the files\"");
	/* a folder alone is nothing that was applied */
	assert_int_equal(mkdir(default_state, 0755), 0);
	check_default(PAM_PERM_DENIED, true, "\"By the files\"");
}

static void test_an_applied_image_is_read_without_a_notice(void **state)
{
	(void)state;
	if (!is_trusted(default_folder))
		skip();
	assert_true(mkdir(default_state, 0755) == 0 || errno == EEXIST);
	free(ap_scratch_write_bytes(default_state, AP_APPLIED_IMAGE, stored, stored_size, 0600));
	check_default(PAM_SUCCESS, false, "\"Tenant 7\"");
	assert_int_equal(mkdir(default_history, 0700), 0);
	check_default(PAM_SUCCESS, false, "\"Tenant 7\"");
	/* damaged, it is not passed over for the files */
	free(ap_scratch_write_bytes(default_state, AP_APPLIED_IMAGE, stored, stored_size - 1, 0600));
	check_default(PAM_SERVICE_ERR, false, AP_APPLIED_IMAGE);
}

static void test_an_image_that_is_gone_lets_nobody_in(void **state)
{
	char *name = ap_scratch_path(default_state, AP_APPLIED_IMAGE);

	(void)state;
	if (!is_trusted(default_folder))
		skip();
	assert_true(mkdir(default_state, 0755) == 0 || errno == EEXIST);
	assert_true(mkdir(default_history, 0700) == 0 || errno == EEXIST);
	assert_true(unlink(name) == 0 || errno == ENOENT);
	check_default(PAM_SERVICE_ERR, false, "is missing, though");
	/* nor one in whose place a link stands that leads nowhere */
	assert_int_equal(rmdir(default_history), 0);
	assert_int_equal(symlink("nowhere", name), 0);
	check_default(PAM_SERVICE_ERR, false, AP_APPLIED_IMAGE);
	assert_int_equal(unlink(name), 0);
	free(name);
}

/* A policy on trial that denies alice, begun so long ago; what counts then is that of the many tenants. */
static void put_on_trial(int64_t seconds_ago, int64_t seconds)
{
	size_t size;
	void *bytes =
		ap_test_image_bytes("policies = ( { name = \"On trial\"; type = \"blacklist\"; scope = { members = [ "
				    "\"alice@t7.test\" ]; }; } );\n",
				    &size);
	ap_image_head then = ap_stored_head(stored);

	ap_stamp_set(bytes, (int64_t)time(NULL) - seconds_ago, seconds, then.revision);
	free(ap_scratch_write_bytes(default_state, AP_APPLIED_IMAGE, bytes, size, 0600));
	free(bytes);
}

static void test_an_image_on_trial_counts_until_its_end(void **state)
{
	ap_image_head then = ap_stored_head(stored);
	char name[AP_HEX_REVISION + 16], revision[AP_HEX_REVISION + 1], *path;

	(void)state;
	if (!is_trusted(default_folder))
		skip();
	ap_revision_format(then.revision, revision);
	(void)snprintf(name, sizeof(name), "%s.image", revision);
	assert_true(mkdir(default_state, 0755) == 0 || errno == EEXIST);
	assert_true(mkdir(default_history, 0700) == 0 || errno == EEXIST);
	path = ap_scratch_write_bytes(default_history, name, stored, stored_size, 0600);
	put_on_trial(0, 3600);
	check_default(PAM_PERM_DENIED, false, "\"On trial\"");
	put_on_trial(3600, 3600);
	check_default(PAM_SUCCESS, false, "\"Tenant 7\"");
	/* neither the files nor what has ended stand in for what is lost */
	assert_int_equal(unlink(path), 0);
	check_default(PAM_SERVICE_ERR, false, "has ended, and cannot be had");
	free(path);
}

int main(void)
{
	const struct CMUnitTest named[] = {
		cmocka_unit_test(test_image_answers_as_its_files_do),
		cmocka_unit_test(test_truncated_images_let_nobody_in),
		cmocka_unit_test(test_flipped_bits_let_nobody_in_who_is_denied),
		cmocka_unit_test(test_images_of_another_kind_let_nobody_in),
		cmocka_unit_test(test_exchanged_blocks_let_nobody_in_who_is_denied),
		cmocka_unit_test(test_files_that_are_not_to_be_trusted_let_nobody_in),
		cmocka_unit_test_setup_teardown(test_where_nothing_was_applied_the_files_are_read_with_a_notice,
						set_up_default, tear_down_default),
		cmocka_unit_test_setup_teardown(test_an_applied_image_is_read_without_a_notice, set_up_default,
						tear_down_default),
		cmocka_unit_test_setup_teardown(test_an_image_that_is_gone_lets_nobody_in, set_up_default,
						tear_down_default),
		cmocka_unit_test_setup_teardown(test_an_image_on_trial_counts_until_its_end, set_up_default,
						tear_down_default),
	};

	assert_int_equal(setenv("AP_TEST_BUILT_MODULE", getenv("AP_TEST_MODULE"), 1), 0);
	return cmocka_run_group_tests(named, set_up, tear_down);
}
