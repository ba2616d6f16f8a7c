/* SPDX-License-Identifier: MIT */
/* The program that bench/replace.c runs; and what calls of functions cost that are replaced. */
#include <ring0.h>

/* replaced_functions.S: one that has room for a jump, and one that has not. */
int long_enough(int a);
int too_short(int a);

static int instead(int a)
{
	return a + 1;
}

R0_TEST(test, empty)
{
}

R0_TEST(test, replaces, .replace = R0_REPLACE((long_enough, instead)))
{
}

R0_BENCHMARK(call, of_the_function)
{
	R0_MEASURE
	{
		long_enough(1);
	}
}

R0_BENCHMARK(call, of_another_in_its_place, .replace = R0_REPLACE((long_enough, instead)))
{
	if (long_enough(1) != 2)
		r0_panic("another function was called");
	R0_MEASURE
	{
		long_enough(1);
	}
}

R0_BENCHMARK(call, of_the_original, .replace = R0_REPLACE((long_enough, instead)))
{
	if (R0_ORIGINAL(long_enough)(1) != 6)
		r0_panic("another function was called");
	R0_MEASURE
	{
		R0_ORIGINAL(long_enough)(1);
	}
}

/* Where there is no room for a jump. */
R0_BENCHMARK(call, by_an_int3, .replace = R0_REPLACE((too_short, instead)))
{
	if (too_short(1) != 2)
		r0_panic("another function was called");
	R0_MEASURE
	{
		too_short(1);
	}
}
