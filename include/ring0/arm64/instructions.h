/* SPDX-License-Identifier: MIT */
/* Instructions that compilers don't use by themselves. Depends on nothing. */
#ifndef RING0_ARM64_INSTRUCTIONS_H
#define RING0_ARM64_INSTRUCTIONS_H

#include <ring0/private/types.h>

/* Barriers: Arm ARM, C6.2.108, DSB and DMB by their option (sy, ish, ishst, nsh, …): r0_dsb(ish). */
#define r0_dsb(option)                                           \
	do {                                                     \
		__asm__ volatile("dsb " #option : : : "memory"); \
	} while (0)
#define r0_dmb(option)                                           \
	do {                                                     \
		__asm__ volatile("dmb " #option : : : "memory"); \
	} while (0)

static inline void r0_isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}

/* TLBI without an operand, and with one: r0_tlbi(vmalle1), r0_tlbi_of(vae1, R0_TLBI_PAGE(address, asid)). C5.5. */
#define r0_tlbi(operation)                                           \
	do {                                                         \
		__asm__ volatile("tlbi " #operation : : : "memory"); \
	} while (0)
#define r0_tlbi_of(operation, operand)                      \
	do {                                                \
		__asm__ volatile("tlbi " #operation ", %0"  \
				 :                          \
				 : "r"((uint64_t)(operand)) \
				 : "memory");               \
	} while (0)
#define R0_TLBI_PAGE(address, asid) \
	(((uint64_t)(address) >> 12 & 0xffffffffffful) | (uint64_t)(asid) << 48)

/* Of this CPU, of all ASIDs, with what was written to the tables before. */
static inline void r0_flush_translations(void)
{
	r0_dsb(ishst);
	r0_tlbi(vmalle1);
	r0_dsb(nsh);
	r0_isb();
}

/* DC and IC by address: r0_dc(civac, pointer), r0_ic_iallu(). C5.3. */
#define r0_dc(operation, address)                                                      \
	do {                                                                           \
		__asm__ volatile("dc " #operation ", %0" : : "r"(address) : "memory"); \
	} while (0)

static inline void r0_ic_iallu(void)
{
	__asm__ volatile("ic iallu" : : : "memory");
}

/*
 * AT, as the CPU translates: r0_at(s1e1r, address) gives PAR_EL1, whose bit 0 is set if there is no such access. C5.4 and
 * D19.2.110.
 */
#define r0_at(operation, address)                                                  \
	__extension__({                                                            \
		uint64_t r0_par_;                                                  \
		__asm__ volatile("at " #operation ", %1\n\tisb\n\tmrs %0, par_el1" \
				 : "=r"(r0_par_)                                   \
				 : "r"(address)                                    \
				 : "memory");                                      \
		r0_par_;                                                           \
	})
#define R0_PAR_F	(1ul << 0)
#define R0_PAR_FST(par) ((unsigned int)((par) >> 1 & 0x3f)) /* the fault status, if F is set */
#define R0_PAR_ADDRESS	0x000ffffffffff000ul

/* C6.2.353, WFI; C6.2.351, WFE; C6.2.248, SEV; C6.2.364, YIELD. */
static inline void r0_wfi(void)
{
	__asm__ volatile("wfi" : : : "memory");
}

static inline void r0_wfe(void)
{
	__asm__ volatile("wfe" : : : "memory");
}

static inline void r0_sev(void)
{
	__asm__ volatile("sev" : : : "memory");
}

static inline void r0_yield(void)
{
	__asm__ volatile("yield" : : : "memory");
}

/* SVC, HVC and BRK with an immediate; they leave registers to whoever answers. */
#define r0_svc(immediate)                                                       \
	do {                                                                    \
		__asm__ volatile("svc %0" : : "i"(immediate) : "memory", "x0"); \
	} while (0)
#define r0_brk(immediate)                                                 \
	do {                                                              \
		__asm__ volatile("brk %0" : : "i"(immediate) : "memory"); \
	} while (0)

/* UDF, which is undefined for good: C6.2.390. */
#define r0_udf(immediate)                                                 \
	do {                                                              \
		__asm__ volatile("udf %0" : : "i"(immediate) : "memory"); \
	} while (0)

/* A call by the SMC calling convention (Arm DEN0028): HVC #0, the function's number in X0. */
static inline uint64_t r0_hvc_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
	return x0;
}

/* PSCI's functions (Arm DEN0022, 5), for r0_hvc_call(). */
#define R0_PSCI_VERSION	      0x84000000ul
#define R0_PSCI_CPU_OFF	      0x84000002ul
#define R0_PSCI_CPU_ON	      0xc4000003ul
#define R0_PSCI_AFFINITY_INFO 0xc4000004ul
#define R0_PSCI_SYSTEM_OFF    0x84000008ul
#define R0_PSCI_SYSTEM_RESET  0x84000009ul
#define R0_PSCI_FEATURES      0x8400000aul
#define R0_PSCI_NOT_SUPPORTED ((uint64_t)-1)

#endif /* RING0_ARM64_INSTRUCTIONS_H */
