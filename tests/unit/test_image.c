/*
 * An image is not believed because it exists: by none of its readers, the one that has all of it in memory, the one
 * that reads a file block by block, and the one of what this process sealed itself, which leaves out the checksums.
 */
#include "../../lib/login/explain.h"
#include "compiled.h"
#include "effort.h"
#include "prng.h"
#include "rich_policy.h"
#include "rows.h"
#include "scratch.h"
#include "small_policy.h"
#include "stored.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The image of rich_policy, and those of two small ones of the same layout. */
static void *rich, *small, *other;
static size_t rich_size, small_size;
static ap_test_answer expected[AP_TEST_LOGINS];

static void *image_of(unsigned octet, size_t *ret_size)
{
	char *text = ap_test_small_policy(octet);
	void *bytes = ap_test_image_bytes(text, ret_size);

	free(text);
	return bytes;
}

static int make_images(void **state)
{
	size_t other_size;
	ap_image *image = NULL;

	(void)state;
	rich = ap_test_image_bytes(rich_policy, &rich_size);
	small = image_of(10, &small_size);
	other = image_of(11, &other_size);
	if (other_size != small_size || ap_stored_open(small, small_size, &image, NULL) != AP_OK)
		return -1;
	for (size_t i = 0; i < AP_TEST_LOGINS; i++)
		expected[i] = ap_test_answer_of(image, &ap_test_logins[i]);
	ap_image_free(image);
	return 0;
}

static int free_images(void **state)
{
	(void)state;
	free(rich);
	free(small);
	free(other);
	return 0;
}

typedef ap_status opener(const void *stored, size_t size, ap_image **ret_image, ap_error *error);

static const struct {
	const char *name;
	opener *open_image;
} readers[] = { { "memory", ap_stored_open }, { "file", ap_stored_open_file }, { "sealed", ap_stored_open_sealed } };

/* True if that reader refuses it as damaged, and nothing was taken or written. */
static bool reader_refuses(opener *open_image, const void *bytes, size_t size)
{
	ap_image *image = (ap_image *)&rich;
	ap_error error = { .status = AP_OK };
	ap_status status = open_image(bytes, size, &image, &error);

	if (status == AP_OK) {
		ap_image_free(image);
		return false;
	}
	return status == AP_ERR_DAMAGED && error.status == status && image == (ap_image *)&rich &&
	       strcmp(error.file, "small.image") == 0 && error.message[0] != '\0';
}

static bool both_refuse(const void *bytes, size_t size)
{
	return reader_refuses(ap_stored_open, bytes, size) && reader_refuses(ap_stored_open_file, bytes, size);
}

/* How often logins were decided as by the undamaged image, found an error, or (never) were decided otherwise. */
typedef struct {
	size_t n_refused, n_same, n_errors, n_others;
} harm;

/* `who` has a bit for each login. */
static void ask_some(const ap_image *image, unsigned who, harm *count)
{
	for (size_t i = 0; i < AP_TEST_LOGINS; i++) {
		ap_test_answer found;

		if ((who & 1u << i) == 0)
			continue;
		found = ap_test_answer_of(image, &ap_test_logins[i]);
		if (!ap_test_same_or_error(&found, &expected[i]))
			count->n_others++;
		else if (found.status == AP_OK)
			count->n_same++;
		else
			count->n_errors++;
	}
}

enum { EVERYBODY = (1 << AP_TEST_LOGINS) - 1 };

static void ask_all(const ap_image *image, harm *count)
{
	ask_some(image, EVERYBODY, count);
}

/* Opens the file through a descriptor of its own, which is closed afterwards, and asks these logins. */
static void ask_file(int file, size_t size, unsigned who, harm *count)
{
	ap_image *image = NULL;
	int fd = fcntl(file, F_DUPFD_CLOEXEC, 0);

	if (ap_image_open_file("spoilt", fd, size, &image, NULL) != AP_OK) {
		(void)close(fd);
		count->n_refused++;
		return;
	}
	ask_some(image, who, count);
	ap_image_free(image);
}

static harm asked_of_file(const void *bytes, size_t size)
{
	harm count = { 0 };
	int file = ap_stored_file(bytes, size);

	ask_file(file, size, EVERYBODY, &count);
	(void)close(file);
	return count;
}

static void show(const char *what, const harm *count)
{
	print_message("%s: %zu refused; of the logins %zu decided as before, %zu with an error, %zu otherwise\n", what,
		      count->n_refused, count->n_same, count->n_errors, count->n_others);
}

/*
 * As it was compiled
 */

static void test_image_opens_as_compiled(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(readers); i++) {
		ap_image *image = NULL;

		assert_int_equal(readers[i].open_image(rich, rich_size, &image, NULL), AP_OK);
		AP_ROW(failed, ap_image_count(image, AP_TABLE_POLICIES) == 5, "%s: policies", readers[i].name);
		AP_ROW(failed, ap_image_count(image, AP_TABLE_EXCEPTIONS) == 1, "%s: exceptions", readers[i].name);
		for (int table = 0; table < AP_N_TABLES; table++)
			AP_ROW(failed, ap_image_count(image, (ap_table_kind)table) > 0, "%s: table %d is empty",
			       readers[i].name, table);
		AP_ROW(failed, ap_image_stored_size(ap_image_head_of(image)) == rich_size, "%s: its size",
		       readers[i].name);
		ap_image_free(image);
	}
	ap_image_free(NULL);
	AP_ROWS_END(failed);
}

