/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controller: GICv3, of the Arm Generic Interrupt Controller Architecture Specification (IHI 0069), or,
 * where the host's KVM has no other, GICv2 (IHI 0048). A machine with .irqchip, or with several CPUs, has a
 * distributor. With a GICv3 each CPU has a redistributor, which has its SGIs and PPIs, and a CPU interface of system
 * registers; with a GICv2 a CPU interface that all CPUs have at one address, and its SGIs and PPIs in registers of the
 * distributor that each CPU has of its own. Functions without a version in their comments are for both.
 */
#ifndef RING0_ARM64_GIC_H
#define RING0_ARM64_GIC_H

#include <ring0/private/types.h>
#include <ring0/fault.h>
#include <ring0/arm64/instructions.h>
#include <ring0/arm64/registers.h>

/* Where they are, guest-physical and at the same virtual addresses; a CPU's redistributor behind that of the one before. */
#define R0_GICD_ADDRESS 0x08000000ul
#define R0_GICC_ADDRESS 0x08010000ul /* GICv2 */
#define R0_GICC_SIZE	0x2000ul
#define R0_GICR_ADDRESS 0x080a0000ul /* GICv3 */
#define R0_GICR_SIZE	0x20000ul

/* INTIDs: IHI 0069, 2.2. */
#define R0_GIC_SGI(n)		n	   /* software generated, 0 to 15 */
#define R0_GIC_PPI(n)		(16 + (n)) /* private to a CPU, 0 to 15 */
#define R0_GIC_SPI(n)		(32 + (n)) /* shared */
#define R0_GIC_INTIDS		64	   /* that there are */
#define R0_GIC_SPURIOUS		1023	   /* none was pending */
#define R0_INTID_VIRTUAL_TIMER	27	   /* CNTV_*, Arm BSA, 4.1.5 */
#define R0_INTID_PHYSICAL_TIMER 30

/* The distributor: IHI 0069, 12.9; IHI 0048, 4.3. */
#define R0_GICD_CTLR	    0x0000
#define R0_GICD_TYPER	    0x0004
#define R0_GICD_IIDR	    0x0008
#define R0_GICD_IGROUPR	    0x0080
#define R0_GICD_ISENABLER   0x0100
#define R0_GICD_ICENABLER   0x0180
#define R0_GICD_ISPENDR	    0x0200
#define R0_GICD_ICPENDR	    0x0280
#define R0_GICD_ISACTIVER   0x0300
#define R0_GICD_ICACTIVER   0x0380
#define R0_GICD_IPRIORITYR  0x0400
#define R0_GICD_ITARGETSR   0x0800 /* GICv2: a byte for each INTID, a bit for each CPU */
#define R0_GICD_ICFGR	    0x0c00
#define R0_GICD_SGIR	    0x0f00 /* GICv2 */
#define R0_GICD_CPENDSGIR   0x0f10 /* GICv2: a byte for each SGI, a bit for each CPU that sent it */
#define R0_GICD_SPENDSGIR   0x0f20
#define R0_GICD_IROUTER	    0x6000     /* GICv3 */
#define R0_GICD_PIDR2	    0xffe8     /* GICv3 */
#define R0_GICD_CTLR_GRP0   (1u << 0)  /* group 0 is enabled */
#define R0_GICD_CTLR_GRP1   (1u << 1)  /* group 1 is */
#define R0_GICD_CTLR_ARE    (1u << 4)  /* affinity routing: GICv3 */
#define R0_GICD_SGIR_OTHERS (1u << 24) /* TargetListFilter: all CPUs but the one that sends it */

/* GICv3's redistributor: IHI 0069, 12.11. SGIs and PPIs are in its second frame, at the distributor's offsets. */
#define R0_GICR_CTLR	       0x0000
#define R0_GICR_TYPER	       0x0008
#define R0_GICR_WAKER	       0x0014
#define R0_GICR_SGI	       0x10000
#define R0_GICR_WAKER_SLEEP    (1u << 1) /* ProcessorSleep */
#define R0_GICR_WAKER_CHILDREN (1u << 2) /* ChildrenAsleep */

/* GICv3's CPU interface: IHI 0069, 12.2. By their encodings, as assemblers know them by a later name only. */
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

/* GICv2's CPU interface: IHI 0048, 4.4. */
#define R0_GICC_CTLR	  0x0000
#define R0_GICC_PMR	  0x0004
#define R0_GICC_BPR	  0x0008
#define R0_GICC_IAR	  0x000c
#define R0_GICC_EOIR	  0x0010
#define R0_GICC_RPR	  0x0014
#define R0_GICC_HPPIR	  0x0018
#define R0_GICC_ABPR	  0x001c
#define R0_GICC_AIAR	  0x0020
#define R0_GICC_AEOIR	  0x0024
#define R0_GICC_AHPPIR	  0x0028
#define R0_GICC_APR	  0x00d0
#define R0_GICC_IIDR	  0x00fc
#define R0_GICC_DIR	  0x1000
#define R0_GICC_CTLR_GRP0 (1u << 0)
#define R0_GICC_CTLR_GRP1 (1u << 1)
#define R0_GICC_CTLR_EOI  (1u << 9) /* EOImodeNS: what is ended stays active until GICC_DIR */

/* 3 or 2: which the machine has, by ID_AA64PFR0_EL1.GIC (Arm ARM, D19.2.64). KVM lets reads of it leave the guest. */
static inline unsigned int r0_gic_version(void)
{
	return r0_mrs(id_aa64pfr0_el1) >> 24 & 0xf ? 3 : 2;
}

static inline uint32_t r0_gicd_read(uint32_t offset)
{
	return *(const volatile uint32_t *)(R0_GICD_ADDRESS + offset);
}

