#include "status.h"

#include <stdarg.h>
#include <stdio.h>

ap_status ap_error_set(ap_error *error, ap_status status, const char *file, unsigned line, const char *format, ...)
{
	va_list args;

	if (error == NULL)
		return status;
	error->status = status;
	error->line = line;
	(void)snprintf(error->file, sizeof(error->file), "%s", file != NULL ? file : "");
	va_start(args, format);
	(void)vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return status;
}
