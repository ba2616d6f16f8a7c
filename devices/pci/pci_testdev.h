/* SPDX-License-Identifier: MIT */
/*
 * QEMU's PCI device for tests, 1b36:0005 (its docs/specs/pci-testdev.rst): a base address of memory, 4 KiB, and
 * one of ports, 256. Each begins with a header, whose first byte starts a test by its number; the header then says
 * with what width, where in that base address and with which data the guest is to write, and counts those
 * writes. Tests 0 and 1 count any write there, 2 those alone that have the width and the data.
 *
 *	offset 0	number of the test, written
 *	offset 1	width in bytes; anything but 1, 2 or 4: there is no such test
 *	offset 4	offset, 4 bytes
 *	offset 8	data, 4 bytes
 *	offset 12	writes counted, 4 bytes
 *	offset 16	the test's name
 */
#ifndef DEVICES_PCI_PCI_TESTDEV_H
#define DEVICES_PCI_PCI_TESTDEV_H

#include <stdint.h>
#include "devices/pci/pci.h"

#define PCI_TESTDEV_MEMORY_SIZE 0x1000
#define PCI_TESTDEV_PORTS_SIZE	0x100
#define PCI_TESTDEV_TESTS	3

struct pci_testdev_registers {
	uint32_t count;
	uint8_t bar, test; /* that was started last; PCI_TESTDEV_TESTS is none */
	uint8_t reserved[2];
};

struct pci_testdev {
	struct dev dev; /* holds the registers alone: accesses come by the PCI bus */
	struct pci_testdev_registers registers;
};

void pci_testdev_init(struct pci_testdev *testdev);

/* Put it on a PCI bus that is on the machine's already, as its next device. Returns 0 or -errno. */
int pci_testdev_add(struct pci_testdev *testdev, struct pci *pci, struct error *error);

#endif /* DEVICES_PCI_PCI_TESTDEV_H */
