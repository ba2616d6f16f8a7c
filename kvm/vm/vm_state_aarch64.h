/* SPDX-License-Identifier: MIT */
/* What the state of a VM is made of on arm64, for what stores and compares it: registers of the GIC, and lines. */
#ifndef KVM_VM_VM_STATE_AARCH64_H
#define KVM_VM_VM_STATE_AARCH64_H

#include "kvm/vm/vm_state.h"

/* A register of its state. */
struct gic_register {
	uint32_t group, size; /* the latter in bytes */
	uint64_t attribute;
	uint64_t clear; /* the attribute of what clears the bits that are to be set, or 0 */
	uint64_t value;
};

struct vm_state {
	unsigned int gic_version; /* 3, 2, or 0 for none */
	unsigned int cpus;
	size_t count;
	struct gic_register registers[];
};

/* Whether a value is another one than the register's, but for what KVM does not let anybody put back. */
bool gic_register_differs(const struct gic_register *at, uint64_t value);

/* How many registers it has, of a VM with so many CPUs: of a GICv3, and of a GICv2 less; 0 without a GIC. */
size_t vm_state_count(unsigned int cpus, bool irqchip);

/* Room for one, with the registers' places filled in. NULL with a message if there is no memory. */
struct vm_state *vm_state_allocate(unsigned int cpus, unsigned int gic_version,
				   struct error *error);

#endif /* KVM_VM_VM_STATE_AARCH64_H */
