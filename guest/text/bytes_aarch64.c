/* SPDX-License-Identifier: MIT */
/*
 * What libc's mem* and str* functions do, for EL1: theirs use SIMD registers. Depends on nothing.
 */
#include <stdint.h>
#include "guest/text/bytes.h"

typedef uint64_t word __attribute__((may_alias));

#define ALIGNED(address) (!((uintptr_t)(address) & (sizeof(word) - 1)))

void *copy_bytes(void *to, const void *from, size_t size)
{
	const char *source = from;
	char *target = to;

	if (ALIGNED(target) && ALIGNED(source))
		for (; size >= sizeof(word); size -= sizeof(word)) {
			*(word *)target = *(const word *)source;
			target += sizeof(word);
			source += sizeof(word);
		}
	while (size--)
		*target++ = *source++;
	return to;
}

void *fill_bytes(void *to, int byte, size_t size)
{
	char *target = to;

	while (size--)
		*target++ = (char)byte;
	return to;
}

size_t common_length(const void *a, const void *b, size_t size)
{
	const char *left = a, *right = b;
	size_t length = 0;

	while (length < size && left[length] == right[length])
		length++;
	return length;
}

size_t length_of(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}
