/* SPDX-License-Identifier: MIT */
/* All of a vCPU's registers that a debugger shows, of a machine of <ring0/vm.h>. */
#ifndef MONITOR_DEBUG_REGISTERS_X86_64_H
#define MONITOR_DEBUG_REGISTERS_X86_64_H

#include <ring0/vm.h>
#include "kvm/state/all_registers_x86_64.h"

/*
 * Get a CPU's, the machine being at rest, and set them, as all_registers_set() does. -EBUSY while it runs; what KVM
 * refuses, as it says.
 */
int monitor_registers_get(struct r0_vm *vm, unsigned int cpu, struct all_registers *registers,
			  struct error *error);
int monitor_registers_set(struct r0_vm *vm, unsigned int cpu, const struct all_registers *registers,
			  struct error *error);

#endif /* MONITOR_DEBUG_REGISTERS_X86_64_H */
