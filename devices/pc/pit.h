/* SPDX-License-Identifier: MIT */
/*
 * The interval timer 8254 (Intel's data sheet 231164) at ports 0x40 to 0x43, and what belongs to it of
 * system control port B, 0x61: the gate of channel 2 (bit 0), the speaker (bit 1, which makes no sound), the
 * refresh's toggle (bit 4) and channel 2's output (bit 5). For machines whose KVM has local APICs alone.
 *
 * It has no thread, and goes by a clock that it is given. Channel 0's output is an interrupt line; rises
 * that fall due together are one. A channel that rises more often than every 100 µs is looked at no more
 * often than that.
 */
#ifndef DEVICES_PC_PIT_H
#define DEVICES_PC_PIT_H

#include "devices/bus.h"

#define PIT_PORT	 0x40
#define PIT_PORTS	 4
#define PIT_CONTROL_PORT 0x61

#define PIT_CHANNELS 3
#define PIT_HZ	     1193182

struct pit_channel {
	uint32_t count; /* what it counts from, 1 to 0x10000; 0 until it was written */
	uint16_t latch; /* the count that was latched */
	uint8_t status; /* likewise */
	uint8_t has_latch, has_status; /* how many bytes of it are to be read */
	uint8_t access;		       /* 1 the low byte, 2 the high byte, 3 both */
	uint8_t mode;		       /* 0 to 5 */
	uint8_t bcd;
	uint8_t written;     /* the low byte, while the high one is awaited */
	uint8_t awaits_high; /* in writing */
	uint8_t reads_high;  /* in reading */
	uint8_t gate;
	uint8_t reserved;
	uint64_t age; /* when copied: ns since it began to count, or had counted when its gate fell */
};

struct pit_registers {
	struct pit_channel channels[PIT_CHANNELS];
	uint64_t rises;	 /* of channel 0's output since its age began, that were given */
	uint8_t speaker; /* bits 0 and 1 of port 0x61 */
	uint8_t line;	 /* what channel 0's is to be */
	uint8_t reserved[6];
};

struct pit_options {
	uint64_t (*now)(void *context); /* the clock, in ns, which never goes back */
	void *now_context;
	struct irq_line irq; /* channel 0's output */
};

struct pit {
	struct dev dev, control; /* the latter is port 0x61 */
	struct pit_registers registers;
	struct pit_options options;
	uint64_t since[PIT_CHANNELS]; /* by the clock, of channels whose gate is high */
	uint64_t looked;	      /* by the clock, when channel 0 was */
	bool high;		      /* its line, as it was told last */
	bool replaced;		      /* channel 0 is off its line: see pit_replace() */
};

/* As after a reset: nothing counts. */
void pit_init(struct pit *pit, const struct pit_options *options);

/* Put it on a bus at its ports. Returns 0 or what bus_add() says. */
int pit_add(struct pit *pit, struct bus *bus, struct error *error);

/* Take channel 0 off its line, or put it back, as the HPET's legacy replacement does. */
void pit_replace(struct pit *pit, bool on);

#endif /* DEVICES_PC_PIT_H */
