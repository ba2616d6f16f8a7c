/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controller, GICv3: Arm Generic Interrupt Controller Architecture Specification (IHI
 * 0069). A machine with .irqchip, or with several CPUs, has a distributor, and a redistributor for
 * each CPU; the CPU interface is system registers.
 */
#ifndef RING0_ARM64_GIC_H
#define RING0_ARM64_GIC_H

#include <ring0/private/types.h>
#include <ring0/fault.h>
#include <ring0/arm64/instructions.h>
#include <ring0/arm64/registers.h>

/* Where they are, guest-physical and at the same virtual addresses; a CPU's redistributor behind that of the one before. */
#define R0_GICD_ADDRESS 0x08000000ul
#define R0_GICR_ADDRESS 0x080a0000ul
#define R0_GICR_SIZE	0x20000ul

/* INTIDs: 2.2. */
#define R0_GIC_SGI(n)		n	   /* software generated, 0 to 15 */
#define R0_GIC_PPI(n)		(16 + (n)) /* private to a CPU, 0 to 15 */
#define R0_GIC_SPI(n)		(32 + (n)) /* shared */
#define R0_GIC_INTIDS		64	   /* that there are */
#define R0_GIC_SPURIOUS		1023	   /* none was pending */
#define R0_INTID_VIRTUAL_TIMER	27	   /* CNTV_*, Arm BSA, 4.1.5 */
#define R0_INTID_PHYSICAL_TIMER 30

/* The distributor: 12.9. */
#define R0_GICD_CTLR	   0x0000
#define R0_GICD_TYPER	   0x0004
#define R0_GICD_IIDR	   0x0008
#define R0_GICD_IGROUPR	   0x0080
#define R0_GICD_ISENABLER  0x0100
#define R0_GICD_ICENABLER  0x0180
#define R0_GICD_ISPENDR	   0x0200
#define R0_GICD_ICPENDR	   0x0280
#define R0_GICD_ISACTIVER  0x0300
#define R0_GICD_ICACTIVER  0x0380
#define R0_GICD_IPRIORITYR 0x0400
#define R0_GICD_ICFGR	   0x0c00
#define R0_GICD_IROUTER	   0x6000
#define R0_GICD_PIDR2	   0xffe8
#define R0_GICD_CTLR_GRP1  (1u << 1) /* group 1 is enabled */
#define R0_GICD_CTLR_ARE   (1u << 4) /* affinity routing */

/* The redistributor: 12.11. SGIs and PPIs are in its second frame, at the distributor's offsets. */
#define R0_GICR_CTLR	       0x0000
#define R0_GICR_TYPER	       0x0008
#define R0_GICR_WAKER	       0x0014
#define R0_GICR_SGI	       0x10000
#define R0_GICR_WAKER_SLEEP    (1u << 1) /* ProcessorSleep */
#define R0_GICR_WAKER_CHILDREN (1u << 2) /* ChildrenAsleep */

/* The CPU interface: 12.2. By their encodings, as assemblers know them by a later name only. */
#define R0_ICC_PMR_EL1	   S3_0_C4_C6_0
#define R0_ICC_IAR1_EL1	   S3_0_C12_C12_0
#define R0_ICC_EOIR1_EL1   S3_0_C12_C12_1
#define R0_ICC_HPPIR1_EL1  S3_0_C12_C12_2
#define R0_ICC_BPR1_EL1	   S3_0_C12_C12_3
#define R0_ICC_CTLR_EL1	   S3_0_C12_C12_4
#define R0_ICC_SRE_EL1	   S3_0_C12_C12_5
#define R0_ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define R0_ICC_RPR_EL1	   S3_0_C12_C11_3
#define R0_ICC_SGI1R_EL1   S3_0_C12_C11_5

/* r0_icc_read(IAR1), r0_icc_write(PMR, 0xff). */
#define r0_icc_read(name)	   R0_ICC_READ_(R0_ICC_##name##_EL1)
#define r0_icc_write(name, value)  R0_ICC_WRITE_(R0_ICC_##name##_EL1, value)
#define R0_ICC_READ_(name)	   r0_mrs(name)
#define R0_ICC_WRITE_(name, value) r0_msr(name, value)

