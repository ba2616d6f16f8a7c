/* SPDX-License-Identifier: MIT */
/*
 * CR0, CR2, CR3, CR4, CR8 and XCR0: what a test starts with, which writes the CPU refuses, and what
 * the bits do. SDM vol. 3A, 2.5, and vol. 2B, MOV CRn; APM vol. 2, 3.1.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/requirements.h"

R0_TEST(control_registers, cr0_at_entry)
{
	R0_ASSERT_EQ(r0_read_cr0(), R0_CR0_PE | R0_CR0_MP | R0_CR0_ET | R0_CR0_NE | R0_CR0_WP |
					    R0_CR0_AM | R0_CR0_PG);
}

R0_TEST(control_registers, cr4_at_entry)
{
	uint64_t always = R0_CR4_VME | R0_CR4_PSE | R0_CR4_PAE | R0_CR4_PGE | R0_CR4_OSFXSR |
			  R0_CR4_OSXMMEXCPT;
	uint64_t sometimes = R0_CR4_OSXSAVE | R0_CR4_FSGSBASE | R0_CR4_SMEP;

	/* Some hypervisors have none for their guests. */
	if (r0_is_image() && !r0_cpu_has(R0_FEATURE_VME))
		always &= ~R0_CR4_VME;
	R0_ASSERT_EQ(r0_read_cr4() & ~sometimes, always);
}

R0_TEST(control_registers, cr4_at_entry_is_what_cpuid_has, .when = cpuid_is_what_kvm_was_told)
{
	uint64_t cr4 = r0_read_cr4();

	R0_ASSERT_EQ((cr4 & R0_CR4_OSXSAVE) != 0, r0_cpu_has(R0_FEATURE_XSAVE));
	R0_ASSERT_EQ((cr4 & R0_CR4_FSGSBASE) != 0, r0_cpu_has(R0_FEATURE_FSGSBASE));
	R0_ASSERT_EQ((cr4 & R0_CR4_SMEP) != 0, r0_cpu_has(R0_FEATURE_SMEP));
}

R0_TEST(control_registers, cr0_refuses_paging_without_protection)
{
	uint64_t cr0 = r0_read_cr0();

	R0_ASSERT_EQ(r0_write_cr0_safe(cr0 & ~R0_CR0_PE), R0_GP);
	R0_ASSERT_EQ(r0_read_cr0(), cr0);
}

R0_TEST(control_registers, cr0_refuses_nw_without_cd)
{
	uint64_t cr0 = r0_read_cr0();

	R0_ASSERT_EQ(r0_write_cr0_safe(cr0 | R0_CR0_NW), R0_GP);
	R0_ASSERT_EQ(r0_read_cr0(), cr0);
}

R0_TEST(control_registers, cr0_refuses_upper_half, .when = looks_at_all_of_a_control_register)
{
	uint64_t cr0 = r0_read_cr0();

	R0_ASSERT_EQ(r0_write_cr0_safe(cr0 | 1ul << 32), R0_GP);
	R0_ASSERT_EQ(r0_write_cr0_safe(cr0 | 1ul << 63), R0_GP);
	R0_ASSERT_EQ(r0_read_cr0(), cr0);
}

/* SDM vol. 2B, MOV CRn, 64-bit mode exceptions: an attempt to clear CR0.PG. */
R0_TEST(control_registers, cr0_refuses_to_end_paging_in_64_bit_mode)
{
	uint64_t cr0 = r0_read_cr0();

	R0_ASSERT_EQ(r0_write_cr0_safe(cr0 & ~R0_CR0_PG), R0_GP);
	R0_ASSERT_EQ(r0_read_cr0(), cr0);
}

/* ET is 1 whatever is written: SDM vol. 3A, 2.5. */
R0_TEST(control_registers, cr0_et_is_fixed)
{
	uint64_t cr0 = r0_read_cr0();

	r0_write_cr0(cr0 & ~R0_CR0_ET);
	R0_ASSERT_EQ(r0_read_cr0(), cr0);
}

