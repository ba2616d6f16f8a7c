/* SPDX-License-Identifier: MIT */
/* All of a vCPU's registers that a debugger shows, on x86. */
#ifndef MONITOR_DEBUG_REGISTERS_X86_64_H
#define MONITOR_DEBUG_REGISTERS_X86_64_H

#include <linux/kvm.h>
#include <ring0/vm.h>
#include "base/error.h"

/* As KVM_GET_REGS, _SREGS, _DEBUGREGS, _XSAVE, _XCRS and _MSRS have them. */
struct monitor_registers {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_debugregs debugregs;
	uint64_t xcr0;
	/* MSRs: 0 where KVM does not tell. */
	uint64_t kernel_gs_base, star, lstar, fmask, sysenter_cs, sysenter_esp, sysenter_eip;
	/* In the standard form: SDM vol. 1, 13.4. The last, since more may follow it. */
	struct kvm_xsave xsave;
};

/*
 * Get a CPU's, the machine being at rest, and set them: only what differs from what is there, since a write may
 * do more than to change a value. -EBUSY while it runs; what KVM refuses, as it says.
 */
int monitor_registers_get(struct r0_vm *vm, unsigned int cpu, struct monitor_registers *registers,
			  struct error *error);
int monitor_registers_set(struct r0_vm *vm, unsigned int cpu,
			  const struct monitor_registers *registers, struct error *error);

#endif /* MONITOR_DEBUG_REGISTERS_X86_64_H */
