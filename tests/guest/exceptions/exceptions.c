/* SPDX-License-Identifier: MIT */
/*
 * Every exception that a program can raise by itself, with its error code and the address that it
 * reports: of the instruction for a fault, of the next one for a trap. #MC and NMI need the
 * outside. SDM vol. 3A, 6.5 and 6.15; APM vol. 2, 8.2.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/requirements.h"

ROUTINE(divide_by_zero, "xorl %ecx, %ecx; xorl %edx, %edx; movl $1, %eax", "divl %ecx", "");
ROUTINE(divide_by_zero_64, "xorl %ecx, %ecx; xorl %edx, %edx; movl $1, %eax", "divq %rcx", "");
ROUTINE(divide_overflow, "movl $1, %edx; xorl %eax, %eax; movl $1, %ecx", "divl %ecx", "");
ROUTINE(signed_divide_overflow, "movl $0x80000000, %eax; cltd; movl $-1, %ecx", "idivl %ecx", "");
ROUTINE(divide_byte, "movl $0x1234, %eax; movb $1, %cl", "divb %cl", "");

R0_TEST(exceptions, de_by_zero)
{
	struct r0_fault fault = r0_try(divide_by_zero, NULL);

	ASSERT_FAULT_AT(fault, R0_DE, 0, divide_by_zero_at);
	fault = r0_try(divide_by_zero_64, NULL);
	ASSERT_FAULT_AT(fault, R0_DE, 0, divide_by_zero_64_at);
}

R0_TEST(exceptions, de_by_a_quotient_too_large)
{
	struct r0_fault fault = r0_try(divide_overflow, NULL);

	ASSERT_FAULT_AT(fault, R0_DE, 0, divide_overflow_at);
	fault = r0_try(divide_byte, NULL);
	ASSERT_FAULT_AT(fault, R0_DE, 0, divide_byte_at);
}

R0_TEST(exceptions, de_by_the_lowest_number_over_minus_one)
{
	struct r0_fault fault = r0_try(signed_divide_overflow, NULL);

	ASSERT_FAULT_AT(fault, R0_DE, 0, signed_divide_overflow_at);
}

/* A fault leaves the operands as they were: SDM vol. 3A, 6.5. */
R0_TEST(exceptions, de_keeps_the_operands)
{
	const struct landing *landing = land(divide_by_zero, NULL);

	R0_ASSERT_EQ(landing->frame.vector, R0_DE);
	R0_ASSERT_EQ(landing->frame.rax, 1);
	R0_ASSERT_EQ(landing->frame.rdx, 0);
	R0_ASSERT_EQ(landing->frame.cs, R0_KERNEL_CS);
	R0_ASSERT_EQ(landing->frame.ss, R0_KERNEL_DS);
}

RING3_ROUTINE(ring3_divide_by_zero, "xorl %ecx, %ecx; xorl %edx, %edx", "divl %ecx", "");

R0_TEST(exceptions, de_in_ring_3)
{
	struct r0_fault fault = r0_user_call(ring3_divide_by_zero, NULL);

	ASSERT_FAULT_AT(fault, R0_DE, 0, ring3_divide_by_zero_at);
}

ROUTINE(int1, "", ".byte 0xf1", "");

/* INT1 is a trap: SDM vol. 3A, 6.15, interrupt 1; APM vol. 3, INT1 ("ICEBP"). */
R0_TEST(exceptions, db_by_int1, .when = executes_int1)
{
	struct r0_fault fault = r0_try(int1, NULL);

	ASSERT_FAULT_AT(fault, R0_DB, 0, int1_next);
}

ROUTINE(int3, "", "int3", "");
ROUTINE(int_3, "", ".byte 0xcd, 3", "");

R0_TEST(exceptions, bp_by_int3, .when = executes_int3)
{
	struct r0_fault fault = r0_try(int3, NULL);

	ASSERT_FAULT_AT(fault, R0_BP, 0, int3_next);
}

R0_TEST(exceptions, bp_by_int_n, .when = executes_int_n)
{
	struct r0_fault fault = r0_try(int_3, NULL);

	ASSERT_FAULT_AT(fault, R0_BP, 0, int_3_next);
}

RING3_ROUTINE(ring3_int3, "", "int3", "");

R0_TEST(exceptions, bp_in_ring_3)
{
	struct r0_fault fault = r0_user_call(ring3_int3, NULL);

	ASSERT_FAULT_AT(fault, R0_BP, 0, ring3_int3_next);
}

ROUTINE(int_4, "", "int $4", "");

R0_TEST(exceptions, of_by_int_n, .when = executes_int_n)
{
	struct r0_fault fault = r0_try(int_4, NULL);

	ASSERT_FAULT_AT(fault, R0_OF, 0, int_4_next);
}

