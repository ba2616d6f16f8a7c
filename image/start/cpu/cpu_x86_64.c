/* SPDX-License-Identifier: MIT */
#include "image/start/cpu/cpu_x86_64.h"
#include <ring0/private/abi.h>
#include <ring0/x86.h>
#include "image/start/cpu/exceptions_x86_64.h"

/* As machine/entry_x86_64.c has it. */
#define CR0  (R0_CR0_PE | R0_CR0_MP | R0_CR0_ET | R0_CR0_NE | R0_CR0_WP | R0_CR0_AM | R0_CR0_PG)
#define EFER (R0_EFER_SCE | R0_EFER_LME | R0_EFER_LMA | R0_EFER_NXE)

/* TF, IF, DF, IOPL, NT, AC. */
#define SYSCALL_FLAGS 0x47700

#define XSTATE_LEAF 0xd

/* FCW and MXCSR after a reset: SDM vol. 3A, table 9-1. */
#define FCW_RESET   0x37f
#define MXCSR_RESET 0x1f80

#define MSR_MTRR_FIXED_64K 0x250
#define MSR_MTRR_FIXED_16K 0x258
#define MSR_MTRR_FIXED_4K  0x268

struct cpu_features cpu_features;
struct cpu_gs cpu_gs;

static uint64_t cr4;

/* MSRs that tests change, with the values that they have in the beginning. The TSC goes on. */
static struct saved_msr {
	uint32_t index;
	bool is_there;
	uint64_t value;
} msrs[] = {
	{ R0_MSR_STAR, false, 0 },
	{ R0_MSR_CSTAR, false, 0 },
	{ R0_MSR_FMASK, false, 0 },
	{ R0_MSR_GS_BASE, false, 0 },
	{ R0_MSR_KERNEL_GS_BASE, false, 0 },
	{ R0_MSR_SYSENTER_CS, false, 0 },
	{ R0_MSR_SYSENTER_ESP, false, 0 },
	{ R0_MSR_SYSENTER_EIP, false, 0 },
	{ R0_MSR_PAT, false, 0 },
	{ R0_MSR_DEBUGCTL, false, 0 },
	{ R0_MSR_TSC_AUX, false, 0 },
	{ R0_MSR_TSC_ADJUST, false, 0 },
	{ R0_MSR_TSC_DEADLINE, false, 0 },
	{ R0_MSR_SPEC_CTRL, false, 0 },
	{ R0_MSR_MISC_ENABLE, false, 0 },
	{ R0_MSR_XSS, false, 0 },
	{ R0_MSR_U_CET, false, 0 },
	{ R0_MSR_S_CET, false, 0 },
	{ R0_MSR_MCG_STATUS, false, 0 },
	{ R0_MSR_VM_HSAVE_PA, false, 0 },
	{ R0_MSR_VM_CR, false, 0 },
	{ R0_MSR_HWCR, false, 0 },
	{ R0_MSR_MTRR_DEF_TYPE, false, 0 },
	{ MSR_MTRR_FIXED_64K, false, 0 },
	{ MSR_MTRR_FIXED_16K, false, 0 },
	{ MSR_MTRR_FIXED_16K + 1, false, 0 },
	{ MSR_MTRR_FIXED_4K, false, 0 },
	{ MSR_MTRR_FIXED_4K + 1, false, 0 },
	{ MSR_MTRR_FIXED_4K + 2, false, 0 },
	{ MSR_MTRR_FIXED_4K + 3, false, 0 },
	{ MSR_MTRR_FIXED_4K + 4, false, 0 },
	{ MSR_MTRR_FIXED_4K + 5, false, 0 },
	{ MSR_MTRR_FIXED_4K + 6, false, 0 },
	{ MSR_MTRR_FIXED_4K + 7, false, 0 },
	{ R0_MSR_MTRR_PHYSBASE(0), false, 0 },
	{ R0_MSR_MTRR_PHYSMASK(0), false, 0 },
	{ R0_MSR_MTRR_PHYSBASE(1), false, 0 },
	{ R0_MSR_MTRR_PHYSMASK(1), false, 0 },
	{ R0_MSR_MTRR_PHYSBASE(2), false, 0 },
	{ R0_MSR_MTRR_PHYSMASK(2), false, 0 },
	{ R0_MSR_MTRR_PHYSBASE(3), false, 0 },
	{ R0_MSR_MTRR_PHYSMASK(3), false, 0 },
	{ R0_MSR_MTRR_PHYSBASE(4), false, 0 },
	{ R0_MSR_MTRR_PHYSMASK(4), false, 0 },
	{ R0_MSR_MTRR_PHYSBASE(5), false, 0 },
	{ R0_MSR_MTRR_PHYSMASK(5), false, 0 },
	{ R0_MSR_MTRR_PHYSBASE(6), false, 0 },
	{ R0_MSR_MTRR_PHYSMASK(6), false, 0 },
	{ R0_MSR_MTRR_PHYSBASE(7), false, 0 },
	{ R0_MSR_MTRR_PHYSMASK(7), false, 0 },
};

