/* SPDX-License-Identifier: MIT */
/*
 * The XSAVE family in ring 0: what is saved where, what is restored from it, and what is refused.
 * SDM vol. 1, 13.7 to 13.12. As in vector_state.c, assembly alone uses the registers.
 */
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/requirements.h"

#define XSTATE_BV 512
#define XCOMP_BV  520
#define MXCSR	  24
#define XMM0	  160
#define COMPACTED (1ul << 63)
#define SSE_BIT	  2ul

static uint8_t area[8192] __attribute__((aligned(64)));

static uint64_t get(unsigned int offset)
{
	uint64_t value;

	memcpy(&value, area + offset, sizeof(value));
	return value;
}

static void set(unsigned int offset, uint64_t value)
{
	memcpy(area + offset, &value, sizeof(value));
}

static void load_xmm0(uint64_t value)
{
	__asm__ volatile("movq %0, %%xmm0" : : "r"(value));
}

static uint64_t read_xmm0(void)
{
	uint64_t value;

	__asm__ volatile("movq %%xmm0, %0" : "=r"(value));
	return value;
}

/* Components x87 and SSE alone: of the others, KVM may have any. */
ROUTINE(xsave, "movl $3, %eax; xorl %edx, %edx", "xsave64 (%rdi)", "");
ROUTINE(xsave_sse, "movl $2, %eax; xorl %edx, %edx", "xsave64 (%rdi)", "");
ROUTINE(xsaveopt, "movl $3, %eax; xorl %edx, %edx", "xsaveopt64 (%rdi)", "");
ROUTINE(xsavec, "movl $3, %eax; xorl %edx, %edx", "xsavec64 (%rdi)", "");
ROUTINE(xsaves, "movl $3, %eax; xorl %edx, %edx", "xsaves64 (%rdi)", "");
ROUTINE(xrstor, "movl $3, %eax; xorl %edx, %edx", "xrstor64 (%rdi)", "");
ROUTINE(xrstors, "movl $3, %eax; xorl %edx, %edx", "xrstors64 (%rdi)", "");

R0_TEST(extended_state, xsave_and_xrstor_keep_sse, .when = executes_xsave)
{
	load_xmm0(0x1122334455667788);
	xsave(area);
	R0_ASSERT_EQ(get(XSTATE_BV) & SSE_BIT, SSE_BIT);
	R0_ASSERT_EQ(get(XCOMP_BV), 0);
	R0_ASSERT_EQ(get(XMM0), 0x1122334455667788);
	load_xmm0(0);
	xrstor(area);
	R0_ASSERT_EQ(read_xmm0(), 0x1122334455667788);
}

/* What is not asked for stays as it is in memory, XSTATE_BV's bit included. */
R0_TEST(extended_state, xsave_leaves_the_rest, .when = executes_xsave)
{
	memset(area, 0xa5, 512);
	set(XSTATE_BV, 1);
	load_xmm0(7);
	xsave_sse(area);
	R0_ASSERT_EQ(area[0], 0xa5);
	R0_ASSERT_EQ(get(XMM0), 7);
	R0_ASSERT_EQ(get(XSTATE_BV), 1 | SSE_BIT);
}

R0_TEST(extended_state, xrstor_initializes, .when = executes_xsave)
{
	xsave(area);
	set(XSTATE_BV, get(XSTATE_BV) & ~SSE_BIT);
	load_xmm0(7);
	xrstor(area);
	R0_ASSERT_EQ(read_xmm0(), 0);
}

R0_TEST(extended_state, xsaveopt_saves, .when = executes_xsaveopt)
{
	load_xmm0(7);
	xsaveopt(area);
	R0_ASSERT_EQ(get(XSTATE_BV) & SSE_BIT, SSE_BIT);
	R0_ASSERT_EQ(get(XMM0), 7);
}

R0_TEST(extended_state, xsavec_compacts, .when = executes_xsavec)
{
	load_xmm0(7);
	xsavec(area);
	R0_ASSERT_EQ(get(XCOMP_BV), COMPACTED | 3);
	R0_ASSERT_EQ(get(XSTATE_BV) & SSE_BIT, SSE_BIT);
	R0_ASSERT_EQ(get(XMM0), 7);
	load_xmm0(0);
	xrstor(area);
	R0_ASSERT_EQ(read_xmm0(), 7);
}

