/* SPDX-License-Identifier: MIT */
/*
 * Debug exceptions that VMX holds back. MOV SS delays a single step or a watchpoint by one instruction;
 * if that one leaves the VM, the exception stays in the VMCS and comes with the next entry (SDM vol. 3C,
 * 28.3.4 and 27.7.3). No ioctl tells of it, sets it or takes it away: it outlives all other state.
 */
#ifndef KVM_STATE_PENDING_DEBUG_X86_64_H
#define KVM_STATE_PENDING_DEBUG_X86_64_H

#include "kvm/vcpu/vcpu.h"

/*
 * Whether a vCPU, as it left the VM, may have one pending: what single-steps and watches in the guest
 * tells. A debugger or a watch of the host's may have caused one, too. Never on other hosts than those
 * with VMX.
 */
bool pending_debug_is_possible(const struct vcpu *vcpu);

/*
 * Take it away, by a VM entry that delivers another exception: that ends in a shutdown, with no
 * instruction executed and no memory touched. The vCPU's registers and events are garbage after it, to be
 * put back. It must not be in a nested guest. Returns 0 or -errno.
 */
int pending_debug_drop(struct vcpu *vcpu, struct error *error);

#endif /* KVM_STATE_PENDING_DEBUG_X86_64_H */
