/* Logins of an image in a file where an allocation fails: an error, or the decision that it would have been. */
#include "../../lib/login/evaluate.h"
#include "compiled.h"
#include "rows.h"
#include "scratch.h"
#include "small_policy.h"
#include "stored.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned n_allocations, failing; /* the number of the one that fails; 0: none does */
static long n_living;                   /* allocated, and not freed */

/* Those of the executable come before libc's, for strndup(3) too. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *old);

static bool fails(void)
{
	return ++n_allocations == failing;
}

static void *living(void *new)
{
	n_living += new != NULL;
	return new;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
	return fails() ? NULL : living(__libc_malloc(size));
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : living(__libc_calloc(n, size));
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
	void *new;

	if (fails())
		return NULL;
	new = __libc_realloc(old, size);
	n_living += old == NULL && new != NULL;
	return new;
}

__attribute__((visibility("default"))) void free(void *old)
{
	n_living -= old != NULL;
	__libc_free(old);
}

/* A login from the opening of the file to the closing of it, as the module has it. */
static ap_test_answer log_in(int file, size_t size, const ap_facts *facts)
{
	ap_test_answer answer = { .policy = AP_NONE };
	ap_image *image = NULL;
	int fd = fcntl(file, F_DUPFD_CLOEXEC, 0);

	answer.status = ap_image_open_file("small.image", fd, size, &image, NULL);
	if (answer.status != AP_OK) {
		(void)close(fd);
		return answer;
	}
	answer = ap_test_answer_of(image, facts);
	ap_image_free(image);
	return answer;
}

/*
 * A look-up in the name services that finds no memory has failed, and its answer is unknown: then `undetermined` is
 * what the administrator said of such. That it says so is all that may be another decision.
 */
static bool is_undetermined(const ap_test_answer *found)
{
	return found->status == AP_OK && found->reason == AP_REASON_UNDETERMINED && found->verdict == AP_DENY;
}

typedef struct {
	unsigned n_errors, n_same, n_undetermined;
} tally;

static int fail_each(int file, size_t size, size_t login, tally *count)
{
	const ap_facts *facts = &ap_test_logins[login];
	ap_test_answer expected = log_in(file, size, facts);
	unsigned before = n_allocations, total;
	int failed = 0;

	assert_int_equal(log_in(file, size, facts).status, AP_OK);
	total = n_allocations - before;
	AP_ROW(failed, total > 8, "login %zu: the allocations are not those of here", login);
	for (unsigned number = 1; number <= total; number++) {
		long living_before = n_living;
		size_t open_before = ap_open_descriptors();
		ap_test_answer found;

		n_allocations = 0;
		failing = number;
		found = log_in(file, size, facts);
		failing = 0;
		AP_ROW(failed, ap_test_same_or_error(&found, &expected) || is_undetermined(&found),
		       "login %zu, allocation %u of %u: status %d, reason %d", login, number, total, (int)found.status,
		       (int)found.reason);
		AP_ROW(failed, n_living == living_before, "login %zu, allocation %u: %ld not freed", login, number,
		       n_living - living_before);
		AP_ROW(failed, ap_open_descriptors() == open_before, "login %zu, allocation %u: a descriptor is left",
		       login, number);
		count->n_errors += found.status != AP_OK;
		count->n_same += found.status == AP_OK && found.reason == expected.reason;
		count->n_undetermined += is_undetermined(&found) && expected.reason != AP_REASON_UNDETERMINED;
	}
	return failed;
}

static void test_an_allocation_that_fails_never_makes_another_decision(void **state)
{
	char *text = ap_test_small_policy(10);
	size_t size;
	void *bytes = ap_test_image_bytes(text, &size);
	int file = ap_stored_file(bytes, size), failed = 0;
	tally count = { 0, 0, 0 };

	(void)state;
	for (size_t i = 0; i < AP_TEST_LOGINS; i++)
		failed += fail_each(file, size, i, &count);
	print_message("%u errors, %u decisions as before, %u undetermined\n", count.n_errors, count.n_same,
		      count.n_undetermined);
	(void)close(file);
	free(bytes);
	free(text);
	assert_true(count.n_errors > 0 && count.n_same > 0);
	AP_ROWS_END(failed);
}

/* The whole image in memory, where its bytes stay the caller's unless it was opened. */
static void test_an_allocation_that_fails_leaves_the_bytes_to_the_caller(void **state)
{
	char *text = ap_test_small_policy(10);
	size_t size;
	void *bytes = ap_test_image_bytes(text, &size);
	unsigned n_refused = 0;
	int failed = 0;

	(void)state;
	for (unsigned number = 1; number <= 4; number++) {
		void *copy = ap_stored_copy(bytes, size);
		long living_before = n_living;
		ap_image *image = NULL;
		ap_status status;

		n_allocations = 0;
		failing = number;
		status = ap_image_open("small.image", copy, size, &image, NULL);
		failing = 0;
		if (status == AP_OK) {
			ap_image_free(image);
			continue;
		}
		n_refused++;
		AP_ROW(failed, status == AP_ERR_MEMORY && n_living == living_before, "allocation %u: status %d", number,
		       (int)status);
		free(copy);
	}
	free(bytes);
	free(text);
	assert_true(n_refused > 0);
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_allocation_that_fails_never_makes_another_decision),
		cmocka_unit_test(test_an_allocation_that_fails_leaves_the_bytes_to_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
