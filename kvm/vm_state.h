/* SPDX-License-Identifier: MIT */
/*
 * What a VM has between its vCPUs and its memory: interrupt controllers and timers in KVM, where
 * it has them. The local APICs are the vCPUs' (kvm/vcpu.h). KVM's clock is no part of it: it goes on, and
 * nothing that the guest does changes it.
 */
#ifndef KVM_VM_STATE_H
#define KVM_VM_STATE_H

#include "kvm/vm.h"

struct vm_state;

/*
 * Take the state of a VM, to be put back many times. No vCPU may run. Returns 0 or -errno.
 * vm_state_destroy() releases it and takes NULL.
 */
int vm_state_create(struct vm_state **state, struct vm *vm, struct error *error);
void vm_state_destroy(struct vm_state *state);

/*
 * Put the state back, while no vCPU runs, and before the vCPUs' own: their local APICs may be sent
 * interrupts until the PIT is. Whoever raised a line has lowered it before. A counter of the PIT
 * starts again from its initial value. Returns 0 or -errno.
 */
int vm_state_restore(const struct vm_state *state, struct vm *vm, struct error *error);

/*
 * Compare the VM with the state: 1 and what differs, as text; 0; or -errno. Since when the PIT counts
 * is left out: time goes on.
 */
int vm_state_differs(const struct vm_state *state, struct vm *vm, char *what, size_t size,
		     struct error *error);

#endif /* KVM_VM_STATE_H */
