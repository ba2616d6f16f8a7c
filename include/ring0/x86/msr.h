/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers: access, indices and bits. Depends on nothing.
 * SDM vol. 4, chapter 2; APM vol. 2, appendix A.
 */
#ifndef RING0_X86_MSR_H
#define RING0_X86_MSR_H

#include <ring0/private/types.h>

/* Indices. A name of AMD's is given where Intel has none. */
#define R0_MSR_TSC		 0x10
#define R0_MSR_APIC_BASE	 0x1b
#define R0_MSR_FEATURE_CONTROL	 0x3a
#define R0_MSR_TSC_ADJUST	 0x3b
#define R0_MSR_SPEC_CTRL	 0x48
#define R0_MSR_PRED_CMD		 0x49
#define R0_MSR_MTRRCAP		 0xfe
#define R0_MSR_ARCH_CAPABILITIES 0x10a
#define R0_MSR_FLUSH_CMD	 0x10b
#define R0_MSR_SYSENTER_CS	 0x174
#define R0_MSR_SYSENTER_ESP	 0x175
#define R0_MSR_SYSENTER_EIP	 0x176
#define R0_MSR_MCG_CAP		 0x179
#define R0_MSR_MCG_STATUS	 0x17a
#define R0_MSR_MISC_ENABLE	 0x1a0
#define R0_MSR_DEBUGCTL		 0x1d9
#define R0_MSR_MTRR_PHYSBASE(n)	 (0x200 + 2 * (n))
#define R0_MSR_MTRR_PHYSMASK(n)	 (0x201 + 2 * (n))
#define R0_MSR_PAT		 0x277
#define R0_MSR_MTRR_DEF_TYPE	 0x2ff
#define R0_MSR_MC_CTL(n)	 (0x400 + 4 * (n))
#define R0_MSR_MC_STATUS(n)	 (0x401 + 4 * (n))
#define R0_MSR_VMX_BASIC	 0x480
#define R0_MSR_U_CET		 0x6a0
#define R0_MSR_S_CET		 0x6a2
#define R0_MSR_TSC_DEADLINE	 0x6e0
#define R0_MSR_X2APIC(offset)	 (0x800 + ((offset) >> 4)) /* of the xAPIC's register */
#define R0_MSR_XSS		 0xda0
#define R0_MSR_EFER		 0xc0000080
#define R0_MSR_STAR		 0xc0000081
#define R0_MSR_LSTAR		 0xc0000082
#define R0_MSR_CSTAR		 0xc0000083
#define R0_MSR_FMASK		 0xc0000084
#define R0_MSR_FS_BASE		 0xc0000100
#define R0_MSR_GS_BASE		 0xc0000101
#define R0_MSR_KERNEL_GS_BASE	 0xc0000102
#define R0_MSR_TSC_AUX		 0xc0000103
#define R0_MSR_SYSCFG		 0xc0010010
#define R0_MSR_HWCR		 0xc0010015
#define R0_MSR_VM_CR		 0xc0010114
#define R0_MSR_VM_HSAVE_PA	 0xc0010117

/* IA32_EFER: SDM vol. 3A, 2.2.1; APM vol. 2, 3.1.7. */
#define R0_EFER_SCE   (1ul << 0)  /* SYSCALL and SYSRET */
#define R0_EFER_LME   (1ul << 8)  /* long mode, once paging is on */
#define R0_EFER_LMA   (1ul << 10) /* long mode is on */
#define R0_EFER_NXE   (1ul << 11) /* execute-disable bits in page tables */
#define R0_EFER_SVME  (1ul << 12) /* AMD */
#define R0_EFER_LMSLE (1ul << 13) /* AMD: limits in 64-bit mode */
#define R0_EFER_FFXSR (1ul << 14) /* AMD */
#define R0_EFER_TCE   (1ul << 15) /* AMD */

/* IA32_STAR: what SYSCALL loads into CS, SS is 8 above; SYSRET 64-bit adds 16, SS is 8 above. */
#define R0_STAR(syscall_cs, sysret_cs) ((uint64_t)(syscall_cs) << 32 | (uint64_t)(sysret_cs) << 48)

/* IA32_APIC_BASE: SDM vol. 3A, 10.4.4; APM vol. 2, 16.3.1. */
#define R0_APIC_BASE_BSP     (1ul << 8)
#define R0_APIC_BASE_X2APIC  (1ul << 10)
#define R0_APIC_BASE_ENABLE  (1ul << 11)
#define R0_APIC_BASE_ADDRESS 0x000ffffffffff000ul

/* IA32_DEBUGCTL: SDM vol. 3B, 17.4.1; APM vol. 2, 13.1.1.6. */
#define R0_DEBUGCTL_LBR (1ul << 0)
#define R0_DEBUGCTL_BTF (1ul << 1) /* TF steps by branches */

/* Memory types, for IA32_PAT and MTRRs: SDM vol. 3A, 11.12.2; APM vol. 2, 7.8. */
#define R0_MEMORY_UC	    0ul
#define R0_MEMORY_WC	    1ul
#define R0_MEMORY_WT	    4ul
#define R0_MEMORY_WP	    5ul
#define R0_MEMORY_WB	    6ul
#define R0_MEMORY_UC_MINUS  7ul
#define R0_PAT(entry, type) ((uint64_t)(type) << 8 * (entry))
#define R0_PAT_RESET	    0x0007040600070406ul

/* IA32_MTRR_DEF_TYPE: SDM vol. 3A, 11.11.2.1; APM vol. 2, 7.7.2. */
#define R0_MTRR_DEF_TYPE_FE (1ul << 10) /* fixed ranges */
#define R0_MTRR_DEF_TYPE_E  (1ul << 11) /* MTRRs */

static inline uint64_t r0_rdmsr(uint32_t index)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void r0_wrmsr(uint32_t index, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

#endif /* RING0_X86_MSR_H */
