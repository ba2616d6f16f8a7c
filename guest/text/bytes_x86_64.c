/* SPDX-License-Identifier: MIT */
/*
 * What libc's mem* and str* functions do, for ring 0: theirs may use vector instructions, and
 * these use string instructions, of which an emulator does many bytes in one go. Depends on
 * nothing.
 */
#include <stddef.h>
#include <stdint.h>
#include "guest/text/bytes.h"

/* The ABI has the direction flag clear at every call (System V ABI, AMD64, 3.2.1). */

void *copy_bytes(void *to, const void *from, size_t size)
{
	void *start = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return start;
}

void *fill_bytes(void *to, int byte, size_t size)
{
	void *start = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
	return start;
}

size_t common_length(const void *a, const void *b, size_t size)
{
	const char *end = a;
	size_t left = size;

	/* With nothing to compare, REPE leaves ZF alone (SDM vol. 2B, REP): take that case out. */
	if (size == 0)
		return 0;
	__asm__ volatile("repe cmpsb\n\t"
			 "je 1f\n\t"
			 "dec %0\n" /* the byte that differs has been passed */
			 "1:"
			 : "+S"(end), "+D"(b), "+c"(left)
			 :
			 : "memory", "cc");
	return (size_t)(end - (const char *)a);
}

size_t length_of(const char *text)
{
	const char *end = text;
	size_t left = SIZE_MAX;

	__asm__ volatile("repne scasb" : "+D"(end), "+c"(left) : "a"(0) : "memory", "cc");
	return (size_t)(end - text) - 1;
}