R0_TEST(control_registers, cr0_bits_stick)
{
	uint64_t cr0 = r0_read_cr0();
	uint64_t changed = (cr0 & ~(R0_CR0_MP | R0_CR0_NE | R0_CR0_WP | R0_CR0_AM)) | R0_CR0_TS |
			   R0_CR0_EM;

	r0_write_cr0(changed);
	R0_ASSERT_EQ(r0_read_cr0(), changed);
	r0_write_cr0(cr0);
	R0_ASSERT_EQ(r0_read_cr0(), cr0);
}

R0_TEST(control_registers, clts_clears_ts_alone)
{
	uint64_t cr0 = r0_read_cr0();

	r0_write_cr0(cr0 | R0_CR0_TS);
	R0_ASSERT_EQ(r0_read_cr0(), cr0 | R0_CR0_TS);
	r0_clts();
	R0_ASSERT_EQ(r0_read_cr0(), cr0);
}

R0_TEST(control_registers, smsw_reads_cr0)
{
	/* The upper half of a 32- or 64-bit destination is undefined (SDM vol. 2B, SMSW). */
	R0_ASSERT_EQ(r0_smsw() & 0xffff, r0_read_cr0() & 0xffff);
}

/* SDM vol. 2A, LMSW: PE, MP, EM and TS are loaded, but PE is never cleared. */
R0_TEST(control_registers, lmsw_writes_three_bits)
{
	uint64_t cr0 = r0_read_cr0();
	uint64_t others = cr0 & ~(R0_CR0_MP | R0_CR0_EM | R0_CR0_TS);

	r0_lmsw(0);
	R0_ASSERT_EQ(r0_read_cr0(), others);
	r0_lmsw(0xffff);
	R0_ASSERT_EQ(r0_read_cr0(), others | R0_CR0_MP | R0_CR0_EM | R0_CR0_TS);
}

R0_TEST(control_registers, cr2_holds_any_value)
{
	static const uint64_t values[] = { 0, 0x123456789abcdef0, ~0ul };

	for (unsigned int i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		r0_write_cr2(values[i]);
		R0_ASSERT_EQ(r0_read_cr2(), values[i]);
	}
}

R0_TEST(control_registers, cr3_keeps_pwt_and_pcd)
{
	uint64_t cr3 = r0_read_cr3();

	r0_write_cr3(cr3 | R0_CR3_PWT | R0_CR3_PCD);
	R0_ASSERT_EQ(r0_read_cr3(), cr3 | R0_CR3_PWT | R0_CR3_PCD);
	r0_write_cr3(cr3 & ~(R0_CR3_PWT | R0_CR3_PCD));
	R0_ASSERT_EQ(r0_read_cr3(), cr3 & ~(R0_CR3_PWT | R0_CR3_PCD));
}

/* Bit 60 is beyond every MAXPHYADDR, and none of those that linear-address masking uses. */
R0_TEST(control_registers, cr3_refuses_reserved_bits)
{
	uint64_t cr3 = r0_read_cr3();

	R0_ASSERT_EQ(r0_write_cr3_safe(cr3 | 1ul << 60), R0_GP);
	R0_ASSERT_EQ(r0_read_cr3(), cr3);
}

R0_TEST(control_registers, cr4_refuses_reserved_bits)
{
	uint64_t cr4 = r0_read_cr4();

	R0_ASSERT_EQ(r0_write_cr4_safe(cr4 | 1ul << 15), R0_GP);
	R0_ASSERT_EQ(r0_read_cr4(), cr4);
}

R0_TEST(control_registers, cr4_refuses_upper_half, .when = looks_at_all_of_a_control_register)
{
	uint64_t cr4 = r0_read_cr4();

	R0_ASSERT_EQ(r0_write_cr4_safe(cr4 | 1ul << 63), R0_GP);
	R0_ASSERT_EQ(r0_read_cr4(), cr4);
}

/* SDM vol. 3A, 4.1.1: PAE can't be cleared while IA-32e mode is active. */
R0_TEST(control_registers, cr4_refuses_to_end_pae)
{
	uint64_t cr4 = r0_read_cr4();

	R0_ASSERT_EQ(r0_write_cr4_safe(cr4 & ~R0_CR4_PAE), R0_GP);
	R0_ASSERT_EQ(r0_read_cr4(), cr4);
}

