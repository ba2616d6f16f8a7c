/* SPDX-License-Identifier: MIT */
/*
 * CPUID: the instruction, and features by name. Depends on nothing. SDM vol. 2A, CPUID; APM
 * vol. 3, appendix E.
 */
#ifndef RING0_X86_CPUID_H
#define RING0_X86_CPUID_H

#include <ring0/private/types.h>

struct r0_cpuid_result {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct r0_cpuid_result r0_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct r0_cpuid_result result;

	__asm__ volatile("cpuid"
			 : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
			 : "a"(leaf), "c"(subleaf)
			 : "memory");
	return result;
}

/* A feature is one bit of a register of a leaf: an integer constant, for r0_cpu_has(). */
#define R0_FEATURE(leaf, subleaf, reg, bit) \
	((uint64_t)(leaf) << 32 | (subleaf) << 16 | (reg) << 8 | (bit))
#define R0_FEATURE_EAX 0
#define R0_FEATURE_EBX 1
#define R0_FEATURE_ECX 2
#define R0_FEATURE_EDX 3

#define R0_FEATURE_SSE3		R0_FEATURE(1, 0, R0_FEATURE_ECX, 0)
#define R0_FEATURE_PCLMULQDQ	R0_FEATURE(1, 0, R0_FEATURE_ECX, 1)
#define R0_FEATURE_MONITOR	R0_FEATURE(1, 0, R0_FEATURE_ECX, 3)
#define R0_FEATURE_VMX		R0_FEATURE(1, 0, R0_FEATURE_ECX, 5)
#define R0_FEATURE_SSSE3	R0_FEATURE(1, 0, R0_FEATURE_ECX, 9)
#define R0_FEATURE_FMA		R0_FEATURE(1, 0, R0_FEATURE_ECX, 12)
#define R0_FEATURE_CMPXCHG16B	R0_FEATURE(1, 0, R0_FEATURE_ECX, 13)
#define R0_FEATURE_PCID		R0_FEATURE(1, 0, R0_FEATURE_ECX, 17)
#define R0_FEATURE_SSE4_1	R0_FEATURE(1, 0, R0_FEATURE_ECX, 19)
#define R0_FEATURE_SSE4_2	R0_FEATURE(1, 0, R0_FEATURE_ECX, 20)
#define R0_FEATURE_X2APIC	R0_FEATURE(1, 0, R0_FEATURE_ECX, 21)
#define R0_FEATURE_MOVBE	R0_FEATURE(1, 0, R0_FEATURE_ECX, 22)
#define R0_FEATURE_POPCNT	R0_FEATURE(1, 0, R0_FEATURE_ECX, 23)
#define R0_FEATURE_TSC_DEADLINE R0_FEATURE(1, 0, R0_FEATURE_ECX, 24)
#define R0_FEATURE_AES		R0_FEATURE(1, 0, R0_FEATURE_ECX, 25)
#define R0_FEATURE_XSAVE	R0_FEATURE(1, 0, R0_FEATURE_ECX, 26)
#define R0_FEATURE_OSXSAVE	R0_FEATURE(1, 0, R0_FEATURE_ECX, 27)
#define R0_FEATURE_AVX		R0_FEATURE(1, 0, R0_FEATURE_ECX, 28)
#define R0_FEATURE_RDRAND	R0_FEATURE(1, 0, R0_FEATURE_ECX, 30)
#define R0_FEATURE_HYPERVISOR	R0_FEATURE(1, 0, R0_FEATURE_ECX, 31)

#define R0_FEATURE_FPU	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 0)
#define R0_FEATURE_VME	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 1)
#define R0_FEATURE_DE	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 2)
#define R0_FEATURE_PSE	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 3)
#define R0_FEATURE_TSC	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 4)
#define R0_FEATURE_MSR	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 5)
#define R0_FEATURE_PAE	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 6)
#define R0_FEATURE_MCE	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 7)
#define R0_FEATURE_CX8	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 8)
#define R0_FEATURE_APIC	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 9)
#define R0_FEATURE_SEP	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 11)
#define R0_FEATURE_MTRR	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 12)
#define R0_FEATURE_PGE	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 13)
#define R0_FEATURE_MCA	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 14)
#define R0_FEATURE_CMOV	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 15)
#define R0_FEATURE_PAT	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 16)
#define R0_FEATURE_CLFLUSH R0_FEATURE(1, 0, R0_FEATURE_EDX, 19)
#define R0_FEATURE_MMX	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 23)
#define R0_FEATURE_FXSR	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 24)
#define R0_FEATURE_SSE	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 25)
#define R0_FEATURE_SSE2	   R0_FEATURE(1, 0, R0_FEATURE_EDX, 26)

