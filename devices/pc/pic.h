/* SPDX-License-Identifier: MIT */
/*
 * A PC's two interrupt controllers 8259A (Intel's data sheet 231468), with the edge/level registers of
 * EISA: the second one is at the first one's input 2. For machines whose KVM has local APICs alone.
 *
 * An edge is kept until it is acknowledged, also if the line falls before. Nobody waits for an
 * acknowledgement: the owner is told whether the first one asks for one (INT), and gives it when the CPU
 * can take an interrupt.
 */
#ifndef DEVICES_PC_PIC_H
#define DEVICES_PC_PIC_H

#include "devices/bus.h"

#define PIC_FIRST_PORT	0x20
#define PIC_SECOND_PORT 0xa0
#define PIC_LEVEL_PORT	0x4d0
#define PIC_PORTS	2 /* at each of them */

#define PIC_INPUTS 16

struct pic_chip {
	uint8_t irr, imr, isr;
	uint8_t lines;	 /* as they are */
	uint8_t level;	 /* inputs that are level-triggered: ELCR */
	uint8_t vector;	 /* of its input 0: ICW2 */
	uint8_t lowest;	 /* the input of the lowest priority */
	uint8_t expects; /* the initialisation command word that comes next, 0 for none */
	uint8_t needs_icw4;
	uint8_t automatic_eoi, rotates;	    /* on an automatic EOI */
	uint8_t special_mask, fully_nested; /* special fully nested mode */
	uint8_t reads_isr, polls;
};

struct pic_registers {
	struct pic_chip chips[2];
};

struct pic {
	struct dev dev; /* at the first one's ports, with everything's registers */
	struct dev second, edge_level;
	struct pic_registers registers;
	void (*output)(void *context, bool level); /* INT; called when it changes */
	void *context;
	bool high; /* as the output was told last */
};

/* As after a reset: nothing is masked, and nothing is asked for. */
void pic_init(struct pic *pic, void (*output)(void *context, bool level), void *context);

/* Put it on a bus at its ports. Returns 0 or what bus_add() says. */
int pic_add(struct pic *pic, struct bus *bus, struct error *error);

/* Set one of the 16 input lines; input 2 is the second chip's, and no line. */
void pic_set_line(struct pic *pic, unsigned int input, bool level);

/* INTA: the vector of the interrupt that is in service from now on. Without one, that of input 7. */
uint8_t pic_acknowledge(struct pic *pic);

#endif /* DEVICES_PC_PIC_H */