/* SDM vol. 3A, 2.5: LA57 can't be changed while IA-32e mode is active. */
R0_TEST(control_registers, cr4_refuses_to_change_la57)
{
	uint64_t cr4 = r0_read_cr4();

	R0_ASSERT_EQ(r0_write_cr4_safe(cr4 ^ R0_CR4_LA57), R0_GP);
	R0_ASSERT_EQ(r0_read_cr4(), cr4);
}

/* A bit of CR4 for a feature that CPUID denies is reserved. */
struct cr4_feature {
	uint64_t bit;
	uint64_t feature;
};

static const struct cr4_feature cr4_features[] = {
	{ R0_CR4_FSGSBASE, R0_FEATURE_FSGSBASE }, { R0_CR4_PCIDE, R0_FEATURE_PCID },
	{ R0_CR4_OSXSAVE, R0_FEATURE_XSAVE },	  { R0_CR4_SMEP, R0_FEATURE_SMEP },
	{ R0_CR4_SMAP, R0_FEATURE_SMAP },	  { R0_CR4_PKE, R0_FEATURE_PKU },
	{ R0_CR4_PKS, R0_FEATURE_PKS },
};

R0_TEST(control_registers, cr4_takes_what_cpuid_has, .params = R0_PARAMS(cr4_features),
	.when = cpuid_is_what_kvm_was_told)
{
	const struct cr4_feature *param = &R0_PARAM(const struct cr4_feature);
	uint64_t cr4 = r0_read_cr4() & ~param->bit;
	bool has = r0_cpu_has(param->feature);

	R0_ASSERT_EQ(r0_write_cr4_safe(cr4 | param->bit), has ? -1 : R0_GP);
	R0_ASSERT_EQ((r0_read_cr4() & param->bit) != 0, has);
}

/* SDM vol. 3A, 4.10.1: setting PCIDE needs CR3[11:0] = 0. */
R0_TEST(control_registers, cr4_refuses_pcide_with_cr3_low_bits, .when = cpu_has_pcid)
{
	uint64_t cr4 = r0_read_cr4();

	r0_write_cr3(r0_read_cr3() | R0_CR3_PWT);
	R0_ASSERT_EQ(r0_write_cr4_safe(cr4 | R0_CR4_PCIDE), R0_GP);
	r0_write_cr3(r0_read_cr3() & ~R0_CR3_PCID);
	R0_ASSERT_EQ(r0_write_cr4_safe(cr4 | R0_CR4_PCIDE), -1);
}

/* With PCIDE, CR3[11:0] is the PCID, and bit 63 of a write is not stored: SDM vol. 3A, 4.10.4.1. */
R0_TEST(control_registers, cr3_holds_the_pcid, .when = cpu_has_pcid)
{
	uint64_t cr3 = r0_read_cr3() & ~R0_CR3_PCID;

	r0_write_cr3(cr3);
	r0_write_cr4(r0_read_cr4() | R0_CR4_PCIDE);
	r0_write_cr3(cr3 | 0xabc);
	R0_ASSERT_EQ(r0_read_cr3(), cr3 | 0xabc);
	r0_write_cr3(cr3 | 0x123 | R0_CR3_NO_FLUSH);
	R0_ASSERT_EQ(r0_read_cr3(), cr3 | 0x123);
}

/* With PCIDE, paging can't be ended: SDM vol. 2B, MOV CRn. */
R0_TEST(control_registers, cr4_clearing_pcide_keeps_cr3, .when = cpu_has_pcid)
{
	uint64_t cr3 = r0_read_cr3() & ~R0_CR3_PCID;
	uint64_t cr4 = r0_read_cr4();

	r0_write_cr3(cr3);
	r0_write_cr4(cr4 | R0_CR4_PCIDE);
	R0_ASSERT_EQ(r0_read_cr4(), cr4 | R0_CR4_PCIDE);
	r0_write_cr4(cr4);
	R0_ASSERT_EQ(r0_read_cr4(), cr4);
	R0_ASSERT_EQ(r0_read_cr3(), cr3);
}

