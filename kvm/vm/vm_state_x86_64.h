/* SPDX-License-Identifier: MIT */
/* What x86's VMs have of such state. */
#ifndef KVM_VM_VM_STATE_X86_64_H
#define KVM_VM_VM_STATE_X86_64_H

#include "kvm/vm/vm_state.h"

#define VM_STATE_CHIPS 3

/* Plain data. */
struct vm_state {
	struct kvm_irqchip chips[VM_STATE_CHIPS]; /* the first PIC, the second, the IOAPIC */
	struct kvm_pit_state2 pit;
	uint64_t clock; /* KVM's, in ns */
	uint64_t tsc;	/* the host's at the same time */
};

#endif /* KVM_VM_VM_STATE_X86_64_H */