ROUTINE(int_5, "", "int $5", "");

R0_TEST(exceptions, br_by_int_n, .when = executes_int_n)
{
	struct r0_fault fault = r0_try(int_5, NULL);

	ASSERT_FAULT_AT(fault, R0_BR, 0, int_5_next);
}

/* Opcodes that 64-bit mode has not: SDM vol. 2D, appendix A; APM vol. 3, appendix B.3. */
ROUTINE(ud2, "", "ud2", "");
ROUTINE(into, "", ".byte 0xce", "");
ROUTINE(push_es, "", ".byte 0x06", "");
ROUTINE(pop_es, "", ".byte 0x07", "");
ROUTINE(push_cs, "", ".byte 0x0e", "");
ROUTINE(push_ss, "", ".byte 0x16", "");
ROUTINE(push_ds, "", ".byte 0x1e", "");
ROUTINE(daa, "", ".byte 0x27", "");
ROUTINE(das, "", ".byte 0x2f", "");
ROUTINE(aaa, "", ".byte 0x37", "");
ROUTINE(aas, "", ".byte 0x3f", "");
ROUTINE(pusha, "", ".byte 0x60", "");
ROUTINE(popa, "", ".byte 0x61", "");
ROUTINE(far_call, "", ".byte 0x9a, 0, 0, 0, 0, 8, 0", "");
ROUTINE(aam, "", ".byte 0xd4, 10", "");
ROUTINE(far_jump, "", ".byte 0xea, 0, 0, 0, 0, 8, 0", "");
ROUTINE(mov_to_cs, "movw %cs, %ax", ".byte 0x8e, 0xc8", "");
ROUTINE(lock_mov, "", ".byte 0xf0, 0x89, 0x07", "");
ROUTINE(lock_add_register, "", ".byte 0xf0, 0x01, 0xc0", "");
ROUTINE(lea_of_register, "", ".byte 0x48, 0x8d, 0xc0", "");

struct undefined {
	void (*execute)(void *arg);
	const char *at;
	const char *name;
};

#define UNDEFINED(name)                \
	{                              \
		name, name##_at, #name \
	}

static void check_undefined(const struct undefined *instruction)
{
	uint64_t memory = 0;
	struct r0_fault fault;

	r0_printf("%s\n", instruction->name);
	fault = r0_try(instruction->execute, &memory);
	ASSERT_FAULT_AT(fault, R0_UD, 0, instruction->at);
}

static const struct undefined undefined[] = {
	UNDEFINED(ud2),	      UNDEFINED(into),
	UNDEFINED(push_es),   UNDEFINED(pop_es),
	UNDEFINED(push_cs),   UNDEFINED(push_ss),
	UNDEFINED(push_ds),   UNDEFINED(das),
	UNDEFINED(pusha),     UNDEFINED(popa),
	UNDEFINED(far_call),  UNDEFINED(aam),
	UNDEFINED(far_jump),  UNDEFINED(lock_mov),
	UNDEFINED(mov_to_cs), UNDEFINED(lock_add_register),
};

R0_TEST(exceptions, ud_by_what_64_bit_mode_has_not, .params = R0_PARAMS(undefined))
{
	check_undefined(&R0_PARAM(const struct undefined));
}

static const struct undefined more_undefined[] = {
	UNDEFINED(daa),
	UNDEFINED(aaa),
	UNDEFINED(aas),
	UNDEFINED(lea_of_register),
};

R0_TEST(exceptions, ud_by_more_of_it, .params = R0_PARAMS(more_undefined),
	.when = knows_all_undefined_opcodes)
{
	check_undefined(&R0_PARAM(const struct undefined));
}

/* Reserved for #UD for ever: SDM vol. 2B, UD. */
ROUTINE(ud0, "", ".byte 0x0f, 0xff, 0xc0", "");
ROUTINE(ud1, "", ".byte 0x0f, 0xb9, 0xc0", "");

R0_TEST(exceptions, ud_by_ud0, .when = executes_ud0)
{
	struct r0_fault fault = r0_try(ud0, NULL);

	ASSERT_FAULT_AT(fault, R0_UD, 0, ud0_at);
}

R0_TEST(exceptions, ud_by_ud1, .when = executes_ud1)
{
	struct r0_fault fault = r0_try(ud1, NULL);

	ASSERT_FAULT_AT(fault, R0_UD, 0, ud1_at);
}

/* BOUND's opcode begins an EVEX prefix, of which this one has reserved bits: SDM vol. 2A, 2.7. */
ROUTINE(bound, "", ".byte 0x62, 0xf0, 0x04, 0x08, 0x10, 0xc0", "");