/* CR8 is the task priority, of 4 bits: SDM vol. 3A, 10.8.6. */
R0_TEST(control_registers, cr8_holds_four_bits)
{
	R0_ASSERT_EQ(r0_read_cr8(), 0);
	for (uint64_t priority = 0; priority < 16; priority++) {
		r0_write_cr8(priority);
		R0_ASSERT_EQ(r0_read_cr8(), priority);
	}
}

R0_TEST(control_registers, cr8_refuses_reserved_bits)
{
	R0_ASSERT_EQ(r0_write_cr8_safe(16), R0_GP);
	R0_ASSERT_EQ(r0_write_cr8_safe(1ul << 63), R0_GP);
	R0_ASSERT_EQ(r0_read_cr8(), 0);
}

/* Control registers that there are not: SDM vol. 2B, MOV CRn; APM vol. 3, MOV CRn. */
static void read_cr1(void *arg)
{
	(void)arg;
	__asm__ volatile(".byte 0x0f, 0x20, 0xc8" : : : "rax");
}

static void write_cr1(void *arg)
{
	(void)arg;
	__asm__ volatile(".byte 0x0f, 0x22, 0xc8");
}

static void read_cr5(void *arg)
{
	(void)arg;
	__asm__ volatile(".byte 0x0f, 0x20, 0xe8" : : : "rax");
}

static void read_cr6(void *arg)
{
	(void)arg;
	__asm__ volatile(".byte 0x0f, 0x20, 0xf0" : : : "rax");
}

static void write_cr7(void *arg)
{
	(void)arg;
	__asm__ volatile(".byte 0x0f, 0x22, 0xf8");
}

static void read_cr9(void *arg)
{
	(void)arg;
	__asm__ volatile(".byte 0x44, 0x0f, 0x20, 0xc8" : : : "rax");
}

static void read_cr15(void *arg)
{
	(void)arg;
	__asm__ volatile(".byte 0x44, 0x0f, 0x20, 0xf8" : : : "rax");
}

typedef void (*ring0_function)(void *arg);
typedef long (*ring3_function)(void *arg);

static const ring0_function absent_registers[] = { read_cr1,  write_cr1, read_cr5, read_cr6,
						   write_cr7, read_cr9,	 read_cr15 };

R0_TEST(control_registers, absent_registers_are_undefined, .params = R0_PARAMS(absent_registers))
{
	struct r0_fault fault = r0_try(R0_PARAM(const ring0_function), NULL);

	R0_ASSERT_EQ(fault.vector, R0_UD);
	R0_ASSERT_EQ(fault.error_code, 0);
}

static long read_tsc(void *arg)
{
	(void)arg;
	return r0_rdtsc() != 0;
}

/* CR4.TSD keeps RDTSC for ring 0: SDM vol. 3A, 2.5. */
R0_TEST(control_registers, cr4_tsd_denies_rdtsc_to_ring_3, .when = ring_3_obeys_control_registers)
{
	struct r0_fault fault = r0_user_call(read_tsc, NULL);

	R0_ASSERT_EQ(fault.vector, -1);
	r0_write_cr4(r0_read_cr4() | R0_CR4_TSD);
	fault = r0_user_call(read_tsc, NULL);
	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
	R0_ASSERT_NE(r0_rdtsc(), 0);
}

static void read_fs_base(void *arg)
{
	*(uint64_t *)arg = r0_rdfsbase();
}

R0_TEST(control_registers, cr4_fsgsbase_enables_rdfsbase, .when = enters_with_fsgsbase)
{
	struct r0_fault fault;
	uint64_t base = 0;

	R0_ASSERT_EQ(r0_try(read_fs_base, &base).vector, -1);
	R0_ASSERT_EQ(base, r0_rdmsr(R0_MSR_FS_BASE));
	r0_write_cr4(r0_read_cr4() & ~R0_CR4_FSGSBASE);
	fault = r0_try(read_fs_base, &base);
	R0_ASSERT_EQ(fault.vector, R0_UD);
	R0_ASSERT_EQ(fault.error_code, 0);
}

static long store_gdt(void *arg)
{
	(void)arg;
	return r0_sgdt().limit;
}

