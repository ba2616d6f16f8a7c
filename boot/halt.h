/* SPDX-License-Identifier: MIT */
/* Whether a kernel has halted for good. Of the architecture. */
#ifndef BOOT_HALT_H
#define BOOT_HALT_H

#include <stdbool.h>
#include <ring0/vm.h>

/* Whether a VM, with interrupt controllers or without, does not end by itself when its CPUs have halted for good. */
bool boot_halts_unseen(bool irqchip);

/*
 * Of such a VM, frozen: whether each CPU is at a HLT with interrupts off, or waits to be started, and nothing can bring
 * any of them on: no NMI is pending, and no input of a controller is set up to make one, or an INIT. On arm64, whether
 * each is at a WFI, or off, no interrupt is pending, and neither a timer nor a device can make one. Where KVM doesn't
 * tell, false.
 */
bool boot_is_halted(struct r0_vm *vm);

/* That, in words. */
extern const char boot_halt_reason[];

/* So many looks, one after another, have to find that, with the VM running between them. */
extern const unsigned int boot_halt_looks;

#endif /* BOOT_HALT_H */
