/*
 * An image on trial: until its end it is what is in force, and from then on what it names; whatever is wrong with either of
 * the two is an error, which lets nobody in, and never the policy files or the one that has ended.
 */
#include "../../lib/login/applied.h"
#include "../../lib/make/stamp.h"
#include "compiled.h"
#include "rows.h"
#include "scratch.h"
#include "stored.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MADE = 1790000000, SECONDS = 600, ENDS = MADE + SECONDS };

/* Two policies, and the one on trial of which the other counts again. */
static void *before, *after, *on_trial;
static size_t before_size, after_size;
static ap_image_head before_head, after_head;
static char *folder, *history, *image_path, *then_path;

static void *image_of(const char *name, size_t *ret_size)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "policies = ( { name = \"%s\"; type = \"blacklist\"; scope = { all = true; }; } );\n", name);
	return ap_test_image_bytes(text, ret_size);
}

static int make_images(void **state)
{
	(void)state;
	before = image_of("Before", &before_size);
	after = image_of("After", &after_size);
	before_head = ap_stored_head(before);
	after_head = ap_stored_head(after);
	on_trial = ap_stored_copy(after, after_size);
	ap_stamp_set(on_trial, MADE, SECONDS, before_head.revision);
	return 0;
}

static int free_images(void **state)
{
	(void)state;
	free(before);
	free(after);
	free(on_trial);
	return 0;
}

/*
 * The stamp
 */

static void test_trial_is_no_part_of_the_revision(void **state)
{
	ap_image_head head = ap_stored_head(on_trial);
	ap_image *image = NULL;

	(void)state;
	assert_memory_equal(head.revision, after_head.revision, AP_REVISION_BYTES);
	assert_int_equal(head.made, MADE);
	assert_int_equal(head.trial.ends, ENDS);
	assert_memory_equal(head.trial.then, before_head.revision, AP_REVISION_BYTES);
	assert_int_equal(ap_stored_open(on_trial, after_size, &image, NULL), AP_OK);
	assert_int_equal(ap_image_head_of(image)->trial.ends, ENDS);
	ap_image_free(image);
	assert_int_equal(ap_stored_open_file(on_trial, after_size, &image, NULL), AP_OK);
	assert_int_equal(ap_image_head_of(image)->trial.ends, ENDS);
	ap_image_free(image);
}

static void test_trial_is_taken_off_without_a_trace(void **state)
{
	uint8_t *bytes = ap_stored_copy(on_trial, after_size), *expected = ap_stored_copy(after, after_size);
	ap_image_head head = after_head;

	(void)state;
	head.made = MADE;
	ap_stored_write(expected, 0, &head, sizeof(head));
	ap_stored_reseal(expected, after_size);
	ap_stamp_clear(bytes);
	assert_memory_equal(bytes, expected, after_size);
	/* there is nothing to take off */
	ap_stamp_clear(bytes);
	assert_memory_equal(bytes, expected, after_size);
	free(bytes);
	free(expected);
}

/* Else what is damaged would be sealed anew, as if it were sound. */
static void test_trial_of_what_is_damaged_is_left_on_it(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t at = 0; at < AP_BLOCK_SIZE; at += 97) {
		uint8_t *bytes = ap_stored_copy(on_trial, after_size), *expected;
		ap_image_head head = { .size = 12345 };

		bytes[at] ^= 0x10;
		expected = ap_stored_copy(bytes, after_size);
		AP_ROW(failed, !ap_stamp_read(bytes, &head) && head.size == 12345, "byte %zu: a head was read", at);
		ap_stamp_clear(bytes);
		AP_ROW(failed, memcmp(bytes, expected, after_size) == 0, "byte %zu: it was changed", at);
		free(bytes);
		free(expected);
	}
	AP_ROWS_END(failed);
}

static bool is_refused(const void *bytes, ap_error *error)
{
	ap_image *none = NULL;
	bool refused = ap_stored_open(bytes, after_size, &none, error) == AP_ERR_DAMAGED &&
		       ap_stored_open_file(bytes, after_size, &none, error) == AP_ERR_DAMAGED && none == NULL;

	ap_image_free(none);
	return refused;
}

