/* SPDX-License-Identifier: MIT */
/* .replace at EL1, with the functions of tests/replace/code.c and library.c, and some of arm64's own. */
#include <ring0.h>
#include <ring0/arm64.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "../replace/code.h"

static int fake_plain(int a, int b)
{
	return a == 5 ? 1000 : R0_ORIGINAL(plain)(a, b);
}

R0_TEST(replace, direct_call, .replace = R0_REPLACE((plain, fake_plain)))
{
	R0_ASSERT_EQ(calls_plain(5), 2000);
	R0_ASSERT_EQ(calls_plain(6), 14);
}

R0_TEST(replace, is_undone)
{
	R0_ASSERT_EQ(calls_plain(5), 12);
}

R0_TEST(replace, by_pointer, .replace = R0_REPLACE((plain, fake_plain)))
{
	R0_ASSERT_EQ(by_pointer(5, 1), 1000);
	R0_ASSERT_EQ(by_pointer(1, 2), 3);
}

static int fake_global_first(void)
{
	return R0_ORIGINAL(global_first)() + 10;
}

R0_TEST(replace, relative_address, .replace = R0_REPLACE((global_first, fake_global_first)))
{
	counter = 5;
	R0_ASSERT_EQ(global_first(), 16);
}

static int fake_branches(int a)
{
	return R0_ORIGINAL(branches)(a) + 100;
}

R0_TEST(replace, conditional_branch, .replace = R0_REPLACE((branches, fake_branches)))
{
	R0_ASSERT_EQ(branches(1), 107);
	R0_ASSERT_EQ(branches(0), 100);
}

static int fake_loop(const char *text)
{
	return R0_ORIGINAL(loop)(text) + 1;
}

R0_TEST(replace, loop, .replace = R0_REPLACE((loop, fake_loop)))
{
	R0_ASSERT_EQ(loop("ab"), 'a' + 'b' + 1);
}

static int fake_interpret(const char *program)
{
	return R0_ORIGINAL(interpret)(program) + 1;
}

R0_TEST(replace, jump_table, .replace = R0_REPLACE((interpret, fake_interpret)))
{
	R0_ASSERT_EQ(interpret("1120"), 5);
	R0_ASSERT_EQ(interpret("11 5630"), 1 - 16 - 7);
}

static void fake_nothing(void)
{
	counter++;
	R0_ORIGINAL(nothing)();
}

R0_TEST(replace, empty_function, .replace = R0_REPLACE((nothing, fake_nothing)))
{
	nothing();
	R0_ASSERT_EQ(counter, 1);
}

static int fake_recursive(int n)
{
	counter++;
	return R0_ORIGINAL(recursive)(n);
}

R0_TEST(replace, recursion, .replace = R0_REPLACE((recursive, fake_recursive)))
{
	R0_ASSERT_EQ(recursive(3), 6);
	R0_ASSERT_EQ(counter, 4);
}

static int fake_helper(int a)
{
	return a + 50;
}

R0_TEST(replace, tail_call, .replace = R0_REPLACE((helper, fake_helper)))
{
	R0_ASSERT_EQ(tail(1), 51);
}

static int fake_variadic(int count, ...)
{
	va_list arguments;
	int last = 0;

	va_start(arguments, count);
	while (count--)
		last = va_arg(arguments, int);
	va_end(arguments);
	return last;
}

R0_TEST(replace, variadic, .replace = R0_REPLACE((variadic, fake_variadic)))
{
	R0_ASSERT_EQ(variadic(8, 1, 2, 3, 4, 5, 6, 7, 8), 8);
}

static double fake_scale(double value)
{
	return R0_ORIGINAL(scale)(value) + 0.5;
}

R0_TEST(replace, vector_registers, .replace = R0_REPLACE((scale, fake_scale)))
{
	R0_ASSERT(scale(1.25) == 3.0);
}

static void fake_stop(const char *format, ...)
{
	(void)format;
	r0_panic("stop() was called");
}

R0_TEST(replace, does_not_return, .should_panic = true, .panic_message = "stop() was called",
	.replace = R0_REPLACE((stop, fake_stop)))
{
	calls_stop();
}

static void returning_stop(const char *format, ...)
{
	(void)format;
}

R0_TEST(replace, returns_where_it_may_not, .xfail = "stop() does not return",
	.replace = R0_REPLACE((stop, returning_stop)))
{
	calls_stop();
}

static int fake_inner(int a)
{
	return R0_ORIGINAL(library_inner)(a) + 1000;
}

R0_TEST(replace, shared_library, .replace = R0_REPLACE((library_inner, fake_inner)))
{
	R0_ASSERT_EQ(library_outer(1), 1102);
}

static long plain_at_el0(void *unused)
{
	(void)unused;
	return calls_plain(5) + calls_plain(6);
}

R0_TEST(replace, el0, .replace = R0_REPLACE((plain, fake_plain)))
{
	struct r0_fault fault = r0_user_call(plain_at_el0, NULL);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 2014);
}

static void plain_on_a_cpu(void *result)
{
	*(int *)result = calls_plain(5);
}

R0_TEST(replace, another_cpu, .cpus = 2, .replace = R0_REPLACE((plain, fake_plain)))
{
	static int result;

	r0_on_cpu(1, plain_on_a_cpu, &result);
	R0_ASSERT_EQ(result, 2000);
}

R0_TEST(replace, two_at_a_time, .replace = R0_REPLACE((plain, fake_plain), (helper, fake_helper)))
{
	R0_ASSERT_EQ(calls_plain(5), 2000);
	R0_ASSERT_EQ(tail(1), 51);
}

/* replace_first.S: each begins with what depends on where it is, or is come back to. */
void address_first(void *to);
void literal_first(void *to);
void comes_back_first(void *from);

static unsigned int calls;

#define COUNTED(name)                         \
	static void counted_##name(void *arg) \
	{                                     \
		calls++;                      \
		R0_ORIGINAL(name)(arg);       \
	}

COUNTED(address_first)
COUNTED(literal_first)
COUNTED(comes_back_first)

R0_TEST(replace, first_instructions_of_assembly,
	.replace = R0_REPLACE((address_first, counted_address_first),
			      (literal_first, counted_literal_first),
			      (comes_back_first, counted_comes_back_first)))
{
	uint64_t value = 0;

	address_first(&value);
	R0_ASSERT_EQ(value, (uint64_t)address_first);
	literal_first(&value);
	R0_ASSERT_EQ(value, 0x1234);
	comes_back_first(&value);
	R0_ASSERT_EQ(value, 0);
	R0_ASSERT_EQ(calls, 3);
}

R0_TEST(replace, what_nothing_replaces, .should_panic = true,
	.panic_message = "R0_ORIGINAL(plain): nothing replaces plain() in this test")
{
	R0_ORIGINAL(plain)(1, 2);
}

R0_TEST(replace, all_is_undone)
{
	R0_ASSERT_EQ(calls_plain(5), 12);
	R0_ASSERT_EQ(tail(1), 0);
	R0_ASSERT_EQ(library_outer(1), 102);
	R0_ASSERT_EQ(counter, 0);
}
