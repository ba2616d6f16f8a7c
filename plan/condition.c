/* SPDX-License-Identifier: MIT */
/* ".when = name" in the attributes as they were written. */
#include "plan/condition.h"
#include <stdio.h>
#include <string.h>

bool condition_name(const char *attributes, char *name, size_t size)
{
	const char *at = attributes;
	size_t length;

	while (at && (at = strstr(at, ".when"))) {
		at += strlen(".when");
		at += strspn(at, " \t\n");
		if (*at != '=')
			continue;
		at += 1 + strspn(at + 1, " \t\n&");
		length = strspn(at,
				"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		if (!length)
			continue;
		snprintf(name, size, "%.*s", (int)length, at);
		return true;
	}
	return false;
}