#define MSR_COUNT (sizeof(msrs) / sizeof(msrs[0]))

static struct saved_msr *saved(uint32_t index)
{
	unsigned int i;

	for (i = 0; msrs[i].index != index; i++)
		;
	return &msrs[i];
}

void cpu_look(void)
{
	const struct r0_cpuid_result highest = r0_cpuid(0x80000000, 0);
	unsigned int i;

	cpu_features.physical_bits =
		highest.eax >= 0x80000008 ? r0_cpuid(0x80000008, 0).eax & 0xff : 36;
	/* PDPE1GB. */
	cpu_features.gigabyte_pages = r0_cpuid(0x80000001, 0).edx >> 26 & 1;
	cr4 = R0_CR4_PAE | R0_CR4_OSFXSR | R0_CR4_OSXMMEXCPT;
	/* Xen's PVH guests have no VME. */
	cr4 |= r0_cpu_has(R0_FEATURE_VME) ? R0_CR4_VME : 0;
	cr4 |= r0_cpu_has(R0_FEATURE_PSE) ? R0_CR4_PSE : 0;
	cr4 |= r0_cpu_has(R0_FEATURE_PGE) ? R0_CR4_PGE : 0;
	cr4 |= r0_cpu_has(R0_FEATURE_FSGSBASE) ? R0_CR4_FSGSBASE : 0;
	cr4 |= r0_cpu_has(R0_FEATURE_SMEP) ? R0_CR4_SMEP : 0;
	if (r0_cpu_has(R0_FEATURE_XSAVE)) {
		const struct r0_cpuid_result xstate = r0_cpuid(XSTATE_LEAF, 0);

		cr4 |= R0_CR4_OSXSAVE;
		cpu_features.xcr0 = xstate.eax | (uint64_t)xstate.edx << 32;
	}
	for (i = 0; i < MSR_COUNT; i++)
		msrs[i].is_there = exceptions_rdmsr(msrs[i].index, &msrs[i].value);
	/* What a mirrored test starts with, rather than what firmware has left. */
	saved(R0_MSR_STAR)->value = R0_STAR(R0_KERNEL_CS, R0_USER_CS32);
	saved(R0_MSR_FMASK)->value = SYSCALL_FLAGS;
	saved(R0_MSR_CSTAR)->value = 0;
	saved(R0_MSR_GS_BASE)->value = 0;
	saved(R0_MSR_KERNEL_GS_BASE)->value = 0;
	saved(R0_MSR_SYSENTER_CS)->value = 0;
	saved(R0_MSR_SYSENTER_ESP)->value = 0;
	saved(R0_MSR_SYSENTER_EIP)->value = 0;
	saved(R0_MSR_PAT)->value = R0_PAT_RESET;
	saved(R0_MSR_TSC_AUX)->value = 0;
	saved(R0_MSR_TSC_DEADLINE)->value = 0;
	saved(R0_MSR_DEBUGCTL)->value = 0;
}

