/* SPDX-License-Identifier: MIT */
/*
 * Tests that do what no test should: each has to end as its comment says, and to leave nothing behind
 * (--check-reset). See tests/fixtures/fixture.h.
 */
#include "routine.h"

static uint64_t word;

static void set_sctlr(uint64_t set, uint64_t clear)
{
	r0_msr(sctlr_el1, (r0_mrs(sctlr_el1) | set) & ~clear);
	r0_isb();
}

/* expect timeout: in the exception vectors */
R0_TEST(wild, no_vectors, .timeout_ms = 300)
{
	r0_msr(vbar_el1, 0);
	r0_isb();
	r0_udf(0);
}

/* expect timeout: in the exception vectors */
R0_TEST(wild, vectors_in_data, .timeout_ms = 300)
{
	r0_msr(vbar_el1, (uint64_t)&word & ~0x7fful);
	r0_isb();
	r0_udf(0);
}

/* expect any: */
R0_TEST(wild, translation_off, .timeout_ms = 300)
{
	set_sctlr(0, R0_SCTLR_M);
	word = 5;
}

/* expect pass: */
R0_TEST(wild, caches_off)
{
	set_sctlr(0, R0_SCTLR_C | R0_SCTLR_I);
	word = 5;
	R0_ASSERT_EQ(word, 5);
}

/* expect timeout: in the exception vectors */
R0_TEST(wild, no_tables, .timeout_ms = 300)
{
	r0_msr(ttbr0_el1, 0);
	r0_isb();
	r0_tlbi(vmalle1);
	r0_dsb(sy);
	r0_isb();
	word = 1;
}

/* expect any: */
R0_TEST(wild, tables_past_all_memory, .timeout_ms = 300)
{
	r0_msr(ttbr0_el1, 0xfffffffff000);
	r0_isb();
	r0_tlbi(vmalle1);
	r0_dsb(sy);
	r0_isb();
	word = 1;
}

/* expect any: */
R0_TEST(wild, other_page_size, .timeout_ms = 300)
{
	r0_msr(tcr_el1, r0_mrs(tcr_el1) | R0_TCR_TG0(1));
	r0_isb();
	r0_flush_translations();
	word = 1;
}

/* expect any: */
R0_TEST(wild, no_lower_half, .timeout_ms = 300)
{
	r0_msr(tcr_el1, r0_mrs(tcr_el1) | R0_TCR_EPD0);
	r0_isb();
	r0_flush_translations();
	word = 1;
}

/* expect any: */
R0_TEST(wild, no_upper_half, .timeout_ms = 300)
{
	r0_msr(ttbr1_el1, 0);
	r0_isb();
	r0_flush_translations();
	r0_printf("unheard of\n");
}

/* expect any: */
R0_TEST(wild, big_endian, .timeout_ms = 300)
{
	set_sctlr(1ul << 25, 0);
	word = 1;
	r0_printf("%d\n", 5);
}

/* Over all of the program's memory, through the direct map. */
/* expect any: */
R0_TEST(wild, writes_over_everything, .timeout_ms = 3000)
{
	volatile uint64_t *at = r0_at_physical(r0_mrs(ttbr0_el1) & R0_DESCRIPTOR_ADDRESS);

	for (;;)
		*at++ = 0xdeadbeefdeadbeef;
}

/* expect any: */
R0_TEST(wild, tables_of_garbage, .timeout_ms = 300)
{
	uint64_t *table = r0_at_physical(r0_mrs(ttbr0_el1) & R0_DESCRIPTOR_ADDRESS);
	unsigned int i;

	for (i = 0; i < 512; i++)
		table[i] = 0x5555555555555557ul * (i + 1);
	r0_flush_translations();
	word = 1;
}

/* expect any: */
R0_TEST(wild, runtime_overwritten, .timeout_ms = 300)
{
	/* What the vectors save registers in is the page that the first of them names, by ADRP. */
	const uint32_t adrp = ((const uint32_t *)r0_mrs(vbar_el1))[1];
	const int64_t pages = (int32_t)((adrp >> 5 & 0x7ffff) << 13) >> 11 | (adrp >> 29 & 3);
	volatile uint8_t *page =
		(uint8_t *)(((r0_mrs(vbar_el1) + 4) & ~0xffful) + (uint64_t)pages * 4096);
	unsigned int i;

	for (i = 0; i < 4096; i++)
		page[i] = 0xa5;
	r0_udf(0);
}

