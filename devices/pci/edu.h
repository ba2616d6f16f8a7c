/* SPDX-License-Identifier: MIT */
/*
 * QEMU's PCI device for education, 1234:11e8 (its docs/specs/edu.rst): a base address of memory, 1 MiB. Below 0x80
 * accesses are of 4 bytes, from there on of 4 or 8.
 *
 *	0x00	identity and version, 0x010000ed
 *	0x04	what was written, inverted
 *	0x08	a number is written, its factorial read (modulo 2^32)
 *	0x20	status: 0x80, interrupt when the factorial is there
 *	0x24	why it interrupts: 0x1 a factorial, 0x100 a transfer, and what was written to 0x60
 *	0x60	interrupt for these reasons, too
 *	0x64	and no more for these
 *	0x80	a transfer's source, 0x88 its destination, 0x90 its size
 *	0x98	command: 0x1 start, 0x2 from the device to memory, 0x4 interrupt when it is done
 *
 * Its side of a transfer is a buffer of 4096 bytes at 0x40000; of addresses of memory it drives 28 bits. All that it
 * does it has done when the access that asked for it is over.
 */
#ifndef DEVICES_PCI_EDU_H
#define DEVICES_PCI_EDU_H

#include <stdint.h>
#include "devices/pci/pci.h"

#define EDU_SIZE	0x100000
#define EDU_BUFFER_AT	0x40000
#define EDU_BUFFER_SIZE 4096

struct edu_registers {
	uint64_t source, destination, size;
	uint32_t inverted, factorial, status, reasons, command, reserved;
	uint8_t buffer[EDU_BUFFER_SIZE];
};

struct edu {
	struct dev dev; /* holds the registers alone: accesses come by the PCI bus */
	struct pci *pci;
	unsigned int device;
	struct edu_registers registers;
};

void edu_init(struct edu *edu);

/* Put it on a PCI bus that is on the machine's already, as its next device. Returns 0 or -errno. */
int edu_add(struct edu *edu, struct pci *pci, struct error *error);

#endif /* DEVICES_PCI_EDU_H */
