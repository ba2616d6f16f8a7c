/* SPDX-License-Identifier: MIT */
/*
 * Whether two strings, or two pieces of memory, are the same: all that passing assertions on them run. With string
 * instructions, since an emulator repeats those at a tenth of a loop's cost.
 */
#include <ring0/assert.h>
#include "guest/text/bytes.h"

bool r0_same_text(const char *a, const char *b)
{
	size_t size;

	if (a == NULL || b == NULL)
		return a == b;
	/* With the NUL, at which a shorter b differs: nothing behind its end is read. */
	size = length_of(a) + 1;
	return common_length(a, b, size) == size;
}

bool r0_same_memory(const void *a, const void *b, size_t size)
{
	return common_length(a, b, size) == size;
}
