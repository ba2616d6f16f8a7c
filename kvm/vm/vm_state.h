/* SPDX-License-Identifier: MIT */
/*
 * What a VM has between its vCPUs and its memory: interrupt controllers and timers in KVM, where
 * it has them. The local APICs are the vCPUs' (kvm/vcpu/vcpu.h). And what the time is, for another VM: in this one
 * it goes on, and nothing that the guest does changes it.
 */
#ifndef KVM_VM_VM_STATE_H
#define KVM_VM_VM_STATE_H

#include "kvm/vm/vm.h"

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
 * And once the vCPUs' own are put back, what that has changed of it. Not needed for the state of a VM that never ran.
 * Returns 0 or -errno.
 */
int vm_state_restore_after_cpus(const struct vm_state *state, struct vm *vm, struct error *error);

/*
 * Have a VM, which the state was not taken from, be at the state's time: KVM's clock is put back. *tsc_shift
 * is then to be added to the offsets of the vCPUs' states from the same VM: vcpu_state_shift_tsc(). The state
 * counts as one of this VM's from then on. Before the vCPUs' states are put back. Returns 0 or -errno.
 */
int vm_state_continue(struct vm_state *state, struct vm *vm, uint64_t *tsc_shift,
		      struct error *error);

/*
 * Compare the VM with the state: 1 and what differs, as text; 0; or -errno. Since when the PIT counts
 * is left out: time goes on.
 */
int vm_state_differs(const struct vm_state *state, struct vm *vm, char *what, size_t size,
		     struct error *error);

#endif /* KVM_VM_VM_STATE_H */
