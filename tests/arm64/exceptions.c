/* SPDX-License-Identifier: MIT */
/*
 * Every exception that a program can raise by itself at EL1, with its class, its syndrome and the addresses that it
 * reports. Arm ARM, D1.3 and D19.2.37.
 */
#include "routine.h"

ROUTINE(read_word, "", "ldr w0, [x0]", "");
ROUTINE(write_word, "mov w1, #1", "str w1, [x0]", "");
ROUTINE(read_pair, "", "ldp x1, x2, [x0]", "");
ROUTINE(exclusive, "", "ldxr x1, [x0]", "");
ROUTINE(jump, "mov x2, x30", "blr x0", "mov x30, x2");
ROUTINE(undefined, "", "udf #7", "");
ROUTINE(read_unknown_register, "", "mrs x0, S3_7_C15_C15_7", "");
ROUTINE(read_el2_register, "", "mrs x0, hcr_el2", "");
ROUTINE(write_read_only_register, "", ".inst 0xd5180000 | 0 << 5 | 0", ""); /* MSR MIDR_EL1, X0 */
ROUTINE(breakpoint, "", "brk #0x123", "");
ROUTINE(supervisor_call, "", "svc #0x77", "");
ROUTINE(vector_instruction, "", "movi v0.2d, #0", "");
ROUTINE(zero_block, "", "dc zva, x0", "");

static const int constant = 5;
static int variable;

R0_TEST(exceptions, read_of_null_pointer)
{
	struct r0_fault fault = r0_try(read_word, (void *)0x18);

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT, read_word_at);
	R0_ASSERT(is_translation_fault(fault.esr));
	R0_ASSERT_EQ(fault.far, 0x18);
	R0_ASSERT(!(fault.esr & R0_ESR_WNR));
	R0_ASSERT(fault.esr & R0_ESR_IL);
}

R0_TEST(exceptions, write_to_null_pointer)
{
	struct r0_fault fault = r0_try(write_word, NULL);

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT, write_word_at);
	R0_ASSERT(is_translation_fault(fault.esr));
	R0_ASSERT_EQ(fault.far, 0);
	R0_ASSERT(fault.esr & R0_ESR_WNR);
}

R0_TEST(exceptions, write_to_constant)
{
	struct r0_fault fault = r0_try(write_word, (void *)(uintptr_t)&constant);

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT, write_word_at);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_PERMISSION(3));
	R0_ASSERT_EQ(fault.far, (uint64_t)&constant);
	R0_ASSERT(fault.esr & R0_ESR_WNR);
}

R0_TEST(exceptions, write_to_code)
{
	struct r0_fault fault = r0_try(write_word, (void *)(uintptr_t)write_word_at);

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT, write_word_at);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_PERMISSION(3));
}

/* 0x0123... is no address of 48 bits: its top byte is a tag, which FAR_EL1 keeps. */
R0_TEST(exceptions, read_past_48_bits)
{
	struct r0_fault fault = r0_try(read_word, (void *)0x0123456789abcde0);

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT, read_word_at);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_TRANSLATION(0));
	R0_ASSERT_EQ(fault.far, 0x0123456789abcde0);
}

R0_TEST(exceptions, pair_of_null_pointer)
{
	struct r0_fault fault = r0_try(read_pair, (void *)0x100);

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT, read_pair_at);
	R0_ASSERT_EQ(fault.far, 0x100);
}

R0_TEST(exceptions, zeroing_a_block_of_nothing)
{
	struct r0_fault fault = r0_try(zero_block, NULL);

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT, zero_block_at);
	R0_ASSERT(fault.esr & R0_ESR_WNR);
}

/* From one 16 bytes to the next: within them FEAT_LSE2 does without alignment (Arm ARM, B2.5). */
R0_TEST(exceptions, unaligned_exclusive)
{
	static uint64_t words[4] __attribute__((aligned(16)));
	struct r0_fault fault = r0_try(exclusive, (char *)words + 13);

	ASSERT_CLASS_AT(fault, R0_DATA_ABORT, exclusive_at);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_ALIGNMENT);
	R0_ASSERT_EQ(fault.far, (uint64_t)words + 13);
}

R0_TEST(exceptions, unaligned_read_is_fine)
{
	static uint8_t bytes[16] = { 0, 0x11, 0x22, 0x33, 0x44 };
	struct r0_fault fault = r0_try(read_word, bytes + 1);

	R0_ASSERT_EQ(fault.vector, -1);
}

