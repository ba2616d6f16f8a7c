/* SPDX-License-Identifier: MIT */
/*
 * .replace: functions of every kind, called in every way. replace_test.sh builds it with compilers and
 * optimizations of all sorts, and runs it with --check-reset.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "code.h"

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
	R0_ASSERT_EQ(by_pointer(5, 5), 1000);
	R0_ASSERT_EQ(by_pointer(6, 5), 11);
}

/* Its first instruction's operand is relative to RIP. */
static int fake_global_first(void)
{
	return R0_ORIGINAL(global_first)() + 10;
}

R0_TEST(replace, relative_operand, .replace = R0_REPLACE((global_first, fake_global_first)))
{
	counter = 4;
	R0_ASSERT_EQ(global_first(), 15);
}

static int fake_branches(int a)
{
	return R0_ORIGINAL(branches)(a) + 100;
}

R0_TEST(replace, short_branch, .replace = R0_REPLACE((branches, fake_branches)))
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

static int fake_comes_back(int n)
{
	counter++;
	return R0_ORIGINAL(comes_back)(n);
}

R0_TEST(replace, loop_to_its_first_byte, .replace = R0_REPLACE((comes_back, fake_comes_back)))
{
	R0_ASSERT_EQ(comes_back(4), 12);
	R0_ASSERT_EQ(counter, 1);
}

static int fake_begins_with_loop(int n, int m, int o, long count)
{
	return R0_ORIGINAL(begins_with_loop)(n, m, o, count) + 1;
}

