/* SPDX-License-Identifier: MIT */
/* Functions of whose calls an optimizer, or a header, leaves too little to replace. */
#include "refused.h"
#include <stdlib.h>
#include <string.h>

/* Its caller knows which registers it changes: gcc's -fipa-ra, with which a replacement corrupts it. */
__attribute__((noinline)) int callee(int a)
{
	return a * 3;
}

int caller(int n, int x, int y, int z)
{
	int sum = 0, i;

	for (i = 0; i < n; i++)
		sum += callee(i) + x * i + y + z;
	return sum;
}

extern inline __attribute__((always_inline)) int inlined(int a)
{
	return a - 4;
}

int calls_inlined(int a)
{
	return inlined(a);
}

int inlined_by_another_name(int a) __attribute__((alias("inlined")));

/* Inlined, and then nothing is left to be told of. */
extern inline __attribute__((always_inline)) int vanishes(void)
{
	return 4;
}

int calls_vanishing(void)
{
	return vanishes() + 1;
}

int calls_copied(int a)
{
	return copied(a);
}

/* gcc's -fipa-cp-clone makes one of its own for the second argument, which is the same in all calls here. */
__attribute__((noinline)) int cloned(int a, int b)
{
	int sum = 0, i;

	for (i = 0; i < a; i++)
		sum += i * b + (b ? a % b : 7);
	return sum;
}

int calls_cloned(int a)
{
	return cloned(a, 16) + cloned(a + 1, 16);
}

int calls_atoi(const char *text)
{
	return atoi(text);
}

unsigned long calls_strlen(void)
{
	return strlen("abc");
}
