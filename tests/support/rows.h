/*
 * rows.h - checks of a table's rows that go on after a row that fails, so that one run shows all of them.
 */
#ifndef AP_TEST_ROWS_H
#define AP_TEST_ROWS_H

/* The includes that cmocka.h asks its users for, in the order that it needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define AP_N(array) (sizeof(array) / sizeof((array)[0]))

/* `failed` is the caller's count of failures; the rest says which row it was and what was found. */
#define AP_ROW(failed, condition, ...)                                                                                 \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			(failed)++;                                                                                    \
			print_error("%s:%d: ", __FILE__, __LINE__);                                                    \
			print_error(__VA_ARGS__);                                                                      \
			print_error("\n");                                                                             \
		}                                                                                                      \
	} while (0)

#define AP_ROWS_END(failed) assert_int_equal((failed), 0)

#endif
