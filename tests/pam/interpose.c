/*
 * Definitions in the place of the C library's: those of the program go before those of the libraries that it links
 * or loads, for libpam and the module too.
 */
#undef _FORTIFY_SOURCE /* whose inline definitions of the same names would be in the way */

#include "interpose.h"

#include <dlfcn.h>
#include <security/pam_modules.h>
#include <stdlib.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED __attribute__((format(printf, 3, 4))) void __syslog_chk(int priority, int flag, const char *format, ...);
EXPORTED __attribute__((format(printf, 2, 3))) void syslog(int priority, const char *format, ...);
EXPORTED char **pam_getenvlist(pam_handle_t *pamh);
EXPORTED void explicit_bzero(void *bytes, size_t size);
EXPORTED void __explicit_bzero_chk(void *bytes, size_t size, size_t room);

/* libpam built with _FORTIFY_SOURCE calls the first, without it the second. */
void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list arguments;

	(void)flag;
	va_start(arguments, format);
	ap_caught_line(priority, format, arguments);
	va_end(arguments);
}

void syslog(int priority, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	ap_caught_line(priority, format, arguments);
	va_end(arguments);
}

/* libpam's own is behind this one. */
char **pam_getenvlist(pam_handle_t *pamh)
{
	const union {
		void *symbol; /* ISO C knows no cast from an object's pointer to a function's */
		char **(*function)(pam_handle_t *);
	} real = { .symbol = dlsym(RTLD_NEXT, "pam_getenvlist") };

	if (real.symbol == NULL)
		abort();
	return ap_environment_fails() ? NULL : real.function(pamh);
}

void explicit_bzero(void *bytes, size_t size)
{
	volatile char *at = bytes;

	ap_caught_wipe(bytes, size);
	while (size-- > 0)
		*at++ = '\0';
}

void __explicit_bzero_chk(void *bytes, size_t size, size_t room)
{
	(void)room;
	explicit_bzero(bytes, size);
}