/* The logins must be such that something can go wrong: allowed and denied ones, for each reason. */
static void test_image_of_the_small_policy_decides_in_several_ways(void **state)
{
	static const ap_reason reasons[AP_TEST_LOGINS] = {
		AP_REASON_WHITELISTED,  AP_REASON_DEFAULT,         AP_REASON_WHITELISTED,
		AP_REASON_DEFAULT,      AP_REASON_NOT_WHITELISTED, AP_REASON_BLACKLISTED,
		AP_REASON_UNDETERMINED, AP_REASON_BLACKLISTED,     AP_REASON_WHITELISTED,
	};
	ap_image *image = NULL;
	harm count = { 0 };
	size_t n_other = 0;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_TEST_LOGINS; i++)
		AP_ROW(failed, expected[i].status == AP_OK && expected[i].reason == reasons[i], "login %zu: %d", i,
		       (int)expected[i].reason);
	AP_ROW(failed, expected[0].n_would == 1, "nothing would be otherwise");
	assert_int_equal(ap_stored_open(other, small_size, &image, NULL), AP_OK);
	ask_all(image, &count);
	n_other = count.n_others;
	ap_image_free(image);
	assert_int_equal(ap_stored_open_file(small, small_size, &image, NULL), AP_OK);
	count = (harm){ 0 };
	ask_all(image, &count);
	ap_image_free(image);
	print_message("%zu blocks, %u bytes hot; %zu logins are decided otherwise by the other policy\n",
		      small_size / AP_BLOCK_SIZE, ap_stored_head(small).hot, n_other);
	assert_int_equal(count.n_same, AP_TEST_LOGINS);
	assert_true(n_other >= 3);
	assert_true(small_size / AP_BLOCK_SIZE >= 5);
	AP_ROWS_END(failed);
}

/*
 * Cut, prolonged, flipped
 */

static void test_image_refuses_every_truncation(void **state)
{
	size_t step = ap_effort_step(1, 17);
	int failed = 0;

	(void)state;
	for (size_t size = 0; size < small_size; size += step)
		AP_ROW(failed, reader_refuses(ap_stored_open, small, size), "%zu bytes of %zu were accepted", size,
		       small_size);
	AP_ROWS_END(failed);
}

/* Known to be short, and short only when it is read: cut between the look at its size and the reading. */
static void test_image_file_that_was_cut_decides_nothing_else(void **state)
{
	harm known = { 0 }, unknown = { 0 };
	size_t step = ap_effort_step(7, 61), n = 0;
	int file = ap_stored_file(small, small_size);

	(void)state;
	for (size_t size = small_size; size > 0; n++) {
		size = size > step ? size - step : 0;
		assert_int_equal(ftruncate(file, (off_t)size), 0);
		ask_file(file, size, EVERYBODY, &known);
		ask_file(file, small_size, EVERYBODY, &unknown);
	}
	(void)close(file);
	show("every length, known", &known);
	show("every length, unknown", &unknown);
	assert_int_equal(known.n_refused, n);
	assert_int_equal(unknown.n_others, 0);
	assert_true(unknown.n_refused > 0 && unknown.n_same > 0 && unknown.n_errors > 0);
}

static void test_image_refuses_bytes_behind_its_end(void **state)
{
	static const size_t more[] = { 1, 2, 3, 4, 8, 16, 4079, 4080, 4095, 4096, 4097, 8192, 40960 };
	uint8_t *longer = calloc(1, small_size + 40960);
	int failed = 0;

	(void)state;
	memcpy(longer, small, small_size);
	memcpy(longer + small_size, small, 40960 < small_size ? 40960 : small_size);
	for (size_t i = 0; i < AP_N(more); i++)
		AP_ROW(failed, both_refuse(longer, small_size + more[i]), "%zu bytes more were accepted", more[i]);
	free(longer);
	AP_ROWS_END(failed);
}

/* Whole blocks of zeros are the likeliest of all damage: a file system that lost what was not yet written. */
static void test_image_with_a_block_of_zeros_decides_nothing_else(void **state)
{
	harm count = { 0 };
	int failed = 0;

	(void)state;
	for (size_t at = 0; at < small_size; at += AP_BLOCK_SIZE) {
		uint8_t *bytes = ap_stored_copy(small, small_size);
		harm here;

		memset(bytes + at, 0, AP_BLOCK_SIZE);
		AP_ROW(failed, reader_refuses(ap_stored_open, bytes, small_size), "zeros at %zu were accepted", at);
		here = asked_of_file(bytes, small_size);
		AP_ROW(failed, here.n_others == 0, "zeros at %zu: another decision", at);
		count.n_errors += here.n_errors;
		free(bytes);
	}
	assert_true(count.n_errors > 0);
	AP_ROWS_END(failed);
}

