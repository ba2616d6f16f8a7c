/* SPDX-License-Identifier: MIT */
/* Error texts. Depends on libc alone. */
#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *error, int err, const char *format, ...)
{
	va_list arguments;

	if (error && !error->text[0]) {
		va_start(arguments, format);
		vsnprintf(error->text, sizeof(error->text), format, arguments);
		va_end(arguments);
	}
	return -err;
}
