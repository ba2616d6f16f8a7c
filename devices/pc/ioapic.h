/* SPDX-License-Identifier: MIT */
/*
 * An I/O APIC (Intel 82093AA data sheet) with 24 inputs and the EOI register of version 0x20 (Intel ICH9
 * data sheet, 13.5.5 to 13.5.7), for machines whose KVM has local APICs alone. What an input sends to them
 * has the form of a message-signalled interrupt (SDM vol. 3A, 10.11).
 *
 * Locks, threads and the local APICs are its owner's, which tells it of ends of interrupts.
 */
#ifndef DEVICES_PC_IOAPIC_H
#define DEVICES_PC_IOAPIC_H

#include "devices/bus.h"
#include "devices/interrupt_message.h"

#define IOAPIC_BASE   0xfec00000
#define IOAPIC_SIZE   0x1000
#define IOAPIC_INPUTS 24

struct ioapic_registers {
	uint64_t entries[IOAPIC_INPUTS]; /* the redirection table */
	uint32_t id;
	uint32_t select; /* IOREGSEL */
	uint32_t lines;	 /* as they are, a bit each */
	uint32_t reserved;
};

struct ioapic_options {
	/* An interrupt for the local APICs. */
	void (*send)(void *context, const struct interrupt_message *message);
	/* The redirection table was written: whose ends of interrupts are to be told may be others. Or NULL. */
	void (*changed)(void *context);
	void *context;
	bool remapped; /* an IOMMU takes its messages, and they may be in that one's form */
};

struct ioapic {
	struct dev dev;
	struct ioapic_registers registers;
	struct ioapic_options options;
};

/* As after a reset: every input is masked. */
void ioapic_init(struct ioapic *ioapic, const struct ioapic_options *options);

void ioapic_set_line(struct ioapic *ioapic, unsigned int input, bool level);

/* A CPU has ended the interrupt of that vector: inputs by level whose line is still high interrupt anew. */
void ioapic_end_of_interrupt(struct ioapic *ioapic, uint8_t vector);

/*
 * Whether the input's end of interrupt has to be told, as it is by level, and then the message that it
 * sends.
 */
bool ioapic_needs_end(const struct ioapic *ioapic, unsigned int input,
		      struct interrupt_message *message);

#endif /* DEVICES_PC_IOAPIC_H */