R0_TEST(extended_state, xsave_needs_alignment, .when = executes_xsave)
{
	struct r0_fault fault = r0_try(xsave, area + 8);

	ASSERT_FAULT_AT(fault, R0_GP, 0, xsave_at);
	fault = r0_try(xrstor, area + 8);
	ASSERT_FAULT_AT(fault, R0_GP, 0, xrstor_at);
}

R0_TEST(extended_state, xsave_obeys_ts, .when = executes_xsave)
{
	struct r0_fault fault;

	r0_write_cr0(r0_read_cr0() | R0_CR0_TS);
	fault = r0_try(xsave, area);
	ASSERT_FAULT_AT(fault, R0_NM, 0, xsave_at);
	fault = r0_try(xrstor, area);
	ASSERT_FAULT_AT(fault, R0_NM, 0, xrstor_at);
}

/* In each of the header's fields, what is not known: 13.8. */
R0_TEST(extended_state, xrstor_refuses_bad_headers, .when = executes_xsave)
{
	static const struct {
		unsigned int offset;
		uint64_t bit;
	} bad[] = {
		{ XSTATE_BV, 1ul << 62 },
		{ XCOMP_BV, 1 },
		{ XCOMP_BV + 8, 1 },
	};
	struct r0_fault fault;

	xsave(area);
	R0_ASSERT_EQ(r0_try(xrstor, area).vector, -1);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t before = get(bad[i].offset);

		set(bad[i].offset, before | bad[i].bit);
		fault = r0_try(xrstor, area);
		ASSERT_FAULT_AT(fault, R0_GP, 0, xrstor_at);
		set(bad[i].offset, before);
	}
}

R0_TEST(extended_state, xrstor_refuses_reserved_mxcsr_bits, .when = executes_xsave)
{
	struct r0_fault fault;

	xsave(area);
	set(MXCSR, get(MXCSR) | 1ul << 31);
	fault = r0_try(xrstor, area);
	ASSERT_FAULT_AT(fault, R0_GP, 0, xrstor_at);
}

R0_TEST(extended_state, xsave_to_absent_memory, .when = executes_xsave)
{
	struct r0_fault fault = r0_try(xsave, (void *)0x40);

	ASSERT_FAULT_AT(fault, R0_PF, R0_PF_WR, xsave_at);
}

R0_TEST(extended_state, xsaves_without_cpuid, .when = lacks_xsaves)
{
	struct r0_fault fault = r0_try(xsaves, area);

	ASSERT_FAULT_AT(fault, R0_UD, 0, xsaves_at);
	fault = r0_try(xrstors, area);
	ASSERT_FAULT_AT(fault, R0_UD, 0, xrstors_at);
}

static void check_xsaves(void)
{
	struct r0_fault fault;

	load_xmm0(7);
	xsaves(area);
	R0_ASSERT_EQ(get(XCOMP_BV), COMPACTED | 3);
	R0_ASSERT_EQ(get(XSTATE_BV) & SSE_BIT, SSE_BIT);
	R0_ASSERT_EQ(get(XMM0), 7);
	load_xmm0(0);
	xrstors(area);
	R0_ASSERT_EQ(read_xmm0(), 7);
	/* XRSTORS takes the compacted form alone: 13.12. */
	set(XCOMP_BV, 0);
	fault = r0_try(xrstors, area);
	ASSERT_FAULT_AT(fault, R0_GP, 0, xrstors_at);
}

R0_TEST(extended_state, xsaves_and_xrstors, .when = executes_xsaves)
{
	check_xsaves();
}

/* Where CPUID has it because the test says so, and the host completes it. */
R0_TEST(extended_state, xsaves_if_declared, .when = host_completes_xsaves,
	.cpuid = R0_CPUID({ 0xd, 1, 0xf, 0, 0, 0 }))
{
	check_xsaves();
}

static long xsaves_in_ring_3(void *arg)
{
	xsaves(arg);
	return 0;
}

R0_TEST(extended_state, xsaves_is_refused_in_ring_3, .when = executes_xsaves)
{
	struct r0_fault fault = r0_user_call(xsaves_in_ring_3, area);

	ASSERT_FAULT_AT(fault, R0_GP, 0, xsaves_at);
}
