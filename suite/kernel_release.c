/* SPDX-License-Identifier: MIT */
/* Releases of kernels. Depends on libc only. */
#include "suite/kernel_release.h"
#include <ctype.h>
#include <stdlib.h>

/* A number of up to 9 digits, or -1. */
static long take_number(const char **text)
{
	long number = 0;
	unsigned int digits = 0;

	while (isdigit((unsigned char)**text)) {
		if (++digits > 9)
			return -1;
		number = number * 10 + (*(*text)++ - '0');
	}
	return digits ? number : -1;
}

static long take_after(const char **text, char separator)
{
	if (**text != separator)
		return -1;
	++*text;
	return take_number(text);
}

bool kernel_release_parse(struct kernel_release *release, const char *text)
{
	*release = (struct kernel_release){ -1, -1, -1, -1 };
	release->version = take_number(&text);
	if (release->version < 0)
		return false;
	release->patch_level = take_after(&text, '.');
	if (release->patch_level < 0)
		return false;
	release->sub_level = take_after(&text, '.');
	release->extra_version = take_after(&text, '-');
	return true;
}

/* Whether this part decides it; if they are equal, the next one has to. */
static bool decide(long have, long want, bool *is_new_enough)
{
	want = want < 0 ? 0 : want;
	if (have == want || (have < 0 && !want))
		return false;
	*is_new_enough = have > want;
	return true;
}

bool kernel_release_is_new_enough(const struct kernel_release *kernel,
				  const struct kernel_release *wanted)
{
	bool is_new_enough = true;

	if (!decide(kernel->version, wanted->version, &is_new_enough) &&
	    !decide(kernel->patch_level, wanted->patch_level, &is_new_enough) &&
	    !decide(kernel->sub_level, wanted->sub_level, &is_new_enough))
		decide(kernel->extra_version, wanted->extra_version, &is_new_enough);
	return is_new_enough;
}
