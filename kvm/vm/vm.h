/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine: its memory slots, interrupt controllers in KVM and machine-wide settings. vCPUs
 * are in kvm/vcpu/vcpu.h, what the controllers hold in kvm/vm/vm_state.h.
 */
#ifndef KVM_VM_VM_H
#define KVM_VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/address.h"
#include "base/error.h"
#include "kvm/kvm.h"

struct vm {
	struct kvm *kvm; /* not owned */
	int fd;
	bool irqchip, split, pit; /* it has them: see struct vm_options */
	int gic;		  /* of arm64: KVM's interrupt controller, or -1 */
	unsigned int gic_version; /* of arm64: 3, or 2 where that is all there is */
	/* Of a GICv2: the SPIs whose lines are high, a bit each, and which were since vm_state_restore(). */
	_Atomic uint32_t raised, were_raised;
	unsigned int cpus; /* of arm64: made so far */
	/* What its CPUs say of themselves, of the architecture, or NULL: as KVM supports. Owned. */
	struct cpu_model *cpu_model;
};

/*
 * What KVM provides besides memory. Interrupt controllers are as after a reset of the machine, wired
 * as in a PC: GSIs 0 to 15 reach the PICs' inputs and the IOAPIC's of the same number, but for the
 * PIT's GSI 0, which is the IOAPIC's input 2 (its input 0 and the GSI 2 are not connected); GSIs 16
 * to 23 are the IOAPIC's alone.
 */
struct vm_options {
	bool irqchip; /* a local APIC for each vCPU, two PICs and an IOAPIC */
	bool split;   /* with irqchip, local APICs alone; a PIT there is not */
	bool pit;     /* a PIT, and the part of port 0x61 that belongs to it; needs irqchip */
	const char *
		cpu; /* of the architecture: kvm/vm/cpu_model_x86_64.h; NULL is all that KVM supports */
};

/*
 * Make an empty VM; `options` may be NULL for none of them. Returns 0; -EINVAL for a PIT without
 * interrupt controllers; -ENOTSUP for a KVM that has no split ones; another -errno. vm_finish() releases it.
 */
int vm_init(struct vm *vm, struct kvm *kvm, const struct vm_options *options, struct error *error);
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

/* All vCPUs are made: the interrupt controllers, if there are some, can be used from now on. Returns 0 or -errno. */
int vm_start(struct vm *vm, struct error *error);

/*
 * Raise or lower the line of a GSI (x86), or of a SPI, counted from 0 (arm64), of a VM with interrupt controllers that
 * are not split. Returns 0 or -errno.
 */
int vm_set_irq(struct vm *vm, uint32_t line, bool level, struct error *error);

/*
 * Guest-physical addresses that a KVM may keep to itself: a slot there is then refused with -EEXIST. No
 * bytes if there are none. Of the architecture.
 */
struct vm_kept {
	uint64_t address, size;
};

extern const struct vm_kept vm_kept;

#endif /* KVM_VM_VM_H */
