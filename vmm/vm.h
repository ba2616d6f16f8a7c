/* SPDX-License-Identifier: MIT */
/* A virtual machine: its memory slots and machine-wide settings. vCPUs are in vmm/vcpu.h. */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "vmm/address.h"
#include "vmm/error.h"
#include "vmm/kvm.h"

struct vm {
	struct kvm *kvm; /* not owned */
	int fd;
};

/* Make an empty VM. Returns 0 or -errno. vm_finish() releases it. */
int vm_init(struct vm *vm, struct kvm *kvm, struct error *error);
void vm_finish(struct vm *vm);

struct vm_slot {
	uint32_t number;
	r0_gpa address;
	uint64_t size; /* 0 takes the slot away */
	void *host;    /* stays the caller's, and must stay mapped while the slot is there */
	bool read_only;
	bool log_dirty;
};

/* Add, replace or take away a memory slot. Returns 0 or -errno. */
int vm_set_slot(struct vm *vm, const struct vm_slot *slot, struct error *error);

/*
 * Get a slot's dirty pages since the last call, one bit a page, and start anew. `bitmap` has room
 * for a bit for each of the slot's pages, rounded up to 64.
 */
int vm_dirty_log(struct vm *vm, uint32_t slot, uint64_t *bitmap, struct error *error);

/*
 * From now on, reads and writes of these MSRs, and of all that KVM does not know, leave the VM
 * (KVM_EXIT_X86_RDMSR, _WRMSR); none undoes it, for the known ones. Sorts the indices. Returns 0;
 * -E2BIG if they are too far apart (vmm/msr_filter.h); another -errno.
 */
int vm_filter_msrs(struct vm *vm, uint32_t *indices, size_t count, struct error *error);

#endif /* VMM_VM_H */
