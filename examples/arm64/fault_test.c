/* SPDX-License-Identifier: MIT */
/*
 * Exceptions as ordinary results, with their syndromes; handlers, EL0, and a halt. Sections are those of the Arm
 * Architecture Reference Manual (DDI 0487).
 */
#include <ring0.h>
#include <ring0/arm64.h>

R0_TEST(fault, null_is_not_mapped)
{
	R0_ASSERT_FAULT(R0_DATA_ABORT, *(volatile int *)NULL);
}

static void write_text(void *arg)
{
	*(volatile uint32_t *)arg = 0;
}

/* What ESR_EL1 says of a data abort: D19.2.37. */
R0_TEST(fault, code_is_read_only)
{
	struct r0_fault fault = r0_try(write_text, (void *)write_text);

	R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT);
	R0_EXPECT_EQ(fault.far, (uint64_t)write_text);
	R0_EXPECT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_PERMISSION(3));
	R0_EXPECT(fault.esr & R0_ESR_WNR);
}

static void nothing(void *arg)
{
	(void)arg;
}

R0_TEST(fault, none_is_minus_one)
{
	R0_ASSERT_EQ(r0_try(nothing, NULL).vector, -1);
}

R0_TEST(fault, one_that_nobody_handles, .expect_exception = R0_EXCEPTION(R0_UNDEFINED))
{
	r0_udf(0);
}

/* One test, many cases: the exception of each of these, and its syndrome. */

static void undefined(void *arg)
{
	(void)arg;
	r0_udf(7);
}

static void breakpoint(void *arg)
{
	(void)arg;
	r0_brk(0x123);
}

static void call_of_the_supervisor(void *arg)
{
	(void)arg;
	r0_svc(0x77);
}

static void register_of_el2(void *arg)
{
	(void)arg;
	r0_mrs(hcr_el2);
}

static void jump_to_data(void *arg)
{
	static uint32_t data;

	(void)arg;
	((void (*)(void)) & data)();
}

static void no_such_address(void *arg)
{
	(void)arg;
	(void)*(volatile uint8_t *)0x0001000000000000;
}

static const struct fault_case {
	void (*fn)(void *arg);
	int vector;
	uint32_t syndrome;
} faults[] = {
	{ undefined, R0_UNDEFINED, 0 },
	{ register_of_el2, R0_UNDEFINED, 0 },
	{ breakpoint, R0_BRK, 0x123 },
	{ call_of_the_supervisor, R0_SVC, 0x77 },
	{ jump_to_data, R0_INSTRUCTION_ABORT, R0_STATUS_PERMISSION(3) },
	{ no_such_address, R0_DATA_ABORT, R0_STATUS_TRANSLATION(0) },
};

R0_TEST(faults, class_and_syndrome, .params = R0_PARAMS(faults))
{
	const struct fault_case *expected = &R0_PARAM(const struct fault_case);
	struct r0_fault fault = r0_try(expected->fn, NULL);

	R0_ASSERT_EQ(fault.vector, expected->vector);
	R0_EXPECT_EQ(R0_ESR_ISS(fault.esr), expected->syndrome);
}

/* A handler that completes an instruction of our own: UDF as "double X0". */
static void double_x0(struct r0_frame *frame)
{
	frame->x[0] *= 2;
	frame->pc += 4;
}

R0_TEST(handler, resumes_with_what_it_leaves_in_the_frame)
{
	uint64_t value = 21;

	r0_set_handler(R0_UNDEFINED, double_x0);
	__asm__ volatile("mov x0, %0\n\tudf #0\n\tmov %0, x0" : "+r"(value) : : "x0");
	R0_ASSERT_EQ(value, 42);
}

R0_TEST(handler, is_gone_in_the_next_test, .expect_exception = R0_EXCEPTION(R0_UNDEFINED))
{
	r0_udf(0);
}

static long add(void *arg)
{
	const int *numbers = arg;

	return numbers[0] + numbers[1];
}

R0_TEST(el0, sees_the_same_memory_and_returns_a_value)
{
	int numbers[] = { 19, 23 };
	struct r0_fault fault = r0_user_call(add, numbers);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 42);
}

static long read_sctlr(void *arg)
{
	(void)arg;
	return (long)r0_mrs(sctlr_el1);
}

R0_TEST(el0, may_not_read_control_registers)
{
	R0_ASSERT_EQ(r0_user_call(read_sctlr, NULL).vector, R0_UNDEFINED);
}

static long turn_interrupts_off(void *arg)
{
	(void)arg;
	r0_msr_immediate(daifset, 2);
	return 0;
}

/* Unless SCTLR_EL1.UMA lets it. */
R0_TEST(el0, may_not_mask_interrupts)
{
	R0_ASSERT_EQ(r0_user_call(turn_interrupts_off, NULL).vector, R0_SYSTEM_REGISTER);
}

R0_TEST(halt, ends_in_wfi, .should_halt = true)
{
	r0_wfi();
}