/* SCTLR_EL1.A has every access be aligned. */
R0_TEST(exceptions, unaligned_read_with_alignment_checks)
{
	static uint64_t words[2];
	struct r0_fault fault;

	r0_msr(sctlr_el1, r0_mrs(sctlr_el1) | R0_SCTLR_A);
	r0_isb();
	fault = r0_try(read_word, (char *)words + 1);
	r0_msr(sctlr_el1, r0_mrs(sctlr_el1) & ~R0_SCTLR_A);
	r0_isb();
	ASSERT_CLASS_AT(fault, R0_DATA_ABORT, read_word_at);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_ALIGNMENT);
}

R0_TEST(exceptions, jump_to_data)
{
	struct r0_fault fault = r0_try(jump, &variable);

	ASSERT_CLASS_AT(fault, R0_INSTRUCTION_ABORT, &variable);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_PERMISSION(3));
	R0_ASSERT_EQ(fault.far, (uint64_t)&variable);
}

R0_TEST(exceptions, jump_to_null_pointer)
{
	struct r0_fault fault = r0_try(jump, NULL);

	ASSERT_CLASS_AT(fault, R0_INSTRUCTION_ABORT, 0);
	R0_ASSERT(is_translation_fault(fault.esr));
}

R0_TEST(exceptions, jump_to_odd_address)
{
	struct r0_fault fault = r0_try(jump, (void *)((uintptr_t)read_word + 1));

	ASSERT_CLASS_AT(fault, R0_PC_ALIGNMENT, (uintptr_t)read_word + 1);
	R0_ASSERT_EQ(fault.far, (uint64_t)read_word + 1);
}

R0_TEST(exceptions, undefined_instruction)
{
	struct r0_fault fault = r0_try(undefined, NULL);

	ASSERT_CLASS_AT(fault, R0_UNDEFINED, undefined_at);
	R0_ASSERT_EQ(R0_ESR_ISS(fault.esr), 0);
}

R0_TEST(exceptions, unknown_register)
{
	struct r0_fault fault = r0_try(read_unknown_register, NULL);

	ASSERT_CLASS_AT(fault, R0_UNDEFINED, read_unknown_register_at);
}

R0_TEST(exceptions, register_of_el2)
{
	struct r0_fault fault = r0_try(read_el2_register, NULL);

	ASSERT_CLASS_AT(fault, R0_UNDEFINED, read_el2_register_at);
}

R0_TEST(exceptions, write_to_read_only_register)
{
	struct r0_fault fault = r0_try(write_read_only_register, NULL);

	ASSERT_CLASS_AT(fault, R0_UNDEFINED, write_read_only_register_at);
}

R0_TEST(exceptions, brk_is_at_the_instruction)
{
	struct r0_fault fault = r0_try(breakpoint, NULL);

	ASSERT_CLASS_AT(fault, R0_BRK, breakpoint_at);
	R0_ASSERT_EQ(R0_ESR_IMMEDIATE(fault.esr), 0x123);
}

R0_TEST(exceptions, svc_is_behind_the_instruction)
{
	struct r0_fault fault = r0_try(supervisor_call, NULL);

	ASSERT_CLASS_AT(fault, R0_SVC, supervisor_call_at + 4);
	R0_ASSERT_EQ(R0_ESR_IMMEDIATE(fault.esr), 0x77);
}

R0_TEST(exceptions, simd_with_cpacr_off)
{
	struct r0_fault fault;

	r0_msr(cpacr_el1, 0);
	r0_isb();
	fault = r0_try(vector_instruction, NULL);
	ASSERT_CLASS_AT(fault, R0_FP_ACCESS, vector_instruction_at);
	r0_msr(cpacr_el1, R0_CPACR_FPEN(3));
	r0_isb();
	R0_ASSERT_EQ(r0_try(vector_instruction, NULL).vector, -1);
}

static void return_to(uint64_t pstate)
{
	__asm__ volatile("adr x1, 1f\n\t"
			 "msr elr_el1, x1\n\t"
			 "msr spsr_el1, %0\n\t"
			 "eret\n\t"
			 "1: nop"
			 :
			 : "r"(pstate)
			 : "x1", "memory");
}

static void eret_to_el2(void *arg)
{
	(void)arg;
	return_to(R0_PSTATE_EL2H | R0_PSTATE_DAIF);
}

/* An illegal return sets PSTATE.IL and stays where it was: D1.3.4. */
R0_TEST(exceptions, illegal_return)
{
	struct r0_fault fault = r0_try(eret_to_el2, NULL);

	R0_ASSERT_EQ(fault.vector, R0_ILLEGAL_STATE);
}

R0_TEST(exceptions, legal_return)
{
	return_to(R0_PSTATE_EL1H | R0_PSTATE_DAIF);
	R0_ASSERT_EQ(r0_mrs(daif), R0_PSTATE_DAIF);
}