static inline uint32_t r0_gicd_read(uint32_t offset)
{
	return *(const volatile uint32_t *)(R0_GICD_ADDRESS + offset);
}

static inline void r0_gicd_write(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(R0_GICD_ADDRESS + offset) = value;
}

/* Of the CPU that calls: CPU n has the affinity 0.0.(n / 16).(n % 16), and the n-th redistributor. */
static inline uintptr_t r0_gicr_address(void)
{
	const uint64_t mpidr = r0_mrs(mpidr_el1);

	return R0_GICR_ADDRESS + ((mpidr & 0xf) | (mpidr >> 8 & 0xff) << 4) * R0_GICR_SIZE;
}

static inline uint32_t r0_gicr_read(uint32_t offset)
{
	return *(const volatile uint32_t *)(r0_gicr_address() + offset);
}

static inline void r0_gicr_write(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(r0_gicr_address() + offset) = value;
}

/* A bit of an INTID's in one of the registers that have a bit for each: of its distributor or redistributor. */
static inline bool r0_gic_bit(uint32_t registers, unsigned int intid)
{
	uint32_t offset = registers + intid / 32 * 4;

	return (intid < 32 ? r0_gicr_read(R0_GICR_SGI + registers) : r0_gicd_read(offset)) >>
		       intid % 32 &
	       1;
}

static inline void r0_gic_set_bit(uint32_t registers, unsigned int intid)
{
	uint32_t offset = registers + intid / 32 * 4;

	if (intid < 32)
		r0_gicr_write(R0_GICR_SGI + registers, 1u << intid);
	else
		r0_gicd_write(offset, 1u << intid % 32);
}

static inline void r0_gic_set_priority(unsigned int intid, uint8_t priority)
{
	uintptr_t base = intid < 32 ? r0_gicr_address() + R0_GICR_SGI : R0_GICD_ADDRESS;

	*(volatile uint8_t *)(base + R0_GICD_IPRIORITYR + intid) = priority;
}

/*
 * As an operating system does at its start: the distributor and this CPU's redistributor and interface are on, for
 * group 1, with interrupts of every priority.
 */
static inline void r0_gic_enable(void)
{
	r0_gicd_write(R0_GICD_CTLR, R0_GICD_CTLR_ARE | R0_GICD_CTLR_GRP1);
	r0_gicr_write(R0_GICR_WAKER, r0_gicr_read(R0_GICR_WAKER) & ~R0_GICR_WAKER_SLEEP);
	while (r0_gicr_read(R0_GICR_WAKER) & R0_GICR_WAKER_CHILDREN)
		r0_yield();
	r0_gicr_write(R0_GICR_SGI + R0_GICD_IGROUPR, 0xffffffff);
	r0_icc_write(SRE, 7);
	r0_isb();
	r0_icc_write(PMR, 0xff);
	r0_icc_write(IGRPEN1, 1);
	r0_isb();
}

/* Have an INTID come: it is of group 1, has a priority amid, and is enabled; a shared one goes to the first CPU. */
static inline void r0_gic_enable_intid(unsigned int intid)
{
	if (intid >= 32) {
		uint32_t offset = R0_GICD_IGROUPR + intid / 32 * 4;

		r0_gicd_write(offset, r0_gicd_read(offset) | 1u << intid % 32);
		*(volatile uint64_t *)(R0_GICD_ADDRESS + R0_GICD_IROUTER + 8ul * intid) = 0;
	}
	r0_gic_set_priority(intid, 0x80);
	r0_gic_set_bit(R0_GICD_ISENABLER, intid);
}

/* Of ICC_SGI1R_EL1: to all CPUs but the one that sends it. */
#define R0_ICC_SGI1R_OTHERS (1ul << 40)

/* Send an SGI to the CPUs 0 to 15, by a bit each: 12.2.20. */
static inline void r0_gic_send_sgi(unsigned int sgi, uint16_t cpus)
{
	r0_dsb(ishst);
	r0_icc_write(SGI1R, (uint64_t)sgi << 24 | cpus);
	r0_isb();
}

#endif /* RING0_ARM64_GIC_H */
