/* SPDX-License-Identifier: MIT */
/*
 * RDMSR and WRMSR, and the MSRs that every x86-64 CPU has. SDM vol. 2B, RDMSR, and vol. 4; APM
 * vol. 2, 3.2 and appendix A.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/requirements.h"

/* Canonical for all CPUs: the lower half's highest page and the upper half's first. */
#define HIGHEST_LOW 0x00007ffffffff000ul
#define HIGH_HALF   0xffff800000000000ul

R0_TEST(msrs, efer_at_entry)
{
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_EFER), R0_EFER_SCE | R0_EFER_LME | R0_EFER_LMA | R0_EFER_NXE);
}

/*
 * As many declared MSRs as a test likes, where they are near each other: those of 32 machine-check
 * banks (SDM vol. 3B, 15.3.2) and some at the other end. One in between is what it is.
 */
#define BANK(n)                                                               \
	{ 0x400 + 4 * (n), 0x1000 + (n) }, { 0x401 + 4 * (n), 0x2000 + (n) }, \
		{ 0x402 + 4 * (n), 0x3000 + (n) },                            \
	{                                                                     \
		0x403 + 4 * (n), 0x4000 + (n)                                 \
	}
#define BANKS(n) BANK(n), BANK((n) + 1), BANK((n) + 2), BANK((n) + 3)

R0_TEST(msrs, many_can_be_declared,
	.msrs = R0_MSRS(BANKS(0), BANKS(4), BANKS(8), BANKS(12), BANKS(16), BANKS(20), BANKS(24),
			BANKS(28), { 0xc0000103, 7 }, { 0xc0011029, 8 }, { 0xc0000081, 9 }))
{
	uint64_t pat = r0_rdmsr(R0_MSR_PAT);

	for (uint32_t bank = 0; bank < 32; bank++)
		for (uint32_t which = 0; which < 4; which++)
			R0_ASSERT_EQ(r0_rdmsr(0x400 + 4 * bank + which),
				     0x1000 * (which + 1) + bank);
	R0_ASSERT_EQ(r0_rdmsr(0xc0000103), 7);
	R0_ASSERT_EQ(r0_rdmsr(0xc0011029), 8);
	R0_ASSERT_EQ(r0_rdmsr(0xc0000081), 9);
	r0_wrmsr(R0_MSR_PAT, pat ^ 1);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_PAT), pat ^ 1);
}

R0_TEST(msrs, efer_refuses_reserved_bits)
{
	uint64_t efer = r0_rdmsr(R0_MSR_EFER);

	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_EFER, efer | 1ul << 9), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_EFER, efer | 1ul << 63), R0_GP);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_EFER), efer);
}

/* SDM vol. 3A, 9.8.5: LME can't be changed while paging is on. */
R0_TEST(msrs, efer_refuses_to_clear_lme)
{
	uint64_t efer = r0_rdmsr(R0_MSR_EFER);

	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_EFER, efer & ~R0_EFER_LME), R0_GP);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_EFER), efer);
}

R0_TEST(msrs, efer_sce_sticks)
{
	uint64_t efer = r0_rdmsr(R0_MSR_EFER);

	r0_wrmsr(R0_MSR_EFER, efer & ~R0_EFER_SCE);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_EFER), efer & ~R0_EFER_SCE);
	r0_wrmsr(R0_MSR_EFER, efer);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_EFER), efer);
}

R0_TEST(msrs, absent_ones_fault)
{
	uint64_t value = 0;

	R0_ASSERT_EQ(r0_rdmsr_safe(0x0fffffff, &value), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(0x0fffffff, 0), R0_GP);
}

/* Only ECX counts, and the upper halves of RAX and RDX are cleared: SDM vol. 2B, RDMSR. */
R0_TEST(msrs, rdmsr_uses_32_bit_registers)
{
	uint64_t rax = ~0ul, rdx = ~0ul, rcx = 0xdeadbeef00000000ul | R0_MSR_EFER;

	__asm__ volatile("rdmsr" : "+a"(rax), "+d"(rdx) : "c"(rcx) : "memory");
	R0_ASSERT_EQ(rax, R0_EFER_SCE | R0_EFER_LME | R0_EFER_LMA | R0_EFER_NXE);
	R0_ASSERT_EQ(rdx, 0);
}

R0_TEST(msrs, wrmsr_uses_32_bit_registers)
{
	uint64_t rax = 0xdeadbeef12345000ul, rdx = 0xdeadbeef00001234ul,
		 rcx = 0xdeadbeef00000000ul | R0_MSR_KERNEL_GS_BASE;

	__asm__ volatile("wrmsr" : : "a"(rax), "d"(rdx), "c"(rcx) : "memory");
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_KERNEL_GS_BASE), 0x123412345000ul);
}

/*
 * Those that hold an address take canonical ones only, by the width that the CPU has, whatever paging
 * is in use: SDM vol. 2D, WRMSR, and vol. 3A, 4.5.2; APM vol. 3, WRMSR.
 */
static const uint32_t addresses[] = { R0_MSR_LSTAR, R0_MSR_CSTAR, R0_MSR_GS_BASE,
				      R0_MSR_KERNEL_GS_BASE };

static uint64_t first_non_canonical(void)
{
	return 1ul << (r0_linear_address_bits() - 1);
}

