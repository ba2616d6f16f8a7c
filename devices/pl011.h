/* SPDX-License-Identifier: MIT */
/*
 * A PL011 serial line (PrimeCell UART Technical Reference Manual, DDI 0183), by memory.
 *
 * The line has no speed: a byte is sent as soon as it is written, whether or not CR enables that, and the time
 * after which received bytes below the trigger level are reported is over as soon as they are there. The line's other
 * end is always ready (CTS, DSR and DCD are on). There is no DMA.
 */
#ifndef DEVICES_PL011_H
#define DEVICES_PL011_H

#include <stddef.h>
#include <stdint.h>
#include "devices/bus.h"
#include "devices/output.h"

#define PL011_SIZE 0x1000
#define PL011_FIFO 16

struct pl011_registers {
	uint8_t received[PL011_FIFO]; /* a ring */
	uint8_t first, count;	      /* the oldest, and how many */
	uint8_t overrun;	      /* RSR's bit for it, or 0 */
	uint8_t refused;	      /* input came that there was no room for */
	uint8_t level;		      /* of the interrupt line */
	uint8_t ilpr, fbrd, lcr, ifls;
	uint16_t ibrd, cr, imsc, ris, dmacr;
};

struct pl011 {
	struct dev dev;
	struct pl011_registers registers;
	struct irq_line irq;
	struct output output;
};

/* A line after reset. What is sent goes to `output`. */
void pl011_init(struct pl011 *pl011, const struct irq_line *irq, const struct output *output);

/* As serial_receive(). */
size_t pl011_receive(struct pl011 *pl011, const void *bytes, size_t size);

#endif /* DEVICES_PL011_H */
