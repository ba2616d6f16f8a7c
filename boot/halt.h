/* SPDX-License-Identifier: MIT */
/* Whether a kernel has halted for good. Of the architecture. */
#ifndef BOOT_HALT_H
#define BOOT_HALT_H

#include <stdbool.h>
#include <ring0/vm.h>

/*
 * Of a frozen VM with interrupt controllers, which does not end by itself then: whether each CPU is at a
 * HLT with interrupts off, or waits to be started, and nothing can bring any of them on: no NMI is
 * pending, and no input of a controller is set up to make one, or an INIT. Where KVM doesn't tell, false.
 */
bool boot_is_halted(struct r0_vm *vm);

#endif /* BOOT_HALT_H */
