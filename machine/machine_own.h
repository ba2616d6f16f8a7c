/* SPDX-License-Identifier: MIT */
/* What machine/machine.c leaves to the architecture. */
#ifndef MACHINE_MACHINE_OWN_H
#define MACHINE_MACHINE_OWN_H

#include "machine/machine.h"

/* Where the devices of .irqchip are, of machines with up to so many CPUs. */
void machine_own_devices(struct mirror_config *config, unsigned int cpus);

/*
 * What the architecture and KVM say of a mirror's configuration: the sizes of guest-physical addresses and
 * of pages, and where the devices of .irqchip are.
 */
void machine_own_configure(const struct kvm *kvm, unsigned int cpus, struct mirror_config *config);

/* Whether KVM keeps a CPU that halts in KVM_RUN. */
bool machine_own_halts_inside(const struct machine *machine);

/* What is declared of the VM, before it has any vCPU. Returns 0, -ENOSYS if the kernel is too old, or another -errno. */
int machine_own_declare(struct machine *machine, const struct machine_options *options,
			struct error *error);

/* Make the machine's next vCPU, in the state in which tests start. Returns 0 or -errno. */
int machine_own_cpu(struct machine *machine, const struct machine_options *options,
		    struct error *error);

/* The memory was put back, and tells of what the test did: where that matters for how the CPUs are. */
void machine_own_note_memory(struct machine *machine);

#endif /* MACHINE_MACHINE_OWN_H */