/* Only those that changed: a write may be slow, or have effects. */
static void restore_msrs(void)
{
	unsigned int i;

	for (i = 0; i < MSR_COUNT; i++) {
		uint64_t now;

		if (msrs[i].is_there && exceptions_rdmsr(msrs[i].index, &now) &&
		    now != msrs[i].value)
			exceptions_wrmsr(msrs[i].index, msrs[i].value);
	}
}

void cpu_recover(void)
{
	r0_write_dr7(R0_DR7_RESET);
	r0_write_cr0(CR0);
	/* In VMX operation CR4.VMXE can't be cleared: SDM vol. 3C, 23.8. */
	if (r0_read_cr4() & R0_CR4_VMXE)
		exceptions_vmxoff();
	r0_write_cr4(cr4);
	r0_wrmsr(R0_MSR_EFER, EFER);
	/* Not needlessly: QEMU's SVM (7.2) ends in an assertion if an interrupt waits for its guest then. */
	if (r0_read_cr8())
		r0_write_cr8(0);
	r0_lldt(0);
}

static void set_extended_state(void)
{
	/* FXRSTOR, not LDMXCSR and FNINIT: some software KVMs complete nothing else. */
	static struct {
		uint16_t fcw;
		uint8_t others[22];
		uint32_t mxcsr;
		uint8_t rest[484];
	} __attribute__((aligned(16))) fresh = { .fcw = FCW_RESET, .mxcsr = MXCSR_RESET };
	/* XSTATE_BV 0: all components as after a reset (SDM vol. 1, 13.6). */
	static struct {
		uint8_t legacy[24];
		uint32_t mxcsr;
		uint8_t others[484];
		uint64_t header[8];
		uint8_t rest[4096];
	} __attribute__((aligned(64))) area = { .mxcsr = MXCSR_RESET };

	if (cpu_features.xcr0) {
		r0_xsetbv(0, cpu_features.xcr0);
		__asm__ volatile("xrstor64 %0"
				 :
				 : "m"(area), "a"((uint32_t)cpu_features.xcr0),
				   "d"((uint32_t)(cpu_features.xcr0 >> 32)));
	}
	__asm__ volatile("fxrstor64 %0" : : "m"(fresh));
}

void cpu_prepare(const struct image_payload *payload, unsigned int number)
{
	const uint64_t area = payload->area + number * R0_AREA_SIZE;
	/* As in machine/entry_x86_64.c: each CPU's TR tells which one it is. */
	const uint16_t task =
		(uint16_t)(number ? R0_TSS_OTHERS + 16 * (number - 1) : (unsigned int)R0_TSS);
	const struct r0_table_register gdtr = {
		.limit = (uint16_t)((number ? task + 16u : R0_GDT_SIZE) - 1),
		.base = area + R0_AREA_GDT,
	};
	uint64_t *gdt = (uint64_t *)gdtr.base;
	int n;

	restore_msrs();
	exceptions_wrmsr(R0_MSR_LSTAR, payload->syscalls + number * R0_SYSCALL_ENTRY_SIZE);
	set_extended_state();
	for (n = 0; n < 4; n++)
		r0_write_dr(n, 0);
	r0_write_dr6(R0_DR6_RESET);
	r0_lgdt(gdtr);
	r0_write_cs(R0_KERNEL_CS);
	r0_write_ss(R0_KERNEL_DS);
	r0_write_ds(R0_KERNEL_DS);
	r0_write_es(R0_KERNEL_DS);
	r0_write_fs(0);
	r0_write_gs(0);
	/* LTR takes one that is not busy, and makes it so: then it is as it was. */
	gdt[task / 8] &= ~R0_SEGMENT_TYPE(R0_TYPE_TSS_BUSY ^ R0_TYPE_TSS);
	r0_ltr(task);
	r0_wrmsr(R0_MSR_FS_BASE, payload->fs_base[number]);
	r0_wrmsr(R0_MSR_GS_BASE, cpu_gs.first + number * cpu_gs.size);
}
