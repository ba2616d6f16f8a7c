/* SPDX-License-Identifier: MIT */
/* What is written behind options. */
#include "command/values.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool values_number(const char *text, unsigned int least, unsigned int most, unsigned int *value)
{
	unsigned long number;
	char *end;

	/* strtoul() takes blanks and a sign. */
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *end || number < least || number > most)
		return false;
	*value = (unsigned int)number;
	return true;
}

bool values_seconds(const char *text, unsigned int *milliseconds)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds == 0 || seconds >= 0.001) ||
	    !(seconds <= VALUES_SECONDS_MAX))
		return false;
	*milliseconds = (unsigned int)(seconds * 1000);
	return true;
}