static inline void r0_gicd_write(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(R0_GICD_ADDRESS + offset) = value;
}

/* GICv2: of the CPU that calls. */
static inline uint32_t r0_gicc_read(uint32_t offset)
{
	return *(const volatile uint32_t *)(R0_GICC_ADDRESS + offset);
}

static inline void r0_gicc_write(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(R0_GICC_ADDRESS + offset) = value;
}

/* GICv3: of the CPU that calls: CPU n has the affinity 0.0.(n / 16).(n % 16), and the n-th redistributor. */
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

/* Where an INTID's registers begin, at the distributor's offsets, for the CPU that calls. */
static inline uintptr_t r0_gic_base(unsigned int intid)
{
	return intid < 32 && r0_gic_version() == 3 ? r0_gicr_address() + R0_GICR_SGI :
						     R0_GICD_ADDRESS;
}

/* A bit of an INTID's in one of the registers that have a bit for each. */
static inline bool r0_gic_bit(uint32_t registers, unsigned int intid)
{
	const uintptr_t at = r0_gic_base(intid) + registers + intid / 32 * 4;

	return *(const volatile uint32_t *)at >> intid % 32 & 1;
}

static inline void r0_gic_set_bit(uint32_t registers, unsigned int intid)
{
	const uintptr_t at = r0_gic_base(intid) + registers + intid / 32 * 4;

	*(volatile uint32_t *)at = 1u << intid % 32;
}

static inline void r0_gic_set_priority(unsigned int intid, uint8_t priority)
{
	*(volatile uint8_t *)(r0_gic_base(intid) + R0_GICD_IPRIORITYR + intid) = priority;
}

/* Interrupts of a lower value are taken: ICC_PMR_EL1, GICC_PMR. */
static inline void r0_gic_set_priority_mask(uint8_t mask)
{
	if (r0_gic_version() == 3)
		r0_icc_write(PMR, mask);
	else
		r0_gicc_write(R0_GICC_PMR, mask);
}

/* Of the interrupt that is active, 0xff if none is: ICC_RPR_EL1, GICC_RPR. */
static inline uint8_t r0_gic_running_priority(void)
{
	return (uint8_t)(r0_gic_version() == 3 ? r0_icc_read(RPR) : r0_gicc_read(R0_GICC_RPR));
}

/* Of GICC_IAR: above it is the CPU that sent an SGI, and r0_gic_end() is to be given both. */
#define R0_GIC_INTID(acknowledged) ((acknowledged)&0x3ff)

/*
 * Acknowledge an interrupt: ICC_IAR1_EL1, GICC_IAR. Returns what r0_gic_end() is to be given, of which
 * R0_GIC_INTID() is the INTID; R0_GIC_SPURIOUS if there is none.
 */
static inline uint32_t r0_gic_acknowledge(void)
{
	return r0_gic_version() == 3 ? (uint32_t)r0_icc_read(IAR1) : r0_gicc_read(R0_GICC_IAR);
}

/* ICC_EOIR1_EL1, GICC_EOIR. */
static inline void r0_gic_end(uint32_t acknowledged)
{
	if (r0_gic_version() == 3)
		r0_icc_write(EOIR1, acknowledged);
	else
		r0_gicc_write(R0_GICC_EOIR, acknowledged);
	r0_isb();
}

static inline void r0_gic_enable_3_(void)
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

/*
 * As an operating system does at its start: the distributor and this CPU's part of the GIC are on, with interrupts of
 * every priority. Of a GICv3 group 1 is; of a GICv2 group 0, which all of its interrupts are of and which is all that
 * KVM's distributor has: they come as IRQs.
 */
static inline void r0_gic_enable(void)
{
	if (r0_gic_version() == 3) {
		r0_gic_enable_3_();
		return;
	}
	r0_gicd_write(R0_GICD_CTLR, R0_GICD_CTLR_GRP0);
	r0_gicc_write(R0_GICC_PMR, 0xff);
	r0_gicc_write(R0_GICC_CTLR, R0_GICC_CTLR_GRP0);
}

/* Have an SPI go to the first CPU, and be of the group that r0_gic_enable() has. */
static inline void r0_gic_route_(unsigned int intid)
{
	const uint32_t offset = R0_GICD_IGROUPR + intid / 32 * 4;

	if (r0_gic_version() == 3) {
		r0_gicd_write(offset, r0_gicd_read(offset) | 1u << intid % 32);
		*(volatile uint64_t *)(R0_GICD_ADDRESS + R0_GICD_IROUTER + 8ul * intid) = 0;
	} else {
		*(volatile uint8_t *)(R0_GICD_ADDRESS + R0_GICD_ITARGETSR + intid) = 1;
	}
}

/* Have an INTID come: it has a priority amid, and is enabled; a shared one goes to the first CPU. */
static inline void r0_gic_enable_intid(unsigned int intid)
{
	if (intid >= 32)
		r0_gic_route_(intid);
	r0_gic_set_priority(intid, 0x80);
	r0_gic_set_bit(R0_GICD_ISENABLER, intid);
}

/* Of ICC_SGI1R_EL1: to all CPUs but the one that sends it. */
#define R0_ICC_SGI1R_OTHERS (1ul << 40)

/* Send an SGI to the CPUs 0 to 15, of a GICv2 to 7, by a bit each: IHI 0069, 12.2.20; IHI 0048, 4.3.15. */
static inline void r0_gic_send_sgi(unsigned int sgi, uint16_t cpus)
{
	r0_dsb(ishst);
	if (r0_gic_version() == 3)
		r0_icc_write(SGI1R, (uint64_t)sgi << 24 | cpus);
	else
		r0_gicd_write(R0_GICD_SGIR, (cpus & 0xffu) << 16 | sgi);
	r0_isb();
}

#endif /* RING0_ARM64_GIC_H */
