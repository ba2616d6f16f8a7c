/* SPDX-License-Identifier: MIT */
/* Tests of kernel.o, linked with `ring0 stubs`. The comments are those of tests/fixtures/fixture.h. */
#include <ring0.h>
#include <ring0/linux.h>
#include "kernel.h"
#include "stubs.h"

static char areas[2][R0_STUBS_GS_SIZE];

#define GS .gs = R0_GS(areas, sizeof(areas[0]))

/* expect fail: missing_function() is not there, and was called, in calls_missing ( ... kernel.c:10) */
R0_TEST(stub, called, GS)
{
	calls_missing(1);
}

/* By a jump, so that who called calls_missing_last() called it, as far as can be known. */
/* expect fail: missing_function() is not there, and was called, in r0_test_stub_called_last ( */
R0_TEST(stub, called_last, GS)
{
	calls_missing_last(1);
}

/* expect fail: missing_function() is not there, and was called, in */
R0_TEST(stub, called_by_pointer, GS)
{
	passes_missing(1);
}

static long calls_in_ring_3(void *unused)
{
	(void)unused;
	return calls_missing(1);
}

/* expect fail: missing_function() is not there, and was called */
R0_TEST(stub, called_in_ring_3, GS)
{
	r0_user_call(calls_in_ring_3, NULL);
}

static int instead(int a, const struct settings *given)
{
	R0_ASSERT_EQ(given, &settings);
	return a * 10;
}

R0_TEST(stub, replaced, GS, .replace = R0_REPLACE((missing_function, instead)))
{
	R0_ASSERT_EQ(calls_missing(4), 41);
}

static int three_times(int a)
{
	return 3 * a;
}

/* Stubs, thunks, and what compilers and libc bring along have no debugging information, and no copy of it. */
R0_TEST(stub, beside_a_replaced_function_of_a_header, GS,
	.replace = R0_REPLACE((twice, three_times)))
{
	R0_ASSERT_EQ(twice(5), 15);
}

static void does_not_stop(const char *why)
{
	R0_ASSERT_STREQ(why, "too big");
}

/* expect fail: stop_all() does not return, but the function in its place did, in stops_above_3 ( ... kernel.c: */
R0_TEST(stub, replacement_returns_and_must_not, GS,
	.replace = R0_REPLACE((stop_all, does_not_stop)))
{
	stops_above_3(3);
	stops_above_3(4);
}

/* A function of the test's own comes before a stub. */
int provided(int a)
{
	return a + 5;
}

R0_TEST(stub, provided, GS)
{
	R0_ASSERT_EQ(calls_provided(1), 12);
}

/* expect fail: sleep() is not there, and was called, in sleeps ( */
R0_TEST(stub, name_of_libc_s, GS)
{
	sleeps();
}

R0_TEST(stub, libc_is_good_for_strings, GS)
{
	R0_ASSERT_EQ(measures("abc"), 3);
}

/* Told in its output: see stubs_test.sh. */
R0_TEST(unset, read, GS)
{
	R0_ASSERT_EQ(reads_mode(), 0);
	R0_ASSERT_EQ(reads_mode(), 0);
}

R0_TEST(unset, written, GS)
{
	sets_mode(3);
	R0_ASSERT_EQ(reads_mode(), 3);
}

R0_TEST(unset, written_by_the_test, GS)
{
	settings.mode = 4;
	R0_ASSERT_EQ(reads_mode(), 4);
}

R0_TEST(unset, read_of_an_array_s_end, GS)
{
	R0_ASSERT_EQ(letter(5), 0);
}

static long read_in_ring_3(void *unused)
{
	(void)unused;
	return reads_speeds(3);
}

R0_TEST(unset, read_in_ring_3, GS)
{
	R0_ASSERT_EQ(r0_user_call(read_in_ring_3, NULL).value, 0);
}

R0_TEST(thunk, calls_and_returns, GS)
{
	R0_ASSERT_EQ(by_table(0, 5), 6);
	R0_ASSERT_EQ(by_table(1, 5), 7);
}

R0_TEST(gs, canary, GS)
{
	R0_ASSERT_EQ(has_canary("abc"), 'c');
}

/* Its report says what is missing: see stubs_test.sh. */
/* expect crash: #PF: read from NULL pointer + 0x28, not present, in has_canary ( */
R0_TEST(gs, none)
{
	has_canary("abc");
}

static void add(void *unused)
{
	(void)unused;
	add_to_counter((int)r0_cpu_id() + 1);
	areas[r0_cpu_id()][0] = (char)counter_of();
}

R0_TEST(gs, per_cpu, .cpus = 2, GS)
{
	r0_on_cpus(add, NULL);
	R0_ASSERT_EQ(areas[0][0], 1);
	R0_ASSERT_EQ(areas[1][0], 2);
	R0_ASSERT_EQ(cpu_number_of(), 0);
}

R0_TEST(thread_local, of_the_thread, GS)
{
	R0_ASSERT_EQ(deepens(), 1);
	R0_ASSERT_EQ(deepens(), 2);
}

R0_TEST(sections, bounds, GS)
{
	R0_ASSERT_EQ(entries_of(), 2);
}

static void obey_tables(void)
{
	R0_LINUX_EX_TABLE();
	R0_LINUX_WARNINGS();
}

R0_TEST(tables, fix_up, GS, .setup = obey_tables)
{
	const int value = 5;

	R0_ASSERT_EQ(reads_or_fails(&value), 5);
	/* EFAULT. */
	R0_ASSERT_EQ(reads_or_fails((const int *)8), -14);
}

/* expect crash: #PF: read from */
R0_TEST(tables, fault_that_is_not_listed, GS, .setup = obey_tables)
{
	*(volatile int *)16;
}

/* Told in its output: see stubs_test.sh. */
R0_TEST(tables, warning, GS, .setup = obey_tables)
{
	R0_ASSERT_EQ(warns(1), 2);
}

/* expect crash: #UD ... in is_buggy ( */
R0_TEST(tables, bug, GS, .setup = obey_tables)
{
	is_buggy();
}
