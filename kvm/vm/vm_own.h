/* SPDX-License-Identifier: MIT */
/* What kvm/vm/vm.c leaves to the architecture. */
#ifndef KVM_VM_VM_OWN_H
#define KVM_VM_VM_OWN_H

#include "kvm/vm/vm.h"

/* The type of a new VM, for KVM_CREATE_VM. */
unsigned long vm_own_type(const struct kvm *kvm);

/*
 * Set a new VM up: what a guest is to see as on hardware, and the interrupt controllers that the
 * options, which may be NULL, ask for. Returns 0 or -errno.
 */
int vm_own_init(struct vm *vm, const struct vm_options *options, struct error *error);

/* The number of an interrupt line for KVM_IRQ_LINE, which is to have that level now. */
uint32_t vm_own_irq(struct vm *vm, uint32_t line, bool level);

#endif /* KVM_VM_VM_OWN_H */