R0_TEST(exceptions, assert_fault_goes_on)
{
	R0_ASSERT_FAULT(R0_UNDEFINED, r0_udf(0));
	R0_ASSERT_FAULT(R0_BRK, r0_brk(1));
	R0_ASSERT_FAULT(R0_DATA_ABORT, *(volatile int *)8 = 1);
	R0_ASSERT_FAULT(R0_SVC, r0_svc(1));
}

/* What a statement calls may have changed the registers that functions keep. */
R0_TEST(exceptions, assert_fault_keeps_vector_registers)
{
	register double kept __asm__("d8") = 1.5;

	__asm__ volatile("" : "+w"(kept));
	R0_ASSERT_FAULT(R0_UNDEFINED, __asm__ volatile("fmov d9, xzr\n\tfmov d10, xzr\n\tudf #0"
						       :
						       :
						       : "d9", "d10"));
	__asm__ volatile("" : "+w"(kept));
	R0_ASSERT(kept == 1.5);
}

static void inner(void *arg)
{
	struct r0_fault fault = r0_try(undefined, NULL);

	*(int *)arg = fault.vector;
	__asm__ volatile("brk #9");
}

R0_TEST(exceptions, tries_nest)
{
	int seen = 0;
	struct r0_fault fault = r0_try(inner, &seen);

	R0_ASSERT_EQ(seen, R0_UNDEFINED);
	R0_ASSERT_EQ(fault.vector, R0_BRK);
}

static void skip_instruction(struct r0_frame *frame)
{
	frame->pc += 4;
	frame->x[0] = 42;
}

R0_TEST(exceptions, handler_changes_registers)
{
	register uint64_t x0 __asm__("x0") = 1;

	r0_set_handler(R0_BRK, skip_instruction);
	__asm__ volatile("brk #0" : "+r"(x0));
	R0_ASSERT_EQ(x0, 42);
}

static struct r0_frame seen;

static void note_frame(struct r0_frame *frame)
{
	seen = *frame;
	frame->pc += 4;
}

