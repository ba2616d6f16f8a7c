/* SPDX-License-Identifier: MIT */
/* All of a vCPU's registers that a debugger shows, on x86. Depends on kvm/vcpu/vcpu.h. */
#ifndef KVM_STATE_ALL_REGISTERS_X86_64_H
#define KVM_STATE_ALL_REGISTERS_X86_64_H

#include "kvm/vcpu/vcpu.h"

/* As KVM_GET_REGS, _SREGS, _DEBUGREGS, _XSAVE, _XCRS and _MSRS have them. */
struct all_registers {
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
 * Get those of a vCPU at rest, with nothing marked in kvm_dirty_regs, and set them: only what differs from what is
 * there, since a write may do more than to change a value. What is in vcpu->run->s.regs is then as it is set. Return
 * 0, or what KVM says.
 */
int all_registers_get(const struct vcpu *vcpu, struct all_registers *registers,
		      struct error *error);
int all_registers_set(struct vcpu *vcpu, const struct all_registers *wanted, struct error *error);

#endif /* KVM_STATE_ALL_REGISTERS_X86_64_H */
