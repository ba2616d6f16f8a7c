/* SPDX-License-Identifier: MIT */
/* What kvm/vm.c leaves to the architecture. */
#ifndef KVM_VM_OWN_H
#define KVM_VM_OWN_H

#include "kvm/vm.h"

/*
 * Set a new VM up: what a guest is to see as on hardware, and the interrupt controllers that the
 * options, which may be NULL, ask for. Returns 0 or -errno.
 */
int vm_own_init(struct vm *vm, const struct vm_options *options, struct error *error);

#endif /* KVM_VM_OWN_H */
