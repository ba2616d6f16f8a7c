/* SPDX-License-Identifier: MIT */
/* Functions, each of which calls one that a test replaces. */
#include "code.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int counter;

__attribute__((noinline)) int plain(int a, int b)
{
	return a + b;
}

int calls_plain(int a)
{
	return plain(a, 1) * 2;
}

static int (*volatile pointer)(int, int) = plain;

int by_pointer(int a, int b)
{
	return pointer(a, b);
}

__attribute__((noinline)) int helper(int a)
{
	return a - 1;
}

int tail(int a)
{
	return helper(a);
}

__attribute__((noinline)) int branches(int a)
{
	if (a)
		return 7;
	return helper(a) + 1;
}

__attribute__((noinline)) int global_first(void)
{
	return counter + 1;
}

__attribute__((noinline)) int loop(const char *text)
{
	int sum = 0;

	do
		sum += *text;
	while (*text++);
	return sum;
}

/* Not made a loop: what is added comes behind the call. */
__attribute__((noinline)) int recursive(int n)
{
	volatile int rest = n;

	return n <= 0 ? 0 : recursive(n - 1) + rest;
}

__attribute__((noinline)) void nothing(void)
{
	__asm__ volatile("");
}

__attribute__((noinline)) int eight(int a, int b, int c, int d, int e, int f, int g, int h)
{
	return a + b + c + d + e + f + 10 * g + 100 * h;
}

__attribute__((noinline)) int variadic(int count, ...)
{
	va_list arguments;
	int sum = 0;

	va_start(arguments, count);
	while (count--)
		sum += va_arg(arguments, int);
	va_end(arguments);
	return sum;
}

__attribute__((noinline)) double scale(double value)
{
	return value * 2;
}

__attribute__((noinline)) void stop(const char *format, ...)
{
	for (;;)
		*(volatile int *)&counter = format[0];
}

void calls_stop(void)
{
	stop("%d %d %d %d %d %d", 1, 2, 3, 4, 5, 6);
}

int uses_rand_r(unsigned int *seed)
{
	return rand_r(seed);
}

unsigned long uses_strlen(const char *text)
{
	return strlen(text);
}

/* A jump table, and a loop around it. */
__attribute__((noinline)) int interpret(const char *program)
{
	int value = 0;

	for (;;) {
		switch (*program++) {
		case '0':
			return value;
		case '1':
			value++;
			break;
		case '2':
			value *= 2;
			break;
		case '3':
			value -= 7;
			break;
		case '4':
			value ^= 0x55;
			break;
		case '5':
			value <<= 3;
			break;
		case '6':
			value = -value;
			break;
		default:
			break;
		}
	}
}

/* No other can be in its place as far as a linker is concerned, even with -fPIC. */
__attribute__((noinline)) int kept(int a)
{
	return a * 17;
}

int calls_kept(int a)
{
	return kept(a) + 1;
}
