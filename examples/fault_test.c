/* SPDX-License-Identifier: MIT */
/*
 * Exceptions as ordinary results, handlers, and ring 3.
 */
#include <ring0.h>

R0_TEST(fault, null_is_not_mapped)
{
	R0_ASSERT_FAULT(R0_PF, *(volatile int *)NULL);
}

static void write_text(void *arg)
{
	*(volatile unsigned char *)arg = 0x90;
}

R0_TEST(fault, code_is_read_only)
{
	struct r0_fault fault = r0_try(write_text, (void *)write_text);

	R0_ASSERT_EQ(fault.vector, R0_PF);
	R0_EXPECT_EQ(fault.cr2, (uint64_t)write_text);
	R0_EXPECT_EQ(fault.error_code, 0x3); /* a write, to a page that is present */
}

static void nothing(void *arg)
{
	(void)arg;
}

R0_TEST(fault, none_is_minus_one)
{
	R0_ASSERT_EQ(r0_try(nothing, NULL).vector, -1);
}

R0_TEST(fault, one_that_nobody_handles, .expect_exception = R0_EXCEPTION(R0_UD))
{
	__asm__ volatile("ud2");
}

/* A handler that completes an instruction of our own: UD2 as "double RAX". */
static void double_rax(struct r0_frame *frame)
{
	frame->rax *= 2;
	frame->rip += 2;
}

R0_TEST(handler, resumes_with_what_it_leaves_in_the_frame)
{
	uint64_t value = 21;

	r0_set_handler(R0_UD, double_rax);
	__asm__ volatile("ud2" : "+a"(value));
	R0_ASSERT_EQ(value, 42);
}

R0_TEST(handler, is_gone_in_the_next_test, .expect_exception = R0_EXCEPTION(R0_UD))
{
	__asm__ volatile("ud2");
}

static long add(void *arg)
{
	const int *numbers = arg;

	return numbers[0] + numbers[1];
}

R0_TEST(ring3, sees_the_same_memory_and_returns_a_value)
{
	int numbers[] = { 19, 23 };
	struct r0_fault fault = r0_user_call(add, numbers);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 42);
}

static long read_cr0(void *arg)
{
	long value;

	(void)arg;
	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

R0_TEST(ring3, may_not_read_control_registers)
{
	struct r0_fault fault = r0_user_call(read_cr0, NULL);

	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_EXPECT_EQ(fault.error_code, 0);
}

static long turn_interrupts_off(void *arg)
{
	(void)arg;
	__asm__ volatile("cli");
	return 0;
}

R0_TEST(ring3, may_not_touch_the_interrupt_flag)
{
	R0_ASSERT_EQ(r0_user_call(turn_interrupts_off, NULL).vector, R0_GP);
}
