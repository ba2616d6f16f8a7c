/* SPDX-License-Identifier: MIT */
/* Between the PCI bus's files: the capability of messages, and what leaves the bus. */
#ifndef DEVICES_PCI_PCI_OWN_H
#define DEVICES_PCI_PCI_OWN_H

#include "devices/pci/pci.h"

/* Where in the configuration space it is, and how large (6.8.1). */
#define PCI_MESSAGES_AT	  0x40
#define PCI_MESSAGES_SIZE 16

/* A double word of it. */
uint32_t pci_own_read_messages(const struct pci_function_registers *r, unsigned int offset);
void pci_own_write_messages(struct pci_function_registers *r, unsigned int offset, uint32_t value);

/* Of registers that may be anything. */
void pci_own_check_messages(struct pci_function_registers *r);

/* Set INTA# to what the functions want. */
void pci_own_set_line(struct pci *pci);

#endif /* DEVICES_PCI_PCI_OWN_H */
