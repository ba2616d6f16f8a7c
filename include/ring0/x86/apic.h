/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: registers and their bits, its modes, and its registers' access in either mode. A
 * test has one if it says .irqchip, or has several CPUs (.cpus). Needs MSRs and ring0's direct map
 * of guest-physical memory.
 * SDM vol. 3A, chapter 10; APM vol. 2, chapter 16.
 */
#ifndef RING0_X86_APIC_H
#define RING0_X86_APIC_H

#include <ring0/private/types.h>
#include <ring0/fault.h>
#include <ring0/x86/cpuid.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/paging.h>

/* Where its registers are after a reset, in guest-physical memory. */
#define R0_APIC_ADDRESS 0xfee00000ul

/* Registers, by their offset in xAPIC mode: SDM table 10-1; in x2APIC mode see table 10-6. */
#define R0_APIC_ID		0x020
#define R0_APIC_VERSION		0x030
#define R0_APIC_TPR		0x080 /* task priority */
#define R0_APIC_APR		0x090 /* arbitration priority */
#define R0_APIC_PPR		0x0a0 /* processor priority */
#define R0_APIC_EOI		0x0b0
#define R0_APIC_LDR		0x0d0 /* logical destination */
#define R0_APIC_DFR		0x0e0 /* destination format; not in x2APIC mode */
#define R0_APIC_SVR		0x0f0 /* spurious interrupt vector */
#define R0_APIC_ISR		0x100 /* in service: 8 registers, each 0x10 on */
#define R0_APIC_TMR		0x180 /* trigger mode: likewise */
#define R0_APIC_IRR		0x200 /* requested: likewise */
#define R0_APIC_ESR		0x280 /* errors: write it before reading it */
#define R0_APIC_LVT_CMCI	0x2f0
#define R0_APIC_ICR		0x300 /* its low half; use r0_apic_send_ipi() */
#define R0_APIC_ICR_HIGH	0x310 /* not in x2APIC mode */
#define R0_APIC_LVT_TIMER	0x320
#define R0_APIC_LVT_THERMAL	0x330
#define R0_APIC_LVT_PERFORMANCE 0x340
#define R0_APIC_LVT_LINT0	0x350
#define R0_APIC_LVT_LINT1	0x360
#define R0_APIC_LVT_ERROR	0x370
#define R0_APIC_INITIAL_COUNT	0x380
#define R0_APIC_CURRENT_COUNT	0x390
#define R0_APIC_DIVIDE		0x3e0
#define R0_APIC_SELF_IPI	0x3f0 /* in x2APIC mode only */

/* Version: 10.4.8. */
#define R0_APIC_VERSION_MAX_LVT(version) ((version) >> 16 & 0xff) /* entries, less one */
#define R0_APIC_VERSION_NO_BROADCAST	 (1u << 24)		  /* of EOIs can be had */

/* SVR: 10.9. */
#define R0_APIC_SVR_ENABLE	 (1u << 8)
#define R0_APIC_SVR_NO_BROADCAST (1u << 12)
#define R0_APIC_SVR_RESET	 0xffu

/* LVT entries and the ICR: 10.5.1 and 10.6.1. The vector is in the low 8 bits. */
#define R0_APIC_FIXED		(0u << 8)
#define R0_APIC_LOWEST_PRIORITY (1u << 8)
#define R0_APIC_SMI		(2u << 8)
#define R0_APIC_NMI		(4u << 8)
#define R0_APIC_INIT		(5u << 8)
#define R0_APIC_STARTUP		(6u << 8)
#define R0_APIC_EXTINT		(7u << 8) /* the vector comes from the PICs */
#define R0_APIC_DELIVERY_MODE	(7u << 8)
#define R0_APIC_SEND_PENDING	(1u << 12)
#define R0_APIC_ACTIVE_LOW	(1u << 13) /* LINT0, LINT1 */
#define R0_APIC_REMOTE_IRR	(1u << 14) /* LINT0, LINT1 */
#define R0_APIC_LEVEL		(1u << 15) /* LINT0, LINT1 */
#define R0_APIC_MASKED		(1u << 16)
#define R0_APIC_LVT_RESET	R0_APIC_MASKED

/* LVT timer: 10.5.4. */
#define R0_APIC_TIMER_ONE_SHOT	   (0u << 17)
#define R0_APIC_TIMER_PERIODIC	   (1u << 17)
#define R0_APIC_TIMER_TSC_DEADLINE (2u << 17) /* armed by IA32_TSC_DEADLINE */
#define R0_APIC_TIMER_MODE	   (3u << 17)

