/* SPDX-License-Identifier: MIT */
/*
 * The two interrupt controllers of a PC, whose 16 inputs are IRQ 0 to 15. A test has them if it says
 * .irqchip. Needs port I/O alone. Intel 8259A data sheet.
 */
#ifndef RING0_X86_PIC_H
#define RING0_X86_PIC_H

#include <ring0/private/types.h>
#include <ring0/x86/instructions.h>

#define R0_PIC_MASTER	  0x20
#define R0_PIC_MASTER_IMR 0x21
#define R0_PIC_SLAVE	  0xa0
#define R0_PIC_SLAVE_IMR  0xa1

/* Which inputs are level-triggered, one bit each: a PC's own, not the 8259A's. */
#define R0_PIC_MASTER_ELCR 0x4d0
#define R0_PIC_SLAVE_ELCR  0x4d1

/* The slave's input at the master. */
#define R0_PIC_CASCADE 2

/* Initialization command words; ICW1 starts the sequence. */
#define R0_PIC_ICW1	     0x10
#define R0_PIC_ICW1_IC4	     0x01 /* ICW4 follows */
#define R0_PIC_ICW1_SNGL     0x02 /* no slave, and no ICW3 */
#define R0_PIC_ICW1_LTIM     0x08 /* level-triggered */
#define R0_PIC_ICW4_8086     0x01
#define R0_PIC_ICW4_AUTO_EOI 0x02
#define R0_PIC_ICW4_SFNM     0x10 /* special fully nested mode */

/* Operation command words. */
#define R0_PIC_OCW2_EOI		  0x20
#define R0_PIC_OCW2_SPECIFIC_EOI  0x60 /* of the input in the low 3 bits */
#define R0_PIC_OCW2_SET_PRIORITY  0xc0 /* the input in the low 3 bits becomes the lowest */
#define R0_PIC_OCW2_ROTATE_ON_EOI 0xa0
#define R0_PIC_OCW3		  0x08
#define R0_PIC_OCW3_READ_IRR	  0x02
#define R0_PIC_OCW3_READ_ISR	  0x03
#define R0_PIC_OCW3_POLL	  0x04
#define R0_PIC_OCW3_SMM		  0x60 /* special mask mode on; 0x40: off */

/*
 * Initialize both: edge-triggered, IRQ 0 to 7 at `master_vector` on and IRQ 8 to 15 at `slave_vector`
 * on, both multiples of 8, all of them masked.
 */
static inline void r0_pic_init(uint8_t master_vector, uint8_t slave_vector)
{
	r0_out8(R0_PIC_MASTER, R0_PIC_ICW1 | R0_PIC_ICW1_IC4);
	r0_out8(R0_PIC_SLAVE, R0_PIC_ICW1 | R0_PIC_ICW1_IC4);
	r0_out8(R0_PIC_MASTER_IMR, master_vector);
	r0_out8(R0_PIC_SLAVE_IMR, slave_vector);
	r0_out8(R0_PIC_MASTER_IMR, 1 << R0_PIC_CASCADE);
	r0_out8(R0_PIC_SLAVE_IMR, R0_PIC_CASCADE);
	r0_out8(R0_PIC_MASTER_IMR, R0_PIC_ICW4_8086);
	r0_out8(R0_PIC_SLAVE_IMR, R0_PIC_ICW4_8086);
	r0_out8(R0_PIC_MASTER_IMR, 0xff);
	r0_out8(R0_PIC_SLAVE_IMR, 0xff);
}

/* The masks of IRQ 0 to 15; a set bit masks. The slave also needs the master's input 2 open. */
static inline uint16_t r0_pic_masks(void)
{
	return (uint16_t)(r0_in8(R0_PIC_MASTER_IMR) | r0_in8(R0_PIC_SLAVE_IMR) << 8);
}

static inline void r0_pic_set_masks(uint16_t masks)
{
	r0_out8(R0_PIC_MASTER_IMR, (uint8_t)masks);
	r0_out8(R0_PIC_SLAVE_IMR, (uint8_t)(masks >> 8));
}

/* IRQ 0 to 15 that are requested, and in service. */
static inline uint16_t r0_pic_requests(void)
{
	r0_out8(R0_PIC_MASTER, R0_PIC_OCW3 | R0_PIC_OCW3_READ_IRR);
	r0_out8(R0_PIC_SLAVE, R0_PIC_OCW3 | R0_PIC_OCW3_READ_IRR);
	return (uint16_t)(r0_in8(R0_PIC_MASTER) | r0_in8(R0_PIC_SLAVE) << 8);
}

static inline uint16_t r0_pic_in_service(void)
{
	r0_out8(R0_PIC_MASTER, R0_PIC_OCW3 | R0_PIC_OCW3_READ_ISR);
	r0_out8(R0_PIC_SLAVE, R0_PIC_OCW3 | R0_PIC_OCW3_READ_ISR);
	return (uint16_t)(r0_in8(R0_PIC_MASTER) | r0_in8(R0_PIC_SLAVE) << 8);
}

/* An IRQ has been dealt with. */
static inline void r0_pic_eoi(unsigned int irq)
{
	if (irq >= 8) {
		r0_out8(R0_PIC_SLAVE, (uint8_t)(R0_PIC_OCW2_SPECIFIC_EOI | (irq & 7)));
		irq = R0_PIC_CASCADE;
	}
	r0_out8(R0_PIC_MASTER, (uint8_t)(R0_PIC_OCW2_SPECIFIC_EOI | irq));
}

#endif /* RING0_X86_PIC_H */