static long store_idt(void *arg)
{
	(void)arg;
	return r0_sidt().limit;
}

static long store_ldt(void *arg)
{
	(void)arg;
	return r0_sldt();
}

static long store_tr(void *arg)
{
	(void)arg;
	return r0_str();
}

static long store_msw(void *arg)
{
	(void)arg;
	return (long)(r0_smsw() & 0xffff);
}

static const ring3_function umip_instructions[] = { store_gdt, store_idt, store_ldt, store_tr,
						    store_msw };

/* Without UMIP ring 3 may store them: SDM vol. 2B, SGDT and the others. */
R0_TEST(control_registers, ring_3_reads_tables_without_umip, .params = R0_PARAMS(umip_instructions))
{
	ring3_function store = R0_PARAM(const ring3_function);
	struct r0_fault fault = r0_user_call(store, NULL);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, store(NULL));
}

R0_TEST(control_registers, cr4_umip_denies_them_to_ring_3, .params = R0_PARAMS(umip_instructions),
	.when = ring_3_obeys_umip)
{
	ring3_function store = R0_PARAM(const ring3_function);
	struct r0_fault fault;

	r0_write_cr4(r0_read_cr4() | R0_CR4_UMIP);
	fault = r0_user_call(store, NULL);
	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
	store(NULL);
}

R0_TEST(control_registers, cr4_osxsave_shows_in_cpuid, .when = enters_with_osxsave)
{
	R0_ASSERT(r0_cpu_has(R0_FEATURE_OSXSAVE));
	r0_write_cr4(r0_read_cr4() & ~R0_CR4_OSXSAVE);
	R0_ASSERT(!r0_cpu_has(R0_FEATURE_OSXSAVE));
}

static void read_xcr0(void *arg)
{
	*(uint64_t *)arg = r0_xgetbv(0);
}

R0_TEST(control_registers, xgetbv_needs_osxsave, .when = enters_with_osxsave)
{
	uint64_t xcr0 = 0;

	R0_ASSERT_EQ(r0_try(read_xcr0, &xcr0).vector, -1);
	R0_ASSERT_EQ(xcr0 & R0_XCR0_X87, R0_XCR0_X87);
	r0_write_cr4(r0_read_cr4() & ~R0_CR4_OSXSAVE);
	R0_ASSERT_EQ(r0_try(read_xcr0, &xcr0).vector, R0_UD);
}

R0_TEST(control_registers, xcr0_has_avx_at_entry, .when = executes_xgetbv)
{
	uint64_t wanted = R0_XCR0_X87 | R0_XCR0_SSE;

	if (r0_cpu_has(R0_FEATURE_AVX))
		wanted |= R0_XCR0_AVX;
	R0_ASSERT_EQ(r0_xgetbv(0) & wanted, wanted);
}

/* SDM vol. 2D, XSETBV: x87 can't be off, AVX needs SSE, there is no other register to write. */
R0_TEST(control_registers, xsetbv_refuses_bad_states, .when = executes_xsetbv)
{
	R0_ASSERT_EQ(r0_xsetbv_safe(0, 0), R0_GP);
	R0_ASSERT_EQ(r0_xsetbv_safe(0, R0_XCR0_SSE), R0_GP);
	R0_ASSERT_EQ(r0_xsetbv_safe(0, R0_XCR0_X87 | R0_XCR0_AVX), R0_GP);
	R0_ASSERT_EQ(r0_xsetbv_safe(0, R0_XCR0_X87 | 1ul << 62), R0_GP);
	R0_ASSERT_EQ(r0_xsetbv_safe(1, R0_XCR0_X87), R0_GP);
	R0_ASSERT_EQ(r0_xsetbv_safe(0, R0_XCR0_X87 | R0_XCR0_SSE), -1);
}

R0_TEST(control_registers, xsetbv_needs_osxsave, .when = enters_with_osxsave)
{
	r0_write_cr4(r0_read_cr4() & ~R0_CR4_OSXSAVE);
	R0_ASSERT_EQ(r0_xsetbv_safe(0, R0_XCR0_X87), R0_UD);
}
