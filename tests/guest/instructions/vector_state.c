/* SPDX-License-Identifier: MIT */
/*
 * x87, MMX, SSE and AVX in ring 0, and the instructions that save their state. The registers are
 * used by assembly alone: this file too is built with general registers only. SDM vol. 1, chapters
 * 8, 10 and 13; APM vol. 2, chapter 11.
 */
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/requirements.h"

static uint8_t area[4096] __attribute__((aligned(64)));

#define FXSAVE_FCW   0
#define FXSAVE_MXCSR 24
#define FXSAVE_XMM0  160

static uint64_t area64(unsigned int offset)
{
	uint64_t value;

	memcpy(&value, area + offset, sizeof(value));
	return value;
}

static uint32_t area32(unsigned int offset)
{
	uint32_t value;

	memcpy(&value, area + offset, sizeof(value));
	return value;
}

/* MXCSR and FCW as after reset and FNINIT: SDM vol. 1, 10.2.3 and 8.1.5. */
R0_TEST(vector_state, control_words_at_entry)
{
	__asm__ volatile("fxsaveq %0" : "=m"(area) : : "memory");
	R0_ASSERT_EQ(area32(FXSAVE_FCW) & 0xffff, 0x37f);
	R0_ASSERT_EQ(area32(FXSAVE_MXCSR), 0x1f80);
}

R0_TEST(vector_state, xmm_registers_at_entry_are_0)
{
	__asm__ volatile("fxsaveq %0" : "=m"(area) : : "memory");
	for (unsigned int i = 0; i < 16; i++) {
		R0_ASSERT_EQ(area64(FXSAVE_XMM0 + 16 * i), 0);
		R0_ASSERT_EQ(area64(FXSAVE_XMM0 + 16 * i + 8), 0);
	}
}

ROUTINE(fxsave, "", "fxsaveq (%rdi)", "");

R0_TEST(vector_state, fxsave_needs_alignment, .when = checks_fxsave_alignment)
{
	struct r0_fault fault = r0_try(fxsave, area + 8);

	ASSERT_FAULT_AT(fault, R0_GP, 0, fxsave_at);
}

R0_TEST(vector_state, fxsave_obeys_ts_and_em)
{
	struct r0_fault fault;

	r0_write_cr0(r0_read_cr0() | R0_CR0_TS);
	fault = r0_try(fxsave, area);
	ASSERT_FAULT_AT(fault, R0_NM, 0, fxsave_at);
	r0_clts();
	r0_write_cr0(r0_read_cr0() | R0_CR0_EM);
	fault = r0_try(fxsave, area);
	ASSERT_FAULT_AT(fault, R0_NM, 0, fxsave_at);
}

ROUTINE(fxrstor, "", "fxrstorq (%rdi)", "");

/* Reserved bits of MXCSR: SDM vol. 2A, FXRSTOR. */
R0_TEST(vector_state, fxrstor_refuses_reserved_mxcsr_bits)
{
	uint32_t mxcsr = 0x80001f80;
	struct r0_fault fault;

	fxsave(area);
	R0_ASSERT_EQ(r0_try(fxrstor, area).vector, -1);
	memcpy(area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
	fault = r0_try(fxrstor, area);
	ASSERT_FAULT_AT(fault, R0_GP, 0, fxrstor_at);
}

R0_TEST(vector_state, fxrstor_loads_xmm_registers)
{
	uint64_t number = 0x0123456789abcdef;

	fxsave(area);
	memcpy(area + FXSAVE_XMM0 + 16 * 3, &number, sizeof(number));
	fxrstor(area);
	__asm__ volatile("movups %%xmm3, %0" : "=m"(area) : : "memory");
	R0_ASSERT_EQ(area64(0), number);
	R0_ASSERT_EQ(area64(8), 0);
}

R0_TEST(vector_state, x87_computes, .when = executes_x87)
{
	int32_t number = 6, result = 0;

	__asm__ volatile("fninit; fildl %1; fimull %1; fistpl %0"
			 : "=m"(result)
			 : "m"(number)
			 : "memory");
	R0_ASSERT_EQ(result, 36);
}

R0_TEST(vector_state, mmx_computes, .when = executes_mmx)
{
	uint64_t a = 0x0102030405060708, b = 0xff01010101010101, sum = 0;

	__asm__ volatile("movq %1, %%mm0; paddb %2, %%mm0; movq %%mm0, %0; emms"
			 : "=m"(sum)
			 : "m"(a), "m"(b)
			 : "memory");
	R0_ASSERT_EQ(sum, 0x0003040506070809);
}

R0_TEST(vector_state, sse_computes, .when = executes_sse)
{
	uint64_t a = 0xffffffff00000001, b = 0x0000000100000002, sum = 0;

	__asm__ volatile("movq %1, %%xmm0; movq %2, %%xmm1; paddd %%xmm1, %%xmm0; movq %%xmm0, %0"
			 : "=m"(sum)
			 : "m"(a), "m"(b)
			 : "memory");
	R0_ASSERT_EQ(sum, 0x0000000000000003);
}

ROUTINE(avx_zero, "", "vpxor %xmm1, %xmm1, %xmm1", "");

R0_TEST(vector_state, avx_works_at_entry, .when = executes_avx)
{
	R0_ASSERT_EQ(r0_try(avx_zero, NULL).vector, -1);
}

/* AVX needs XCR0.AVX and OSXSAVE, and obeys TS: SDM vol. 2A, 2.4, and vol. 1, 14.3. */
R0_TEST(vector_state, avx_needs_xcr0, .when = executes_avx_under_xcr0)
{
	struct r0_fault fault;

	r0_xsetbv(0, R0_XCR0_X87 | R0_XCR0_SSE);
	fault = r0_try(avx_zero, NULL);
	ASSERT_FAULT_AT(fault, R0_UD, 0, avx_zero_at);
}

R0_TEST(vector_state, avx_needs_osxsave, .when = executes_avx_under_osxsave)
{
	struct r0_fault fault;

	r0_write_cr4(r0_read_cr4() & ~R0_CR4_OSXSAVE);
	fault = r0_try(avx_zero, NULL);
	ASSERT_FAULT_AT(fault, R0_UD, 0, avx_zero_at);
}

R0_TEST(vector_state, avx_obeys_ts, .when = executes_avx)
{
	struct r0_fault fault;

	r0_write_cr0(r0_read_cr0() | R0_CR0_TS);
	fault = r0_try(avx_zero, NULL);
	ASSERT_FAULT_AT(fault, R0_NM, 0, avx_zero_at);
}

R0_TEST(vector_state, popcnt_counts, .when = executes_popcnt)
{
	uint64_t count;

	__asm__ volatile("popcntq %1, %0" : "=r"(count) : "r"(0xf0f00000000000fful) : "cc");
	R0_ASSERT_EQ(count, 16);
}

R0_TEST(vector_state, cmpxchg16b_exchanges, .when = executes_cmpxchg16b)
{
	static uint64_t memory[2] __attribute__((aligned(16))) = { 1, 2 };
	uint64_t rax = 1, rdx = 2;
	bool done;

	__asm__ volatile("lock cmpxchg16b %1; setz %0"
			 : "=q"(done), "+m"(memory), "+a"(rax), "+d"(rdx)
			 : "b"(3ul), "c"(4ul)
			 : "cc", "memory");
	R0_ASSERT(done);
	R0_ASSERT_EQ(memory[0], 3);
	R0_ASSERT_EQ(memory[1], 4);
}
