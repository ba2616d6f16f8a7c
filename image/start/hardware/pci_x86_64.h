/* SPDX-License-Identifier: MIT */
/* Serial ports of PCI: of a card, or of a management engine's (AMT, for one). PCI Local Bus Specification 3.0. */
#ifndef IMAGE_START_HARDWARE_PCI_X86_64_H
#define IMAGE_START_HARDWARE_PCI_X86_64_H

#include "image/start/hardware/console_x86_64.h"

/* Find the first that answers, and have its device decode its addresses. False if there is none. */
bool pci_find_serial(struct serial_port *port);

#endif /* IMAGE_START_HARDWARE_PCI_X86_64_H */