R0_TEST(msrs, addresses_must_be_canonical, .params = R0_PARAMS(addresses))
{
	uint64_t beyond = first_non_canonical();
	uint32_t index = R0_PARAM(const uint32_t);

	R0_ASSERT_EQ(r0_wrmsr_safe(index, HIGHEST_LOW), -1);
	R0_ASSERT_EQ(r0_rdmsr(index), HIGHEST_LOW);
	R0_ASSERT_EQ(r0_wrmsr_safe(index, HIGH_HALF), -1);
	R0_ASSERT_EQ(r0_rdmsr(index), HIGH_HALF);
	R0_ASSERT_EQ(r0_wrmsr_safe(index, beyond), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(index, beyond - 1), -1);
	R0_ASSERT_EQ(r0_wrmsr_safe(index, -beyond), -1);
	R0_ASSERT_EQ(r0_wrmsr_safe(index, -beyond - 1), R0_GP);
}

R0_TEST(msrs, fs_base_must_be_canonical)
{
	uint64_t base = r0_rdmsr(R0_MSR_FS_BASE);

	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_FS_BASE, first_non_canonical()), R0_GP);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_FS_BASE), base);
}

R0_TEST(msrs, gs_bases_are_0_at_entry)
{
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), 0);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_KERNEL_GS_BASE), 0);
}

R0_TEST(msrs, swapgs_exchanges_the_bases)
{
	r0_wrmsr(R0_MSR_GS_BASE, 0x111000);
	r0_wrmsr(R0_MSR_KERNEL_GS_BASE, HIGH_HALF);
	r0_swapgs();
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), HIGH_HALF);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_KERNEL_GS_BASE), 0x111000);
	r0_swapgs();
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), 0x111000);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_KERNEL_GS_BASE), HIGH_HALF);
}

R0_TEST(msrs, fs_base_is_what_rdfsbase_reads, .when = enters_with_fsgsbase)
{
	R0_ASSERT_EQ(r0_rdfsbase(), r0_rdmsr(R0_MSR_FS_BASE));
	r0_wrgsbase(0x123456789000);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), 0x123456789000);
	r0_wrmsr(R0_MSR_GS_BASE, 0x987654321000 & HIGHEST_LOW);
	R0_ASSERT_EQ(r0_rdgsbase(), 0x987654321000 & HIGHEST_LOW);
}

R0_TEST(msrs, star_and_fmask_stick)
{
	r0_wrmsr(R0_MSR_STAR, 0x1234567889abcdef);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_STAR), 0x1234567889abcdef);
	r0_wrmsr(R0_MSR_FMASK, 0x47700);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_FMASK), 0x47700);
}

/* AMD keeps 32 bits of these and checks nothing: APM vol. 2, 6.1.2. Intel: SDM vol. 2D, WRMSR. */
R0_TEST(msrs, sysenter_addresses_must_be_canonical, .when = cpu_checks_sysenter_addresses)
{
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_SYSENTER_EIP, first_non_canonical()), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_SYSENTER_ESP, first_non_canonical()), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_SYSENTER_EIP, HIGH_HALF), -1);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_SYSENTER_EIP), HIGH_HALF);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_SYSENTER_ESP, HIGHEST_LOW), -1);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_SYSENTER_ESP), HIGHEST_LOW);
}

/* SDM vol. 3A, 11.12.4; APM vol. 2, 7.8.1. */
R0_TEST(msrs, pat_after_reset)
{
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_PAT), R0_PAT_RESET);
}

/* Types 2 and 3 and reserved bits are refused: SDM vol. 3A, 11.12.2. */
R0_TEST(msrs, pat_takes_memory_types_alone, .when = checks_what_msrs_take)
{
	uint64_t pat = R0_PAT(0, R0_MEMORY_WB) | R0_PAT(1, R0_MEMORY_WC) | R0_PAT(2, R0_MEMORY_UC) |
		       R0_PAT(3, R0_MEMORY_WT) | R0_PAT(4, R0_MEMORY_WP) |
		       R0_PAT(7, R0_MEMORY_UC_MINUS);

	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_PAT, pat), -1);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_PAT), pat);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_PAT, R0_PAT(6, 2)), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_PAT, R0_PAT(5, 3)), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_PAT, R0_PAT(0, 8)), R0_GP);
}

R0_TEST(msrs, mtrrcap_is_read_only, .when = cpu_has_mtrr)
{
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_MTRRCAP, r0_rdmsr(R0_MSR_MTRRCAP)), R0_GP);
}

R0_TEST(msrs, tsc_can_be_written, .when = writes_the_tsc)
{
	uint64_t after;

	r0_wrmsr(R0_MSR_TSC, 1ul << 60);
	after = r0_rdtsc();
	R0_ASSERT_GE(after, 1ul << 60);
	/* A second at 17 GHz. */
	R0_ASSERT_LT(after, (1ul << 60) + (1ul << 34));
}

R0_TEST(msrs, tsc_grows)
{
	uint64_t before = r0_rdmsr(R0_MSR_TSC);
	uint64_t between = r0_rdtsc();
	uint64_t after = r0_rdmsr(R0_MSR_TSC);

	R0_ASSERT_LT(before, between);
	R0_ASSERT_LT(between, after);
}

R0_TEST(msrs, tsc_aux_comes_with_rdtscp, .when = executes_rdtscp)
{
	uint32_t aux = 0;

	r0_wrmsr(R0_MSR_TSC_AUX, 0x12345678);
	R0_ASSERT_NE(r0_rdtscp(&aux), 0);
	R0_ASSERT_EQ(aux, 0x12345678);
}

R0_TEST(msrs, tsc_aux_sticks, .when = cpu_has_rdtscp)
{
	r0_wrmsr(R0_MSR_TSC_AUX, 0x9abcdef0);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_TSC_AUX), 0x9abcdef0);
}