static void test_image_refuses_every_flipped_bit(void **state)
{
	uint8_t *flipped = ap_stored_copy(small, small_size);
	size_t step = ap_effort_step(7, 131);
	int failed = 0;

	(void)state;
	for (size_t bit = 0; bit < small_size * 8; bit += step) {
		flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
		AP_ROW(failed, reader_refuses(ap_stored_open, flipped, small_size),
		       "bit %zu of byte %zu flipped was accepted", bit % 8, bit / 8);
		flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(flipped);
	AP_ROWS_END(failed);
}

/* Which of the logins cannot be decided without a block: those that read it. */
static unsigned readers_of_block(size_t block)
{
	uint8_t *bytes = ap_stored_copy(small, small_size);
	ap_image *image = NULL;
	unsigned found = 0;

	memset(bytes + block * AP_BLOCK_SIZE, 0, AP_BLOCK_SIZE);
	if (ap_stored_open_file(bytes, small_size, &image, NULL) == AP_OK)
		for (size_t i = 0; i < AP_TEST_LOGINS; i++)
			if (ap_test_answer_of(image, &ap_test_logins[i]).status != AP_OK)
				found |= 1u << i;
	ap_image_free(image);
	free(bytes);
	return found;
}

/* A login that does not read the block is asked at one bit of each eight bytes: it is not to notice. */
static void test_image_file_with_a_flipped_bit_decides_nothing_else(void **state)
{
	const uint8_t *bytes = small;
	int file = ap_stored_file(small, small_size);
	unsigned who = 0;
	size_t step = ap_effort_step(11, 211), block = SIZE_MAX;
	harm count = { 0 };

	(void)state;
	for (size_t bit = 0; bit < small_size * 8; bit += step) {
		uint8_t flipped = bytes[bit / 8] ^ (uint8_t)(1u << bit % 8);

		if (bit / 8 / AP_BLOCK_SIZE != block)
			who = readers_of_block(block = bit / 8 / AP_BLOCK_SIZE);
		assert_int_equal(pwrite(file, &flipped, 1, (off_t)(bit / 8)), 1);
		ask_file(file, small_size, bit % 64 == bit / 64 % 64 ? EVERYBODY : who, &count);
		assert_int_equal(pwrite(file, &bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
	}
	(void)close(file);
	show("every bit", &count);
	assert_int_equal(count.n_others, 0);
	assert_true(count.n_refused > 0 && count.n_same > 0 && count.n_errors > 0);
}

/*
 * Blocks of elsewhere
 */

static void test_image_with_two_blocks_swapped_decides_nothing_else(void **state)
{
	size_t n = small_size / AP_BLOCK_SIZE;
	harm count = { 0 };
	int failed = 0;

	(void)state;
	for (size_t a = 0; a < n; a++) {
		for (size_t b = a + 1; b < n; b++) {
			uint8_t *bytes = ap_stored_copy(small, small_size);
			harm here;

			memcpy(bytes + a * AP_BLOCK_SIZE, (uint8_t *)small + b * AP_BLOCK_SIZE, AP_BLOCK_SIZE);
			memcpy(bytes + b * AP_BLOCK_SIZE, (uint8_t *)small + a * AP_BLOCK_SIZE, AP_BLOCK_SIZE);
			AP_ROW(failed, reader_refuses(ap_stored_open, bytes, small_size), "%zu for %zu was accepted", a,
			       b);
			here = asked_of_file(bytes, small_size);
			AP_ROW(failed, here.n_others == 0, "%zu for %zu: another decision", a, b);
			AP_ROW(failed, here.n_refused > 0 || a >= 2, "%zu for %zu: the front was accepted", a, b);
			count.n_errors += here.n_errors;
			free(bytes);
		}
	}
	assert_true(count.n_errors > 0);
	AP_ROWS_END(failed);
}

/* Each block is sound, in its own image: of another policy, and with its contents under this one's number. */
static void test_image_with_a_block_of_another_decides_nothing_else(void **state)
{
	harm count = { 0 };
	int failed = 0;

	(void)state;
	for (size_t at = 0; at < small_size; at += AP_BLOCK_SIZE) {
		uint8_t *bytes = ap_stored_copy(small, small_size);
		harm here;

		memcpy(bytes + at, (uint8_t *)other + at, AP_BLOCK_SIZE);
		AP_ROW(failed, reader_refuses(ap_stored_open, bytes, small_size), "the other's at %zu was accepted",
		       at);
		here = asked_of_file(bytes, small_size);
		AP_ROW(failed, here.n_others == 0, "the other's at %zu: another decision", at);
		count.n_errors += here.n_errors;
		free(bytes);
	}
	assert_true(count.n_errors > 0);
	AP_ROWS_END(failed);
}

/*
 * Files that change between being opened and being asked
 */

static ap_image *open_small_file(int *ret_fd)
{
	ap_image *image = NULL;

	*ret_fd = ap_stored_file(small, small_size);
	assert_int_equal(ap_image_open_file("spoilt", *ret_fd, small_size, &image, NULL), AP_OK);
	return image;
}

static void test_image_file_that_is_cut_after_it_was_opened_is_an_error(void **state)
{
	harm count = { 0 };

	(void)state;
	for (size_t size = 0; size < small_size; size += 512) {
		int fd;
		ap_image *image = open_small_file(&fd);

		assert_int_equal(ftruncate(fd, (off_t)size), 0);
		ask_all(image, &count);
		ap_image_free(image);
	}
	show("cut after it was opened", &count);
	assert_int_equal(count.n_others, 0);
	assert_true(count.n_same > 0 && count.n_errors > 0);
}

/* From its end, as far as `from`, it is another image's: with 0 all of it, as a copy over it leaves it. */
static void test_image_file_that_is_written_over_after_it_was_opened_mixes_nothing(void **state)
{
	harm count = { 0 };

	(void)state;
	for (size_t from = 0; from < small_size; from += 512) {
		size_t n = small_size - from;
		int fd;
		ap_image *image = open_small_file(&fd);

		assert_int_equal(pwrite(fd, (uint8_t *)other + from, n, (off_t)from), (ssize_t)n);
		ask_all(image, &count);
		ap_image_free(image);
	}
	show("written over after it was opened", &count);
	assert_int_equal(count.n_others, 0);
	assert_true(count.n_same > 0 && count.n_errors > 0);
}

/* A descriptor that cannot be read any more, as of a disk that is gone: of a folder, a pipe, and for writing. */
static int unreadable(int which)
{
	int ends[2];

	if (which == 0)
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (which == 1)
		return open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	(void)close(ends[1]);
	return ends[0];
}

static void test_image_file_that_cannot_be_read_is_an_error(void **state)
{
	int failed = 0;

	(void)state;
	for (int which = 0; which < 3; which++) {
		ap_image *image = NULL;
		ap_error error = { .status = AP_OK };
		harm count = { 0 };
		int fd = unreadable(which), opened;

		AP_ROW(failed, ap_image_open_file("x", fd, small_size, &image, &error) == AP_ERR_DAMAGED, "%d: opened",
		       which);
		AP_ROW(failed, strstr(error.message, "cannot be read") != NULL, "%d: %s", which, error.message);
		image = open_small_file(&opened);
		assert_int_equal(dup3(fd, opened, O_CLOEXEC), opened);
		(void)close(fd);
		ask_all(image, &count);
		ap_image_free(image);
		AP_ROW(failed, count.n_errors > 0 && count.n_others == 0, "%d: %zu errors, %zu other decisions", which,
		       count.n_errors, count.n_others);
	}
	AP_ROWS_END(failed);
}

static void test_image_closes_what_it_took_and_no_more(void **state)
{
	size_t before = ap_open_descriptors();
	ap_image *image = NULL;
	int fd = ap_stored_file(small, small_size);

	(void)state;
	assert_int_equal(ap_image_open_file("x", fd, small_size - 1, &image, NULL), AP_ERR_DAMAGED);
	assert_int_equal(ap_open_descriptors(), before + 1);
	assert_int_equal(ap_image_open_file("x", fd, small_size, &image, NULL), AP_OK);
	ap_image_free(image);
	assert_int_equal(ap_open_descriptors(), before);
}

/*
 * What is none, and heads that lie under checksums that fit
 */

static void test_image_refuses_what_is_none(void **state)
{
	static const char text[] = "policies = ();\n";
	uint8_t zeros[3 * AP_BLOCK_SIZE] = { 0 }, ones[3 * AP_BLOCK_SIZE];
	int failed = 0;

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	AP_ROW(failed, both_refuse(text, sizeof(text)), "a text");
	for (size_t n = 1; n <= 3; n++) {
		AP_ROW(failed, both_refuse(zeros, n * AP_BLOCK_SIZE), "%zu blocks of zeros", n);
		AP_ROW(failed, both_refuse(ones, n * AP_BLOCK_SIZE), "%zu blocks of ones", n);
	}
	AP_ROWS_END(failed);
}

#define TABLE_N(table) (offsetof(ap_image_head, tables) + (table) * sizeof(ap_image_table))

/* Each with a word of what is said of it. */
static const struct {
	size_t offset; /* in the head */
	uint32_t value;
	const char *said;
} lies[] = {
	{ offsetof(ap_image_head, magic), 0x42424242, "no policy image" },
	{ offsetof(ap_image_head, magic) + 4, 0x31454741, "no policy image" },
	{ offsetof(ap_image_head, version), AP_IMAGE_VERSION + 1, "version" },
	{ offsetof(ap_image_head, version), 0, "version" },
	{ offsetof(ap_image_head, version), UINT32_MAX, "version" },
	{ offsetof(ap_image_head, byte_order), 0x04030201, "byte order" },
	{ offsetof(ap_image_head, byte_order), 0, "byte order" },
	{ offsetof(ap_image_head, size), 0, "not as long" },
	{ offsetof(ap_image_head, size), sizeof(ap_image_head) - 1, "not as long" },
	{ offsetof(ap_image_head, size), AP_BLOCK_BYTES, "not as long" },
	{ offsetof(ap_image_head, size), INT32_MAX, "not as long" },
	{ offsetof(ap_image_head, size), UINT32_MAX, "not as long" },
	{ TABLE_N(AP_TABLE_CLIENTS), UINT32_MAX, "than it has room for" },
	{ TABLE_N(AP_TABLE_HINTS), 1u << 24, "than it has room for" },
	{ TABLE_N(AP_TABLE_GROUPS), UINT32_MAX, "than it has room for" },
	{ TABLE_N(AP_TABLE_DEPARTMENTS), 1u << 30, "than it has room for" },
	{ TABLE_N(AP_TABLE_MEMBERS), UINT32_MAX, "than it has room for" },
	{ TABLE_N(AP_TABLE_DOMAINS), 1u << 30, "than it has room for" },
	{ TABLE_N(AP_TABLE_POLICIES), UINT32_MAX, "than it has room for" },
	{ TABLE_N(AP_TABLE_EXCEPTIONS), 1u << 30, "than it has room for" },
	{ TABLE_N(AP_TABLE_ORIGINS), UINT32_MAX, "than it has room for" },
	{ TABLE_N(AP_TABLE_SOURCES), UINT32_MAX, "than it has room for" },
	{ offsetof(ap_image_head, members.n_buckets), UINT32_MAX, "than it has room for" },
	{ offsetof(ap_image_head, members.bytes), AP_BLOCK_BYTES + 4, "than it has room for" },
	{ offsetof(ap_image_head, domains.bytes), UINT32_MAX, "than it has room for" },
	{ offsetof(ap_image_head, groups.n_buckets), 1u << 31, "than it has room for" },
};

static void test_image_refuses_heads_that_lie(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(lies); i++) {
		for (size_t k = 0; k < AP_N(readers); k++) {
			uint8_t *bytes = ap_stored_copy(small, small_size);
			ap_image *image = NULL;
			ap_error error = { .status = AP_OK };

			memcpy(bytes + lies[i].offset, &lies[i].value, sizeof(lies[i].value));
			ap_stored_reseal(bytes, small_size);
			AP_ROW(failed, reader_refuses(readers[k].open_image, bytes, small_size),
			       "lie %zu was accepted: %s", i, readers[k].name);
			(void)readers[k].open_image(bytes, small_size, &image, &error);
			AP_ROW(failed, strstr(error.message, lies[i].said) != NULL, "lie %zu: %s: %s", i,
			       readers[k].name, error.message);
			free(bytes);
		}
	}
	AP_ROWS_END(failed);
}

/* A whole image of its own, but for the number that it has among the releases: what an upgrade leaves behind. */
static void test_image_of_another_block_number_or_identity_is_refused(void **state)
{
	uint8_t *bytes = ap_stored_copy(small, small_size);
	ap_image_head head = ap_stored_head(small);

	(void)state;
	/* the same contents under an identity that is not theirs, each block as it was sealed */
	head.revision[0] ^= 1;
	ap_stored_write(bytes, 0, &head, sizeof(head));
	assert_true(both_refuse(bytes, small_size));
	free(bytes);
}

/* How much is hot is a hint: whatever it says, what is read is checked. */
static void test_image_reads_as_much_at_once_as_its_head_says_or_less(void **state)
{
	static const uint32_t hot[] = { 0, 1, 4080, 4081, 8160, 8161, 12240, 16320, 40800, 0x7fffffff, 0xffffffff };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(hot); i++) {
		uint8_t *bytes = ap_stored_copy(small, small_size);
		ap_image_head head = ap_stored_head(small);
		harm count;

		head.hot = hot[i];
		ap_stored_write(bytes, 0, &head, sizeof(head));
		ap_stored_reseal(bytes, small_size);
		count = asked_of_file(bytes, small_size);
		AP_ROW(failed, count.n_others == 0 && count.n_errors == 0, "%u bytes hot: %zu others, %zu errors",
		       hot[i], count.n_others, count.n_errors);
		AP_ROW(failed, count.n_refused == 0 || hot[i] > head.size, "%u bytes hot: refused", hot[i]);
		free(bytes);
	}
	AP_ROWS_END(failed);
}

/*
 * Out of bounds
 */

typedef bool reader_of(ap_view *view, uint32_t at);

static bool zero_string(ap_view *view, uint32_t at)
{
	return ap_view_string(view, at)[0] == '\0';
}

static bool zero_number(ap_view *view, uint32_t at)
{
	return ap_view_number(view, (ap_span){ .n = 4, .at = at }, 3) == 0;
}

static bool zero_index(ap_view *view, uint32_t at)
{
	return ap_view_number(view, (ap_span){ .n = 4, .at = 4 }, at) == 0;
}

static bool zero_text(ap_view *view, uint32_t at)
{
	return ap_view_next_text(view, &at)[0] == '\0';
}

static bool zero_client(ap_view *view, uint32_t at)
{
	return ap_view_client(view, at).name == 0;
}

static bool zero_hint(ap_view *view, uint32_t at)
{
	return ap_view_hint(view, at).service.n == 0;
}

static bool zero_group(ap_view *view, uint32_t at)
{
	return ap_view_group(view, at).name == 0;
}

static bool zero_department(ap_view *view, uint32_t at)
{
	return ap_view_department(view, at).name == 0;
}

static bool zero_member(ap_view *view, uint32_t at)
{
	return ap_view_member(view, at).name == 0;
}

static bool zero_domain(ap_view *view, uint32_t at)
{
	return ap_view_domain(view, at) == 0;
}

static bool zero_policy(ap_view *view, uint32_t at)
{
	return ap_view_policy(view, at).name == 0;
}

static bool zero_department_at(ap_view *view, uint32_t at)
{
	return ap_view_department_at(view, at).name == 0;
}

static bool zero_policy_place(ap_view *view, uint32_t at)
{
	return ap_view_policy_place(view, at) == 0;
}

static bool zero_policy_at(ap_view *view, uint32_t at)
{
	return ap_view_policy_at(view, at).name == 0;
}

static bool zero_exception(ap_view *view, uint32_t at)
{
	return ap_view_exception(view, at).name == 0;
}

static bool zero_exception_at(ap_view *view, uint32_t at)
{
	return ap_view_exception_at(view, at).name == 0;
}

static bool zero_net(ap_view *view, uint32_t at)
{
	return ap_view_net(view, at).ranges4.n == 0;
}

static bool zero_origin(ap_view *view, uint32_t at)
{
	return ap_view_origin(view, at).text == 0;
}

static bool zero_source(ap_view *view, uint32_t at)
{
	return ap_view_source(view, at).path == 0;
}

static bool zero_dictionary(ap_view *view, uint32_t at)
{
	const ap_dictionary one = { .n_buckets = 1, .at = at, .bytes = 100 };
	const ap_dictionary many = { .n_buckets = 3, .at = at, .bytes = AP_BLOCK_BYTES };

	return !ap_view_find(view, &one, "a", 1).known && !ap_view_find(view, &many, "a", 1).known;
}

static bool zero_range(ap_view *view, uint32_t at)
{
	const ap_image_net net = { .ranges4 = { .n = 5, .at = at } };
	const ap_address address = { .family = AP_ADDRESS_IPV4, .bytes = { 10 } };
	ap_range range;
	uint32_t origin;

	return !ap_view_find_range(view, &net, &address, &range, &origin) &&
	       ap_view_range(view, &net.ranges4, AP_ADDRESS_IPV4, 0, &origin).family == AP_ADDRESS_UNKNOWN &&
	       ap_view_range(view, &net.ranges4, AP_ADDRESS_IPV4, at, &origin).family == AP_ADDRESS_UNKNOWN;
}

static const struct {
	const char *name;
	reader_of *read;
} readings[] = {
	{ "string", zero_string },
	{ "span", zero_number },
	{ "index", zero_index },
	{ "text", zero_text },
	{ "client", zero_client },
	{ "hint", zero_hint },
	{ "group", zero_group },
	{ "department at", zero_department_at },
	{ "member", zero_member },
	{ "domain", zero_domain },
	{ "policy place", zero_policy_place },
	{ "policy at", zero_policy_at },
	{ "exception at", zero_exception_at },
	{ "net", zero_net },
	{ "origin", zero_origin },
	{ "source", zero_source },
	{ "dictionary", zero_dictionary },
	{ "range", zero_range },
};

/* Each reader answers a zeroed record and marks the view, once, for good. */
static void test_image_marks_what_is_out_of_bounds(void **state)
{
	const uint32_t numbers[] = { ap_stored_head(rich).size,
				     ap_stored_head(rich).size - 3,
				     1000000,
				     0x7fffffff,
				     0x80000000,
				     AP_NONE - 4,
				     AP_NONE - 1,
				     AP_NONE };
	int failed = 0;

	(void)state;
	for (size_t k = 0; k < AP_N(readers); k++) {
		ap_image *image = NULL;

		assert_int_equal(readers[k].open_image(rich, rich_size, &image, NULL), AP_OK);
		for (size_t i = 0; i < AP_N(numbers) * AP_N(readings); i++) {
			size_t n = i / AP_N(readings), r = i % AP_N(readings);
			ap_view view = ap_view_of(image);

			AP_ROW(failed, readings[r].read(&view, numbers[n]), "%s: %s %u: not zeroed", readers[k].name,
			       readings[r].name, numbers[n]);
			AP_ROW(failed, !view.sound, "%s: %s %u: not marked", readers[k].name, readings[r].name,
			       numbers[n]);
			(void)ap_view_client(&view, 0);
			AP_ROW(failed, !view.sound, "%s: %s: the mark was lost", readers[k].name, readings[r].name);
		}
		ap_image_free(image);
	}
	AP_ROWS_END(failed);
}

/* What is found through a table of places is zeroed as well where the table has no such number. */
static void test_image_numbers_out_of_bounds_are_zeroed(void **state)
{
	static const struct {
		const char *name;
		reader_of *read;
		ap_table_kind table;
	} by_number[] = {
		{ "department", zero_department, AP_TABLE_DEPARTMENTS },
		{ "policy", zero_policy, AP_TABLE_POLICIES },
		{ "exception", zero_exception, AP_TABLE_EXCEPTIONS },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(readers) * AP_N(by_number); i++) {
		size_t r = i % AP_N(by_number), k = i / AP_N(by_number);
		ap_image *image = NULL;
		ap_view view;

		assert_int_equal(readers[k].open_image(rich, rich_size, &image, NULL), AP_OK);
		view = ap_view_of(image);
		AP_ROW(failed, by_number[r].read(&view, ap_image_count(image, by_number[r].table)),
		       "%s: %s: not zeroed", readers[k].name, by_number[r].name);
		AP_ROW(failed, !view.sound, "%s: %s: not marked", readers[k].name, by_number[r].name);
		ap_image_free(image);
	}
	AP_ROWS_END(failed);
}

/* A table may say that it ends behind the last place that there can be: its records do not begin anew at the front. */
static void test_image_table_that_ends_behind_the_last_place_is_marked(void **state)
{
	uint32_t origin;
	const ap_image_net net = { .ranges4 = { .n = UINT32_MAX, .at = ap_stored_head(rich).size / 4 * 4 - 64 } };
	ap_image *image = NULL;
	ap_view view;
	/* as many blocks further as there are places: beyond them, where the sum has wrapped, is the head */
	uint32_t wrapped =
		(uint32_t)((UINT64_C(1) << 32) / AP_BLOCK_BYTES * (AP_BLOCK_BYTES / sizeof(ap_image_range4)));

	(void)state;
	assert_int_equal(ap_stored_open(rich, rich_size, &image, NULL), AP_OK);
	view = ap_view_of(image);
	assert_int_equal(ap_view_range(&view, &net.ranges4, AP_ADDRESS_IPV4, wrapped, &origin).family,
			 AP_ADDRESS_UNKNOWN);
	assert_false(view.sound);
	ap_image_free(image);
}

/*
 * Garbage under checksums that fit
 */

/* No name services: garbage must not be sent to a directory server. */
static int no_passwd(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **ret)
{
	static char empty[] = "";

	(void)buffer;
	(void)size;
	*ret = NULL;
	if (strncmp(name, "alice", 5) != 0)
		return 0;
	*entry = (struct passwd){
		.pw_name = empty, .pw_passwd = empty, .pw_gecos = empty, .pw_dir = empty, .pw_shell = empty, .pw_gid = 5
	};
	*ret = entry;
	return 0;
}

static int no_group(const char *name, struct group *entry, char *buffer, size_t size, struct group **ret)
{
	static char empty[] = "";
	static char *nobody[] = { NULL };

	(void)buffer;
	(void)size;
	*ret = NULL;
	if (strlen(name) % 2 != 0)
		return 0;
	*entry =
		(struct group){ .gr_name = empty, .gr_passwd = empty, .gr_gid = (gid_t)strlen(name), .gr_mem = nobody };
	*ret = entry;
	return 0;
}

static int no_list(const char *name, gid_t gid, gid_t *gids, int *n)
{
	(void)name;
	gids[0] = gid;
	*n = 1;
	return 1;
}

static int no_gid(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **ret)
{
	static char name[] = "travellers";

	(void)gid;
	(void)buffer;
	(void)size;
	*entry = (struct group){ .gr_name = name, .gr_gid = 5 };
	*ret = entry;
	return 0;
}

static const ap_nss no_services = { no_passwd, no_group, no_list, no_gid };

typedef struct {
	const ap_image *image;
	const ap_request *request;
	size_t n_answers;
	size_t n_bytes;
} listener;

static void explain_answer(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	const ap_why *whys[] = { &answer->why_active, &answer->why_scope, &answer->why_client, &answer->why_network };
	listener *l = context;
	char text[AP_EXPLAIN_MAX];

	(void)policy;
	l->n_answers++;
	for (size_t i = 0; i < AP_N(whys); i++)
		l->n_bytes += strlen(ap_explain_why(l->image, l->request, whys[i], text, sizeof(text)));
}

static const char *const env[] = { "KIOSK=1", "LANG=C", "SSH_CONNECTION=203.0.113.7 1 10.0.0.1 22", NULL };

static const ap_facts logins[] = {
	{ .user = "alice", .rhost = "192.168.1.5", .service = "roundcube", .now = 1790000000, .nss = &no_services },
	{ .user = "bob@example.com",
	  .rhost = "2001:db8:1::5",
	  .service = "kiosk-1",
	  .tty = "tty9",
	  .ruser = "k1",
	  .env = env,
	  .now = 1790000000,
	  .nss = &no_services },
	{ .user = "carol@example.org",
	  .rhost = "mail.example.com",
	  .service = "sshd",
	  .env = env,
	  .now = 1,
	  .nss = &no_services },
	{ .user = "dora@example.net", .service = "login", .now = INT64_MAX, .nss = &no_services },
	{ .user = "", .rhost = "10.1.2.3", .client = "native", .now = 1790000000, .nss = &no_services },
	{ .user = "alice", .at_machine = true, .client = "web", .now = INT64_MIN, .nss = &no_services },
};

typedef struct {
	size_t n_opened, n_decided, n_damaged, n_memory, n_without_request, n_bytes_explained;
} outcome;

static void use_decision(const ap_image *image, const ap_request *request, ap_decision *decision, outcome *count)
{
	char text[AP_EXPLAIN_MAX];

	assert_true(decision->verdict == AP_ALLOW || decision->verdict == AP_DENY);
	assert_true(decision->reason >= AP_REASON_BLACKLISTED && decision->reason <= AP_REASON_DEFAULT);
	/* NULL where it is the message that is garbage */
	(void)ap_decision_message(image, decision);
	count->n_bytes_explained += strlen(ap_explain_client(image, request, text, sizeof(text)));
	count->n_bytes_explained += strlen(ap_explain_address(request, text, sizeof(text)));
	count->n_decided++;
}

/* What was decided, or 0. */
static int evaluate_login(const ap_image *image, const ap_facts *facts, bool listen, uint32_t only, outcome *count)
{
	listener l = { .image = image };
	ap_evaluate_options options = { .only = only, .hook = listen ? explain_answer : NULL, .hook_context = &l };
	ap_decision decision;
	ap_request request;
	ap_status status = ap_request_init(&request, image, facts, NULL);
	int decided = 0;

	if (status != AP_OK) {
		assert_true(status == AP_ERR_DAMAGED || status == AP_ERR_POLICY);
		count->n_without_request++;
		return 0;
	}
	l.request = &request;
	memset(&decision, 0x5a, sizeof(decision));
	status = ap_evaluate(image, &request, &options, &decision, NULL);
	if (status == AP_OK) {
		decided = (int)decision.verdict * 8 + (int)decision.reason;
		use_decision(image, &request, &decision, count);
		ap_decision_clear(&decision);
	} else {
		/* a number of records that lies may be more than there is memory for */
		assert_true(status == AP_ERR_DAMAGED || status == AP_ERR_MEMORY);
		assert_true(decision.verdict != AP_ALLOW && decision.would == NULL && decision.n_would == 0);
		count->n_damaged += status == AP_ERR_DAMAGED;
		count->n_memory += status == AP_ERR_MEMORY;
	}
	ap_request_clear(&request);
	return decided;
}

/* Values that do more harm than random bytes: just inside, just outside, places of other things, where sums wrap. */
static uint32_t harmful(ap_prng *prng, uint32_t size)
{
	static const uint32_t values[] = { 0, 1, 2, 7, 8, 16, 255, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

	if (ap_prng_chance(prng, 50))
		return values[ap_prng_below(prng, AP_N(values))];
	if (ap_prng_chance(prng, 50))
		return ap_prng_below(prng, size / 4) * 4;
	return ap_prng_chance(prng, 30) ? size - ap_prng_below(prng, 8) : ap_prng_below(prng, 400);
}

/* Everything but what the head is refused for. */
static void spoil(ap_prng *prng, uint8_t *bytes, uint32_t size)
{
	const uint32_t settings = offsetof(ap_image_head, settings);
	uint32_t n = 1 + ap_prng_below(prng, 6), start = settings, end = size;

	if (ap_prng_chance(prng, 20))
		end = sizeof(ap_image_head);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = start + ap_prng_below(prng, end - start), value = harmful(prng, size);

		if (ap_prng_chance(prng, 30)) {
			*ap_stored_at(bytes, at) = (uint8_t)ap_prng_next(prng);
			continue;
		}
		at &= ~3u;
		if (at + sizeof(value) <= size)
			ap_stored_write(bytes, at, &value, sizeof(value));
	}
	if (ap_prng_chance(prng, 2))
		for (uint32_t at = sizeof(ap_image_head); at < size; at++)
			*ap_stored_at(bytes, at) = (uint8_t)ap_prng_next(prng);
}

/* Three logins of each reader: where two decide, they decide alike, for they read the same bytes. */
static int ask_spoilt(ap_prng *prng, const uint8_t *bytes, outcome counts[AP_N(readers)])
{
	int decided[AP_N(readers)][3] = { { 0 } }, differ = 0;
	const ap_facts *facts[3];
	uint32_t only[3];

	for (size_t i = 0; i < 3; i++) {
		facts[i] = &logins[ap_prng_below(prng, AP_N(logins))];
		only[i] = ap_prng_chance(prng, 20) ? ap_prng_below(prng, 6) : AP_NONE;
	}
	for (size_t k = 0; k < AP_N(readers); k++) {
		ap_image *image = NULL;

		if (readers[k].open_image(bytes, rich_size, &image, NULL) != AP_OK)
			continue;
		counts[k].n_opened++;
		for (size_t i = 0; i < 3; i++)
			decided[k][i] = evaluate_login(image, facts[i], i == 0, only[i], &counts[k]);
		ap_image_free(image);
	}
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 1; k < AP_N(readers); k++)
			differ += decided[0][i] != 0 && decided[k][i] != 0 && decided[0][i] != decided[k][i];
	return differ;
}