R0_TEST(exceptions, frame_has_all_registers)
{
	uint64_t sp;
	unsigned int i;

	r0_set_handler(R0_BRK, note_frame);
	__asm__ volatile("mov %0, sp\n\t"
			 "mov x0, #100\n\t mov x1, #101\n\t mov x2, #102\n\t mov x3, #103\n\t"
			 "mov x4, #104\n\t mov x5, #105\n\t mov x6, #106\n\t mov x7, #107\n\t"
			 "mov x8, #108\n\t mov x9, #109\n\t mov x10, #110\n\t mov x11, #111\n\t"
			 "mov x12, #112\n\t mov x13, #113\n\t mov x14, #114\n\t mov x15, #115\n\t"
			 "mov x16, #116\n\t mov x17, #117\n\t"
			 "brk #0\n\t"
			 : "=&r"(sp)
			 :
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	for (i = 0; i <= 17; i++)
		R0_ASSERT_EQ(seen.x[i], 100 + i, "X%u", i);
	R0_ASSERT_EQ(seen.sp, sp);
	R0_ASSERT_EQ(seen.vector, R0_BRK);
	R0_ASSERT_EQ(seen.pstate & R0_PSTATE_MODE, R0_PSTATE_EL1H);
}

/* Every register comes back but those that the handler changes. */
R0_TEST(exceptions, handler_keeps_registers)
{
	uint64_t wrong;

	r0_set_handler(R0_BRK, note_frame);
	__asm__ volatile("mov x0, #100\n\t mov x1, #101\n\t mov x2, #102\n\t mov x3, #103\n\t"
			 "mov x16, #116\n\t mov x17, #117\n\t mov x19, #119\n\t mov x28, #128\n\t"
			 "brk #0\n\t"
			 "sub x0, x0, #100\n\t sub x1, x1, #101\n\t sub x2, x2, #102\n\t"
			 "sub x3, x3, #103\n\t sub x16, x16, #116\n\t sub x17, x17, #117\n\t"
			 "sub x19, x19, #119\n\t sub x28, x28, #128\n\t"
			 "orr x0, x0, x1\n\t orr x0, x0, x2\n\t orr x0, x0, x3\n\t"
			 "orr x0, x0, x16\n\t orr x0, x0, x17\n\t orr x0, x0, x19\n\t"
			 "orr %0, x0, x28"
			 : "=r"(wrong)
			 :
			 : "x0", "x1", "x2", "x3", "x16", "x17", "x19", "x28", "memory");
	R0_ASSERT_EQ(wrong, 0);
}

R0_TEST(exceptions, condition_flags_come_back)
{
	uint64_t flags;

	r0_set_handler(R0_BRK, note_frame);
	__asm__ volatile("cmp %0, #1\n\t"
			 "brk #0\n\t"
			 "mrs %0, nzcv"
			 : "=r"(flags)
			 : "0"(0ul)
			 : "cc", "memory");
	R0_ASSERT_EQ(flags, R0_PSTATE_N);
	R0_ASSERT_EQ(seen.pstate & (R0_PSTATE_N | R0_PSTATE_Z), R0_PSTATE_N);
}

static int handled;

static void faulting_handler(struct r0_frame *frame)
{
	struct r0_fault fault = r0_try(undefined, NULL);

	handled = fault.vector;
	frame->pc += 4;
}

R0_TEST(exceptions, handler_may_fault)
{
	handled = -1;
	r0_set_handler(R0_BRK, faulting_handler);
	__asm__ volatile("brk #0" : : : "memory");
	R0_ASSERT_EQ(handled, R0_UNDEFINED);
}

R0_TEST(exceptions, handler_before_try)
{
	r0_set_handler(R0_BRK, skip_instruction);
	R0_ASSERT_EQ(r0_try(breakpoint, NULL).vector, -1);
	r0_set_handler(R0_BRK, NULL);
	R0_ASSERT_EQ(r0_try(breakpoint, NULL).vector, R0_BRK);
}

/* On SP_EL0, exceptions go by the vectors of EL1t: D1.4.1. */
R0_TEST(exceptions, on_sp_el0)
{
	uint64_t sp, sp_el1;

	r0_set_handler(R0_BRK, note_frame);
	__asm__ volatile("mov %1, sp\n\t"
			 "msr sp_el0, %1\n\t"
			 "msr spsel, #0\n\t"
			 "mov %0, sp\n\t"
			 "brk #0\n\t"
			 "msr spsel, #1"
			 : "=&r"(sp), "=&r"(sp_el1)
			 :
			 : "memory");
	R0_ASSERT_EQ(seen.pstate & R0_PSTATE_MODE, R0_PSTATE_EL1T);
	R0_ASSERT_EQ(seen.sp, sp);
	R0_ASSERT_EQ(seen.sp_el1, sp_el1);
}

/* There is no stack for the exception but the runtime's own. */
static void with_stack(uint64_t wild)
{
	R0_ASSERT_FAULT(R0_BRK, __asm__ volatile("mov sp, %0\n\tbrk #0" : : "r"(wild) : "memory"));
}

R0_TEST(exceptions, stack_pointer_is_null)
{
	with_stack(0);
}

R0_TEST(exceptions, stack_pointer_is_odd)
{
	with_stack(0x1238);
}

R0_TEST(exceptions, stack_pointer_is_read_only)
{
	with_stack((uint64_t)&constant & ~15ul);
}

R0_TEST(exceptions, stack_pointer_is_where_no_memory_is)
{
	with_stack(R0_DIRECT_MAP + 0x1000);
}

static void push(void *arg)
{
	__asm__ volatile("mov x19, sp\n\t"
			 "mov sp, %0\n\t"
			 "str xzr, [sp, #-16]!\n\t"
			 "mov sp, x19"
			 :
			 : "r"(arg)
			 : "x19", "memory");
}

R0_TEST(exceptions, push_to_nothing)
{
	struct r0_fault fault = r0_try(push, (void *)0x1000);

	R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT);
	R0_ASSERT_EQ(fault.far, 0xff0);
}

static __attribute__((noinline)) int overflow(int depth)
{
	volatile char frame[1024];

	frame[0] = (char)depth;
	if (depth < 0)
		return 0;
	return overflow(depth + 1) + frame[0];
}

static void overflow_the_stack(void *arg)
{
	*(int *)arg = overflow(0);
}

R0_TEST(exceptions, stack_overflow)
{
	int result;
	struct r0_fault fault = r0_try(overflow_the_stack, &result);

	R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT);
	R0_ASSERT(is_translation_fault(fault.esr));
	R0_ASSERT(fault.esr & R0_ESR_WNR);
}

/* The reads of what is not there come back as external aborts where it is a fetch: KVM has no other way. */
R0_TEST(exceptions, fetch_from_where_no_memory_is)
{
	unsigned int level;
	uint64_t *descriptor = r0_find_descriptor((void *)(R0_DIRECT_MAP + 0x1000), &level);
	struct r0_fault fault;

	*descriptor &= ~R0_DESCRIPTOR_PXN;
	r0_flush_translations();
	fault = r0_try(jump, (void *)(R0_DIRECT_MAP + 0x1000));
	R0_ASSERT_EQ(fault.vector, R0_INSTRUCTION_ABORT);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_EXTERNAL);
}

R0_TEST(exceptions, expected_unhandled, .expect_exception = R0_EXCEPTION(R0_BRK))
{
	r0_brk(2);
}

R0_TEST(exceptions, expected_data_abort, .expect_exception = R0_EXCEPTION(R0_DATA_ABORT))
{
	*(volatile int *)16 = 1;
}
