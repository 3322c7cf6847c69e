/* What becomes of work in a process of its own, however it ends. */
#include "../../lib/make/isolated.h"
#include "effort.h"
#include "rows.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static bool answer(FILE *out, void *context)
{
	(void)fputs(context, out);
	return true;
}

static bool answer_nothing(FILE *out, void *context)
{
	(void)out;
	(void)context;
	return true;
}

static bool refuse(FILE *out, void *context)
{
	(void)fprintf(out, "is %s", (const char *)context);
	return false;
}

static bool kill_itself(FILE *out, void *context)
{
	(void)fputs("half of an ans", out);
	(void)fflush(out);
	(void)kill(getpid(), *(const int *)context);
	return true;
}

/* The last byte stands for the whole answer: one that only looks like it must not do. */
static bool leave_early(FILE *out, void *context)
{
	(void)context;
	(void)fputs("half of an answer A", out);
	(void)fflush(out);
	_exit(3);
}

static bool leave_by_exit(FILE *out, void *context)
{
	(void)out;
	(void)context;
	exit(70);
}

static bool run_for_ever(FILE *out, void *context)
{
	volatile unsigned n = 0;

	(void)out;
	(void)context;
	for (;;)
		n++;
	return true;
}

static bool take_memory(FILE *out, void *context)
{
	size_t size = *(const size_t *)context;
	char *memory = malloc(size);

	if (memory == NULL) {
		(void)fputs("has no memory", out);
		return false;
	}
	memset(memory, 1, size);
	(void)fprintf(out, "%d", memory[size - 1]);
	return true;
}

static bool change_memory(FILE *out, void *context)
{
	*(int *)context = 7;
	(void)fprintf(out, "%d", *(int *)context);
	return true;
}

typedef struct {
	ap_status status;
	char *bytes;
	size_t size;
	ap_error error;
} outcome;

static outcome run(ap_isolated_work *work, void *context)
{
	const ap_isolated_limits limits = { .name = "the.file", .memory_bytes = 64 * 1024 * 1024, .cpu_seconds = 1 };
	outcome found = { .bytes = NULL };

	found.status = ap_isolated_run(&limits, work, context, &found.bytes, &found.size, &found.error);
	return found;
}

static void test_an_answer_comes_back(void **state)
{
	char text[] = "the answer\nwith a NUL behind it";
	outcome found = run(answer, text);

	(void)state;
	assert_int_equal(found.status, AP_OK);
	assert_int_equal(found.size, strlen(text));
	assert_string_equal(found.bytes, text);
	free(found.bytes);
	found = run(answer_nothing, NULL);
	assert_int_equal(found.status, AP_OK);
	assert_int_equal(found.size, 0);
	free(found.bytes);
}

static void test_a_failure_tells_its_message(void **state)
{
	char why[] = "no good";
	outcome found = run(refuse, why);

	(void)state;
	assert_int_equal(found.status, AP_ERR_DAMAGED);
	assert_null(found.bytes);
	assert_string_equal(found.error.file, "the.file");
	assert_string_equal(found.error.message, "is no good");
}

static void test_an_end_on_the_way_is_an_error(void **state)
{
	static const struct {
		int signal;
		const char *said;
	} rows[] = {
		{ SIGSEGV, "ended by signal 11 (Segmentation fault)" },
		{ SIGKILL, "ended by signal 9 (Killed)" },
		{ SIGABRT, "ended by signal 6 (Aborted)" },
	};
	outcome found;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(rows); i++) {
		int number = rows[i].signal;

		found = run(kill_itself, &number);
		AP_ROW(failed, found.status == AP_ERR_DAMAGED && found.bytes == NULL, "signal %d: %d", number,
		       (int)found.status);
		AP_ROW(failed, strstr(found.error.message, rows[i].said) != NULL, "signal %d: %s", number,
		       found.error.message);
	}
	found = run(leave_early, NULL);
	AP_ROW(failed, found.status == AP_ERR_DAMAGED && strstr(found.error.message, "before it was done") != NULL,
	       "_exit: %s", found.error.message);
	found = run(leave_by_exit, NULL);
	AP_ROW(failed, found.status == AP_ERR_DAMAGED && strstr(found.error.message, "before it was done") != NULL,
	       "exit: %s", found.error.message);
	AP_ROWS_END(failed);
}

/* A process that inherited an ignored SIGCHLD is not told how its children ended. */
static void test_with_sigchld_ignored_the_same_holds(void **state)
{
	char text[] = "the answer";
	int number = SIGSEGV;
	outcome found;

	(void)state;
	(void)signal(SIGCHLD, SIG_IGN);
	found = run(answer, text);
	assert_int_equal(found.status, AP_OK);
	assert_string_equal(found.bytes, text);
	free(found.bytes);
	found = run(kill_itself, &number);
	assert_int_equal(found.status, AP_ERR_DAMAGED);
	found = run(leave_by_exit, NULL);
	assert_int_equal(found.status, AP_ERR_DAMAGED);
	(void)signal(SIGCHLD, SIG_DFL);
}

static void test_time_and_memory_are_limited(void **state)
{
	size_t little = 1024 * 1024, much = (size_t)1024 * 1024 * 1024;
	outcome found = run(run_for_ever, NULL);

	(void)state;
	assert_int_equal(found.status, AP_ERR_DAMAGED);
	assert_non_null(strstr(found.error.message, "more than 1 seconds"));
	found = run(take_memory, &little);
	assert_int_equal(found.status, AP_OK);
	free(found.bytes);
	/* a sanitizer has its own memory, and no limit */
	if (ap_effort_now() != AP_EFFORT_FULL)
		return;
	found = run(take_memory, &much);
	assert_int_equal(found.status, AP_ERR_DAMAGED);
	assert_string_equal(found.error.message, "has no memory");
}

static void test_nothing_of_the_caller_changes(void **state)
{
	int value = 3;
	outcome found = run(change_memory, &value);
	struct rlimit limit;

	(void)state;
	assert_int_equal(found.status, AP_OK);
	assert_string_equal(found.bytes, "7");
	assert_int_equal(value, 3);
	free(found.bytes);
	assert_int_equal(getrlimit(RLIMIT_CPU, &limit), 0);
	assert_true(limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > 1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_comes_back),
		cmocka_unit_test(test_a_failure_tells_its_message),
		cmocka_unit_test(test_an_end_on_the_way_is_an_error),
		cmocka_unit_test(test_with_sigchld_ignored_the_same_holds),
		cmocka_unit_test(test_time_and_memory_are_limited),
		cmocka_unit_test(test_nothing_of_the_caller_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