/* No single bit ends a trial, prolongs it, or has it end with another policy. */
static void test_trial_with_a_flipped_bit_is_refused(void **state)
{
	uint8_t *bytes = ap_stored_copy(on_trial, after_size);
	size_t at = offsetof(ap_image_head, trial), end = at + sizeof(ap_image_trial);
	int failed = 0;

	(void)state;
	for (size_t bit = at * 8; bit < end * 8; bit++) {
		ap_error error = { 0 };

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		AP_ROW(failed, is_refused(bytes, &error), "bit %zu of byte %zu of the head", bit % 8, bit / 8);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_false(is_refused(bytes, NULL));
	free(bytes);
	AP_ROWS_END(failed);
}

/* What no `apply` writes, though its checksums are right. */
static void test_trial_that_cannot_be_is_refused(void **state)
{
	enum { OTHER, ITSELF, NONE };
	static const struct {
		const char *what;
		int64_t made;
		int64_t ends;
		int then;
		bool possible;
	} rows[] = {
		{ "a second", MADE, MADE + 1, OTHER, true },
		{ "the longest", MADE, (int64_t)MADE + AP_TRIAL_SECONDS_MAX, OTHER, true },
		{ "a second more", MADE, (int64_t)MADE + AP_TRIAL_SECONDS_MAX + 1, OTHER, false },
		{ "no time at all", MADE, MADE, OTHER, false },
		{ "over before it was made", MADE, MADE - 1, OTHER, false },
		{ "for ever", MADE, INT64_MAX, OTHER, false },
		{ "since ever", MADE, INT64_MIN, OTHER, false },
		{ "made when time began, for ever", INT64_MIN, INT64_MAX, OTHER, false },
		{ "made when time ends, since ever", INT64_MAX, INT64_MIN, OTHER, false },
		{ "followed by itself", MADE, ENDS, ITSELF, false },
		{ "none, followed by another", MADE, 0, OTHER, false },
		{ "none, followed by itself", MADE, 0, ITSELF, false },
		{ "none", MADE, 0, NONE, true },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		void *bytes = ap_stored_copy(after, after_size);
		ap_image_head head = after_head;
		ap_error error = { 0 };

		head.made = rows[i].made;
		head.trial.ends = rows[i].ends;
		if (rows[i].then != NONE)
			memcpy(head.trial.then, rows[i].then == ITSELF ? head.revision : before_head.revision,
			       AP_REVISION_BYTES);
		ap_stored_write(bytes, 0, &head, sizeof(head));
		ap_stored_reseal(bytes, after_size);
		AP_ROW(failed, is_refused(bytes, &error) != rows[i].possible, "%s: %s", rows[i].what, error.message);
		AP_ROW(failed, rows[i].possible || strstr(error.message, "trial") != NULL, "%s is called \"%s\"",
		       rows[i].what, error.message);
		free(bytes);
	}
	AP_ROWS_END(failed);
}

/*
 * What counts
 */

static char *history_path(const uint8_t revision[AP_REVISION_BYTES])
{
	char name[AP_HEX_REVISION + 16], hex[AP_HEX_REVISION + 1];

	ap_revision_format(revision, hex);
	(void)snprintf(name, sizeof(name), "%s.image", hex);
	return ap_scratch_path(history, name);
}

static void put(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

/* A state folder with the trial in force. */
static int make_state(void **state)
{
	(void)state;
	folder = ap_scratch_new();
	history = ap_scratch_path(folder, AP_APPLIED_HISTORY);
	assert_int_equal(mkdir(history, 0700), 0);
	image_path = ap_scratch_path(folder, AP_APPLIED_IMAGE);
	then_path = history_path(before_head.revision);
	put(image_path, on_trial, after_size);
	put(then_path, before, before_size);
	return 0;
}

static int free_state(void **state)
{
	(void)state;
	(void)chmod(history, 0700);
	free(history);
	free(image_path);
	free(then_path);
	ap_scratch_free(folder);
	return 0;
}

static ap_status load_here(const char *path, int64_t now, ap_image **ret_image, ap_error *error)
{
	return ap_applied_load(path, NULL, now, ret_image, error);
}

typedef ap_status opener(const char *path, int64_t now, ap_image **ret_image, ap_error *error);

static const struct {
	const char *name;
	opener *open_image;
	bool of_folder;
} openers[] = { { "open_file", ap_applied_open_file, false },
		{ "open", ap_applied_open, true },
		{ "load", load_here, true } };

static ap_status open_by(size_t i, int64_t now, ap_image **ret_image, ap_error *error)
{
	return openers[i].open_image(openers[i].of_folder ? folder : image_path, now, ret_image, error);
}

static void test_trial_ends_at_its_second(void **state)
{
	static const struct {
		int64_t now;
		bool ended;
	} rows[] = { { INT64_MIN, false }, { 0, false },   { MADE - 1, false }, { MADE, false },
		     { ENDS - 1, false },  { ENDS, true }, { ENDS + 1, true },  { INT64_MAX, true } };
	int failed = 0;

	(void)state;
	for (size_t row = 0; row < AP_N(rows); row++) {
		for (size_t i = 0; i < AP_N(openers); i++) {
			const ap_image_head *expected = rows[row].ended ? &before_head : &after_head;
			ap_image *image = NULL;
			ap_error error = { 0 };

			AP_ROW(failed, open_by(i, rows[row].now, &image, &error) == AP_OK, "%s at %lld: %s",
			       openers[i].name, (long long)rows[row].now, error.message);
			AP_ROW(failed,
			       image != NULL && memcmp(ap_image_head_of(image)->revision, expected->revision,
						       AP_REVISION_BYTES) == 0,
			       "%s at %lld: another image", openers[i].name, (long long)rows[row].now);
			AP_ROW(failed, image != NULL && !ap_image_has_fault(image), "%s: a fault", openers[i].name);
			ap_image_free(image);
		}
	}
	AP_ROWS_END(failed);
}

static void test_trial_that_runs_does_not_ask_the_history(void **state)
{
	ap_image *image = NULL;

	(void)state;
	assert_int_equal(unlink(then_path), 0);
	for (size_t i = 0; i < AP_N(openers); i++) {
		assert_int_equal(open_by(i, ENDS - 1, &image, NULL), AP_OK);
		ap_image_free(image);
	}
}

/* Relative, as no service has it, but a command may. */
static void test_trial_ends_by_a_path_without_a_folder(void **state)
{
	char *was = getcwd(NULL, 0);
	ap_image *image = NULL;

	(void)state;
	assert_non_null(was);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(ap_applied_open_file(AP_APPLIED_IMAGE, ENDS, &image, NULL), AP_OK);
	assert_memory_equal(ap_image_head_of(image)->revision, before_head.revision, AP_REVISION_BYTES);
	ap_image_free(image);
	assert_int_equal(chdir(was), 0);
	free(was);
}

static void remove_then(void)
{
	assert_int_equal(unlink(then_path), 0);
}

static void remove_history(void)
{
	remove_then();
	assert_int_equal(rmdir(history), 0);
}

static void let_others_write(void)
{
	assert_int_equal(chmod(then_path, 0620), 0);
}

static void let_others_write_the_folder(void)
{
	assert_int_equal(chmod(history, 0730), 0);
}

static void damage_then(void)
{
	uint8_t *bytes = ap_stored_copy(before, before_size);

	bytes[AP_BLOCK_BYTES - 1] ^= 1;
	put(then_path, bytes, before_size);
	free(bytes);
}

static void cut_then(void)
{
	assert_int_equal(truncate(then_path, 100), 0);
}

static void put_another(void)
{
	put(then_path, after, after_size);
}

/* It leads back: neither may be opened for the other for ever. */
static void put_on_trial(void)
{
	uint8_t *bytes = ap_stored_copy(before, before_size);

	ap_stamp_set(bytes, MADE, SECONDS, after_head.revision);
	put(then_path, bytes, before_size);
	free(bytes);
}

static void put_a_folder(void)
{
	remove_then();
	assert_int_equal(mkdir(then_path, 0700), 0);
}

static void test_trial_that_ended_without_what_follows_lets_nobody_in(void **state)
{
	static const struct {
		const char *what;
		void (*spoil)(void);
		ap_status status;
		const char *said;
	} rows[] = {
		{ "missing", remove_then, AP_ERR_DAMAGED, "does not exist" },
		{ "no history", remove_history, AP_ERR_DAMAGED, "does not exist" },
		{ "writable", let_others_write, AP_ERR_TRUST, "chmod" },
		{ "in a writable folder", let_others_write_the_folder, AP_ERR_TRUST, "can be written" },
		{ "damaged", damage_then, AP_ERR_DAMAGED, "block 0 is damaged" },
		{ "cut", cut_then, AP_ERR_DAMAGED, "shorter" },
		{ "another", put_another, AP_ERR_DAMAGED, "it holds another image" },
		{ "on trial", put_on_trial, AP_ERR_DAMAGED, "it holds another image" },
		{ "a folder", put_a_folder, AP_ERR_TRUST, "" },
	};
	char ended[AP_HEX_REVISION + 1];
	int failed = 0;

	(void)state;
	ap_revision_format(after_head.revision, ended);
	ended[12] = '\0';
	for (size_t row = 0; row < AP_N(rows); row++) {
		assert_int_equal(make_state(NULL), 0);
		rows[row].spoil();
		for (size_t i = 0; i < AP_N(openers); i++) {
			ap_image *image = NULL;
			ap_error error = { 0 };
			ap_status status = open_by(i, ENDS, &image, &error);

			AP_ROW(failed, status == rows[row].status && error.status == status, "%s, %s: status %d: %s",
			       rows[row].what, openers[i].name, (int)status, error.message);
			AP_ROW(failed, image == NULL, "%s, %s: an image", rows[row].what, openers[i].name);
			AP_ROW(failed,
			       strcmp(error.file, then_path) == 0 && strstr(error.message, ended) != NULL &&
				       strstr(error.message, "\"accesspolicy rollback\"") != NULL &&
				       strstr(error.message, rows[row].said) != NULL,
			       "%s, %s: said of %s: %s", rows[row].what, openers[i].name, error.file, error.message);
		}
		assert_int_equal(free_state(NULL), 0);
	}
	AP_ROWS_END(failed);
}

/* The way to the history is longer than that to the image. */
static void test_trial_that_ended_at_the_end_of_a_long_path_is_an_error(void **state)
{
	enum { NAME = 50 };
	char name[NAME + 2] = "/", path[PATH_MAX], *was = getcwd(NULL, 0);
	size_t used = (size_t)snprintf(path, sizeof(path), "%s", folder);
	ap_image *image = NULL;
	ap_error error = { 0 };

	(void)state;
	assert_non_null(was);
	memset(name + 1, 'n', NAME);
	assert_int_equal(chdir(folder), 0);
	while (used + sizeof(name) + sizeof("/" AP_APPLIED_IMAGE) < sizeof(path)) {
		assert_int_equal(mkdir(name + 1, 0700), 0);
		assert_int_equal(chdir(name + 1), 0);
		used += (size_t)snprintf(path + used, sizeof(path) - used, "%s", name);
	}
	(void)snprintf(path + used, sizeof(path) - used, "/" AP_APPLIED_IMAGE);
	put(AP_APPLIED_IMAGE, on_trial, after_size);
	assert_int_equal(chdir(was), 0);
	assert_int_equal(ap_applied_open_file(path, ENDS - 1, &image, NULL), AP_OK);
	ap_image_free(image);
	image = NULL;
	assert_int_equal(ap_applied_open_file(path, ENDS, &image, &error), AP_ERR_LIMIT);
	assert_null(image);
	free(was);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_trial_is_no_part_of_the_revision),
		cmocka_unit_test(test_trial_is_taken_off_without_a_trace),
		cmocka_unit_test(test_trial_of_what_is_damaged_is_left_on_it),
		cmocka_unit_test(test_trial_with_a_flipped_bit_is_refused),
		cmocka_unit_test(test_trial_that_cannot_be_is_refused),
		cmocka_unit_test_setup_teardown(test_trial_ends_at_its_second, make_state, free_state),
		cmocka_unit_test_setup_teardown(test_trial_that_runs_does_not_ask_the_history, make_state, free_state),
		cmocka_unit_test_setup_teardown(test_trial_ends_by_a_path_without_a_folder, make_state, free_state),
		cmocka_unit_test(test_trial_that_ended_without_what_follows_lets_nobody_in),
		cmocka_unit_test_setup_teardown(test_trial_that_ended_at_the_end_of_a_long_path_is_an_error, make_state,
						free_state),
	};

	return cmocka_run_group_tests(all, make_images, free_images);
}