R0_TEST(replace, branches_without_a_long_form,
	.replace = R0_REPLACE((begins_with_loop, fake_begins_with_loop)))
{
	R0_ASSERT_EQ(begins_with_loop(1, 2, 0, 3), 10);
	R0_ASSERT_EQ(begins_with_loop(1, 2, 0, 0), 4);
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

static int fake_seven(void)
{
	return R0_ORIGINAL(returns_seven)() + 1;
}

static void fake_one_byte(void)
{
	counter++;
	R0_ORIGINAL(one_byte)();
}

R0_TEST(replace, no_room_for_a_jump,
	.replace = R0_REPLACE((returns_seven, fake_seven), (one_byte, fake_one_byte)))
{
	R0_ASSERT_EQ(returns_seven(), 8);
	one_byte();
	one_byte();
	R0_ASSERT_EQ(counter, 2);
}

static long seven_in_ring_3(void *unused)
{
	(void)unused;
	return returns_seven();
}

static void seven_on_a_cpu(void *result)
{
	*(int *)result = returns_seven();
}

R0_TEST(replace, no_room_in_ring_3_and_on_another_cpu, .cpus = 2,
	.replace = R0_REPLACE((returns_seven, fake_seven)))
{
	static int result;

	R0_ASSERT_EQ(r0_user_call(seven_in_ring_3, NULL).value, 8);
	r0_on_cpu(1, seven_on_a_cpu, &result);
	R0_ASSERT_EQ(result, 8);
}

/* With the PC's ports, where KVM has devices of its own. */
R0_TEST(replace, no_room_with_interrupt_controllers, .irqchip = true,
	.replace = R0_REPLACE((returns_seven, fake_seven)))
{
	R0_ASSERT_EQ(returns_seven(), 8);
}

/* A test's own handler of #BP has what is its own. */
static void on_breakpoint(struct r0_frame *frame)
{
	(void)frame;
	counter += 100;
}

R0_TEST(replace, no_room_beside_a_breakpoint, .replace = R0_REPLACE((returns_seven, fake_seven)))
{
	r0_set_handler(R0_BP, on_breakpoint);
	R0_ASSERT_EQ(returns_seven(), 8);
	__asm__ volatile("int3");
	R0_ASSERT_EQ(counter, 100);
}

R0_TEST(replace, breakpoint_where_nothing_is_replaced)
{
	r0_set_handler(R0_BP, on_breakpoint);
	__asm__ volatile("int3");
	R0_ASSERT_EQ(counter, 100);
}

/* A copy of the runtime's table, but for breakpoints, which nobody takes there. */
static struct r0_table_register load_own_idt(void)
{
	static uint8_t table[4096];
	struct r0_table_register idtr = r0_sidt(), own = { idtr.limit, (uintptr_t)table };

	for (unsigned int i = 0; i < sizeof(table) && i <= idtr.limit; i++)
		table[i] = ((const uint8_t *)(uintptr_t)idtr.base)[i];
	/* Not present: SDM vol. 3A, 6.14.1. */
	table[16 * R0_BP + 5] &= 0x7f;
	r0_lidt(own);
	return idtr;
}

R0_TEST(replace, no_room_with_an_idt_of_its_own, .replace = R0_REPLACE((returns_seven, fake_seven)))
{
	load_own_idt();
	R0_ASSERT_EQ(returns_seven(), 8);
}

/* In the table that it started with, and not to be seen at its end. */
R0_TEST(replace, no_room_with_a_gate_of_its_own, .replace = R0_REPLACE((returns_seven, fake_seven)))
{
	struct r0_gate *gate = r0_idt() + R0_BP, before = *gate;

	gate->type_dpl_p &= (uint8_t)~R0_GATE_P;
	R0_ASSERT_EQ(returns_seven(), 8);
	*gate = before;
}

R0_TEST(replace, no_room_while_an_idt_of_its_own_is_there,
	.replace = R0_REPLACE((returns_seven, fake_seven), (one_byte, fake_one_byte)))
{
	struct r0_table_register before = load_own_idt();

	R0_ASSERT_EQ(returns_seven(), 8);
	one_byte();
	r0_lidt(before);
	R0_ASSERT_EQ(counter, 1);
}

static void seven_by_own_idt(void *result)
{
	struct r0_table_register before = load_own_idt();

	*(int *)result = returns_seven();
	r0_lidt(before);
}

R0_TEST(replace, no_room_on_a_cpu_with_an_idt_of_its_own, .cpus = 2,
	.replace = R0_REPLACE((returns_seven, fake_seven)))
{
	static int result;

	r0_on_cpu(1, seven_by_own_idt, &result);
	R0_ASSERT_EQ(result, 8);
}

/* What is of the test's own goes to its own table. */
R0_TEST(replace, no_room_beside_a_breakpoint_of_its_own_idt,
	.expect_exception = R0_EXCEPTION(R0_NP), .replace = R0_REPLACE((returns_seven, fake_seven)))
{
	load_own_idt();
	R0_ASSERT_EQ(returns_seven(), 8);
	__asm__ volatile("int3");
}

static int fake_has_cold_part(int a)
{
	return R0_ORIGINAL(has_cold_part)(a);
}

R0_TEST(replace, part_that_comes_back, .should_panic = true,
	.panic_message = "R0_ORIGINAL(has_cold_part) can't be had: a part of it, which its compiler",
	.replace = R0_REPLACE((has_cold_part, fake_has_cold_part)))
{
	has_cold_part(-5);
}

static int fake_no_size(int a)
{
	return R0_ORIGINAL(has_no_size)(a) * 2;
}

R0_TEST(replace, no_size, .replace = R0_REPLACE((has_no_size, fake_no_size)))
{
	R0_ASSERT_EQ(has_no_size(1), 12);
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

static int fake_eight(int a, int b, int c, int d, int e, int f, int g, int h)
{
	return R0_ORIGINAL(eight)(a, b, c, d, e, f, h, g) + 1;
}

R0_TEST(replace, arguments_on_the_stack, .replace = R0_REPLACE((eight, fake_eight)))
{
	R0_ASSERT_EQ(eight(1, 2, 3, 4, 5, 6, 7, 8), 21 + 80 + 700 + 1);
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
	va_list arguments;
	int sum = 0;

	va_start(arguments, format);
	while (*format++)
		if (*format == 'd')
			sum += va_arg(arguments, int);
	va_end(arguments);
	R0_ASSERT_EQ(sum, 21);
	R0_SKIP("stop() was called");
}

R0_TEST(replace, does_not_return, .replace = R0_REPLACE((stop, fake_stop)))
{
	calls_stop();
}

static unsigned long fake_strlen(const char *text)
{
	(void)text;
	return 77;
}

R0_TEST(replace, ifunc, .replace = R0_REPLACE((strlen, fake_strlen)))
{
	R0_ASSERT_EQ(uses_strlen("abc"), 77);
}

static int fake_rand_r(unsigned int *seed)
{
	R0_ORIGINAL(rand_r)(seed);
	return (int)*seed;
}

R0_TEST(replace, libc, .replace = R0_REPLACE((rand_r, fake_rand_r)))
{
	unsigned int seed = 1;
	int value = uses_rand_r(&seed);

	R0_ASSERT_NE(seed, 1);
	R0_ASSERT_EQ(value, (int)seed);
}

static int fake_inner(int a)
{
	return R0_ORIGINAL(library_inner)(a) + 1000;
}

R0_TEST(replace, shared_library, .replace = R0_REPLACE((library_inner, fake_inner)))
{
	R0_ASSERT_EQ(library_outer(1), 1102);
}

static long plain_in_ring_3(void *unused)
{
	(void)unused;
	return calls_plain(5) + calls_plain(6);
}

R0_TEST(replace, ring_3, .replace = R0_REPLACE((plain, fake_plain)))
{
	struct r0_fault fault = r0_user_call(plain_in_ring_3, NULL);

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

static int other_plain(int a, int b)
{
	return a * b;
}

R0_TEST(replace, another_one_in_another_test, .replace = R0_REPLACE((plain, other_plain)))
{
	R0_ASSERT_EQ(calls_plain(5), 10);
}

R0_TEST(replace, what_nothing_replaces, .should_panic = true,
	.panic_message = "R0_ORIGINAL(plain): nothing replaces plain() in this test")
{
	R0_ORIGINAL(plain)(1, 2);
}

R0_TEST(replace, all_is_undone)
{
	unsigned int seed = 1;

	R0_ASSERT_EQ(calls_plain(5), 12);
	R0_ASSERT_EQ(tail(1), 0);
	R0_ASSERT_EQ(returns_seven(), 7);
	R0_ASSERT_EQ(uses_strlen("abc"), 3);
	R0_ASSERT_NE(uses_rand_r(&seed), (int)seed);
	R0_ASSERT_EQ(library_outer(1), 102);
	R0_ASSERT_EQ(counter, 0);
}
