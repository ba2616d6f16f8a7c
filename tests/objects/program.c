/* SPDX-License-Identifier: MIT */
/* Tests of core.o and text.o by `ring0 objects`. The comments are those of tests/fixtures/fixture.h. */
#include <ring0.h>
#include "core.h"
#include "kernel_objects.h"

/* As the command line has it. */
#ifndef UPPER
#define UPPER 0
#endif

static char areas[2][R0_STUBS_GS_SIZE];

#define GS .gs = R0_STUBS_GS(areas)

int outside = 5;

R0_TEST(place, is_where_it_was_linked)
{
	R0_ASSERT_EQ((uintptr_t)doubled >= 0xffffffff81000000, UPPER);
	R0_ASSERT_EQ((uintptr_t)&level >= 0xffffffff81000000, UPPER);
	R0_ASSERT_EQ(address_of_level(), &level);
}

R0_TEST(symbols, of_the_kernel)
{
	R0_ASSERT_EQ(level, 7);
	level = 8;
	R0_ASSERT_EQ(*address_of_level(), 8);
}

R0_TEST(symbols, are_as_before_in_the_next_test)
{
	R0_ASSERT_EQ(level, 7);
}

R0_TEST(symbols, of_the_program)
{
	R0_ASSERT_EQ(from_program(1), 101 + 101 + 5 + 5);
}

R0_TEST(symbols, weak_one_that_is_not_there)
{
	R0_ASSERT_EQ(weak_or_none(), -1);
}

R0_TEST(names, main_is_the_kernels)
{
	R0_ASSERT_EQ(main(), 2);
}

R0_TEST(names, of_libc_are_the_kernels)
{
	char text[2];

	R0_ASSERT_EQ(snprintf(text, 4), 1);
	R0_ASSERT_EQ(text[0], '4');
	R0_ASSERT_EQ(printed(3), 1 + '3');
}

/* expect fail: wait() is not there, and was called, in level_of_outside ( ... core.c: */
R0_TEST(names, of_libc_that_is_not_there)
{
	level_of_outside();
}

/* Text is not writable, data is not executable. */
R0_TEST(rights, are_the_segments)
{
	R0_ASSERT_FAULT(R0_PF, *(volatile char *)(uintptr_t)doubled = 1);
	R0_ASSERT_FAULT(R0_PF, ((void (*)(void))(uintptr_t)&level)());
}

R0_TEST(code, counts_trailing_zeros)
{
	R0_ASSERT_EQ(trailing_zeros(8), 3);
	R0_ASSERT_EQ(trailing_zeros(0), 64);
}

R0_TEST(code, of_an_initial_section)
{
	R0_ASSERT_EQ(at_start(4), 15);
}

static long in_ring_3(void *unused)
{
	(void)unused;
	return doubled_twice(5);
}

R0_TEST(rights, ring_3_has_it)
{
	R0_ASSERT_EQ(r0_user_call(in_ring_3, NULL).value, 22);
}

static int crashes(int a)
{
	*(volatile int *)16 = a;
	return a;
}

/* expect crash: #PF: write to ... in crashes ( */
R0_TEST(crash, in_a_call_back)
{
	/* Not its last call, which a compiler makes a jump: it is to be in the backtrace. */
	R0_ASSERT_EQ(call_back(crashes, 1), 0);
}

static int tripled(int a)
{
	return 3 * a;
}

R0_TEST(replace, function_of_the_kernel, .replace = R0_REPLACE((doubled, tripled)))
{
	R0_ASSERT_EQ(doubled(2), 6);
	R0_ASSERT_EQ(doubled_twice(2), 21);
	R0_ASSERT_EQ(R0_ORIGINAL(doubled)(2), 4);
}

static int instead(int a)
{
	return a + 200;
}

R0_TEST(replace, function_of_the_program, .replace = R0_REPLACE((outside_call, instead)))
{
	R0_ASSERT_EQ(from_program(1), 201 + 201 + 5 + 5);
}

static void counts(void *unused)
{
	(void)unused;
	count((int)r0_cpu_id() + 1);
	areas[r0_cpu_id()][0] = (char)counted();
}

R0_TEST(per_cpu, own_variables, GS, .cpus = 2)
{
	r0_on_cpus(counts, NULL);
	R0_ASSERT_EQ(areas[0][0], 41);
	R0_ASSERT_EQ(areas[1][0], 42);
}
