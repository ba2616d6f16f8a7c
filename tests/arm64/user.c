/* SPDX-License-Identifier: MIT */
/* EL0: what it may, and what it can't. Arm ARM, D1.2. */
#include <stdio.h>
#include "routine.h"

USER_ROUTINE(user_add, "", "add x0, x0, #5", "");
USER_ROUTINE(user_read, "", "ldr x0, [x0]", "");
USER_ROUTINE(user_write, "", "str x0, [x0]", "");
USER_ROUTINE(user_jump, "mov x2, x30", "blr x0", "mov x30, x2");
USER_ROUTINE(user_privileged, "", "mrs x0, sctlr_el1", "");
USER_ROUTINE(user_mask, "", "msr daifset, #2", "");
USER_ROUTINE(user_undefined, "", "udf #1", "");
USER_ROUTINE(user_break, "", "brk #0x45", "");
USER_ROUTINE(user_svc, "", "svc #0x46", "");
USER_ROUTINE(user_hvc, "", "hvc #0", "");
USER_ROUTINE(user_eret, "", "eret", "");
USER_ROUTINE(user_flags, "mov x1, #0\ncmp x1, #1", "mrs x0, nzcv", "");
USER_ROUTINE(user_cache_type, "", "mrs x0, ctr_el0", "");
USER_ROUTINE(user_zero_block, "", "dc zva, x0", "mov x0, #3");
USER_ROUTINE(user_clean, "", "dc cvau, x0", "mov x0, #4");
USER_ROUTINE(user_count, "isb", "mrs x0, cntvct_el0", "");
USER_ROUTINE(user_stack, "", "mov x0, sp", "");
USER_ROUTINE(user_wait, "", "wfe", "mov x0, #6");
USER_ROUTINE(user_simd, "movi v3.2d, #0", "fmov x0, d3", "add x0, x0, #9");

static uint64_t word = 0x1234;

R0_TEST(user, value_comes_back)
{
	struct r0_fault fault = r0_user_call(user_add, (void *)37);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 42);
}

R0_TEST(user, sees_the_programs_memory)
{
	R0_ASSERT_EQ(r0_user_call(user_read, &word).value, 0x1234);
}

R0_TEST(user, writes_the_programs_memory)
{
	R0_ASSERT_EQ(r0_user_call(user_write, &word).vector, -1);
	R0_ASSERT_EQ(word, (uint64_t)&word);
}

R0_TEST(user, sees_the_callers_stack)
{
	uint64_t local = 99;

	R0_ASSERT_EQ(r0_user_call(user_read, &local).value, 99);
}

R0_TEST(user, stack_is_aligned)
{
	R0_ASSERT_EQ(r0_user_call(user_stack, NULL).value % 16, 0);
}

R0_TEST(user, null_pointer)
{
	struct r0_fault fault = r0_user_call(user_read, (void *)0x20);

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT_EL0, user_read_at);
	R0_ASSERT(is_translation_fault(fault.esr));
	R0_ASSERT_EQ(fault.far, 0x20);
}

R0_TEST(user, write_to_code)
{
	struct r0_fault fault = r0_user_call(user_write, (void *)(uintptr_t)user_write_at);

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT_EL0, user_write_at);
	R0_ASSERT(is_permission_fault(fault.esr));
	R0_ASSERT(fault.esr & R0_ESR_WNR);
}

R0_TEST(user, upper_half_is_el1s)
{
	struct r0_fault fault = r0_user_call(user_read, r0_at_physical(r0_physical(&word)));

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT_EL0, user_read_at);
	R0_ASSERT(is_permission_fault(fault.esr));
}

/* The page of the vectors is EL1's. */
R0_TEST(user, runtime_is_el1s)
{
	struct r0_fault fault = r0_user_call(user_read, (void *)r0_mrs(vbar_el1));

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT_EL0, user_read_at);
	R0_ASSERT(is_permission_fault(fault.esr));
}

R0_TEST(user, jump_to_data)
{
	struct r0_fault fault = r0_user_call(user_jump, &word);

	ASSERT_CLASS_AT(fault, R0_INSTRUCTION_ABORT_EL0, &word);
	R0_ASSERT(is_permission_fault(fault.esr));
}

R0_TEST(user, jump_to_nothing)
{
	R0_ASSERT_EQ(r0_user_call(user_jump, NULL).vector, R0_INSTRUCTION_ABORT_EL0);
}

R0_TEST(user, privileged_register)
{
	struct r0_fault fault = r0_user_call(user_privileged, NULL);

	ASSERT_CLASS_AT(fault, R0_UNDEFINED, user_privileged_at);
}

/* SCTLR_EL1.UMA is clear. */
R0_TEST(user, interrupt_masks)
{
	struct r0_fault fault = r0_user_call(user_mask, NULL);

	ASSERT_CLASS_AT(fault, R0_SYSTEM_REGISTER, user_mask_at);
}

R0_TEST(user, interrupt_masks_that_are_let)
{
	r0_msr(sctlr_el1, r0_mrs(sctlr_el1) | R0_SCTLR_UMA);
	r0_isb();
	R0_ASSERT_EQ(r0_user_call(user_mask, NULL).vector, -1);
}

R0_TEST(user, undefined)
{
	ASSERT_CLASS_AT(r0_user_call(user_undefined, NULL), R0_UNDEFINED, user_undefined_at);
}

R0_TEST(user, hypervisor_call)
{
	ASSERT_CLASS_AT(r0_user_call(user_hvc, NULL), R0_UNDEFINED, user_hvc_at);
}