/* ICR alone. */
#define R0_APIC_DESTINATION_LOGICAL (1u << 11)
#define R0_APIC_ASSERT		    (1u << 14)
#define R0_APIC_TO_DESTINATION	    (0u << 18)
#define R0_APIC_TO_SELF		    (1u << 18)
#define R0_APIC_TO_ALL		    (2u << 18)
#define R0_APIC_TO_OTHERS	    (3u << 18)

/* DFR: 10.6.2.2. */
#define R0_APIC_DFR_FLAT    0xffffffffu
#define R0_APIC_DFR_CLUSTER 0x0fffffffu

/* ESR: 10.5.3. */
#define R0_APIC_ESR_SEND_ILLEGAL_VECTOR	    (1u << 5)
#define R0_APIC_ESR_RECEIVED_ILLEGAL_VECTOR (1u << 6)
#define R0_APIC_ESR_ILLEGAL_REGISTER	    (1u << 7)

/* How the timer's clock is divided: 10.5.4, figure 10-10. */
#define R0_APIC_DIVIDE_BY_1   0xbu
#define R0_APIC_DIVIDE_BY_2   0x0u
#define R0_APIC_DIVIDE_BY_4   0x1u
#define R0_APIC_DIVIDE_BY_8   0x2u
#define R0_APIC_DIVIDE_BY_16  0x3u
#define R0_APIC_DIVIDE_BY_32  0x8u
#define R0_APIC_DIVIDE_BY_64  0x9u
#define R0_APIC_DIVIDE_BY_128 0xau

/* Modes, by EN and EXTD of IA32_APIC_BASE: 10.12.1, table 10-5. */
enum r0_apic_mode {
	R0_APIC_MODE_DISABLED,
	R0_APIC_MODE_XAPIC,
	R0_APIC_MODE_X2APIC,
};

static inline enum r0_apic_mode r0_apic_mode(void)
{
	uint64_t base = r0_rdmsr(R0_MSR_APIC_BASE);

	if (!(base & R0_APIC_BASE_ENABLE))
		return R0_APIC_MODE_DISABLED;
	return base & R0_APIC_BASE_X2APIC ? R0_APIC_MODE_X2APIC : R0_APIC_MODE_XAPIC;
}

/*
 * Change the mode, by way of others where the CPU does not go there directly: 10.12.5. In the disabled
 * mode the registers may lose what they hold (10.4.3). For x2APIC mode, CPUID must have it
 * (R0_FEATURE_X2APIC).
 */
static inline void r0_apic_set_mode(enum r0_apic_mode mode)
{
	uint64_t base = r0_rdmsr(R0_MSR_APIC_BASE) & ~(R0_APIC_BASE_ENABLE | R0_APIC_BASE_X2APIC);
	enum r0_apic_mode now = r0_apic_mode();

	if (now == mode)
		return;
	if (now == R0_APIC_MODE_X2APIC || mode == R0_APIC_MODE_DISABLED)
		r0_wrmsr(R0_MSR_APIC_BASE, base);
	if (mode == R0_APIC_MODE_DISABLED)
		return;
	if (now != R0_APIC_MODE_XAPIC)
		r0_wrmsr(R0_MSR_APIC_BASE, base | R0_APIC_BASE_ENABLE);
	if (mode == R0_APIC_MODE_X2APIC)
		r0_wrmsr(R0_MSR_APIC_BASE, base | R0_APIC_BASE_ENABLE | R0_APIC_BASE_X2APIC);
}

/* Registers are read and written as 32 bits at once (10.4.1): a MOV of its own sees to that. */
static inline uint32_t r0_mmio_read32(uint64_t physical)
{
	const volatile uint32_t *at = (const volatile uint32_t *)r0_direct(physical);
	uint32_t value;

	__asm__ volatile("movl %1, %0" : "=r"(value) : "m"(*at) : "memory");
	return value;
}

static inline void r0_mmio_write32(uint64_t physical, uint32_t value)
{
	volatile uint32_t *at = (volatile uint32_t *)r0_direct(physical);

	__asm__ volatile("movl %1, %0" : "=m"(*at) : "r"(value) : "memory");
}

