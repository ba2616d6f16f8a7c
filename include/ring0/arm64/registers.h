/* SPDX-License-Identifier: MIT */
/* System registers: access by name, and their fields. Depends on nothing. */
#ifndef RING0_ARM64_REGISTERS_H
#define RING0_ARM64_REGISTERS_H

#include <ring0/private/types.h>

/*
 * MRS and MSR: r0_mrs(sctlr_el1), r0_msr(vbar_el1, table). A register that the assembler does not know is named by
 * its encoding, as in S3_0_C1_C0_0: Arm ARM, C5.1.2. What a write changes may wait for an ISB.
 */
#define r0_mrs(name)                                                               \
	__extension__({                                                            \
		uint64_t r0_value_;                                                \
		__asm__ volatile("mrs %0, " #name : "=r"(r0_value_) : : "memory"); \
		r0_value_;                                                         \
	})
#define r0_msr(name, value)                                                                    \
	do {                                                                                   \
		__asm__ volatile("msr " #name ", %x0" : : "rZ"((uint64_t)(value)) : "memory"); \
	} while (0)

/* MSR (immediate), of DAIFSet, DAIFClr, SPSel, PAN (by its encoding) and the like: r0_msr_immediate(daifclr, 2). */
#define r0_msr_immediate(field, value)                                            \
	do {                                                                      \
		__asm__ volatile("msr " #field ", %0" : : "i"(value) : "memory"); \
	} while (0)

/* SCTLR_EL1: Arm ARM, D19.2.117. */
#define R0_SCTLR_M    (1ul << 0)  /* translation of EL1 and EL0 */
#define R0_SCTLR_A    (1ul << 1)  /* alignment checks */
#define R0_SCTLR_C    (1ul << 2)  /* data caches */
#define R0_SCTLR_SA   (1ul << 3)  /* alignment checks of SP, at EL1 */
#define R0_SCTLR_SA0  (1ul << 4)  /* and at EL0 */
#define R0_SCTLR_UMA  (1ul << 9)  /* EL0 may access DAIF */
#define R0_SCTLR_I    (1ul << 12) /* instruction caches */
#define R0_SCTLR_ENDB (1ul << 13) /* pointer authentication with key DB */
#define R0_SCTLR_DZE  (1ul << 14) /* EL0 may use DC ZVA */
#define R0_SCTLR_UCT  (1ul << 15) /* EL0 may read CTR_EL0 */
#define R0_SCTLR_NTWI (1ul << 16) /* EL0 may use WFI */
#define R0_SCTLR_NTWE (1ul << 18) /* EL0 may use WFE */
#define R0_SCTLR_WXN  (1ul << 19) /* what is writable is not executable */
#define R0_SCTLR_SPAN (1ul << 23) /* exceptions leave PSTATE.PAN alone */
#define R0_SCTLR_UCI  (1ul << 26) /* EL0 may use cache maintenance */
#define R0_SCTLR_ENDA (1ul << 27)
#define R0_SCTLR_ENIB (1ul << 30)
#define R0_SCTLR_ENIA (1ul << 31)
#define R0_SCTLR_BT0  (1ul << 35) /* PACIASP is no landing pad for every branch, at EL0 */
#define R0_SCTLR_BT1  (1ul << 36) /* and at EL1 */

/* TCR_EL1: Arm ARM, D19.2.139. */
#define R0_TCR_T0SZ(value) ((uint64_t)(value) << 0)
#define R0_TCR_EPD0	   (1ul << 7) /* no walks by TTBR0_EL1 */
#define R0_TCR_TG0(value)  ((uint64_t)(value) << 14)
#define R0_TCR_T1SZ(value) ((uint64_t)(value) << 16)
#define R0_TCR_A1	   (1ul << 22) /* the ASID is that of TTBR1_EL1 */
#define R0_TCR_EPD1	   (1ul << 23)
#define R0_TCR_TG1(value)  ((uint64_t)(value) << 30)
#define R0_TCR_IPS(value)  ((uint64_t)(value) << 32)
#define R0_TCR_AS	   (1ul << 36) /* ASIDs of 16 bits */
#define R0_TCR_TBI0	   (1ul << 37) /* the top byte of addresses is a tag */
#define R0_TCR_TBI1	   (1ul << 38)
#define R0_TCR_HA	   (1ul << 39) /* the CPU sets access flags */
#define R0_TCR_HD	   (1ul << 40) /* and makes pages with DBM writable */

/* TTBR0_EL1 and TTBR1_EL1: Arm ARM, D19.2.155. */
#define R0_TTBR_ASID(value) ((uint64_t)(value) << 48)
#define R0_TTBR_ADDRESS	    0x0000fffffffffffeul
#define R0_TTBR_CNP	    (1ul << 0)

/* CPACR_EL1: Arm ARM, D19.2.29; 3 is no traps, 1 those of EL0. */
#define R0_CPACR_ZEN(value)  ((uint64_t)(value) << 16) /* SVE */
#define R0_CPACR_FPEN(value) ((uint64_t)(value) << 20) /* SIMD and floating point */

/* PSTATE as in SPSR_EL1: Arm ARM, C5.2.19. */
#define R0_PSTATE_EL0T (0ul << 0)
#define R0_PSTATE_EL1T (4ul << 0) /* with SP_EL0 */
#define R0_PSTATE_EL1H (5ul << 0) /* with SP_EL1 */
#define R0_PSTATE_EL2H (9ul << 0)
#define R0_PSTATE_MODE 0xful
#define R0_PSTATE_32   (1ul << 4) /* AArch32 */
#define R0_PSTATE_F    (1ul << 6) /* FIQs are masked */
#define R0_PSTATE_I    (1ul << 7) /* IRQs are masked */
#define R0_PSTATE_A    (1ul << 8) /* SErrors are masked */
#define R0_PSTATE_D    (1ul << 9) /* debug exceptions are masked */
#define R0_PSTATE_DAIF (0xful << 6)
#define R0_PSTATE_SSBS (1ul << 12)
#define R0_PSTATE_IL   (1ul << 20) /* illegal execution state */
#define R0_PSTATE_SS   (1ul << 21) /* software step */
#define R0_PSTATE_PAN  (1ul << 22) /* privileged access never */
#define R0_PSTATE_UAO  (1ul << 23) /* user access override */
#define R0_PSTATE_DIT  (1ul << 24)
#define R0_PSTATE_TCO  (1ul << 25)
#define R0_PSTATE_V    (1ul << 28)
#define R0_PSTATE_C    (1ul << 29)
#define R0_PSTATE_Z    (1ul << 30)
#define R0_PSTATE_N    (1ul << 31)

/* MDSCR_EL1: Arm ARM, D19.3.20. */
#define R0_MDSCR_SS  (1ul << 0)	 /* software step */
#define R0_MDSCR_KDE (1ul << 13) /* debug exceptions at EL1 */
#define R0_MDSCR_MDE (1ul << 15) /* breakpoints and watchpoints */

/* A field of an ID register, of 4 bits: R0_ID_FIELD(r0_mrs(id_aa64mmfr1_el1), R0_ID_MMFR1_PAN). */
#define R0_ID_FIELD(value, shift) ((unsigned int)((value) >> (shift)&0xf))

#define R0_ID_MMFR0_PARANGE 0 /* ID_AA64MMFR0_EL1: physical addresses */
#define R0_ID_MMFR1_HAFDBS  0 /* ID_AA64MMFR1_EL1: 1 access flags, 2 dirty state, too */
#define R0_ID_MMFR1_PAN	    20
#define R0_ID_MMFR2_UAO	    4  /* ID_AA64MMFR2_EL1 */
#define R0_ID_ISAR0_ATOMIC  20 /* ID_AA64ISAR0_EL1: 2 is FEAT_LSE */
#define R0_ID_ISAR1_APA	    4  /* ID_AA64ISAR1_EL1: pointer authentication by QARMA5 */
#define R0_ID_ISAR1_API	    8  /* by an algorithm of the implementation's */
#define R0_ID_PFR0_EL0	    0  /* ID_AA64PFR0_EL1: 2 is AArch32, too */
#define R0_ID_PFR0_SVE	    32
#define R0_ID_PFR1_BT	    0 /* ID_AA64PFR1_EL1: FEAT_BTI */

#endif /* RING0_ARM64_REGISTERS_H */