R0_TEST(user, exception_return)
{
	ASSERT_CLASS_AT(r0_user_call(user_eret, NULL), R0_UNDEFINED, user_eret_at);
}

R0_TEST(user, brk)
{
	struct r0_fault fault = r0_user_call(user_break, NULL);

	ASSERT_CLASS_AT(fault, R0_BRK, user_break_at);
	R0_ASSERT_EQ(R0_ESR_IMMEDIATE(fault.esr), 0x45);
}

R0_TEST(user, svc)
{
	struct r0_fault fault = r0_user_call(user_svc, NULL);

	ASSERT_CLASS_AT(fault, R0_SVC, user_svc_at + 4);
	R0_ASSERT_EQ(R0_ESR_IMMEDIATE(fault.esr), 0x46);
}

static void answer(struct r0_frame *frame)
{
	frame->x[0] = 77;
}

R0_TEST(user, svc_with_handler)
{
	struct r0_fault fault;

	r0_set_handler(R0_SVC, answer);
	fault = r0_user_call(user_svc, NULL);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 77);
}

static uint64_t pstate;

static void note_state(struct r0_frame *frame)
{
	pstate = frame->pstate;
	frame->pc += 4;
}

R0_TEST(user, interrupts_are_masked)
{
	r0_set_handler(R0_BRK, note_state);
	r0_user_call(user_break, NULL);
	R0_ASSERT_EQ(pstate & R0_PSTATE_MODE, R0_PSTATE_EL0T);
	R0_ASSERT_EQ(pstate & R0_PSTATE_DAIF, R0_PSTATE_DAIF);
}

R0_TEST(user, condition_flags)
{
	R0_ASSERT_EQ((uint64_t)r0_user_call(user_flags, NULL).value, R0_PSTATE_N);
}

R0_TEST(user, cache_type_register)
{
	R0_ASSERT_EQ(r0_user_call(user_cache_type, NULL).vector, -1);
	r0_msr(sctlr_el1, r0_mrs(sctlr_el1) & ~R0_SCTLR_UCT);
	r0_isb();
	R0_ASSERT_EQ(r0_user_call(user_cache_type, NULL).vector, R0_SYSTEM_REGISTER);
}

static uint8_t block[4096] __attribute__((aligned(4096))) = { 1 };

R0_TEST(user, zeroing_a_block)
{
	R0_ASSERT_EQ(r0_user_call(user_zero_block, block).value, 3);
	R0_ASSERT_EQ(((volatile uint8_t *)block)[0], 0);
}

R0_TEST(user, zeroing_a_block_that_is_not_let)
{
	r0_msr(sctlr_el1, r0_mrs(sctlr_el1) & ~R0_SCTLR_DZE);
	r0_isb();
	R0_ASSERT_EQ(r0_user_call(user_zero_block, block).vector, R0_SYSTEM_REGISTER);
}

R0_TEST(user, cleaning_the_cache)
{
	R0_ASSERT_EQ(r0_user_call(user_clean, block).value, 4);
	r0_msr(sctlr_el1, r0_mrs(sctlr_el1) & ~R0_SCTLR_UCI);
	r0_isb();
	R0_ASSERT_EQ(r0_user_call(user_clean, block).vector, R0_SYSTEM_REGISTER);
}

R0_TEST(user, event_wait)
{
	r0_sev();
	R0_ASSERT_EQ(r0_user_call(user_wait, NULL).value, 6);
}

R0_TEST(user, virtual_count)
{
	r0_msr(cntkctl_el1, 0);
	r0_isb();
	R0_ASSERT_EQ(r0_user_call(user_count, NULL).vector, R0_SYSTEM_REGISTER);
	r0_msr(cntkctl_el1, 2); /* EL0VCTEN */
	r0_isb();
	R0_ASSERT_EQ(r0_user_call(user_count, NULL).vector, -1);
}

R0_TEST(user, simd)
{
	R0_ASSERT_EQ(r0_user_call(user_simd, NULL).value, 9);
	r0_msr(cpacr_el1, R0_CPACR_FPEN(1));
	r0_isb();
	R0_ASSERT_EQ(r0_user_call(user_simd, NULL).vector, R0_FP_ACCESS);
}

static long print(void *arg)
{
	(void)arg;
	r0_printf("from EL0\n");
	printf("by libc at EL0\n");
	return fflush(stdout);
}

R0_TEST(user, output)
{
	R0_ASSERT_EQ(r0_user_call(print, NULL).value, 0);
}

static long ask_cpu(void *arg)
{
	(void)arg;
	return r0_cpu_id() + 10 * r0_cpu_count();
}

R0_TEST(user, asks_the_runtime)
{
	R0_ASSERT_EQ(r0_user_call(ask_cpu, NULL).value, 10);
}

static void call_from_handler(struct r0_frame *frame)
{
	frame->x[0] = (uint64_t)r0_user_call(user_add, (void *)1).value;
	frame->pc += 4;
}

USER_ROUTINE(user_break_and_return, "", "brk #1", "");

R0_TEST(user, handler_calls_el0_again)
{
	r0_set_handler(R0_BRK, call_from_handler);
	R0_ASSERT_EQ(r0_user_call(user_break_and_return, NULL).value, 6);
}

static long overflow(void *arg)
{
	volatile char frame[4096];

	frame[0] = 1;
	if (arg)
		return 0;
	return overflow(arg) + frame[0];
}

R0_TEST(user, stack_overflow)
{
	struct r0_fault fault = r0_user_call(overflow, NULL);

	R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT_EL0);
	R0_ASSERT(fault.esr & R0_ESR_WNR);
}