/* expect fail: it turned the machine off */
R0_TEST(wild, system_off)
{
	r0_hvc_call(R0_PSCI_SYSTEM_OFF, 0, 0, 0);
}

/* expect fail: it reset the machine */
R0_TEST(wild, system_reset)
{
	r0_hvc_call(R0_PSCI_SYSTEM_RESET, 0, 0, 0);
}

/* expect timeout|fail: */
R0_TEST(wild, cpu_off, .timeout_ms = 300)
{
	r0_hvc_call(R0_PSCI_CPU_OFF, 0, 0, 0);
}

/* expect pass: */
R0_TEST(wild, registers_of_all_kinds)
{
	r0_msr(tpidr_el0, 1);
	r0_msr(tpidr_el1, 2);
	r0_msr(tpidrro_el0, 0);
	r0_msr(contextidr_el1, 3);
	r0_msr(amair_el1, 5);
	r0_msr(par_el1, 6);
	r0_msr(cntkctl_el1, 3);
	r0_msr(cntv_cval_el0, 77);
	r0_msr(cntp_cval_el0, 78);
	r0_msr(cntp_ctl_el0, R0_TIMER_IMASK);
	r0_msr(csselr_el1, 1);
	r0_msr(mdscr_el1, 1ul << 12);
	r0_msr(dbgbvr0_el1, 0x1000);
	r0_msr(dbgwvr0_el1, 0x2000);
	r0_msr(fpsr, 0x1f);
	r0_msr(fpcr, 1ul << 24);
	r0_msr(sp_el0, 9);
	r0_msr(elr_el1, 10);
	r0_msr(spsr_el1, 5);
	r0_msr(esr_el1, 11);
	r0_msr(far_el1, 12);
	r0_msr(afsr0_el1, 13);
	r0_msr(afsr1_el1, 14);
	__asm__ volatile("movi v31.16b, #0x5a" : : : "v31");
}

/* expect pass: */
R0_TEST(wild, finds_all_as_it_was)
{
	uint64_t vector;

	__asm__ volatile("fmov %0, d31" : "=r"(vector));
	R0_ASSERT_EQ(vector, 0);
	R0_ASSERT_EQ(r0_mrs(fpcr), 0);
	R0_ASSERT_EQ(r0_mrs(tpidr_el1), 0);
	R0_ASSERT_EQ(r0_mrs(sp_el0), 0);
	R0_ASSERT_EQ(word, 0);
}

static int three(void)
{
	volatile int value = 0;

	value++;
	value++;
	value++;
	return value;
}

/* After one that ended at a store that left the VM, the first instruction is not passed over. */
/* expect fail: which nothing declares */
R0_TEST(wild, ends_at_a_store)
{
	*(volatile uint32_t *)r0_at_physical(0x0b000000) = 1;
}

/* expect pass: */
R0_TEST(wild, then_three_increments)
{
	R0_ASSERT_EQ(three(), 3);
}

/* expect fail: which nothing declares */
R0_TEST(wild, ends_at_a_load)
{
	R0_ASSERT_EQ(*(volatile uint32_t *)r0_at_physical(0x0b000000), 1);
}

/* expect pass: */
R0_TEST(wild, then_three_increments_again)
{
	R0_ASSERT_EQ(three(), 3);
}

/* Programs of random instructions: their end is anything, and leaves nothing. */
static uint32_t code[256] __attribute__((aligned(4096)));

static const int seeds[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 };

/* expect any: */
R0_TEST(wild, random_instructions, .params = R0_PARAMS(seeds), .timeout_ms = 300)
{
	uint64_t state = (uint64_t)R0_PARAM(const int) * 0x9e3779b97f4a7c15;
	uint64_t *descriptor = r0_find_descriptor(code, NULL);
	unsigned int i;

	for (i = 0; i < 256; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		code[i] = (uint32_t)(state >> 16);
		/* Mostly of the groups that are not reserved: C4.1. */
		if (state & 7)
			code[i] = (code[i] & ~(15u << 25)) | (8u + (uint32_t)(state >> 5) % 8)
								     << 25;
	}
	*descriptor &= ~R0_DESCRIPTOR_PXN;
	r0_flush_translations();
	r0_ic_iallu();
	r0_dsb(ish);
	r0_isb();
	((void (*)(void))(uintptr_t)code)();
}
