/* interpose.h - what the program's own definitions of library functions tell the harness. */
#ifndef AP_TEST_PAM_INTERPOSE_H
#define AP_TEST_PAM_INTERPOSE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* A line for the system's log. */
__attribute__((format(printf, 2, 0))) void ap_caught_line(int priority, const char *format, va_list arguments);

/* True if the PAM environment is not to be had, as where memory ran out. */
bool ap_environment_fails(void);

/* Memory that is about to be wiped. */
void ap_caught_wipe(const void *bytes, size_t size);

#endif
