/* Files that are read where an allocation fails: no policy, or the whole one, and never a part of it. */
#include "../../lib/make/compile.h"
#include "../../lib/make/load.h"
#include "rich_policy.h"
#include "rows.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EQUAL = 10, REFUSED, REFUSED_FOR_MEMORY, DIFFERENT };

static unsigned n_allocations, failing; /* the number of the one that fails; 0: none does */

/* Those of the executable come before libc's for libconfig too. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool fails(void)
{
	return ++n_allocations == failing;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

static ap_status load(ap_policy_set **ret_set, ap_diagnostics *diagnostics)
{
	return ap_load_text("/nowhere/test.conf", rich_policy, strlen(rich_policy), ret_set, diagnostics);
}

static int judge(unsigned number, const void *whole, size_t whole_size)
{
	ap_policy_set *set = NULL;
	ap_diagnostics diagnostics = { 0 };
	ap_error error;
	void *bytes;
	size_t size;
	ap_status status;

	n_allocations = 0;
	failing = number;
	status = load(&set, &diagnostics);
	if (status != AP_OK && diagnostics.n_errors == 0)
		return DIFFERENT;
	if (status != AP_OK)
		return strcmp(diagnostics.items[0].message, "there was no memory to read the text") == 0
			       ? REFUSED_FOR_MEMORY
			       : REFUSED;
	failing = 0;
	if (ap_compile(set, 0, &bytes, &size, &error) != AP_OK)
		return REFUSED;
	return size == whole_size && memcmp(bytes, whole, size) == 0 ? EQUAL : DIFFERENT;
}

/* What a child makes of the text where that allocation fails; -1 where it ends itself, or is ended. */
static int judge_in_child(unsigned number, const void *whole, size_t whole_size)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		const struct rlimit none = { 0, 0 };
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		/* a child that crashes ends there, and not in cmocka's report */
		for (size_t i = 0; i < AP_N(deadly); i++)
			(void)signal(deadly[i], SIG_DFL);
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		_exit(judge(number, whole, whole_size));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status))
		return -1;
	assert_int_not_equal(WEXITSTATUS(status), 0);
	return WEXITSTATUS(status) < EQUAL || WEXITSTATUS(status) > DIFFERENT ? -1 : WEXITSTATUS(status);
}

static void test_an_allocation_that_fails_never_makes_another_policy(void **state)
{
	ap_policy_set *set = NULL;
	ap_diagnostics diagnostics = { 0 };
	ap_error error;
	void *whole;
	size_t size;
	unsigned failed = 0, before = n_allocations, total, refused_for_memory = 0;

	(void)state;
	assert_int_equal(load(&set, &diagnostics), AP_OK);
	total = n_allocations - before;
	assert_int_equal(ap_compile(set, 0, &whole, &size, &error), AP_OK);
	assert_true(total > 300); /* else the allocations are not those of here */
	assert_int_equal(judge_in_child(0, whole, size), EQUAL);
	for (unsigned number = 1; number <= total; number++) {
		int result = judge_in_child(number, whole, size);

		AP_ROW(failed, result != DIFFERENT, "another policy, or no error, where allocation %u of %u fails",
		       number, total);
		refused_for_memory += result == REFUSED_FOR_MEMORY;
	}
	assert_true(refused_for_memory > 0);
	free(whole);
	ap_policy_set_free(set);
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_allocation_that_fails_never_makes_another_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