R0_TEST(exceptions, ud_by_bound, .when = executes_bound)
{
	struct r0_fault fault = r0_try(bound, NULL);

	ASSERT_FAULT_AT(fault, R0_UD, 0, bound_at);
}

RING3_ROUTINE(ring3_ud2, "", "ud2", "");

R0_TEST(exceptions, ud_in_ring_3)
{
	struct r0_fault fault = r0_user_call(ring3_ud2, NULL);

	ASSERT_FAULT_AT(fault, R0_UD, 0, ring3_ud2_at);
}

/* An instruction of 16 bytes: SDM vol. 3A, 6.15, interrupt 13; APM vol. 3, 1.1. */
ROUTINE(too_long, "",
	".byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,"
	"0x66, 0x90",
	"");
ROUTINE(long_enough, "",
	".byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,"
	"0x90",
	"");

R0_TEST(exceptions, gp_by_16_bytes_of_instruction)
{
	struct r0_fault fault = r0_try(too_long, NULL);

	ASSERT_FAULT_AT(fault, R0_GP, 0, too_long_at);
	R0_ASSERT_EQ(r0_try(long_enough, NULL).vector, -1);
}

ROUTINE(store_xmm, "", "movups %xmm0, (%rdi)", "");
static uint8_t vector[64] __attribute__((aligned(64)));

/* CR0.TS: SDM vol. 3A, 6.15, interrupt 7; APM vol. 2, 8.2.8. */
R0_TEST(exceptions, nm_by_sse_with_ts)
{
	struct r0_fault fault = r0_try(store_xmm, vector);

	R0_ASSERT_EQ(fault.vector, -1);
	r0_write_cr0(r0_read_cr0() | R0_CR0_TS);
	fault = r0_try(store_xmm, vector);
	ASSERT_FAULT_AT(fault, R0_NM, 0, store_xmm_at);
}

/* SDM vol. 2A, 2.4.4, type 4: EM set, or OSFXSR clear. */
R0_TEST(exceptions, ud_by_sse_with_em)
{
	struct r0_fault fault;

	r0_write_cr0(r0_read_cr0() | R0_CR0_EM);
	fault = r0_try(store_xmm, vector);
	ASSERT_FAULT_AT(fault, R0_UD, 0, store_xmm_at);
}

R0_TEST(exceptions, ud_by_sse_without_osfxsr)
{
	struct r0_fault fault;

	r0_write_cr4(r0_read_cr4() & ~R0_CR4_OSFXSR);
	fault = r0_try(store_xmm, vector);
	ASSERT_FAULT_AT(fault, R0_UD, 0, store_xmm_at);
}

ROUTINE(load_one, "", "fld1", "fstp %st(0)");

R0_TEST(exceptions, nm_by_x87_with_ts, .when = executes_x87)
{
	struct r0_fault fault;

	r0_write_cr0(r0_read_cr0() | R0_CR0_TS);
	fault = r0_try(load_one, NULL);
	ASSERT_FAULT_AT(fault, R0_NM, 0, load_one_at);
}

R0_TEST(exceptions, nm_by_x87_with_em, .when = executes_x87)
{
	struct r0_fault fault;

	r0_write_cr0(r0_read_cr0() | R0_CR0_EM);
	fault = r0_try(load_one, NULL);
	ASSERT_FAULT_AT(fault, R0_NM, 0, load_one_at);
}

ROUTINE(wait_for_x87, "", "fwait", "");

/* WAIT faults by TS only if MP is set: SDM vol. 3A, 2.5, table 2-2. */
R0_TEST(exceptions, nm_by_wait_with_mp_and_ts, .when = executes_wait)
{
	struct r0_fault fault;

	r0_write_cr0(r0_read_cr0() | R0_CR0_TS);
	fault = r0_try(wait_for_x87, NULL);
	ASSERT_FAULT_AT(fault, R0_NM, 0, wait_for_x87_at);
	r0_write_cr0(r0_read_cr0() & ~R0_CR0_MP);
	R0_ASSERT_EQ(r0_try(wait_for_x87, NULL).vector, -1);
}

static const uint16_t x87_unmasked = 0x0340;

ROUTINE(x87_divide_by_zero, "fninit; fldcw (%rdi); fld1; fldz; fdivrp", "fwait", "");

/* SDM vol. 3A, 6.15, interrupt 16: reported by the next waiting instruction. */
R0_TEST(exceptions, mf_by_x87, .when = executes_x87)
{
	struct r0_fault fault = r0_try(x87_divide_by_zero, (void *)&x87_unmasked);

	ASSERT_FAULT_AT(fault, R0_MF, 0, x87_divide_by_zero_at);
}

static const uint32_t mxcsr_unmasked = 0;

