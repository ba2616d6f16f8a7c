/* SPDX-License-Identifier: MIT */
/*
 * A high precision event timer (IA-PC HPET Specification 1.0a): a 64-bit counter of 100 MHz and three
 * comparators, each one-shot or periodic, by edge or by level, with legacy replacement routing.
 *
 * It has no thread: it goes by a clock that it is given. Its owner asks for the next deadline and
 * calls hpet_expire() then; the bus's `wake` says that the deadline may be another one.
 *
 * Registers take any access within one of them to be read, and aligned ones of 4 or 8 bytes to be
 * written. The counter is written only while it stands.
 */
#ifndef DEVICES_PC_HPET_H
#define DEVICES_PC_HPET_H

#include <stdint.h>
#include "devices/bus.h"

#define HPET_BASE   0xfed00000
#define HPET_SIZE   0x400
#define HPET_TIMERS 3

/* General capabilities (2.3.4), the lower half: vendor, legacy routing, 64 bits, timers, revision. */
#define HPET_BLOCK_ID (0x8086u << 16 | 1u << 15 | 1u << 13 | (HPET_TIMERS - 1) << 8 | 1)

/* Periods below 100 us may lose interrupts. */
#define HPET_TICKS_MIN 10000

/* Inputs of a PC's I/O APIC that timers can be routed to: those above ISA's. */
#define HPET_ROUTES 0x00ff0000u

struct hpet_timer {
	uint64_t config;     /* Tn_CONF_CAP's bits that can be written */
	uint64_t comparator; /* of a periodic timer, the next match */
	uint64_t period;     /* what is added to it then, in ticks */
};

struct hpet_registers {
	struct hpet_timer timers[HPET_TIMERS];
	uint64_t config, status;
	uint64_t counter; /* its value when the clock was hpet->since, or where it stands */
	uint64_t seen;	  /* its value up to which matches were looked for */
	uint64_t part;	  /* when copied: of a tick, how much had passed, in ns */
};

struct hpet_options {
	uint64_t (*now)(void *context); /* the clock, in ns, which never goes back */
	void *now_context;
	/*
	 * The interrupt lines, by the I/O APIC's input. With legacy replacement, timer 0 has 0, as the
	 * 8259s call it, which on the I/O APIC is input 2; timer 1 has 8. irq.number is not used.
	 */
	struct irq_line irq;
	/* Told when legacy replacement is turned on or off, or NULL. */
	void (*replaces)(void *context, bool on);
	void *replaces_context;
	uint32_t routes; /* inputs that timers can be routed to, a bit each: HPET_ROUTES */
};

struct hpet {
	struct dev dev;
	struct hpet_registers registers;
	struct hpet_options options;
	uint64_t since; /* by the clock, in ns: of no meaning to another process */
	uint32_t high;	/* lines that are, a bit each */
	bool replaces;	/* as options.replaces was told last */
};

/* A timer block after reset: the counter is 0 and stands. */
void hpet_init(struct hpet *hpet, const struct hpet_options *options);

/* When the next interrupt is due, by the clock, in ns; UINT64_MAX if none is. */
uint64_t hpet_deadline(struct hpet *hpet);

/* Give the interrupts that are due by now. Periods that have passed together give one. */
void hpet_expire(struct hpet *hpet);

#endif /* DEVICES_PC_HPET_H */