static void test_image_garbage_is_damaged_or_decided(void **state)
{
	ap_prng prng = ap_prng_seeded(22);
	outcome counts[AP_N(readers)] = { { 0 } };
	uint8_t *bytes = ap_stored_copy(rich, rich_size);
	int differ = 0, n_images = 20000 / (int)ap_effort_step(1, 8);

	(void)state;
	for (int i = 0; i < n_images; i++) {
		memcpy(bytes, rich, rich_size);
		spoil(&prng, bytes, ap_stored_head(rich).size);
		ap_stored_reseal(bytes, rich_size);
		differ += ask_spoilt(&prng, bytes, counts);
	}
	free(bytes);
	for (size_t k = 0; k < AP_N(readers); k++) {
		print_message("%s: %d images: %zu opened; %zu logins decided, %zu damaged, %zu without memory, "
			      "%zu without a request\n",
			      readers[k].name, n_images, counts[k].n_opened, counts[k].n_decided, counts[k].n_damaged,
			      counts[k].n_memory, counts[k].n_without_request);
		assert_true(counts[k].n_opened > (size_t)n_images / 2);
		assert_true(counts[k].n_decided > 500 && counts[k].n_damaged > 500);
		assert_true(counts[k].n_bytes_explained > 0);
	}
	assert_int_equal(differ, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image_opens_as_compiled),
		cmocka_unit_test(test_image_of_the_small_policy_decides_in_several_ways),
		cmocka_unit_test(test_image_refuses_every_truncation),
		cmocka_unit_test(test_image_file_that_was_cut_decides_nothing_else),
		cmocka_unit_test(test_image_refuses_bytes_behind_its_end),
		cmocka_unit_test(test_image_with_a_block_of_zeros_decides_nothing_else),
		cmocka_unit_test(test_image_refuses_every_flipped_bit),
		cmocka_unit_test(test_image_file_with_a_flipped_bit_decides_nothing_else),
		cmocka_unit_test(test_image_with_two_blocks_swapped_decides_nothing_else),
		cmocka_unit_test(test_image_with_a_block_of_another_decides_nothing_else),
		cmocka_unit_test(test_image_file_that_is_cut_after_it_was_opened_is_an_error),
		cmocka_unit_test(test_image_file_that_is_written_over_after_it_was_opened_mixes_nothing),
		cmocka_unit_test(test_image_file_that_cannot_be_read_is_an_error),
		cmocka_unit_test(test_image_closes_what_it_took_and_no_more),
		cmocka_unit_test(test_image_refuses_what_is_none),
		cmocka_unit_test(test_image_refuses_heads_that_lie),
		cmocka_unit_test(test_image_of_another_block_number_or_identity_is_refused),
		cmocka_unit_test(test_image_reads_as_much_at_once_as_its_head_says_or_less),
		cmocka_unit_test(test_image_marks_what_is_out_of_bounds),
		cmocka_unit_test(test_image_numbers_out_of_bounds_are_zeroed),
		cmocka_unit_test(test_image_table_that_ends_behind_the_last_place_is_marked),
		cmocka_unit_test(test_image_garbage_is_damaged_or_decided),
	};

	return cmocka_run_group_tests(tests, make_images, free_images);
}