/* A register by its offset, in the mode that the APIC is in. */
static inline uint32_t r0_apic_read(uint32_t offset)
{
	uint64_t base = r0_rdmsr(R0_MSR_APIC_BASE);

	if (base & R0_APIC_BASE_X2APIC)
		return (uint32_t)r0_rdmsr(R0_MSR_X2APIC(offset));
	return r0_mmio_read32((base & R0_APIC_BASE_ADDRESS) + offset);
}

static inline void r0_apic_write(uint32_t offset, uint32_t value)
{
	uint64_t base = r0_rdmsr(R0_MSR_APIC_BASE);

	if (base & R0_APIC_BASE_X2APIC)
		r0_wrmsr(R0_MSR_X2APIC(offset), value);
	else
		r0_mmio_write32((base & R0_APIC_BASE_ADDRESS) + offset, value);
}

/* Whether a vector's bit is set in R0_APIC_ISR, R0_APIC_TMR or R0_APIC_IRR. */
static inline bool r0_apic_has(uint32_t registers, int vector)
{
	return r0_apic_read(registers + (uint32_t)vector / 32 * 0x10) >> (vector % 32) & 1;
}

/* 8 bits in xAPIC mode, 32 in x2APIC mode: 10.4.6, 10.12.5.1. */
static inline uint32_t r0_apic_id(void)
{
	uint32_t id = r0_apic_read(R0_APIC_ID);

	return r0_apic_mode() == R0_APIC_MODE_X2APIC ? id : id >> 24;
}

/* Have it accept interrupts: after a reset it does not. */
static inline void r0_apic_enable(uint8_t spurious_vector)
{
	r0_apic_write(R0_APIC_SVR, R0_APIC_SVR_ENABLE | spurious_vector);
}

/* The interrupt of the highest priority in service has been dealt with. */
static inline void r0_apic_eoi(void)
{
	r0_apic_write(R0_APIC_EOI, 0);
}

/* The errors since the last call: 10.5.3. */
static inline uint32_t r0_apic_errors(void)
{
	r0_apic_write(R0_APIC_ESR, 0);
	return r0_apic_read(R0_APIC_ESR);
}

/*
 * Send an interrupt by the ICR: its low half, with R0_APIC_ASSERT as needed, and the APIC ID or the
 * logical destination. 10.6.1, 10.12.9.
 */
static inline void r0_apic_send_ipi(uint32_t destination, uint32_t icr)
{
	if (r0_apic_mode() == R0_APIC_MODE_X2APIC) {
		r0_wrmsr(R0_MSR_X2APIC(R0_APIC_ICR), (uint64_t)destination << 32 | icr);
		return;
	}
	r0_apic_write(R0_APIC_ICR_HIGH, destination << 24);
	r0_apic_write(R0_APIC_ICR, icr);
	while (r0_apic_read(R0_APIC_ICR) & R0_APIC_SEND_PENDING)
		;
}

static inline void r0_apic_send_self_ipi(uint8_t vector)
{
	r0_apic_send_ipi(0, R0_APIC_TO_SELF | R0_APIC_ASSERT | vector);
}

/*
 * Start the timer: its LVT entry (mode and vector), R0_APIC_DIVIDE_BY_…, and the initial count; 0
 * stops it. 10.5.4.
 */
static inline void r0_apic_start_timer(uint32_t lvt, uint32_t divide, uint32_t count)
{
	r0_apic_write(R0_APIC_DIVIDE, divide);
	r0_apic_write(R0_APIC_LVT_TIMER, lvt);
	r0_apic_write(R0_APIC_INITIAL_COUNT, count);
}

/*
 * Arm the timer in TSC-deadline mode (R0_FEATURE_TSC_DEADLINE): it interrupts once the time-stamp
 * counter reaches `tsc`; 0 disarms it. 10.5.4.1.
 */
static inline void r0_apic_set_tsc_deadline(uint64_t tsc, uint8_t vector)
{
	r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_TIMER_TSC_DEADLINE | vector);
	/* The write to memory must be done before the MSR's. */
	__asm__ volatile("mfence" : : : "memory");
	r0_wrmsr(R0_MSR_TSC_DEADLINE, tsc);
}

/*
 * Virtual wire mode: the PICs' interrupts reach the CPU by LINT0, as firmware leaves it. SDM vol. 3A,
 * 10.5.1; the Intel MultiProcessor Specification 1.4, 3.6.2.2.
 */
static inline void r0_apic_pass_pic(void)
{
	r0_apic_write(R0_APIC_LVT_LINT0, R0_APIC_EXTINT);
}

#endif /* RING0_X86_APIC_H */
