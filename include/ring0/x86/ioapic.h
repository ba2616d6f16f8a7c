/* SPDX-License-Identifier: MIT */
/*
 * The I/O APIC: indirect registers and redirection entries. A test has one with 24 inputs if it says
 * .irqchip. Needs ring0's direct map of guest-physical memory. Intel 82093AA data sheet, 3.0 to 3.2.
 */
#ifndef RING0_X86_IOAPIC_H
#define RING0_X86_IOAPIC_H

#include <ring0/private/types.h>
#include <ring0/x86/apic.h>

#define R0_IOAPIC_ADDRESS 0xfec00000ul
#define R0_IOAPIC_INPUTS  24

/* Which input a PC's devices are at: the PIT's and the HPET's legacy one differ from the PIC's. */
#define R0_IOAPIC_INPUT_PIT 2
#define R0_IOAPIC_INPUT_RTC 8

/* In memory: 3.1. */
#define R0_IOAPIC_IOREGSEL 0x00
#define R0_IOAPIC_IOWIN	   0x10

/* Indirect registers: 3.2. */
#define R0_IOAPIC_ID		 0x00
#define R0_IOAPIC_VERSION	 0x01
#define R0_IOAPIC_ARBITRATION	 0x02
#define R0_IOAPIC_REDIRECTION(n) (0x10u + 2u * (n)) /* the low half; the high one follows */

/* Redirection entries: 3.2.4. The vector is in the low 8 bits. */
#define R0_IOAPIC_FIXED		  (0ul << 8)
#define R0_IOAPIC_LOWEST_PRIORITY (1ul << 8)
#define R0_IOAPIC_SMI		  (2ul << 8)
#define R0_IOAPIC_NMI		  (4ul << 8)
#define R0_IOAPIC_INIT		  (5ul << 8)
#define R0_IOAPIC_EXTINT	  (7ul << 8)
#define R0_IOAPIC_DELIVERY_MODE	  (7ul << 8)
#define R0_IOAPIC_LOGICAL	  (1ul << 11) /* the destination */
#define R0_IOAPIC_SEND_PENDING	  (1ul << 12) /* read-only */
#define R0_IOAPIC_ACTIVE_LOW	  (1ul << 13)
#define R0_IOAPIC_REMOTE_IRR	  (1ul << 14) /* read-only: accepted, and no EOI yet; level only */
#define R0_IOAPIC_LEVEL		  (1ul << 15)
#define R0_IOAPIC_MASKED	  (1ul << 16)
#define R0_IOAPIC_DESTINATION(id) ((uint64_t)(id) << 56)
#define R0_IOAPIC_RESET		  R0_IOAPIC_MASKED

static inline uint32_t r0_ioapic_read(uint8_t index)
{
	r0_mmio_write32(R0_IOAPIC_ADDRESS + R0_IOAPIC_IOREGSEL, index);
	return r0_mmio_read32(R0_IOAPIC_ADDRESS + R0_IOAPIC_IOWIN);
}

static inline void r0_ioapic_write(uint8_t index, uint32_t value)
{
	r0_mmio_write32(R0_IOAPIC_ADDRESS + R0_IOAPIC_IOREGSEL, index);
	r0_mmio_write32(R0_IOAPIC_ADDRESS + R0_IOAPIC_IOWIN, value);
}

static inline uint64_t r0_ioapic_redirection(unsigned int input)
{
	uint8_t index = (uint8_t)R0_IOAPIC_REDIRECTION(input);

	return r0_ioapic_read(index) | (uint64_t)r0_ioapic_read(index + 1) << 32;
}

/* Masked while it changes, so that no half of it is ever in force. */
static inline void r0_ioapic_set_redirection(unsigned int input, uint64_t entry)
{
	uint8_t index = (uint8_t)R0_IOAPIC_REDIRECTION(input);

	r0_ioapic_write(index, R0_IOAPIC_MASKED);
	r0_ioapic_write(index + 1, (uint32_t)(entry >> 32));
	r0_ioapic_write(index, (uint32_t)entry);
}

#endif /* RING0_X86_IOAPIC_H */