ROUTINE(sse_divide_by_zero,
	"ldmxcsr (%rdi); movl $0x3f800000, %eax; movd %eax, %xmm0; xorl %eax, %eax;"
	"movd %eax, %xmm1",
	"divss %xmm1, %xmm0", "");

/* SDM vol. 3A, 6.15, interrupt 19. */
R0_TEST(exceptions, xm_by_sse, .when = executes_sse)
{
	struct r0_fault fault = r0_try(sse_divide_by_zero, (void *)&mxcsr_unmasked);

	ASSERT_FAULT_AT(fault, R0_XM, 0, sse_divide_by_zero_at);
}

R0_TEST(exceptions, ud_by_sse_error_without_osxmmexcpt, .when = executes_sse)
{
	struct r0_fault fault;

	r0_write_cr4(r0_read_cr4() & ~R0_CR4_OSXMMEXCPT);
	fault = r0_try(sse_divide_by_zero, (void *)&mxcsr_unmasked);
	ASSERT_FAULT_AT(fault, R0_UD, 0, sse_divide_by_zero_at);
}

ROUTINE(store_xmm_aligned, "", "movaps %xmm0, (%rdi)", "");

R0_TEST(exceptions, gp_by_misaligned_movaps)
{
	struct r0_fault fault = r0_try(store_xmm_aligned, vector);

	R0_ASSERT_EQ(fault.vector, -1);
	fault = r0_try(store_xmm_aligned, vector + 8);
	ASSERT_FAULT_AT(fault, R0_GP, 0, store_xmm_aligned_at);
}

ROUTINE(exchange_16, "movq %rdi, %rsi", "lock cmpxchg16b (%rsi)", "");

R0_TEST(exceptions, gp_by_misaligned_cmpxchg16b, .when = executes_cmpxchg16b)
{
	struct r0_fault fault = r0_try(exchange_16, vector + 8);

	/* RBX is not to be changed by a routine; CMPXCHG16B only reads it. */
	ASSERT_FAULT_AT(fault, R0_GP, 0, exchange_16_at);
}

RING3_ROUTINE(misaligned, "pushfq; orq $0x40000, (%rsp); popfq", "movl 1(%rdi), %eax",
	      "pushfq; andq $~0x40000, (%rsp); popfq");

/* #AC needs ring 3, CR0.AM and RFLAGS.AC: SDM vol. 3A, 6.15, interrupt 17; APM vol. 2, 8.2.18. */
R0_TEST(exceptions, ac_in_ring_3)
{
	static uint32_t numbers[2];
	struct r0_fault fault = r0_user_call(misaligned, numbers);

	ASSERT_FAULT_AT(fault, R0_AC, 0, misaligned_at);
}

R0_TEST(exceptions, no_ac_in_ring_3_without_am, .when = ring_3_obeys_control_registers)
{
	static uint32_t numbers[2];

	r0_write_cr0(r0_read_cr0() & ~R0_CR0_AM);
	R0_ASSERT_EQ(r0_user_call(misaligned, numbers).vector, -1);
}

ROUTINE(misaligned_in_ring_0, "pushfq; orq $0x40000, (%rsp); popfq", "movl 1(%rdi), %eax",
	"pushfq; andq $~0x40000, (%rsp); popfq");

R0_TEST(exceptions, no_ac_in_ring_0)
{
	static uint32_t numbers[2];

	R0_ASSERT_EQ(r0_try(misaligned_in_ring_0, numbers).vector, -1);
}

/* The flags image of a fault has RF set, so that a breakpoint there is met once: SDM 17.3.1.1. */
R0_TEST(exceptions, rf_is_set_in_the_image_of_a_fault)
{
	const struct landing *landing = land(ud2, NULL);

	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rflags & R0_RFLAGS_RF, R0_RFLAGS_RF);
	R0_ASSERT_EQ(landing->rflags & R0_RFLAGS_RF, 0);
}

/* NMI's vector, but by INT: no NMI is blocked after it. SDM vol. 3A, 6.7.1. */
ROUTINE(int_2, "", "int $2", "");

R0_TEST(exceptions, vector_2_by_int_n, .when = executes_int_n)
{
	struct r0_fault fault = r0_try(int_2, NULL);

	ASSERT_FAULT_AT(fault, R0_NMI, 0, int_2_next);
}

/* INT of a vector that has an error code pushes none: SDM vol. 3A, 6.13. */
ROUTINE(int_13, "", "int $13", "");

R0_TEST(exceptions, int_n_pushes_no_error_code, .when = executes_int_n)
{
	struct r0_fault fault = r0_try(int_13, NULL);

	ASSERT_FAULT_AT(fault, R0_GP, 0, int_13_next);
}

R0_TEST(exceptions, hlt_ends_a_test_that_should_halt, .should_halt = true)
{
	r0_cli();
	r0_hlt();
}
