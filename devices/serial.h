/* SPDX-License-Identifier: MIT */
/*
 * A 16550A serial line (National Semiconductor PC16550D data sheet), by ports or by memory: eight
 * registers, one byte each. Only the first byte of an access counts. In memory, offsets up to 255
 * are the device's (beyond its registers reads give 0), higher ones are unmapped.
 *
 * The line has no speed: a byte is sent as soon as it is written, and the time after which received
 * bytes below the trigger level are reported is over as soon as they are there. The line's other
 * end is always ready (CTS, DSR and DCD are on). Interrupts need IER alone, not MCR's OUT2.
 */
#ifndef DEVICES_SERIAL_H
#define DEVICES_SERIAL_H

#include <stdint.h>
#include "devices/bus.h"
#include "devices/output.h"

#define SERIAL_COM1  0x3f8 /* interrupt 4 on a PC */
#define SERIAL_COM2  0x2f8 /* interrupt 3 */
#define SERIAL_PORTS 8
#define SERIAL_FIFO  16

struct serial_registers {
	uint8_t received[SERIAL_FIFO]; /* a ring */
	uint8_t errors[SERIAL_FIFO];   /* LSR's error bits of each */
	uint8_t first, count;	       /* the oldest, and how many */
	uint8_t ier, fcr, lcr, mcr, msr, scr;
	uint8_t overrun; /* LSR's bit for it, or 0 */
	uint8_t sent;	 /* "transmitter empty" is to be reported by interrupt */
	uint16_t divisor;
	uint8_t refused; /* input came that there was no room for */
	uint8_t level;	 /* of the interrupt line */
};

struct serial {
	struct dev dev;
	struct serial_registers registers;
	struct irq_line irq;
	struct output output;
};

/* A line after reset. What is sent goes to `output`. */
void serial_init(struct serial *serial, const struct irq_line *irq, const struct output *output);

/*
 * Bytes that come in from the line's other end. Returns how many there was room for; when there is
 * for more, the bus's `wake` is told.
 */
size_t serial_receive(struct serial *serial, const void *bytes, size_t size);

#endif /* DEVICES_SERIAL_H */