#define R0_FEATURE_FSGSBASE   R0_FEATURE(7, 0, R0_FEATURE_EBX, 0)
#define R0_FEATURE_TSC_ADJUST R0_FEATURE(7, 0, R0_FEATURE_EBX, 1)
#define R0_FEATURE_BMI1	      R0_FEATURE(7, 0, R0_FEATURE_EBX, 3)
#define R0_FEATURE_AVX2	      R0_FEATURE(7, 0, R0_FEATURE_EBX, 5)
#define R0_FEATURE_SMEP	      R0_FEATURE(7, 0, R0_FEATURE_EBX, 7)
#define R0_FEATURE_BMI2	      R0_FEATURE(7, 0, R0_FEATURE_EBX, 8)
#define R0_FEATURE_ERMS	      R0_FEATURE(7, 0, R0_FEATURE_EBX, 9)
#define R0_FEATURE_INVPCID    R0_FEATURE(7, 0, R0_FEATURE_EBX, 10)
#define R0_FEATURE_AVX512F    R0_FEATURE(7, 0, R0_FEATURE_EBX, 16)
#define R0_FEATURE_SMAP	      R0_FEATURE(7, 0, R0_FEATURE_EBX, 20)
#define R0_FEATURE_UMIP	      R0_FEATURE(7, 0, R0_FEATURE_ECX, 2)
#define R0_FEATURE_PKU	      R0_FEATURE(7, 0, R0_FEATURE_ECX, 3)
#define R0_FEATURE_CET_SS     R0_FEATURE(7, 0, R0_FEATURE_ECX, 7)
#define R0_FEATURE_LA57	      R0_FEATURE(7, 0, R0_FEATURE_ECX, 16)
#define R0_FEATURE_RDPID      R0_FEATURE(7, 0, R0_FEATURE_ECX, 22)
#define R0_FEATURE_PKS	      R0_FEATURE(7, 0, R0_FEATURE_ECX, 31)
#define R0_FEATURE_CET_IBT    R0_FEATURE(7, 0, R0_FEATURE_EDX, 20)
#define R0_FEATURE_SPEC_CTRL  R0_FEATURE(7, 0, R0_FEATURE_EDX, 26)

#define R0_FEATURE_XSAVEOPT R0_FEATURE(0xd, 1, R0_FEATURE_EAX, 0)
#define R0_FEATURE_XSAVEC   R0_FEATURE(0xd, 1, R0_FEATURE_EAX, 1)
#define R0_FEATURE_XGETBV1  R0_FEATURE(0xd, 1, R0_FEATURE_EAX, 2)
#define R0_FEATURE_XSAVES   R0_FEATURE(0xd, 1, R0_FEATURE_EAX, 3)

#define R0_FEATURE_LAHF	   R0_FEATURE(0x80000001u, 0, R0_FEATURE_ECX, 0) /* in 64-bit mode */
#define R0_FEATURE_LZCNT   R0_FEATURE(0x80000001u, 0, R0_FEATURE_ECX, 5)
#define R0_FEATURE_SVM	   R0_FEATURE(0x80000001u, 0, R0_FEATURE_ECX, 2)
#define R0_FEATURE_SYSCALL R0_FEATURE(0x80000001u, 0, R0_FEATURE_EDX, 11)
#define R0_FEATURE_NX	   R0_FEATURE(0x80000001u, 0, R0_FEATURE_EDX, 20)
#define R0_FEATURE_1GB	   R0_FEATURE(0x80000001u, 0, R0_FEATURE_EDX, 26) /* pages of 1 GiB */
#define R0_FEATURE_RDTSCP  R0_FEATURE(0x80000001u, 0, R0_FEATURE_EDX, 27)
#define R0_FEATURE_LM	   R0_FEATURE(0x80000001u, 0, R0_FEATURE_EDX, 29)

/* Whether the CPU has R0_FEATURE_…. */
static inline bool r0_cpu_has(uint64_t feature)
{
	uint32_t leaf = (uint32_t)(feature >> 32);
	uint32_t subleaf = (uint32_t)(feature >> 16) & 0xffff;
	struct r0_cpuid_result result;
	uint32_t value = 0;

	/* The range's first leaf says which is its last. */
	if (r0_cpuid(leaf & 0xffff0000u, 0).eax < leaf)
		return false;
	result = r0_cpuid(leaf, subleaf);
	switch (feature >> 8 & 0xff) {
	case R0_FEATURE_EAX:
		value = result.eax;
		break;
	case R0_FEATURE_EBX:
		value = result.ebx;
		break;
	case R0_FEATURE_ECX:
		value = result.ecx;
		break;
	case R0_FEATURE_EDX:
		value = result.edx;
		break;
	}
	return value >> (feature & 0xff) & 1;
}

/* MAXPHYADDR, in bits: SDM vol. 3A, 4.1.4; APM vol. 3, E.4.7. */
static inline unsigned int r0_physical_address_bits(void)
{
	if (r0_cpuid(0x80000000u, 0).eax < 0x80000008u)
		return 36;
	return r0_cpuid(0x80000008u, 0).eax & 0xff;
}

/* The width of linear addresses: 48, or 57 where the CPU has 5-level paging, in use or not. */
static inline unsigned int r0_linear_address_bits(void)
{
	if (r0_cpuid(0x80000000u, 0).eax < 0x80000008u)
		return 48;
	return r0_cpuid(0x80000008u, 0).eax >> 8 & 0xff;
}

/* Whether CPUID's vendor is AMD, or Hygon, whose CPUs are AMD's. */
static inline bool r0_cpu_is_amd(void)
{
	uint32_t ebx = r0_cpuid(0, 0).ebx;

	return ebx == 0x68747541 /* "Auth" */ || ebx == 0x6f677948 /* "Hygo" */;
}

/* Whether CPUID's vendor is Intel. */
static inline bool r0_cpu_is_intel(void)
{
	return r0_cpuid(0, 0).ebx == 0x756e6547 /* "Genu" */;
}

#endif /* RING0_X86_CPUID_H */
