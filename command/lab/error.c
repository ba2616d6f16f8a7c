/* SPDX-License-Identifier: MIT */
/* One line for each thing that went wrong. */
#include <stdarg.h>
#include <stdio.h>

#include "command/lab/error.h"

int lab_error(int status, const char *format, ...)
{
	va_list arguments;
	char text[2048];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* One line, whatever a file's name or a kernel's message has in it. */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	fprintf(stderr, "ring0 lab: %s\n", text);
	return status;
}
