/* SPDX-License-Identifier: MIT */
/*
 * A PCI bus and its host bridge (PCI Local Bus Specification 3.0): configuration mechanism 1
 * (3.2.2.3.2) at ports 0xcf8 and 0xcfc, and two windows, of ports and of memory, in which functions have their
 * base addresses. A double word to 0xcf8 alone is an address; a byte to 0xcf9 is another device's.
 *
 * Device 0 is the host bridge itself, 1b36:0008, QEMU's for machines without a chip set: Linux takes
 * a bus on which it finds no bridge, no VGA and no chip of Intel's for none at all, and complains.
 *
 * A function that interrupts does so by its INTA#, all of which are one line, or by messages (6.8), which are its only
 * capability. What functions send out (messages, and reads and writes of memory) they do as bus masters, by the
 * outlets that the bus's owner gives it.
 */
#ifndef DEVICES_PCI_PCI_H
#define DEVICES_PCI_PCI_H

#include <stdint.h>
#include "devices/bus.h"
#include "devices/interrupt_message.h"

#define PCI_PORT_ADDRESS 0xcf8
#define PCI_PORT_DATA	 0xcfc

#define PCI_PORTS_FIRST	 0xc000u
#define PCI_PORTS_SIZE	 0x4000u
#define PCI_MEMORY_FIRST 0xe0000000u
#define PCI_MEMORY_SIZE	 0x10000000u

#define PCI_FUNCTIONS 4 /* the devices 0 to 3, one function each */
#define PCI_BARS      6

/* What firmware says in the interrupt line's register: where every INTA# is. */
#define PCI_IRQ 10

/* Registers of a function that can be written; the others are its identity. */
struct pci_function_registers {
	uint32_t bars[PCI_BARS];
	uint32_t message_address, message_address_high;
	uint16_t message_data, message_control;
	uint16_t command;
	uint8_t interrupt_line;
	uint8_t cache_line;
	uint32_t interrupts; /* it does, whichever way */
};

struct pci_registers {
	uint32_t address;
	uint32_t reserved;
	struct pci_function_registers functions[PCI_FUNCTIONS];
};

/* What a function is. Its accesses come with the number of the base address and the offset from it. */
struct pci_function {
	uint16_t vendor, device;
	uint16_t class; /* and subclass: 0x0600 is a host bridge */
	/* Of each base address: its size, a power of two, 16 at least of memory and 4 of ports; 0: none. */
	uint32_t sizes[PCI_BARS];
	bool ports[PCI_BARS];
	bool interrupts;
	uint32_t first[PCI_BARS]; /* where firmware has put it */
	enum bus_result (*read)(void *context, unsigned int bar, uint64_t offset, void *data,
				size_t size);
	enum bus_result (*write)(void *context, unsigned int bar, uint64_t offset, const void *data,
				 size_t size);
	void *context;
};

/* Where what functions send out goes; `source` is who it is from (bus, device, function). All NULL: nowhere. */
struct pci_outlets {
	struct irq_line irq;
	void (*send)(void *context, uint16_t source, const struct interrupt_message *message);
	/* Memory at the address that the function has for it. Whether all of it was read or written. */
	bool (*access)(void *context, uint16_t source, bool write, uint64_t address, void *data,
		       size_t size);
	void *context;
};

struct pci {
	struct dev address, data, ports, memory; /* the registers are the first one's */
	struct pci_outlets outlets;
	bool line; /* INTA#, as it is */
	struct pci_registers registers;
	struct pci_function functions[PCI_FUNCTIONS];
	unsigned int count;
};

/* A bus with its bridge. */
void pci_init(struct pci *pci);

void pci_connect(struct pci *pci, const struct pci_outlets *outlets);

/*
 * For functions, by the number of their device: to interrupt, or to stop it. With messages on, each call with
 * `interrupts` sends one.
 */
void pci_interrupt(struct pci *pci, unsigned int device, bool interrupts);

/*
 * Likewise: read or write the machine's memory. Whether that was all done: not if it is no bus master, there is no such
 * memory, or it may not.
 */
bool pci_access(struct pci *pci, unsigned int device, bool write, uint64_t address, void *data,
		size_t size);

/* The next device, whose number is pci->count. Returns 0; -ENOSPC. */
int pci_add_function(struct pci *pci, const struct pci_function *function, struct error *error);

/* Put it on the machine's bus. Returns 0 or what bus_add() says. */
int pci_add(struct pci *pci, struct bus *bus, struct error *error);

#endif /* DEVICES_PCI_PCI_H */
